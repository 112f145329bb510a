"""Fits from the shell: a study sampled and saved, its verdict, and the table of a fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.commands.exit_codes import DONE, INTERRUPTED, UsageError
from headcount.cli.commands.fit_verdict import print_verdict
from headcount.cli.commands.input_files import read_fit, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.stopwatch import Stopwatch, waiting
from headcount.cli.options import BASE, ModelInputs, SamplerOptions

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study

__all__ = [
    "exit_code",
    "file_stem",
    "refuse_options_of_models",
    "run_estimates",
    "run_fit",
    "sample",
]


def run_fit(model: Path, out: Path, seed: int, inputs: ModelInputs, sampler: SamplerOptions) -> int:
    """Fit a study, save the fit and print its verdict.

    Parameters
    ----------
    model
        TOML file of the study.
    out
        Fit file to write.
    seed
        Seed of everything random.
    inputs, sampler
        Options of the command.

    Returns
    -------
    int
        Exit code.
    """
    clock = Stopwatch()
    fit = sample(read_study(model, inputs), out, seed, sampler, clock)
    if not sampler.quiet:
        with clock.step("check"):
            from headcount.diagnostics.checks import check

            print_verdict(check(fit))
        print(clock)
    return exit_code(fit)


def run_estimates(path: Path, out: Path, prob: float) -> None:
    """Write the table of the answers of a fit.

    Parameters
    ----------
    path
        Fit file.
    out
        Table to write.
    prob
        Probability inside each interval.
    """
    fit = read_fit(path)
    from headcount.posterior.estimate_table import write_estimates

    with replacing(out) as partial:
        write_estimates(fit, partial, prob=prob)
    print(f"wrote {out}")


def sample(study: Study, out: Path, seed: int, sampler: SamplerOptions, clock: Stopwatch) -> Fit:
    """Fit a study, save the fit, and print its file.

    Parameters
    ----------
    study
        A study.
    out
        Fit file to write.
    seed
        Seed of everything random.
    sampler
        Options of the sampler.
    clock
        Stopwatch to which the steps ``prepare`` and ``sample`` are added.

    Returns
    -------
    Fit
        The fit.
    """
    make_ready(out)
    with clock.step("prepare"):
        with waiting("Loading the sampler", quiet=sampler.quiet):
            from headcount import inference
            from headcount.posterior.fits import save_fit
        options = inference.Sampler(
            chains=sampler.chains, draws=sampler.draws, tune=sampler.tune, cores=sampler.cores
        )
        fit = inference.fit(study, seed=seed, sampler=options, progress=not sampler.quiet)
    clock.split("prepare", "sample", fit.sampling.seconds["sample"])
    with replacing(out) as partial:
        save_fit(fit, partial)
    if fit.sampling.interrupted:
        draws, chains = fit.sampling.draws, fit.sampling.chains
        kept = f"{draws} of {sampler.draws} draws from each of {chains} chains"
        print(f"stopped early: {kept} are kept")
    print(f"wrote {out}")
    return fit


def exit_code(fit: Fit) -> int:
    """Return the exit code of a command that sampled this fit."""
    return INTERRUPTED if fit.sampling.interrupted else DONE


def file_stem(study: Path, prior_set: str | None) -> str:
    """Return the stem of files about a study: its name, and the prior set if it is not base."""
    return study.stem if prior_set in (None, BASE) else f"{study.stem}-{prior_set}"


def refuse_options_of_models(**given: object) -> None:
    """Refuse options that a fit has no use for.

    Parameters
    ----------
    **given
        Option, with underscores, to its value; ``None`` if it was not given.

    Raises
    ------
    UsageError
        If one was given.
    """
    for name, value in given.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            msg = f"{option} is for models; a fit has its own, and is reported as it is"
            raise UsageError(msg)
