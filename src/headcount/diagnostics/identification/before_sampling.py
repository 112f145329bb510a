"""Preflight: the evidence that the answers of a study will depend on, before sampling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from headcount._types import FloatArray
from headcount._wording import rounded_percent
from headcount.diagnostics.identification.precision_shares import Shares, shares_at
from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, SOURCE
from headcount.diagnostics.identification.quotability import IdentificationVerdict, verdicts_of
from headcount.diagnostics.identification.unidentified_directions import (
    Direction,
    find_directions,
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

KIND_LABELS: Final = {SOURCE: "", PRIOR: "prior of ", POOLING: "pooling by "}

NAMED: Final = 3
"""Contributors that a line names."""


@dataclass(frozen=True, eq=False)
class Preflight:
    """The evidence that answers will depend on.

    Parameters
    ----------
    shares
        Shares of precision: of the root's headcount in the last year with data, then of the other
        scopes' there, then of the areas below the root.
    directions
        Changes of levels that leave the likelihood unchanged, the most plausible first.
    anchors
        Sources whose level is declared as known and that have rows.
    """

    shares: Shares
    directions: tuple[Direction, ...]
    anchors: tuple[str, ...]

    @property
    def verdict(self) -> IdentificationVerdict:
        """The verdict to be expected on the root's headcount."""
        return verdicts_of(self.shares)[0]

    def to_frame(self) -> pd.DataFrame:
        """Return one line for each answer.

        ``area, year, scope``; ``factor``: the 90 % interval to be expected runs from the median
        divided by this to the median times this; ``data, pooling, priors``: shares of its
        precision; ``widening``, see `headcount.diagnostics.identification.quotability`;
        ``verdict``; ``anchored_by``: the contributors with the largest shares, priors and pooling
        among them.
        """
        return pd.DataFrame(self._lines())

    def contributions(self) -> pd.DataFrame:
        """Return the share of every contributor in every answer.

        ``area, year, from_year, scope, kind, name, share``, the largest of each answer first.
        """
        return self.shares.contributions()

    def _lines(self) -> Iterator[dict[str, object]]:
        data, pooling, priors = (self.shares.of(kind) for kind in (SOURCE, POOLING, PRIOR))
        verdicts = verdicts_of(self.shares)
        for i, query in enumerate(self.shares.queries):
            first = self.shares.to_frame(i).head(NAMED)
            yield {
                "area": query.area,
                "year": query.year,
                "scope": query.scope,
                "factor": float(np.exp(NINETY * self.shares.sd[i])),
                "data": data[i],
                "pooling": pooling[i],
                "priors": priors[i],
                "widening": float(self.shares.widening[i]),
                "verdict": verdicts[i].name,
                "anchored_by": ", ".join(
                    f"{KIND_LABELS[line.kind]}{line.name} {rounded_percent(line.share)}"
                    for line in first.itertuples(index=False)
                ),
            }

    def __repr__(self) -> str:
        """Return the verdict, the largest contributors of each answer, and the directions."""
        first = self.shares.queries[0]
        lines = [f"<{first.area} {first.year}: {self.verdict}"]
        lines += [
            f"  {line.area} {line.scope}: to a factor {line.factor:.2g}; "
            f"{rounded_percent(line.data)} data; depends on {line.anchored_by}"
            for line in self.to_frame().itertuples(index=False)
        ]
        return "\n".join([*lines, *(f"  {direction}" for direction in self.directions), ">"])


def preflight(study: Study | ModelSpec, observations: Observations | None = None) -> Preflight:
    """Compute before sampling the evidence that the answers of a study will depend on.

    The posterior is approximated as normal around its mode given scales at their prior medians,
    with the Fisher information of each row. The result is an expectation: it depends on the number
    and precision of the statements, and hardly on the stated numbers.

    Parameters
    ----------
    study
        A study, or the spec of one.
    observations
        The rows, where a spec is given.

    Returns
    -------
    Preflight
        Shares of precision, unidentified directions, and the verdict.

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
    queries = list(_queries(layout, _last_observed(layout, np.exp(people[0]))))
    sources = {row.source for row in observations.fitted}
    return Preflight(
        shares_at(mode, arrays, layout, queries),
        tuple(find_directions(arrays, layout, queries[0])),
        tuple(name for name in spec.anchors if name in sources),
    )


def _queries(layout: Layout, last: int) -> Iterator[Query]:
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
