"""Processes on one machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Final

from headcount.workflows.batches.job_work import do
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["in_processes"]

MOST_TRIES: Final = 2
"""A process can die for reasons of its own, such as the machine's memory; a job whose process dies
twice is given up."""


def in_processes(jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    """Do jobs in processes of their own.

    Each process has a pipe to itself, so that it is known whose process died, and only that job is
    tried again. The standard library's pool ends all its processes with the first that dies, and
    cannot tell which job it was.

    Parameters
    ----------
    jobs
        What to do.
    processes
        How many at once.

    Yields
    ------
    Outcome
        As they come, in no order.
    """
    waiting, tries, context = deque(jobs), Counter[str](), _context()
    team = [_Worker(context) for _ in range(min(processes, len(jobs)))]
    try:
        while waiting or any(worker.job for worker in team):
            _hand_out(waiting, team)
            for worker in _ready(team):
                job, outcome = worker.take()
                if outcome is not None:
                    yield outcome
                    continue
                tries[job.key] += 1
                if tries[job.key] < MOST_TRIES:
                    waiting.append(job)
                else:
                    yield _given_up(job, worker.process.exitcode)
                worker.start()
    finally:
        for worker in team:
            worker.dismiss()


class _Worker:
    """A process that does one job after the other."""

    def __init__(self, context: ForkServerContext | SpawnContext) -> None:
        self.context = context
        self.job: Job | None = None
        self.start()

    def start(self) -> None:
        self.connection, theirs = self.context.Pipe()
        self.process = self.context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        self.job = job
        # Where the process is gone, `take` finds out.
        with suppress(OSError):
            self.connection.send(job)

    def take(self) -> tuple[Job, Outcome | None]:
        """Return the job that the process was at, and its outcome; nothing if the process died."""
        assert self.job is not None
        job, self.job = self.job, None
        try:
            return job, self.connection.recv()
        except (EOFError, OSError):
            self.connection.close()
            self.process.join()
            return job, None

    def dismiss(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()


def _work(connection: Connection) -> None:
    """Do what comes through the pipe, until it is closed at the other end."""
    # Ctrl-C reaches all processes of a terminal. A fit that heard it would keep the draws that it
    # has and look finished; it is for the caller to say when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            connection.send(do(connection.recv()))


def _end_with_caller() -> None:
    """End this process when the caller's is gone, also in the middle of a fit: if that was killed,
    nobody else would.
    """
    caller = multiprocessing.parent_process()
    assert caller is not None
    caller.join()
    os._exit(1)


def _hand_out(waiting: deque[Job], team: Sequence[_Worker]) -> None:
    for worker in team:
        if waiting and worker.job is None:
            worker.give(waiting.popleft())


def _ready(team: Sequence[_Worker]) -> list[_Worker]:
    """Wait until a process has an outcome or is gone, and return those that do."""
    ready = wait([worker.connection for worker in team if worker.job is not None])
    return [worker for worker in team if worker.connection in ready]


def _given_up(job: Job, code: int | None) -> Outcome:
    error = f"its process died {MOST_TRIES} times (exit code {code})"
    return Outcome(job.key, job.fingerprint, error=error, lost=True)


def _context() -> ForkServerContext | SpawnContext:
    # `fork` would copy the caller as it is, with locks that the sampler's threads of an earlier fit
    # hold: fine in a script that never sampled, a deadlock in a notebook that did. `spawn` imports
    # everything anew in each process. `forkserver` forks from a server that has the engine imported
    # and has never sampled: safe in both, and as quick as `fork`.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["headcount.workflows.batches.job_work", "headcount.inference"])
    return context
