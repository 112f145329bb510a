"""Commands that say what priors mean."""

from __future__ import annotations

from pathlib import Path

from headcount.cli.common import BASE, DEFAULT_SEED, FigureFile, Probability, Seed, app

__all__ = ["prior"]


@app.command(sort_key=2)
def prior(
    model: Path | None = None,
    path: str | None = None,
    /,
    *,
    low: float | None = None,
    high: float | None = None,
    mass: Probability = 0.9,
    support: str | None = None,
    out: FigureFile | None = None,
    data: Path | None = None,
    prior_set: str = BASE,
    seed: Seed = DEFAULT_SEED,
) -> None:
    """Say what a prior means, alone or together with all others of a model, before any data.

    Without a model: headcount prior --low 0.3 --high 0.7 --support unit

    Parameters
    ----------
    model
        TOML file of a study; none for an interval that stands alone.
    path
        Key of one prior of the model, such as sources.linkedin.coverage; all of them if not given.
    low
        Lower end of an interval; with a model, in the place of its own prior at PATH, to try it.
    high
        Upper end.
    mass
        Probability inside the interval.
    support
        Which values the quantity of an interval without a model can take: real, positive, unit,
        above_one or growth; positive if not given. See headcount kinds.
    out
        Figure to write; ends in .svg.
    data
        Observations table, to set what it states against the priors; observations.csv in the
        model's data folder if not given and there is one.
    prior_set
        Which of the model's prior sets to put in force.
    seed
        Seed of the worlds that are drawn from the priors.
    """
    from headcount.cli.commands.prior_output import Stated, show_prior

    stated = Stated(low, high, mass, support)
    show_prior(model, path, stated, data=data, prior_set=prior_set, seed=seed, out=out)
