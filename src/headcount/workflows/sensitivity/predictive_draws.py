"""Predictions before and after the data: of the total, and of the statements of sources.

Draws from the priors pass through the same compiled code as those of a fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from headcount._names import ROW, SAMPLE_DIMS
from headcount._types import BoolArray, FloatArray
from headcount.engine.density.evaluation import evaluate, log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import Layout
from headcount.posterior.fits import Fit
from headcount.posterior.replication import replicates
from headcount.posterior.row_expectations import row_moments
from headcount.study.row_forms import INTERVAL, STATED

__all__ = [
    "DRAWS",
    "PREDICTED",
    "STAGES",
    "TOTALS",
    "band_quantiles",
    "prediction_table",
    "totals_at",
]

STAGES: Final = ("prior", "posterior")
"""Before the data, and after."""

DRAWS: Final = 1000
"""Number of draws from the priors, and of a fit's draws, from which rows are predicted."""

BAND: Final = ("lower", "inner_lower", "median", "inner_upper", "upper")
"""Quantiles of a band: the inner ones contain 50 %."""

TOTALS: Final = ("prior_set", "stage", "year", *BAND, "prob")
"""Columns of the table of totals."""

PREDICTED: Final = ("prior_set", "stage", "source", "rows", *BAND, "prob", "inside")
"""Columns of the table of predicted statements."""


def band_quantiles(draws: FloatArray, prob: float) -> dict[str, float]:
    """Return the quantiles of a band.

    Parameters
    ----------
    draws
        Any shape; missing values are left out.
    prob
        Probability inside the outer quantiles.

    Returns
    -------
    dict
        ``BAND``, and ``prob``.
    """
    ends = [(1 - prob) / 2, 0.25, 0.5, 0.75, (1 + prob) / 2]
    found = np.nanquantile(draws, ends)
    return {name: float(value) for name, value in zip(BAND, found, strict=True)} | {"prob": prob}


def totals_at(fit: Fit, free: FloatArray) -> FloatArray:
    """Return the root's headcount at free vectors.

    Parameters
    ----------
    fit
        A fit of the study.
    free
        Draws from the priors; dims (draw, free).

    Returns
    -------
    numpy.ndarray
        People, dims (draw, year), for all years of the fit.
    """
    headcount, _ = evaluate(free, arrays_of(fit.layout))
    people: FloatArray = np.exp(logsumexp(headcount, axis=1))
    return people


def prediction_table(fit: Fit, free: FloatArray, *, seed: int, prob: float) -> pd.DataFrame:
    """Compare predictions of each source, before the data and after, with its statements.

    Parameters
    ----------
    fit
        A fit.
    free
        Draws from the priors; dims (draw, free).
    seed
        Seed of the noise.
    prob
        Probability inside the outer quantiles.

    Returns
    -------
    pandas.DataFrame
        Columns ``PREDICTED`` without ``prior_set``; a line for each stage and source. The quantiles
        are of the factor between predicted and stated number, over all rows of the source together:
        1 is the stated number. For growth it is the factor between growth factors, for binomial
        rows between odds; a range counts with its middle. Bounds state no number and are left out,
        and so is a source that states nothing else. ``inside``: fraction of the ``rows`` that lie
        within their own interval.
    """
    stated = _stated(fit.layout)
    has_number = np.isfinite(stated)
    rng = np.random.default_rng(seed)
    thin = max(1, fit.sampling.chains * fit.sampling.draws // DRAWS)
    moments = row_moments(fit, thin=thin).transpose(*SAMPLE_DIMS, ROW)
    after = [_by_draw(moments[name].to_numpy()) for name in ("location", "spread")]
    _, *before = log_likelihood(free, arrays_of(fit.layout))
    lines = []
    for stage, (location, spread) in zip(STAGES, (before, after), strict=True):
        log_factors = replicates(fit.layout, location, spread, rng) - stated
        lines += list(_by_source(fit, stage, log_factors, has_number, prob))
    return pd.DataFrame(lines, columns=list(PREDICTED[1:]))


def _by_source(
    fit: Fit, stage: str, log_factors: FloatArray, has_number: BoolArray, prob: float
) -> Iterator[dict[str, object]]:
    """Yield a line for each source; logs of predicted over stated have dims (draw, row)."""
    tail = (1 - prob) / 2
    for i, source in enumerate(fit.layout.sources):
        own = log_factors[:, (fit.layout.row_source == i) & has_number]
        if own.shape[1] == 0:
            continue
        lower, upper = np.nanquantile(own, [tail, 1 - tail], axis=0)
        inside = float(((lower <= 0) & (upper >= 0)).mean())
        quantiles = band_quantiles(own, prob)
        factors = {name: float(np.exp(quantiles[name])) for name in BAND}
        labels = {"stage": stage, "source": source, "rows": own.shape[1]}
        yield labels | factors | {"prob": prob, "inside": inside}


def _stated(layout: Layout) -> FloatArray:
    """Return stated numbers on the scale of replicates; dims (row,), missing for bounds."""
    found = np.full(len(layout.observations.fitted), np.nan)
    for likelihood, rows in layout.rows.items():
        if likelihood.is_binomial:
            found[rows.position] = np.log((rows.value + 0.5) / (rows.other - rows.value + 0.5))
        elif likelihood.form == INTERVAL:
            found[rows.position] = (rows.value + rows.other) / 2
        elif likelihood.form == STATED:
            found[rows.position] = rows.value
    return found


def _by_draw(values: FloatArray) -> FloatArray:
    return values.reshape(-1, values.shape[-1])
