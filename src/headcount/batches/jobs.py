"""A job, what comes of it, and how it is done. Everything here can be sent to another process or machine."""

from __future__ import annotations

import hashlib
import json
import pickle
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata

import numpy as np

from headcount._types import AnyArray
from headcount.errors import HeadcountError, HeadcountWarning
from headcount.fits import Fit
from headcount.observations import Observations
from headcount.specs import ModelSpec

__all__ = ["Digest", "Job", "Outcome", "do"]

type Digest = Callable[[Fit], Mapping[str, AnyArray]]


@dataclass(frozen=True)
class Job:
    """A fit to be made, and what is wanted of it.

    Parameters
    ----------
    key
        Name of the job in its batch, and of its file.
    spec, observations
        The study.
    seed
        Seed of the fit; the outcome depends on nothing else that is random.
    digest
        Takes the fit and returns arrays by name: all that is kept of it. It must be importable by name, or an instance of such a
        class, so that another process can be given it.
    chains, draws, tune
        As in `headcount.fit`.
    """

    key: str
    spec: ModelSpec
    observations: Observations
    seed: int
    digest: Digest
    chains: int = 2
    draws: int = 500
    tune: int = 500

    @property
    def fingerprint(self) -> str:
        """Digits that are the same for the same work: study, seed, settings, digest and version of the package."""
        spec = self.spec
        facts = (
            spec.text,
            spec.prior_set,
            spec.areas.to_csv(),
            spec.covariate_table.to_csv() if spec.covariate_table.rows else "",
            self.observations.to_csv(),
            (self.seed, self.chains, self.draws, self.tune),
            hashlib.sha256(pickle.dumps(self.digest, protocol=5)).hexdigest(),
            metadata.version("headcount"),
        )
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a job.

    Parameters
    ----------
    key, fingerprint
        Of the job.
    values
        What its digest returned; empty if the fit failed.
    seconds
        Wall time of the fit and its digest.
    divergences
        Divergent transitions after warm-up.
    error
        What went wrong, or nothing.
    """

    key: str
    fingerprint: str
    values: Mapping[str, AnyArray] = field(default_factory=dict)
    seconds: float = 0.0
    divergences: int = 0
    error: str = ""


def do(job: Job) -> Outcome:
    """Make a fit and digest it.

    Parameters
    ----------
    job
        What to do.

    Returns
    -------
    Outcome
        Trouble with the study or its sampling is an outcome too.
    """
    from headcount.inference import fit

    started = time.perf_counter()
    settings = {"chains": job.chains, "draws": job.draws, "tune": job.tune}
    try:
        with warnings.catch_warnings():
            # What there is to say about a study is said once, by whoever makes the batch.
            warnings.simplefilter("ignore", HeadcountWarning)
            # One core each: many fits share the machine, and a fit's draws do not depend on its number of cores.
            found = fit(job.spec, job.observations, seed=job.seed, **settings, cores=1, progress=False)
        values = {name: np.asarray(array) for name, array in job.digest(found).items()}
    except (HeadcountError, ArithmeticError, ValueError) as error:
        seconds = time.perf_counter() - started
        return Outcome(job.key, job.fingerprint, seconds=seconds, error=f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - started
    return Outcome(job.key, job.fingerprint, values, seconds, found.divergences)
