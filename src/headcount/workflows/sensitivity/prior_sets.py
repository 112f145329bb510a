"""Fits of one study under several of its prior sets, kept in a folder as soon as they are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from headcount.errors import InputError, Problem, SamplingError, SpecError
from headcount.inference import Sampler
from headcount.posterior.fits import Fit
from headcount.study.observations import Observations
from headcount.study.prior_changes import with_prior_set
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.batches import (
    BatchOptions,
    Job,
    Outcome,
    pack_fit,
    run_batch,
    unpack_fit,
)

__all__ = ["fit_prior_sets", "fit_studies", "under_prior_sets"]

SAMPLER: Final = Sampler(chains=4, draws=1000, tune=500)


def fit_prior_sets(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    names: Sequence[str],
    seed: int,
    sampler: Sampler = SAMPLER,
    batch: BatchOptions | None = None,
) -> dict[str, Fit]:
    """Fit a study under several of its prior sets.

    Nothing compiles for a set.

    Parameters
    ----------
    study
        A study with its base priors in force, or the spec of one.
    observations
        The rows, if a spec is given.
    names
        Prior sets, ``base`` for none; the first one is the reference of a comparison.
    seed
        Seed of every fit.
    sampler
        Options of the sampler.
    batch
        Folder of the finished fits and the processes that run them; if ``None``, all cores, and an
        interrupted run starts again.

    Returns
    -------
    dict
        Name of the set to its fit, in the order of ``names``.

    Raises
    ------
    SpecError
        If a set is unknown; all unknown sets are named, before anything is fitted.
    SamplingError
        If a fit failed; the others are kept.

    Examples
    --------
    >>> import headcount as hc
    >>> from headcount.workflows.sensitivity import fit_prior_sets
    >>> study = hc.Study(
    ...     hc.read_spec("models/toy.toml"),
    ...     hc.read_observations("data/toy/observations.csv"),
    ... )
    >>> short = hc.Sampler(chains=2, draws=200, tune=200)
    >>> batch = hc.BatchOptions(folder="fits", processes=1, progress=False)
    >>> names = ["base", "wide"]
    >>> fits = fit_prior_sets(study, names=names, seed=1, sampler=short, batch=batch)
    >>> list(fits)
    ['base', 'wide']
    """
    study = Study.of(study, observations)
    specs = under_prior_sets(study.spec, names)
    studies = {name: study.variant(spec=spec) for name, spec in specs.items()}
    return fit_studies(studies, seed=seed, sampler=sampler, batch=batch)


def under_prior_sets(spec: ModelSpec, names: Iterable[str]) -> dict[str, ModelSpec]:
    """Return a spec under each of several prior sets.

    Parameters
    ----------
    spec
        The declaration with its base priors in force.
    names
        Prior sets; repeated names count once.

    Returns
    -------
    dict
        Name to spec.

    Raises
    ------
    SpecError
        With all unknown names, each with the nearest known one.
    """
    found: dict[str, ModelSpec] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        try:
            found[name] = with_prior_set(spec, name)
        except InputError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return found


def fit_studies(
    studies: Mapping[str, Study],
    *,
    seed: int,
    sampler: Sampler = SAMPLER,
    batch: BatchOptions | None = None,
) -> dict[str, Fit]:
    """Fit several studies, and keep each fit as soon as it is done.

    Parameters
    ----------
    studies
        Name, which also names the file, to study.
    seed, sampler, batch
        As in `fit_prior_sets`.

    Returns
    -------
    dict
        Name to fit, in the order given.

    Raises
    ------
    SamplingError
        If a fit failed; the others are kept.
    """
    jobs = [Job(name, study, seed, pack_fit, sampler) for name, study in studies.items()]
    outcomes = run_batch(jobs, batch)
    failed = [_failure(outcome) for outcome in outcomes if outcome.error]
    if failed:
        msg = f"{len(failed)} of {len(jobs)} fits failed; the others are kept. {'; '.join(failed)}"
        raise SamplingError(msg)
    return {outcome.key: unpack_fit(outcome) for outcome in outcomes}


def _failure(outcome: Outcome) -> str:
    return f"{outcome.key}: {outcome.error}"
