"""Worlds: draws from all priors of a study together, what they imply for headcounts, and what
sources would state.
"""

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

__all__ = ["Worlds"]

MANY: Final = 1e9
"""What a row that is only asked states; so many that it has no Poisson part to speak of."""

NOBODY: Final = "nobody-in-particular"
"""Source of the one row of a study in which nobody states anything; it sees everybody."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """Worlds drawn from the priors.

    Build them with `Worlds.of`.

    Parameters
    ----------
    layout
        The study: the stated rows, and after them one for each source with a level, which asks it
        about the root area in the reference year.
    stated
        How many rows are stated ones.
    free
        Draws of the free vector from the priors; dims (draw, free).
    log_headcount
        Dims (draw, region, year).
    location, spread
        Of the rows, as `headcount.engine.density.evaluation.log_likelihood` returns them; dims
        (draw, row).
    replicates
        What the rows would state; see `headcount.posterior.replication`. Dims (draw, row).
    """

    layout: Layout
    stated: int
    free: FloatArray
    log_headcount: FloatArray
    location: FloatArray
    spread: FloatArray
    replicates: FloatArray

    @classmethod
    def of(
        cls, spec: ModelSpec, observations: Observations | None, *, draws: int, seed: int
    ) -> Worlds:
        """Draw worlds.

        Parameters
        ----------
        spec
            The declaration.
        observations
            Its rows, whose numbers do not enter but for their Poisson part; may be ``None``.
        draws
            How many.
        seed
            Of all that is random.

        Returns
        -------
        Worlds
            The draws.
        """
        table = Observations(()) if observations is None else observations
        asked = tuple(_asked(spec))
        if not (table.fitted or asked):
            spec, asked = _with_somebody(spec)
        layout = Layout.of(spec, replace(table, rows=(*table.fitted, *asked)))
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

    def most_responsible(
        self, values: FloatArray, among: Callable[[str], bool] = bool
    ) -> tuple[str, float] | None:
        """Return the prior on which something depends most.

        Parameters
        ----------
        values
            What the worlds imply; dims (draw,).
        among
            Which paths are looked at; all if not given.

        Returns
        -------
        tuple
            Path of the prior, and Spearman's rank correlation of its draws with the values, or with
            how far the values lie from their median, whichever is stronger: standard deviations
            widen and do not shift. ``None`` where there is no path to look at.
        """
        paths, ranks = self._ranks
        chosen = [i for i, path in enumerate(paths) if among(path)]
        if not chosen:
            return None
        ranks = ranks[:, chosen]
        found = [
            _rank_correlations(ranks, side) for side in (values, np.abs(values - np.median(values)))
        ]
        strongest = np.abs(found).max(axis=0)
        best = int(np.argmax(strongest))
        signed = max((side[best] for side in found), key=abs)
        return paths[chosen[best]], float(signed)


def _rank_correlations(ranks: FloatArray, values: FloatArray) -> FloatArray:
    own = stats.rankdata(values)
    return np.asarray((own - own.mean()) / own.std() @ ranks / len(own))


def _asked(spec: ModelSpec) -> Iterator[Observation]:
    """Yield a row for each source with a level: how many it would state for the root area in the
    reference year.
    """
    for name, source in spec.sources.items():
        known = spec.scopes[source.scope].covariate
        if (source.reach is not None or source.anchor) and not known:
            yield _question(spec, name)


def _question(spec: ModelSpec, source: str) -> Observation:
    return Observation(source, spec.areas.root, spec.years.reference, "count", value=MANY)


def _with_somebody(spec: ModelSpec) -> tuple[ModelSpec, tuple[Observation, ...]]:
    """Return a study in which somebody states something; what is latent is the same."""
    document: dict[str, Any] = spec.document
    kinds = document.setdefault("source_kinds", {})
    kinds[NOBODY] = {"noise": {"low": 0.01, "high": 0.02}}
    own = SourceSpec(title="Nobody in particular", kind=NOBODY, scope=spec.target, anchor=True)
    document.setdefault("sources", {})[NOBODY] = own.model_dump(
        include={"title", "kind", "scope", "anchor"}
    )
    extended = parse_spec(
        document,
        areas=spec.areas,
        covariates=spec.covariate_table,
        name=spec.name,
        prior_set=spec.prior_set,
    )
    return extended, (_question(extended, NOBODY),)
