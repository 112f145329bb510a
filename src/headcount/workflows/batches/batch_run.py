"""Working through a batch: what is done is read, the rest is done by whoever is there."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
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

from headcount._machine import own_cores
from headcount.errors import HeadcountError
from headcount.workflows.batches.dask_cluster import on_cluster
from headcount.workflows.batches.job_work import compile_once
from headcount.workflows.batches.jobs import Job, Outcome
from headcount.workflows.batches.outcome_files import has_file, read_outcome, write_outcome
from headcount.workflows.batches.process_pool import in_processes

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
        Where outcomes are kept, one file for each job, written when the job is done. A batch that
        was stopped or killed goes on from there. What is found under the key of a job and is the
        outcome of other work (another study, seed, setting or digest, or other code of this
        package) is done again.
    processes
        How many at once; as many as the machine has cores if ``None``. Outcomes do not depend on
        it. As with all processes of Python, a script that calls this does so under ``if __name__ ==
        "__main__":``.
    dask
        Address of a Dask scheduler (``tcp://...``) to use in place of processes on this machine.
    progress
        Whether to say what was found and to show a bar, on standard error.

    Returns
    -------
    list of Outcome
        In the order of the jobs. A fit that failed, or whose process died twice, has an outcome
        that says so.

    Raises
    ------
    HeadcountError
        Where keys repeat or cannot name files, a digest cannot be sent to another process, or Dask
        is asked for and not there.

    Examples
    --------
    >>> from headcount.workflows.batches import Job, run_batch
    >>> jobs = [Job(f"seed-{n}", spec, observations, n, world_total) for n in range(20)]  # doctest: +SKIP
    >>> outcomes = run_batch(jobs, "totals")  # doctest: +SKIP
    """
    jobs = list(jobs)
    _check_keys(jobs)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {job.key: outcome for job in jobs if (outcome := read_outcome(job, folder)) is not None}
    waiting = [job for job in jobs if job.key not in found]
    if progress:
        _say_found(jobs, waiting, folder)
    try:
        with closing(_done(waiting, processes, dask, progress=progress)) as outcomes:
            for outcome in outcomes:
                found[outcome.key] = outcome
                if not outcome.lost:
                    write_outcome(outcome, folder)
    except KeyboardInterrupt:
        if progress:
            _say(
                f"stopped: {len(found)} of {len(jobs)} fits are in {folder}; the same call goes on from there"
            )
        raise
    return [found[job.key] for job in jobs]


def _check_keys(jobs: Sequence[Job]) -> None:
    known: set[str] = set()
    for key in (job.key for job in jobs):
        if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*", key):
            msg = f"{key!r} cannot name a file; use letters, digits, '_', '.', '+' and '-'"
            raise HeadcountError(msg)
        if key in known:
            msg = f"two jobs are called {key!r}; outcomes are kept by key"
            raise HeadcountError(msg)
        known.add(key)


def _say_found(jobs: Sequence[Job], waiting: Sequence[Job], folder: Path) -> None:
    done, stale = len(jobs) - len(waiting), sum(has_file(job, folder) for job in waiting)
    if done:
        _say(f"{done} of {len(jobs)} fits are in {folder} already; {len(waiting)} to do")
    if stale:
        _say(
            f"{stale} in {folder} are of another study, setting or version of the code, and are made again"
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _done(
    jobs: Sequence[Job], processes: int | None, dask: str | None, *, progress: bool
) -> Generator[Outcome]:
    """Yield outcomes as they come, under a progress bar if one is wanted."""
    with _bar(disable=not progress or not jobs) as bar:
        task = bar.add_task("Fits", total=len(jobs), trouble="")
        failed = divergences = 0
        for outcome in _started(jobs, processes, dask):
            failed += bool(outcome.error)
            divergences += outcome.divergences
            counts = {"failed": failed, "divergences": divergences}
            trouble = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            bar.update(task, advance=1, trouble=trouble)
            yield outcome


def _started(jobs: Sequence[Job], processes: int | None, dask: str | None) -> Iterator[Outcome]:
    if not jobs:
        return
    if dask:
        yield from on_cluster(jobs, dask)
        return
    count = processes or own_cores()
    if min(count, len(jobs)) > 1:
        compile_once(jobs[0])
    yield from in_processes(jobs, count)


def _bar(*, disable: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[trouble]}"),
        console=Console(stderr=True),
        disable=disable,
    )
