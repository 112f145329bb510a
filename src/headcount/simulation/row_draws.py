r"""Draws: a new row in the form of each given row, by observation kind.

Each draw follows the distribution that the likelihood assumes, so that simulation-based calibration
tests the model and not a mismatch between a likelihood and a simulator. Three cases need care.

- The variance of a count contains 1/y, the Poisson part at the stated number. Before the draw this
  number is unknown, so the expected value takes its place, and at least 1. The difference is of
  order 1/y: negligible except for small counts. The same holds for flows, for rounded numbers, and
  for shares with a stated base n, where the expected number is at least one of the n. A rounded
  zero is drawn with the relative standard error of its row, which its likelihood does not contain.
- Bounds, ranges of mass 1 and rounding state an event. The possible events are fixed before the
  draw; to draw until the stated event occurs would condition on it twice. A count on the other side
  of a bound changes the kind of the row to the opposite bound. A count outside a range of mass 1
  moves the range to another interval of the same grid on the log scale. A rounded number becomes
  the nearest multiple of the same unit, possibly zero; the row then states its unit, because
  another number has other trailing zeros.
- A source that withholds numbers below a floor publishes the others. So a suppressed row is a count
  that is censored below the floor, and a count that reaches the floor becomes a row of kind
  ``count``. As in the likelihood, the Poisson part of the event is taken at the floor; that of the
  number is taken at the expected value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from headcount.simulation.binomial_rows import draw_successes
from headcount.simulation.required_values import required
from headcount.simulation.rounding_rules import rounding_unit
from headcount.simulation.row_noise import (
    Noise,
    interval_se,
    noise_of_count,
    noise_of_growth,
    noise_of_share,
)
from headcount.simulation.state import State
from headcount.study.observation import Observation
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec

__all__ = ["OBSERVATION_DRAWS", "draw_observations"]

type Draw = Callable[[Observation, State, ModelSpec, np.random.Generator], Observation]

FEWEST: Final = 1.0
"""A smaller draw is stated as zero; the likelihood of a zero is the probability of less than 1."""


def draw_observations(
    spec: ModelSpec, observations: Observations, state: State, rng: np.random.Generator
) -> Observations:
    """Draw the rows that the sources would have stated in place of given rows.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Rows that fit the spec: their sources, areas, times and kinds.
    state
        Latent quantities.
    rng
        Random generator.

    Returns
    -------
    Observations
        A row for each fitted row, in order, without the source's words. Excluded rows are left out.
    """
    rows = (
        replace(
            OBSERVATION_DRAWS[row.kind](row, state, spec, rng),
            as_stated="",
            citation="simulated",
            license="",
            # Equal rows would be dropped as repetitions, so each names the row it replaces.
            notes=f"in place of line {row.line}",
        )
        for row in observations.fitted
    )
    return Observations(tuple(rows), name=f"simulated {observations.name}")


def _count(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a whole number; zero where the drawn count is below one."""
    noise = noise_of_count(row, state, spec)
    y = np.exp(noise.draw(rng, row.relative_se or 0.0, _poisson_sd(noise)))
    return replace(row, value=0.0 if y < FEWEST else float(np.rint(y)))


def _rounded(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a count and round it to the unit of the row."""
    noise, unit = noise_of_count(row, state, spec), rounding_unit(row)
    y = np.exp(noise.draw(rng, row.relative_se or 0.0, _poisson_sd(noise)))
    return replace(row, value=float(unit * np.rint(y / unit)), unit=unit)


def _bound(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a count and return the bound, with the kind that holds for the count."""
    bound = required(row, "value")
    # As in the likelihood, the Poisson part is taken at the bound, so the draw is exact.
    log_y = noise_of_count(row, state, spec).draw(rng, bound**-0.5)
    return replace(row, kind="lower_bound" if log_y > np.log(bound) else "upper_bound")


def _suppressed(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a count and return it, or the suppressed row where it lies below the floor."""
    floor, noise = required(row, "value"), noise_of_count(row, state, spec)
    deviate = noise.deviate(rng)
    if noise.at(deviate, floor**-0.5) < np.log(floor):
        return row
    y = np.rint(np.exp(noise.at(deviate, _poisson_sd(noise))))
    return replace(row, kind="count", value=float(max(y, np.ceil(floor))))


def _range(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a range with the same width on the log scale.

    With mass below 1 its middle is drawn; with mass 1 the interval of the grid that holds a count.
    """
    log_lower, log_upper = np.log([required(row, "lower"), required(row, "upper")])
    noise = noise_of_count(row, state, spec)
    if row.mass != 1:
        middle = noise.draw(rng, interval_se(row), _poisson_sd(noise))
        return _shifted(row, middle - (log_lower + log_upper) / 2)
    log_y = noise.draw(rng, _poisson_sd(noise))
    # The stated interval fixes the grid. A grid around the draw would reveal the count's position.
    width = log_upper - log_lower
    return _shifted(row, width * np.floor((log_y - log_lower) / width))


def _growth(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw the growth over the stated window."""
    return replace(row, value=float(np.expm1(noise_of_growth(row, state, spec).draw(rng))))


def _share(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a share of the stated whole; it can exceed one."""
    noise = noise_of_share(row, state, spec)
    sampling = 0.0 if row.n is None else _sampling_sd(float(np.exp(noise.expected)), row.n)
    return replace(row, value=float(np.exp(noise.draw(rng, sampling))))


def _binomial(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw how many of the n people belong to the scope, or are on the list."""
    return replace(row, value=float(draw_successes(row, state, spec, rng)))


def _poisson_sd(noise: Noise) -> float:
    """Return the Poisson part of the sd of a count before it is drawn."""
    return float(np.exp(-max(noise.expected, np.log(FEWEST)) / 2))


def _sampling_sd(p: float, n: float) -> float:
    p = max(p, FEWEST / n)
    return float(np.sqrt(max(0.0, 1 - p) / (n * p)))


def _shifted(row: Observation, distance: float) -> Observation:
    """Return a range, and its best guess if any, moved by a distance on the log scale."""
    factor = float(np.exp(distance))
    value = None if row.value is None else row.value * factor
    lower, upper = required(row, "lower") * factor, required(row, "upper") * factor
    return replace(row, lower=lower, upper=upper, value=value)


OBSERVATION_DRAWS: Final[dict[str, Draw]] = {
    "count": _count,
    "rounded": _rounded,
    "lower_bound": _bound,
    "upper_bound": _bound,
    "suppressed": _suppressed,
    "range": _range,
    "flow": _count,
    "growth": _growth,
    "share": _share,
    "survey": _binomial,
    "overlap": _binomial,
}
"""Draw of a new row in place of a given one, by observation kind."""
