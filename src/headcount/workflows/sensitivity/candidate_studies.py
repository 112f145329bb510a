"""Candidate studies: a study with the source and the rows of one candidate."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headcount.errors import HeadcountError, Problem, SpecError, TableError, nearest
from headcount.study.candidate_checks import candidate_rows
from headcount.study.observations import Observations
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import CandidateSpec, ModelSpec
from headcount.study.text_tables import read_text

__all__ = ["CandidateStudy", "read_candidates", "with_candidates"]

SECTION = "candidates"


@dataclass(frozen=True)
class CandidateStudy:
    """A study with the rows of one candidate.

    Parameters
    ----------
    name, candidate
        The candidate.
    spec
        The study's spec, with the source that the candidate declares, if any.
    rows
        The candidate's rows alone, with placeholders for their numbers.
    """

    name: str
    candidate: CandidateSpec
    spec: ModelSpec
    rows: Observations

    @classmethod
    def of(cls, spec: ModelSpec, name: str) -> CandidateStudy:
        """Build from a spec that lists the candidate.

        Parameters
        ----------
        spec
            The declaration.
        name
            A key of its ``candidates``.

        Returns
        -------
        CandidateStudy
            The study; `CandidateStudy.with_numbers` and `beside` make it one that can be fitted.

        Raises
        ------
        HeadcountError
            If there is no candidate of this name.
        """
        if name not in spec.candidates:
            msg = f"{spec.name}: unknown candidate {name!r}. {nearest(name, spec.candidates)}"
            raise HeadcountError(msg)
        candidate = spec.candidates[name]
        document = spec.document
        declared = document.pop(SECTION)[name].get("declared")
        if declared is not None:
            document["sources"] = {**document["sources"], name: declared}
        extended = _parsed(spec, document, spec.name)
        return cls(name, candidate, extended, candidate_rows(name, candidate))

    def with_numbers(self, numbers: list[float]) -> CandidateStudy:
        """Return the study with the numbers of its rows replaced, in order."""
        rows = tuple(
            replace(row, value=value) for row, value in zip(self.rows.rows, numbers, strict=True)
        )
        return replace(self, rows=replace(self.rows, rows=rows))

    def beside(self, observations: Observations) -> Observations:
        """Return the rows of a study and after them those of the candidate."""
        return replace(observations, rows=(*observations.rows, *self.rows.rows))


def read_candidates(path: str | Path, spec: ModelSpec) -> ModelSpec:
    """Read candidates from a file of their own.

    Parameters
    ----------
    path
        TOML file with sections ``[candidates.NAME]``, such as the file of a model; other sections
        are ignored.
    spec
        The spec of the study.

    Returns
    -------
    ModelSpec
        The spec with these candidates in the place of its own.

    Raises
    ------
    SpecError
        With all problems found, or if there is no candidate.
    """
    path = Path(path)
    try:
        document = tomllib.loads(read_text(path))
    except TableError as error:
        raise SpecError(error.problems) from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError([Problem(str(path), f"not valid TOML: {error}")]) from error
    if not isinstance(document.get(SECTION), dict) or not document[SECTION]:
        advice = "Write sections [candidates.NAME] with title, rows, and source or declared."
        raise SpecError([Problem(path.name, "no candidates", advice)])
    return with_candidates(spec, document[SECTION], name=path.name)


def with_candidates(
    spec: ModelSpec, stated: Mapping[str, Any], *, name: str = "candidates"
) -> ModelSpec:
    """Return a spec with other candidates.

    Parameters
    ----------
    spec
        The spec of the study.
    stated
        Name to the contents of a section ``[candidates.NAME]``.
    name
        Name of the file, for messages.

    Returns
    -------
    ModelSpec
        The spec with these candidates in the place of its own.

    Raises
    ------
    SpecError
        With all problems found.
    """
    document = {**spec.document, SECTION: dict(stated)}
    _parsed(spec, document, name)
    return _parsed(spec, document, spec.name)


def _parsed(spec: ModelSpec, document: Mapping[str, Any], name: str) -> ModelSpec:
    return parse_spec(
        document,
        areas=spec.areas,
        covariates=spec.covariate_table,
        name=name,
        prior_set=spec.prior_set,
    )
