"""Commands that fit a study many times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from headcount.cli.commands.exit_codes import DONE, PROBLEM
from headcount.cli.commands.study_input import read_study
from headcount.cli.common import BASE, DEFAULT_SEED, AtLeastOne, Seed, app, stem

__all__ = ["calibrate"]

CALIBRATIONS: Final = Path("calibration")


@app.command(sort_key=7)
def calibrate(
    model: Path,
    /,
    *,
    out: Path | None = None,
    studies: Annotated[int, Parameter(validator=Number(gte=5))] = 100,
    seed: Seed = DEFAULT_SEED,
    draws: Annotated[int, Parameter(validator=Number(gte=100))] = 500,
    processes: AtLeastOne | None = None,
    dask: str | None = None,
    data: Path | None = None,
    prior_set: str = BASE,
    quiet: bool = False,
) -> int:
    """Simulate studies from the priors, fit each, and check that intervals hold the truth as often
    as they say.

    Parameters
    ----------
    model
        TOML file of the study.
    out
        Folder for calibration.csv, calibration.svg and the finished fits; calibration/MODEL if not
        given. A run that was stopped goes on from there.
    studies
        How many worlds to draw and to fit.
    seed
        Of the first world; the others have the numbers after it.
    draws
        Draws kept from each of two chains.
    processes
        Fits that run at once; as many as the machine has cores if not given.
    dask
        Address of a Dask scheduler to use in place of processes here, such as tcp://10.0.0.1:8786.
    data
        Observations table, whose statements are replaced; observations.csv in the model's data
        folder if not given.
    prior_set
        Which of the model's prior sets to draw from and to fit with.
    quiet
        Show no progress.
    """
    from headcount.cli.commands.calibration_output import run_calibration

    study = read_study(model, data=data, prior_set=prior_set)
    folder = out or CALIBRATIONS / stem(model, prior_set)
    workers = {"processes": processes, "dask": dask, "progress": not quiet}
    passed = run_calibration(study, folder, studies=studies, seed=seed, draws=draws, **workers)
    return DONE if passed else PROBLEM
