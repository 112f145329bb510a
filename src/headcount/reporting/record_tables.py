"""Tables of the record: what went in, how well it is fitted, and how the draws were made."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Final

import numpy as np
import pandas as pd

from headcount._names import NOISE_SCALE, SAMPLE_DIMS, SOURCE
from headcount._wording import interval, number, percent, plural, probability, quantity
from headcount.diagnostics.checks import CheckResult, Evidence
from headcount.diagnostics.checks.row_fits import stated_in_words
from headcount.posterior.fits import Fit
from headcount.reporting.report_tables import Line, Table
from headcount.reporting.sentences import prior_in_words
from headcount.study.observation import Observation
from headcount.study.specs import CopySpec, SourceSpec

__all__ = [
    "diagnostic_table",
    "excluded_table",
    "outlying_table",
    "prior_table",
    "reason_table",
    "run_table",
    "source_table",
]

REACH_WORDS: Final = {
    "coverage": "sees {}",
    "multiplier": "{} for each person",
    "anchor": "anchor: taken as right but for noise",
    "trend": "trend only: its level is free",
    "selection": "odds of answering × {}",
    "dependence": "odds of being on both lists × {}",
}
"""Reach kind to how its posterior is put."""

LARGE_SHIFT: Final = 0.1
"""From this change of the total on, a prior is marked."""


def source_table(evidence: Evidence, priors: CheckResult, sources: CheckResult) -> Table:
    """Tabulate the sources with fitted rows.

    Parameters
    ----------
    evidence
        Of the fit.
    priors, sources
        Results of the checks of priors and of the fit by source.

    Returns
    -------
    Table
        Title and citation, scope, kind and lineage, reach, rows, noise and fit; then the copies,
        which do not enter again.
    """
    fit, prob = evidence.fit, probability(evidence.prob)
    learned, fits = priors.table.set_index("prior"), sources.table.set_index("source")
    noise = _noise(evidence)
    headings = (
        "Source",
        "Whom it counts",
        f"What it sees, median ({prob} interval)",
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
                "enters once, as the original",
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


def reason_table(fit: Fit) -> Table:
    """Tabulate why rows are not fitted.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Reason, source and number of rows, most rows first.
    """
    reasons = Counter((row.excluded, row.source) for row in fit.observations.rows if row.excluded)
    lines = (
        Line((reason, source, f"{count:,}")) for (reason, source), count in reasons.most_common()
    )
    return Table.of(("Reason", "Source", "#Rows"), lines)


def excluded_table(fit: Fit) -> Table:
    """Tabulate the rows that are not fitted.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Line in the file, source, area, year, what is stated, and why it is left out.
    """
    rows = [row for row in fit.observations.rows if row.excluded]
    headings = ("#Line", "Source", "Area", "Year", "Kind", "Stated", "Not fitted because")
    return Table.of(headings, (_excluded(fit, row) for row in rows))


def outlying_table(fit: Fit, outlying: CheckResult) -> Table:
    """Tabulate the rows that the model gives hardly any chance.

    Parameters
    ----------
    fit
        A fit.
    outlying
        Result of the check of outlying rows.

    Returns
    -------
    Table
        Line in the file, source, area, year, what is stated and expected, residual, probability of
        being outlying, and tail probability.
    """
    headings = (
        "#Line", "Source", "Area", "Year", "Kind", "#Stated", "#Expected", "#Residual (sd)",
        "#Probability of being outlying", "#Tail probability",
    )  # fmt: skip

    def line(row: pd.Series) -> Line:
        return Line(
            (
                str(row["line"]),
                row["source"],
                _area(fit, row["area"]),
                str(row["year"]),
                row["kind"],
                row["stated"],
                _expected(row["kind"], row["expected"]),
                "" if np.isnan(row["residual"]) else number(row["residual"]),
                f"{row['p_outlying']:.2f}",
                _tail(row["tail"]),
            )
        )

    return Table.of(headings, (line(row) for _, row in outlying.table.iterrows()))


def prior_table(evidence: Evidence, priors: CheckResult) -> Table:
    """Tabulate every prior with its posterior.

    Parameters
    ----------
    evidence
        Of the fit.
    priors
        Result of the check of priors.

    Returns
    -------
    Table
        Path, prior, posterior, contraction and the shift of the total; what moves the total most
        first.
    """
    spec, prob = evidence.fit.spec, probability(evidence.prob)
    headings = (
        "Prior",
        "#Before the data",
        f"#After: median and {prob} interval",
        "#Contraction",
        "#Total moves by",
    )

    def line(row: pd.Series) -> Line:
        low, middle, high = row["lower"], row["median"], row["upper"]
        unit = "people" if row["prior"] == "total.prior" else "number"
        after = f"{quantity(middle, low, high, unit=unit)}\n{interval(low, high, unit=unit)}"
        cells = (
            row["prior"],
            prior_in_words(spec.priors[row["prior"]]).replace(", median", "\nmedian"),
            after,
            f"{round(row['contraction'], 2) + 0:.2f}".replace("-", "−"),
            percent(row["shift"], sign=True),
        )
        return Line(cells, "whole" if abs(row["shift"]) >= LARGE_SHIFT else "")

    return Table.of(headings, (line(row) for _, row in priors.table.iterrows()))


def diagnostic_table(convergence: CheckResult) -> Table:
    """Tabulate the sampler's diagnostics.

    Parameters
    ----------
    convergence
        Result of the check of convergence.

    Returns
    -------
    Table
        Measure, what it is of, worst value, limit and where the worst is.
    """
    headings = ("Measure", "Of", "#Worst", "#Limit", "Outcome", "Where it is worst")

    def line(row: pd.Series) -> Line:
        digits = MEASURE_DIGITS.get(row["measure"], 0)
        cells = (
            row["measure"],
            f"{row['count']:,} {QUANTITIES.get(row['of'], row['of'])}",
            f"{row['worst']:,.{digits}f}",
            f"{row['limit']:,.{min(digits, 2)}f}",
            "passed" if row["passed"] else "failed",
            row["where"],
        )
        return Line(cells, "" if row["passed"] else "failed")

    return Table.of(headings, (line(row) for _, row in convergence.table.iterrows()))


MEASURE_DIGITS: Final = {"R-hat": 3, "E-BFMI": 2}
"""Decimals of a measure; the others are counts."""

QUANTITIES: Final = {
    "headcount": "headcounts",
    "growth": "growth rates",
    "share": "shares",
    "ratio": "ratios",
    "coverage": "coverages",
    "parameter": "parameters",
    "draw": "draws",
    "chain": "chains",
}
"""What the check of convergence looked at, in the plural."""


def run_table(fit: Fit) -> Table:
    """Tabulate all that is needed to make the fit again.

    Parameters
    ----------
    fit
        A fit.

    Returns
    -------
    Table
        Name and value.
    """
    sampling, spec = fit.sampling, fit.spec
    seconds = ", ".join(f"{step} {time:.1f} s" for step, time in sampling.seconds.items())
    facts = {
        "Model": spec.name,
        "Prior set": spec.prior_set,
        "Observations": f"{fit.observations.name}, {plural(len(fit.observations), 'row')}",
        "Seed": str(sampling.seed),
        "Draws": f"{plural(sampling.chains, 'chain')} of {plural(sampling.draws, 'draw')} after {sampling.tune:,} of warm-up",
        "Stopped early": "yes" if sampling.interrupted else "no",
        "Time": seconds,
        "Versions": ", ".join(f"{name} {version}" for name, version in sampling.versions.items()),
    }
    return Table.of(("", ""), (Line(pair) for pair in facts.items() if pair[1]))


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


EXTRA_WORDS: Final = {
    "overcount": "wrongly listed for each rightly: {}",
    "drift_sd": "drifts by {} a year (sd of the link)",
}
"""Key of a source to how its posterior is put."""


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


def _excluded(fit: Fit, row: Observation) -> Line:
    stated = row.as_stated or stated_in_words(row)
    return Line(
        (
            str(row.line),
            row.source,
            _area(fit, row.area),
            str(row.year),
            row.kind,
            stated,
            row.excluded,
        )
    )


def _area(fit: Fit, code: str) -> str:
    known = fit.spec.areas.by_code.get(code)
    return known.name if known else code


def _expected(kind: str, value: float) -> str:
    if kind == "growth":
        return percent(value, sign=True)
    return number(value) if kind == "share" or value < 1 else number(value, 3)


def _tail(value: float) -> str:
    return "below 0.0001" if value < 0.0001 else number(value)
