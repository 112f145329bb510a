"""Prior sets: one study fitted under several of them, as one piece of work that can be taken up
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from headcount.errors import InputError, Problem, SamplingError, SpecError
from headcount.posterior.fits import Fit
from headcount.study.observations import Observations
from headcount.study.prior_changes import with_prior_set
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.batches import Job, Outcome, pack_fit, run_batch, unpack_fit

__all__ = ["fit_prior_sets", "fit_studies", "under_prior_sets"]


def fit_prior_sets(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    names: Sequence[str],
    folder: str | Path,
    seed: int,
    chains: int = 4,
    draws: int = 1000,
    tune: int = 500,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
) -> dict[str, Fit]:
    """Fit a study under several of its prior sets.

    Finished fits are kept in a folder, so that a run that was stopped or killed goes on from there.
    Nothing compiles for a set.

    Parameters
    ----------
    study
        A study with its base priors in force, or the spec of one.
    observations
        The rows, where a spec is given.
    names
        Prior sets, ``base`` for none; the first one is the reference of a comparison.
    folder
        Where finished fits are kept, one file each.
    seed
        Of every fit.
    chains, draws, tune
        As in `headcount.fit`.
    processes, dask, progress
        As in `headcount.workflows.batches.run_batch`.

    Returns
    -------
    dict
        Name of the set to its fit, in the order of ``names``.

    Raises
    ------
    SpecError
        Where a set is unknown; all of them are named, before anything is fitted.
    SamplingError
        Where a fit failed; the others are kept.

    Examples
    --------
    >>> import headcount as hc
    >>> from headcount.workflows.sensitivity import fit_prior_sets
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> fits = fit_prior_sets(
    ...     spec, observations, names=["base", "wide"], folder="fits", seed=1
    ... )  # doctest: +SKIP
    >>> hc.compare_priors(fits)  # doctest: +SKIP
    """
    study = Study.of(study, observations)
    studies = {
        name: study.variant(spec=spec) for name, spec in under_prior_sets(study.spec, names).items()
    }
    settings = {"seed": seed, "chains": chains, "draws": draws, "tune": tune}
    return fit_studies(
        studies, folder, **settings, processes=processes, dask=dask, progress=progress
    )


def under_prior_sets(spec: ModelSpec, names: Iterable[str]) -> dict[str, ModelSpec]:
    """Return a spec under each of several prior sets.

    Parameters
    ----------
    spec
        The declaration with its base priors in force.
    names
        Prior sets; one that is named twice is meant once.

    Returns
    -------
    dict
        Name to spec.

    Raises
    ------
    SpecError
        With all names that are unknown, each with the nearest one that is known.
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
    folder: str | Path,
    *,
    seed: int,
    chains: int,
    draws: int,
    tune: int,
    processes: int | None = None,
    dask: str | None = None,
    progress: bool = True,
) -> dict[str, Fit]:
    """Fit several studies, and keep each fit as soon as it is there.

    Parameters
    ----------
    studies
        Name, which also names the file, to study.
    folder, seed, chains, draws, tune, processes, dask, progress
        As in `fit_prior_sets`.

    Returns
    -------
    dict
        Name to fit, in the order given.

    Raises
    ------
    SamplingError
        Where a fit failed; the others are kept.
    """
    jobs = [
        Job(name, study, seed, pack_fit, chains=chains, draws=draws, tune=tune)
        for name, study in studies.items()
    ]
    outcomes = run_batch(jobs, folder, processes=processes, dask=dask, progress=progress)
    failed = [_failure(outcome) for outcome in outcomes if outcome.error]
    if failed:
        msg = f"{len(failed)} of {len(jobs)} fits failed; the others are kept. {'; '.join(failed)}"
        raise SamplingError(msg)
    return {outcome.key: unpack_fit(outcome) for outcome in outcomes}


def _failure(outcome: Outcome) -> str:
    return f"{outcome.key}: {outcome.error}"
