"""Files of outcomes: one per job, written whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["has_file", "read_outcome", "write_outcome"]

RECORD: Final = "record"
VALUE: Final = "value."
"""Prefix of the name of each array, so that a summary may use any name."""

FACTS: Final = ("key", "fingerprint", "seconds", "divergences", "rhat", "ess", "error")


def write_outcome(outcome: Outcome, folder: Path) -> Path:
    """Write an outcome, in place of an older one of the same key.

    Parameters
    ----------
    outcome
        The result of a job.
    folder
        Existing folder.

    Returns
    -------
    Path
        The file.
    """
    path = _file(outcome.key, folder)
    record = {name: getattr(outcome, name) for name in FACTS}
    values = {VALUE + name: array for name, array in outcome.values.items()}
    partial = path.with_name(f".{outcome.key}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **{RECORD: np.array(json.dumps(record))}, **values)
    partial.replace(path)
    return path


def read_outcome(job: Job, folder: Path) -> Outcome | None:
    """Read the outcome of a job, if there is one.

    Parameters
    ----------
    job
        The job.
    folder
        Folder of the outcomes.

    Returns
    -------
    Outcome or None
        ``None`` if there is no file, a broken one, or the outcome of other work under the same key.
    """
    wanted = job.fingerprint
    try:
        with np.load(_file(job.key, folder), allow_pickle=False) as file:
            record = json.loads(str(file[RECORD]))
            names = [name for name in file.files if name.startswith(VALUE)]
            values = {name.removeprefix(VALUE): file[name] for name in names}
        return Outcome(values=values, **record) if record["fingerprint"] == wanted else None
    except (FileNotFoundError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None


def has_file(job: Job, folder: Path) -> bool:
    """Return whether a file exists under the key of a job, of whatever work."""
    return _file(job.key, folder).exists()


def _file(key: str, folder: Path) -> Path:
    return folder / f"{key}.npz"
