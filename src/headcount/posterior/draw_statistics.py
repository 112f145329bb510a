"""Statistics of draws: moments, quantiles, effective sample sizes and R-hat of many quantities.

Intervals are equal-tailed. Effective sample sizes and R-hat are the rank-normalised ones of Vehtari
et al. [1]_, equal to ArviZ's; they are computed for all quantities at once, since a study has some
thousands and ArviZ takes them one by one.

References
----------
.. [1] Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
   Rank-normalization, folding, and localization: an improved R-hat for assessing convergence of
   MCMC. Bayesian Analysis 16(2), 667-718. https://doi.org/10.1214/20-BA1221
"""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from scipy import fft, special, stats

from headcount._names import SAMPLE_DIMS
from headcount._types import FloatArray
from headcount.errors import ArgumentError, Problem
from headcount.study.arguments import checked_prob

__all__ = ["ess_and_rhat", "statistics_of", "summarise"]

TAILS: Final = (0.05, 0.95)
"""Quantiles whose effective sample size is the tail's, as in Vehtari et al., for intervals of
every probability."""

FEWEST_DRAWS: Final = 4
"""Below this many draws in a chain, no autocorrelation can be estimated."""

AT_ONCE: Final = 200
"""Quantities diagnosed in one piece: some tens of megabytes of work space at 4,000 draws."""


def summarise(draws: xr.DataArray, *, prob: float = 0.9) -> dict[str, float]:
    """Summarise the draws of one quantity.

    Parameters
    ----------
    draws
        Dims (chain, draw), as the functions of `headcount.posterior.estimands` return them once an
        area and a year are chosen.
    prob
        Probability inside the equal-tailed interval, in (0, 1).

    Returns
    -------
    dict
        ``mean, sd, median, lower, upper, prob, ess_bulk, ess_tail, rhat``, as in `estimates`.

    Raises
    ------
    ArgumentError
        Where prob is not a probability, or draws has other dims.

    Examples
    --------
    >>> row = summarise(hc.headcount(fit).sel(year=2021))
    >>> row["lower"] < row["median"] < row["upper"]
    True
    """
    checked_prob(prob)
    if set(draws.dims) != set(SAMPLE_DIMS):
        problem = f"the dims are {draws.dims}"
        advice = f"Choose one quantity, so that {SAMPLE_DIMS} are left."
        raise ArgumentError([Problem("draws", problem, advice)])
    values = draws.transpose(*SAMPLE_DIMS).to_numpy()[None].astype(np.float64)
    return {name: float(value[0]) for name, value in statistics_of(values, prob).items()}


def statistics_of(draws: FloatArray, prob: float) -> dict[str, FloatArray]:
    """Compute the statistics of many quantities.

    Parameters
    ----------
    draws
        Dims (quantity, chain, draw).
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    dict
        ``mean, sd, median, lower, upper, prob, ess_bulk, ess_tail, rhat``, dims (quantity,).
    """
    ends = [0.5, (1 - prob) / 2, (1 + prob) / 2]
    median, lower, upper = np.quantile(draws, ends, axis=(-2, -1))
    return {
        "mean": draws.mean(axis=(-2, -1)),
        "sd": draws.std(axis=(-2, -1), ddof=1),
        "median": median,
        "lower": lower,
        "upper": upper,
        "prob": np.full(len(draws), prob),
    } | ess_and_rhat(draws)


