"""The command that leaves out one contributor to the evidence at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from headcount.cli.application import app
from headcount.cli.options import (
    DEFAULT_SEED,
    FitInputs,
    Probability,
    Question,
    Seed,
    StudyFile,
    WorkerOptions,
)

__all__ = ["influence"]

QUESTION: Final = Question()
INPUTS: Final = FitInputs()
BATCH: Final = WorkerOptions()


@app.command(sort_key=6)
def influence(
    study: StudyFile,
    /,
    *,
    out: Path | None = None,
    question: Question = QUESTION,
    seed: Seed = DEFAULT_SEED,
    draws: Annotated[int, Parameter(validator=Number(gte=100))] = 1000,
    prob: Probability = 0.9,
    inputs: FitInputs = INPUTS,
    batch: WorkerOptions = BATCH,
) -> None:
    """Leave out one source, anchor or lineage at a time, and compare each answer with expectation.

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Folder for influence.csv, influence.svg, the fit of a model and the finished refits;
        reports/STUDY-influence if not given. A run that was stopped goes on from there.
    question
        The headcount in question.
    seed
        Seed of everything random.
    draws
        Draws kept from each of two chains of a refit.
    prob
        Probability inside each interval.
    inputs
        Inputs of a model.
    batch
        Options of all refits.
    """
    from headcount.cli.commands.influence_output import InfluenceSettings, run_influence

    settings = InfluenceSettings(question, seed, draws, prob)
    run_influence(study, out, settings, inputs, batch)
