"""How well the posterior predicts each fitted row.

A stated number or a survey has a probability integral transform (PIT): its place in the predictive
distribution, uniform if the model is right. For counts of respondents, which are discrete, a random
number between the two ends of the step makes it uniform. A bound is an event, not a draw: it has
the probability of the event, and no PIT. A hard range has the probability of its side.

The posterior has seen the rows that it predicts, so new rows would be predicted less well.

A row is *outlying* in a draw if its error lies beyond ``BEYOND`` standard deviations of its source;
the part of draws in which it does is the posterior probability of that, after Chaloner and Brant
[1]_. A bound or interval is outlying if its nearer end lies so far from the expected value.

References
----------
.. [1] Chaloner, K. and Brant, R. (1988). A Bayesian approach to outlier detection and residual
   analysis. Biometrika 75(4), 651-659. https://doi.org/10.1093/biomet/75.4.651
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.random import Generator
from scipy import special, stats

from headcount._types import FloatArray
from headcount.layout.row_arrays import RowArrays
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import noise_of
from headcount.study.observation_kinds import kind_of, statement_of

__all__ = ["BEYOND", "RowFits", "row_fits"]

type Scores = dict[str, FloatArray]
type Noise = Any
"""A frozen distribution of SciPy, which has no public type."""

BEYOND: Final = 4.0
"""Standard deviations from the expected value; with Student-t noise one row in sixty gets there by
itself."""

REPEATS: Final = 4
"""Chances drawn for each row of k of n people and draw; they smooth the tails of its beta-binomial
distribution."""


@dataclass(frozen=True, eq=False)
class RowFits:
    """The rows, their predictions and their residuals.

    Parameters
    ----------
    table
        One line for each fitted row, in order: ``line, source, area, year, kind``; ``stated`` in
        words; ``expected``, the posterior median of the expected value, in the row's own unit;
        ``residual``, the posterior median of (stated - expected) / sd on the scale of the
        likelihood; ``pit``; ``tail``, the predictive probability of something as far out, on both
        sides where there are two; ``p_outlying``, the posterior probability that the row is
        outlying. ``residual`` and ``pit`` are missing for bounds and intervals.
    size, replicated
        Absolute standardised residuals of the rows and of replicates drawn from the model; dims
        (draw, row), missing where ``pit`` is.
    """

    table: pd.DataFrame
    size: FloatArray
    replicated: FloatArray


def row_fits(fit: Fit, moments: xr.Dataset) -> RowFits:
    """Predict every fitted row.

    Parameters
    ----------
    fit
        A fit; its seed makes the random parts repeatable.
    moments
        Moments of its rows, by `headcount.posterior.row_expectations.row_moments`, at all draws or
        a thinned set.

    Returns
    -------
    RowFits
        Predictions and residuals.
    """
    location, spread = (_by_draw(moments[name]) for name in ("location", "spread"))
    rng = np.random.default_rng(fit.sampling.seed)
    scores = {
        name: np.full(location.shape[1], np.nan) for name in ("pit", "tail", "part", "p_outlying")
    }
    scores |= {name: np.full(location.shape, np.nan) for name in ("residual", "replicated")}
    for likelihood, rows in fit.layout.rows.items():
        own = location[:, rows.position], spread[:, rows.position]
        if likelihood.is_binomial:
            found = _binomial(rows, *own, rng)
        else:
            found = FORMS[likelihood.form](rows, *own, noise_of(likelihood), rng)
        for key, values in found.items():
            scores[key][..., rows.position] = values
    table = _table(fit, location, scores)
    return RowFits(table, np.abs(scores["residual"]), np.abs(scores["replicated"]))


def _stated(
    rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Noise, rng: Generator
) -> Scores:
    residual = (rows.value - mean) / sd
    below, above = noise.cdf(residual).mean(axis=0), noise.sf(residual).mean(axis=0)
    return {
        "residual": residual,
        "replicated": noise.rvs(size=mean.shape, random_state=rng),
        "pit": below,
        "tail": 2 * np.minimum(below, above),
        "p_outlying": _part_beyond(np.abs(residual)),
    }


def _part_beyond(distance: FloatArray) -> FloatArray:
    part: FloatArray = (distance > BEYOND).mean(axis=0)
    return part


def _bound(rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Noise, _: Generator) -> Scores:
    past = -rows.other * (rows.value - mean) / sd
    return {"tail": noise.sf(past).mean(axis=0), "p_outlying": _part_beyond(past)}


def _interval(
    rows: RowArrays, mean: FloatArray, sd: FloatArray, noise: Noise, _: Generator
) -> Scores:
    low, high = (rows.value - mean) / sd, (rows.other - mean) / sd
    below, above = noise.cdf(high).mean(axis=0), noise.sf(low).mean(axis=0)
    return {
        "tail": np.minimum(1.0, 2 * np.minimum(below, above)),
        "p_outlying": _part_beyond(np.maximum(low, -high)),
    }


FORMS: Final[dict[str, Callable[[RowArrays, FloatArray, FloatArray, Noise, Generator], Scores]]] = {
    "stated": _stated,
    "bound": _bound,
    "interval": _interval,
}
"""Row form, a key of `headcount.study.row_forms.FORMS`, to its scores; k of n people have other
moments."""


def _binomial(rows: RowArrays, log_odds: FloatArray, weight: FloatArray, rng: Generator) -> Scores:
    k, n, chance = rows.value, rows.other, special.expit(log_odds)
    own = rng.beta(weight * chance, weight * (1 - chance), size=(REPEATS, *chance.shape))
    sd = np.sqrt(n * chance * (1 - chance) * (weight + n) / (weight + 1))
    # Binomial probabilities averaged over drawn chances: exact in the binomial part, smooth in the
    # other.
    most, less = (stats.binom.cdf(at, n, own).mean(axis=(0, 1)) for at in (k, k - 1))
    residual = (k - n * chance) / sd
    return {
        "residual": residual,
        "p_outlying": _part_beyond(np.abs(residual)),
        "replicated": (rng.binomial(n.astype(np.int64), own[0]) - n * chance) / sd,
        "pit": less + rng.random(len(rows)) * (most - less),
        "tail": np.minimum(1.0, 2 * np.minimum(most, 1 - less)),
        "part": n * np.median(chance, axis=0),
    }


def _by_draw(values: xr.DataArray) -> FloatArray:
    array: FloatArray = values.to_numpy()
    return array.reshape(-1, array.shape[-1])


def _table(fit: Fit, mean: FloatArray, scores: Scores) -> pd.DataFrame:
    rows = fit.observations.fitted
    middle = np.median(mean, axis=0)
    expected = [
        float(kind_of(row).number.from_scale(at, row)) for row, at in zip(rows, middle, strict=True)
    ]
    names = ("line", "source", "area", "year", "kind")
    labels: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in names}
    labels |= {
        "stated": [statement_of(row) for row in rows],
        "expected": np.where(np.isnan(scores["part"]), expected, scores["part"]),
        "residual": np.median(scores["residual"], axis=0),
    }
    return pd.DataFrame(labels | {name: scores[name] for name in ("pit", "tail", "p_outlying")})
