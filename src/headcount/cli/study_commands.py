"""Commands about a study before it is fitted."""

from __future__ import annotations

from pathlib import Path

from headcount.cli.commands.fit_verdict import waiting
from headcount.cli.commands.study_input import observations_file, read_study
from headcount.cli.common import BASE, Seed, app

__all__ = ["check", "kinds", "new", "simulate"]


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
    from headcount.cli.commands.study_templates import new_study

    written = new_study(name, folder)
    for path in written:
        print(f"wrote {path}")
    print(f"next: headcount check {written[0]}")


@app.command(sort_key=2)
def check(model: Path, /, *, data: Path | None = None, prior_set: str = BASE) -> None:
    """Check a model and its tables, and say what the answer will rest on, or all there is to mend.
    Nothing is sampled.

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

    from headcount.cli.commands.preflight_output import print_preflight
    from headcount.cli.commands.study_findings import print_findings

    study = read_study(model, data=data, prior_set=prior_set)
    print_findings(study, Console())
    with waiting("Looking at what the answer will rest on", quiet=False):
        from headcount.diagnostics.identification import preflight

        found = preflight(study)
    print_preflight(found, Console())
    print(f"\n{model}: in order")


@app.command(sort_key=6)
def simulate(
    model: Path, /, *, seed: Seed, out: Path, data: Path | None = None, prior_set: str = BASE
) -> None:
    """Draw a world from the priors and write what its sources would state, with the truth behind
    it.

    Parameters
    ----------
    model
        TOML file of the study.
    seed
        Seed of everything random: the same seed, the same world.
    out
        Folder for observations.csv and truth.csv, or a CSV file beside which NAME_truth.csv is
        written.
    data
        Observations table, whose statements are replaced; observations.csv in the model's data
        folder if not given.
    prior_set
        Which of the model's prior sets to draw from.
    """
    from headcount.cli.commands.simulation_output import write_simulation

    study = read_study(model, data=data, prior_set=prior_set)
    own = data or observations_file(model)
    observations, truth = write_simulation(study, out, seed=seed, own=own)
    print(f"wrote {observations}\nwrote {truth}")
    print(
        f"next: headcount fit {model} --data {observations} --seed {seed} --out {model.stem}_simulated.nc"
    )


@app.command(sort_key=8)
def kinds() -> None:
    """Show which observation kind, growth kind and prior family is for what."""
    from rich.console import Console

    from headcount.cli.commands.kind_tables import print_kinds

    print_kinds(Console())
