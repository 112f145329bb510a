"""Cores, garbage collection, and which interfaces of libraries to do without."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["garbage_collection_paused", "is_documented_only", "usable_cores"]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    # Python 3.12 counts all cores of the machine.
    count = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause the search for reference cycles while many long-lived objects are made.

    The search would visit all of them, and everything that has been imported, again and again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def is_documented_only(part: str) -> bool:
    """Return whether a part is to do without undocumented interfaces of its libraries.

    The environment variable ``HEADCOUNT_DOCUMENTED_ONLY`` names such parts, with commas, or says
    ``all``: tests and measurements take away by it what a later version of a library may lack.
    """
    asked = os.environ.get("HEADCOUNT_DOCUMENTED_ONLY", "").split(",")
    return part in asked or "all" in asked
