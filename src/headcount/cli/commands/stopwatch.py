"""Wall time of the steps of a command, and a sign on the terminal that it works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

__all__ = ["Stopwatch", "waiting"]


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
            Name of the step.

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
            Names of the step and of the part.
        seconds
            Length of the part.
        """
        self.seconds[name] -= seconds
        self.seconds[part] = seconds

    def __str__(self) -> str:
        """Return the steps and their sum as a line."""
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.seconds.items())
        return f"time: {steps}; {sum(self.seconds.values()):.1f} s in all"


@contextmanager
def waiting(message: str, *, quiet: bool) -> Iterator[None]:
    """Show a message on a terminal while a block runs.

    Parameters
    ----------
    message
        Name of the activity.
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
    with console.status(message):
        yield
