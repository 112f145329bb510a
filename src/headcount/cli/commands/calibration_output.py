"""Calibration from the shell: its tables, its figure, and its caveats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.exit_codes import DONE, PROBLEM
from headcount.cli.commands.fit_output import file_stem
from headcount.cli.commands.input_files import read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.options import ModelInputs, WorkerOptions

if TYPE_CHECKING:
    from headcount.workflows.calibration import Calibration

__all__ = ["CalibrationSettings", "run_calibration"]

CALIBRATIONS: Final = Path("calibration")


@dataclass(frozen=True)
class CalibrationSettings:
    """Settings of `headcount.calibrate`.

    Parameters
    ----------
    studies
        Number of studies to simulate and to fit.
    seed
        Seed of the first study.
    draws
        Draws kept from each of two chains.
    """

    studies: int
    seed: int
    draws: int


def run_calibration(
    model: Path,
    out: Path | None,
    settings: CalibrationSettings,
    inputs: ModelInputs,
    batch: WorkerOptions,
) -> int:
    """Calibrate a study, write tables and figure, and print the result.

    Parameters
    ----------
    model
        TOML file of the study.
    out
        Folder to write; one in the folder of calibrations if ``None``.
    settings
        Settings of `headcount.calibrate`.
    inputs, batch
        Options of the command.

    Returns
    -------
    int
        Exit code.
    """
    study = read_study(model, inputs)
    folder = out or CALIBRATIONS / file_stem(model, inputs.prior_set)
    table, figure = folder / "calibration.csv", folder / "calibration.svg"
    for path in (table, figure):
        make_ready(path)
    from headcount.inference import Sampler
    from headcount.reporting.calibration_figure import calibration_figure
    from headcount.workflows.calibration import calibrate

    found = calibrate(
        study,
        studies=settings.studies,
        seed=settings.seed,
        sampler=Sampler(chains=2, draws=settings.draws, tune=settings.draws),
        batch=batch.in_folder(folder / "fits"),
    )
    with replacing(table) as partial:
        found.write_csv(partial)
    with replacing(figure) as partial:
        partial.write_text(calibration_figure(found), encoding="utf-8")
    print_calibration(found)
    print(f"wrote {table}\nwrote {figure}")
    return DONE if found.passed else PROBLEM


def print_calibration(found: Calibration) -> None:
    """Print a line for each group, and the caveats."""
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
    print("p: probability of ranks as uneven as those of the worst of n quantities.")
    print("%: part of the intervals that contain the truth.\n")
    for sentence in found.sentences:
        print(sentence)
