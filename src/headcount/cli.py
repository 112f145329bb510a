"""The shell: the package's own words as commands. A thin skin; what needs PyMC or SciPy is imported inside a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from headcount.shell.outcomes import DONE, INTERRUPTED, PROBLEM, UsageError, guarded, told
from headcount.shell.outputs import make_ready, replacing
from headcount.shell.studies import FIT_SUFFIX, MODEL_SUFFIX, Study, observations_file, read_fit, read_study
from headcount.shell.verdicts import Stopwatch, print_verdict, waiting

if TYPE_CHECKING:
    from headcount.fits import Fit

__all__ = ["app", "main"]

BASE: Final = "base"
REPORTS: Final = Path("reports")
CALIBRATIONS: Final = Path("calibration")
DEFAULT_SEED: Final = 1

app = App(
    name="headcount",
    help="How many are there, when nobody can count? Start with: headcount new my_study",
    version=lambda: version("headcount"),
    version_flags=["--version"],
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)


def _ends_in(*suffixes: str) -> Parameter:
    """Refuse other files, so that no command can write over what another one needs."""

    def check_suffix(_: object, path: Path | None) -> None:
        if path is not None and path.suffix not in suffixes:
            msg = f"Must end in {' or '.join(suffixes)}."
            raise ValueError(msg)

    return Parameter(validator=check_suffix)


type FitFile = Annotated[Path, _ends_in(FIT_SUFFIX)]
type TableFile = Annotated[Path, _ends_in(".csv")]
type ReportFile = Annotated[Path, _ends_in(".html", ".htm")]
type ReportedFile = Annotated[Path, Parameter(name="MODEL|FIT"), _ends_in(MODEL_SUFFIX, FIT_SUFFIX)]
type AtLeastOne = Annotated[int, Parameter(validator=Number(gte=1))]
type Seed = Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))]
type Probability = Annotated[float, Parameter(validator=Number(gt=0, lt=1))]


@Parameter(name="*")
@dataclass(frozen=True)
class SamplerOptions:
    """How to sample.

    Parameters
    ----------
    chains
        Independent chains; four show whether they agree.
    draws
        Draws kept from each chain.
    tune
        Draws of each chain that only set the sampler up.
    cores
        Chains that run at once; all that the machine has if not given.
    quiet
        Show no progress and no verdict.
    """

    chains: AtLeastOne = 4
    draws: AtLeastOne = 2000
    tune: AtLeastOne = 500
    cores: AtLeastOne | None = None
    quiet: bool = False


SAMPLER_DEFAULTS: Final = SamplerOptions()


@app.command(sort_key=1)
def new(name: str, /, *, folder: Path = Path()) -> None:
    """Write a small commented study that runs as it is, to be rewritten piece by piece.

    Parameters
    ----------
    name
        Name of the study and of its files.
    folder
        Where models/NAME.toml and data/NAME/ are written.
    """
    from headcount.shell.new_studies import new_study

    written = new_study(name, folder)
    for path in written:
        print(f"wrote {path}")
    print(f"next: headcount check {written[0]}")


@app.command(sort_key=2)
def check(model: Path, /, *, data: Path | None = None, prior_set: str = BASE) -> None:
    """Check a model and its tables, and say what they consist of or all there is to mend.

    Parameters
    ----------
    model
        TOML file of the study.
    data
        Observations table; observations.csv in the model's data folder if not given.
    prior_set
        Which of the model's prior sets to put in force.
    """
    from rich.console import Console

    from headcount.shell.findings import print_findings

    study = read_study(model, data=data, prior_set=prior_set)
    print_findings(study, Console())
    print(f"\n{model}: in order")


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
    found = _fitted(study, seed, out, sampler, clock)
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
    from headcount.summaries import write_estimates

    with replacing(out) as partial:
        write_estimates(found, partial, prob=prob)
    print(f"wrote {out}")


@app.command(sort_key=5)
def report(
    study: ReportedFile,
    /,
    *,
    out: ReportFile | None = None,
    prob: Probability = 0.9,
    seed: Seed | None = None,
    data: Path | None = None,
    prior_set: str | None = None,
    sampler: SamplerOptions = SAMPLER_DEFAULTS,
) -> int:
    """Write a report that a browser opens: of a model, which is checked and fitted first, or of a fit.

    Parameters
    ----------
    study
        TOML file of a study, or fit file.
    out
        Report to write; ends in .html, and is in the folder reports if not given. The fit of a model is saved beside it.
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
        _refuse_options_of_models(seed=seed, data=data, prior_set=prior_set)
        out = out or _default_report(study, None)
        make_ready(out)
        found = read_fit(study)
    _report(found, out, prob, clock, quiet=sampler.quiet)
    return INTERRUPTED if found.sampling.interrupted and study.suffix == MODEL_SUFFIX else DONE


