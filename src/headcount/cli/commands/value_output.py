"""Value of information from the shell: sentences on the terminal, and tables in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.commands.exit_codes import DONE
from headcount.cli.commands.fit_output import exit_code, refuse_options_of_models, sample
from headcount.cli.commands.input_files import read_fit, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.stopwatch import Stopwatch
from headcount.cli.options import (
    FIT_SUFFIX,
    MODEL_SUFFIX,
    FitInputs,
    Question,
    SamplerOptions,
)

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["ValueSettings", "run_value"]


@dataclass(frozen=True)
class ValueSettings:
    """Settings of `headcount.value_of_information`.

    Parameters
    ----------
    candidates
        TOML file of candidates; those of the model if ``None``.
    question
        Area and year of the headcount.
    seed
        Seed of everything random.
    """

    candidates: Path | None
    question: Question
    seed: int


def run_value(
    study: Path, out: Path, settings: ValueSettings, inputs: FitInputs, sampler: SamplerOptions
) -> int:
    """Compute the value of candidates and of parameters, print it and write the tables.

    Parameters
    ----------
    study
        TOML file of a study, which is fitted first, or fit file.
    out
        Table to write.
    settings
        Settings of `headcount.value_of_information`.
    inputs, sampler
        Options of the command.

    Returns
    -------
    int
        Exit code.
    """
    if study.suffix != MODEL_SUFFIX:
        refuse_options_of_models(data=inputs.data, prior_set=inputs.prior_set)
        _write_value(read_fit(study), out, settings)
        return DONE
    fit = _fit_of_model(study, out.with_suffix(FIT_SUFFIX), settings, inputs, sampler)
    _write_value(fit, out, settings)
    return exit_code(fit)


def _fit_of_model(
    model: Path, out: Path, settings: ValueSettings, inputs: FitInputs, sampler: SamplerOptions
) -> Fit:
    study = read_study(model, inputs.of_model)
    if settings.candidates is not None:
        # Errors in this file are reported before minutes are spent on a fit.
        from headcount.workflows.sensitivity.candidate_studies import read_candidates

        read_candidates(settings.candidates, study.spec)
    return sample(study, out, settings.seed, sampler, Stopwatch())


def _write_value(fit: Fit, out: Path, settings: ValueSettings) -> None:
    make_ready(out)
    from headcount.workflows.sensitivity import value_of_information

    question = settings.question
    found = value_of_information(
        fit, settings.candidates, area=question.area, year=question.year, seed=settings.seed
    )
    for sentence in found.sentences:
        print(sentence)
    with replacing(out) as partial:
        found.write_csv(partial)
    print(f"wrote {out}")
