"""Run jobs on a Dask cluster; needs the extra ``headcount[dask]``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headcount.errors import HeadcountError
from headcount.workflows.batches.job_run import run_job
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["run_on_cluster"]


def run_on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Outcome]:
    """Run jobs on a cluster.

    Parameters
    ----------
    jobs
        Jobs to run.
    address
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``; its workers need headcount of the
        same version. One thread per worker is best: a fit holds the interpreter's lock for most of
        its time.

    Yields
    ------
    Outcome
        As they arrive, in no order.

    Raises
    ------
    HeadcountError
        If Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        msg = "a Dask cluster needs Dask here too: pip install 'headcount[dask]'"
        raise HeadcountError(msg) from error
    try:
        client = Client(address)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        msg = f"no Dask scheduler answers at {address!r} ({error})"
        raise HeadcountError(msg) from error
    with client:
        futures = {
            client.submit(run_job, job, key=f"headcount-{job.fingerprint}"): job for job in jobs
        }
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            job, trouble = futures[future], future.exception()
            yield future.result() if trouble is None else _lost(job, trouble)


def _lost(job: Job, error: BaseException) -> Outcome:
    text = f"lost by the cluster: {error!r}"
    return Outcome(job.key, job.fingerprint, error=text, lost=True)
