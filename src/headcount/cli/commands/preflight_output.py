"""Preflights on the terminal: what `headcount check` says that a study's answers will rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding

if TYPE_CHECKING:
    from headcount.diagnostics.identification import Preflight

__all__ = ["print_preflight"]


def print_preflight(found: Preflight, console: Console) -> None:
    """Print a verdict, what holds each level, and what no statement would notice.

    Parameters
    ----------
    found
        Of a study.
    console
        Where to.
    """
    console.print(
        "", f"[bold]before sampling[/bold]  {found.verdict}", "", sep="\n", highlight=False
    )
    for line in found.table.itertuples(index=False):
        shares = f"sources {line.data:.0%}, pooling {line.pooling:.0%}, priors {line.priors:.0%}".replace(
            "%", " %"
        )
        head = f"[bold]{line.area} {line.scope} {line.year}[/bold]  to a factor {line.factor:.2g}; {shares}"
        console.print(head, highlight=False)
        console.print(Padding(line.anchored_by.replace("%", " %"), (0, 0, 0, 4)), highlight=False)
    if found.directions:
        console.print("", "[bold]what the data cannot see, or hardly[/bold]", sep="\n")
        for direction in found.directions:
            console.print(Padding(f"- {direction}", (0, 0, 0, 2)), highlight=False)
