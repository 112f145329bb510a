"""Batches: many fits as one piece of work, which can be stopped, killed and taken up again.

Under calibration, and whatever else fits a study many times. A `Job` is a study, a seed and a
digest of its fit; `run_batch` works through jobs over processes or a Dask cluster, and keeps each
outcome in a file of its own as soon as it is there.
"""

from headcount.workflows.batches.batch_run import run_batch
from headcount.workflows.batches.jobs import Digest, Job, Outcome
from headcount.workflows.batches.whole_fits import keep_fit, kept_fit

__all__ = ["Digest", "Job", "Outcome", "keep_fit", "kept_fit", "run_batch"]
