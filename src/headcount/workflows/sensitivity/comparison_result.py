"""The result of a comparison of priors: tables, sentences and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd

from headcount.diagnostics.verdict import Verdict
from headcount.study.specs import ModelSpec
from headcount.workflows.sensitivity.common_question import CommonQuestion
from headcount.workflows.sensitivity.comparison_sentences import (
    ELPD_IN_WORDS,
    accuracy_sentence,
    answer_sentence,
    contributions_sentence,
)
from headcount.workflows.sensitivity.prior_attribution import FEWEST_EFFECTIVE
from headcount.workflows.sensitivity.robustness_verdict import robustness_verdict_of

__all__ = ["SETS", "TABLES", "Comparison"]

SETS: Final = (
    "prior_set",
    "model",
    "priors",
    "changed",
    "rows",
    "chains",
    "draws",
    "seed",
    "divergences",
    "rhat",
    "ess",
    "change",
    "overlap",
    "robustness",
    "priors_only",
    "attributed",
    "path_ess",
)
"""Columns of ``Comparison.sets``, in order."""

TABLES: Final = ("sets", "priors", "elpd", "attribution", "totals", "predicted")
"""Tables that `Comparison.write_csv` writes beside the main one."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Fits of one question under several priors.

    Build one with `compare_priors`.

    Parameters
    ----------
    specs
        Name of each prior set, or spec, to the declaration that was fitted; the first one is the
        reference.
    prob
        Probability inside the equal-tailed intervals.
    question
        The question that all fits have in common.
    quantities
        The main table, also that of `to_frame`: a line for each quantity and set, columns
        ``prior_set``, those of `headcount.estimates`, ``change`` and ``overlap``; see
        `headcount.workflows.sensitivity.compared_quantities.comparison_table`.
    sets
        A line for each set: its prior set (``priors``), the number of priors that differ from the
        reference (``changed``), how it was sampled, the worst ``rhat`` and ``ess`` of any quantity,
        ``change`` and ``overlap`` of the answer, its ``robustness``, whether the numbers of priors
        are all that differs (``priors_only``), whether its change was ``attributed`` to them, and
        the smallest number of effective draws on the path between the fits (``path_ess``).
    priors
        Contraction, a line for each prior and set: columns of the check of priors (see
        `headcount.diagnostics.checks.contraction`), ``prior_set``, and whether the prior
        ``differs`` from the reference's.
    elpd
        Predictive accuracy by source and set; see
        `headcount.workflows.sensitivity.predictive_accuracy.elpd_by_source`.
    attribution
        Effect of each changed prior on the log of the answer; see
        `headcount.workflows.sensitivity.prior_attribution.attribution_table`.
    totals
        The root's headcount by set, stage (``prior``, ``posterior``) and year: quantiles of a band.
    predicted
        Predictions of each source before the data and after; see
        `headcount.workflows.sensitivity.predictive_draws.prediction_table`.
    """

    specs: Mapping[str, ModelSpec]
    prob: float
    question: CommonQuestion
    quantities: pd.DataFrame
    sets: pd.DataFrame
    priors: pd.DataFrame
    elpd: pd.DataFrame
    attribution: pd.DataFrame
    totals: pd.DataFrame
    predicted: pd.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sets, the reference first."""
        return tuple(self.specs)

    @property
    def reference(self) -> str:
        """Name of the set that the others are compared with."""
        return self.names[0]

    @property
    def robustness(self) -> dict[str, str]:
        """Name of each set but the reference to ``robust``, ``sensitive`` or ``not robust``."""
        own = self.sets.set_index("prior_set")["robustness"]
        return {name: str(own[name]) for name in self.names[1:]}

    @property
    def verdict(self) -> Verdict:
        """The worst robustness of any set, with a sentence or two."""
        other_specs = self.sets.loc[~self.sets["priors_only"], "prior_set"]
        return robustness_verdict_of(self.robustness, self.reference, tuple(other_specs))

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Change of the answer under each set but the reference, and the priors that make it up."""
        return tuple(self._sentence(name) for name in self.names[1:])

    @property
    def accuracy_sentences(self) -> tuple[str, ...]:
        """The meaning of differences of elpd, and the difference of each set but the reference."""
        own = self.elpd[self.elpd["source"] == ""].set_index("prior_set", drop=False)
        found = (accuracy_sentence(own.loc[name], self.reference) for name in self.names[1:])
        return (ELPD_IN_WORDS, *found)

    @property
    def answer_by_set(self) -> pd.DataFrame:
        """The lines of the main table about the answer, indexed by set."""
        question, table = self.question, self.quantities
        own = (table["estimand"] == "headcount") & (table["area"] == question.root)
        lines = table[own & (table["year"] == question.last_year)].set_index("prior_set")
        return lines.loc[list(self.names)]

    @property
    def rough(self) -> tuple[str, ...]:
        """Sets whose posterior hardly overlaps the reference's: their contributions are rough."""
        return tuple(self.sets.loc[self.sets["path_ess"] < FEWEST_EFFECTIVE, "prior_set"])

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the main table: a line for each quantity and set."""
        return self.quantities.copy()

    def write_csv(self, path: str | Path) -> tuple[Path, ...]:
        r"""Write all tables as CSV.

        Parameters
        ----------
        path
            File of the main table, such as ``comparison.csv``; the other tables are written beside
            it, as ``comparison-priors.csv`` and so on. UTF-8, lines end with ``\n``, numbers
            unrounded, empty cells where a column does not apply.

        Returns
        -------
        tuple of Path
            The files, that of the main table first.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tables = {path: self.quantities}
        tables |= {
            path.with_name(f"{path.stem}-{name}{path.suffix}"): getattr(self, name)
            for name in TABLES
        }
        for file, table in tables.items():
            table.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")
        return tuple(tables)

    def _sentence(self, name: str) -> str:
        answer = self.answer_by_set
        place = self.specs[self.reference].areas.by_code[self.question.root].name
        change = answer_sentence(name, answer.iloc[0], answer.loc[name], place)
        return f"{change} {self._contributions(name)}".rstrip()

    def _contributions(self, name: str) -> str:
        own = self.attribution[self.attribution["prior_set"] == name]
        return "" if own.empty else contributions_sentence(own, are_rough=name in self.rough)

    def __repr__(self) -> str:
        """Return the answer under each set, and the verdict."""
        lines = [
            f"  {name}: {row.median:,.0f} ({row.lower:,.0f} to {row.upper:,.0f})"
            + ("" if name == self.reference else f", {row.change:+.0%}, overlap {row.overlap:.2f}")
            for name, row in zip(self.names, self.answer_by_set.itertuples(), strict=True)
        ]
        question = self.question
        answer = f"{question.target} of {question.root} in {question.last_year}"
        return "\n".join([f"<headcount.Comparison: {answer}", *lines, f"  {self.verdict}>"])