@app.command(sort_key=6)
def simulate(
    model: Path, /, *, seed: Seed, out: Path, data: Path | None = None, prior_set: str = BASE
) -> None:
    """Draw a world from the priors and write what its sources would state, with the truth behind it.

    Parameters
    ----------
    model
        TOML file of the study.
    seed
        Seed of everything random: the same seed, the same world.
    out
        Folder for observations.csv and truth.csv, or a CSV file beside which NAME_truth.csv is written.
    data
        Observations table, whose statements are replaced; observations.csv in the model's data folder if not given.
    prior_set
        Which of the model's prior sets to draw from.
    """
    from headcount.shell.simulated import write_simulation

    study = read_study(model, data=data, prior_set=prior_set)
    own = data or observations_file(model)
    observations, truth = write_simulation(study, out, seed=seed, own=own)
    print(f"wrote {observations}\nwrote {truth}")
    print(f"next: headcount fit {model} --data {observations} --seed {seed} --out {model.stem}_simulated.nc")


@app.command(sort_key=7)
def calibrate(
    model: Path,
    /,
    *,
    out: Path | None = None,
    studies: Annotated[int, Parameter(validator=Number(gte=5))] = 100,
    seed: Seed = DEFAULT_SEED,
    draws: Annotated[int, Parameter(validator=Number(gte=100))] = 500,
    processes: AtLeastOne | None = None,
    dask: str | None = None,
    data: Path | None = None,
    prior_set: str = BASE,
    quiet: bool = False,
) -> int:
    """Simulate studies from the priors, fit each, and check that intervals hold the truth as often as they say.

    Parameters
    ----------
    model
        TOML file of the study.
    out
        Folder for calibration.csv, calibration.svg and the finished fits; calibration/MODEL if not given. A run that was
        stopped goes on from there.
    studies
        How many worlds to draw and to fit.
    seed
        Of the first world; the others have the numbers after it.
    draws
        Draws kept from each of two chains.
    processes
        Fits that run at once; as many as the machine has cores if not given.
    dask
        Address of a Dask scheduler to use in place of processes here, such as tcp://10.0.0.1:8786.
    data
        Observations table, whose statements are replaced; observations.csv in the model's data folder if not given.
    prior_set
        Which of the model's prior sets to draw from and to fit with.
    quiet
        Show no progress.
    """
    from headcount.shell.calibrated import run_calibration

    study = read_study(model, data=data, prior_set=prior_set)
    folder = out or CALIBRATIONS / _stem(model, prior_set)
    workers = {"processes": processes, "dask": dask, "progress": not quiet}
    passed = run_calibration(study, folder, studies=studies, seed=seed, draws=draws, **workers)
    return DONE if passed else PROBLEM


@app.command(sort_key=8)
def kinds() -> None:
    """Show which observation kind, growth kind and prior family is for what."""
    from rich.console import Console

    from headcount.shell.kind_tables import print_kinds

    print_kinds(Console())


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Run a command; see the commands.

    Parameters
    ----------
    tokens
        The command and its options.
    debug
        Show the traceback of an error.
    """
    return guarded(lambda: _run(app, tokens), debug=debug)


def main(tokens: Sequence[str] | None = None) -> int:
    """Run ``headcount`` as the shell does.

    Parameters
    ----------
    tokens
        What follows the program's name; taken from the shell if ``None``.

    Returns
    -------
    int
        Exit code, see `headcount.shell.outcomes`.
    """
    try:
        return _run(app.meta, sys.argv[1:] if tokens is None else tokens) or DONE
    except CycloptsError as error:
        return told(error)


def _run(shell: App, tokens: Sequence[str]) -> int | None:
    answer = shell(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    return answer if isinstance(answer, int) else None


def _fitted(study: Study, seed: int, out: Path, sampler: SamplerOptions, clock: Stopwatch) -> Fit:
    """Fit a study, save the fit, and say so."""
    make_ready(out)
    with clock.step("prepare"):
        with waiting("Loading the sampler", quiet=sampler.quiet):
            from headcount.fits import save_fit
            from headcount.inference import fit as sample
        found = sample(
            *study,
            seed=seed,
            chains=sampler.chains,
            draws=sampler.draws,
            tune=sampler.tune,
            cores=sampler.cores,
            progress=not sampler.quiet,
        )
    clock.split("prepare", "sample", found.sampling.seconds["sample"])
    with replacing(out) as partial:
        save_fit(found, partial)
    if found.sampling.interrupted:
        kept = f"{found.sampling.draws} of {sampler.draws} draws from each of {found.sampling.chains} chains"
        print(f"stopped early: {kept} are kept")
    print(f"wrote {out}")
    return found


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
    return _fitted(study, chosen, out.with_suffix(FIT_SUFFIX), sampler, clock)


def _report(found: Fit, out: Path, prob: float, clock: Stopwatch, *, quiet: bool) -> None:
    with clock.step("report"), waiting("Writing the report", quiet=quiet), replacing(out) as partial:
        from headcount.reporting import report as write_report

        write_report(found, partial, prob=prob)
    if not quiet:
        with clock.step("check"):
            print_verdict(found)
        print(clock)
    print(f"wrote {out}")


def _default_report(study: Path, prior_set: str | None) -> Path:
    return REPORTS / f"{_stem(study, prior_set)}.html"


def _stem(study: Path, prior_set: str | None) -> str:
    return study.stem if prior_set in (None, BASE) else f"{study.stem}-{prior_set}"


def _refuse_options_of_models(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            msg = f"--{name.replace('_', '-')} is for models; a fit has its own, and is reported as it is"
            raise UsageError(msg)
