"""k of n: surveys and linkages, whose chance is itself drawn from a beta distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import special

from headcount.simulation.expected_values import log_listed, log_people, subject_of, whole_of
from headcount.simulation.list_overlap import chance_on_second
from headcount.simulation.required_values import stated
from headcount.simulation.state import State
from headcount.study.observation import Observation
from headcount.study.specs import ModelSpec

__all__ = ["BETA_OF", "draw_k", "log_beta_binomial", "log_chance_of_k"]

type Beta = tuple[float, float]

LARGEST_LOG_PART: Final = -1e-10
"""A part that rounds to the whole, or that a straight line draws beyond it, has no odds; so it
stays below."""

LEAST_PARAMETER: Final = 1e-300
"""A beta distribution needs parameters above zero, and kappa q of a chance near e^-700 is not."""


def log_chance_of_k(row: Observation, state: State, spec: ModelSpec) -> float:
    """Compute the log probability that k of n people say yes.

    Parameters
    ----------
    row
        A survey or an overlap.
    state
        The latent world.
    spec
        The declaration.

    Returns
    -------
    float
        Of a beta-binomial distribution.
    """
    k, n = round(stated(row, "value")), round(stated(row, "n"))
    return log_beta_binomial(k, n, *BETA_OF[row.kind](row, state, spec))


def log_beta_binomial(k: int, n: int, yes: float, no: float) -> float:
    """Compute a log probability of the beta-binomial distribution.

    Parameters
    ----------
    k, n
        How many of how many.
    yes, no
        Parameters of the distribution of the chance; above 0.

    Returns
    -------
    float
        With the rising factorials written out, as products over persons: the difference of two
        gamma functions would lose its digits where a parameter is large.
    """
    log_ways = -np.log1p(n) - special.betaln(n - k + 1, k + 1)
    return float(log_ways + _log_rising(yes, k) + _log_rising(no, n - k) - _log_rising(yes + no, n))


def draw_k(row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator) -> int:
    """Draw how many of the stated n people say yes.

    Parameters
    ----------
    row
        A survey or an overlap.
    state
        The latent world.
    spec
        The declaration.
    rng
        Source of randomness.

    Returns
    -------
    int
        From 0 to n.
    """
    return int(
        rng.binomial(round(stated(row, "n")), rng.beta(*BETA_OF[row.kind](row, state, spec)))
    )


def _of_survey(row: Observation, state: State, spec: ModelSpec) -> Beta:
    """Return kappa q and kappa (1 - q): the part in question among all people, its odds times the
    selection.
    """
    own = subject_of(row, spec)
    asked_about = (
        log_listed(own, row.seen_by, state, spec) if row.seen_by else log_people(own, state, spec)
    )
    log_part = _part(asked_about - log_people(whole_of(row, spec), state, spec))
    selection = state.selection[row.source][row.year - spec.years.first]
    log_odds = log_part - np.log(-np.expm1(log_part)) + np.log(selection)
    return _spread(special.expit(log_odds), special.expit(-log_odds), row, state)


def _of_overlap(row: Observation, state: State, spec: ModelSpec) -> Beta:
    """Return kappa p and kappa (1 - p): the part of those on the first list who are on the second."""
    subject, lists = subject_of(row, spec), spec.sources[row.source].lists
    assert lists is not None  # the spec's checks refuse linkages without them
    everybody = log_people(subject, state, spec)
    first, second = (_part(log_listed(subject, name, state, spec) - everybody) for name in lists)
    return _spread(*chance_on_second(first, second, state.dependence[row.source]), row, state)


def _part(log_part: float) -> float:
    return min(log_part, LARGEST_LOG_PART)


def _spread(chance: float, complement: float, row: Observation, state: State) -> Beta:
    kappa = state.concentration[row.source]
    return max(kappa * chance, LEAST_PARAMETER), max(kappa * complement, LEAST_PARAMETER)


def _log_rising(start: float, factors: int) -> float:
    """Return log(start (start + 1) (start + 2) ...)."""
    return float(np.log(start + np.arange(factors)).sum())


BETA_OF: Final[dict[str, Callable[[Observation, State, ModelSpec], Beta]]] = {
    "survey": _of_survey,
    "overlap": _of_overlap,
}
"""Observation kind to the two parameters of the beta distribution that its chance follows."""
