"""Doing a job, and having everything compiled before many do."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

from headcount._names import LOG_HEADCOUNT, REGION, SAMPLE_DIMS, YEAR
from headcount._types import AnyArray
from headcount.errors import HeadcountError, HeadcountWarning
from headcount.posterior.fits import Fit
from headcount.posterior.summaries import diagnostics
from headcount.study.copies import without_copies
from headcount.study.study_checks import check_study
from headcount.workflows.batches.jobs import Job, Outcome

__all__ = ["compile_once", "do"]


def do(job: Job) -> Outcome:
    """Make a fit and digest it.

    Parameters
    ----------
    job
        What to do.

    Returns
    -------
    Outcome
        Trouble with the study, its sampling or its digest is an outcome too.
    """
    from headcount.inference import fit

    started = time.perf_counter()
    settings = {"chains": job.chains, "draws": job.draws, "tune": job.tune}
    try:
        with _said_once():
            # One core each: many fits share the machine, and a fit's draws do not depend on its
            # number of cores.
            found = fit(
                job.spec,
                job.observations,
                seed=job.seed,
                **settings,
                cores=1,
                progress=False,
                near=job.near,
            )
        values = {name: _plain(name, array) for name, array in job.digest(found).items()}
        rhat, ess = _convergence(found)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with one fit is shown, and the others go on
        seconds = time.perf_counter() - started
        return Outcome(
            job.key, job.fingerprint, seconds=seconds, error=f"{type(error).__name__}: {error}"
        )
    seconds = time.perf_counter() - started
    return Outcome(job.key, job.fingerprint, values, seconds, found.divergences, rhat, ess)


def compile_once(job: Job) -> None:
    """Have the engine's code compiled and kept on disk, from where every process reads it; nothing
    is sampled.

    Without it, processes that start together on a machine that is new to the engine would each
    compile all of it.

    Parameters
    ----------
    job
        Any of the batch: the code is the same for all studies. Trouble with it is left to whoever
        does it.
    """
    from headcount.engine.coordinates.construction import geometry_at
    from headcount.engine.density.evaluation import evaluate, evaluate_reach, log_likelihood
    from headcount.engine.density.study_arrays import assemble
    from headcount.layout.study_layout import Layout

    with suppress(HeadcountError), _said_once():
        observations = without_copies(job.spec, job.observations)
        check_study(job.spec, observations)
        layout = Layout.of(job.spec, observations)
        arrays = assemble(layout)
        geometry = geometry_at(arrays, arrays.middle)
        geometry.log_density(np.zeros(geometry.size))
        free = geometry.free(np.zeros(geometry.size))[None]
        evaluate(free, arrays)
        log_likelihood(free, arrays)
        evaluate_reach(free, assemble(layout, all_views=True))


@contextmanager
def _said_once() -> Iterator[None]:
    """Keep quiet about a study: what there is to say is said once, by whoever makes the batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HeadcountWarning)
        yield


def _plain(name: str, array: object) -> AnyArray:
    """Return an array that a file can hold."""
    values: AnyArray = np.asarray(array)
    if values.dtype.hasobject:
        msg = f"the digest's {name!r} is not an array of numbers or of text"
        raise TypeError(msg)
    return values


def _convergence(found: Fit) -> tuple[float, float]:
    """Return the largest R-hat and the smallest effective sample size of the headcounts of regions."""
    logs = found.posterior[LOG_HEADCOUNT].stack(quantity=(REGION, YEAR))
    measured = diagnostics(logs.transpose("quantity", *SAMPLE_DIMS).to_numpy())
    # A headcount that does not vary, such as one that is known, has no R-hat.
    rhat = measured["rhat"][np.isfinite(measured["rhat"])]
    ess = np.minimum(measured["ess_bulk"], measured["ess_tail"])
    return float(rhat.max(initial=1.0)), float(ess.min())
