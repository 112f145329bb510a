"""The section on identification: shares of precision, conflicts and unidentified directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from headcount._wording import number, percent, plural, rounded_percent, signed
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.diagnostics.identification.after_sampling import RestsOn
from headcount.diagnostics.identification.quotability import DO_NOT_QUOTE, WIDEST
from headcount.diagnostics.identification.unidentified_directions import find_directions
from headcount.engine.density.queries import Query
from headcount.engine.density.study_arrays import arrays_of
from headcount.posterior.fits import Fit
from headcount.reporting.canvas import INK, INNER, LINE, OUTER
from headcount.reporting.canvas import canvas as drawing_canvas
from headcount.reporting.page_parts import Figure, Line, Table

__all__ = [
    "conflict_table",
    "dependence_figure",
    "direction_sentences",
    "share_table",
    "verdict_table",
]

KINDS: Final = {"data": "statements of sources", "pooling": "pooling", "priors": "priors as stated"}
"""Kind of evidence to the words for it."""

COLOURS: Final = {"data": LINE, "pooling": INNER, "priors": OUTER}

MOST_PARTS: Final = 15
"""Contributors in the table; the others have a small share together."""

STRAINED: Final = 2.0
"""The smallest z at which a node is shown; chance alone gives it to one in twenty."""

MOST_NODES: Final = 15


def verdict_table(evidence: Evidence) -> Table:
    """Tabulate the verdicts on the headlines.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Table
        Answer, verdict, shares of data, pooling and priors, and the widening without priors on
        levels.
    """
    headings = ("Answer", "Verdict", "#Sources", "#Pooling", "#Priors", "#Without priors on levels")
    return Table.of(
        headings,
        (_verdict_line(line, evidence.fit) for _, line in evidence.rests_on.to_frame().iterrows()),
    )


def _verdict_line(line: pd.Series, fit: Fit) -> Line:
    width = f"{line['widening']:.1f} times as wide"
    if line["widening"] > WIDEST:
        width = f"more than {WIDEST:.0f} times as wide"
    shares = (rounded_percent(line[kind]) for kind in KINDS)
    mark = "failed" if line["verdict"] == DO_NOT_QUOTE else ""
    return Line((_answer(line, fit), line["verdict"], *shares, width), mark)


def _answer(line: pd.Series, fit: Fit) -> str:
    name = fit.spec.areas.by_code[line["area"]].name
    if np.isfinite(line["from_year"]):
        return f"{name}, growth {line['from_year']:.0f} to {line['year']}"
    return f"{name}, {line['year']}"


def dependence_figure(evidence: Evidence) -> Figure:
    """Draw the shares of sources, pooling and priors in the precision of each headline.

    Parameters
    ----------
    evidence
        Evidence of the fit.

    Returns
    -------
    Figure
        Stacked bars from 0 to 100 %.
    """
    table = evidence.rests_on.to_frame()
    places = np.arange(len(table))
    with drawing_canvas("dependence", 8.2, 1.1 + 0.32 * len(table)) as (canvas, finished):
        axes = canvas.subplots()
        start = np.zeros(len(table))
        for kind, label in KINDS.items():
            width = 100 * table[kind].to_numpy()
            axes.barh(places, width, left=start, height=0.62, color=COLOURS[kind], label=label)
            for place, left, own in zip(
                places.tolist(), start.tolist(), width.tolist(), strict=True
            ):
                if own >= 8:  # noqa: PLR2004 - percent of the axis that a number fits into
                    ink = "white" if kind == "data" else INK
                    axes.text(
                        left + own / 2,
                        place,
                        f"{own:.0f}",
                        ha="center",
                        va="center",
                        color=ink,
                        fontsize=8.5,
                    )
            start = start + width
        axes.set_yticks(places, [_answer(line, evidence.fit) for _, line in table.iterrows()])
        axes.set_ylim(len(table) - 0.5, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("Share of precision, %")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        canvas.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    first = table.iloc[0]
    shares = ", ".join(
        f"{rounded_percent(first[kind])} from {label}" for kind, label in KINDS.items()
    )
    alt = f"Stacked bars of the shares of precision of {len(table)} answers; the first: {shares}."
    caption = (
        "Shares of the precision of the headlines. Pooling: regions, years or sources are alike, "
        "to the degree that the data show."
    )
    return Figure(finished(), alt, caption)


def share_table(found: CheckResult) -> Table:
    """Tabulate the contributors to the precision of the headline.

    Parameters
    ----------
    found
        Result of the check of identification.

    Returns
    -------
    Table
        Contributor, kind, share and sensitivity to power-scaling, the largest share first; then the
        share of all others together.
    """
    shown, rest = found.table.head(MOST_PARTS), found.table.iloc[MOST_PARTS:]

    def lines() -> Iterator[Line]:
        for _, line in shown.iterrows():
            yield Line(
                (
                    line["name"],
                    KIND_WORDS[line["kind"]],
                    percent(line["share"]),
                    number(line["sensitivity"]),
                )
            )
        if len(rest):
            yield Line((plural(len(rest), "other"), "", percent(float(rest["share"].sum())), ""))

    return Table.of(("Evidence", "Kind", "#Share", "#Sensitivity"), lines())


KIND_WORDS: Final = {
    "prior": "prior as stated",
    "pooling": "pooling of effects",
    "source": "statements of a source",
}


def conflict_table(found: CheckResult) -> Table:
    """Tabulate the nodes whose two sides differ most.

    Parameters
    ----------
    found
        Result of the check of conflict.

    Returns
    -------
    Table
        Node, interval as stated, value implied by all other evidence, distance in prior standard
        deviations, z and the evidence that pulls.
    """
    strained = found.table[found.table["conflict"] | (found.table["z"].abs() >= STRAINED)].head(
        MOST_NODES
    )
    headings = (
        "Where",
        "#Stated (90 %)",
        "#Implied by the rest",
        "#Prior sds apart",
        "#z",
        "Pulled by",
    )

    def lines() -> Iterator[Line]:
        for _, line in strained.iterrows():
            stated = f"{number(line['stated_lower'])} to {number(line['stated_upper'])}"
            cells = (
                stated,
                number(line["implied"]),
                signed(line["shift"]),
                signed(line["z"]),
                line["pulled_by"],
            )
            yield Line((line["node"], *cells), "failed" if line["conflict"] else "")

    return Table.of(headings, lines())


def direction_sentences(fit: Fit, dependence: RestsOn) -> tuple[str, ...]:
    """Describe the directions in which the headline can move and the likelihood does not change.

    Parameters
    ----------
    fit
        A fit.
    dependence
        Shares of precision of its headlines, of which the first one is used.

    Returns
    -------
    tuple of str
        A sentence for each direction; possibly none. No sentence occurs twice.
    """
    headline: Query = dependence.shares.queries[0]
    found = find_directions(arrays_of(fit.layout), fit.layout, headline)
    return tuple(dict.fromkeys(map(str, found)))
