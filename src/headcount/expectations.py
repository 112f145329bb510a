"""Expectations: what each fitted row is expected to state, draw by draw, and how likely what it did state is.

The same arithmetic as `headcount.model` and the compiled engine, in NumPy and from a fit's posterior alone, so that a saved
fit can be checked anywhere. See docs/model.md for the symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import xarray as xr
from scipy import special, stats

from headcount._names import (
    CHAIN,
    CONCENTRATION,
    DRAW,
    LOG_HEADCOUNT,
    LOG_REACH,
    NOISE_SCALE,
    REGION,
    ROW,
    SAMPLE_DIMS,
    SELECTION,
    SOURCE,
    SURVEY,
    YEAR,
)
from headcount._types import FloatArray, IntArray
from headcount.fits import Fit
from headcount.layout import Layout, RowArrays
from headcount.ratios import log_ratio

__all__ = ["noise_of", "row_log_likelihood", "row_moments", "survey_moments"]

STUDENT_T: Final = stats.t(4)
NORMAL: Final = stats.norm()

NEARLY_ZERO: Final = -1e-10
"""Largest log of a survey's expected part: beyond it the part rounds to all and its odds to infinity."""


def row_moments(fit: Fit, *, thin: int = 1) -> xr.Dataset:
    """Compute the expected value of every fitted row, and the spread around it.

    Parameters
    ----------
    fit
        A fit.
    thin
        Keep every thin-th draw of each chain.

    Returns
    -------
    xarray.Dataset
        ``mean`` and ``sd``, dims (chain, draw, row): location and scale of the row's distribution on the natural-log scale
        (of people, of a growth factor, of a share). For a survey, ``mean`` is the log of the expected part before selection and
        ``sd`` is missing; see `survey_moments`. Coordinates of row: ``line`` in the table and ``row_source``.

    Notes
    -----
    Reach is kept in single precision, so values are precise to about 1e-6.
    """
    posterior = _thinned(fit, thin)
    layout = fit.layout
    terms = _terms(posterior, layout)
    mean = terms[..., _of_rows(layout, "part")] - terms[..., _of_rows(layout, "whole")]
    noise = _plain(posterior[NOISE_SCALE], SOURCE)[..., layout.row_source]
    sd = np.sqrt(_of_rows(layout, "noise_factor") * noise**2 + _of_rows(layout, "variance"))
    if "survey" in layout.rows:
        sd[..., layout.rows["survey"].position] = np.nan
    dims = (*SAMPLE_DIMS, ROW)
    return xr.Dataset({"mean": (dims, mean), "sd": (dims, sd)}, coords=_coords(fit, posterior))


def survey_moments(fit: Fit, *, thin: int = 1) -> xr.Dataset:
    """Compute the beta-binomial distribution of every fitted survey row.

    Parameters
    ----------
    fit
        A fit.
    thin
        As in `row_moments`.

    Returns
    -------
    xarray.Dataset
        ``chance`` that a respondent belongs to the scope, selection included, and ``concentration``; dims (chain, draw, row)
        with the survey rows only, in the order of the table; no row at all if there is no survey.
    """
    posterior, layout = _thinned(fit, thin), fit.layout
    rows = layout.rows.get("survey")
    position = np.empty(0, dtype=np.int64) if rows is None else rows.position
    mean = row_moments(fit, thin=thin)["mean"].isel({ROW: position})
    if rows is None:
        return xr.Dataset({"chance": mean, "concentration": mean})
    polls = [layout.sources[source] for source in layout.row_source[position]]
    selection, concentration = (
        _plain(posterior[name].sel({SURVEY: polls}), SURVEY) for name in (SELECTION, CONCENTRATION)
    )
    part = np.minimum(mean, NEARLY_ZERO)
    chance = special.expit(part - np.log(-np.expm1(part)) + np.log(selection))
    return xr.Dataset({"chance": chance, "concentration": mean.copy(data=concentration)})


def row_log_likelihood(fit: Fit, *, thin: int = 1) -> xr.DataArray:
    """Compute the log likelihood of every fitted row.

    Parameters
    ----------
    fit
        A fit.
    thin
        As in `row_moments`.

    Returns
    -------
    xarray.DataArray
        Dims (chain, draw, row); a density of the logarithm for stated numbers, growth and shares, a probability for bounds, hard
        ranges and surveys.
    """
    moments, surveys = row_moments(fit, thin=thin), survey_moments(fit, thin=thin)
    mean, sd = (moments[name].to_numpy() for name in ("mean", "sd"))
    total = np.empty_like(mean)
    for name, rows in fit.layout.rows.items():
        if name == "survey":
            own = _survey_log_probability(rows, surveys)
        else:
            form, noise = name.removesuffix("_normal"), noise_of(name)
            own = LOG_LIKELIHOODS[form](rows, mean[..., rows.position], sd[..., rows.position], noise)
        total[..., rows.position] = own
    return moments["mean"].copy(data=total)


