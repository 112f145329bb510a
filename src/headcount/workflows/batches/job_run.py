"""Run one job, and compile the engine before many jobs start."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np

from headcount._names import LOG_HEADCOUNT, REGION, SAMPLE_DIMS, YEAR
from headcount._types import AnyArray
from headcount.errors import HeadcountError, HeadcountWarning
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.fits import Fit
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["compile_engine", "run_job"]


def run_job(job: Job) -> Outcome:
    """Fit a study and summarise the fit.

    Parameters
    ----------
    job
        Job to run.

    Returns
    -------
    Outcome
        An error of the study, of the sampler or of the summary is an outcome too.
    """
    started = time.perf_counter()
    try:
        found = _fit(job)
        values = {name: _plain(name, array) for name, array in job.summarise(found).items()}
        rhat, ess = _convergence(found)
    except Exception as error:  # noqa: BLE001 - the other fits of the batch go on
        text = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - started
        return Outcome(job.key, job.fingerprint, seconds=seconds, error=text)
    seconds = time.perf_counter() - started
    return Outcome(job.key, job.fingerprint, values, seconds, found.divergences, rhat, ess)


def _fit(job: Job) -> Fit:
    from headcount.inference import fit

    # One core each: many fits share the machine, and draws do not depend on the number of cores.
    sampler = replace(job.sampler, cores=1)
    with _no_warnings():
        return fit(
            job.study, seed=job.seed, sampler=sampler, progress=False, warm_start=job.warm_start
        )


def compile_engine(job: Job) -> None:
    """Compile the engine's code and write it to disk, from where every process reads it.

    Without this, processes that start together on a machine that is new to the engine would each
    compile all of it. Nothing is sampled.

    Parameters
    ----------
    job
        Any job of the batch: the code is the same for all studies. An error of its study is left to
        the process that runs it.
    """
    from headcount.engine.coordinates.construction import coordinates_at
    from headcount.engine.density.evaluation import evaluate, evaluate_reach, log_likelihood
    from headcount.engine.density.study_arrays import arrays_of
    from headcount.layout.study_layout import layout_of

    with suppress(HeadcountError), _no_warnings():
        layout = layout_of(job.study)
        arrays = arrays_of(layout)
        coordinates = coordinates_at(arrays, arrays.prior_median)
        coordinates.log_density(np.zeros(coordinates.size))
        free = coordinates.free(np.zeros(coordinates.size))[None]
        evaluate(free, arrays)
        log_likelihood(free, arrays)
        evaluate_reach(free, arrays_of(layout, everywhere=True))


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Suppress warnings about a study: the caller of the batch has issued them once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HeadcountWarning)
        yield


def _plain(name: str, array: object) -> AnyArray:
    """Return an array that a file can hold."""
    values: AnyArray = np.asarray(array)
    if values.dtype.hasobject:
        msg = f"{name!r} in the summary of a fit is not an array of numbers or of text"
        raise TypeError(msg)
    return values


def _convergence(found: Fit) -> tuple[float, float]:
    """Return the largest R-hat and the smallest effective sample size of regions' headcounts."""
    logs = found.posterior[LOG_HEADCOUNT].stack(quantity=(REGION, YEAR))
    measured = ess_and_rhat(logs.transpose("quantity", *SAMPLE_DIMS).to_numpy())
    # A headcount that does not vary, such as a known one, has no R-hat.
    rhat = measured["rhat"][np.isfinite(measured["rhat"])]
    ess = np.minimum(measured["ess_bulk"], measured["ess_tail"])
    return float(rhat.max(initial=1.0)), float(ess.min())
