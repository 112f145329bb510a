"""Calibration from the shell: its tables, its figure, and what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.shell.outputs import make_ready, replacing
from headcount.shell.studies import Study

if TYPE_CHECKING:
    from headcount.calibration import Calibration

__all__ = ["run_calibration"]


def run_calibration(
    study: Study,
    folder: Path,
    *,
    studies: int,
    seed: int,
    draws: int,
    **workers: Any,  # noqa: ANN401 - as `headcount.calibrate` takes them
) -> bool:
    """Calibrate a study, write tables and figure, and say what was found.

    Parameters
    ----------
    study
        A checked study.
    folder
        Where everything is written.
    studies, seed, draws
        As in `headcount.calibrate`.
    **workers
        ``processes``, ``dask`` and ``progress``, as there.

    Returns
    -------
    bool
        Whether all groups passed.
    """
    table, figure = folder / "calibration.csv", folder / "calibration.svg"
    for path in (table, figure):
        make_ready(path)
    from headcount.calibration import calibrate
    from headcount.calibration.figure import calibration_figure

    found = calibrate(*study, folder / "fits", studies=studies, seed=seed, draws=draws, **workers)
    with replacing(table) as partial:
        found.to_frame().to_csv(partial, index=False, lineterminator="\n")
    with replacing(figure) as partial:
        partial.write_text(calibration_figure(found), encoding="utf-8")
    print_calibration(found)
    print(f"wrote {table}\nwrote {figure}")
    return found.passed


def print_calibration(found: Calibration) -> None:
    """Print a line for each group, and what stands in the way of believing them."""
    from rich.console import Console
    from rich.table import Table

    from headcount.calibration.results import PROBABILITIES

    headings = ("group", "n", "p uniform", *(f"{100 * p:.0f} % hold" for p in PROBABILITIES), "")
    table = Table(*headings, box=None)
    for _, line in found.summary().iterrows():
        cells = [
            f"{line[f'coverage_{100 * p:.0f}']:.1%} ± {line[f'error_{100 * p:.0f}']:.1%}"
            for p in PROBABILITIES
        ]
        verdict = "passed" if line["passed"] else f"FAILED: {line['worst']}"
        table.add_row(line["group"], str(line["quantities"]), f"{line['p_uniform']:.2g}", *cells, verdict)
    Console().print(table)
    for sentence in caveats(found):
        print(sentence)


def caveats(found: Calibration) -> list[str]:
    """Return what a reader of a calibration should know, in sentences."""
    few = int((found.effective < found.ranked).sum())
    rough = int((found.divergences > 0).sum())
    middle = sorted(found.seconds)[found.studies // 2]
    sentences = [
        f"{found.studies} studies, seeds from {found.seed}; median {middle:.1f} s a fit.",
        f"{rough} fits had divergences, {int(found.divergences.sum())} in all; they are counted like the others.",
    ]
    if few:
        sentences.append(
            f"In {few} fits some quantity has fewer than {found.ranked} effective draws, so its rank is rougher than it looks."
        )
    if found.failures:
        sentences.append(
            f"{len(found.failures)} fits failed and have no ranks: {'; '.join(found.failures[:3])}."
        )
    return sentences
