"""Attribution: which of the priors that differ moves the headcount, and by how much.

Two questions, with different answers wherever priors interact.

*The effect of one prior alone.* Draws are weighted by the ratio of this prior's two densities, with
Pareto smoothing [1]_: the draws of the reference, or those of both fits pooled
(`headcount.workflows.sensitivity.bridge_weights`), whichever gives the smaller Pareto k. Where
neither k is at most 0.7, the ratio is tempered, raised to the largest power at which the
reference's draws are still reliable, and the rest of the effect is extrapolated linearly with the
slope at that power, the posterior covariance of the outcome and the log ratio: to first order.

*Its contribution to the whole change.* All priors change from one set to the other together, their
log ratios l_j counting with an exponent t from 0 to 1. On this path the mean of the outcome f
changes by

    d/dt E_t f = Cov_t(f, sum_j l_j) = sum_j Cov_t(f, l_j)

so that the integral of Cov_t(f, l_j) over t is the contribution of prior j: the Aumann-Shapley
value [2]_. Contributions sum to the whole.

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
from headcount.workflows.sensitivity.predictive_accuracy import TRUSTED_K, pareto_smooth

__all__ = [
    "ATTRIBUTION",
    "FEWEST_EFFECTIVE",
    "METHODS",
    "TOGETHER",
    "WHOLE",
    "Contributions",
    "attribution_table",
    "contributions_of",
    "effect_alone",
]

ATTRIBUTION: Final = (
    "prior_set",
    "prior",
    "alone",
    "alone_mcse",
    "method",
    "pareto_k",
    "contribution",
    "contribution_mcse",
)
"""Columns of `attribution_table`, in order."""

ERRORS: Final = ("alone_mcse", "contribution_mcse")

REWEIGHTED: Final = "re-weighted"
BOTH_FITS: Final = "both fits"
FIRST_ORDER: Final = "first order"

METHODS: Final = {
    REWEIGHTED: "the draws of the reference, weighted by this prior's ratio",
    BOTH_FITS: "the draws of both fits, weighted by this prior's ratio",
    FIRST_ORDER: "tempered as far as weights are reliable, then linear: rough",
}
"""Methods for the effect of one prior alone, best first, and in words."""

TOGETHER: Final = "(together)"
WHOLE: Final = "(all)"
"""In the place of a prior: the interaction beyond effects alone, and the whole change."""

FEWEST_EFFECTIVE: Final = 100.0
"""Effective draws that every point on the path needs for reliable contributions."""

POWERS: Final = np.linspace(0.95, 0.05, 19)
"""Powers to which a ratio is tempered, the largest first."""


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre nodes and weights on [0, 1]."""
    places, weights = np.polynomial.legendre.leggauss(16)
    return (places + 1) / 2, weights / 2


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of priors to a change between two fits.

    Parameters
    ----------
    values, errors
        Contribution of each prior and its Monte Carlo standard error; dims (prior,).
    ess
        Smallest number of effective draws at any point on the path.
    """

    values: FloatArray
    errors: FloatArray
    ess: float

    @property
    def are_rough(self) -> bool:
        """Whether the two posteriors hardly overlap."""
        return self.ess < FEWEST_EFFECTIVE


def attribution_table(
    name: str, bridge: Bridge, found: Contributions, whole: tuple[float, float]
) -> pd.DataFrame:
    """Tabulate the effect of each changed prior, alone and as a contribution to the whole change.

    Parameters
    ----------
    name
        Name of the second prior set.
    bridge
        The draws of both.
    found
        As `contributions_of` returns them.
    whole
        Change of the outcome's mean from the first fit to the second, and its Monte Carlo standard
        error.

    Returns
    -------
    pandas.DataFrame
        Columns ``ATTRIBUTION``, the largest contribution first. ``alone`` and ``contribution`` are
        changes of the outcome's mean (for the log of a total: log points), each with a Monte Carlo
        standard error; ``method`` is a key of ``METHODS``. Two more lines: ``(together)``, the
        whole change less the sum of the effects alone, and less the sum of the contributions, which
        is Monte Carlo error; and ``(all)``, the whole change between the two fits. The standard
        errors of the differences take their terms as independent.
    """
    lines: list[dict[str, Any]] = [
        {
            "prior": path,
            **effect_alone(bridge, place),
            "contribution": value,
            "contribution_mcse": error,
        }
        for place, (path, value, error) in enumerate(
            zip(bridge.paths, found.values, found.errors, strict=True)
        )
    ]
    lines.sort(key=lambda line: -abs(line["contribution"]))
    lines += _summary_lines(lines, whole)
    return pd.DataFrame(lines).assign(prior_set=name)[list(ATTRIBUTION)]


def _summary_lines(lines: list[dict[str, Any]], whole: tuple[float, float]) -> list[dict[str, Any]]:
    """Return the lines ``(together)`` and ``(all)``."""
    effects = np.array([(line["alone"], line["contribution"]) for line in lines]).reshape(-1, 2)
    rest = whole[0] - effects.sum(axis=0)
    errors = {
        name: float(np.sqrt(whole[1] ** 2 + sum(line[name] ** 2 for line in lines)))
        for name in ERRORS
    }
    no_method = {"method": "", "pareto_k": np.nan}
    total = {"contribution": whole[0], "contribution_mcse": whole[1]}
    return [
        {"prior": TOGETHER, "alone": rest[0], "contribution": rest[1], **errors, **no_method},
        {"prior": WHOLE, "alone": np.nan, "alone_mcse": np.nan, **total, **no_method},
    ]


def contributions_of(bridge: Bridge) -> Contributions:
    """Divide the whole change between two fits among the priors that differ.

    Parameters
    ----------
    bridge
        The draws of both.

    Returns
    -------
    Contributions
        In the order of ``bridge.paths``.

    Notes
    -----
    The integral is a Gauss-Legendre sum of 16 points. With bounded weights it is smooth wherever
    the two posteriors overlap.
    """
    fewest = min(_effective(bridge.log_weights(float(t))) for t in _nodes()[0])
    return Contributions(_integrated(bridge), jackknife(bridge, _integrated), fewest)


def effect_alone(bridge: Bridge, place: int) -> dict[str, object]:
    """Return the effect of changing one prior alone.

    Parameters
    ----------
    bridge
        The draws of both fits.
    place
        Position of the prior in ``bridge.paths``.

    Returns
    -------
    dict
        ``alone``, ``alone_mcse``, ``method``, and ``pareto_k`` of the weights that are used.
    """
    exponents = np.zeros(len(bridge.paths))
    exponents[place] = 1.0
    choices = {REWEIGHTED: bridge.first, BOTH_FITS: bridge}
    ks = {method: _pareto_k(draws.log_weights(exponents)) for method, draws in choices.items()}
    method = min(ks, key=lambda name: ks[name])
    if ks[method] <= TRUSTED_K:
        return _line(method, ks[method], choices[method], lambda own: _change(own, exponents))
    power, k = _tempered(bridge.first, exponents)
    return _line(FIRST_ORDER, k, bridge.first, lambda own: _extrapolated(own, exponents, power))


def _line(
    method: str, k: float, draws: Bridge, effect: Callable[[Bridge], float]
) -> dict[str, object]:
    error = jackknife(draws, lambda own: np.array([effect(own)]))[0]
    return {"alone": effect(draws), "alone_mcse": float(error), "method": method, "pareto_k": k}


def _change(bridge: Bridge, exponents: FloatArray) -> float:
    """Return the change of the outcome's mean from the first set, both by weights of the bridge."""
    after = pareto_smooth(bridge.log_weights(exponents))[0]
    before = pareto_smooth(bridge.log_weights(0.0))[0]
    return float((np.exp(after) - np.exp(before)) @ bridge.outcome)


