"""Processes on one machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from headcount.batches.jobs import Job, Outcome, do

__all__ = ["in_processes"]

MOST_TRIES = 2
"""A process can die for reasons of its own, such as the machine's memory; a job whose process dies twice is given up."""


def in_processes(jobs: Sequence[Job], processes: int | None) -> Iterator[Outcome]:
    """Do jobs in processes of their own.

    Parameters
    ----------
    jobs
        What to do.
    processes
        How many at once; as many as there are cores if ``None``.

    Yields
    ------
    Outcome
        As they come, in no order.
    """
    count = min(len(jobs), processes or os.process_cpu_count() or 1)
    waiting, tries = list(reversed(jobs)), dict.fromkeys((job.key for job in jobs), 0)
    while waiting:
        with ProcessPoolExecutor(count, _context(), _end_with, (os.getpid(),)) as pool:
            yield from _until_broken(pool, count, waiting, tries)


def _context() -> multiprocessing.context.BaseContext:
    # A server process that has imported the engine and never sampled forks the workers: quick, and safe although the
    # caller may have threads, those of an earlier fit among them, which plain fork would copy half.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["headcount.inference"])
    return context


def _end_with(caller: int) -> None:
    """End this process soon after the caller's: if that is killed, nobody else would."""

    def watch() -> None:
        while True:
            time.sleep(LOOK)
            try:
                os.kill(caller, 0)
            except OSError:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


LOOK = 2.0
"""Seconds between looks at whether the caller is still there."""


def _until_broken(
    pool: ProcessPoolExecutor, count: int, waiting: list[Job], tries: dict[str, int]
) -> Iterator[Outcome]:
    """Yield outcomes until all jobs are done, or a process died; then what it was at waits again.

    No more jobs are handed over than there are processes, so that only those can be lost.
    """
    running: dict[Future[Outcome], Job] = {}
    while waiting or running:
        while waiting and len(running) < count:
            job = waiting.pop()
            running[pool.submit(do, job)] = job
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool:
                lost = [job, *running.values()]
                yield from _given_up(lost, waiting, tries)
                return


def _given_up(lost: Sequence[Job], waiting: list[Job], tries: dict[str, int]) -> Iterator[Outcome]:
    """Let jobs wait again, or yield that they are given up."""
    for job in lost:
        tries[job.key] += 1
        if tries[job.key] < MOST_TRIES:
            waiting.append(job)
        else:
            yield Outcome(job.key, job.fingerprint, error=f"its process died {MOST_TRIES} times")
