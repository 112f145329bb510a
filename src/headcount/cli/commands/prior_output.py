"""Elicitation from the shell: priors in sentences, a small plot and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.exit_codes import UsageError
from headcount.cli.commands.input_files import observations_file, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.options import ModelInputs, PriorInterval

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from rich.table import Table

    from headcount.study.priors import Prior
    from headcount.study.specs import ModelSpec
    from headcount.study.study import Study
    from headcount.workflows.elicitation import PriorDescription

__all__ = ["run_prior"]

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
COLUMNS: Final = 60
ROWS: Final = 5
SHOWN: Final = 12
"""Rows that are printed for one prior: the largest."""


def run_prior(
    model: Path | None,
    path: str | None,
    interval: PriorInterval,
    inputs: ModelInputs,
    seed: int,
    out: Path | None,
) -> None:
    """Print the implications of a prior, or of all priors of a model, and draw them if wanted.

    Parameters
    ----------
    model
        TOML file; ``None`` for a prior that stands alone.
    path
        Key of one prior; all if ``None``.
    interval
        Interval of the prior that stands alone, or in the place of that of the model.
    inputs
        Options of the command.
    seed
        Seed of the draws from the priors.
    out
        Figure to write; none if ``None``.

    Raises
    ------
    UsageError
        If the options do not go together.
    """
    from headcount.workflows.elicitation import describe_prior

    if out is not None:
        make_ready(out)
    if model is None:
        found = describe_prior(_alone(interval), seed=seed)
    else:
        study = _changed(_read(model, inputs), path, interval)
        found = describe_prior(study, path, seed=seed)
    print_description(found)
    if out is not None:
        from headcount.reporting.prior_figure import prior_figure

        with replacing(out) as partial:
            partial.write_text(prior_figure(found), encoding="utf-8")
        print(f"wrote {out}")


def print_description(found: PriorDescription) -> None:
    """Print a description: plot or table of the priors, sentences, rows and warnings.

    Parameters
    ----------
    found
        Description of one prior, or of all priors of a study.
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
    """Yield the lines of a density made of blocks, above marks at its 5, 50 and 95 % quantiles.

    Parameters
    ----------
    found
        Description of one prior.

    Yields
    ------
    str
        ``ROWS`` lines of ``COLUMNS`` characters, a line of marks, and one with their values.
    """
    import numpy as np

    from headcount._wording import number

    assert found.curve is not None  # a description of one prior has it
    values, density, is_log = found.curve
    at = np.linspace(0, len(values) - 1, COLUMNS).round().astype(int)
    eighths = np.rint(density[at] / density[at].max() * 8 * ROWS).astype(int)
    for row in reversed(range(ROWS)):
        yield "".join(BLOCKS[int(np.clip(height - 8 * row, 0, 8))] for height in eighths).rstrip()
    marks = [float(found.priors[name].iloc[0]) for name in ("q05", "q50", "q95")]
    places = [int(np.abs(values[at] - mark).argmin()) for mark in marks]
    yield "".join("┴" if place in places else "─" for place in range(COLUMNS))
    quantiles = ", ".join(
        f"{number(mark, 3)} ({name} %)" for mark, name in zip(marks, ("5", "50", "95"), strict=True)
    )
    yield f"{quantiles}{'; log scale' if is_log else ''}"


def _alone(interval: PriorInterval) -> Prior:
    if interval.low is None or interval.high is None:
        example = "headcount prior --low 0.3 --high 0.7 --support unit"
        msg = f"name a model, or state an interval: {example}"
        raise UsageError(msg)
    return _prior(interval.low, interval.high, interval.mass, interval.support or "positive")


def _prior(low: float, high: float, mass: float, support: str) -> Prior:
    from headcount.errors import nearest
    from headcount.study.priors import LINKS, Prior

    if support not in LINKS:
        msg = f"unknown --support {support!r}. {nearest(support, LINKS)}"
        raise UsageError(msg)
    try:
        return Prior.between(low, high, mass=mass, support=support)
    except ValueError as error:
        msg = f"no prior: {error}"
        raise UsageError(msg) from error


def _changed(
    study: Study | ModelSpec, path: str | None, interval: PriorInterval
) -> Study | ModelSpec:
    """Return the study with the interval in the place of its own prior, if one is given."""
    if interval.is_empty:
        return study
    ends = (interval.low, interval.high)
    if path is None or None in ends or interval.support is not None:
        msg = (
            "with a model, --low and --high go together, and change the prior at PATH, whose "
            "support is known"
        )
        raise UsageError(msg)
    from headcount.study.prior_changes import with_prior
    from headcount.study.study import Study

    stated = {"low": interval.low, "high": interval.high, "mass": interval.mass}
    if isinstance(study, Study):
        return study.variant(spec=with_prior(study.spec, path, stated))
    return with_prior(study, path, stated)


def _read(model: Path, inputs: ModelInputs) -> Study | ModelSpec:
    """Read a model, with its rows if the table exists: priors come first."""
    table = inputs.data or observations_file(model)
    if table is not None and (inputs.data is not None or table.exists()):
        return read_study(model, inputs)
    from headcount.study.spec_files import read_spec

    return read_spec(model, prior_set=inputs.prior_set)


def _tables(found: PriorDescription) -> Iterator[Table]:
    if found.prior is None:
        yield _priors(found.priors)
        yield _implied(found.implied)
        yield _rows(found.statements.dropna(subset=["tail"]), f"The {SHOWN} least probable rows")
    elif len(found.statements):
        stated = found.statements[found.statements["stated"] != ""]
        if len(stated):
            yield _rows(
                stated, f"Its {SHOWN} least probable rows" if len(stated) > SHOWN else "Its rows"
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

    table = _table("Implied by all together", "headcount", "year", "5 %", "50 %", "95 %")
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
        # A bound has no percentile: NaN is not equal to itself.
        place = f"{100 * line.below:.1f}" if line.below == line.below else "-"
        table.add_row(line.source, line.area, str(line.year), line.stated, *ends, place)
    return table


def _written(kind: str, value: float) -> str:
    from headcount._wording import people, percent
    from headcount.study.observation_kinds import OBSERVATION_KINDS

    unit = OBSERVATION_KINDS[kind].number.unit
    return people(value) if unit == "people" else percent(value, sign=unit == "change")
