"""Calibration from the shell: its tables, its figure, and what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from headcount.cli.commands.output_files import make_ready, replacing

if TYPE_CHECKING:
    from headcount.study.study import Study
    from headcount.workflows.calibration import Calibration

__all__ = ["caveats", "run_calibration"]

STUCK: Final = 1.05
"""Above this, chains of a few hundred draws do not just differ by chance."""

SHOWN: Final = 3
"""Failures that are shown in full."""


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
    from headcount.reporting.calibration_figure import calibration_figure
    from headcount.workflows.calibration import calibrate

    found = calibrate(
        study, folder=folder / "fits", studies=studies, seed=seed, draws=draws, **workers
    )
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

    from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES
    from headcount.workflows.calibration.calibration_result import percent

    table = Table("group", "n", "p", *(f"{percent(p)} %" for p in PROBABILITIES), "", box=None)
    table.columns[0].no_wrap = True
    for _, line in found.summary().iterrows():
        shares = [
            (line[f"coverage_{percent(p)}"], line[f"error_{percent(p)}"]) for p in PROBABILITIES
        ]
        cells = [f"{100 * share:.0f} ± {100 * error:.0f}" for share, error in shares]
        verdict = line["verdict"] if line["passed"] else f"FAILED: {line['verdict']}"
        table.add_row(
            line["group"], str(line["quantities"]), f"{line['p_uniform']:.2g}", *cells, verdict
        )
    Console().print(table)
    print(
        "p: of ranks as uneven as those of the worst of n quantities. %: intervals that hold the truth.\n"
    )
    for sentence in caveats(found):
        print(sentence)


def caveats(found: Calibration) -> list[str]:
    """Return what a reader of a calibration should know, in sentences."""
    data = found.data
    rough, stuck = (data["divergences"] > 0), (data["rhat"].max("quantity") > STUCK)
    few = data["ess"].min("quantity") < found.ranked
    sentences = [
        f"{found.studies} studies; median {float(data['seconds'].median()):.1f} s a fit.",
        f"Fits with divergences: {int(rough.sum())}, {int(data['divergences'].sum())} divergences in all; with an R-hat"
        f" above {STUCK}: {int(stuck.sum())}, the largest {float(data['rhat'].max()):.2f}."
        " They are counted like the others.",
    ]
    if few.any():
        sentences.append(
            f"In {int(few.sum())} fits some quantity has fewer than {found.ranked} effective draws,"
            " so its rank is rougher than it looks."
        )
    if found.failures:
        shown = "; ".join(found.failures[:SHOWN])
        sentences.append(f"{len(found.failures)} fits failed and have no ranks: {shown}.")
    return sentences
