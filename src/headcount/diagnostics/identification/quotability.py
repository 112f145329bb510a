"""The rule by which a total may be quoted, and the verdict that it gives.

The rule takes three numbers of `headcount.diagnostics.identification.precision_shares.Shares`: the
shares of the total's precision that come from statements of sources and from priors as they are
stated, and the factor by which its interval would widen without priors on levels.

- *do not quote this total*: the interval would be more than ``WIDEST`` times as wide. Priors almost
  alone determine the level; another opinion about a coverage would give another total.
- *rests on data*: at most ``WIDER`` times as wide, sources hold at least ``LEAST_DATA`` of the
  precision, and stated priors less than ``LEAST_LEANING``.
- *leans on priors*: everything between, also where the pooling of regions has the largest share.

The limits are conventions. At four times the width the data alone hold a sixteenth of the
precision; a third of the precision is the share of one of three equal sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headcount._wording import rounded_percent
from headcount.diagnostics.identification.precision_shares import Shares
from headcount.diagnostics.identification.precision_terms import PRIOR, SOURCE
from headcount.diagnostics.verdict import Verdict

__all__ = [
    "DO_NOT_QUOTE",
    "LEANS_ON_PRIORS",
    "LEAST_LEANING",
    "RESTS_ON_DATA",
    "WIDER",
    "WIDEST",
    "IdentificationVerdict",
    "verdict_of",
    "verdicts_of",
]

DO_NOT_QUOTE: Final = "do not quote this total"
LEANS_ON_PRIORS: Final = "leans on priors"
RESTS_ON_DATA: Final = "rests on data"

WIDEST: Final = 4.0
WIDER: Final = 2.0
LEAST_LEANING: Final = 1 / 3
LEAST_DATA: Final = 1 / 4

OPENINGS: Final = {
    DO_NOT_QUOTE: "Do not quote this total, whose level depends on priors almost alone",
    RESTS_ON_DATA: "This total rests on data",
    LEANS_ON_PRIORS: "This total leans on priors",
}


@dataclass(frozen=True)
class IdentificationVerdict(Verdict):
    """The verdict on one answer.

    Parameters
    ----------
    name
        ``rests on data``, ``leans on priors`` or ``do not quote this total``.
    sentence
        The verdict with the shares of precision and the widening.
    data, priors
        Shares of sources and of stated priors in the precision of the answer; pooling has the
        remainder.
    widening
        Factor by which the interval would widen without priors on levels.
    """

    data: float
    priors: float
    widening: float

    @property
    def may_be_quoted(self) -> bool:
        """Whether the data determine the level to some degree."""
        return self.name != DO_NOT_QUOTE


def verdict_of(data: float, priors: float, widening: float) -> IdentificationVerdict:
    """Apply the rule of this module.

    Parameters
    ----------
    data, priors
        Shares of sources and of stated priors in the precision, in [0, 1].
    widening
        Factor by which the interval would widen without priors on levels; at least 1.

    Returns
    -------
    IdentificationVerdict
        Name and sentence with the numbers that decide.

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
    sentence = f"{OPENINGS[name]}: {_numbers(data, priors, widening)}"
    return IdentificationVerdict(name, sentence, data, priors, widening)


def verdicts_of(shares: Shares) -> tuple[IdentificationVerdict, ...]:
    """Apply the rule to every answer."""
    columns = (shares.of(SOURCE), shares.of(PRIOR), shares.widening)
    return tuple(verdict_of(*map(float, own)) for own in zip(*columns, strict=True))


def _numbers(data: float, priors: float, widening: float) -> str:
    width = f"{widening:.1f} times as wide"
    if not widening <= WIDEST:
        width = f"more than {WIDEST:.0f} times as wide"
    return (
        f"{rounded_percent(data)} of its precision comes from statements of sources, "
        f"{rounded_percent(1 - data - priors)} from pooling and {rounded_percent(priors)} from "
        f"priors as they are stated; without priors on levels its interval would be {width}."
    )
