"""Execute notebooks in place, and write them so that the next execution differs only where its
numbers do.

python notebooks/execute.py                     # all of this folder
python notebooks/execute.py notebooks/01_*.ipynb
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent
KERNEL = "python3"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": KERNEL},
    "language_info": {"name": "python"},
}
"""What a notebook says of its kernel: enough to open it, and no version of a machine's Python."""


def executed(notebook: NotebookNode, *, folder: Path = FOLDER) -> NotebookNode:
    """Return the notebook as it is after a run in a fresh kernel that starts in a folder; an error
    stops it."""
    client = NotebookClient(
        normalised(notebook),
        kernel_name=KERNEL,
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    return normalised(client.execute())


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without what editors and kernels add: metadata, and random identifiers of
    cells."""
    copy = nbformat.from_dict(notebook)
    copy.metadata = nbformat.from_dict(METADATA)
    copy.nbformat, copy.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in copy.cells:
        cell.metadata = NotebookNode()
        cell.id = _identifier(cell, taken)
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = NotebookNode()
    nbformat.validate(copy)
    return copy


def _identifier(cell: NotebookNode, taken: set[str]) -> str:
    """Name a cell after its content: a new cell does not rename those below it."""
    again = 0
    while True:
        text = f"{cell.cell_type}\n{cell.source}\n{again}"
        name = hashlib.sha256(text.encode()).hexdigest()[:8]
        if name not in taken:
            taken.add(name)
            return name
        again += 1


def main() -> None:
    """Execute the notebooks that are named, or all of them."""
    parser = argparse.ArgumentParser(description="Execute notebooks in place.")
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="files; all beside this script if none is named"
    )
    for path in parser.parse_args().notebooks or sorted(FOLDER.glob("*.ipynb")):
        notebook = executed(nbformat.read(path, as_version=4))
        nbformat.write(notebook, path)
        print(path)


if __name__ == "__main__":
    main()
