"""Calibration from the shell: its tables, its figure, and what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.cli.commands.output_files import make_ready, replacing

if TYPE_CHECKING:
    from headcount.study.study import Study
    from headcount.workflows.calibration import Calibration

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
    from headcount.reporting.calibration_figure import calibration_figure
    from headcount.workflows.calibration import calibrate

    found = calibrate(
        study, folder=folder / "fits", studies=studies, seed=seed, draws=draws, **workers
    )
    with replacing(table) as partial:
        found.write_csv(partial)
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
    from headcount.workflows.calibration.calibration_result import whole_percent

    table = Table(
        "group", "n", "p", *(f"{whole_percent(p)} %" for p in PROBABILITIES), "", box=None
    )
    table.columns[0].no_wrap = True
    for _, line in found.by_group().iterrows():
        shares = [
            (line[f"coverage_{whole_percent(p)}"], line[f"error_{whole_percent(p)}"])
            for p in PROBABILITIES
        ]
        cells = [f"{100 * share:.0f} ± {100 * error:.0f}" for share, error in shares]
        verdict = line["verdict"] if line["passed"] else f"FAILED: {line['verdict']}"
        table.add_row(
            line["group"], str(line["quantities"]), f"{line['p_uniform']:.2g}", *cells, verdict
        )
    Console().print(table)
    print("p: of ranks as uneven as those of the worst of n quantities.")
    print("%: intervals that contain the truth.\n")
    for sentence in found.sentences:
        print(sentence)
