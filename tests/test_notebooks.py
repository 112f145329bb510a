"""Notebooks: as committed they are executed, small, and free of the machine they ran on; and they
still run, with few draws."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TOOLS = runpy.run_path(str(FOLDER / "execute.py"))

LARGEST_FILE = 600_000
LARGEST_RESULT = 60_000
"""Bytes; a figure counts as the text that stands in the file."""

OF_THE_MACHINE = re.compile(
    r"(?<!\w)/(?:work|root|tmp|home|usr|Users)\b|[A-Z]:\\|https?:|\b0x[0-9a-f]{6,}"
)
"""Absolute paths, addresses on the net and in memory."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def texts(output: NotebookNode) -> Iterator[str]:
    yield output.get("text", "")
    yield from (
        text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")
    )


def troubles(notebook: NotebookNode) -> list[NotebookNode]:
    """Return errors, and what went to stderr: warnings, above all."""
    return [
        output
        for output in outputs(notebook)
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_a_committed_notebook_is_executed_from_top_to_bottom(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert troubles(notebook) == []


def test_a_committed_notebook_is_as_the_script_writes_it(notebook):
    assert TOOLS["normalised"](notebook) == notebook


def test_a_committed_notebook_is_small(path, notebook):
    assert path.stat().st_size < LARGEST_FILE
    results = [text for output in outputs(notebook) for text in output.get("data", {}).values()]
    assert max(map(len, results), default=0) < LARGEST_RESULT


def test_no_output_tells_of_the_machine(notebook):
    found = [OF_THE_MACHINE.search(text) for output in outputs(notebook) for text in texts(output)]
    assert [match[0] for match in found if match] == []


@pytest.mark.notebook
def test_a_notebook_runs_with_few_draws(path, tmp_path, monkeypatch):
    copy = Path(shutil.copy(path, tmp_path))
    monkeypatch.setenv("HEADCOUNT_NOTEBOOK_DRAWS", "40")
    run = TOOLS["executed"](nbformat.read(copy, as_version=4), folder=FOLDER)
    assert troubles(run) == []
    assert all(cell.execution_count for cell in run.cells if cell.cell_type == "code")


def test_a_new_cell_does_not_rename_the_others():
    cells = [new_markdown_cell("Why"), new_code_cell("1 + 1"), new_code_cell("1 + 1")]
    before = [cell.id for cell in TOOLS["normalised"](new_notebook(cells=cells)).cells]
    after = [
        cell.id
        for cell in TOOLS["normalised"](new_notebook(cells=[new_code_cell("0"), *cells])).cells
    ]
    assert after[1:] == before
    assert len(set(after)) == len(after)


def test_metadata_goes_and_results_stay():
    result = new_output(
        "execute_result", {"text/plain": "2"}, execution_count=7, metadata={"time": 3}
    )
    cell = new_code_cell("1 + 1", outputs=[result], execution_count=7, metadata={"collapsed": True})
    given = new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.12.1"}}
    )
    own = TOOLS["normalised"](given)
    assert own.metadata.language_info == {"name": "python"}
    assert own.cells[0].metadata == own.cells[0].outputs[0].metadata == {}
    assert own.cells[0].outputs[0].data == {"text/plain": "2"}
    assert own.cells[0].execution_count == 7
    assert given.cells[0].metadata, "the notebook that was given is left as it is"
