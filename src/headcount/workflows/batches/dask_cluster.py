"""A Dask cluster, given by its address; needs the extra ``headcount[dask]``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headcount.errors import HeadcountError
from headcount.workflows.batches.job_work import do
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["on_cluster"]


def on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Outcome]:
    """Do jobs on a cluster.

    Parameters
    ----------
    jobs
        What to do.
    address
        Of the scheduler, such as ``tcp://10.0.0.1:8786``; its workers need headcount of the same
        version. One thread for each worker is best: a fit holds the interpreter's lock for most of
        its time.

    Yields
    ------
    Outcome
        As they come, in no order.

    Raises
    ------
    HeadcountError
        Where Dask is not installed, or the scheduler does not answer.
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
        futures = {client.submit(do, job, key=f"headcount-{job.fingerprint}"): job for job in jobs}
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            job, trouble = futures[future], future.exception()
            if trouble is None:
                yield future.result()
            else:
                what = f"lost by the cluster: {trouble!r}"
                yield Outcome(job.key, job.fingerprint, error=what, lost=True)
