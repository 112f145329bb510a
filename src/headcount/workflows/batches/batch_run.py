"""Run a batch: read the outcomes that exist, run the other jobs, and write each outcome."""

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

from headcount._machine import usable_cores
from headcount.errors import HeadcountError
from headcount.workflows.batches.dask_cluster import run_on_cluster
from headcount.workflows.batches.job_run import compile_engine
from headcount.workflows.batches.jobs import Job, Outcome
from headcount.workflows.batches.outcome_files import has_file, read_outcome, write_outcome
from headcount.workflows.batches.process_pool import run_in_processes

__all__ = ["run_batch"]


def run_batch(
    jobs: Iterable[Job],
    folder: str | Path,
    *,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
) -> list[Outcome]:
    """Run all jobs that have no outcome yet.

    Parameters
    ----------
    jobs
        Jobs with different keys.
    folder
        Folder of the outcomes, one file per job, written when the job is done. A batch that was
        interrupted goes on from there. A job runs again where the file under its key is the outcome
        of other work (another study, seed, setting or summary, or another version of the code).
    processes
        Number of jobs that run at once; the number of cores if ``None``. Outcomes do not depend on
        it. As with all processes of Python, a script that calls this does so under ``if __name__ ==
        "__main__":``.
    dask
        Address of a Dask scheduler (``tcp://...``) to use in place of processes on this machine.
    progress
        Whether to print the number of finished jobs and a progress bar on standard error.

    Returns
    -------
    list of Outcome
        In the order of the jobs. A fit that failed, or whose process died twice, has an outcome
        with an error.

    Raises
    ------
    HeadcountError
        If keys repeat or cannot name files, a summary function cannot be sent to another process,
        or Dask is requested and not installed.

    Examples
    --------
    >>> from headcount.workflows.batches import Job, run_batch
    >>> jobs = [Job(f"seed-{n}", spec, observations, n, total) for n in range(9)]  # doctest: +SKIP
    >>> outcomes = run_batch(jobs, "totals")  # doctest: +SKIP
    """
    jobs = list(jobs)
    _check_keys(jobs)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = {job.key: outcome for job in jobs if (outcome := read_outcome(job, folder)) is not None}
    waiting = [job for job in jobs if job.key not in found]
    if progress:
        _print_state(jobs, waiting, folder)
    try:
        with closing(_new_outcomes(waiting, processes, dask, progress=progress)) as outcomes:
            for outcome in outcomes:
                found[outcome.key] = outcome
                if not outcome.lost:
                    write_outcome(outcome, folder)
    except KeyboardInterrupt:
        if progress:
            done = f"stopped: {len(found)} of {len(jobs)} fits are in {folder}"
            _print(f"{done}; the same call goes on from there")
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


def _print_state(jobs: Sequence[Job], waiting: Sequence[Job], folder: Path) -> None:
    done, stale = len(jobs) - len(waiting), sum(has_file(job, folder) for job in waiting)
    if done:
        _print(f"{done} of {len(jobs)} fits are in {folder} already; {len(waiting)} to do")
    if stale:
        other = "are of another study, setting or version of the code, and are made again"
        _print(f"{stale} in {folder} {other}")


def _print(text: str) -> None:
    print(text, file=sys.stderr)


def _new_outcomes(
    jobs: Sequence[Job], processes: int | None, dask: str | None, *, progress: bool
) -> Generator[Outcome]:
    """Yield outcomes as they arrive, under a progress bar if ``progress``."""
    with _progress_bar(disable=not progress or not jobs) as bar:
        task = bar.add_task("Fits", total=len(jobs), trouble="")
        failed = divergences = 0
        for outcome in _run(jobs, processes, dask):
            failed += bool(outcome.error)
            divergences += outcome.divergences
            counts = {"failed": failed, "divergences": divergences}
            trouble = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            bar.update(task, advance=1, trouble=trouble)
            yield outcome


def _run(jobs: Sequence[Job], processes: int | None, dask: str | None) -> Iterator[Outcome]:
    if not jobs:
        return
    if dask:
        yield from run_on_cluster(jobs, dask)
        return
    count = processes or usable_cores()
    if min(count, len(jobs)) > 1:
        compile_engine(jobs[0])
    yield from run_in_processes(jobs, count)


def _progress_bar(*, disable: bool) -> Progress:
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
