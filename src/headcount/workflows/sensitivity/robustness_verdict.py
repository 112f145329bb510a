"""Judging: does the answer survive the priors? A rule, and the sentences that say what it found.

The answer is the root's headcount in the last year with data. Between the reference and another
prior set,

- it *holds* where each median lies inside the other's interval and the smaller median is less than
  a fifth below the larger one (the larger less than a quarter above the smaller);
- it *leans* on the priors where each median lies inside the other's interval and the change is
  larger than that;
- it *hangs* on the priors where a median lies outside the other's interval.

The interval is that of the comparison's probability. Whether the data can tell two sets apart is
judged by their difference in elpd: small differences are no evidence, and their standard errors are
then too small [1]_.

References
----------
.. [1] Sivula, T., Magnusson, M., Matamoros, A. A. and Vehtari, A. (2020). Uncertainty in Bayesian
   leave-one-out cross-validation based model comparison. https://arxiv.org/abs/2008.10296
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount._wording import listed, percent, plural, probability, quantity
from headcount.workflows.sensitivity.prior_attribution import TOGETHER, WHOLE

__all__ = [
    "ELPD_IN_WORDS",
    "OUTCOMES",
    "accuracy_sentence",
    "answer_sentence",
    "judged",
    "parts_sentence",
    "verdict_sentence",
]

LARGEST_FACTOR: Final = 1.25
"""Two medians that differ by less are one answer for most decisions."""

OUTCOMES: Final = {
    "holds": "the answer does not hang on {}",
    "leans": "the answer leans on {}: quote both",
    "hangs": "the answer hangs on {}: without a reason for one side there is no single answer",
}
"""What the rule can find, and in words."""

PRIORS: Final = "these priors"
MODELS: Final = "the choice between them"
"""On what the answer hangs, where only priors differ, and where more does."""

ELPD_IN_WORDS: Final = (
    "The elpd of a row is the log density that the fit gives to what the row states once the row itself is left out. A prior set "
    "with a clearly higher sum predicts the rows better; one with nearly the same sum (a difference within two standard errors, "
    "or of less than 4) cannot be told from the reference by these data, so what differs in the answer is prior. It says nothing "
    "about what no row could contradict: a level that all sources share may move the answer far and the elpd not at all."
)

SMALL_DIFFERENCE: Final = 4.0
"""Differences in elpd below it are no evidence, whatever their standard error."""

NOTHING: Final = 0.02
"""A change that is smaller is not worth a sentence."""

MOST_NAMED: Final = 3
ENOUGH: Final = 2 / 3
"""Priors are named until they make up this much of a change."""


def judged(reference: FloatArray, other: FloatArray, prob: float) -> str:
    """Return what the rule says of two answers.

    Parameters
    ----------
    reference, other
        Draws of the answer; any shape.
    prob
        Probability of the intervals.

    Returns
    -------
    str
        A key of ``OUTCOMES``.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.exp(np.random.default_rng(1).normal(size=1000))
    >>> judged(draws, 1.1 * draws, 0.9), judged(draws, 2 * draws, 0.9), judged(draws, 90 * draws, 0.9)
    ('holds', 'leans', 'hangs')
    """
    ends = [(1 - prob) / 2, 0.5, (1 + prob) / 2]
    (low, middle, high), (other_low, other_middle, other_high) = (
        np.quantile(draws, ends) for draws in (reference, other)
    )
    if not (low <= other_middle <= high and other_low <= middle <= other_high):
        return "hangs"
    near = max(middle, other_middle) < LARGEST_FACTOR * min(middle, other_middle)
    return "holds" if near else "leans"


def answer_sentence(name: str, reference: pd.Series, other: pd.Series, place: str) -> str:
    """Say what becomes of the answer under a prior set.

    Parameters
    ----------
    name
        Of the set.
    reference, other
        The answer's lines in the table of
        `headcount.workflows.sensitivity.compared_quantities.side_by_side`.
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
    wide = np.log(other["upper"] / other["lower"]) / np.log(reference["upper"] / reference["lower"])
    width = (
        f", and its interval {_times(float(wide))}"
        if not 1 / LARGEST_FACTOR < wide < LARGEST_FACTOR
        else ""
    )
    total = f"Under ‘{name}’ the total of {place} in {int(other['year'])} is"
    if abs(change) < NOTHING:
        return f"{total} the same to within {probability(NOTHING)}: {new}{width}."
    direction = "higher" if change > 0 else "lower"
    return f"{total} {percent(abs(change))} {direction}: {new} instead of {old}{width}."


