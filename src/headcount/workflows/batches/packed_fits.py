"""Packed fits: a summary that keeps the whole fit, for workflows that compare fits."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from headcount._types import AnyArray
from headcount.posterior.fits import Fit, load_fit, save_fit
from headcount.workflows.batches.jobs import Outcome

__all__ = ["pack_fit", "unpack_fit"]

FIT = "fit"


def pack_fit(fit: Fit) -> Mapping[str, AnyArray]:
    """Summarise a fit by all of it.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Mapping
        The bytes of its file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = save_fit(fit, Path(folder) / "fit.nc")
        return {FIT: np.frombuffer(path.read_bytes(), dtype=np.uint8)}


def unpack_fit(outcome: Outcome) -> Fit:
    """Return the fit that `pack_fit` has packed.

    Parameters
    ----------
    outcome
        Of a job with that summary, which did not fail.

    Returns
    -------
    Fit
        As if loaded from its file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.nc"
        path.write_bytes(outcome.values[FIT].tobytes())
        return load_fit(path)
