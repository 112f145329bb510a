"""Predictive accuracy: expected log predictive density of rows by PSIS-LOO, summed by source.

The expected log predictive density (elpd) of a row is the log density that a fit without the row
gives to it. It is computed from a fit with the row by Pareto-smoothed importance sampling [1]_
[2]_. All likelihoods here are densities of a logarithm, or probabilities, and the row alone decides
which; so the elpd of a row can be compared across priors and specs.

References
----------
.. [1] Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using
   leave-one-out cross-validation and WAIC. Statistics and Computing 27, 1413-1432.
   https://doi.org/10.1007/s11222-016-9696-4
.. [2] Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed
   importance sampling. Journal of Machine Learning Research 25(72), 1-58.
   https://jmlr.org/papers/v25/19-556.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats  # type: ignore[attr-defined]  # no stubs
from scipy.special import logsumexp

from headcount._names import ROW, SAMPLE_DIMS
from headcount._types import FloatArray
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import row_moments

__all__ = ["ELPD", "TRUSTED_K", "elpd_by_source", "log_mean_exp", "loo_by_row", "pareto_smooth"]

TRUSTED_K: Final = 0.7
"""Largest Pareto k with which importance sampling is reliable; see Vehtari et al. (2024)."""

FEWEST_DRAWS: Final = 4
"""Draws per chain below which no autocorrelation can be estimated."""

SHORTEST_TAIL: Final = 5
"""Smallest number of weights from which the shape of a tail is estimated; the tail has a fifth of
the draws, or less."""

EQUAL: Final = 1e-6
"""Difference of log weights below which they are equal."""

REMARKS: Final = ("line", "as_stated", "citation", "license", "notes", "excluded")
"""Cells of a row that do not enter its likelihood."""

ELPD: Final = (
    "prior_set",
    "source",
    "rows",
    "elpd",
    "elpd_se",
    "p_loo",
    "k_high",
    "k_max",
    "ess_min",
    "compared",
    "difference",
    "difference_se",
    "trusted",
    "trusted_difference",
    "trusted_difference_se",
)
"""Columns of `elpd_by_source`, in order."""


def loo_by_row(log_likelihood: FloatArray) -> pd.DataFrame:
    """Compute the leave-one-out predictive density of each row.

    Parameters
    ----------
    log_likelihood
        Of each row at each draw; dims (chain, draw, row).

    Returns
    -------
    pandas.DataFrame
        One line per row. ``elpd``: expected log predictive density; ``p_loo``: contribution of the
        row to the effective number of parameters; ``k``: Pareto k of the weights; ``ess``:
        effective draws, of the weights and of the chains together.
    """
    by_row = np.moveaxis(log_likelihood, -1, 0)
    relative = _relative_ess(by_row)
    flat = by_row.reshape(len(by_row), -1)
    lines = [_left_out(own, r_eff) for own, r_eff in zip(flat, relative, strict=True)]
    return pd.DataFrame(lines, columns=["elpd", "p_loo", "k", "ess"])


def elpd_by_source(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """Sum the elpd of rows by source, for several fits, each against the first.

    Parameters
    ----------
    fits
        Name to fit.

    Returns
    -------
    pandas.DataFrame
        Columns ``ELPD``, a line for each fit and source, and before them one for all rows, whose
        ``source`` is empty. ``elpd`` is the sum over ``rows``, with standard error ``elpd_se``;
        ``k_high`` of them have a Pareto k above 0.7, the largest is ``k_max``; ``ess_min`` is the
        smallest number of effective draws of any. ``difference``: elpd less that of the reference
        over the ``compared`` rows that both have, with the standard error of that sum. ``trusted``
        of these have a Pareto k of at most 0.7 in both fits; ``trusted_difference`` is the
        difference over them alone. Standard errors are missing for fewer than two rows.
    """
    found = {name: _by_row(fit) for name, fit in fits.items()}
    reference = next(iter(found.values()))
    lines = []
    for name, table in found.items():
        paired = _paired(table, reference)
        for source in ("", *dict.fromkeys(table["source"])):
            own = table if not source else table[table["source"] == source]
            both = paired if not source else paired[paired["source"] == source]
            lines.append({"prior_set": name, "source": source} | _summed(own) | _differences(both))
    return pd.DataFrame(lines, columns=list(ELPD))


def pareto_smooth(log_weights: FloatArray, r_eff: float = 1.0) -> tuple[FloatArray, float]:
    """Smooth importance weights, and diagnose them.

    Parameters
    ----------
    log_weights
        Log importance weights up to a constant; dims (draw,).
    r_eff
        Effective draws per draw, which determines the length of the smoothed tail.

    Returns
    -------
    tuple
        Logs of weights that sum to 1, dims (draw,), and their Pareto k: minus infinity for weights
        at an upper bound, as those of a mixture may be; infinity for fewer than 25 draws, which are
        too few for a diagnosis.
    """
    log_weights = np.asarray(log_weights, dtype=np.float64)
    tail = int(min(len(log_weights) / 5, 3 * np.sqrt(len(log_weights) / r_eff)))
    largest = np.partition(log_weights, -tail - 1)[-tail - 1 :]
    if tail < SHORTEST_TAIL or np.ptp(largest) < EQUAL:
        k = np.inf if np.ptp(log_weights) > EQUAL and tail < SHORTEST_TAIL else -np.inf
        return log_weights - logsumexp(log_weights), k
    # ArviZ takes the log likelihood that is divided by, hence the sign.
    found, k = array_stats.psislw(-log_weights, r_eff=r_eff)  # type: ignore[no-untyped-call]
    return np.asarray(found - logsumexp(found)), float(k)


def log_mean_exp(values: FloatArray) -> float:
    """Return the logarithm of the mean of exponentials."""
    return float(logsumexp(values) - np.log(values.size))


def _left_out(log_likelihood: FloatArray, r_eff: float) -> tuple[float, float, float, float]:
    log_weights, k = pareto_smooth(-log_likelihood, r_eff)
    elpd = float(logsumexp(log_weights + log_likelihood))
    ess = float(np.exp(-logsumexp(2 * log_weights))) * r_eff
    return elpd, log_mean_exp(log_likelihood) - elpd, k, ess


def _relative_ess(by_row: FloatArray) -> FloatArray:
    """Return effective draws per draw of the mean likelihood, at most 1; dims (row,)."""
    if by_row.shape[-1] < FEWEST_DRAWS:
        return np.ones(len(by_row))
    likelihood = np.exp(by_row - by_row.max(axis=(1, 2), keepdims=True))
    measure: Any = array_stats.ess
    found = np.array([measure(own, method="mean", relative=True) for own in likelihood])
    return np.where(np.isfinite(found), np.minimum(found, 1.0), 1.0)


def _by_row(fit: Fit) -> pd.DataFrame:
    moments = row_moments(fit)["log_likelihood"].transpose(*SAMPLE_DIMS, ROW)
    table = loo_by_row(moments.to_numpy().astype(np.float64))
    table.insert(0, "source", [row.source for row in fit.observations.fitted])
    table.insert(0, "row", _row_names(fit))
    return table


def _row_names(fit: Fit) -> list[str]:
    """Return a name for each fitted row, by which rows of two fits are paired.

    It is the statement itself, with the number of equal statements before it.
    """
    seen: Counter[str] = Counter()
    names = []
    for row in fit.observations.fitted:
        text = repr({name: value for name, value in vars(row).items() if name not in REMARKS})
        names.append(f"{seen[text]} {text}")
        seen[text] += 1
    return names


def _paired(table: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that both tables have, with the difference of elpd and the larger k."""
    both = table.merge(reference[["row", "elpd", "k"]], on="row", suffixes=("", "_reference"))
    return both.assign(
        difference=both["elpd"] - both["elpd_reference"],
        worst=both[["k", "k_reference"]].max(axis=1),
    )


def _summed(own: pd.DataFrame) -> dict[str, float]:
    return {
        "rows": len(own),
        "elpd": float(own["elpd"].sum()),
        "elpd_se": _error_of_sum(own["elpd"]),
        "p_loo": float(own["p_loo"].sum()),
        "k_high": int((own["k"] > TRUSTED_K).sum()),
        "k_max": float(own["k"].max()),
        "ess_min": float(own["ess"].min()),
    }


def _differences(both: pd.DataFrame) -> dict[str, float]:
    trusted = both.loc[both["worst"] <= TRUSTED_K, "difference"]
    return {
        "compared": len(both),
        "difference": _sum(both["difference"]),
        "difference_se": _error_of_sum(both["difference"]),
        "trusted": len(trusted),
        "trusted_difference": _sum(trusted),
        "trusted_difference_se": _error_of_sum(trusted),
    }


def _sum(values: pd.Series) -> float:
    return float(values.sum()) if len(values) else np.nan


def _error_of_sum(values: pd.Series) -> float:
    return float(np.sqrt(len(values) * values.var(ddof=1))) if len(values) > 1 else np.nan
