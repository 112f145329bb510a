"""Many fits as one resumable piece of work; may import `headcount.inference` and below.

A `Job` is a study, a seed and a function that summarises the fit. `run_batch` runs jobs in
processes or on a Dask cluster, and reads the outcomes that an earlier run has left. May import
every room below `headcount.workflows`, and no other workflow.
"""

from headcount.workflows.batches.batch_options import BatchOptions
from headcount.workflows.batches.batch_run import run_batch
from headcount.workflows.batches.jobs import SAMPLER, FitSummariser, Job, Outcome
from headcount.workflows.batches.packed_fits import pack_fit, unpack_fit

__all__ = [
    "SAMPLER",
    "BatchOptions",
    "FitSummariser",
    "Job",
    "Outcome",
    "pack_fit",
    "run_batch",
    "unpack_fit",
]
