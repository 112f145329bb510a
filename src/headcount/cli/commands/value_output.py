"""Value of information from the shell: sentences on the terminal, and the tables in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.commands.output_files import make_ready, replacing

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.specs import ModelSpec

__all__ = ["candidates_in_order", "show_value"]


def candidates_in_order(spec: ModelSpec, candidates: Path | None) -> None:
    """Check a file of candidates before minutes are spent on a fit.

    Parameters
    ----------
    spec
        The study.
    candidates
        TOML file; nothing is done without one, since a model's own candidates were checked with it.

    Raises
    ------
    SpecError
        With all problems found.
    """
    if candidates is not None:
        from headcount.workflows.sensitivity.candidate_studies import read_candidates

        read_candidates(candidates, spec)


def show_value(
    fit: Fit, out: Path, *, candidates: Path | None, area: str | None, year: int | None, seed: int
) -> None:
    """Value candidates and parameters, print what was found and write the tables.

    Parameters
    ----------
    fit
        A fit.
    out
        Table to write.
    candidates, area, year, seed
        As in `headcount.value_of_information`.
    """
    make_ready(out)
    from headcount.workflows.sensitivity import value_of_information

    found = value_of_information(fit, candidates, area=area, year=year, seed=seed)
    for sentence in found.sentences:
        print(sentence)
    with replacing(out) as partial:
        found.write_csv(partial)
    print(f"wrote {out}")
