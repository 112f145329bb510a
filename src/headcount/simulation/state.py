"""A state: one draw of all latent quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from headcount._names import (
    CONCENTRATION,
    LOG_HEADCOUNT,
    LOG_RATIO,
    LOG_REACH,
    NOISE_SCALE,
    REGION,
    SCOPE,
    SELECTION,
    SOURCE,
    STEP,
    YEAR,
)
from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["State"]


@dataclass(frozen=True, eq=False)
class State:
    """All latent quantities that the observations depend on.

    Regions and years are in the order of ``spec.areas.regions`` and ``spec.years.labels``.

    Parameters
    ----------
    log_headcount
        Logarithm of the target's headcount in persons, dims (region, year).
    log_ratio
        Logarithm of the headcount over the target's, by latent scope, dims (region, year); zeros
        for the target.
    known
        Logarithm of the population in persons, by scope with a covariate, dims (region, year).
    log_reach
        Logarithm of the number stated per person of its scope, by source, dims (region, year);
        zeros for surveys and linkages.
    log_bare
        Logarithm of the probability that a person of its scope is on the list, by source with a
        coverage: without overcount, lineage error and shared bias. Dims (region, year).
    noise_scale
        Noise sd on the log scale, by source.
    selection
        Factor on the odds of answering, including breaks, by survey, dims (year,).
    dependence
        Odds ratio of being on both lists, by linkage.
    concentration
        Concentration kappa, by survey or linkage.
    """

    log_headcount: FloatArray
    log_ratio: Mapping[str, FloatArray]
    known: Mapping[str, FloatArray]
    log_reach: Mapping[str, FloatArray]
    log_bare: Mapping[str, FloatArray]
    noise_scale: Mapping[str, float]
    selection: Mapping[str, FloatArray]
    dependence: Mapping[str, float]
    concentration: Mapping[str, float]

    def log_scope(self, scope: str) -> FloatArray:
        """Return the logarithm of the headcount of a scope.

        Parameters
        ----------
        scope
            A latent scope, or one with a covariate.

        Returns
        -------
        numpy.ndarray
            Log persons, dims (region, year).
        """
        if scope in self.known:
            return self.known[scope]
        return self.log_headcount + self.log_ratio[scope]

    def to_dataset(self, spec: ModelSpec) -> xr.Dataset:
        """Return the state with labels, as the true values that a fit should recover.

        Parameters
        ----------
        spec
            The spec that the state was drawn from.

        Returns
        -------
        xarray.Dataset
            ``headcount`` (persons) and ``log_headcount``, dims (region, year); ``growth`` since the
            year before, a fraction, dims (region, step), where the label of a step is the year in
            which it ends; ``log_ratio`` over the target, dims (scope, region, year); ``log_reach``
            and ``log_bare``, dims (source, region, year); ``selection``, dims (source, year);
            ``noise_scale``, ``dependence`` and ``concentration``, dims (source,). NaN for sources
            without the quantity.
        """
        growth = np.expm1(np.diff(self.log_headcount, axis=1))
        seen, years = self.log_headcount.shape, self.log_headcount.shape[1:]
        return xr.Dataset(
            {
                "headcount": ((REGION, YEAR), np.exp(self.log_headcount)),
                "growth": ((REGION, STEP), growth),
                LOG_HEADCOUNT: ((REGION, YEAR), self.log_headcount),
                LOG_RATIO: ((SCOPE, REGION, YEAR), np.stack(list(self.log_ratio.values()))),
                LOG_REACH: ((SOURCE, REGION, YEAR), self._by_source(self.log_reach, seen)),
                "log_bare": ((SOURCE, REGION, YEAR), self._by_source(self.log_bare, seen)),
                NOISE_SCALE: ((SOURCE,), self._by_source(self.noise_scale)),
                SELECTION: ((SOURCE, YEAR), self._by_source(self.selection, years)),
                "dependence": ((SOURCE,), self._by_source(self.dependence)),
                CONCENTRATION: ((SOURCE,), self._by_source(self.concentration)),
            },
            coords={
                REGION: list(spec.areas.regions),
                YEAR: list(spec.years.labels),
                STEP: list(spec.years.labels[1:]),
                SCOPE: list(self.log_ratio),
                SOURCE: list(self.log_reach),
            },
        )

    def _by_source(
        self, values: Mapping[str, float] | Mapping[str, FloatArray], shape: tuple[int, ...] = ()
    ) -> FloatArray:
        missing = np.full(shape, np.nan)
        return np.stack([np.asarray(values.get(source, missing)) for source in self.log_reach])
