"""Checks from the shell: the contents of a study, and the evidence behind its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding

from headcount._wording import rounded_percent
from headcount.cli.commands.input_files import read_study
from headcount.cli.commands.stopwatch import waiting
from headcount.cli.commands.study_findings import print_findings
from headcount.cli.options import ModelInputs

if TYPE_CHECKING:
    from headcount.diagnostics.identification import Preflight

__all__ = ["print_preflight", "run_check"]


def run_check(model: Path, inputs: ModelInputs) -> None:
    """Check a study, and print its contents and its preflight.

    Parameters
    ----------
    model
        TOML file of the study.
    inputs
        Options of the command.
    """
    study, console = read_study(model, inputs), Console()
    print_findings(study, console)
    with waiting("Computing the shares of the evidence", quiet=False):
        from headcount.diagnostics.identification import preflight

        found = preflight(study)
    print_preflight(found, console)
    print(f"\n{model}: in order")


def print_preflight(found: Preflight, console: Console) -> None:
    """Print a verdict, the evidence of each level, and the directions without evidence.

    Parameters
    ----------
    found
        Preflight of a study.
    console
        Console to print on.
    """
    console.print(
        "", f"[bold]before sampling[/bold]  {found.verdict}", "", sep="\n", highlight=False
    )
    for line in found.to_frame().itertuples(index=False):
        shares = ", ".join(
            f"{name} {rounded_percent(share)}"
            for name, share in (
                ("sources", line.data),
                ("pooling", line.pooling),
                ("priors", line.priors),
            )
        )
        level = f"[bold]{line.area} {line.scope} {line.year}[/bold]"
        console.print(f"{level}  to a factor {line.factor:.2g}; {shares}", highlight=False)
        console.print(Padding(line.anchored_by, (0, 0, 0, 4)), highlight=False)
    directions = dict.fromkeys(map(str, found.directions))
    if directions:
        heading = "directions that the data do not identify, or hardly"
        console.print("", f"[bold]{heading}[/bold]", sep="\n")
        for direction in directions:
            console.print(Padding(f"- {direction}", (0, 0, 0, 2)), highlight=False)
