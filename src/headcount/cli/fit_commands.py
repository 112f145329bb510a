"""Commands that fit a study, tabulate a fit and report it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from headcount.cli.application import app
from headcount.cli.options import (
    FitFile,
    FitInputs,
    ModelInputs,
    Probability,
    ReportFile,
    SamplerOptions,
    Seed,
    StudyFile,
    TableFile,
)

__all__ = ["estimates", "fit", "report"]

MODEL_INPUTS: Final = ModelInputs()
FIT_INPUTS: Final = FitInputs()
SAMPLER: Final = SamplerOptions()


@app.command(sort_key=3)
def fit(
    model: Path,
    /,
    *,
    seed: Seed,
    out: FitFile,
    inputs: ModelInputs = MODEL_INPUTS,
    sampler: SamplerOptions = SAMPLER,
) -> int:
    """Fit a study and keep the draws, with all that a report needs.

    Ctrl-C stops early and keeps the draws that are finished.

    Parameters
    ----------
    model
        TOML file of the study.
    seed
        Seed of everything random: the same seed, the same draws.
    out
        Fit file to write; ends in .nc.
    inputs
        Inputs of the model.
    sampler
        Options of the sampler.
    """
    from headcount.cli.commands.fit_output import run_fit

    return run_fit(model, out, seed, inputs, sampler)


@app.command(sort_key=4)
def estimates(fit: Path, /, *, out: TableFile, prob: Probability = 0.9) -> None:
    """Write the answers of a fit as a table: headcounts, growth, shares, ratios and coverage.

    Parameters
    ----------
    fit
        Fit file.
    out
        Table to write; ends in .csv.
    prob
        Probability inside each interval.
    """
    from headcount.cli.commands.fit_output import run_estimates

    run_estimates(fit, out, prob)


@app.command(sort_key=5)
def report(
    study: StudyFile,
    /,
    *,
    out: ReportFile | None = None,
    prob: Probability = 0.9,
    seed: Seed | None = None,
    inputs: FitInputs = FIT_INPUTS,
    sampler: SamplerOptions = SAMPLER,
) -> int:
    """Write a report that a browser opens: of a fit, or of a model, which is fitted first.

    Parameters
    ----------
    study
        TOML file of a study, or fit file.
    out
        Report to write; ends in .html, and is in the folder reports if not given. The fit of a
        model is saved beside it.
    prob
        Probability inside each interval.
    seed
        Seed of everything random; 1 if not given. For a model only, as are the options that follow.
    inputs
        Inputs of a model.
    sampler
        Options of the sampler.
    """
    from headcount.cli.commands.report_output import run_report

    return run_report(study, out, prob, seed, inputs, sampler)
