"""A job, and what comes of it. Everything here can be sent to another process or machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from headcount._types import AnyArray
from headcount.posterior.draw_transfer import Carried
from headcount.posterior.fits import Fit
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.workflows.batches.fingerprints import code_digits, digest_digits, digits

__all__ = ["Digest", "Job", "Outcome"]

type Digest = Callable[[Fit], Mapping[str, AnyArray]]


@dataclass(frozen=True)
class Job:
    """A fit to be made, and what is wanted of it.

    Parameters
    ----------
    key
        Name of the job in its batch, and of its file: letters, digits, ``_``, ``.``, ``+`` and
        ``-``.
    spec, observations
        The study.
    seed
        Seed of the fit; the outcome depends on nothing else that is random.
    digest
        Takes the fit and returns arrays by name: all that is kept of it. A function of a module, or
        an instance of a class of one, so that another process can be given it.
    chains, draws, tune
        As in `headcount.fit`. Fewer by default than for a fit that is read by itself: a batch looks
        at many fits together.
    near
        Draws of a fit of a similar study, by which coordinates are chosen; some hundreds are
        enough, and are sent with the job.
    """

    key: str
    spec: ModelSpec
    observations: Observations
    seed: int
    digest: Digest
    chains: int = 2
    draws: int = 500
    tune: int = 500
    near: Carried | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Digits that are the same for the same work: study, seed, settings, digest, and the code
        that a fit depends on.

        Raises
        ------
        HeadcountError
            Where the digest cannot be sent to another process.
        """
        spec = self.spec
        return digits(
            spec.text,
            spec.prior_set,
            spec.areas.to_csv(),
            spec.covariate_table.to_csv() if spec.covariate_table.rows else "",
            self.observations.to_csv(),
            str((self.seed, self.chains, self.draws, self.tune)),
            "" if self.near is None else digits(*self.near.labels, self.near.free.tobytes().hex()),
            digest_digits(self.digest),
            code_digits(),
        )


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
    rhat, ess
        Largest R-hat and smallest effective sample size of any region's headcount in any year;
        missing if the fit failed.
    error
        What went wrong with the fit or its digest, or nothing.
    lost
        Whether what went wrong is a process that died. The same job may do well another day, so
        such an outcome is not kept.
    """

    key: str
    fingerprint: str
    values: Mapping[str, AnyArray] = field(default_factory=dict, repr=False)
    seconds: float = 0.0
    divergences: int = 0
    rhat: float = np.nan
    ess: float = np.nan
    error: str = ""
    lost: bool = False
