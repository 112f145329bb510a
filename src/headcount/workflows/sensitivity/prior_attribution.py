"""Attributing: which of the priors that differ moves the answer, and by how much.

Two questions, and they have different answers wherever priors work together.

*What would this prior do alone?* Draws are weighted by the ratio of this prior's two densities, with Pareto smoothing [1]_: the
draws of the reference, or those of both fits pooled
(`headcount.workflows.sensitivity.bridge_weights`), whichever gives the smaller Pareto k. Where
neither k is at most 0.7, the ratio is tempered, raised to the largest power at which the
reference's draws can still be trusted, and the rest of the way is gone straight on with the slope
found there, the posterior covariance of the outcome and the log ratio: to first order.

*How much of the whole change is its part?* All priors go from one set to the other together, their log ratios l_j counting
with an exponent t from 0 to 1. On the way the mean of the outcome f changes by

    d/dt E_t f = Cov_t(f, sum_j l_j) = sum_j Cov_t(f, l_j)

so that the integral of Cov_t(f, l_j) over t is the part of prior j: the Aumann-Shapley value [2]_.
Parts add up to the whole.

References
----------
.. [1] Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed
   importance sampling. Journal of Machine Learning Research 25(72), 1-58.
   https://jmlr.org/papers/v25/19-556.html
.. [2] Aumann, R. J. and Shapley, L. S. (1974). Values of non-atomic games. Princeton University
   Press. https://doi.org/10.1515/9781400867080
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from headcount._types import FloatArray
from headcount.workflows.sensitivity.bridge_weights import Bridge, jackknife
from headcount.workflows.sensitivity.predictive_accuracy import TRUSTED_K, smoothed

__all__ = [
    "ATTRIBUTION",
    "FEWEST_EFFECTIVE",
    "METHODS",
    "TOGETHER",
    "WHOLE",
    "Parts",
    "alone",
    "attribution",
    "parts",
]

ATTRIBUTION: Final = (
    "prior_set",
    "prior",
    "alone",
    "alone_mcse",
    "method",
    "pareto_k",
    "part",
    "part_mcse",
)
"""Columns of `attribution`, in order."""

ERRORS: Final = ("alone_mcse", "part_mcse")

METHODS: Final = {
    "re-weighted": "the draws of the reference, weighted by this prior's ratio",
    "both fits": "the draws of both fits, weighted by this prior's ratio",
    "first order": "tempered as far as weights can be trusted, then straight on: rough",
}
"""How a prior's effect alone is found, best first, and in words."""

TOGETHER: Final = "(together)"
WHOLE: Final = "(all)"
"""In the place of a prior: what effects alone leave to acting together, and the whole change."""

FEWEST_EFFECTIVE: Final = 100.0
"""Effective draws that every point on the way between two fits needs for parts to be taken at their
word."""

