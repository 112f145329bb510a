"""Working through a batch: what is done is read, the rest is done by whoever is there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from headcount.batches.cluster import on_cluster
from headcount.batches.jobs import Job, Outcome
from headcount.batches.pool import in_processes
from headcount.batches.storing import read_outcome, write_outcome
from headcount.errors import HeadcountError

__all__ = ["run_batch"]


def run_batch(
    jobs: Iterable[Job],
    folder: str | Path,
    *,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
) -> list[Outcome]:
    """Do all jobs, those that are done already excepted.

    Parameters
    ----------
    jobs
        With different keys.
    folder
        Where outcomes are kept, one file for each job, written when the job is done. A batch that was killed goes on where it
        stopped; an outcome of other work under the same key is done again.
    processes
        How many at once; as many as the machine has cores if ``None``. Outcomes do not depend on it.
    dask
        Address of a Dask scheduler (``tcp://...``) to use in place of processes on this machine.
    progress
        Whether to say what was found and to show a bar, on standard error.

    Returns
    -------
    list of Outcome
        In the order of the jobs. A job whose process died twice has an outcome that says so.

    Raises
    ------
    HeadcountError
        Where keys repeat or cannot name files, or Dask is asked for and not there.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> jobs = [  # doctest: +SKIP
    ...     hc.Job(name, hc.with_prior_set(spec, name), observations, seed=1, digest=my_module.totals)
    ...     for name in spec.prior_set_names
    ... ]
    >>> hc.run_batch(jobs, "fits")  # doctest: +SKIP
    """
    jobs = list(jobs)
    _check_keys(jobs)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {job.key: outcome for job in jobs if (outcome := read_outcome(job, folder)) is not None}
    waiting = [job for job in jobs if job.key not in found]
    if progress and found:
        print(
            f"{len(found)} of {len(jobs)} fits are in {folder} already; {len(waiting)} to do", file=sys.stderr
        )
    workers = on_cluster(waiting, dask) if dask else in_processes(waiting, processes)
    for outcome in _shown(workers, len(waiting)) if progress else workers:
        write_outcome(outcome, folder)
        found[outcome.key] = outcome
    return [found[job.key] for job in jobs]


def _check_keys(jobs: Sequence[Job]) -> None:
    keys = [job.key for job in jobs]
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9_.+-]+", key):
            msg = f"{key!r} cannot name a file; use letters, digits, '_', '.', '+' and '-'"
            raise HeadcountError(msg)
        if keys.count(key) > 1:
            msg = f"two jobs are called {key!r}; outcomes are kept by key"
            raise HeadcountError(msg)


def _shown(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Pass outcomes on under a progress bar."""
    columns = (
        TextColumn("Fits"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    trouble = 0
    bar = Progress(*columns, TextColumn("{task.fields[trouble]}"), console=Console(stderr=True))
    with bar if total else nullcontext():
        task = bar.add_task("Fits", total=total, trouble="")
        for outcome in outcomes:
            trouble += bool(outcome.error)
            bar.update(task, advance=1, trouble=f"{trouble} failed" if trouble else "")
            yield outcome
