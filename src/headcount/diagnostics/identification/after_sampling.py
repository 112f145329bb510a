"""The evidence that the answers of a fit depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from headcount.diagnostics.identification.precision_shares import Shares, shares_at, shares_over
from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, SOURCE
from headcount.diagnostics.identification.quotability import IdentificationVerdict, verdicts_of
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.location_information import observed_information
from headcount.errors import ArgumentError, Problem
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed
from headcount.study.arguments import checked_area, checked_choice, checked_year

__all__ = ["RestsOn", "dependence_of", "headline_queries", "rests_on"]

POINTS: Final = 24
"""Draws at which shares are computed; those of single points scatter by some hundredths."""

SD_DRAWS: Final = 2000
"""Draws from which the standard deviation of an answer is computed."""

LARGEST: Final = 8
"""Contributors that the text of a result lists."""


@dataclass(frozen=True, eq=False)
class RestsOn:
    """The evidence that answers depend on.

    Parameters
    ----------
    shares
        Share of every prior, pooling and source in the precision of every answer.
    sd
        Posterior standard deviation of each answer, from the draws; if it is far from
        ``shares.sd``, the answer is too nonlinear for shares; dims (answer,).
    """

    shares: Shares
    sd: tuple[float, ...]

    @cached_property
    def verdicts(self) -> tuple[IdentificationVerdict, ...]:
        """The verdict on each answer."""
        return verdicts_of(self.shares)

    @property
    def verdict(self) -> IdentificationVerdict:
        """The verdict on the first answer."""
        return self.verdicts[0]

    def to_frame(self) -> pd.DataFrame:
        """Return one line for each answer.

        ``area, year, scope, from_year``; the shares ``data, pooling, priors``; ``widening``;
        ``verdict``; the posterior's ``sd``, and ``sd_near``, the one implied by the precision.
        """
        shares = self.shares
        return pd.DataFrame(
            {
                **{name: [getattr(one, name) for one in shares.queries] for name in Query._fields},
                "data": shares.of(SOURCE),
                "pooling": shares.of(POOLING),
                "priors": shares.of(PRIOR),
                "widening": shares.widening,
                "verdict": [verdict.name for verdict in self.verdicts],
                "sd": self.sd,
                "sd_near": shares.sd,
            }
        )

    def contributions(self) -> pd.DataFrame:
        """Return the share of every contributor in every answer.

        ``area, year, from_year, scope, kind, name, share``, the largest of each answer first.
        """
        return self.shares.contributions()

    def __repr__(self) -> str:
        """Return the verdict and the largest shares of the first answer."""
        first, largest = self.shares.queries[0], self.shares.to_frame().head(LARGEST)
        lines = [
            f"  {row.share:6.1%}  {row.kind} {row.name}" for row in largest.itertuples(index=False)
        ]
        return "\n".join([f"<{first.area} {first.year}: {self.verdict}", *lines, ">"])


def rests_on(
    fit: Fit, *, area: str | None = None, year: int | None = None, scope: str | None = None
) -> RestsOn:
    """Compute how much of a headcount's precision comes from each prior and each source.

    Parameters
    ----------
    fit
        A fit.
    area
        Code of an area or grouping; the root if not given.
    year
        A year of the model; the last one with data if not given.
    scope
        A latent scope; the target if not given.

    Returns
    -------
    RestsOn
        Shares that add to one, defined in
        `headcount.diagnostics.identification.precision_shares`, and the verdict.

    Raises
    ------
    ArgumentError
        Where area, year or scope is unknown, or the scope is a known population.

    Examples
    --------
    >>> hc.rests_on(fit).verdict.name
    'rests on data'
    """
    spec = fit.spec
    place = checked_area(area or spec.areas.root, spec)
    name = checked_choice(scope or spec.target, spec.scopes, "scope")
    if name not in fit.layout.scopes:
        problem = f"{name!r} is a known population"
        advice = f"It depends on covariates alone. Choose from: {', '.join(fit.layout.scopes)}."
        raise ArgumentError([Problem("scope", problem, advice)])
    when = last_observed(fit, place) if year is None else checked_year(year, spec)
    return dependence_of(fit, [Query(place, when, name)])


def headline_queries(fit: Fit) -> list[Query]:
    """Return the answers that reports put first.

    The root's headcount in the last year with data, in the reference year, and the growth between
    them; then the headcounts of the areas right below the root.
    """
    spec, last = fit.spec, last_observed(fit)
    root, target, reference = spec.areas.root, spec.target, spec.years.reference
    queries = [Query(root, last, target)]
    if reference != last:
        earlier, later = sorted((reference, last))
        queries += [Query(root, reference, target), Query(root, later, target, earlier)]
    return [*queries, *(Query(area, last, target) for area in spec.areas.children(root))]


def dependence_of(fit: Fit, queries: Sequence[Query]) -> RestsOn:
    """Compute the shares of precision of several answers at once; see `rests_on`."""
    arrays = arrays_of(fit.layout)
    points = np.ascontiguousarray(DrawTransfer.of(fit, POINTS).free)
    information = np.mean([observed_information(x, arrays) for x in points], axis=0)
    found = [shares_at(x, arrays, fit.layout, queries, information) for x in points]
    return RestsOn(shares_over(found), tuple(_sds(fit, arrays, queries)))


def _sds(fit: Fit, arrays: StudyArrays, queries: Sequence[Query]) -> list[float]:
    free = np.ascontiguousarray(DrawTransfer.of(fit, SD_DRAWS).free)
    _, answers, _ = log_likelihood(free, query_arrays(arrays, fit.layout, queries))
    return [float(value) for value in answers.std(axis=0)]
