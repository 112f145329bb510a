"""Commands that say what further data would be worth."""

from __future__ import annotations

from pathlib import Path

from headcount.cli.commands.exit_codes import DONE, INTERRUPTED
from headcount.cli.commands.fit_verdict import Stopwatch
from headcount.cli.commands.study_input import FIT_SUFFIX, MODEL_SUFFIX, read_fit, read_study
from headcount.cli.common import (
    BASE,
    DEFAULT_SEED,
    SAMPLER_DEFAULTS,
    SamplerOptions,
    Seed,
    StudyFile,
    TableFile,
    app,
    fitted,
    refuse_options_of_models,
)

__all__ = ["value"]


@app.command(sort_key=6)
def value(
    study: StudyFile,
    /,
    *,
    out: TableFile,
    candidates: Path | None = None,
    area: str | None = None,
    year: int | None = None,
    seed: Seed = DEFAULT_SEED,
    data: Path | None = None,
    prior_set: str | None = None,
    sampler: SamplerOptions = SAMPLER_DEFAULTS,
) -> int:
    """Say how much narrower an interval would become with data that could be had.

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Table to write; ends in .csv. The fit of a model is saved beside it.
    candidates
        TOML file with sections [candidates.NAME]; those of the study's own model if not given.
    area
        Whose headcount is asked for: code of an area or grouping; the root if not given.
    year
        For which year; the last one that is no forecast if not given.
    seed
        Seed of everything random.
    data
        Observations table; observations.csv in the model's data folder if not given. For a model
        only, as is the next option.
    prior_set
        Which of the model's prior sets to put in force; base if not given.
    sampler
        How to sample, for a model only.
    """
    from headcount.cli.commands.value_output import candidates_in_order, show_value

    if study.suffix == MODEL_SUFFIX:
        declared = read_study(study, data=data, prior_set=prior_set or BASE)
        candidates_in_order(declared.spec, candidates)
        found = fitted(declared, seed, out.with_suffix(FIT_SUFFIX), sampler, Stopwatch())
    else:
        refuse_options_of_models(data=data, prior_set=prior_set)
        found = read_fit(study)
    show_value(found, out, candidates=candidates, area=area, year=year, seed=seed)
    return INTERRUPTED if found.sampling.interrupted and study.suffix == MODEL_SUFFIX else DONE
