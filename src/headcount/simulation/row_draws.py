r"""Draws: new statements in the form of the old ones, by kind.

What is drawn is what the likelihood is about, so that calibration by simulation is about the model
and not about a mismatch between two versions of it. Three kinds of statement need care.

- The sd of a count holds 1/y, the Poisson part at the stated number. Before the draw there is none,
  so it takes the expected value in its place, and 1 where less is expected. The difference is of
  order 1/y and negligible beyond small counts. Shares with a stated base n are treated likewise,
  and take at least one of the n. So are flows and rounded numbers; a rounded zero, whose likelihood
  knows no relative standard error, is drawn with the row's.
- Bounds, hard ranges, floors and rounding state an event, and which events there are is fixed
  before the draw: those that the row names, and their complements. Drawing until the stated event
  comes true would condition on it twice. A source whose count falls on the other side of a bound
  would have made the opposite statement about it, so its row changes kind; one whose count falls
  outside a hard range would have named another cell of the same grid; one that rounds would have
  named the nearest multiple of the same unit, zero among them, which is written down, since another
  number has other trailing zeros.
- A source that withholds numbers below a floor publishes the others. So a suppressed row is a count
  that is censored below the floor: a count that reaches it comes as a row of its own kind, with its
  number. The Poisson part of the event is taken at the floor, as the likelihood does, that of the
  number at the expected value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from headcount.simulation.binomial_rows import draw_k
from headcount.simulation.required_values import stated
from headcount.simulation.rounding_rules import unit_of
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
"""A draw below this is stated as zero: the likelihood of a zero is that of "fewer than one"."""


def draw_observations(
    spec: ModelSpec, observations: Observations, state: State, rng: np.random.Generator
) -> Observations:
    """Draw what the sources of a state would have stated in place of given rows.

    Parameters
    ----------
    spec
        The declaration.
    observations
        Rows that fit the spec: who states something about what, and in which form.
    state
        The latent world that is conditioned on.
    rng
        Source of randomness.

    Returns
    -------
    Observations
        A row for each fitted row, in order, in the source's words no more. Excluded rows are left
        out: they are about the real world.
    """
    rows = (
        replace(
            OBSERVATION_DRAWS[row.kind](row, state, spec, rng),
            as_stated="",
            citation="simulated",
            license="",
            # Names the row, so that rows which come out equal are not taken for repetitions of one.
            notes=f"in place of line {row.line}",
        )
        for row in observations.fitted
    )
    return Observations(tuple(rows), name=f"simulated {observations.name}")


def _count(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a whole number; zero where the source counts fewer than one."""
    noise = noise_of_count(row, state, spec)
    y = np.exp(noise.draw(rng, row.relative_se or 0.0, _poisson_sd(noise)))
    return replace(row, value=0.0 if y < FEWEST else float(np.rint(y)))


def _rounded(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw the nearest multiple of the unit."""
    noise, unit = noise_of_count(row, state, spec), unit_of(row)
    y = np.exp(noise.draw(rng, row.relative_se or 0.0, _poisson_sd(noise)))
    return replace(row, value=float(unit * np.rint(y / unit)), unit=unit)


def _bound(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw on which side of the stated bound the source's count lies."""
    bound = stated(row, "value")
    # The likelihood takes the Poisson part at the bound, which is known here: nothing is
    # approximated.
    log_y = noise_of_count(row, state, spec).draw(rng, bound**-0.5)
    return replace(row, kind="lower_bound" if log_y > np.log(bound) else "upper_bound")


def _suppressed(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw whether the source's count lies below the floor, and else the count."""
    floor, noise = stated(row, "value"), noise_of_count(row, state, spec)
    deviate = noise.deviate(rng)
    if noise.at(deviate, floor**-0.5) < np.log(floor):
        return row
    y = np.rint(np.exp(noise.at(deviate, _poisson_sd(noise))))
    return replace(row, kind="count", value=float(max(y, np.ceil(floor))))


def _range(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw the middle of a soft range, or the cell of a hard one, with the log width that was
    stated.
    """
    log_lower, log_upper = np.log([stated(row, "lower"), stated(row, "upper")])
    noise = noise_of_count(row, state, spec)
    if row.mass != 1:
        middle = noise.draw(rng, interval_se(row), _poisson_sd(noise))
        return _shifted(row, middle - (log_lower + log_upper) / 2)
    log_y = noise.draw(rng, _poisson_sd(noise))
    # The grid is fixed by the stated interval, which is one of its cells. One laid around the draw
    # would say where in the interval the count was.
    width = log_upper - log_lower
    return _shifted(row, width * np.floor((log_y - log_lower) / width))


def _growth(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a growth over the stated window."""
    return replace(row, value=float(np.expm1(noise_of_growth(row, state, spec).draw(rng))))


def _share(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw a share of the stated whole; it may come out above one."""
    noise = noise_of_share(row, state, spec)
    sampling = 0.0 if row.n is None else _sampling_sd(float(np.exp(noise.expected)), row.n)
    return replace(row, value=float(np.exp(noise.draw(rng, sampling))))


def _k_of_n(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> Observation:
    """Draw how many of the stated n belong to the scope, or are on the list."""
    return replace(row, value=float(draw_k(row, state, spec, rng)))


def _poisson_sd(noise: Noise) -> float:
    """Return the Poisson part of the sd of a count that is not known yet."""
    return float(np.exp(-max(noise.expected, np.log(FEWEST)) / 2))


def _sampling_sd(p: float, n: float) -> float:
    p = max(p, FEWEST / n)
    return float(np.sqrt(max(0.0, 1 - p) / (n * p)))


def _shifted(row: Observation, distance: float) -> Observation:
    """Return a range moved along the log axis, with the best guess where it states one."""
    factor = float(np.exp(distance))
    value = None if row.value is None else row.value * factor
    lower, upper = stated(row, "lower") * factor, stated(row, "upper") * factor
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
    "survey": _k_of_n,
    "overlap": _k_of_n,
}
"""Observation kind to the draw of a new row in place of one, given a state."""
