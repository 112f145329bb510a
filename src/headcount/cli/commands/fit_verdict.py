"""Verdicts: what a fit is worth, in a few lines after the command that made it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["Stopwatch", "print_verdict", "waiting"]


class Stopwatch:
    """Wall time by step, in the order of the steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of a block to a step.

        Parameters
        ----------
        name
            Of the step.

        Yields
        ------
        None
            Once.
        """
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def split(self, name: str, part: str, seconds: float) -> None:
        """Move a known part of a step to a step of its own.

        Parameters
        ----------
        name, part
            The step, and what the part is called.
        seconds
            Length of the part.
        """
        self.seconds[name] -= seconds
        self.seconds[part] = seconds

    def __str__(self) -> str:
        """Return the steps as a reader would say them."""
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return f"time: {steps}; {sum(self.seconds.values()):.1f} s in all"


@contextmanager
def waiting(what: str, *, quiet: bool) -> Iterator[None]:
    """Show on a terminal that something takes a while.

    Parameters
    ----------
    what
        What is being done.
    quiet
        Whether to show nothing.

    Yields
    ------
    None
        Once.
    """
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def print_verdict(fit: Fit) -> None:
    """Print which checks a fit passed, and what those say that it did not.

    Parameters
    ----------
    fit
        A fit.
    """
    from headcount.diagnostics.checks import check

    results = check(fit)
    failed = [result for result in results if not result.passed]
    print(f"checks: {len(results) - len(failed)} of {len(results)} passed")
    for result in failed:
        print(f"  {result.name}: {result.headline}")
