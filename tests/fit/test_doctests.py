"""Examples in docstrings run, on the toy study and its fit."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import headcount as hc

pytestmark = pytest.mark.fit

SOURCE = Path(hc.__file__).parent
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.fixture(scope="module")
def names(toy_fit: hc.Fit) -> dict[str, object]:
    """Return the names that examples may use without making them: fits of the toy study."""
    short = hc.Sampler(chains=2, draws=200, tune=200)
    wide = toy_fit.study.variant(spec=hc.with_prior_set(toy_fit.spec, "wide"))
    wide_fit = hc.fit(wide, seed=1, sampler=short, progress=False, warm_start=toy_fit)
    return {"hc": hc, "np": np, "study": toy_fit.study, "fit": toy_fit, "wide_fit": wide_fit}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(
    name: str,
    names: dict[str, object],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in ("models", "data"):
        (tmp_path / folder).symlink_to(root / folder)
    monkeypatch.chdir(tmp_path)
    module = import_module(name)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    output: list[str] = []
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        test.globs.update(names)
        runner.run(test, out=output.append, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)


def test_no_example_is_skipped() -> None:
    skipped = [path for path in sorted(SOURCE.rglob("*.py")) if "+SKIP" in path.read_text()]
    assert skipped == []
