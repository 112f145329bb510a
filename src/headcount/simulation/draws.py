r"""Draws: new statements in the form of the old ones, by kind.

What is drawn is what the likelihood is about, so that calibration by simulation is about the model and not about a
mismatch between two versions of it. Two kinds of statement need care.

- The sd of a count holds 1/y, the Poisson part at the stated number. Before the draw there is none, so it takes the
  expected value in its place, and 1 where less is expected. The difference is of order 1/y and negligible beyond
  small counts. Shares with a stated base n are treated likewise, and take at least one of the n.
- Bounds and hard ranges state an event. A source whose count falls on the other side of a bound would have made
  the opposite statement about it, so its row changes kind; one whose count falls outside a hard range would have named
  another cell of the same grid. Drawing until the stated event comes true would condition on it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from headcount.observations import Observation, Observations
from headcount.simulation.cells import stated
from headcount.simulation.expectation import log_expected_of_row
from headcount.simulation.noise import interval_se, root_sum_squares, tails_of
from headcount.simulation.state import State
from headcount.simulation.surveys import beta_parameters
from headcount.specs import ModelSpec

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
        A row for each fitted row, in order, in the source's words no more. Excluded rows are left out: they are
        about the real world.
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


def _count(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw a whole number; zero where the source counts fewer than one."""
    y = np.exp(_log_count(row, row.relative_se or 0.0, state, spec, rng))
    return replace(row, value=0.0 if y < FEWEST else float(np.rint(y)))


def _bound(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw on which side of the stated bound the source's count lies."""
    bound = stated(row, "value")
    # The likelihood takes the Poisson part at the bound, which is known here: nothing is approximated.
    sd = root_sum_squares(state.noise_scale[row.source], bound**-0.5)
    log_y = log_expected_of_row(row, state, spec) + sd * _deviate(row, spec, rng)
    return replace(row, kind="lower_bound" if log_y > np.log(bound) else "upper_bound")


def _range(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw the middle of a soft range, or the cell of a hard one, with the log width that was stated."""
    log_lower, log_upper = np.log([stated(row, "lower"), stated(row, "upper")])
    if row.mass != 1:
        middle = _log_count(row, interval_se(row), state, spec, rng)
        return _shifted(row, middle - (log_lower + log_upper) / 2)
    log_y = _log_count(row, 0.0, state, spec, rng)
    # The grid is fixed by the stated interval, which is one of its cells. One laid around the draw would say
    # where in the interval the count was.
    width = log_upper - log_lower
    return _shifted(row, width * np.floor((log_y - log_lower) / width))


def _growth(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw a growth over the stated window."""
    expected = log_expected_of_row(row, state, spec)
    expected -= log_expected_of_row(row, state, spec, year=row.from_year)
    sd = np.sqrt(2) * state.noise_scale[row.source]
    return replace(row, value=float(np.expm1(expected + sd * _deviate(row, spec, rng))))


def _share(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw a share of the stated whole; it may come out above one."""
    whole = log_expected_of_row(row, state, spec, area=row.of_area, scope=row.of_scope)
    expected = log_expected_of_row(row, state, spec) - whole
    sampling = 0.0 if row.n is None else _sampling_sd(float(np.exp(expected)), row.n)
    sd = root_sum_squares(state.noise_scale[row.source], sampling)
    return replace(row, value=float(np.exp(expected + sd * _deviate(row, spec, rng))))


def _survey(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> Observation:
    """Draw how many of the stated number of respondents belong to the scope."""
    propensity = rng.beta(*beta_parameters(row, state, spec))
    return replace(row, value=float(rng.binomial(round(stated(row, "n")), propensity)))


def _log_count(
    row: Observation,
    relative_se: float,
    state: State,
    spec: ModelSpec,
    rng: np.random.Generator,
) -> float:
    """Draw the logarithm of what a source counts, with the Poisson part at the expected value."""
    expected = log_expected_of_row(row, state, spec)
    poisson = np.exp(-max(expected, np.log(FEWEST)) / 2)
    sd = root_sum_squares(state.noise_scale[row.source], relative_se, poisson)
    return expected + sd * _deviate(row, spec, rng)


def _sampling_sd(p: float, n: float) -> float:
    p = max(p, FEWEST / n)
    return float(np.sqrt(max(0.0, 1 - p) / (n * p)))


def _shifted(row: Observation, distance: float) -> Observation:
    """Return a range moved along the log axis, with the best guess where it states one."""
    factor = float(np.exp(distance))
    value = None if row.value is None else row.value * factor
    lower, upper = stated(row, "lower") * factor, stated(row, "upper") * factor
    return replace(row, lower=lower, upper=upper, value=value)


def _deviate(row: Observation, spec: ModelSpec, rng: np.random.Generator) -> float:
    return float(tails_of(row.source, spec).rvs(random_state=rng))


OBSERVATION_DRAWS: Final[dict[str, Draw]] = {
    "count": _count,
    "lower_bound": _bound,
    "upper_bound": _bound,
    "range": _range,
    "growth": _growth,
    "share": _share,
    "survey": _survey,
}
"""Observation kind to the draw of a new row in place of one, given a state."""
