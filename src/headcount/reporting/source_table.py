"""The table of sources: scope, reach, rows, noise and fit of each."""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np
import pandas as pd

from headcount._names import NOISE_SCALE, SAMPLE_DIMS, SOURCE
from headcount._wording import interval, number, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.posterior.fits import Fit
from headcount.reporting.page_parts import Line, Table
from headcount.study.specs import CopySpec, SourceSpec

__all__ = ["source_table"]

REACH_WORDS: Final = {
    "coverage": "coverage {}",
    "multiplier": "multiplier {}",
    "anchor": "anchor: taken as correct except for noise",
    "trend": "trend only: its level is not used",
    "selection": "odds of answering × {}",
    "dependence": "odds of being on both lists × {}",
}
"""Reach kind to the words around its posterior."""


EXTRA_WORDS: Final = {
    "overcount": "wrongly listed for each rightly: {}",
    "drift_sd": "drifts by {} a year (sd of the link)",
}
"""Key of a source to the words around its posterior."""


def source_table(evidence: Evidence, priors: CheckResult, sources: CheckResult) -> Table:
    """Tabulate the sources with fitted rows.

    Parameters
    ----------
    evidence
        Evidence of the fit.
    priors, sources
        Results of the checks of priors and of the fit by source.

    Returns
    -------
    Table
        Title and citation, scope, kind and lineage, reach, rows, noise and fit; then the copies,
        which are fitted once, as the original.
    """
    fit, prob = evidence.fit, probability(evidence.prob)
    learned, fits = priors.table.set_index("prior"), sources.table.set_index("source")
    noise = _noise(evidence)
    headings = (
        "Source",
        "Whom it counts",
        f"Its reach, median ({prob} interval)",
        "#Rows",
        "#Noise (sd of the log)",
        "#Inside 50 % and 90 %",
    )

    def line(name: str) -> Line:
        source = fit.spec.sources[name]
        lineage = f", lineage {source.lineage}" if source.lineage else ""
        if name not in fits.index:
            return Line(
                (
                    _title(name, source),
                    f"{source.scope}\n{source.kind}{lineage}",
                    _reach(fit, name, source, learned),
                    "0",
                    "–",
                    "–",
                )
            )
        cells = (
            _title(name, source),
            f"{source.scope}\n{source.kind}{lineage}",
            _reach(fit, name, source, learned),
            f"{fits.at[name, 'rows']:,}",
            _spread(name, source, learned, noise),
            _inside(fits.loc[name]),
        )
        return Line(cells, "" if fits.at[name, "passed"] else "failed")

    copies = (
        Line(
            (
                _title(name, copy),
                f"copy of {copy.copy_of}",
                "fitted once, as the original",
                "",
                "",
                "",
            )
        )
        for name, copy in fit.spec.copies.items()
    )
    return Table.of(headings, chain(map(line, fit.layout.sources), copies))


def _title(name: str, source: SourceSpec | CopySpec) -> str:
    return "\n".join(filter(None, [source.title, name, source.citation]))


def _reach(fit: Fit, name: str, source: SourceSpec, learned: pd.DataFrame) -> str:
    kind = source.reach_kind
    unit = "percent" if kind == "coverage" else "number"
    path = f"sources.{name}.{kind}"
    lines = [REACH_WORDS[kind].format(_posterior(learned, path, unit))]
    for area in source.reach.regions if source.reach else ():
        lines.append(f"{_area(fit, area)}: {_posterior(learned, f'{path}.regions.{area}', unit)}")
    for key, words in EXTRA_WORDS.items():
        if getattr(source, key) is not None:
            lines.append(words.format(_posterior(learned, f"sources.{name}.{key}", "number")))
    for _, year in source.breaks_by:
        lines.append(
            f"from {year} on × {_posterior(learned, f'sources.{name}.breaks.{year}', 'number')}"
        )
    return "\n".join(lines)


def _posterior(learned: pd.DataFrame, path: str, unit: str) -> str:
    if path not in learned.index:
        return ""
    low, middle, high = learned.loc[path, ["lower", "median", "upper"]]
    return f"{quantity(middle, low, high, unit=unit)} ({interval(low, high, unit=unit)})"


def _noise(evidence: Evidence) -> dict[str, str]:
    tail = (1 - evidence.prob) / 2
    draws = evidence.fit.posterior[NOISE_SCALE].transpose(SOURCE, *SAMPLE_DIMS)
    ends = np.quantile(draws.to_numpy(), [tail, 0.5, 1 - tail], axis=(1, 2)).T
    names = [str(name) for name in draws[SOURCE].to_numpy()]
    return {
        name: f"{number(middle)}\n{interval(low, high, unit='number')}"
        for name, (low, middle, high) in zip(names, ends, strict=True)
    }


def _spread(name: str, source: SourceSpec, learned: pd.DataFrame, noise: dict[str, str]) -> str:
    if not source.is_binomial:
        return noise[name]
    shared = _posterior(learned, f"source_kinds.{source.kind}.concentration", "number")
    return f"concentration\n{shared}"


def _inside(row: pd.Series) -> str:
    if not row["scored"]:
        return "not scored"
    inside = " and ".join(
        f"{round(row[name] * row['scored'])}" for name in ("inside_50", "inside_90")
    )
    return f"{inside}\nof {row['scored']}"


def _area(fit: Fit, code: str) -> str:
    known = fit.spec.areas.by_code.get(code)
    return known.name if known else code
