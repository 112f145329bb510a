"""Elicitation from the shell: a prior, or all priors of a model, in words, a small plot and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.exit_codes import UsageError
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.study_input import observations_file, read_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from rich.table import Table

    from headcount.study.observations import Observations
    from headcount.study.priors import Prior
    from headcount.study.specs import ModelSpec
    from headcount.workflows.elicitation import PriorDescription

__all__ = ["Stated", "show_prior"]

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
COLUMNS: Final = 60
ROWS: Final = 5
SHOWN: Final = 12
"""Rows that are printed for one prior: the largest."""


@dataclass(frozen=True)
class Stated:
    """An interval as given in the shell.

    Parameters
    ----------
    low, high
        Its ends; ``None`` where not given.
    mass
        Probability inside.
    support
        Which values the quantity can take; ``None`` where not given.
    """

    low: float | None
    high: float | None
    mass: float
    support: str | None


def show_prior(
    model: Path | None,
    path: str | None,
    stated: Stated,
    *,
    data: Path | None,
    prior_set: str,
    seed: int,
    out: Path | None,
) -> None:
    """Print what a prior, or all priors of a model, imply, and draw it if asked for.

    Parameters
    ----------
    model
        TOML file; ``None`` for a prior that stands alone.
    path
        Key of one prior; all if ``None``.
    stated
        An interval: of the prior that stands alone, or in the place of the model's own.
    data, prior_set, seed
        As in the command.
    out
        Figure to write.

    Raises
    ------
    UsageError
        Where the options do not go together.
    """
    from headcount.workflows.elicitation import describe_prior

    if out is not None:
        make_ready(out)
    if model is None:
        found = describe_prior(_alone(stated), seed=seed)
    else:
        spec, observations = _read(model, data, prior_set)
        spec = _changed(spec, path, stated)
        found = describe_prior(spec, path, observations=observations, seed=seed)
    print_description(found)
    if out is not None:
        from headcount.reporting.prior_figure import prior_figure

        with replacing(out) as partial:
            partial.write_text(prior_figure(found), encoding="utf-8")
        print(f"wrote {out}")


def print_description(found: PriorDescription) -> None:
    """Print a description: plot or table of the priors, sentences, rows, warnings.

    Parameters
    ----------
    found
        What is described.
    """
    from rich.console import Console

    console = Console()
    print(f"{found.title}\n")
    if found.curve is not None:
        for line in blocks(found):
            print(line)
        print()
    for sentence in found.sentences:
        print(sentence)
    for table in _tables(found):
        console.print("", table, sep="\n")
    for text in found.warnings:
        print(f"warning: {text}")


def blocks(found: PriorDescription) -> Iterator[str]:
    """Yield the lines of a density made of blocks, with its 5, 50 and 95 % quantiles marked below.

    Parameters
    ----------
    found
        Description of one prior.

    Yields
    ------
    str
        ``ROWS`` lines of ``COLUMNS`` characters, a line of marks, and one that says where they are.
    """
    import numpy as np

    from headcount._wording import number

    assert found.curve is not None  # asked for where there is one
    values, density, is_log = found.curve
    at = np.linspace(0, len(values) - 1, COLUMNS).round().astype(int)
    eighths = np.rint(density[at] / density[at].max() * 8 * ROWS).astype(int)
    for row in reversed(range(ROWS)):
        yield "".join(BLOCKS[int(np.clip(height - 8 * row, 0, 8))] for height in eighths).rstrip()
    marks = [float(found.priors[name].iloc[0]) for name in ("q05", "q50", "q95")]
    places = [int(np.abs(values[at] - mark).argmin()) for mark in marks]
    yield "".join("┴" if place in places else "─" for place in range(COLUMNS))
    told = ", ".join(
        f"{number(mark, 3)} ({name} %)" for mark, name in zip(marks, ("5", "50", "95"), strict=True)
    )
    yield f"{told}{'; log scale' if is_log else ''}"


def _alone(stated: Stated) -> Prior:
    if stated.low is None or stated.high is None:
        msg = "name a model, or state an interval: headcount prior --low 0.3 --high 0.7 --support unit"
        raise UsageError(msg)
    return _prior(stated, stated.support or "positive")


def _prior(stated: Stated, support: str) -> Prior:
    from headcount.errors import nearest
    from headcount.study.priors import LINKS, Prior

    if support not in LINKS:
        msg = f"unknown --support {support!r}. {nearest(support, LINKS)}"
        raise UsageError(msg)
    assert stated.low is not None  # both ends are asked for before
    assert stated.high is not None
    try:
        return Prior.between(stated.low, stated.high, mass=stated.mass, support=support)
    except ValueError as error:
        msg = f"no prior: {error}"
        raise UsageError(msg) from error


def _changed(spec: ModelSpec, path: str | None, stated: Stated) -> ModelSpec:
    """Return the spec with the stated interval in the place of its own prior, if one is stated."""
    if stated.low is None and stated.high is None and stated.support is None:
        return spec
    if path is None or stated.low is None or stated.high is None or stated.support is not None:
        msg = "with a model, --low and --high go together, and change the prior at PATH, whose support is known"
        raise UsageError(msg)
    from headcount.study.prior_changes import with_prior

    return with_prior(spec, path, {"low": stated.low, "high": stated.high, "mass": stated.mass})


def _read(model: Path, data: Path | None, prior_set: str) -> tuple[ModelSpec, Observations | None]:
    """Read a model, and its rows where there are some: priors come first."""
    table = data or observations_file(model)
    if table is not None and (data is not None or table.exists()):
        study = read_study(model, data=data, prior_set=prior_set)
        return study.spec, study.observations
    from headcount.study.spec_files import read_spec

    return read_spec(model, prior_set=prior_set), None


def _tables(found: PriorDescription) -> Iterator[Table]:
    if found.prior is None:
        yield _priors(found.priors)
        yield _implied(found.implied)
        yield _rows(
            found.statements.dropna(subset=["tail"]), f"The {SHOWN} rows that lie farthest out"
        )
    elif len(found.statements):
        stated = found.statements[found.statements["stated"] != ""]
        if len(stated):
            yield _rows(
                stated, f"Its rows, the {SHOWN} farthest out" if len(stated) > SHOWN else "Its rows"
            )


def _table(title: str, *headings: str) -> Table:
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold"
    )
    table.add_column(headings[0], overflow="fold")
    for heading in headings[1:]:
        is_text = heading in ("values", "states")
        table.add_column(
            heading, justify="left" if is_text else "right", no_wrap=heading != "states"
        )
    return table


def _priors(priors: pd.DataFrame) -> Table:
    from headcount._wording import number

    table = _table("Priors", "prior", "5 %", "50 %", "95 %", "values")
    for line in priors.itertuples():
        ends = (line.q05, line.q50, line.q95)
        words = line.support if line.family == "link_normal" else f"{line.support}, {line.family}"
        table.add_row(line.path, *(number(value, 3) for value in ends), words)
    return table


def _implied(implied: pd.DataFrame) -> Table:
    from headcount._wording import number, people

    table = _table("What they imply together", "headcount", "year", "5 %", "50 %", "95 %")
    for line in implied.itertuples():
        is_growth = line.quantity == "growth"
        words = f"{line.area}, times the first year's" if is_growth else line.area
        ends = (line.lower, line.median, line.upper)
        table.add_row(
            words, str(line.year), *((number if is_growth else people)(value) for value in ends)
        )
    return table


def _rows(statements: pd.DataFrame, title: str) -> Table:
    table = _table(title, "source", "area", "year", "states", "5 %", "50 %", "95 %", "at")
    for line in statements.sort_values("tail")[:SHOWN].itertuples():
        ends = [_written(line.kind, value) for value in (line.lower, line.median, line.upper)]
        # A bound has no percentile; what is missing is not equal to itself.
        place = f"{100 * line.below:.1f}" if line.below == line.below else "-"
        table.add_row(line.source, line.area, str(line.year), line.stated, *ends, place)
    return table


def _written(kind: str, value: float) -> str:
    from headcount._wording import people, percent
    from headcount.study.observation_kinds import OBSERVATION_KINDS

    unit = OBSERVATION_KINDS[kind].number.unit
    return people(value) if unit == "people" else percent(value, sign=unit == "change")
