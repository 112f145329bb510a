"""Expected gain: how much of an answer's variance statements yet to be seen would take away.

Under squared loss the expected value of sample information is ``Var(E[f | y])``: the variance of an
answer f that knowing y is expected to remove. With draws of f and of the y that each draw might
give rise to, ``E[f | y]`` is a regression of f on y [1]_, whatever the model between them.
Statements enter by their normal scores, which know no outliers; the regression is a ridge
regression on polynomials of them, or of their best linear index where they are many. Every
prediction is made by a regression that has not seen the draw, so that nothing is gained by chance.

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

__all__ = ["Gain", "expected_gain"]

FOLDS: Final = 10
"""Stretches of draws that are predicted from the others; neighbours in a chain, which resemble each
other, stay together."""

FEW: Final = 8
"""Up to so many statements, squares, cubes and products of them are looked at; of more, those of
their linear index."""

FLAT: Final = 1e-9
"""Standard deviation of a feature below which it is constant but for rounding."""

PENALTIES: Final = tuple(10.0**k for k in range(-4, 4))
"""Ridge penalties tried, as a part of the number of draws."""


@dataclass(frozen=True)
class Gain:
    """What statements are expected to tell about an answer.

    Parameters
    ----------
    variance
        Of the answer before.
    explained
        The part of it that the statements are expected to remove; about zero, and possibly a little
        below, if they tell nothing.
    se
        Monte Carlo standard error of ``explained``, for independent draws.
    """

    variance: float
    explained: float
    se: float

    @property
    def interval_cut(self) -> float:
        """By which part the answer's interval is expected to become narrower: root mean square, in
        [0, 1].
        """
        part = self.explained / self.variance if self.variance > 0 else 0.0
        return 1 - float(np.sqrt(1 - np.clip(part, 0.0, 1.0)))


def expected_gain(outcome: FloatArray, statements: FloatArray) -> Gain:
    """Estimate how much of an answer's variance statements would remove.

    Parameters
    ----------
    outcome
        Draws of the answer; dims (draw,), in the order of the chains.
    statements
        What might be stated if the draw were the truth, noise included; dims (draw, statement).
        Parameters in the place of statements give the value of knowing them exactly.

    Returns
    -------
    Gain
        By a regression that is cross-validated.

    Raises
    ------
    ValueError
        Where the two have different numbers of draws, too few of them, or something that is not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> answer = rng.normal(size=4000)
    >>> gain = expected_gain(answer, (answer + rng.normal(size=4000))[:, None])
    >>> round(gain.explained / gain.variance, 1)
    0.5
    """
    _check(outcome, statements)
    varying = statements[:, np.ptp(statements, axis=0) > 0]
    centred = outcome - outcome.mean()
    predicted = np.zeros_like(centred)
    if varying.shape[1] and np.ptp(outcome) > 0:
        scores = _normal_scores(varying)
        straight = _predicted(_polynomials(scores) if scores.shape[1] <= FEW else scores, centred)
        bent = _predicted(_powers(_normal_scores(straight[:, None])), centred)
        predicted = min(straight, bent, key=lambda own: float(np.mean((centred - own) ** 2)))
    gained = centred**2 - (centred - predicted) ** 2
    return Gain(
        float(centred.var()), float(gained.mean()), float(gained.std() / np.sqrt(len(gained)))
    )


def _check(outcome: FloatArray, statements: FloatArray) -> None:
    if outcome.ndim != 1 or statements.ndim != 2 or len(outcome) != len(statements):  # noqa: PLR2004 - dims
        msg = f"outcome has dims {outcome.shape} and statements {statements.shape}; expected (draw,) and (draw, statement)"
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
    spread = features.std(axis=0)
    # The square of the score of one of two equally frequent answers is always the same.
    features = (features - features.mean(axis=0))[:, spread > FLAT] / spread[spread > FLAT]
    folds = np.arange(len(outcome)) * FOLDS // len(outcome)
    found = np.zeros((len(PENALTIES), len(outcome)))
    whole, against = features.T @ features, features.T @ outcome
    for fold in range(FOLDS):
        own = folds == fold
        held = features[own]
        values, vectors = np.linalg.eigh(whole - held.T @ held)
        turned, target = held @ vectors, vectors.T @ (against - held.T @ outcome[own])
        for i, penalty in enumerate(PENALTIES):
            found[i, own] = turned @ (target / (np.maximum(values, 0.0) + penalty * len(outcome)))
    errors = np.mean((outcome - found) ** 2, axis=1)
    return np.asarray(found[np.argmin(errors)])
