"""What commands have in common: the app, options that several take, and a study fitted and saved."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from headcount.cli.commands.exit_codes import UsageError
from headcount.cli.commands.fit_verdict import Stopwatch, waiting
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.study_input import FIT_SUFFIX, MODEL_SUFFIX

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study

__all__ = [
    "BASE",
    "DEFAULT_SEED",
    "SAMPLER_DEFAULTS",
    "AtLeastOne",
    "FigureFile",
    "FitFile",
    "Probability",
    "ReportFile",
    "SamplerOptions",
    "Seed",
    "StudyFile",
    "TableFile",
    "app",
    "fitted",
    "refuse_options_of_models",
    "stem",
]

BASE: Final = "base"
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


type FigureFile = Annotated[Path, _ends_in(".svg")]
type FitFile = Annotated[Path, _ends_in(FIT_SUFFIX)]
type TableFile = Annotated[Path, _ends_in(".csv")]
type ReportFile = Annotated[Path, _ends_in(".html", ".htm")]
type StudyFile = Annotated[Path, Parameter(name="MODEL|FIT"), _ends_in(MODEL_SUFFIX, FIT_SUFFIX)]
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
        Draws of each chain that only set the sampler up; 150 or 500, as the pilot runs advise, if
        not given.
    cores
        Chains that run at once; all that the machine has if not given.
    quiet
        Show no progress and no verdict.
    """

    chains: AtLeastOne = 4
    draws: AtLeastOne = 2000
    tune: AtLeastOne | None = None
    cores: AtLeastOne | None = None
    quiet: bool = False


SAMPLER_DEFAULTS: Final = SamplerOptions()


def fitted(study: Study, seed: int, out: Path, sampler: SamplerOptions, clock: Stopwatch) -> Fit:
    """Fit a study, save the fit, and say so.

    Parameters
    ----------
    study
        A checked study.
    seed
        Of everything random.
    out
        File of the fit.
    sampler
        How to sample.
    clock
        Takes the time.

    Returns
    -------
    Fit
        The fit.
    """
    make_ready(out)
    with clock.step("prepare"):
        with waiting("Loading the sampler", quiet=sampler.quiet):
            from headcount.inference import Sampler
            from headcount.inference import fit as sample
            from headcount.posterior.fits import save_fit
        options = Sampler(
            chains=sampler.chains, draws=sampler.draws, tune=sampler.tune, cores=sampler.cores
        )
        found = sample(study, seed=seed, sampler=options, progress=not sampler.quiet)
    clock.split("prepare", "sample", found.sampling.seconds["sample"])
    with replacing(out) as partial:
        save_fit(found, partial)
    if found.sampling.interrupted:
        kept = f"{found.sampling.draws} of {sampler.draws} draws from each of {found.sampling.chains} chains"
        print(f"stopped early: {kept} are kept")
    print(f"wrote {out}")
    return found


def stem(study: Path, prior_set: str | None) -> str:
    """Return what files of a study are called: its name, with the prior set if that is not the base
    one.
    """
    return study.stem if prior_set in (None, BASE) else f"{study.stem}-{prior_set}"


def refuse_options_of_models(**given: object) -> None:
    """Refuse options that mean nothing for a fit.

    Parameters
    ----------
    **given
        Option, with underscores, to its value; ``None`` where it was not given.

    Raises
    ------
    UsageError
        Where one was given.
    """
    for name, value in given.items():
        if value is not None:
            msg = f"--{name.replace('_', '-')} is for models; a fit has its own, and is reported as it is"
            raise UsageError(msg)
