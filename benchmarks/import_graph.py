"""Count the rooms, floors, arrows and circles of a tree of headcount, by its imports.

A box is a room (a package at the top) or a module that lies loose at the top. An arrow leads from a
box to another one that it imports, also if only for types. Floors are counted along the longest
chain of arrows. A circle is a set of modules, or of boxes, that import each other.

    uv run python benchmarks/import_graph.py [--tree PATH/TO/src] [--boxes]
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

type Graph = dict[str, set[str]]

HERE = Path(__file__).parents[1] / "src"


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of a package by their dotted names."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the same package that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        wanted = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted = [
                full if (full := f"{node.module}.{alias.name}") in modules else node.module
                for alias in node.names
            ]
        yield from (module for module in wanted if module in modules and module != name)


def module_graph(package: Path) -> Graph:
    """Return which module imports which; the root only lists public names, so it is left out."""
    modules = modules_of(package)
    return {
        name: set(imports_of(name, path, modules)) - {package.name}
        for name, path in modules.items()
        if name != package.name
    }


def box_of(module: str) -> str:
    """Return the room that a module lies in; a loose module at the top is its own box."""
    return ".".join(module.split(".")[:2])


def box_graph(package: Path) -> Graph:
    """Return which box imports which."""
    boxes: Graph = {}
    for module, imported in module_graph(package).items():
        own = box_of(module)
        others = {box_of(other) for other in imported} - {own}
        boxes.setdefault(own, set()).update(others)
    return boxes


def circles(graph: Graph) -> list[set[str]]:
    """Return the sets of nodes that can reach each other (Tarjan's strong components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            place = stack.index(node)
            component = set(stack[place:])
            del stack[place:]
            if len(component) > 1:
                found.append(component)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def floors(graph: Graph) -> int:
    """Return the number of nodes on the longest chain of arrows; a circle counts as one node."""
    joined = {node: frozenset(circle) for circle in circles(graph) for node in circle}
    depth: dict[object, int] = {}

    def height(node: str) -> int:
        key = joined.get(node, node)
        if key not in depth:
            depth[key] = 0
            members = joined.get(node, {node})
            below = {other for member in members for other in graph.get(member, ())} - set(members)
            depth[key] = 1 + max((height(other) for other in below), default=0)
        return depth[key]

    return max(height(node) for node in graph)


def main() -> None:
    """Print the counts of a tree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tree", type=Path, default=HERE, help="folder that holds headcount/")
    parser.add_argument("--boxes", action="store_true", help="list each box and its arrows")
    arguments = parser.parse_args()
    package = arguments.tree / "headcount"
    modules, boxes = module_graph(package), box_graph(package)
    if arguments.boxes:
        for box, others in sorted(boxes.items()):
            print(f"{box} -> {', '.join(sorted(others)) or '-'}")
    rooms = {box_of(name) for name in modules if name.count(".") > 1}
    loose = [path for path in package.glob("*.py") if path.name != "__init__.py"]
    print(
        f"{len(modules)} modules, {len(rooms)} rooms at the top, {len(loose)} loose modules\n"
        f"{len(boxes)} boxes on {floors(boxes)} floors, {sum(map(len, boxes.values()))} arrows\n"
        f"circles of modules: {len(circles(modules))}; of boxes: {len(circles(boxes))}"
    )


if __name__ == "__main__":
    main()
