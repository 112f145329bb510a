"""The command that compares prior sets, models and fits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from headcount.cli.application import app
from headcount.cli.options import (
    ComparedModels,
    Probability,
    Seed,
    ShortSampler,
    StudyFile,
    WorkerOptions,
)

__all__ = ["compare"]


MODELS: Final = ComparedModels()
SAMPLER: Final = ShortSampler()
BATCH: Final = WorkerOptions()


@app.command(sort_key=6)
def compare(
    study: StudyFile,
    /,
    *others: Annotated[StudyFile, Parameter(name="MORE")],
    models: ComparedModels = MODELS,
    out: Path | None = None,
    seed: Seed | None = None,
    prob: Probability = 0.9,
    sampler: ShortSampler = SAMPLER,
    batch: WorkerOptions = BATCH,
) -> None:
    """Compare priors: changes of the answer, the priors behind them, and predictive accuracy.

    Parameters
    ----------
    study
        TOML file of a study, whose prior sets are compared, or fit file.
    others
        More models, under their base priors, and fit files, to compare with it.
    models
        Prior sets and rows of the models.
    out
        Folder for comparison.html, comparison.csv with more tables beside it, and the finished
        fits; reports/STUDY-comparison if not given. A run that was stopped goes on from there.
    seed
        Seed of every fit; 1 if not given.
    prob
        Probability inside each interval.
    sampler
        Options of the sampler for each model.
    batch
        Options of all fits.
    """
    from headcount.cli.commands.comparison_output import run_comparison

    run_comparison([study, *others], models, out, seed, prob, sampler, batch)
