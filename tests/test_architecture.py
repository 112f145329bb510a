"""What the package promises about its own shape."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import headcount as hc

SOURCE = Path(hc.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = (
    "pymc",
    "pytensor",
    "arviz",
    "nutpie",
    "numba",
    "pandas",
    "scipy",
    "matplotlib",
    "xarray",
    "pydantic",
)
LONGEST_MODULE = 500
MEDIAN_BODY = 12
MOST_ARGUMENTS = 8
WHAT_PER_THOUSAND = 3
HELP_SECONDS = 2.0
HELP_MODULES = 400


def run_python(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_imports_point_down(root: Path) -> None:
    code = (
        "import sys; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(no_cache=True, no_logo=True))"
    )
    linted = run_python("-c", code, folder=root)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_public_names_are_importable() -> None:
    assert {name for name in hc.__all__ if getattr(hc, name, None) is None} == set()


def test_public_names_are_all_that_dir_shows() -> None:
    assert dir(hc) == sorted(hc.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="headcount.*heads"):
        hc.heads  # noqa: B018 - asking for it is the test


@pytest.mark.parametrize("command", [["--help"], ["fit", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\n"
        "from headcount.cli import main\n"
        f"code = main({command!r})\n"
        f"heavy = sorted(set(sys.modules) & set({HEAVY!r}))\n"
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    ran = run_python("-c", code)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_help_answers_at_once() -> None:
    code = (
        "import resource, sys\n"
        "from headcount.cli import main\n"
        "main(['--help'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, len(sys.modules), file=sys.stderr)"
    )
    ran = run_python("-c", code)
    seconds, modules = map(float, ran.stderr.split())
    # Processor time and modules do not depend on other work on the machine, as wall time does.
    assert seconds < HELP_SECONDS
    assert modules < HELP_MODULES


def test_modules_say_what_they_are() -> None:
    assert [
        str(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))
    ] == []


def test_modules_are_short() -> None:
    lengths = {
        str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in MODULES
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    bodies = [lines for path in MODULES for lines in body_lengths(ast.parse(path.read_text()))]
    assert statistics.median(bodies) < MEDIAN_BODY


def body_lengths(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of each function's body, its docstring apart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_module_is_named_like_a_public_function() -> None:
    names = {path.stem for path in SOURCE.iterdir()}
    assert names & set(hc.__all__) == set()


def test_the_top_of_the_package_is_small() -> None:
    assert len([path for path in SOURCE.glob("*.py") if path.name != "__init__.py"]) <= 8


def test_every_package_says_in_its_first_sentence_which_rooms_it_may_import() -> None:
    packages = [path for path in MODULES if path.name == "__init__.py" and path.parent != SOURCE]
    first = {path: str(ast.get_docstring(ast.parse(path.read_text()))) for path in packages}
    assert [path for path in first if "may import" not in first[path].split("\n\n")[0]] == []


def test_no_modules_and_no_rooms_import_each_other(root: Path) -> None:
    counted = run_python("benchmarks/import_graph.py", folder=root)
    assert "circles of modules: 0; of boxes: 0" in counted.stdout, counted.stderr


def test_no_module_name_has_two_meanings() -> None:
    names = [path.stem for path in MODULES if path.name not in {"__init__.py", "__main__.py"}]
    assert {name for name in names if names.count(name) > 1} == set()


def test_functions_take_few_arguments() -> None:
    long = {
        f"{path.relative_to(SOURCE)}:{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and arguments(node) > MOST_ARGUMENTS
    }
    assert long == set()


def arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of parameters that a caller can give."""
    own = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([argument for argument in own if argument.arg not in {"self", "cls"}])


def test_prose_hardly_says_what() -> None:
    lines = [line for path in MODULES for line in path.read_text().splitlines()]
    said = sum(len(re.findall(r"\bwhat\b", line, re.IGNORECASE)) for line in lines)
    assert said < WHAT_PER_THOUSAND * len(lines) / 1000
