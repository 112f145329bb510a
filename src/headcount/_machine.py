"""What the machine has."""

from __future__ import annotations

import os

__all__ = ["own_cores"]


def own_cores() -> int:
    """Return how many cores this process may use."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1  # the first is there from Python 3.13 on
