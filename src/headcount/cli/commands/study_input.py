"""Studies: a model file and its tables, read together so that one run shows all there is to mend."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.errors import HeadcountError, InputError, Problem

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study

__all__ = ["FIT_SUFFIX", "MODEL_SUFFIX", "observations_file", "read_fit", "read_study"]

MODEL_SUFFIX: Final = ".toml"
FIT_SUFFIX: Final = ".nc"


def read_study(model: Path, *, data: Path | None, prior_set: str) -> Study:
    """Read and check a study.

    Parameters
    ----------
    model
        TOML file.
    data
        Observations table; the one that belongs to the model if ``None``.
    prior_set
        Which of the model's prior sets to put in force.

    Returns
    -------
    Study
        Ready to fit.

    Raises
    ------
    InputError
        With the problems of the model and of the tables, all of them.
    """
    from headcount.study.observation_files import read_observations
    from headcount.study.spec_files import read_spec
    from headcount.study.study import Study

    problems: list[Problem] = []
    table = data or observations_file(model)
    spec = _tried(lambda: read_spec(model, prior_set=prior_set), problems)
    observations = _tried(lambda: read_observations(table), problems) if table else None
    if spec is None or observations is None:
        raise InputError(problems)
    return Study(spec, observations)


def observations_file(model: Path) -> Path | None:
    """Return the observations table that belongs to a model, ``None`` where the model cannot be
    read.

    Parameters
    ----------
    model
        TOML file; its key ``data`` names a folder relative to it.

    Returns
    -------
    Path or None
        May not exist.
    """
    try:
        document = tomllib.loads(model.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # `read_spec` meets the same trouble and names it.
        return None
    return model.parent / str(document.get("data", ".")) / "observations.csv"


def read_fit(path: Path) -> Fit:
    """Read a fit that ``headcount fit`` wrote.

    Parameters
    ----------
    path
        NetCDF file.

    Returns
    -------
    Fit
        With its study.

    Raises
    ------
    HeadcountError
        Where the file is something else.
    """
    if path.suffix == MODEL_SUFFIX:
        command = f"headcount fit {path} --seed 1 --out {path.stem}.nc"
        msg = f"{path}: is a model, not a fit. Fit it first: {command}"
        raise HeadcountError(msg)
    if path.is_dir():
        msg = f"{path}: is a folder, not a fit"
        raise HeadcountError(msg)
    from headcount.posterior.fits import load_fit

    return load_fit(path)


def _tried[T](read: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return read()
    except InputError as error:
        problems.extend(_new(error, problems))
        return None


def _new(error: InputError, known: list[Problem]) -> Iterator[Problem]:
    return (problem for problem in error.problems if problem not in known)
