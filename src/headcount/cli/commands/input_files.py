"""Input files: a model with its tables, read together so that all problems are shown, and a fit."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.options import MODEL_SUFFIX, ModelInputs
from headcount.errors import HeadcountError, InputError, Problem

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study

__all__ = ["observations_file", "read_fit", "read_study"]


def read_study(model: Path, inputs: ModelInputs) -> Study:
    """Read and check a study.

    Parameters
    ----------
    model
        TOML file.
    inputs
        Observations table, which is that of the model if ``None``, and prior set.

    Returns
    -------
    Study
        Ready to fit.

    Raises
    ------
    InputError
        With all problems of the model and of the tables.
    """
    from headcount.study.observation_files import read_observations
    from headcount.study.spec_files import read_spec
    from headcount.study.study import Study

    problems: list[Problem] = []
    table = inputs.data or observations_file(model)
    spec = _read(lambda: read_spec(model, prior_set=inputs.prior_set), problems)
    observations = _read(lambda: read_observations(table), problems) if table else None
    if spec is None or observations is None:
        raise InputError(problems)
    return Study(spec, observations)


def observations_file(model: Path) -> Path | None:
    """Return the observations table of a model.

    Parameters
    ----------
    model
        TOML file; its key ``data`` names a folder relative to it.

    Returns
    -------
    Path or None
        The file, which may not exist; ``None`` if the model cannot be read.
    """
    try:
        document = tomllib.loads(model.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # `read_spec` meets the same error and reports it.
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
        If the file is not a fit.
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


def _read[T](read: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return read()
    except InputError as error:
        problems.extend(_unknown(error, problems))
        return None


def _unknown(error: InputError, known: list[Problem]) -> Iterator[Problem]:
    return (problem for problem in error.problems if problem not in known)
