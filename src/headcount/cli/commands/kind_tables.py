"""Decision tables: the use of each observation kind, period, growth kind and prior family."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headcount.study.growth_kinds import GROWTH_KINDS, GrowthKind
from headcount.study.observation_kinds import OBSERVATION_KINDS, ObservationKind
from headcount.study.periods import FORMS
from headcount.study.priors import DEFAULT_MASS, FAMILIES, LINK_NORMAL, LINKS, Family

__all__ = ["print_kinds"]


def print_kinds(console: Console) -> None:
    """Print the decision tables.

    Parameters
    ----------
    console
        Console to print on; the tables fit 80 columns.
    """
    for heading, place, table in _sections():
        console.print(Text.assemble((heading, "bold"), "  ", (place, "dim")))
        console.print(Padding(table, (0, 0, 1, 0)))


def _sections() -> Iterator[tuple[str, str, Table]]:
    yield "Observation kinds", "column kind of observations.csv", _observation_kinds()
    yield "Periods", "columns period and from_period of observations.csv", _periods()
    yield "Growth kinds", "[growth] kind of a model", _growth_kinds()
    yield "Prior families", "wherever a model states a prior", _families()
    yield "Supports", "values that a quantity with a prior can take", _supports()


def _table(first: str, **others: int) -> Table:
    """Return an empty table: a column of names, then others with their relative widths."""
    table = Table(show_lines=True, expand=True, header_style="bold")
    table.add_column(first, no_wrap=True, style="bold cyan")
    for heading, ratio in others.items():
        table.add_column(heading, ratio=ratio)
    return table


def _observation_kinds() -> Table:
    table = _table("kind", when=1)
    for kind in OBSERVATION_KINDS.values():
        table.add_row(kind.name, Group(kind.when, Text(kind.example, style="dim"), _columns(kind)))
    return table


def _columns(kind: ObservationKind) -> str:
    optional = f"; may have {', '.join(kind.optional)}" if kind.optional else ""
    return f"needs {', '.join(kind.required)}{optional}"


def _periods() -> Table:
    table = _table("written", **{"is about": 1})
    for written, words in FORMS.items():
        table.add_row(written or "(empty)", words)
    return table


def _growth_kinds() -> Table:
    table = _table("kind", when=1, priors=1)
    for kind in GROWTH_KINDS.values():
        priors = ", ".join(f"{name} ({support})" for name, support in kind.parameters.items())
        table.add_row(kind.name, Group(kind.when, *_besides(kind)), priors)
    return table


def _besides(kind: GrowthKind) -> Iterator[Text]:
    for name, words in kind.settings.items():
        yield Text(f"needs {name}: {words}", style="dim")
    if kind.forward_only:
        yield Text("needs years.reference to be the first year", style="dim")


def _families() -> Table:
    table = _table("family", when=4, written=5)
    for family in FAMILIES.values():
        written = Text(_written(family), style="dim")
        table.add_row(family.name, family.when, Group(written, f"for {', '.join(family.supports)}"))
    return table


def _written(family: Family) -> str:
    if family.name == LINK_NORMAL:
        return f"{{ low, high, mass }}, mass {DEFAULT_MASS} if not stated; or {{ stated, se }}"
    return f'{{ family = "{family.name}", {", ".join(family.parameters)} }}'


def _supports() -> Table:
    table = _table("support", values=1)
    for link in LINKS.values():
        table.add_row(link.support, link.words)
    return table
