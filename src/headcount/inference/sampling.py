"""Running the sampler: nutpie's NUTS on the engine's density, with progress and interruption.

Draws that are finished when the user presses Ctrl-C are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import nutpie
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from headcount._machine import usable_cores
from headcount._names import CHAIN, DRAW, POSTERIOR, SAMPLE_STATS
from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.errors import SamplingError
from headcount.inference.nutpie_adapter import FREE, nutpie_model

__all__ = ["DEFAULT_STEPS", "INITIAL_STEP", "Draws", "Run", "StepSettings", "sample"]

KEPT_STATS: Final = (
    "diverging",
    "energy",
    "n_steps",
    "step_size",
    "mean_tree_accept",
    "depth",
    "tuning",
)
MAX_TREEDEPTH: Final = 10
"""Doublings of a trajectory at most."""

MAX_STEP_SIZE: Final = 0.5
"""Larger steps save no step of a trajectory, and diverge in the tails."""

INITIAL_STEP: Final = 0.1
"""Step size at which adaptation starts if nothing is known, in sds of a normal density."""

POLL_SECONDS: Final = 0.2
"""Seconds between polls of a running sampler, by which a Ctrl-C can be late."""


class StepSettings(NamedTuple):
    """How step sizes are chosen.

    Attributes
    ----------
    target_accept
        Mean acceptance to which the step size is tuned.
    jitter
        Largest relative change of the step size from trajectory to trajectory.
    """

    target_accept: float
    jitter: float


DEFAULT_STEPS: Final = StepSettings(target_accept=0.88, jitter=0.1)
"""At lower acceptance trajectories have fewer steps, but effective draws a second fall."""


@dataclass(frozen=True)
class Draws:
    """Draws of one run of the sampler.

    Parameters
    ----------
    free
        Draws of the free vector; dims (chain, draw, free).
    stats
        The sampler's record; dims (chain, draw).
    interrupted
        Whether it was stopped early.
    seconds
        Wall time.
    """

    free: FloatArray
    stats: xr.Dataset
    interrupted: bool
    seconds: float

    @property
    def step_size(self) -> float:
        """Step size of the last draw, averaged over chains."""
        return float(self.stats["step_size"].isel({DRAW: -1}).mean())


class Run(NamedTuple):
    """Settings of one run of the sampler.

    Attributes
    ----------
    chains, draws, tune
        Chains, draws kept and warm-up draws, for each chain.
    max_treedepth
        Doublings of a trajectory at most.
    initial_step
        Step size at which adaptation starts.
    steps
        How step sizes are chosen.
    """

    chains: int
    draws: int
    tune: int
    max_treedepth: int = MAX_TREEDEPTH
    initial_step: float = INITIAL_STEP
    steps: StepSettings = DEFAULT_STEPS


def sample(
    coordinates: Coordinates,
    run: Run,
    *,
    seed: int,
    cores: int | None,
    progress: bool,
    label: str = "Sampling",
) -> Draws:
    """Sample the posterior.

    Parameters
    ----------
    coordinates
        The density and its coordinates.
    run
        Length and step sizes.
    seed
        Same seed, same draws, on any number of cores.
    cores
        Chains that run at once; as many as the machine has if ``None``.
    progress
        Whether to show a bar, in the terminal or the notebook.
    label
        Text before the bar.

    Returns
    -------
    Draws
        All draws, or those finished before Ctrl-C, the same number for each chain.

    Raises
    ------
    SamplingError
        If nothing was finished, or the sampler could not start.
    """
    started = time.perf_counter()
    bar = _bar() if progress else nullcontext(None)
    with bar as shown:
        running = nutpie.sample(
            nutpie_model(coordinates, _start(coordinates.size)),
            seed=seed,
            chains=run.chains,
            draws=run.draws,
            tune=run.tune,
            cores=min(run.chains, cores or usable_cores()),
            target_accept=run.steps.target_accept,
            step_size_jitter=run.steps.jitter,
            maxdepth=run.max_treedepth,
            initial_step=run.initial_step,
            max_step_size=MAX_STEP_SIZE,
            # Between half steps by the gradient of the density relative to a standard normal,
            # trajectories follow the exact flow of that normal.
            exact_normal_trajectory=True,
            save_warmup=False,
            progress_bar=False,
            progress_callback=_reporter(shown, label, run.chains * (run.draws + run.tune))
            if shown
            else None,
            progress_rate=100,
            blocking=False,
        )
        tree, interrupted = _wait(running)
    return _collect(tree, interrupted=interrupted, seconds=time.perf_counter() - started)


def _start(size: int) -> Callable[[int], FloatArray]:
    """Return the function that chooses a chain's starting point by its seed.

    Starts are closer to the centre than draws are, since coordinates may be poor further out. The
    sampler scales its first steps by the gradient at the start, which here has about the same size
    in all coordinates.
    """
    return lambda seed: np.where(np.random.default_rng(seed).random(size) < 0.5, -0.5, 0.5)


def _wait(running: Any) -> tuple[xr.DataTree, bool]:  # noqa: ANN401 - nutpie has no public type
    while True:
        try:
            return running.wait(timeout=POLL_SECONDS), False
        except TimeoutError:
            continue
        except KeyboardInterrupt:
            return running.abort(), True
        except RuntimeError as error:
            msg = f"the sampler stopped: {error}"
            raise SamplingError(msg) from error


def _collect(tree: xr.DataTree, *, interrupted: bool, seconds: float) -> Draws:
    if POSTERIOR not in tree.children:
        msg = "sampling was stopped before any draw was finished; nothing to keep"
        raise SamplingError(msg)
    free = np.asarray(tree[POSTERIOR][FREE].transpose(CHAIN, DRAW, ...).values, dtype=np.float64)
    # Chains that were cut short are padded with NaN.
    chains, finished = _largest_block(np.isfinite(free).all(axis=2).sum(axis=1))
    if finished == 0:
        msg = "sampling was stopped before any chain had a draw; nothing to keep"
        raise SamplingError(msg)
    stats = tree[SAMPLE_STATS].to_dataset()
    kept = stats[[name for name in KEPT_STATS if name in stats]].isel(
        {CHAIN: chains, DRAW: slice(0, finished)}
    )
    return Draws(free[chains, :finished], kept.drop_attrs(), interrupted, seconds)


def _largest_block(finished: IntArray) -> tuple[IntArray, int]:
    """Return the chains to keep, and the draws of each, such that most draws are kept in all."""
    order = np.argsort(-finished, kind="stable")
    kept = int(np.argmax(np.arange(1, finished.size + 1) * finished[order])) + 1
    return np.sort(order[:kept]), int(finished[order[kept - 1]])


def _bar() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[trouble]}"),
        console=Console(stderr=True),
    )


def _reporter(bar: Progress, label: str, total: int) -> Callable[[Sequence[Any]], None]:
    task = bar.add_task(label, total=total, trouble="")

    def report(chains: Sequence[Any]) -> None:
        done = sum(chain.finished_draws for chain in chains)
        divergences = sum(chain.divergences for chain in chains)
        trouble = f"{divergences} divergences" if divergences else ""
        bar.update(task, completed=done, trouble=trouble)

    return report
