"""Spec parsing: the nested dictionary of a TOML file to a checked `ModelSpec`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from headcount._names import BASE_PRIORS
from headcount.errors import Problem, SpecError
from headcount.study.areas import Areas
from headcount.study.candidate_checks import candidate_problems
from headcount.study.covariates import Covariates
from headcount.study.prior_set_checks import SECTION, prior_set_problems, unknown_paths
from headcount.study.spec_checks import spec_problems
from headcount.study.spec_messages import toml_keys, validation_problems
from headcount.study.specs import ModelSpec

__all__ = ["parse_spec"]


def parse_spec(
    document: Mapping[str, Any],
    *,
    areas: Areas,
    covariates: Covariates | None = None,
    name: str = "spec",
    prior_set: str = BASE_PRIORS,
) -> ModelSpec:
    """Check a spec given as a nested dictionary; see `read_spec`.

    Parameters
    ----------
    document
        Content of the TOML file.
    areas, covariates
        Tables of the study.
    name
        Name of the spec in messages.
    prior_set
        Name of the prior set that the document's priors belong to.

    Returns
    -------
    ModelSpec
        The declaration.

    Raises
    ------
    SpecError
        With all problems found.
    """
    tables = {"areas": areas, "covariate_table": covariates or Covariates()}
    # No key takes a date, so a document that holds one is refused and its text is never used.
    extra = {"name": name, "prior_set": prior_set, "text": json.dumps(document, default=str)}
    reserved = sorted({*tables, *extra, "copies"} & set(document))
    if reserved:
        raise SpecError([Problem(f"{name} [{reserved[0]}]", "unknown key")])
    try:
        spec = ModelSpec.model_validate({**document, **tables, **extra})
    except ValidationError as error:
        broken = [toml_keys(detail["loc"])[:SECTION] for detail in error.errors()]
        problems = [*validation_problems(error, name), *unknown_paths(document, name, broken)]
        raise SpecError(problems) from None
    # Candidates are checked against a study that is itself valid.
    if problems := [*_own_problems(spec)] or [*candidate_problems(spec)]:
        raise SpecError(problems)
    return spec


def _own_problems(spec: ModelSpec) -> Iterator[Problem]:
    yield from spec_problems(spec)
    if spec.prior_set == BASE_PRIORS:
        for name, changes in spec.prior_sets.items():
            yield from prior_set_problems(spec, name, changes)
