"""Sentences of a comparison: change of the answer, contributions of priors, predictive accuracy.

Whether the data distinguish two prior sets is judged by their difference in elpd: small differences
are no evidence, and their standard errors are then too small [1]_.

References
----------
.. [1] Sivula, T., Magnusson, M., Matamoros, A. A. and Vehtari, A. (2020). Uncertainty in Bayesian
   leave-one-out cross-validation based model comparison. https://arxiv.org/abs/2008.10296
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from headcount._wording import listed, percent, plural, probability, quantity, signed
from headcount.workflows.sensitivity.prior_attribution import TOGETHER, WHOLE
from headcount.workflows.sensitivity.robustness_verdict import LARGEST_FACTOR

__all__ = ["ELPD_IN_WORDS", "accuracy_sentence", "answer_sentence", "contributions_sentence"]

ELPD_IN_WORDS: Final = (
    "The elpd of a row is the log density that a fit without the row gives to it. A prior set with"
    " a clearly higher sum predicts the rows better; one with nearly the same sum (a difference"
    " within two standard errors, or of less than 4) cannot be distinguished from the reference by"
    " these data, so a difference in the answer is due to the priors. The elpd is silent about a"
    " level that all sources share: no row contradicts it, and it may move the answer far."
)

SMALL_DIFFERENCE: Final = 4.0
"""Differences in elpd below it are no evidence, whatever their standard error."""

NEGLIGIBLE: Final = 0.02
"""A smaller change is reported as none."""

MOST_NAMED: Final = 3
ENOUGH: Final = 2 / 3
"""Priors are named until they make up this much of a change."""


def answer_sentence(name: str, reference: pd.Series, other: pd.Series, place: str) -> str:
    """Describe the change of the answer under a prior set.

    Parameters
    ----------
    name
        Name of the set.
    reference, other
        Lines of the answer, as
        `headcount.workflows.sensitivity.compared_quantities.comparison_table` returns them.
    place
        Name of the root area.

    Returns
    -------
    str
        One sentence, such as "Under 'sceptical' the total of World in 2025 is 31 % lower: 750,000
        instead of 1.1 million."
    """
    change = float(other["change"])
    old, new = (
        quantity(line["median"], line["lower"], line["upper"]) for line in (reference, other)
    )
    total = f"Under ‘{name}’ the total of {place} in {int(other['year'])} is"
    if abs(change) < NEGLIGIBLE:
        limit = probability(NEGLIGIBLE)
        return f"{total} the same to within {limit}: {new}{_width(reference, other)}."
    direction = "higher" if change > 0 else "lower"
    moved = f"{percent(abs(change))} {direction}"
    return f"{total} {moved}: {new} instead of {old}{_width(reference, other)}."


def _width(reference: pd.Series, other: pd.Series) -> str:
    """Describe the width of the interval if it changes much."""
    widths = [np.log(line["upper"] / line["lower"]) for line in (other, reference)]
    ratio = float(widths[0] / widths[1])
    if 1 / LARGEST_FACTOR < ratio < LARGEST_FACTOR:
        return ""
    return f", and its interval {ratio:.1f} times as wide on the log scale"


def contributions_sentence(table: pd.DataFrame, *, are_rough: bool) -> str:
    """Name the priors that make up the change.

    Parameters
    ----------
    table
        Of one prior set, as
        `headcount.workflows.sensitivity.prior_attribution.attribution_table` returns it.
    are_rough
        Whether the two posteriors hardly overlap.

    Returns
    -------
    str
        One sentence; empty if the change is negligible; a short one if a single prior differs.
    """
    own = table[~table["prior"].isin((TOGETHER, WHOLE))]
    whole = float(table.loc[table["prior"] == WHOLE, "contribution"].iloc[0])
    if abs(whole) < NEGLIGIBLE or len(own) == 0:
        return ""
    if len(own) == 1:
        return f"Only {own['prior'].iloc[0]} differs."
    if are_rough:
        return (
            "The two posteriors hardly overlap, so the contributions of single priors are unknown;"
            " fit a prior set half-way between them."
        )
    fractions = (own.set_index("prior")["contribution"] / whole).sort_values(ascending=False)
    return _named_contributions(fractions, NEGLIGIBLE / abs(whole))


def _named_contributions(fractions: pd.Series, negligible: float) -> str:
    named = _enough(fractions)
    total, against = float(fractions[named].sum()), fractions[fractions < -negligible]
    is_more = total > 1.0 + NEGLIGIBLE
    much = "more than all would come" if is_more else f"{percent(min(total, 1.0))} comes"
    back = ""
    if len(against):
        verb = "pulls" if len(against) == 1 else "pull"
        back = f"; {listed(against.index[::-1][:MOST_NAMED])} {verb} the other way"
    return f"Of that change, {much} from {listed(named)}{back}."


def _enough(fractions: pd.Series) -> Sequence[str]:
    """Return the priors with the largest fractions until they make up enough, three at most."""
    running = fractions.cumsum().to_numpy()
    count = int(np.searchsorted(running, ENOUGH) + 1)
    return [str(name) for name in fractions.index[: min(count, MOST_NAMED)]]


def accuracy_sentence(row: pd.Series, reference: str) -> str:
    """State whether the data distinguish a prior set from the reference.

    Parameters
    ----------
    row
        The set's line for all rows, as
        `headcount.workflows.sensitivity.predictive_accuracy.elpd_by_source` returns it.
    reference
        Name of the reference.

    Returns
    -------
    str
        One sentence. Sets are distinguished only where the rows with reliable importance weights do
        so by themselves.
    """
    pair = f"‘{row['prior_set']}’ from ‘{reference}’"
    if not np.isfinite(row["difference"]):
        return f"‘{row['prior_set']}’ and ‘{reference}’ have no row in common."
    sign, trusted, elpd = _sign(row, ""), _sign(row, "trusted_"), _elpd(row, "")
    if row["trusted"] < row["compared"]:
        rows = f"over the {plural(row['trusted'], 'row')} that importance sampling can leave out"
        elpd += f"; {rows}, {_elpd(row, 'trusted_')}"
    if sign == 0:
        return f"The data cannot distinguish {pair} ({elpd})."
    if sign != trusted:
        return f"Whether the data distinguish {pair} is not known ({elpd})."
    which = "better" if sign > 0 else "worse"
    return f"‘{row['prior_set']}’ predicts the rows {which} than ‘{reference}’ ({elpd})."


def _sign(row: pd.Series, which: str) -> int:
    """Return the sign of a difference in elpd, or 0 if it is no evidence."""
    difference, error = float(row[f"{which}difference"]), float(row[f"{which}difference_se"])
    is_evidence = abs(difference) >= SMALL_DIFFERENCE and abs(difference) > 2 * error
    return int(np.sign(difference)) if is_evidence else 0


def _elpd(row: pd.Series, which: str) -> str:
    difference, error = float(row[f"{which}difference"]), float(row[f"{which}difference_se"])
    words = f"elpd {signed(difference)}, standard error {error:.1f}"
    return words.replace("–", "unknown").replace("nan", "unknown")
