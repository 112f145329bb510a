"""Reports from the shell: of a fit, or of a model that is fitted first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.exit_codes import DONE
from headcount.cli.commands.fit_output import (
    exit_code,
    file_stem,
    refuse_options_of_models,
    sample,
)
from headcount.cli.commands.fit_verdict import print_verdict
from headcount.cli.commands.input_files import read_fit, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.stopwatch import Stopwatch, waiting
from headcount.cli.options import DEFAULT_SEED, FIT_SUFFIX, MODEL_SUFFIX, FitInputs, SamplerOptions

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["run_report"]

REPORTS: Final = Path("reports")


def run_report(
    study: Path,
    out: Path | None,
    prob: float,
    seed: int | None,
    inputs: FitInputs,
    sampler: SamplerOptions,
) -> int:
    """Write the report of a model, which is fitted first, or of a fit.

    Parameters
    ----------
    study
        TOML file of a study, or fit file.
    out
        Report to write; in the folder of reports if ``None``.
    prob
        Probability inside each interval.
    seed
        Seed of the fit of a model.
    inputs, sampler
        Options of the command.

    Returns
    -------
    int
        Exit code.
    """
    clock = Stopwatch()
    out = out or REPORTS / f"{file_stem(study, inputs.prior_set)}.html"
    is_model = study.suffix == MODEL_SUFFIX
    if is_model:
        fit = _fit_of_model(study, out, seed, inputs, sampler, clock)
    else:
        refuse_options_of_models(seed=seed, data=inputs.data, prior_set=inputs.prior_set)
        make_ready(out)
        fit = read_fit(study)
    _write_report(fit, out, prob, clock, quiet=sampler.quiet)
    return exit_code(fit) if is_model else DONE


def _fit_of_model(
    model: Path,
    out: Path,
    seed: int | None,
    inputs: FitInputs,
    sampler: SamplerOptions,
    clock: Stopwatch,
) -> Fit:
    study = read_study(model, inputs.of_model)
    make_ready(out)
    seed = DEFAULT_SEED if seed is None else seed
    print(f"seed: {seed}")
    return sample(study, out.with_suffix(FIT_SUFFIX), seed, sampler, clock)


def _write_report(fit: Fit, out: Path, prob: float, clock: Stopwatch, *, quiet: bool) -> None:
    """Check a fit once, and write the results to the page and to the terminal."""
    with waiting("Writing the report", quiet=quiet), replacing(out) as partial:
        from headcount import reporting
        from headcount.diagnostics.checks import Evidence
        from headcount.diagnostics.checks.all_checks import check_evidence

        with clock.step("check"):
            evidence = Evidence(fit, prob)
            results = check_evidence(evidence)
        with clock.step("report"):
            reporting.write_report(evidence, results, partial)
    if not quiet:
        print_verdict(results)
        print(clock)
    print(f"wrote {out}")
