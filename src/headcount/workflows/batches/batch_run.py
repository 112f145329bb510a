"""Run a batch: read the outcomes that exist, run the other jobs, and write each outcome."""

from __future__ import annotations

import re
import sys
import tempfile
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
from headcount.workflows.batches.batch_options import BatchOptions
from headcount.workflows.batches.dask_cluster import run_on_cluster
from headcount.workflows.batches.job_run import compile_engine
from headcount.workflows.batches.jobs import Job, Outcome
from headcount.workflows.batches.outcome_files import has_file, read_outcome, write_outcome
from headcount.workflows.batches.process_pool import run_in_processes

__all__ = ["run_batch"]


def run_batch(jobs: Iterable[Job], batch: BatchOptions | None = None) -> list[Outcome]:
    """Run all jobs that have no outcome yet.

    As with all processes of Python, a script that calls this does so under ``if __name__ ==
    "__main__":``.

    Parameters
    ----------
    jobs
        Jobs with different keys.
    batch
        Folder of the outcomes and the processes that run the jobs; if ``None``, all cores, and
        outcomes are not kept. A job runs again if the file under its key is the outcome of other
        work (another study, seed, setting or summary, or another version of the code).

    Returns
    -------
    list of Outcome
        In the order of the jobs. A fit that failed, or whose process died too often, has an outcome
        with an error.

    Raises
    ------
    HeadcountError
        If keys repeat or cannot name files, a summary function cannot be sent to another process,
        or Dask is requested and not installed.

    Examples
    --------
    >>> import headcount as hc
    >>> from headcount.workflows.batches import pack_fit
    >>> short = hc.Sampler(chains=2, draws=200, tune=200)
    >>> jobs = [hc.Job(f"seed-{n}", study, n, pack_fit, sampler=short) for n in (1, 2)]
    >>> batch = hc.BatchOptions(folder="fits", processes=1, progress=False)
    >>> [outcome.key for outcome in hc.run_batch(jobs, batch)]
    ['seed-1', 'seed-2']
    """
    jobs, options = list(jobs), BatchOptions() if batch is None else batch
    _check_keys(jobs)
    if options.folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return _run_in_folder(jobs, Path(temporary), options)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    return _run_in_folder(jobs, folder, options)


def _run_in_folder(jobs: Sequence[Job], folder: Path, options: BatchOptions) -> list[Outcome]:
    found = {job.key: outcome for job in jobs if (outcome := read_outcome(job, folder)) is not None}
    waiting = [job for job in jobs if job.key not in found]
    if options.progress:
        _print_state(jobs, waiting, folder)
    try:
        with closing(_new_outcomes(waiting, options)) as outcomes:
            for outcome in outcomes:
                found[outcome.key] = outcome
                if not outcome.lost:
                    write_outcome(outcome, folder)
    except KeyboardInterrupt:
        if options.progress and options.folder is not None:
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


def _new_outcomes(jobs: Sequence[Job], options: BatchOptions) -> Generator[Outcome]:
    """Yield outcomes as they arrive, under a progress bar if the options ask for one."""
    with _progress_bar(disable=not options.progress or not jobs) as bar:
        task = bar.add_task("Fits", total=len(jobs), trouble="")
        failed = divergences = 0
        for outcome in _run(jobs, options):
            failed += bool(outcome.error)
            divergences += outcome.divergences
            counts = {"failed": failed, "divergences": divergences}
            trouble = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            bar.update(task, advance=1, trouble=trouble)
            yield outcome


def _run(jobs: Sequence[Job], options: BatchOptions) -> Iterator[Outcome]:
    if not jobs:
        return
    if options.dask:
        yield from run_on_cluster(jobs, options.dask)
        return
    count = options.processes or usable_cores()
    if min(count, len(jobs)) > 1:
        compile_engine(jobs[0])
    yield from run_in_processes(jobs, count, tries=options.tries)


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
