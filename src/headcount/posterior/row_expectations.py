"""Expected values and log likelihoods of the fitted rows, draw by draw, and the reach of sources.

The engine computes them from the free vectors of a fit; docs/model.md has the symbols.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from scipy import stats

from headcount._names import CHAIN, DRAW, FREE, REGION, ROW, SAMPLE_DIMS, UNCONSTRAINED, YEAR
from headcount._types import FloatArray, SingleArray
from headcount.engine.density.evaluation import evaluate_reach, log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.errors import FitError
from headcount.layout.free_vector import free_labels
from headcount.posterior.fit_memo import once_per_fit
from headcount.posterior.fits import Fit
from headcount.study.row_forms import NORMAL, STUDENT_T, Likelihood

__all__ = ["log_reach", "noise_of", "row_moments"]

NOISE: Final = {STUDENT_T: stats.t(4), NORMAL: stats.norm()}
"""Tails to the standard distribution of the noise."""


def row_moments(fit: Fit, *, thin: int = 1) -> xr.Dataset:
    """Compute location, spread and log likelihood of every fitted row.

    Parameters
    ----------
    fit
        A fit.
    thin
        Keep every thin-th draw of each chain.

    Returns
    -------
    xarray.Dataset
        Dims (chain, draw, row). ``location`` and ``spread``: mean and sd of the row's distribution
        on the natural-log scale (of people, of a growth factor, of a share); for k of n, the log
        odds of one of the n and the concentration. ``log_likelihood``: a density of the logarithm
        for stated numbers, growth and shares, a probability for bounds, intervals and k of n.
        Coordinates of row: ``line`` in the table and ``row_source``.

    Raises
    ------
    FitError
        Where the fit was made by a version of the package with other variables.
    """
    chosen = fit.tree[UNCONSTRAINED][FREE].isel({DRAW: slice(None, None, thin)})
    shape = (chosen.sizes[CHAIN], chosen.sizes[DRAW])
    found = log_likelihood(_free(fit, thin=thin), arrays_of(fit.layout))
    names = ("log_likelihood", "location", "spread")
    rows = fit.observations.fitted
    return xr.Dataset(
        {
            name: ((*SAMPLE_DIMS, ROW), values.reshape(*shape, -1))
            for name, values in zip(names, found, strict=True)
        },
        coords={
            CHAIN: chosen[CHAIN],
            DRAW: chosen[DRAW],
            "line": (ROW, [row.line for row in rows]),
            "row_source": (ROW, [row.source for row in rows]),
        },
    )


def log_reach(fit: Fit, source: str) -> xr.DataArray:
    """Compute the log of the count expected from a source for each person of its scope.

    Parameters
    ----------
    fit
        A fit.
    source
        A source of ``fit.layout.sources``.

    Returns
    -------
    xarray.DataArray
        Draws of the log reach, overcount and errors included; dims (chain, draw, region), with year
        if it varies in time.
    """
    found, spec = _all_reach(fit), fit.spec
    regions, years = len(spec.areas.regions), len(spec.years.labels)
    start = sum(
        _views(fit, name) for name in fit.layout.sources[: fit.layout.sources.index(source)]
    )
    own = found[..., start : start + _views(fit, source)]
    coords: dict[str, Any] = {REGION: list(spec.areas.regions)}
    if not fit.layout.has_yearly_reach(source):
        return xr.DataArray(own, dims=(*SAMPLE_DIMS, REGION), coords=coords)
    own = own.reshape(*own.shape[:2], regions, years)
    return xr.DataArray(
        own, dims=(*SAMPLE_DIMS, REGION, YEAR), coords=coords | {YEAR: list(spec.years.labels)}
    )


def noise_of(likelihood: Likelihood) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
    """Return the standard distribution of the noise of a likelihood that is not binomial."""
    return NOISE[likelihood.tails]


def _views(fit: Fit, source: str) -> int:
    years = len(fit.spec.years.labels) if fit.layout.has_yearly_reach(source) else 1
    return len(fit.spec.areas.regions) * years


@once_per_fit
def _all_reach(fit: Fit) -> SingleArray:
    """Return the log reach of all sources, one after the other; dims (chain, draw, reach point)."""
    found = evaluate_reach(_free(fit), arrays_of(fit.layout, everywhere=True))
    sizes = fit.tree[UNCONSTRAINED][FREE].sizes
    return found.reshape(sizes[CHAIN], sizes[DRAW], -1)


def _free(fit: Fit, *, thin: int = 1) -> FloatArray:
    """Return the free vectors as the engine takes them; dims (draw, free)."""
    free = fit.tree[UNCONSTRAINED][FREE]
    if free["variable"].to_numpy().tolist() != free_labels(fit.layout):
        made = fit.sampling.versions.get("headcount", "?")
        msg = (
            f"the fit was made by headcount {made}, which had other variables. Fit the study again."
        )
        raise FitError(msg)
    values = (
        free.isel({DRAW: slice(None, None, thin)}).transpose(*SAMPLE_DIMS, "variable").to_numpy()
    )
    return np.ascontiguousarray(values.reshape(-1, values.shape[-1]), dtype=np.float64)
