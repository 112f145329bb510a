"""Influence from the shell: a ranking in sentences, a table and a figure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.fit_output import refuse_options_of_models, sample
from headcount.cli.commands.input_files import read_fit, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.stopwatch import Stopwatch
from headcount.cli.options import (
    MODEL_SUFFIX,
    FitInputs,
    Question,
    SamplerOptions,
    WorkerOptions,
)

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["InfluenceSettings", "run_influence"]

INFLUENCES: Final = Path("reports")
FIT: Final = "fit.nc"
REFITS: Final = "refits"
TABLE: Final = "influence.csv"
FIGURE: Final = "influence.svg"


@dataclass(frozen=True)
class InfluenceSettings:
    """Settings of `headcount.influence`.

    Parameters
    ----------
    question
        Area and year of the headcount.
    seed
        Seed of everything random.
    draws
        Draws kept from each of two chains of a refit.
    prob
        Probability inside each interval.
    """

    question: Question
    seed: int
    draws: int
    prob: float


def run_influence(
    study: Path,
    out: Path | None,
    settings: InfluenceSettings,
    inputs: FitInputs,
    batch: WorkerOptions,
) -> None:
    """Leave out one source, anchor or lineage at a time, and write and print the answers.

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Folder to write; one in the folder of reports if ``None``.
    settings
        Settings of `headcount.influence`.
    inputs, batch
        Options of the command.
    """
    folder = out or INFLUENCES / f"{study.stem}-influence"
    if study.suffix == MODEL_SUFFIX:
        path, sampler = make_ready(folder / FIT), SamplerOptions(quiet=batch.quiet)
        declared = read_study(study, inputs.of_model)
        fit = sample(declared, path, settings.seed, sampler, Stopwatch())
    else:
        refuse_options_of_models(data=inputs.data, prior_set=inputs.prior_set)
        fit = read_fit(study)
    _write_influence(fit, folder, settings, batch)


def _write_influence(
    fit: Fit, folder: Path, settings: InfluenceSettings, batch: WorkerOptions
) -> None:
    from headcount.inference import Sampler
    from headcount.reporting.answer_sentences import capital, subject
    from headcount.reporting.influence_figure import influence_svg
    from headcount.workflows.sensitivity import influence

    found = influence(
        fit,
        area=settings.question.area,
        year=settings.question.year,
        seed=settings.seed,
        prob=settings.prob,
        sampler=Sampler(chains=2, draws=settings.draws, tune=400),
        batch=batch.in_folder(folder / REFITS),
    )
    name = fit.spec.areas.by_code[found.area].name
    title = f"{capital(subject(fit.spec))}, {name} {found.year}"
    with replacing(folder / TABLE) as partial:
        found.write_csv(partial)
    with replacing(folder / FIGURE) as partial:
        whole = (found.lower, found.median, found.upper)
        svg = influence_svg(found.to_frame(), whole, answer=title)
        partial.write_text(svg + "\n", encoding="utf-8", newline="\n")
    for sentence in found.sentences:
        print(sentence)
    print(f"wrote {folder / TABLE}\nwrote {folder / FIGURE}")
