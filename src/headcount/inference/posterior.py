"""From free vectors to the labelled variables of a fit's posterior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from headcount._names import (
    CHAIN,
    CONCENTRATION,
    DRAW,
    LOG_HEADCOUNT,
    LOG_REACH,
    NOISE_SCALE,
    RATIO_ETA,
    RATIO_TREND,
    REGION,
    SCOPE,
    SELECTION,
    SOURCE,
    SURVEY,
    YEAR,
)
from headcount._types import AnyArray, FloatArray
from headcount.engine.arrays import Arrays, assemble
from headcount.engine.density import CONCENTRATION as CONCENTRATION_PART
from headcount.engine.density import ETA, NOISE, SLOPE, evaluate
from headcount.engine.density import SELECTION as SELECTION_PART
from headcount.layout import Layout

__all__ = ["posterior_of"]

PRIOR = "prior"


def posterior_of(layout: Layout, free: FloatArray) -> xr.Dataset:
    """Return the posterior's variables.

    Parameters
    ----------
    layout
        The study.
    free
        Draws of the free vector; dims (chain, draw, free).

    Returns
    -------
    xarray.Dataset
        ``log_headcount`` (region, year), ``ratio_eta`` (scope, region) and ``ratio_trend`` (scope), see
        `headcount.ratios`, ``log_reach`` (source, region),
        ``noise_scale`` (source), ``selection`` and ``concentration`` (poll), and ``parameter`` (prior), the priors'
        quantities in their own units; all after (chain, draw).
    """
    chains, draws, size = free.shape
    arrays = assemble(layout, all_pairs=True)
    headcount, reach, v = evaluate(np.ascontiguousarray(free.reshape(chains * draws, size)), arrays)
    spec = layout.spec
    polls = [i for i, name in enumerate(layout.sources) if spec.sources[name].selection]
    values: dict[str, tuple[tuple[str, ...], AnyArray]] = {
        LOG_HEADCOUNT: ((REGION, YEAR), headcount),
        RATIO_ETA: ((SCOPE, REGION), _part(v, arrays, ETA).reshape(len(v), len(layout.scopes), -1)),
        RATIO_TREND: ((SCOPE,), _part(v, arrays, SLOPE)),
        # Reach is large and needed for summaries only: single precision, 7 digits.
        LOG_REACH: (
            (SOURCE, REGION),
            reach.reshape(-1, len(layout.sources), arrays.shape[0]).astype(np.float32),
        ),
        NOISE_SCALE: ((SOURCE,), np.exp(_part(v, arrays, NOISE))),
        SELECTION: ((SURVEY,), np.exp(_part(v, arrays, SELECTION_PART)[:, polls])),
        CONCENTRATION: ((SURVEY,), np.exp(_part(v, arrays, CONCENTRATION_PART)[:, polls])),
        "parameter": ((PRIOR,), _parameters(layout, free.reshape(chains * draws, size))),
    }
    variables = {
        name: ((CHAIN, DRAW, *dims), array.reshape(chains, draws, *array.shape[1:]))
        for name, (dims, array) in values.items()
        if array.size
    }
    return xr.Dataset(variables, coords=_coords(layout, [layout.sources[i] for i in polls], variables))


def _coords(layout: Layout, polls: list[str], variables: Mapping[str, object]) -> dict[str, object]:
    spec = layout.spec
    labels: dict[str, object] = {
        REGION: list(spec.areas.regions),
        YEAR: list(spec.years.labels),
        SCOPE: list(layout.scopes),
        SOURCE: list(layout.sources),
        PRIOR: list(layout.priors),
    }
    return labels | ({SURVEY: polls} if SELECTION in variables else {})


def _part(v: FloatArray, arrays: Arrays, part: int) -> FloatArray:
    return v[:, arrays.offset[part] : arrays.offset[part + 1]]


def _parameters(layout: Layout, free: FloatArray) -> FloatArray:
    priors = layout.priors.values()
    return np.stack([prior.link.inverse(free[:, i]) for i, prior in enumerate(priors)], axis=1)
