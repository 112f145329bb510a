"""Surveys and linkages: beta-binomial draws and probabilities of k of n people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import special

from headcount.simulation.expected_values import log_listed, log_people, subject_of, whole_of
from headcount.simulation.list_overlap import chance_on_second
from headcount.simulation.required_values import required
from headcount.simulation.state import State
from headcount.study.observation import Observation
from headcount.study.specs import ModelSpec

__all__ = ["BETA_PARAMETERS", "draw_successes", "log_beta_binomial", "log_binomial_density"]

type Beta = tuple[float, float]

LARGEST_LOG_PART: Final = -1e-10
"""Upper limit of the logarithm of a part of a whole, whose odds must be finite. Rounding, or
extrapolation in time, could bring the part up to the whole."""

LEAST_PARAMETER: Final = 1e-300
"""Lower limit of a parameter of the beta distribution; kappa times a probability can underflow."""


def log_binomial_density(row: Observation, state: State, spec: ModelSpec) -> float:
    """Return the log probability of the k of a row, given its n.

    Parameters
    ----------
    row
        A survey or an overlap.
    state
        Latent quantities.
    spec
        The declaration.

    Returns
    -------
    float
        Of a beta-binomial distribution.
    """
    k, n = round(required(row, "value")), round(required(row, "n"))
    return log_beta_binomial(k, n, *BETA_PARAMETERS[row.kind](row, state, spec))


def log_beta_binomial(k: int, n: int, yes: float, no: float) -> float:
    """Return a log probability of the beta-binomial distribution.

    Parameters
    ----------
    k, n
        Number of successes, and of trials.
    yes, no
        Parameters of the beta distribution; above 0.

    Returns
    -------
    float
        From rising factorials, written as products over persons: the difference of two log gamma
        functions would lose digits where a parameter is large.
    """
    log_ways = -np.log1p(n) - special.betaln(n - k + 1, k + 1)
    return float(log_ways + _log_rising(yes, k) + _log_rising(no, n - k) - _log_rising(yes + no, n))


def draw_successes(
    row: Observation, state: State, spec: ModelSpec, rng: np.random.Generator
) -> int:
    """Draw the k of a row, given its n.

    Parameters
    ----------
    row
        A survey or an overlap.
    state
        Latent quantities.
    spec
        The declaration.
    rng
        Random generator.

    Returns
    -------
    int
        From 0 to n.
    """
    return int(
        rng.binomial(
            round(required(row, "n")), rng.beta(*BETA_PARAMETERS[row.kind](row, state, spec))
        )
    )


def _of_survey(row: Observation, state: State, spec: ModelSpec) -> Beta:
    """Return kappa q and kappa (1 - q); the odds of q are those of the part times the selection."""
    own = subject_of(row, spec)
    counted = (
        log_listed(own, row.seen_by, state, spec) if row.seen_by else log_people(own, state, spec)
    )
    log_part = _log_part(counted - log_people(whole_of(row, spec), state, spec))
    selection = state.selection[row.source][row.year - spec.years.first]
    log_odds = log_part - np.log(-np.expm1(log_part)) + np.log(selection)
    return _beta_parameters(special.expit(log_odds), special.expit(-log_odds), row, state)


def _of_overlap(row: Observation, state: State, spec: ModelSpec) -> Beta:
    """Return kappa p and kappa (1 - p), where p is the part of the first list on the second."""
    subject, lists = subject_of(row, spec), spec.sources[row.source].lists
    assert lists is not None  # the checks of a spec refuse linkages without lists
    everybody = log_people(subject, state, spec)
    first, second = (
        _log_part(log_listed(subject, name, state, spec) - everybody) for name in lists
    )
    chances = chance_on_second(first, second, state.dependence[row.source])
    return _beta_parameters(*chances, row, state)


def _log_part(log_part: float) -> float:
    return min(log_part, LARGEST_LOG_PART)


def _beta_parameters(chance: float, complement: float, row: Observation, state: State) -> Beta:
    kappa = state.concentration[row.source]
    return max(kappa * chance, LEAST_PARAMETER), max(kappa * complement, LEAST_PARAMETER)


def _log_rising(start: float, factors: int) -> float:
    """Return log(start (start + 1) (start + 2) ...)."""
    return float(np.log(start + np.arange(factors)).sum())


BETA_PARAMETERS: Final[dict[str, Callable[[Observation, State, ModelSpec], Beta]]] = {
    "survey": _of_survey,
    "overlap": _of_overlap,
}
"""Parameters of the beta distribution of the success probability, by observation kind."""
