"""Options that several commands take: types of files and numbers, and groups of options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from headcount.workflows.batches import BatchOptions as Batch

__all__ = [
    "BASE",
    "DEFAULT_SEED",
    "FIT_SUFFIX",
    "MODEL_SUFFIX",
    "AtLeastOne",
    "ComparedModels",
    "FigureFile",
    "FitFile",
    "FitInputs",
    "ModelInputs",
    "PriorInterval",
    "Probability",
    "Question",
    "ReportFile",
    "SamplerOptions",
    "Seed",
    "ShortSampler",
    "StudyFile",
    "TableFile",
    "WorkerOptions",
]

BASE: Final = "base"
DEFAULT_SEED: Final = 1
MODEL_SUFFIX: Final = ".toml"
FIT_SUFFIX: Final = ".nc"


def _ends_in(*suffixes: str) -> Parameter:
    """Refuse files of other types, so that a command cannot overwrite the input of another one."""

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
class ModelInputs:
    """Inputs of a model besides its file.

    Parameters
    ----------
    data
        Observations table; observations.csv in the data folder of the model if not given.
    prior_set
        Prior set of the model to put in force.
    """

    data: Path | None = None
    prior_set: str = BASE


@Parameter(name="*")
@dataclass(frozen=True)
class FitInputs:
    """Inputs of a model besides its file, for commands that take a fit too.

    Parameters
    ----------
    data
        Observations table; observations.csv in the data folder of the model if not given. For a
        model only, as is the next option.
    prior_set
        Prior set of the model to put in force; base if not given.
    """

    data: Path | None = None
    prior_set: str | None = None

    @property
    def of_model(self) -> ModelInputs:
        """The same for a model."""
        return ModelInputs(self.data, self.prior_set or BASE)


@Parameter(name="*")
@dataclass(frozen=True)
class ComparedModels:
    """Prior sets and rows of the models that are compared.

    Parameters
    ----------
    prior_sets
        Names with commas between, the reference first: base,sceptical,wide. All of the model's if
        not given.
    data
        Observations table of all models; observations.csv in each model's data folder if not given.
    """

    prior_sets: str | None = None
    data: Path | None = None

    @property
    def names(self) -> list[str] | None:
        """Names of the prior sets; ``None`` for all."""
        return None if self.prior_sets is None else [n.strip() for n in self.prior_sets.split(",")]


@Parameter(name="*")
@dataclass(frozen=True)
class Question:
    """The headcount that a command is about.

    Parameters
    ----------
    area
        Code of an area or grouping; the root if not given.
    year
        Year of the headcount; the last one that is no forecast if not given.
    """

    area: str | None = None
    year: int | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class PriorInterval:
    """A prior as an interval.

    Parameters
    ----------
    low
        Lower end of an interval; with a model, in the place of its own prior at PATH, to try it.
    high
        Upper end.
    mass
        Probability inside the interval.
    support
        Values that the quantity of an interval without a model can take: real, positive, unit,
        above_one or growth; positive if not given. See headcount kinds.
    """

    low: float | None = None
    high: float | None = None
    mass: Probability = 0.9
    support: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether neither an end nor a support is given."""
        return self.low is None and self.high is None and self.support is None


@Parameter(name="*")
@dataclass(frozen=True)
class SamplerOptions:
    """Options of the sampler.

    Parameters
    ----------
    chains
        Independent chains; four show whether they agree.
    draws
        Draws kept from each chain.
    tune
        Warm-up draws of each chain; 150 or 500, as the pilot runs advise, if not given.
    cores
        Chains that run at once; all cores of the machine if not given.
    quiet
        Show no progress and no verdict.
    """

    chains: AtLeastOne = 4
    draws: AtLeastOne = 2000
    tune: AtLeastOne | None = None
    cores: AtLeastOne | None = None
    quiet: bool = False


@Parameter(name="*")
@dataclass(frozen=True)
class ShortSampler:
    """Options of the sampler where many models are fitted.

    Parameters
    ----------
    chains
        Independent chains; four show whether they agree.
    draws
        Draws kept from each chain.
    tune
        Warm-up draws of each chain.
    """

    chains: AtLeastOne = 4
    draws: AtLeastOne = 1000
    tune: AtLeastOne = 500


@Parameter(name="*")
@dataclass(frozen=True)
class WorkerOptions:
    """Options of many fits.

    Parameters
    ----------
    processes
        Fits that run at once; as many as the machine has cores if not given.
    dask
        Address of a Dask scheduler to use in place of processes here, such as tcp://10.0.0.1:8786.
    quiet
        Show no progress.
    """

    processes: AtLeastOne | None = None
    dask: str | None = None
    quiet: bool = False

    def in_folder(self, folder: Path) -> Batch:
        """Return the options of a batch whose outcomes are kept in a folder."""
        from headcount.workflows.batches import BatchOptions as Batch

        return Batch(
            folder=folder, processes=self.processes, dask=self.dask, progress=not self.quiet
        )
