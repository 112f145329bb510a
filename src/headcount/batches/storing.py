"""Outcomes on disk: one file each, complete or not there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from headcount.batches.jobs import Job, Outcome

__all__ = ["read_outcome", "write_outcome"]

RECORD = "__record__"


def write_outcome(outcome: Outcome, folder: Path) -> Path:
    """Write an outcome, in place of an older one of the same key.

    Parameters
    ----------
    outcome
        What came of a job.
    folder
        Where to; must exist.

    Returns
    -------
    Path
        The file.
    """
    record = {
        "key": outcome.key,
        "fingerprint": outcome.fingerprint,
        "seconds": outcome.seconds,
        "divergences": outcome.divergences,
        "error": outcome.error,
    }
    path = folder / f"{outcome.key}.npz"
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **{RECORD: np.array(json.dumps(record))}, **dict(outcome.values))  # type: ignore[arg-type]
    partial.replace(path)
    return path


def read_outcome(job: Job, folder: Path) -> Outcome | None:
    """Read the outcome of a job, if there is one.

    Parameters
    ----------
    job
        What was to be done.
    folder
        Where outcomes are kept.

    Returns
    -------
    Outcome or None
        Nothing where there is no file, or one of other work under the same key.
    """
    path = folder / f"{job.key}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            record = json.loads(str(file[RECORD]))
            values = {name: file[name] for name in file.files if name != RECORD}
    except (FileNotFoundError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    return Outcome(values=values, **record) if record["fingerprint"] == job.fingerprint else None
