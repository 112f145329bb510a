"""What the machine has, and how Python uses it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collecting_later", "own_cores"]


def own_cores() -> int:
    """Return how many cores this process may use."""
    return (
        getattr(os, "process_cpu_count", os.cpu_count)() or 1
    )  # the first is there from Python 3.13 on


@contextmanager
def collecting_later() -> Iterator[None]:
    """Keep Python from looking for cycles of garbage while many objects are made that are none.

    It would look through all of them again and again, and through everything that has been
    imported.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
