"""The question that several fits have in common: root area, target scope, years and areas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.errors import HeadcountError, Problem, StudyError
from headcount.layout.free_vector import free_labels
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years, last_observed

__all__ = ["CommonQuestion", "common_question_of", "differ_in_priors_only"]

FEWEST: Final = 2
"""Smallest number of fits in a comparison."""

PRIOR_FIELDS: Final = ("prior_first", "prior_second", "prior_median", "log_prior_constant")
"""Fields of `headcount.engine.density.study_arrays.StudyArrays` with the numbers of priors; all
other fields describe the study."""


@dataclass(frozen=True)
class CommonQuestion:
    """The question that all fits of a comparison answer.

    Parameters
    ----------
    root
        Code of the root area.
    target
        The scope whose headcount is estimated.
    years
        Calendar years that all fits have, ascending.
    last_year
        Year of the answer: the last one with data in the first fit, or the last one in common.
    areas
        Areas right below the first fit's root that all fits have.
    forecast_years
        Those of the years that are forecasts in the first fit.
    """

    root: str
    target: str
    years: tuple[int, ...]
    last_year: int
    areas: tuple[str, ...]
    forecast_years: tuple[int, ...] = ()


def common_question_of(fits: Mapping[str, Fit]) -> CommonQuestion:
    """Return the question that fits have in common.

    Parameters
    ----------
    fits
        Name to fit; the first one is the reference.

    Returns
    -------
    CommonQuestion
        Root, target, years and areas.

    Raises
    ------
    HeadcountError
        If there are fewer than two fits.
    StudyError
        If some fit answers another question than the first, with every mismatch.
    """
    if len(fits) < FEWEST:
        msg = f"{len(fits)} fit is given; a comparison needs at least two, the reference first"
        raise HeadcountError(msg)
    (name, first), *others = fits.items()
    problems = [problem for other in others for problem in _mismatches(name, first, *other)]
    if problems:
        raise StudyError(problems)
    areas, years = first.spec.areas, _common_years(fits)
    last = last_observed(first, areas.root)
    return CommonQuestion(
        areas.root,
        first.spec.target,
        years,
        last if last in years else years[-1],
        tuple(code for code in areas.children(areas.root) if _in_all(code, fits)),
        tuple(year for year in forecast_years(first) if year in years),
    )


def _common_years(fits: Mapping[str, Fit]) -> tuple[int, ...]:
    first, *others = (fit.spec.years.labels for fit in fits.values())
    years = tuple(year for year in first if all(year in own for own in others))
    if not years:
        spans = "; ".join(f"{own}: {_span(fit)}" for own, fit in fits.items())
        raise StudyError([Problem("the fits together", f"no year is in all of them ({spans})")])
    return years


def _in_all(area: str, fits: Mapping[str, Fit]) -> bool:
    return all(area in fit.spec.areas.by_code for fit in fits.values())


def differ_in_priors_only(one: Fit, other: Fit) -> bool:
    """Return whether two fits are of the same study but for the numbers of its priors.

    Parameters
    ----------
    one, other
        Fits.

    Returns
    -------
    bool
        Whether the density has the same rows and the same structure in both, so that their draws
        are draws of the same vector.
    """
    if free_labels(one.layout) != free_labels(other.layout):
        return False
    pairs = zip(StudyArrays._fields, arrays_of(one.layout), arrays_of(other.layout), strict=True)
    return all(
        np.array_equal(mine, theirs) for name, mine, theirs in pairs if name not in PRIOR_FIELDS
    )


def _mismatches(name: str, first: Fit, other_name: str, other: Fit) -> Iterator[Problem]:
    """Yield each respect in which a fit answers another question than the first."""
    facts = {
        "root area": (first.spec.areas.root, other.spec.areas.root),
        "target scope": (first.spec.target, other.spec.target),
    }
    for fact, (wanted, found) in facts.items():
        if wanted != found:
            message = f"its {fact} is {found!r}, that of {name!r} is {wanted!r}"
            yield Problem(other_name, message, "Compare fits that answer the same question.")
    if not set(first.spec.years.labels) & set(other.spec.years.labels):
        message = f"its years are {_span(other)}, those of {name!r} {_span(first)}"
        yield Problem(other_name, message, "Compare fits whose years overlap.")


def _span(fit: Fit) -> str:
    return f"{fit.spec.years.first} to {fit.spec.years.last}"
