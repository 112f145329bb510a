"""Influence from the shell: a ranking in words, a table and a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from headcount.cli.commands.output_files import replacing

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit

__all__ = ["FIT", "run_influence"]

FIT: Final = "fit.nc"
REFITS: Final = "refits"
TABLE: Final = "influence.csv"
FIGURE: Final = "influence.svg"


def run_influence(found: Fit, folder: Path, **settings: Any) -> None:  # noqa: ANN401 - as `influence` takes them
    """Leave out parts of the evidence, and write and print what becomes of the answer.

    Parameters
    ----------
    found
        A fit with all evidence.
    folder
        Where to.
    **settings
        Of `headcount.influence`.
    """
    from headcount.reporting.answer_sentences import subject
    from headcount.reporting.influence_figure import influence_svg
    from headcount.workflows.sensitivity import influence

    answer = influence(found, folder=folder / REFITS, **settings)
    name = found.spec.areas.by_code[answer.area].name
    title = f"{subject(found.spec).capitalize()}, {name} {answer.year}"
    with replacing(folder / TABLE) as partial:
        answer.write_csv(partial)
    with replacing(folder / FIGURE) as partial:
        svg = influence_svg(answer.table, (answer.lower, answer.median, answer.upper), answer=title)
        partial.write_text(svg + "\n", encoding="utf-8", newline="\n")
    for sentence in answer.sentences:
        print(sentence)
    print(f"wrote {folder / TABLE}\nwrote {folder / FIGURE}")
