"""Running the sampler: nutpie's NUTS on the engine's density, with progress, and with nothing lost
on Ctrl-C.
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
from nutpie.compile_pymc import CompiledPyMCModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from headcount._machine import usable_cores
from headcount._names import CHAIN, DRAW, POSTERIOR, SAMPLE_STATS
from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.errors import SamplingError

__all__ = ["SHORT", "STEADY", "Draws", "Pace", "Run", "sample"]

FREE: Final = "free"
KEPT_STATS: Final = (
    "diverging",
    "energy",
    "n_steps",
    "step_size",
    "mean_tree_accept",
    "depth",
    "tuning",
)
DEEPEST: Final = 10
"""Doublings of a trajectory at most."""

LONGEST: Final = 0.5
"""Step size at most: longer ones save no step of a trajectory, and go wrong in the tails sooner."""

SHORT: Final = 0.1
"""Where the search for a step size begins if nothing is known, in sds of a normal density."""

LOOK: Final = 0.2
"""Seconds between looks at a running sampler: how late a Ctrl-C can be."""


class Pace(NamedTuple):
    """How long the sampler's steps are.

    Attributes
    ----------
    accepted
        Mean acceptance that the step size is set to.
    varied
        Each trajectory's steps are longer or shorter by up to this part.
    """

    accepted: float
    varied: float


STEADY: Final = Pace(0.88, 0.1)
"""Longer steps take fewer of a trajectory, but more effective draws are lost than gradients are
saved."""


@dataclass(frozen=True)
class Draws:
    """What a run of the sampler gave.

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
    def step(self) -> float:
        """Step size that the chains settled on, the mean of all."""
        return float(self.stats["step_size"].isel({DRAW: -1}).mean())


class Run(NamedTuple):
    """How one run of the sampler goes.

    Attributes
    ----------
    chains, draws, tune
        Chains, draws kept and warm-up draws, for each chain.
    deepest
        Doublings of a trajectory at most.
    first_step
        Where the search for the step size begins.
    pace
        How long steps are.
    """

    chains: int
    draws: int
    tune: int
    deepest: int = DEEPEST
    first_step: float = SHORT
    pace: Pace = STEADY


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
        How many draws, and how long steps are.
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
            _model(coordinates),
            seed=seed,
            chains=run.chains,
            draws=run.draws,
            tune=run.tune,
            cores=min(run.chains, cores or usable_cores()),
            target_accept=run.pace.accepted,
            step_size_jitter=run.pace.varied,
            maxdepth=run.deepest,
            initial_step=run.first_step,
            max_step_size=LONGEST,
            # Between two kicks by what is left of the gradient, trajectories turn as those of a
            # standard normal do.
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


def _model(coordinates: Coordinates) -> CompiledPyMCModel:
    """Return what nutpie calls without any Python: the same as for a PyMC model, but for functions
    of our own.
    """

    def start(seed: int) -> FloatArray:
        # Nearer to the centre than draws are, for coordinates may be poor further out. The sampler
        # scales its first steps by the gradient at the start: right if that is the same for all
        # coordinates.
        return np.where(np.random.default_rng(seed).random(coordinates.size) < 0.5, -0.5, 0.5)

    size = coordinates.size
    return CompiledPyMCModel(
        compiled_logp_func=coordinates.log_density_callback,
        compiled_expand_func=coordinates.free_vector_callback,
        initial_point_func=start,
        user_data=coordinates.table,
        shared_data={},
        shared_var_keys={},
        n_expanded=size,
        shape_info=([FREE], [slice(0, size)], [(size,)]),
        logp_func=None,
        expand_func=None,
        dims={},
        _n_dim=size,
        _shapes={FREE: (size,)},
        _coords={},
    )


def _wait(running: Any) -> tuple[xr.DataTree, bool]:  # noqa: ANN401 - nutpie has no public type
    while True:
        try:
            return running.wait(timeout=LOOK), False
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
    """Return which chains to keep, and how many draws of each, so that the most draws are kept in
    all.
    """
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
