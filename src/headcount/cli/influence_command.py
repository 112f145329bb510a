"""The command that leaves out one part of the evidence at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from headcount.cli.commands.fit_verdict import Stopwatch
from headcount.cli.commands.output_files import make_ready
from headcount.cli.commands.study_input import MODEL_SUFFIX, read_fit, read_study
from headcount.cli.common import (
    BASE,
    DEFAULT_SEED,
    SAMPLER_DEFAULTS,
    AtLeastOne,
    Probability,
    Seed,
    StudyFile,
    app,
    fitted,
    refuse_options_of_models,
)

__all__ = ["influence"]

INFLUENCES: Final = Path("reports")


@app.command(sort_key=6)
def influence(
    study: StudyFile,
    /,
    *,
    out: Path | None = None,
    area: str | None = None,
    year: int | None = None,
    seed: Seed = DEFAULT_SEED,
    draws: Annotated[int, Parameter(validator=Number(gte=100))] = 1000,
    processes: AtLeastOne | None = None,
    dask: str | None = None,
    prob: Probability = 0.9,
    data: Path | None = None,
    prior_set: str | None = None,
    quiet: bool = False,
) -> None:
    """Leave out one source, anchor or lineage at a time: what becomes of the answer, and was that
    to be expected?

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Folder for influence.csv, influence.svg, the fit of a model and the finished refits;
        reports/STUDY-influence if not given. A run that was stopped goes on from there.
    area
        Whose headcount is asked for: code of an area or grouping; the root if not given.
    year
        For which year; the last one that is no forecast if not given.
    seed
        Seed of everything random.
    draws
        Draws kept from each of two chains of a refit.
    processes
        Refits that run at once; as many as the machine has cores if not given.
    dask
        Address of a Dask scheduler to use in place of processes here, such as tcp://10.0.0.1:8786.
    prob
        Probability inside each interval.
    data
        Observations table; observations.csv in the model's data folder if not given. For a model
        only, as is the next option.
    prior_set
        Which of the model's prior sets to put in force; base if not given.
    quiet
        Show no progress.
    """
    from headcount.cli.commands.influence_output import FIT, run_influence

    folder = out or INFLUENCES / f"{study.stem}-influence"
    if study.suffix == MODEL_SUFFIX:
        declared = read_study(study, data=data, prior_set=prior_set or BASE)
        sampler = replace(SAMPLER_DEFAULTS, quiet=quiet)
        found = fitted(declared, seed, make_ready(folder / FIT), sampler, Stopwatch())
    else:
        refuse_options_of_models(data=data, prior_set=prior_set)
        found = read_fit(study)
    settings = {"area": area, "year": year, "seed": seed, "draws": draws, "prob": prob}
    run_influence(found, folder, **settings, processes=processes, dask=dask, progress=not quiet)
