"""Run jobs in processes on this machine."""

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

from headcount._wording import plural
from headcount.workflows.batches.job_run import run_job
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["run_in_processes"]


def run_in_processes(jobs: Sequence[Job], processes: int, *, tries: int) -> Iterator[Outcome]:
    """Run jobs in processes of their own.

    Each process has a pipe of its own, so that only the job of a process that dies is tried again.
    The pool of the standard library ends all its processes with the first that dies, and does not
    report its job.

    Parameters
    ----------
    jobs
        Jobs to run.
    processes
        Number of jobs that run at once.
    tries
        Number of times that a job is started, if its process dies.

    Yields
    ------
    Outcome
        As they arrive, in no order.
    """
    waiting, deaths, context = deque(jobs), Counter[str](), _context()
    workers = [_Worker(context) for _ in range(min(processes, len(jobs)))]
    try:
        while waiting or any(worker.job for worker in workers):
            _send_jobs(waiting, workers)
            for worker in _ready(workers):
                job, outcome = worker.receive()
                if outcome is not None:
                    yield outcome
                    continue
                deaths[job.key] += 1
                if deaths[job.key] < tries:
                    waiting.append(job)
                else:
                    yield _lost(job, tries, worker.process.exitcode)
                worker.start()
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process that runs one job after the other."""

    def __init__(self, context: ForkServerContext | SpawnContext) -> None:
        self.context = context
        self.job: Job | None = None
        self.start()

    def start(self) -> None:
        self.connection, theirs = self.context.Pipe()
        self.process = self.context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, job: Job) -> None:
        self.job = job
        # If the process is dead, `receive` finds out.
        with suppress(OSError):
            self.connection.send(job)

    def receive(self) -> tuple[Job, Outcome | None]:
        """Return the job of the process and its outcome; ``None`` if the process died."""
        assert self.job is not None
        job, self.job = self.job, None
        try:
            return job, self.connection.recv()
        except (EOFError, OSError):
            self.connection.close()
            self.process.join()
            return job, None

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()


def _work(connection: Connection) -> None:
    """Run the jobs that arrive through the pipe, until it is closed at the other end."""
    # Ctrl-C reaches all processes of a terminal. A fit that received it would keep the draws made
    # so far and look finished; the caller decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_caller, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            connection.send(run_job(connection.recv()))


def _end_with_caller() -> None:
    """End this process as soon as the caller's is dead, also in the middle of a fit."""
    caller = multiprocessing.parent_process()
    assert caller is not None
    caller.join()
    os._exit(1)


def _send_jobs(waiting: deque[Job], workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if waiting and worker.job is None:
            worker.send(waiting.popleft())


def _ready(workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait until some processes have an outcome or are dead, and return those."""
    ready = wait([worker.connection for worker in workers if worker.job is not None])
    return [worker for worker in workers if worker.connection in ready]


def _lost(job: Job, tries: int, code: int | None) -> Outcome:
    error = f"its process died {plural(tries, 'time')} (exit code {code})"
    return Outcome(job.key, job.fingerprint, error=error, lost=True)


def _context() -> ForkServerContext | SpawnContext:
    # `fork` would copy the caller as it is, with locks that the sampler's threads of an earlier fit
    # hold: fine in a script that never sampled, a deadlock in a notebook that did. `spawn` imports
    # everything anew in each process. `forkserver` forks from a server that has the engine imported
    # and has never sampled: safe in both, and as quick as `fork`.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["headcount.workflows.batches.job_run", "headcount.inference"])
    return context
