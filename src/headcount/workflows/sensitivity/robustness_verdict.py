"""The rule that decides whether an answer is robust to the priors, and the verdict that it gives.

The answer is the root's headcount in the last year with data. Between the reference and another
prior set, the answer is

- *robust* if each median lies inside the other's interval and the smaller median is less than a
  fifth below the larger one (the larger less than a quarter above the smaller);
- *sensitive* if each median lies inside the other's interval and the change is larger than that;
- *not robust* if a median lies outside the other's interval.

The interval is that of the comparison's probability. The rule is symmetric in the two prior sets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from headcount._types import FloatArray
from headcount._wording import listed
from headcount.diagnostics.verdict import Verdict

__all__ = [
    "LARGEST_FACTOR",
    "NOT_ROBUST",
    "ROBUST",
    "SENSITIVE",
    "robustness_of",
    "robustness_verdict_of",
]

LARGEST_FACTOR: Final = 1.25
"""Two medians with a smaller ratio are one answer for most decisions."""

ROBUST: Final = "robust"
SENSITIVE: Final = "sensitive"
NOT_ROBUST: Final = "not robust"

IN_WORDS: Final = {
    ROBUST: "the answer is robust to {}",
    SENSITIVE: "the answer is sensitive to {}: quote both",
    NOT_ROBUST: (
        "the answer is not robust to {}: without a reason for one side there is no single answer"
    ),
}
"""Results of the rule, the best first, and in words."""

PRIORS: Final = "these priors"
SPECS: Final = "the choice between them"
"""Names of the difference, if it is in the numbers of priors only, and if it is not."""


def robustness_of(reference: FloatArray, other: FloatArray, prob: float) -> str:
    """Apply the rule to two answers.

    Parameters
    ----------
    reference, other
        Draws of the answer; any shape.
    prob
        Probability of the intervals.

    Returns
    -------
    str
        ``robust``, ``sensitive`` or ``not robust``.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.exp(np.random.default_rng(1).normal(size=1000))
    >>> [robustness_of(draws, factor * draws, 0.9) for factor in (1.1, 2, 90)]
    ['robust', 'sensitive', 'not robust']
    """
    ends = [(1 - prob) / 2, 0.5, (1 + prob) / 2]
    (low, middle, high), (other_low, other_middle, other_high) = (
        np.quantile(draws, ends) for draws in (reference, other)
    )
    if not (low <= other_middle <= high and other_low <= middle <= other_high):
        return NOT_ROBUST
    is_close = max(middle, other_middle) < LARGEST_FACTOR * min(middle, other_middle)
    return ROBUST if is_close else SENSITIVE


def robustness_verdict_of(
    robustness: Mapping[str, str], reference: str, other_specs: Collection[str] = ()
) -> Verdict:
    """Combine the results of the rule for all prior sets.

    Parameters
    ----------
    robustness
        Name of each set but the reference to the result of `robustness_of`.
    reference
        Name of the reference.
    other_specs
        Sets that differ from the reference in more than the numbers of priors.

    Returns
    -------
    Verdict
        Its name is the worst result; its sentence has one sentence per result, the worst first.
    """
    sentences = []
    for result in reversed(IN_WORDS):
        for difference in (PRIORS, SPECS):
            names = [
                f"‘{name}’"
                for name, own in robustness.items()
                if own == result and (name in other_specs) == (difference == SPECS)
            ]
            if names:
                words = IN_WORDS[result].format(difference)
                sentences.append(f"Under {listed(names)} in place of ‘{reference}’, {words}.")
    worst = max(robustness.values(), key=list(IN_WORDS).index)
    return Verdict(worst, " ".join(sentences))
