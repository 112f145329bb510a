"""What the answers of a fit rest on, once data and posterior are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from headcount.diagnostics.identification.precision_shares import Shares, shares_at, shares_over
from headcount.diagnostics.identification.precision_terms import PRIOR, location_information
from headcount.diagnostics.identification.quotability import IdentificationVerdict, verdicts_of
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.errors import HeadcountError
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.estimands import headcount
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed

__all__ = ["RestsOn", "headline_answers", "rests_on"]

POINTS: Final = 24
"""Draws at which the precision is taken apart; shares of single points scatter by some hundredths
around their mean."""


@dataclass(frozen=True, eq=False)
class RestsOn:
    """What answers rest on.

    Parameters
    ----------
    shares
        Share of every prior and source in the precision of every answer.
    sd
        Posterior standard deviation of each answer, from the draws; where it is far from
        ``shares.sd``, the answer is too curved for the shares to be taken at their word; dims
        (answer,).
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

    @cached_property
    def table(self) -> pd.DataFrame:
        """The shares in the long form: ``area, year, from_year, scope, kind, name, share``, the
        largest of each answer first.
        """
        frames = []
        for i, one in enumerate(self.shares.asked):
            own = self.shares.table(i)
            labels = {
                "area": one.area,
                "year": one.year,
                "from_year": one.from_year,
                "scope": one.scope,
            }
            frames.append(own.assign(**labels)[[*labels, "kind", "name", "share"]])
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """One line for each answer.

        Its labels, the shares ``data, pooling, priors``, ``widening``, ``verdict``, the posterior's
        ``sd`` and ``sd_near``, that of the precision that was shared out.
        """
        shares = self.shares
        return pd.DataFrame(
            {
                **{name: [getattr(one, name) for one in shares.asked] for name in Query._fields},
                "data": shares.of("source"),
                "pooling": shares.of("pooling"),
                "priors": shares.of(PRIOR),
                "widening": shares.widening,
                "verdict": [verdict.name for verdict in self.verdicts],
                "sd": self.sd,
                "sd_near": shares.sd,
            }
        )

    def __repr__(self) -> str:
        """Return the verdict and the largest shares of the first answer."""
        first, largest = self.shares.asked[0], self.shares.table().head(8)
        lines = [
            f"  {row.share:6.1%}  {row.kind} {row.name}" for row in largest.itertuples(index=False)
        ]
        return "\n".join([f"<{first.area} {first.year}: {self.verdict}", *lines, ">"])


def rests_on(
    fit: Fit, *, area: str | None = None, year: int | None = None, scope: str | None = None
) -> RestsOn:
    """Say what a headcount rests on: how much of its precision comes from each prior and each
    source.

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
        Shares that add to one, and the verdict. See
        `headcount.diagnostics.identification.precision_shares` for what a share is.

    Raises
    ------
    HeadcountError
        Where area, year or scope is unknown, or the scope is a known population.

    Examples
    --------
    >>> hc.rests_on(fit).verdict.name
    'rests on data'
    """
    spec = fit.spec
    headcount(fit, area=area, scope=scope)  # says what is unknown
    name, place = scope or spec.target, area or spec.areas.root
    if name not in fit.layout.scopes:
        msg = f"scope {name!r} is a known population: it rests on the table of covariates"
        raise HeadcountError(msg)
    when = last_observed(fit, place) if year is None else year
    if when not in spec.years.labels:
        msg = f"unknown year {when}; the model has {spec.years.first} to {spec.years.last}"
        raise HeadcountError(msg)
    return resting(fit, [Query(place, when, name)])


def headline_answers(fit: Fit) -> list[Query]:
    """Return what reports put first: the root's headcount in the last year with data, in the
    reference year, and growth.

    Then the headcounts of the areas right below the root.
    """
    spec, last = fit.spec, last_observed(fit, fit.spec.areas.root)
    root, target, reference = spec.areas.root, spec.target, spec.years.reference
    asked = [Query(root, last, target)]
    if reference != last:
        earlier, later = sorted((reference, last))
        asked += [Query(root, reference, target), Query(root, later, target, earlier)]
    return [*asked, *(Query(area, last, target) for area in spec.areas.children(root))]


def resting(fit: Fit, asked: Sequence[Query]) -> RestsOn:
    """Take apart the precision of several answers at once; see `rests_on`."""
    arrays = arrays_of(fit.layout)
    points = np.ascontiguousarray(DrawTransfer.of(fit, POINTS).free)
    information = np.mean([location_information(x, arrays) for x in points], axis=0)
    found = [shares_at(x, arrays, fit.layout, asked, information) for x in points]
    return RestsOn(shares_over(found), tuple(_spread(fit, arrays, asked)))


def _spread(fit: Fit, arrays: StudyArrays, asked: Sequence[Query]) -> list[float]:
    free = np.ascontiguousarray(DrawTransfer.of(fit, 2000).free)
    _, answers, _ = log_likelihood(free, query_arrays(arrays, fit.layout, asked))
    return [float(value) for value in answers.std(axis=0)]