def noise_of(likelihood: str) -> Any:  # noqa: ANN401 - SciPy's frozen distributions have no public type
    """Return the standard distribution of a likelihood's noise, a key of `headcount.layout.LIKELIHOODS`."""
    return NORMAL if likelihood.endswith("_normal") else STUDENT_T


def _stated(rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Any) -> FloatArray:  # noqa: ANN401
    density: FloatArray = noise.logpdf((rows.value - mean) / sd) - np.log(sd)
    return density


def _bound(rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Any) -> FloatArray:  # noqa: ANN401
    probability: FloatArray = noise.logsf(-rows.other * (rows.value - mean) / sd)
    return probability


def _interval(rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Any) -> FloatArray:  # noqa: ANN401
    low, high = (rows.value - mean) / sd, (rows.other - mean) / sd
    # In the tail where both ends are precise: the difference of two numbers near one would lose all digits.
    right = low + high > 0
    near, far = noise.logsf(np.where(right, low, -high)), noise.logsf(np.where(right, high, -low))
    probability: FloatArray = near + np.log(-np.expm1(far - near))
    return probability


LOG_LIKELIHOODS: Final[dict[str, Callable[[RowArrays, FloatArray, FloatArray, Any], FloatArray]]] = {
    "stated": _stated,
    "bound": _bound,
    "interval": _interval,
}
"""Row form, a key of `headcount.row_forms.FORMS`, to its log likelihood; the survey's takes other moments."""


def _survey_log_probability(rows: RowArrays, surveys: xr.Dataset) -> FloatArray:
    chance, weight = surveys["chance"].to_numpy(), surveys["concentration"].to_numpy()
    probability: FloatArray = stats.betabinom.logpmf(
        rows.value, rows.other, weight * chance, weight * (1 - chance)
    )
    return probability


def _thinned(fit: Fit, thin: int) -> xr.Dataset:
    return fit.posterior.isel({DRAW: slice(None, None, thin)})


def _plain(values: xr.DataArray, *dims: str) -> FloatArray:
    array: FloatArray = values.transpose(*SAMPLE_DIMS, *dims).to_numpy()
    return array


def _coords(fit: Fit, posterior: xr.Dataset) -> dict[str, Any]:
    rows = fit.observations.fitted
    return {
        CHAIN: posterior[CHAIN],
        DRAW: posterior[DRAW],
        "line": (ROW, [row.line for row in rows]),
        "row_source": (ROW, [row.source for row in rows]),
    }


def _of_rows(layout: Layout, name: str) -> Any:  # noqa: ANN401 - indices for some fields, numbers for others
    """Return a field of the rows of all forms in the order of the table."""
    parts = layout.rows.values()
    position = np.concatenate([rows.position for rows in parts])
    return np.concatenate([getattr(rows, name) for rows in parts])[np.argsort(position)]


def _terms(posterior: xr.Dataset, layout: Layout) -> FloatArray:
    """Return the log expected values that rows refer to; dims (chain, draw, term)."""
    cells = _cells(posterior, layout)
    single = cells[..., layout.single]
    sums = [
        special.logsumexp(cells[..., members[members >= 0]], axis=-1, keepdims=True)
        for members in layout.multiple
    ]
    known = np.broadcast_to(layout.known, (*cells.shape[:2], len(layout.known)))
    return np.concatenate([single, *sums, known], axis=-1)


def _cells(posterior: xr.Dataset, layout: Layout) -> FloatArray:
    """Return the log expected value of each source for each scope, region and year; dims (chain, draw, cell)."""
    source, scope, region, year = layout.cells.T
    people = _plain(posterior[LOG_HEADCOUNT], REGION, YEAR)[..., region, year]
    reach = _plain(posterior[LOG_REACH], SOURCE, REGION)
    unseen = np.zeros((*reach.shape[:2], 1, reach.shape[-1]), dtype=reach.dtype)
    seen = np.concatenate([reach, unseen], axis=2)[..., source, region]
    cells: FloatArray = people + _log_ratio(posterior, layout, scope, region, year) + seen
    return cells


def _log_ratio(
    posterior: xr.Dataset, layout: Layout, scope: IntArray, region: IntArray, year: IntArray
) -> FloatArray:
    values = np.empty((posterior.sizes[CHAIN], posterior.sizes[DRAW], scope.size))
    for k, name in enumerate(layout.scopes):
        own = scope == k
        ratio = log_ratio(layout.spec, posterior, name)
        if YEAR in ratio.dims:
            values[..., own] = _plain(ratio, REGION, YEAR)[..., region[own], year[own]]
        else:
            values[..., own] = _plain(ratio, REGION)[..., region[own]]
    return values
