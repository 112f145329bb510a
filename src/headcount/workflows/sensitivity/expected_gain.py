"""Expected gain: the part of a quantity's variance that statements are expected to remove.

Under squared loss the expected value of sample information is ``Var(E[f | y])``: the variance of a
quantity f that knowledge of y is expected to remove. With draws of f and of the y that each draw
generates, ``E[f | y]`` is a regression of f on y [1]_, whatever the model between them. Statements
enter by their normal scores, which have no outliers; the regression is a ridge regression on
polynomials of them, or of their best linear index where they are many. Every draw is predicted by a
regression on the other draws, so that chance produces no gain.

References
----------
.. [1] Strong, M., Oakley, J. E., Brennan, A. and Breeze, P. (2015). Estimating the expected value
   of sample information using the probabilistic sensitivity analysis sample: a fast, nonparametric
   regression-based method. Medical Decision Making 35(5), 570-583.
   https://doi.org/10.1177/0272989X15575286
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from scipy import special, stats

from headcount._types import FloatArray

__all__ = ["Gain", "estimate_gain"]

FOLDS: Final = 10
"""Contiguous folds of draws, each predicted from the others: neighbours in a chain are correlated
and stay together."""

MOST_STATEMENTS: Final = 8
"""Up to so many statements enter with squares, cubes and products; of more, only their linear index
does."""

CONSTANT: Final = 1e-9
"""Standard deviation below which a feature is constant but for rounding."""

PENALTIES: Final = tuple(10.0**k for k in range(-4, 4))
"""Ridge penalties, as multiples of the number of draws."""


@dataclass(frozen=True)
class Gain:
    """Expected reduction of a quantity's variance.

    Parameters
    ----------
    variance
        Variance of the quantity before.
    explained
        The part of it that the statements are expected to remove; about zero, and possibly a little
        below, if they carry no information.
    se
        Monte Carlo standard error of ``explained``, for independent draws.
    """

    variance: float
    explained: float
    se: float

    @property
    def interval_cut(self) -> float:
        """Expected relative reduction of the interval's width, root mean square; in [0, 1]."""
        part = self.explained / self.variance if self.variance > 0 else 0.0
        return 1 - float(np.sqrt(1 - np.clip(part, 0.0, 1.0)))


def estimate_gain(outcome: FloatArray, statements: FloatArray) -> Gain:
    """Estimate the part of a quantity's variance that statements would remove.

    Parameters
    ----------
    outcome
        Draws of the quantity; dims (draw,), in the order of the chains.
    statements
        Statements that each draw generates, noise included; dims (draw, statement). Parameters in
        the place of statements give the value of perfect information about them.

    Returns
    -------
    Gain
        By a cross-validated regression.

    Raises
    ------
    ValueError
        If the two have different numbers of draws, too few of them, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> outcome = rng.normal(size=4000)
    >>> gain = estimate_gain(outcome, (outcome + rng.normal(size=4000))[:, None])
    >>> round(gain.explained / gain.variance, 1)
    0.5
    """
    _check(outcome, statements)
    centred = outcome - outcome.mean()
    gained = centred**2 - (centred - _fitted(centred, statements)) ** 2
    se = float(gained.std() / np.sqrt(len(gained)))
    return Gain(float(centred.var()), float(gained.mean()), se)


def _fitted(centred: FloatArray, statements: FloatArray) -> FloatArray:
    """Predict the centred outcome by the better of two regressions; dims (draw,)."""
    varying = statements[:, np.ptp(statements, axis=0) > 0]
    if not varying.shape[1] or np.ptp(centred) == 0:
        return np.zeros_like(centred)
    scores = _normal_scores(varying)
    is_few = scores.shape[1] <= MOST_STATEMENTS
    full = _predicted(_polynomials(scores) if is_few else scores, centred)
    index = _predicted(_powers(_normal_scores(full[:, None])), centred)
    return min(full, index, key=lambda own: float(np.mean((centred - own) ** 2)))


def _check(outcome: FloatArray, statements: FloatArray) -> None:
    if outcome.ndim != 1 or statements.ndim != 2 or len(outcome) != len(statements):  # noqa: PLR2004 - dims
        found = f"outcome has dims {outcome.shape} and statements {statements.shape}"
        msg = f"{found}; expected (draw,) and (draw, statement)"
        raise ValueError(msg)
    if len(outcome) < 2 * FOLDS:
        msg = f"{len(outcome)} draws are too few to regress on; at least {2 * FOLDS}"
        raise ValueError(msg)
    if not (np.isfinite(outcome).all() and np.isfinite(statements).all()):
        msg = "outcome or statements hold values that are not finite"
        raise ValueError(msg)


def _normal_scores(values: FloatArray) -> FloatArray:
    """Return the normal quantiles of the ranks in each column."""
    ranks = stats.rankdata(values, axis=0)
    return np.asarray(special.ndtri((ranks - 3 / 8) / (len(values) + 1 / 4)))


def _powers(scores: FloatArray) -> FloatArray:
    return np.concatenate([scores, scores**2, scores**3], axis=1)


def _polynomials(scores: FloatArray) -> FloatArray:
    """Return first to third powers and products of two; dims (draw, feature)."""
    products = [scores[:, i] * scores[:, j] for i, j in combinations(range(scores.shape[1]), 2)]
    return np.column_stack([_powers(scores), *products])


def _predicted(features: FloatArray, outcome: FloatArray) -> FloatArray:
    """Predict each draw by ridge regressions on the others, with the penalty that predicts best."""
    sd = features.std(axis=0)
    # The squared score of one of two equally frequent values is constant.
    features = (features - features.mean(axis=0))[:, sd > CONSTANT] / sd[sd > CONSTANT]
    folds = np.arange(len(outcome)) * FOLDS // len(outcome)
    found = np.zeros((len(PENALTIES), len(outcome)))
    gram, moments = features.T @ features, features.T @ outcome
    for fold in range(FOLDS):
        own = folds == fold
        held = features[own]
        values, vectors = np.linalg.eigh(gram - held.T @ held)
        rotated, target = held @ vectors, vectors.T @ (moments - held.T @ outcome[own])
        for i, penalty in enumerate(PENALTIES):
            found[i, own] = rotated @ (target / (np.maximum(values, 0.0) + penalty * len(outcome)))
    errors = np.mean((outcome - found) ** 2, axis=1)
    return np.asarray(found[np.argmin(errors)])
