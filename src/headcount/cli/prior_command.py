"""The command that describes priors."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from headcount.cli.application import app
from headcount.cli.options import DEFAULT_SEED, FigureFile, ModelInputs, PriorInterval, Seed

__all__ = ["prior"]

NO_INTERVAL: Final = PriorInterval()
INPUTS: Final = ModelInputs()


@app.command(sort_key=2)
def prior(
    model: Path | None = None,
    path: str | None = None,
    /,
    *,
    interval: PriorInterval = NO_INTERVAL,
    out: FigureFile | None = None,
    inputs: ModelInputs = INPUTS,
    seed: Seed = DEFAULT_SEED,
) -> None:
    """Describe a prior, alone or together with all others of a model, before any data.

    Without a model: headcount prior --low 0.3 --high 0.7 --support unit

    Parameters
    ----------
    model
        TOML file of a study; none for an interval that stands alone.
    path
        Key of one prior of the model, such as sources.linkedin.coverage; all of them if not given.
    interval
        The prior as an interval.
    out
        Figure to write; ends in .svg.
    inputs
        Inputs of the model. Its rows are compared with the priors if the table exists.
    seed
        Seed of the draws from the priors.
    """
    from headcount.cli.commands.prior_output import run_prior

    run_prior(model, path, interval, inputs, seed, out)
