"""A job and its outcome; both can be sent to another process or machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from headcount._types import AnyArray
from headcount.inference import Sampler
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit
from headcount.study.study import Study
from headcount.workflows.batches.fingerprints import code_hash, hash_of, summariser_hash

__all__ = ["SAMPLER", "FitSummariser", "Job", "Outcome"]

SAMPLER: Final = Sampler(chains=2, draws=500, tune=500)

type FitSummariser = Callable[[Fit], Mapping[str, AnyArray]]


@dataclass(frozen=True)
class Job:
    """A fit to make, and the summary to keep of it.

    Parameters
    ----------
    key
        Name of the job in its batch, and of its file: letters, digits, ``_``, ``.``, ``+`` and
        ``-``.
    study
        Spec and observations.
    seed
        Seed of the fit; nothing else in the outcome is random.
    summarise
        Function of the fit that returns arrays by name, which are all that is kept. A function of a
        module, or an instance of a class of one, so that another process can receive it.
    sampler
        Options of the sampler; ``cores`` does not matter, since each fit of a batch has one. The
        default has fewer draws than a single fit needs: a batch looks at many fits together.
    warm_start
        Draws of a fit of a similar study, from which coordinates are chosen; some hundreds are
        enough, and are sent with the job.
    """

    key: str
    study: Study
    seed: int
    summarise: FitSummariser
    sampler: Sampler = SAMPLER
    warm_start: DrawTransfer | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the study, the seed, the settings, the summary and the code of a fit.

        Raises
        ------
        HeadcountError
            If the summary function cannot be sent to another process.
        """
        spec, start = self.study.spec, self.warm_start
        return hash_of(
            spec.text,
            spec.prior_set,
            spec.areas.to_csv(),
            spec.covariate_table.to_csv() if spec.covariate_table.rows else "",
            self.study.observations.to_csv(),
            str((self.seed, replace(self.sampler, cores=None))),
            "" if start is None else hash_of(*start.labels, start.free.tobytes().hex()),
            summariser_hash(self.summarise),
            code_hash(),
        )


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a job.

    Parameters
    ----------
    key, fingerprint
        Of the job.
    values
        Summary of the fit: arrays by name; empty if the fit failed.
    seconds
        Wall time of the fit and its summary.
    divergences
        Divergent transitions after warm-up.
    rhat, ess
        Largest R-hat and smallest effective sample size of any region's headcount in any year;
        missing if the fit failed.
    error
        Error message of the fit or of its summary; empty if there is none.
    lost
        Whether a process died. The same job may succeed another day, so such an outcome is not
        written.
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

    def to_frame(self) -> pd.DataFrame:
        """Return one line: the key, how the sampler did, the error and the fingerprint."""
        names = ("key", "seconds", "divergences", "rhat", "ess", "error", "lost", "fingerprint")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])