def parts_sentence(table: pd.DataFrame, *, are_rough: bool) -> str:
    """Say which priors make up the change.

    Parameters
    ----------
    table
        Of one prior set, as `headcount.workflows.sensitivity.prior_attribution.attribution` returns
        it.
    are_rough
        Whether the two fits hardly overlap.

    Returns
    -------
    str
        One sentence; empty where there is no change to speak of, or a single prior was changed.
    """
    own = table[~table["prior"].isin((TOGETHER, WHOLE))]
    whole = float(table.loc[table["prior"] == WHOLE, "part"].iloc[0])
    if abs(whole) < NOTHING or len(own) == 0:
        return ""
    if len(own) == 1:
        return f"Only {own['prior'].iloc[0]} differs."
    if are_rough:
        return (
            "The two posteriors hardly overlap, so which prior does it cannot be told from these two fits; "
            "fit a prior set half-way between them."
        )
    shares = (own.set_index("prior")["part"] / whole).sort_values(ascending=False)
    named = _enough(shares)
    told, against = float(shares[named].sum()), shares[shares < -NOTHING / abs(whole)]
    much = "more than all" if told > 1.0 + NOTHING else percent(min(told, 1.0))
    verb = "comes" if told <= 1.0 + NOTHING else "would come"
    back = (
        f"; {listed(against.index[::-1][:MOST_NAMED])} {_pull(len(against))} the other way"
        if len(against)
        else ""
    )
    return f"Of that change, {much} {verb} from {listed(named)}{back}."


def accuracy_sentence(row: pd.Series, reference: str) -> str:
    """Say whether the data can tell a prior set from the reference.

    Parameters
    ----------
    row
        The set's line for all rows, as
        `headcount.workflows.sensitivity.predictive_accuracy.accuracy_by_source` returns it.
    reference
        Name of the reference.

    Returns
    -------
    str
        One sentence. Sets are told apart only where the rows that importance sampling can leave out
        do so by themselves.
    """
    if not np.isfinite(row["difference"]):
        return f"‘{row['prior_set']}’ and ‘{reference}’ have no row in common."
    sign, trusted = _told_apart(row, ""), _told_apart(row, "trusted_")
    told = _elpd(row, "")
    if row["trusted"] < row["compared"]:
        rows = plural(row["trusted"], "row")
        told += (
            f"; over the {rows} that importance sampling can leave out, {_elpd(row, 'trusted_')}"
        )
    if sign == 0:
        return f"The data cannot tell ‘{row['prior_set']}’ from ‘{reference}’ ({told})."
    if sign != trusted:
        return f"Whether the data can tell ‘{row['prior_set']}’ from ‘{reference}’ is not known ({told})."
    which = "better" if sign > 0 else "worse"
    return f"‘{row['prior_set']}’ predicts the rows {which} than ‘{reference}’ ({told})."


def _told_apart(row: pd.Series, which: str) -> int:
    """Return the sign of a difference in elpd, or 0 where it is no evidence."""
    difference, error = float(row[f"{which}difference"]), float(row[f"{which}difference_se"])
    is_evidence = abs(difference) >= SMALL_DIFFERENCE and abs(difference) > 2 * error
    return int(np.sign(difference)) if is_evidence else 0


def _elpd(row: pd.Series, which: str) -> str:
    difference, error = float(row[f"{which}difference"]), float(row[f"{which}difference_se"])
    return f"elpd {difference:+.1f}, standard error {error:.1f}".replace("-", "−").replace(
        "nan", "unknown"
    )


def verdict_sentence(
    outcomes: Mapping[str, str], reference: str, others: Collection[str] = ()
) -> str:
    """Say whether the answer survives all prior sets.

    Parameters
    ----------
    outcomes
        Name of each set but the reference to what `judged` says of it.
    reference
        Name of the reference.
    others
        Those that differ from the reference in more than priors.

    Returns
    -------
    str
        One or several sentences, the worst first.
    """
    told = []
    for outcome in reversed(OUTCOMES):
        for what in (PRIORS, MODELS):
            names = [
                f"‘{name}’"
                for name, own in outcomes.items()
                if own == outcome and (name in others) == (what == MODELS)
            ]
            if names:
                told.append(
                    f"Under {listed(names)} in place of ‘{reference}’, {OUTCOMES[outcome].format(what)}."
                )
    return " ".join(told)


def _times(wide: float) -> str:
    return f"{wide:.1f} times as wide on the log scale"


def _enough(shares: pd.Series) -> Sequence[str]:
    """Return the priors with the largest shares until they make up enough, three at most."""
    running = shares.cumsum().to_numpy()
    count = int(np.searchsorted(running, ENOUGH) + 1)
    return [str(name) for name in shares.index[: min(count, MOST_NAMED)]]


def _pull(count: int) -> str:
    return "pulls" if count == 1 else "pull"
