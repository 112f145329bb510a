"""Noise: the distribution of a row around its expected value, and the parts of its sd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special, stats

from headcount.simulation.expected_values import earlier_of, log_seen, subject_of, whole_of
from headcount.simulation.required_values import stated
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
"""Value of ``tails`` of a source kind to the standard distribution F, symmetric around 0."""

DEFAULT_RANGE_MASS: Final = 0.9
"""Probability inside a stated range whose row does not say."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


@dataclass(frozen=True)
class Noise:
    """How the logarithm of what a source states lies around what is expected.

    Parameters
    ----------
    expected
        Log expected value.
    sd
        The source's own part of the sd; each method takes the row's other parts, which add in
        squares.
    tails
        F, standard and symmetric around 0.
    """

    expected: float
    sd: float
    tails: Any

    def log_density(self, x: float, *others: float) -> float:
        """Return the log density of the logarithm of a statement."""
        sd = root_sum_squares(self.sd, *others)
        return float(self.tails.logpdf((x - self.expected) / sd) - np.log(sd))

    def log_below(self, bound: float) -> float:
        """Return the log probability of a count below a bound, where the Poisson part is taken."""
        return float(self.tails.logcdf(self._standardised(bound, bound**-0.5)))

    def log_above(self, bound: float) -> float:
        """Return the log probability of a count above a bound, where the Poisson part is taken."""
        return float(self.tails.logsf(self._standardised(bound, bound**-0.5)))

    def log_within(self, low: float, high: float, *others: float) -> float:
        """Return the log probability of a count between two numbers."""
        return log_between(self.tails, *(self._standardised(end, *others) for end in (low, high)))

    def draw(self, rng: np.random.Generator, *others: float) -> float:
        """Draw the logarithm of a statement."""
        return self.at(self.deviate(rng), *others)

    def deviate(self, rng: np.random.Generator) -> float:
        """Draw how many sds a statement lies from what is expected."""
        return float(self.tails.rvs(random_state=rng))

    def at(self, deviate: float, *others: float) -> float:
        """Return the logarithm of a statement that lies so many sds from what is expected."""
        return self.expected + deviate * root_sum_squares(self.sd, *others)

    def _standardised(self, y: float, *others: float) -> float:
        return float((np.log(y) - self.expected) / root_sum_squares(self.sd, *others))


def noise_of_count(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a row that states how many there are."""
    expected = log_seen(subject_of(row, spec), row.source, state, spec)
    return Noise(expected, state.noise_scale[row.source], _tails(row, spec))


def noise_of_growth(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a row that compares two years, each with the error of one."""
    expected = log_seen(subject_of(row, spec), row.source, state, spec)
    expected -= log_seen(earlier_of(row, spec), row.source, state, spec)
    return Noise(expected, float(np.sqrt(2)) * state.noise_scale[row.source], _tails(row, spec))


def noise_of_share(row: Observation, state: State, spec: ModelSpec) -> Noise:
    """Return the noise of a row that compares a part with a whole, which another source may have
    counted.
    """
    expected = log_seen(subject_of(row, spec), row.source, state, spec)
    expected -= log_seen(whole_of(row, spec), row.of_source or row.source, state, spec)
    return Noise(expected, state.noise_scale[row.source], _tails(row, spec))


def interval_se(row: Observation) -> float:
    """Return the relative standard error that gives a soft range its mass.

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
    width = np.log(stated(row, "upper")) - np.log(stated(row, "lower"))
    return float(width / (2 * quantile))


def root_sum_squares(*sds: float) -> float:
    """Return the sd of a sum of independent parts.

    Parameters
    ----------
    *sds
        Their sds.

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
        log(F(high) - F(low)), with its digits wherever the interval lies and however narrow it is.
    """
    if low + high > 0:
        # F near 1 has no digits left to subtract; the mirrored interval has.
        low, high = -high, -low
    outer, inner = tails.logcdf(low), tails.logcdf(high)
    if inner - outer > 1:
        return float(inner + np.log1p(-np.exp(outer - inner)))
    # So narrow that the difference loses digits, and the density so smooth that quadrature does
    # not.
    half = (high - low) / 2
    densities = tails.logpdf((low + high) / 2 + half * NODES)
    return float(np.log(half) + special.logsumexp(densities, b=WEIGHTS))


def _tails(row: Observation, spec: ModelSpec) -> Any:  # noqa: ANN401 - as above
    return TAILS[spec.source_kinds[spec.sources[row.source].kind].tails]
