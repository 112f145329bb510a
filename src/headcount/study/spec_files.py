"""Spec files: TOML to `ModelSpec`, with the areas and covariates of its study."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from headcount._names import BASE_PRIORS
from headcount.errors import Problem, SpecError, TableError
from headcount.study.areas import read_areas
from headcount.study.covariates import Covariates, read_covariates
from headcount.study.prior_changes import with_prior_set
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import ModelSpec
from headcount.study.text_tables import read_text

__all__ = ["read_spec"]

AREAS_FILE: Final = "areas.csv"
COVARIATES_FILE: Final = "covariates.csv"


def read_spec(path: str | Path, *, prior_set: str = BASE_PRIORS) -> ModelSpec:
    """Read and check a model spec and the areas and covariates of its study.

    Parameters
    ----------
    path
        TOML file. Its ``data`` key names the folder, relative to the file, that holds ``areas.csv``
        and, if covariates are used, ``covariates.csv``.
    prior_set
        Name of the prior set to use; ``base`` for the priors outside all sets.

    Returns
    -------
    ModelSpec
        The declaration; frozen.

    Raises
    ------
    SpecError
        With all problems found, each naming file and key.
    TableError
        Where a table cannot be used.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> spec.areas.root
    'WORLD'
    """
    path = Path(path)
    document = _read_document(path)
    folder = path.parent / str(document.get("data", "."))
    areas = read_areas(folder / AREAS_FILE)
    table = folder / COVARIATES_FILE
    covariates = read_covariates(table) if table.exists() else Covariates()
    spec = parse_spec(document, areas=areas, covariates=covariates, name=path.name)
    return with_prior_set(spec, prior_set)


def _read_document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except TableError as error:
        raise SpecError(error.problems) from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError([Problem(str(path), f"not valid TOML: {error}")]) from error
