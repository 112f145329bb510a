"""Commands that fit a study and say what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.exit_codes import DONE, INTERRUPTED
from headcount.cli.commands.fit_verdict import Stopwatch, print_verdict, waiting
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.study_input import FIT_SUFFIX, MODEL_SUFFIX, read_fit, read_study
from headcount.cli.common import (
    BASE,
    DEFAULT_SEED,
    SAMPLER_DEFAULTS,
    FitFile,
    Probability,
    ReportFile,
    SamplerOptions,
    Seed,
    StudyFile,
    TableFile,
    app,
    fitted,
    refuse_options_of_models,
    stem,
)

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["estimates", "fit", "report"]

REPORTS: Final = Path("reports")


@app.command(sort_key=3)
def fit(
    model: Path,
    /,
    *,
    seed: Seed,
    out: FitFile,
    data: Path | None = None,
    prior_set: str = BASE,
    sampler: SamplerOptions = SAMPLER_DEFAULTS,
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
    data
        Observations table; observations.csv in the model's data folder if not given.
    prior_set
        Which of the model's prior sets to put in force.
    sampler
        How to sample.
    """
    clock = Stopwatch()
    study = read_study(model, data=data, prior_set=prior_set)
    found = fitted(study, seed, out, sampler, clock)
    if not sampler.quiet:
        with clock.step("check"):
            print_verdict(found)
        print(clock)
    return INTERRUPTED if found.sampling.interrupted else DONE


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
    found = read_fit(fit)
    from headcount.posterior.estimate_table import write_estimates

    with replacing(out) as partial:
        write_estimates(found, partial, prob=prob)
    print(f"wrote {out}")


@app.command(sort_key=5)
def report(
    study: StudyFile,
    /,
    *,
    out: ReportFile | None = None,
    prob: Probability = 0.9,
    seed: Seed | None = None,
    data: Path | None = None,
    prior_set: str | None = None,
    sampler: SamplerOptions = SAMPLER_DEFAULTS,
) -> int:
    """Write a report that a browser opens: of a model, which is checked and fitted first, or of a
    fit.

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
    data
        Observations table; observations.csv in the model's data folder if not given.
    prior_set
        Which of the model's prior sets to put in force; base if not given.
    sampler
        How to sample.
    """
    clock = Stopwatch()
    if study.suffix == MODEL_SUFFIX:
        out = out or _default_report(study, prior_set)
        found = _fitted_for_report(study, data, prior_set, seed, out, sampler, clock)
    else:
        refuse_options_of_models(seed=seed, data=data, prior_set=prior_set)
        out = out or _default_report(study, None)
        make_ready(out)
        found = read_fit(study)
    _report(found, out, prob, clock, quiet=sampler.quiet)
    return INTERRUPTED if found.sampling.interrupted and study.suffix == MODEL_SUFFIX else DONE


def _fitted_for_report(
    model: Path,
    data: Path | None,
    prior_set: str | None,
    seed: int | None,
    out: Path,
    sampler: SamplerOptions,
    clock: Stopwatch,
) -> Fit:
    study = read_study(model, data=data, prior_set=prior_set or BASE)
    make_ready(out)
    chosen = DEFAULT_SEED if seed is None else seed
    print(f"seed: {chosen}")
    return fitted(study, chosen, out.with_suffix(FIT_SUFFIX), sampler, clock)


def _report(found: Fit, out: Path, prob: float, clock: Stopwatch, *, quiet: bool) -> None:
    with (
        clock.step("report"),
        waiting("Writing the report", quiet=quiet),
        replacing(out) as partial,
    ):
        from headcount.reporting import report as write_report

        write_report(found, partial, prob=prob)
    if not quiet:
        with clock.step("check"):
            print_verdict(found)
        print(clock)
    print(f"wrote {out}")


def _default_report(study: Path, prior_set: str | None) -> Path:
    return REPORTS / f"{stem(study, prior_set)}.html"
