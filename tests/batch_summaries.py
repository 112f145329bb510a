"""Summaries of fits that other processes can import, for the tests of batches."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import headcount as hc

__all__ = ["Dying", "misname", "refuse", "totals"]


def totals(fit: hc.Fit) -> dict[str, np.ndarray]:
    """Return the draws of the total."""
    return {"total": hc.headcount(fit).to_numpy(), "mean": np.array(hc.headcount(fit).mean())}


def refuse(fit: hc.Fit) -> dict[str, np.ndarray]:
    """Fail as a study can."""
    msg = f"no summary of {len(fit.observations)} rows"
    raise ValueError(msg)


def misname(fit: hc.Fit) -> dict[str, np.ndarray]:
    """Fail as a summary with a slip in it does."""
    return {"total": fit.posterior.sizes["nobody"]}


@dataclass(frozen=True)
class Dying:
    """Kill the process that it runs in a number of times, and then return the totals.

    Parameters
    ----------
    folder
        Folder that counts the kills.
    times
        Number of kills.
    """

    folder: str
    times: int

    def __call__(self, fit: hc.Fit) -> dict[str, np.ndarray]:
        """Die, or return the totals."""
        before = len(list(Path(self.folder).iterdir()))
        if before < self.times:
            (Path(self.folder) / str(before)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return totals(fit)