POWERS: Final = np.linspace(0.95, 0.05, 19)
"""Powers that a ratio is tempered to, the largest first."""


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre nodes and weights on the way from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(16)
    return (places + 1) / 2, weights / 2


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a change, and whether the two fits lie near enough for them to be known.

    Parameters
    ----------
    values, errors
        Part of each prior and its Monte Carlo standard error; dims (prior,).
    ess
        Fewest effective draws at any point on the way.
    """

    values: FloatArray
    errors: FloatArray
    ess: float

    @property
    def are_rough(self) -> bool:
        """Whether the two fits hardly overlap."""
        return self.ess < FEWEST_EFFECTIVE


def attribution(
    name: str, bridge: Bridge, found: Parts, whole: tuple[float, float]
) -> pd.DataFrame:
    """Tabulate what each changed prior does, alone and as a part of the whole.

    Parameters
    ----------
    name
        Of the second prior set.
    bridge
        The draws of both.
    found
        What `parts` returns.
    whole
        Change of the outcome's mean from the first fit to the second, and its Monte Carlo standard
        error.

    Returns
    -------
    pandas.DataFrame
        Columns ``ATTRIBUTION``, the largest part first. ``alone`` and ``part`` are changes of the
        outcome's mean (for the log of a total: log points), each with a Monte Carlo standard error;
        ``method`` is a key of ``METHODS``. Two more lines: ``(together)``, what of the whole change
        is left when the effects alone are added up, and what of it the parts leave, which is Monte
        Carlo error; and ``(all)``, the whole change between the two fits. The standard errors of
        what is left take the others as independent.
    """
    lines: list[dict[str, Any]] = [
        {"prior": path, **alone(bridge, place), "part": part, "part_mcse": error}
        for place, (path, part, error) in enumerate(
            zip(bridge.paths, found.values, found.errors, strict=True)
        )
    ]
    lines.sort(key=lambda line: -abs(line["part"]))
    effects = np.array([(line["alone"], line["part"]) for line in lines]).reshape(-1, 2)
    left = whole[0] - effects.sum(axis=0)
    errors = [
        float(np.sqrt(whole[1] ** 2 + sum(line[name] ** 2 for line in lines))) for name in ERRORS
    ]
    nothing = {"method": "", "pareto_k": np.nan}
    pair = dict(zip(ERRORS, errors, strict=True))
    lines += [
        {"prior": TOGETHER, "alone": left[0], "part": left[1], **pair, **nothing},
        {
            "prior": WHOLE,
            "alone": np.nan,
            "alone_mcse": np.nan,
            "part": whole[0],
            "part_mcse": whole[1],
            **nothing,
        },
    ]
    return pd.DataFrame(lines).assign(prior_set=name)[list(ATTRIBUTION)]


def parts(bridge: Bridge) -> Parts:
    """Share the whole change between two fits out among the priors that differ.

    Parameters
    ----------
    bridge
        The draws of both.

    Returns
    -------
    Parts
        In the order of ``bridge.paths``.

    Notes
    -----
    The integral is a Gauss-Legendre sum of 16 points. With bounded weights it is smooth wherever
    the two fits overlap.
    """
    fewest = min(_effective(bridge.log_weights(float(t))) for t in _nodes()[0])
    return Parts(_integrated(bridge), jackknife(bridge, _integrated), fewest)


def alone(bridge: Bridge, place: int) -> dict[str, object]:
    """Return what a prior would do if only it were changed.

    Parameters
    ----------
    bridge
        The draws of both fits.
    place
        Of the prior in ``bridge.paths``.

    Returns
    -------
    dict
        ``alone``, ``alone_mcse``, ``method``, and ``pareto_k`` of the weights that were used.
    """
    exponents = np.zeros(len(bridge.paths))
    exponents[place] = 1.0
    choices = {"re-weighted": bridge.first, "both fits": bridge}
    ks = {method: _pareto_k(draws.log_weights(exponents)) for method, draws in choices.items()}
    method = min(ks, key=lambda name: ks[name])
    if ks[method] <= TRUSTED_K:
        return _told(method, ks[method], choices[method], lambda own: _change(own, exponents))
    power, k = _tempered(bridge.first, exponents)
    return _told("first order", k, bridge.first, lambda own: _straight_on(own, exponents, power))


def _told(
    method: str, k: float, draws: Bridge, effect: Callable[[Bridge], float]
) -> dict[str, object]:
    error = jackknife(draws, lambda own: np.array([effect(own)]))[0]
    return {"alone": effect(draws), "alone_mcse": float(error), "method": method, "pareto_k": k}


def _change(bridge: Bridge, exponents: FloatArray) -> float:
    """Return how the outcome's mean differs from that under the first set; by the same weights
    without the ratio.
    """
    after, before = smoothed(bridge.log_weights(exponents))[0], smoothed(bridge.log_weights(0.0))[0]
    return float((np.exp(after) - np.exp(before)) @ bridge.outcome)


def _tempered(first: Bridge, exponents: FloatArray) -> tuple[float, float]:
    """Return the largest power to which weights can be trusted, and their Pareto k; 0 if there is
    none.
    """
    for power in POWERS:
        k = _pareto_k(first.log_weights(power * exponents))
        if k <= TRUSTED_K:
            return float(power), k
    return 0.0, -np.inf


def _straight_on(first: Bridge, exponents: FloatArray, power: float) -> float:
    weights = np.exp(smoothed(first.log_weights(power * exponents))[0])
    slope = _covariances(first, weights) @ exponents
    return float(weights @ first.outcome - first.outcome.mean() + (1 - power) * slope)


def _integrated(bridge: Bridge) -> FloatArray:
    """Return the integral of each covariance along the way; dims (prior,)."""
    total = np.zeros(len(bridge.paths))
    for t, step in zip(*_nodes(), strict=True):
        log_weights = bridge.log_weights(float(t))
        total += step * _covariances(bridge, np.exp(log_weights - logsumexp(log_weights)))
    return total


def _covariances(bridge: Bridge, weights: FloatArray) -> FloatArray:
    """Return the covariance of the outcome and each log ratio under weights that sum to 1; dims
    (prior,).
    """
    deviations = weights * (bridge.outcome - weights @ bridge.outcome)
    found: FloatArray = deviations @ bridge.log_ratios
    return found


def _effective(log_weights: FloatArray) -> float:
    return float(np.exp(2 * logsumexp(log_weights) - logsumexp(2 * log_weights)))


def _pareto_k(log_weights: FloatArray) -> float:
    return smoothed(log_weights)[1]
