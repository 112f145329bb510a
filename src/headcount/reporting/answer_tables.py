"""Tables of the answer: areas, years and scopes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from headcount._wording import interval, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import forecast_years
from headcount.reporting.answer_sentences import prior_in_words, year_label
from headcount.reporting.page_parts import Line, Table
from headcount.study.areas import Areas

__all__ = ["area_order", "area_table", "headcount_table", "ratio_table"]


def area_table(evidence: Evidence) -> Table:
    """Tabulate all areas in the last year with data.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Table
        Name, median, interval, share of the root and growth over the year before, with intervals.
    """
    fit, year = evidence.fit, evidence.last_year
    table = evidence.estimates[evidence.estimates["year"] == year]
    people, share, growth = (
        table[table["estimand"] == name].set_index("area")
        for name in ("headcount", "share", "growth")
    )
    prob, root = probability(evidence.prob), fit.spec.areas.root
    headings = (
        "Area",
        "#Median",
        f"#{prob} interval",
        f"#Share of {_name(fit, root)}",
        f"#{prob} interval",
        f"#Growth from {year - 1}",
        f"#{prob} interval",
    )

    def line(code: str, depth: int) -> Line:
        cells = [
            *_pair(people, code, "people"),
            *_pair(share, code, "percent"),
            *_pair(growth, code, "change"),
        ]
        is_grouping = bool(fit.spec.areas.by_code[code].members)
        name = _name(fit, code) + ("\ngrouping" if is_grouping else "")
        return Line((name, *cells), "whole" if code == root else "", depth)

    order = area_order(fit, people["median"])
    return Table.of(headings, (line(code, depth) for code, depth in order))


def headcount_table(evidence: Evidence) -> Table:
    """Tabulate the headcount of every area and year.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Table
        One line for each area and year; forecasts are marked.
    """
    fit, ahead = evidence.fit, forecast_years(evidence.fit)
    table = evidence.estimates
    table = table[table["estimand"] == "headcount"].set_index(["area", "year"])
    headings = ("Area", "Year", "#Median", f"#{probability(evidence.prob)} interval")

    def lines() -> Iterator[Line]:
        order = area_order(fit, table["median"].xs(evidence.last_year, level="year"))
        for code, _ in order:
            for year in fit.spec.years.labels:
                cells = _pair(table, (code, year), "people")
                yield Line(
                    (_name(fit, code), year_label(fit, year), *cells),
                    "forecast" if year in ahead else "",
                )

    return Table.of(headings, lines())


def ratio_table(evidence: Evidence, priors: CheckResult) -> Table:
    """Tabulate the ratios between scopes, prior and posterior.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    priors
        Result of the check of priors.

    Returns
    -------
    Table
        Scope, relation, prior and posterior of the ratio, and people for each one of the target in
        the last year with data.
    """
    fit = evidence.fit
    found = priors.table.set_index("prior")
    table = evidence.estimates
    own = table[(table["estimand"] == "ratio") & (table["year"] == evidence.last_year)].set_index(
        "scope"
    )
    prob = probability(evidence.prob)
    headings = (
        "Scope",
        "Relation",
        "#Prior of the ratio",
        f"#Posterior: median and {prob} interval",
        f"#For each one of '{fit.spec.target}' in {evidence.last_year}",
    )

    def line(scope: str) -> Line:
        declared = fit.spec.scopes[scope]
        path = f"scopes.{scope}.ratio"
        prior = "–" if declared.part_of else prior_in_words(fit.spec.priors[path])
        return Line(
            (
                f"{scope}\n{declared.definition}",
                f"{declared.relation.replace('_', ' ')} '{fit.spec.relative_to(scope)}'",
                prior.replace(", median", "\nmedian"),
                _joined(found, path, "number"),
                _joined(own, scope, "number"),
            )
        )

    return Table.of(headings, (line(scope) for scope in fit.layout.scopes[1:]))


def area_order(fit: Fit, size: pd.Series) -> list[tuple[str, int]]:
    """Order areas for reading: the tree from the root, larger areas first; then groupings.

    Parameters
    ----------
    fit
        A fit.
    size
        Headcount of each area, indexed by area.

    Returns
    -------
    list of (str, int)
        Code and depth in the tree; the root and groupings have depth 0.
    """
    areas = fit.spec.areas
    groupings = sorted(
        (row.area for row in areas.rows if row.members), key=lambda code: -size[code]
    )
    return [*_below(areas, areas.root, size, 0), *((code, 0) for code in groupings)]


def _below(areas: Areas, code: str, size: pd.Series, depth: int) -> Iterator[tuple[str, int]]:
    yield code, depth
    for child in sorted(areas.children(code), key=lambda child: -size[child]):
        yield from _below(areas, child, size, depth + 1)


def _name(fit: Fit, code: str) -> str:
    return fit.spec.areas.by_code[code].name


def _pair(table: pd.DataFrame, key: object, unit: str) -> tuple[str, str]:
    """Return median and interval of a line of estimates; dashes where there is none."""
    if key not in table.index:
        return "–", "–"
    low, middle, high = table.loc[key, ["lower", "median", "upper"]]
    return quantity(middle, low, high, unit=unit), interval(low, high, unit=unit)


def _joined(table: pd.DataFrame, key: str, unit: str) -> str:
    middle, ends = _pair(table, key, unit)
    return f"{middle}\n{ends}" if ends != "–" else "–"
