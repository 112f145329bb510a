"""Verdicts: may a total be quoted, by a rule that anyone can check.

The rule looks at numbers of `headcount.diagnostics.identification.precision_shares.Shares`: the
shares of the total's precision that come from statements of sources and from priors as they are
stated, and by which factor its interval would widen if no prior said anything about levels.

- *do not quote this total*: without them the interval would be more than ``WIDEST`` times as wide.
  Then next to nothing but priors says how many there are; another opinion about a coverage would
  give another total.
- *rests on data*: at most ``WIDER`` times as wide, sources hold at least ``LEAST_DATA`` of the
  precision, and stated priors less than ``LEAST_LEANING``.
- *leans on priors*: everything between, also where the pooling of regions does most of the work.

The limits are conventions. At four times the width, what the data know by themselves is a sixteenth
of the precision; a third of the precision is what one of three equal witnesses contributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headcount.diagnostics.identification.precision_shares import Shares
from headcount.diagnostics.identification.precision_terms import PRIOR, SOURCE

__all__ = [
    "DO_NOT_QUOTE",
    "LEANS_ON_PRIORS",
    "LEAST_LEANING",
    "RESTS_ON_DATA",
    "WIDER",
    "WIDEST",
    "Verdict",
    "verdict_of",
]

DO_NOT_QUOTE: Final = "do not quote this total"
LEANS_ON_PRIORS: Final = "leans on priors"
RESTS_ON_DATA: Final = "rests on data"

WIDEST: Final = 4.0
WIDER: Final = 2.0
LEAST_LEANING: Final = 1 / 3
LEAST_DATA: Final = 1 / 4


@dataclass(frozen=True)
class Verdict:
    """A verdict on one answer.

    Parameters
    ----------
    name
        ``rests on data``, ``leans on priors`` or ``do not quote this total``.
    data, priors
        Shares of sources and of stated priors in the answer's precision; the rest is pooling.
    widening
        By which factor its interval would widen without priors on levels.
    """

    name: str
    data: float
    priors: float
    widening: float

    @property
    def may_be_quoted(self) -> bool:
        """Whether the data say anything about the level."""
        return self.name != DO_NOT_QUOTE

    def __str__(self) -> str:
        """Return the verdict with its two numbers, as a sentence."""
        pooling = 1 - self.data - self.priors
        shares = (
            f"{100 * self.data:.0f} % of its precision comes from what sources state, {100 * pooling:.0f} % from pooling and "
            f"{100 * self.priors:.0f} % from priors as they are stated; without priors on levels its interval would be "
            f"{self._width()}."
        )
        match self.name:
            case "do not quote this total":
                return (
                    f"Do not quote this total: next to nothing but priors sets its level. {shares}"
                )
            case "rests on data":
                return f"This total rests on data: {shares}"
        return f"This total leans on priors: {shares}"

    def _width(self) -> str:
        if self.widening > WIDEST:
            return f"more than {WIDEST:.0f} times as wide"
        return f"{self.widening:.1f} times as wide"


def verdict_of(data: float, priors: float, widening: float) -> Verdict:
    """Apply the rule.

    Parameters
    ----------
    data, priors
        Shares of sources and of stated priors in the precision, in [0, 1].
    widening
        By which factor the interval would widen without priors on levels; at least 1.

    Returns
    -------
    Verdict
        By the rule of this module.

    Examples
    --------
    >>> verdict_of(0.4, 0.5, 1.7).name
    'leans on priors'
    """
    name = LEANS_ON_PRIORS
    if not widening <= WIDEST:
        name = DO_NOT_QUOTE
    elif widening <= WIDER and priors < LEAST_LEANING and data >= LEAST_DATA:
        name = RESTS_ON_DATA
    return Verdict(name, data, priors, widening)


def verdicts_of(shares: Shares) -> tuple[Verdict, ...]:
    """Apply the rule to every answer of some shares."""
    columns = (shares.of(SOURCE), shares.of(PRIOR), shares.widening)
    return tuple(verdict_of(*map(float, own)) for own in zip(*columns, strict=True))
