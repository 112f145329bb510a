"""Options of a batch: its folder, and the processes that run its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headcount.errors import ArgumentError, InputError, Problem
from headcount.study.arguments import checked_integer

__all__ = ["BatchOptions"]


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How the jobs of a batch are run, and where their outcomes are kept.

    Parameters
    ----------
    folder
        Folder of the outcomes, one file per job, written when the job is done: an interrupted batch
        goes on from there. If ``None``, outcomes are not kept.
    processes
        Number of jobs that run at once; the number of cores if ``None``. Outcomes do not depend on
        it.
    dask
        Address of a Dask scheduler (``tcp://...``) to use in place of processes on this machine.
    tries
        Number of times that a job is started: a process can die for reasons of its own, such as a
        lack of memory.
    progress
        Whether to print the number of finished jobs and a progress bar on standard error.

    Raises
    ------
    ArgumentError
        If a number is out of range.

    Examples
    --------
    >>> import headcount as hc
    >>> hc.BatchOptions(folder="fits", processes=2).tries
    2
    """

    folder: str | Path | None = None
    processes: int | None = None
    dask: str | None = None
    tries: int = 2
    progress: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        problems: list[Problem] = []
        for name in ("processes", "tries"):
            value = getattr(self, name)
            try:
                if value is not None:
                    checked_integer(value, name, least=1)
            except InputError as error:
                problems += error.problems
        if problems:
            raise ArgumentError(problems)
