"""The job that contestants are given, a clock, and the form of draws and figures they return.

Only the standard library and NumPy, and nothing newer than Python 3.11: Stan's peer runs in an
environment of its own.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Clock", "Job", "Outcome", "hand_over", "join", "read_density", "read_outcome", "split"]

DENSITY, DRAWS, FIGURES = "density.json", "draws.npy", "figures.json"


@dataclass(frozen=True)
class Job:
    """What a contestant is asked to do.

    Parameters
    ----------
    name
        Of the contestant.
    model
        The study's model file.
    data
        The study as numbers, see `benchmarks.racing.plain`; JSON.
    points
        Where the log density is compared; dims (point, free), npy.
    folder
        Where results go.
    started
        Time of day at which the process was started, in seconds.
    seed, chains, draws, tune
        Of the run.
    limit
        Seconds after which a sampler that can hand over what it has is stopped.
    """

    name: str
    model: Path
    data: Path
    points: Path
    folder: Path
    started: float
    seed: int
    chains: int
    draws: int
    tune: int
    limit: float

    def read(self) -> dict[str, Any]:
        """Return the study as numbers; lists as arrays."""
        return _arrays(json.loads(self.data.read_text(encoding="utf-8")))

    def left(self) -> float:
        """Return the seconds until the limit."""
        return self.limit - (time.time() - self.started)

    def check(self, values: list[float]) -> None:
        """Write log densities at the points before sampling, in case the run is killed later."""
        (self.folder / DENSITY).write_text(
            json.dumps([float(value) for value in values]), encoding="utf-8"
        )


class Clock:
    """Seconds by phase since the process started, which is before this module is imported."""

    def __init__(self, started: float) -> None:
        self.seconds: dict[str, float] = {}
        self._last = started

    def mark(self, phase: str) -> None:
        """Count the time since the last mark towards a phase."""
        now = time.time()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now

    def move(self, seconds: float, source: str, target: str) -> None:
        """Count seconds of one phase towards another."""
        seconds = min(seconds, self.seconds[source])
        self.seconds[source] -= seconds
        self.seconds[target] = self.seconds.get(target, 0.0) + seconds


@dataclass
class Outcome:
    """What a contestant hands back.

    Parameters
    ----------
    seconds
        By phase: import, prepare (reading, compiling), check (the comparison of densities, which no
        user would wait for), pilot, sample (warm-up and draws), after.
    free
        Draws of headcount's free vector; dims (chain, draw, free). None for who does not sample.
    divergences
        After warm-up.
    sampler
        In words.
    finished
        Whether all draws were made.
    extra
        Whatever else is to be reported.
    """

    seconds: dict[str, float]
    free: np.ndarray | None
    divergences: int | None
    sampler: str
    finished: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


def split(points: np.ndarray, data: dict[str, Any]) -> list[dict[str, np.ndarray]]:
    """Return free vectors, dims (point, free), as one dictionary of variables for each point."""
    return [
        {
            name: point[places].reshape(data["shapes"][name])
            for name, places in data["places"].items()
        }
        for point in points
    ]


def join(named: dict[str, np.ndarray], data: dict[str, Any]) -> np.ndarray:
    """Put named variables, dims (chain, draw, ...), into free vectors; dims (chain, draw, free)."""
    size = sum(places.size for places in data["places"].values())
    first = np.asarray(next(iter(named.values())))
    free = np.full((*first.shape[:2], size), np.nan)
    for name, places in data["places"].items():
        values = np.asarray(named[name])
        free[:, :, places] = values.reshape(*values.shape[:2], -1)
    return free


def hand_over(outcome: Outcome, folder: Path) -> None:
    """Write an outcome."""
    if outcome.free is not None:
        np.save(folder / DRAWS, outcome.free)
    figures = {name: value for name, value in vars(outcome).items() if name != "free"}
    (folder / FIGURES).write_text(json.dumps(figures), encoding="utf-8")


def read_outcome(folder: Path) -> Outcome | None:
    """Read an outcome, if there is one."""
    if not (folder / FIGURES).exists():
        return None
    figures = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
    free = np.load(folder / DRAWS) if (folder / DRAWS).exists() else None
    return Outcome(free=free, **figures)


def read_density(folder: Path) -> np.ndarray | None:
    """Read the log densities at the points, if they were handed over."""
    path = folder / DENSITY
    return np.array(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _arrays(value: Any) -> Any:
    """Turn lists of numbers into arrays, in dictionaries of any depth; shapes stay lists."""
    if isinstance(value, dict):
        return {name: own if name == "shapes" else _arrays(own) for name, own in value.items()}
    if not isinstance(value, list):
        return value
    return np.array(value) if value else np.zeros(0, dtype=np.int64)
