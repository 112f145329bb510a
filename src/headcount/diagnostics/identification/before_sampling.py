"""Preflight: what the answers of a study will rest on, before anything is sampled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import FloatArray
from headcount.diagnostics.identification.precision_shares import Shares, shares_at
from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, SOURCE
from headcount.diagnostics.identification.quotability import IdentificationVerdict, verdicts_of
from headcount.diagnostics.identification.unidentified_directions import (
    Direction,
    unseen_directions,
)
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.density.evaluation import evaluate
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import Layout, layout_of
from headcount.posterior.forecasting import forecasts, last_observed_of
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["Preflight", "preflight"]

NINETY: Final = float(stats.norm.ppf(0.95))
"""Standard deviations from the middle to the end of a 90 % interval."""

WORDS: Final = {SOURCE: "", PRIOR: "prior of ", POOLING: "pooling by "}

NAMED: Final = 3
"""Parts of the evidence that a line names."""


@dataclass(frozen=True, eq=False)
class Preflight:
    """What answers will rest on.

    Parameters
    ----------
    shares
        Of the root's headcount in the last year with data, then of the other scopes' there, then of
        the areas below the root.
    directions
        Changes of levels that no statement would notice, the most plausible first.
    anchors
        Sources whose level is declared as known and that have rows.
    """

    shares: Shares
    directions: tuple[Direction, ...]
    anchors: tuple[str, ...]

    @property
    def verdict(self) -> IdentificationVerdict:
        """The verdict that the root's headcount is heading for."""
        return verdicts_of(self.shares)[0]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One line for each answer.

        ``area, year, scope``; ``factor``: the 90 % interval to be expected runs from the median
        divided by this to the median times this; ``data, pooling, priors``: shares of its
        precision; ``widening``, see `headcount.diagnostics.identification.quotability`;
        ``verdict``; ``anchored_by``: the parts of the evidence with the largest shares, priors and
        pooling among them.
        """
        return pd.DataFrame(self._lines())

    def _lines(self) -> Iterator[dict[str, object]]:
        data, pooling, priors = (self.shares.of(kind) for kind in (SOURCE, POOLING, PRIOR))
        verdicts = verdicts_of(self.shares)
        for i, one in enumerate(self.shares.asked):
            first = self.shares.table(i).head(NAMED)
            yield {
                "area": one.area,
                "year": one.year,
                "scope": one.scope,
                "factor": float(np.exp(NINETY * self.shares.sd[i])),
                "data": data[i],
                "pooling": pooling[i],
                "priors": priors[i],
                "widening": float(self.shares.widening[i]),
                "verdict": verdicts[i].name,
                "anchored_by": ", ".join(
                    f"{WORDS[line.kind]}{line.name} {line.share:.0%}"
                    for line in first.itertuples(index=False)
                ),
            }

    def __repr__(self) -> str:
        """Return the verdict, what anchors the levels, and the directions."""
        lines = [f"<{self.shares.asked[0].area} {self.shares.asked[0].year}: {self.verdict}"]
        lines += [
            f"  {line.area} {line.scope}: to a factor {line.factor:.2g}; {line.data:.0%} data; "
            f"rests on {line.anchored_by}"
            for line in self.table.itertuples(index=False)
        ]
        return "\n".join([*lines, *(f"  {direction}" for direction in self.directions), ">"])


def preflight(study: Study | ModelSpec, observations: Observations | None = None) -> Preflight:
    """Say before sampling what a study's answers will rest on.

    The density is taken as normal around its mode given middling scales, with Fisher's information
    of each row, so what comes out is an expectation: it knows which statements there are and how
    precise they are, and next to nothing of what they say.

    Parameters
    ----------
    study
        A study, or the spec of one.
    observations
        The rows, where a spec is given.

    Returns
    -------
    Preflight
        See there.

    Raises
    ------
    StudyError
        Where spec and observations do not fit together.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> hc.preflight(spec, observations).verdict.name
    'rests on data'
    """
    study = Study.of(study, observations)
    spec, observations = study.spec, study.observations
    layout = layout_of(study)
    arrays = arrays_of(layout)
    mode = conditional_mode(arrays, arrays.prior_median)
    people, _ = evaluate(mode[None], arrays)
    asked = list(_answers(layout, _last_observed(layout, np.exp(people[0]))))
    spoken = {row.source for row in observations.fitted}
    return Preflight(
        shares_at(mode, arrays, layout, asked),
        tuple(unseen_directions(arrays, layout, asked[0])),
        tuple(name for name in spec.anchors if name in spoken),
    )


def _answers(layout: Layout, last: int) -> Iterator[Query]:
    spec = layout.spec
    yield from (Query(spec.areas.root, last, scope) for scope in layout.scopes)
    yield from (Query(area, last, spec.target) for area in spec.areas.children(spec.areas.root))


def _last_observed(layout: Layout, people: FloatArray) -> int:
    """Return the last year that is no forecast for the root; people has dims (region, year)."""
    spec = layout.spec
    ahead = forecasts(
        spec, layout.observations, people, list(spec.areas.regions_of(spec.areas.root))
    )
    return last_observed_of(spec, ahead)
