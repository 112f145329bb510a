"""Commands about a study before it is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from headcount.cli.application import app
from headcount.cli.options import ModelInputs, Seed

__all__ = ["check", "kinds", "new", "simulate"]

BASE_INPUTS: Final = ModelInputs()


@app.command(sort_key=1)
def new(name: str, /, *, folder: Path = Path()) -> None:
    """Write a small commented study that runs as it is, to be rewritten piece by piece.

    Parameters
    ----------
    name
        Name of the study and of its files.
    folder
        Folder in which models/NAME.toml and data/NAME/ are written.
    """
    from headcount.cli.commands.study_templates import new_study

    written = new_study(name, folder)
    for path in written:
        print(f"wrote {path}")
    print(f"next: headcount check {written[0]}")


@app.command(sort_key=2)
def check(model: Path, /, *, inputs: ModelInputs = BASE_INPUTS) -> None:
    """Check a model and its tables, and show on which evidence the answer will rest.

    Nothing is sampled. All problems are listed at once.

    Parameters
    ----------
    model
        TOML file of the study.
    inputs
        Inputs of the model.
    """
    from headcount.cli.commands.preflight_output import run_check

    run_check(model, inputs)


@app.command(sort_key=6)
def simulate(model: Path, /, *, seed: Seed, out: Path, inputs: ModelInputs = BASE_INPUTS) -> None:
    """Simulate true headcounts from the priors, and the rows that sources would state of them.

    Parameters
    ----------
    model
        TOML file of the study; the numbers of its rows are replaced.
    seed
        Seed of everything random: the same seed, the same rows.
    out
        Folder for observations.csv and truth.csv, or a CSV file beside which NAME_truth.csv is
        written.
    inputs
        Inputs of the model.
    """
    from headcount.cli.commands.simulation_output import run_simulation

    run_simulation(model, out, seed, inputs)


@app.command(sort_key=8)
def kinds() -> None:
    """Show the use of each observation kind, growth kind and prior family."""
    from rich.console import Console

    from headcount.cli.commands.kind_tables import print_kinds

    print_kinds(Console())
