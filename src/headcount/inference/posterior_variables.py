"""From free vectors to the labelled variables of a fit's posterior."""

from __future__ import annotations

import numpy as np
import xarray as xr

from headcount._names import (
    CHAIN,
    DRAW,
    FREE,
    LOG_HEADCOUNT,
    NOISE_SCALE,
    RATIO_ETA,
    RATIO_TREND,
    REGION,
    SCOPE,
    SOURCE,
    YEAR,
)
from headcount._types import AnyArray, FloatArray
from headcount.engine.density import codes
from headcount.engine.density.evaluation import evaluate
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.layout.free_vector import free_labels, segments_of
from headcount.layout.study_layout import Layout

__all__ = ["free_vectors", "posterior_of"]

PRIOR = "prior"
SHRUNK = "shrunk_covariate"


def posterior_of(layout: Layout, free: FloatArray) -> xr.Dataset:
    """Return the variables of the posterior, computed from draws of the free vector.

    Parameters
    ----------
    layout
        The study.
    free
        Draws of the free vector; dims (chain, draw, free).

    Returns
    -------
    xarray.Dataset
        ``log_headcount`` (region, year), ``ratio_eta`` (scope, region) and ``ratio_trend`` (scope),
        see `headcount.layout.scope_ratios`, ``noise_scale`` (source), ``parameter`` (prior), the
        priors' quantities in their own units, and ``shrunk_coefficient`` (shrunk_covariate); all
        after (chain, draw).
    """
    chains, draws, size = free.shape
    flat = np.ascontiguousarray(free.reshape(chains * draws, size))
    arrays = arrays_of(layout)
    headcount, predictor = evaluate(flat, arrays)
    values: dict[str, tuple[tuple[str, ...], AnyArray]] = {
        LOG_HEADCOUNT: ((REGION, YEAR), headcount),
        RATIO_ETA: ((SCOPE, REGION), _ratio_eta(predictor, arrays, layout)),
        RATIO_TREND: ((SCOPE,), _part(predictor, arrays, codes.RATIO_TREND)),
        NOISE_SCALE: ((SOURCE,), np.exp(_part(predictor, arrays, codes.LOG_NOISE))),
        "parameter": ((PRIOR,), _parameters(layout, flat)),
        "shrunk_coefficient": ((SHRUNK,), _shrunk_coefficients(layout, flat)),
    }
    variables = {
        name: ((CHAIN, DRAW, *dims), array.reshape(chains, draws, *array.shape[1:]))
        for name, (dims, array) in values.items()
        if array.size
    }
    return xr.Dataset(variables, coords=_coords(layout))


def free_vectors(layout: Layout, free: FloatArray) -> xr.Dataset:
    """Return the free vectors with labels; all else about a draw can be computed from them.

    Parameters
    ----------
    layout
        The study.
    free
        Draws of the free vector; dims (chain, draw, free).

    Returns
    -------
    xarray.Dataset
        ``free`` in single precision (7 digits), labelled by segment and index.
    """
    return xr.Dataset(
        {FREE: ((CHAIN, DRAW, "variable"), free.astype(np.float32))},
        coords={"variable": free_labels(layout)},
    )


def _coords(layout: Layout) -> dict[str, object]:
    spec = layout.spec
    labels: dict[str, object] = {
        REGION: list(spec.areas.regions),
        YEAR: list(spec.years.labels),
        SCOPE: list(layout.scopes),
        SOURCE: list(layout.sources),
        PRIOR: list(layout.priors),
    }
    return labels | ({SHRUNK: list(spec.shrunk_covariates)} if spec.shrunk_covariates else {})


def _part(predictor: FloatArray, arrays: StudyArrays, part: int) -> FloatArray:
    return predictor[:, arrays.offset[part] : arrays.offset[part + 1]]


def _ratio_eta(predictor: FloatArray, arrays: StudyArrays, layout: Layout) -> FloatArray:
    eta = _part(predictor, arrays, codes.RATIO_LINK).reshape(len(predictor), len(layout.scopes), -1)
    return eta + arrays.part_log_weight[None, :, None]


def _parameters(layout: Layout, free: FloatArray) -> FloatArray:
    priors = layout.priors.values()
    return np.stack([prior.link.inverse(free[:, i]) for i, prior in enumerate(priors)], axis=1)


def _shrunk_coefficients(layout: Layout, free: FloatArray) -> FloatArray:
    segment = segments_of(layout).get("coefficient_z")
    if segment is None:
        return np.empty((len(free), 0))
    scale = list(layout.priors).index("growth.coefficient_sd")
    return np.asarray(np.exp(free[:, [scale]]) * free[:, segment.slice])
