"""Matching: what fits must have in common to be set side by side, and what they do have in common."""

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

__all__ = ["Common", "common_ground", "differ_in_priors_only"]

FEWEST: Final = 2
"""Fits that it takes to compare."""

NUMBERS: Final = ("first", "second", "middle", "constant")
"""Fields of `headcount.engine.density.study_arrays.StudyArrays` that state the numbers of priors; all
others state the study."""


@dataclass(frozen=True)
class Common:
    """What all fits under comparison answer.

    Parameters
    ----------
    root
        Code of the root area.
    target
        The scope whose headcount is asked for.
    years
        Calendar years that all have, ascending.
    last_year
        The year that is compared most closely: the last one with data in the first fit, or the last
        one that all have.
    areas
        Areas right below the first fit's root that all have.
    ahead
        Those of the years that are forecasts in the first fit.
    """

    root: str
    target: str
    years: tuple[int, ...]
    last_year: int
    areas: tuple[str, ...]
    ahead: tuple[int, ...] = ()


def common_ground(fits: Mapping[str, Fit]) -> Common:
    """Return what fits have in common, if they answer the same question.

    Parameters
    ----------
    fits
        Name to fit; the first one is the reference.

    Returns
    -------
    Common
        Root, target, years and areas.

    Raises
    ------
    HeadcountError
        Where there are fewer than two fits.
    StudyError
        With every respect in which some fit answers another question than the first.
    """
    if len(fits) < FEWEST:
        msg = f"{len(fits)} fit is given; a comparison needs at least two, the reference first"
        raise HeadcountError(msg)
    (name, first), *others = fits.items()
    problems = [problem for other in others for problem in _mismatches(name, first, *other)]
    if problems:
        raise StudyError(problems)
    spec = first.spec
    years = tuple(
        y for y in spec.years.labels if all(y in fit.spec.years.labels for fit in fits.values())
    )
    if not years:
        spans = "; ".join(f"{own}: {_span(fit)}" for own, fit in fits.items())
        raise StudyError([Problem("the fits together", f"no year is in all of them ({spans})")])
    last = last_observed(first, spec.areas.root)
    below = spec.areas.children(spec.areas.root)
    shared = tuple(
        code for code in below if all(code in fit.spec.areas.by_code for fit in fits.values())
    )
    ahead = tuple(year for year in forecast_years(first) if year in years)
    return Common(
        spec.areas.root, spec.target, years, last if last in years else years[-1], shared, ahead
    )


def differ_in_priors_only(one: Fit, other: Fit) -> bool:
    """Say whether two fits are of the same study but for the numbers of its priors.

    Parameters
    ----------
    one, other
        Fits.

    Returns
    -------
    bool
        Whether the compiled density reads the same rows and the same structure for both, so that
        their draws are of one and the same vector.
    """
    if free_labels(one.layout) != free_labels(other.layout):
        return False
    pairs = zip(StudyArrays._fields, arrays_of(one.layout), arrays_of(other.layout), strict=True)
    return all(np.array_equal(mine, theirs) for name, mine, theirs in pairs if name not in NUMBERS)


def _mismatches(name: str, first: Fit, other_name: str, other: Fit) -> Iterator[Problem]:
    """Yield in which respects a fit answers another question than the first."""
    facts = {
        "root area": (first.spec.areas.root, other.spec.areas.root),
        "target scope": (first.spec.target, other.spec.target),
    }
    for what, (wanted, found) in facts.items():
        if wanted != found:
            told = f"its {what} is {found!r}, that of {name!r} is {wanted!r}"
            yield Problem(other_name, told, "Compare fits that answer the same question.")
    if not set(first.spec.years.labels) & set(other.spec.years.labels):
        told = f"its years are {_span(other)}, those of {name!r} {_span(first)}"
        yield Problem(other_name, told, "Compare fits whose years overlap.")


def _span(fit: Fit) -> str:
    return f"{fit.spec.years.first} to {fit.spec.years.last}"