def _tempered(first: Bridge, exponents: FloatArray) -> tuple[float, float]:
    """Return the largest power with reliable weights, and their Pareto k; 0 if there is none."""
    for power in POWERS:
        k = _pareto_k(first.log_weights(power * exponents))
        if k <= TRUSTED_K:
            return float(power), k
    return 0.0, -np.inf


def _extrapolated(first: Bridge, exponents: FloatArray, power: float) -> float:
    weights = np.exp(pareto_smooth(first.log_weights(power * exponents))[0])
    slope = _covariances(first, weights) @ exponents
    return float(weights @ first.outcome - first.outcome.mean() + (1 - power) * slope)


def _integrated(bridge: Bridge) -> FloatArray:
    """Return the integral of each covariance along the path; dims (prior,)."""
    total = np.zeros(len(bridge.paths))
    for t, step in zip(*_nodes(), strict=True):
        log_weights = bridge.log_weights(float(t))
        total += step * _covariances(bridge, np.exp(log_weights - logsumexp(log_weights)))
    return total


def _covariances(bridge: Bridge, weights: FloatArray) -> FloatArray:
    """Return the weighted covariance of the outcome and each log ratio; dims (prior,)."""
    deviations = weights * (bridge.outcome - weights @ bridge.outcome)
    found: FloatArray = deviations @ bridge.log_ratios
    return found


def _effective(log_weights: FloatArray) -> float:
    return float(np.exp(2 * logsumexp(log_weights) - logsumexp(2 * log_weights)))


def _pareto_k(log_weights: FloatArray) -> float:
    return pareto_smooth(log_weights)[1]
