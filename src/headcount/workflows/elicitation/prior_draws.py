"""Draws from all priors of a study together, with headcounts and the statements of sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from headcount._types import FloatArray
from headcount.engine.density.evaluation import evaluate, log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_transfer import draws_from_priors
from headcount.posterior.replication import replicates
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import ModelSpec, SourceSpec

__all__ = ["PriorDraws"]

LARGE_COUNT: Final = 1e9
"""Number that a hypothetical row states, so large that its Poisson noise is negligible."""

PLACEHOLDER: Final = "nobody-in-particular"
"""Source of the one row of a study without rows; its coverage is complete."""


@dataclass(frozen=True, eq=False)
class PriorDraws:
    """Draws from the priors of a study.

    Build them with `PriorDraws.of`.

    Parameters
    ----------
    layout
        The study: its rows, and after them one hypothetical count of the root area in the reference
        year for each source with a level.
    stated_rows
        Number of rows that are no hypothetical ones.
    free
        Draws of the free vector; dims (draw, free).
    log_headcount
        Log of the number of people in the target scope; dims (draw, region, year).
    location, spread
        Location and scale of the likelihood of each row, as
        `headcount.engine.density.evaluation.log_likelihood` returns them; dims (draw, row).
    replicates
        Prior predictive draws of the rows; see `headcount.posterior.replication`. Dims (draw, row).
    """

    layout: Layout
    stated_rows: int
    free: FloatArray
    log_headcount: FloatArray
    location: FloatArray
    spread: FloatArray
    replicates: FloatArray

    @classmethod
    def of(
        cls, spec: ModelSpec, observations: Observations | None, *, draws: int, seed: int
    ) -> PriorDraws:
        """Draw from the priors.

        Parameters
        ----------
        spec
            The declaration.
        observations
            Its rows, if any. Their numbers enter only through the Poisson part of their noise.
        draws
            Number of draws.
        seed
            Seed of the draws.

        Returns
        -------
        PriorDraws
            The draws.
        """
        table = Observations(()) if observations is None else observations
        added = tuple(_hypothetical_rows(spec))
        if not (table.fitted or added):
            spec, added = _with_placeholder(spec)
        layout = Layout.of(spec, replace(table, rows=(*table.fitted, *added)))
        rng, noise_rng = np.random.default_rng(seed).spawn(2)
        free = draws_from_priors(layout, draws, rng)
        arrays = arrays_of(layout)
        log_headcount, _ = evaluate(free, arrays)
        _, location, spread = log_likelihood(free, arrays)
        drawn = replicates(layout, location, spread, noise_rng)
        return cls(layout, len(table.fitted), free, log_headcount, location, spread, drawn)

    @property
    def rows(self) -> tuple[Observation, ...]:
        """All rows, in the order of the last dim of ``location``."""
        return self.layout.observations.fitted

    def log_people(self, area: str) -> FloatArray:
        """Return the log headcount of an area; dims (draw, year)."""
        regions = list(self.layout.spec.areas.regions_of(area))
        return np.asarray(logsumexp(self.log_headcount[:, regions], axis=1))

    @cached_property
    def _ranks(self) -> tuple[tuple[str, ...], FloatArray]:
        paths = tuple(self.layout.priors)
        ranks = stats.rankdata(self.free[:, : len(paths)], axis=0)
        return paths, (ranks - ranks.mean(axis=0)) / ranks.std(axis=0)

    def strongest_prior(
        self, values: FloatArray, among: Callable[[str], bool] = bool
    ) -> tuple[str, float] | None:
        """Return the prior on which a function of the draws depends most.

        Parameters
        ----------
        values
            Value of the function at each draw; dims (draw,).
        among
            Selects paths of priors; all if not given.

        Returns
        -------
        tuple or None
            Path of the prior, and Spearman's rank correlation of its draws with the values or with
            their distance from the median, whichever is larger in absolute value: a standard
            deviation widens a distribution and does not shift it. ``None`` if no path is selected.
        """
        paths, ranks = self._ranks
        chosen = [i for i, path in enumerate(paths) if among(path)]
        if not chosen:
            return None
        ranks = ranks[:, chosen]
        both = (values, np.abs(values - np.median(values)))
        found = [_rank_correlations(ranks, own) for own in both]
        best = int(np.argmax(np.abs(found).max(axis=0)))
        return paths[chosen[best]], float(max((own[best] for own in found), key=abs))


def _rank_correlations(ranks: FloatArray, values: FloatArray) -> FloatArray:
    own = stats.rankdata(values)
    return np.asarray((own - own.mean()) / own.std() @ ranks / len(own))


def _hypothetical_rows(spec: ModelSpec) -> Iterator[Observation]:
    """Yield a count of the root area in the reference year for each source with a level."""
    for name, source in spec.sources.items():
        known = spec.scopes[source.scope].covariate
        if (source.reach is not None or source.anchor) and not known:
            yield _hypothetical_row(spec, name)


def _hypothetical_row(spec: ModelSpec, source: str) -> Observation:
    return Observation(source, spec.areas.root, spec.years.reference, "count", value=LARGE_COUNT)


def _with_placeholder(spec: ModelSpec) -> tuple[ModelSpec, tuple[Observation, ...]]:
    """Return a study with one source and one row more; all latent quantities stay the same."""
    document: dict[str, Any] = spec.document
    kinds = document.setdefault("source_kinds", {})
    kinds[PLACEHOLDER] = {"noise": {"low": 0.01, "high": 0.02}}
    own = SourceSpec(title="Nobody in particular", kind=PLACEHOLDER, scope=spec.target, anchor=True)
    document.setdefault("sources", {})[PLACEHOLDER] = own.model_dump(
        include={"title", "kind", "scope", "anchor"}
    )
    extended = parse_spec(
        document,
        areas=spec.areas,
        covariates=spec.covariate_table,
        name=spec.name,
        prior_set=spec.prior_set,
    )
    return extended, (_hypothetical_row(extended, PLACEHOLDER),)