def ess_and_rhat(draws: FloatArray) -> dict[str, FloatArray]:
    """Compute effective sample sizes and R-hat of many quantities.

    Parameters
    ----------
    draws
        Dims (quantity, chain, draw).

    Returns
    -------
    dict
        ``ess_bulk``, ``ess_tail`` (the smaller one of the 5 % and the 95 % quantile) and ``rhat``,
        dims (quantity,); missing where a chain has fewer than four draws. A quantity that does not
        vary has as many effective draws as draws and no R-hat.
    """
    parts = [_ess_and_rhat(draws[i : i + AT_ONCE]) for i in range(0, len(draws), AT_ONCE)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _ess_and_rhat(draws: FloatArray) -> dict[str, FloatArray]:
    count, _, length = draws.shape
    if length < FEWEST_DRAWS:
        missing = np.full(count, np.nan)
        return {"ess_bulk": missing, "ess_tail": missing, "rhat": missing}
    halves = _split(draws)
    middle = np.median(halves, axis=(-2, -1), keepdims=True)
    bulk, folded = _normal_scores(halves), _normal_scores(np.abs(halves - middle))
    ends = np.quantile(draws, TAILS, axis=(-2, -1))[..., None, None]
    tails = [_effective_size(_split((draws <= end).astype(np.float64))) for end in ends]
    return {
        "ess_bulk": _effective_size(bulk),
        "ess_tail": np.minimum(*tails),
        "rhat": np.maximum(_potential_scale_reduction(bulk), _potential_scale_reduction(folded)),
    }


def _split(draws: FloatArray) -> FloatArray:
    """Return the halves of chains as chains; the middle draw of an odd number is left out."""
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=-2)


def _normal_scores(draws: FloatArray) -> FloatArray:
    """Return the normal quantiles of the ranks over all chains, by Blom's approximation."""
    flat = draws.reshape(len(draws), -1)
    ranks = stats.rankdata(flat, axis=1)
    scores: FloatArray = special.ndtri((ranks - 3 / 8) / (flat.shape[1] + 1 / 4))
    return scores.reshape(draws.shape)


def _potential_scale_reduction(draws: FloatArray) -> FloatArray:
    length = draws.shape[-1]
    within = draws.var(axis=-1, ddof=1).mean(axis=-1)
    between = length * draws.mean(axis=-1).var(axis=-1, ddof=1)
    ratio_of = np.divide(between, within, out=np.full_like(within, np.nan), where=within > 0)
    value: FloatArray = np.sqrt((ratio_of + length - 1) / length)
    return value


def _effective_size(draws: FloatArray) -> FloatArray:
    """Return effective sample sizes by Geyer's initial monotone sequence.

    Parameters
    ----------
    draws
        Dims (quantity, chain, draw).
    """
    count, chains, length = draws.shape
    covariance = _autocovariance(draws).mean(axis=1)
    within = covariance[:, :1] * length / (length - 1)
    total = covariance[:, :1] + (
        draws.mean(axis=-1).var(axis=-1, ddof=1)[:, None] if chains > 1 else 0.0
    )
    varies = np.ptp(draws.reshape(count, -1), axis=1) > np.finfo(np.float64).resolution
    total[~varies] = 1.0
    correlation = 1 - (within - covariance) / total
    correlation[:, 0] = 1.0
    tau = _autocorrelation_time(correlation)
    size = chains * length
    effective: FloatArray = np.where(varies, size / np.maximum(tau, 1 / np.log10(size)), size)
    return effective


def _autocovariance(draws: FloatArray) -> FloatArray:
    length = draws.shape[-1]
    padded = fft.next_fast_len(2 * length, real=True)
    spectrum = fft.rfft(draws - draws.mean(axis=-1, keepdims=True), padded, axis=-1)
    power = np.abs(spectrum) ** 2
    value: FloatArray = fft.irfft(power, padded, axis=-1)[..., :length] / length
    return value


def _autocorrelation_time(correlation: FloatArray) -> FloatArray:
    """Sum autocorrelations while sums of neighbours are positive, made monotone.

    The argument has dims (quantity, lag). The even lag after the last positive pair counts once if
    it is positive, as in Stan and ArviZ: it improves antithetic chains.
    """
    pairs = max(-(-(correlation.shape[1] - 4) // 2), 0) + 1
    sums = correlation[:, 0 : 2 * pairs : 2] + correlation[:, 1 : 2 * pairs : 2]
    ended = np.concatenate([sums[:, :-1] <= 0, np.ones((len(sums), 1), dtype=bool)], axis=1)
    last = ended.argmax(axis=1)
    monotone = np.minimum.accumulate(sums, axis=1)
    before = np.arange(pairs) < last[:, None]
    after = np.take_along_axis(correlation, 2 * last[:, None], axis=1)[:, 0]
    tau: FloatArray = -1 + 2 * (monotone * before).sum(axis=1) + np.maximum(after, 0.0)
    return tau
