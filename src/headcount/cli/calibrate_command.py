"""The command that checks a model by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from headcount.cli.application import app
from headcount.cli.options import DEFAULT_SEED, ModelInputs, Seed, WorkerOptions

__all__ = ["calibrate"]

INPUTS: Final = ModelInputs()
BATCH: Final = WorkerOptions()


@app.command(sort_key=7)
def calibrate(
    model: Path,
    /,
    *,
    out: Path | None = None,
    studies: Annotated[int, Parameter(validator=Number(gte=5))] = 100,
    seed: Seed = DEFAULT_SEED,
    draws: Annotated[int, Parameter(validator=Number(gte=100))] = 500,
    inputs: ModelInputs = INPUTS,
    batch: WorkerOptions = BATCH,
) -> int:
    """Simulate studies from the priors, fit each, and check the coverage of the intervals.

    Parameters
    ----------
    model
        TOML file of the study; the numbers of its rows are replaced by simulated ones.
    out
        Folder for calibration.csv, calibration.svg and the finished fits; calibration/MODEL if not
        given. A run that was stopped goes on from there.
    studies
        Number of studies to simulate and to fit.
    seed
        Seed of the first study; the others have the numbers after it.
    draws
        Draws kept from each of two chains.
    inputs
        Inputs of the model.
    batch
        Options of all fits.
    """
    from headcount.cli.commands.calibration_output import CalibrationSettings, run_calibration

    return run_calibration(model, out, CalibrationSettings(studies, seed, draws), inputs, batch)
