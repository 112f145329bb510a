"""Noise: the distribution of a row around its expected value, on the log scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special, stats

from headcount.simulation.expected_values import earlier_of, log_stated, subject_of, whole_of
from headcount.simulation.required_values import required
from headcount.simulation.state import State
from headcount.study.observation import Observation
from headcount.study.specs import ModelSpec

__all__ = [
    "TAILS",
    "Noise",
    "interval_se",
    "log_between",
    "noise_of_count",
    "noise_of_growth",
    "noise_of_share",
    "root_sum_squares",
]

TAILS: Final[dict[str, Any]] = {"student_t": stats.t(4), "normal": stats.norm()}
"""Standard distribution F, symmetric around 0, by the ``tails`` of a source kind."""

DEFAULT_RANGE_MASS: Final = 0.9
"""Probability inside a stated range whose row states no mass."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True)
class Noise:
    """Distribution of the logarithm of a stated number.

    Parameters
    ----------
    expected
        Log expected value.
    sd
        Noise sd of the source. The methods take further sds of the row, added in quadrature.
    tails
        Standard distribution F, symmetric around 0.
    """

    expected: float
    sd: float
    tails: Any

    def log_density(self, x: float, *others: float) -> float:
        """Return the log density at the logarithm of a stated number."""
        sd = root_sum_squares(self.sd, *others)
        return float(self.tails.logpdf((x - self.expected) / sd) - np.log(sd))

    def log_below(self, bound: float) -> float:
        """Return the log probability of a count below a bound; Poisson part at the bound."""
        return float(self.tails.logcdf(self._standardised(bound, bound**-0.5)))

    def log_above(self, bound: float) -> float:
        """Return the log probability of a count above a bound; Poisson part at the bound."""
        return float(self.tails.logsf(self._standardised(bound, bound**-0.5)))

    def log_within(self, low: float, high: float, *others: float) -> float:
        """Return the log probability of a count between two numbers."""
        return log_between(self.tails, *(self._standardised(end, *others) for end in (low, high)))

    def draw(self, rng: np.random.Generator, *others: float) -> float:
        """Draw the logarithm of a number."""
        return self.at(self.deviate(rng), *others)

    def deviate(self, rng: np.random.Generator) -> float:
        """Draw a standardised deviation from the expected value."""
        return float(self.tails.rvs(random_state=rng))

    def at(self, deviate: float, *others: float) -> float:
        """Return the logarithm of a number with this standardised deviation."""
        return self.expected + deviate * root_sum_squares(self.sd, *others)

    def _standardised(self, y: float, *others: float) -> float:
        return float((np.log(y) - self.expected) / root_sum_squares(self.sd, *others))


def noise_of_count(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a row that states a number of people."""
    expected = log_stated(subject_of(row, spec), row.source, state, spec)
    return Noise(expected, state.noise_scale[row.source], _tails(row, spec))


def noise_of_growth(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a growth row: two numbers with independent errors."""
    expected = log_stated(subject_of(row, spec), row.source, state, spec)
    expected -= log_stated(earlier_of(row, spec), row.source, state, spec)
    return Noise(expected, float(np.sqrt(2)) * state.noise_scale[row.source], _tails(row, spec))


def noise_of_share(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a share row; the whole may be another source's."""
    expected = log_stated(subject_of(row, spec), row.source, state, spec)
    expected -= log_stated(whole_of(row, spec), row.of_source or row.source, state, spec)
    return Noise(expected, state.noise_scale[row.source], _tails(row, spec))


def interval_se(row: Observation) -> float:
    """Return the relative standard error at which a range contains its mass.

    Parameters
    ----------
    row
        A range with mass below 1.

    Returns
    -------
    float
        Half the width on the log scale over the standard normal quantile of (1 + mass) / 2.
    """
    mass = DEFAULT_RANGE_MASS if row.mass is None else row.mass
    quantile = stats.norm.ppf((1 + mass) / 2)
    width = np.log(required(row, "upper")) - np.log(required(row, "lower"))
    return float(width / (2 * quantile))


def root_sum_squares(*sds: float) -> float:
    """Return the sd of a sum of independent terms.

    Parameters
    ----------
    *sds
        Sd of each term.

    Returns
    -------
    float
        Square root of the sum of squares.
    """
    return float(np.sqrt(np.sum(np.square(sds))))


def log_between(tails: Any, low: float, high: float) -> float:  # noqa: ANN401 - SciPy's have no public type
    """Return the log probability of an interval.

    Parameters
    ----------
    tails
        F, symmetric around 0.
    low, high
        Ends, in sds from the centre.

    Returns
    -------
    float
        log(F(high) - F(low)), to full precision in the tails and for narrow intervals.
    """
    if low + high > 0:
        # Differences of F near 1 lose digits; those of the mirrored interval do not.
        low, high = -high, -low
    outer, inner = tails.logcdf(low), tails.logcdf(high)
    if inner - outer > 1:
        return float(inner + np.log1p(-np.exp(outer - inner)))
    # The difference would lose digits; quadrature of the density over a narrow interval does not.
    half = (high - low) / 2
    densities = tails.logpdf((low + high) / 2 + half * NODES)
    return float(np.log(half) + special.logsumexp(densities, b=WEIGHTS))


def _tails(row: Observation, spec: ModelSpec) -> Any:  # noqa: ANN401 - as above
    return TAILS[spec.source_kinds[spec.sources[row.source].kind].tails]
