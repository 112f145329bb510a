"""The command that sets priors, models and fits side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from headcount.cli.commands.study_input import MODEL_SUFFIX
from headcount.cli.common import (
    DEFAULT_SEED,
    AtLeastOne,
    Probability,
    Seed,
    StudyFile,
    app,
    refuse_options_of_models,
)

__all__ = ["compare"]

COMPARISONS: Final = Path("reports")


@Parameter(name="*")
@dataclass(frozen=True)
class FitOptions:
    """How each model is fitted.

    Parameters
    ----------
    chains
        Independent chains; four show whether they agree.
    draws
        Draws kept from each chain.
    tune
        Draws of each chain that only set the sampler up.
    processes
        Fits that run at once; as many as the machine has cores if not given.
    dask
        Address of a Dask scheduler to use in place of processes here, such as tcp://10.0.0.1:8786.
    """

    chains: AtLeastOne = 4
    draws: AtLeastOne = 1000
    tune: AtLeastOne = 500
    processes: AtLeastOne | None = None
    dask: str | None = None


FIT_DEFAULTS: Final = FitOptions()


@app.command(sort_key=6)
def compare(
    study: StudyFile,
    /,
    *others: Annotated[StudyFile, Parameter(name="MORE")],
    prior_sets: str | None = None,
    out: Path | None = None,
    seed: Seed | None = None,
    prob: Probability = 0.9,
    data: Path | None = None,
    fitting: FitOptions = FIT_DEFAULTS,
    quiet: bool = False,
) -> None:
    """Compare priors: what changes in the answer, which prior does it, and whether the data could
    tell.

    Parameters
    ----------
    study
        TOML file of a study, whose prior sets are compared, or fit file.
    others
        More models, under their base priors, and fit files, to set beside it.
    prior_sets
        Names with commas between, the reference first: base,sceptical,wide. All of the model's if
        not given.
    out
        Folder for comparison.html, comparison.csv with more tables beside it, and the finished
        fits; reports/STUDY-comparison if not given. A run that was stopped goes on from there.
    seed
        Seed of every fit; 1 if not given.
    prob
        Probability inside each interval.
    data
        Observations table of all models; observations.csv in each model's data folder if not given.
    fitting
        How each model is fitted.
    quiet
        Show no progress.
    """
    if study.suffix != MODEL_SUFFIX:
        refuse_options_of_models(prior_sets=prior_sets)
    if all(path.suffix != MODEL_SUFFIX for path in (study, *others)):
        refuse_options_of_models(seed=seed, data=data)
    from headcount.cli.commands.comparison_output import run_comparison

    run_comparison(
        study,
        others,
        out or COMPARISONS / f"{study.stem}-comparison",
        prior_sets=None if prior_sets is None else [name.strip() for name in prior_sets.split(",")],
        data=data,
        prob=prob,
        seed=DEFAULT_SEED if seed is None else seed,
        progress=not quiet,
        **asdict(fitting),
    )
