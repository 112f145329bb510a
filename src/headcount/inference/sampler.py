"""Options of the sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headcount.errors import ArgumentError, InputError, Problem
from headcount.study.arguments import checked_integer, checked_prob

__all__ = ["Sampler"]

MOST_CHAINS: Final = 1000
MOST_DRAWS: Final = 10_000_000
"""More than any study needs, and few enough that a mistyped number does not end the process."""

DEEPEST_TREE: Final = 20


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """How a posterior is sampled.

    Parameters
    ----------
    chains, draws
        Chains, and draws kept for each.
    tune
        Warm-up draws of each chain; if ``None`` 150 where the pilot runs could take large steps,
        and 500 elsewhere.
    cores
        Chains that run at once; all of the machine's cores if ``None``. Draws do not depend on it.
    target_accept
        Mean acceptance to which the step size is tuned; if ``None`` 0.88, or 0.95 where the pilot
        runs could take small steps only.
    max_treedepth
        Doublings of a trajectory at most.

    Raises
    ------
    ArgumentError
        With all options that are out of range.

    Examples
    --------
    >>> import headcount as hc
    >>> hc.Sampler(draws=500).chains
    4
    """

    chains: int = 4
    draws: int = 2000
    tune: int | None = None
    cores: int | None = None
    target_accept: float | None = None
    max_treedepth: int = 10

    def __post_init__(self) -> None:
        """Check all options."""
        limits = {
            "chains": (1, MOST_CHAINS),
            "draws": (2, MOST_DRAWS),
            "tune": (10, MOST_DRAWS),
            "cores": (1, None),
            "max_treedepth": (1, DEEPEST_TREE),
        }
        problems: list[Problem] = []
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            try:
                if value is not None:
                    checked_integer(value, name, least=least, most=most)
            except InputError as error:
                problems += error.problems
        try:
            if self.target_accept is not None:
                checked_prob(self.target_accept, "target_accept")
        except InputError as error:
            problems += error.problems
        if problems:
            raise ArgumentError(problems)
