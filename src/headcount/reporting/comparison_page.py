"""The page of a comparison: changes of the answer, the priors behind them, and their accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from headcount._wording import agree, listed, number, plural, probability
from headcount.reporting.answer_sentences import capital
from headcount.reporting.attribution_figure import attribution_figure
from headcount.reporting.comparison_answers import answer_table
from headcount.reporting.comparison_fits import (
    accuracy_table,
    fits_table,
    is_doubtful,
    prediction_table,
    source_accuracy_table,
)
from headcount.reporting.comparison_priors import attribution_table, learning_table
from headcount.reporting.comparison_totals import learning_figure, total_figures
from headcount.reporting.page_files import write_page
from headcount.reporting.page_parts import Table
from headcount.reporting.prediction_figure import prediction_figure
from headcount.workflows.sensitivity import Comparison
from headcount.workflows.sensitivity.prior_attribution import METHODS

__all__ = ["write_comparison"]

TEMPLATE: Final = "comparison.html.j2"


def write_comparison(comparison: Comparison, path: str | Path) -> Path:
    """Write the page of a comparison.

    Parameters
    ----------
    comparison
        Fits side by side.
    path
        File to write; replaced only once the new one is complete.

    Returns
    -------
    Path
        The file.
    """
    return write_page(TEMPLATE, _facts(comparison), path)


def _facts(comparison: Comparison) -> dict[str, Any]:
    spec = comparison.specs[comparison.reference]
    tables = _tables(comparison)
    sets = comparison.sets.set_index("prior_set")
    return {
        "title": spec.title,
        "question": spec.question,
        "names": comparison.names,
        "reference": comparison.reference,
        "root": spec.areas.by_code[comparison.question.root].name,
        "prob": probability(comparison.prob),
        "last_year": comparison.question.last_year,
        "verdict": comparison.verdict,
        "sentences": list(comparison.sentences),
        "warnings": _warnings(comparison),
        "figures": {
            "totals": total_figures(comparison),
            "learning": learning_figure(comparison),
            "attribution": attribution_figure(comparison),
            "predictions": prediction_figure(comparison),
        },
        "tables": tables,
        "unchanged_title": _unchanged(len(tables["unchanged"].lines)),
        "attributions": [
            {
                "name": name,
                "rough": name in comparison.rough,
                "ess": number(sets.loc[name, "path_ess"]),
                "table": attribution_table(comparison, name),
            }
            for name in comparison.names[1:]
            if sets.loc[name, "attributed"]
        ],
        "unattributed": [name for name in comparison.names[1:] if not sets.loc[name, "attributed"]],
        "methods": METHODS,
        "accuracy": comparison.accuracy_sentences,
    }


def _tables(comparison: Comparison) -> dict[str, Table]:
    return {
        "totals": answer_table(comparison, ("headcount", "growth_per_year"), of_root=True),
        "growth": answer_table(comparison, ("growth",)),
        "areas": answer_table(comparison, ("headcount", "share"), of_root=False),
        "coverage": answer_table(comparison, ("coverage",)),
        "ratios": answer_table(comparison, ("ratio",)),
        "changed": learning_table(comparison, changed=True),
        "unchanged": learning_table(comparison, changed=False),
        "accuracy": accuracy_table(comparison),
        "accuracy_by_source": source_accuracy_table(comparison),
        "predictions": prediction_table(comparison),
        "fits": fits_table(comparison),
    }


def _unchanged(count: int) -> str:
    return f"{capital(plural(count, 'prior'))} that {agree(count, 'is', 'are')} equal in all sets"


def _warnings(comparison: Comparison) -> list[str]:
    doubtful = [
        f"‘{row['prior_set']}’" for row in comparison.sets.to_dict("records") if is_doubtful(row)
    ]
    if not doubtful:
        return []
    fits = agree(len(doubtful), "the fit", "the fits")
    return [
        f"Read with care: {fits} under {listed(doubtful)} diverged or had not converged; see the "
        "last table."
    ]
