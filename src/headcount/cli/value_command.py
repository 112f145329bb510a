"""The command that computes the value of further data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from headcount.cli.application import app
from headcount.cli.options import (
    DEFAULT_SEED,
    FitInputs,
    Question,
    SamplerOptions,
    Seed,
    StudyFile,
    TableFile,
)

__all__ = ["value"]

QUESTION: Final = Question()
INPUTS: Final = FitInputs()
SAMPLER: Final = SamplerOptions()


@app.command(sort_key=6)
def value(
    study: StudyFile,
    /,
    *,
    out: TableFile,
    candidates: Path | None = None,
    question: Question = QUESTION,
    seed: Seed = DEFAULT_SEED,
    inputs: FitInputs = INPUTS,
    sampler: SamplerOptions = SAMPLER,
) -> int:
    """Compute by how much further data would narrow an interval.

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Table to write; ends in .csv. The fit of a model is saved beside it.
    candidates
        TOML file with sections [candidates.NAME]; those of the study's own model if not given.
    question
        The headcount in question.
    seed
        Seed of everything random.
    inputs
        Inputs of a model.
    sampler
        Options of the sampler, for a model only.
    """
    from headcount.cli.commands.value_output import ValueSettings, run_value

    return run_value(study, out, ValueSettings(candidates, question, seed), inputs, sampler)
