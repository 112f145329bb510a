"""Quantities: one prior at a time, in its own unit: quantiles, mean, density, and what its tails
allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from headcount._types import FloatArray
from headcount._wording import number
from headcount.study.priors import FAMILIES, Prior

__all__ = ["QUANTILES", "curve_of", "line_of", "mean_of", "prior_sentences", "quantile_name"]

QUANTILES: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)

LINK_WORDS: Final = {
    "real": "on its own scale",
    "positive": "on the log scale",
    "unit": "on the log-odds scale",
    "above_one": "on the scale log(x - 1)",
    "growth": "on the scale log(1 + x)",
}
"""Support of a link-normal prior to where it is normal."""

CHANCES: Final = ((0.05, "1 chance in 20"), (0.01, "1 in 100"))
"""Tails that are put into words."""

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)

ENDS: Final = (0.003, 0.997)
"""Quantiles between which a density is shown."""

SKEWED: Final = 30.0
"""From this ratio of the ends on, the density of a number above zero is shown on the log scale,
else all of it is one corner."""


def quantile_name(probability: float) -> str:
    """Return the column of a quantile: ``q05``."""
    return f"q{100 * probability:02.0f}"


def line_of(path: str, prior: Prior) -> dict[str, Any]:
    """Return the line of a prior in the table of priors.

    Parameters
    ----------
    path
        Key of the prior in the TOML file; may be empty.
    prior
        The prior.

    Returns
    -------
    dict
        ``path, family, support, words``, a column for each of ``QUANTILES`` and ``mean``, in the
        quantity's own unit.
    """
    quantiles = dict(
        zip(map(quantile_name, QUANTILES), prior.quantile(list(QUANTILES)).tolist(), strict=True)
    )
    words = {
        "path": path,
        "family": prior.family,
        "support": prior.support,
        "words": family_in_words(prior),
    }
    return words | quantiles | {"mean": mean_of(prior)}


def family_in_words(prior: Prior) -> str:
    """Return which values the quantity can take and which distribution it has, in a few words."""
    if prior.is_link_normal:
        return f"{prior.link.words}, normal {LINK_WORDS[prior.support]}"
    stated = zip(FAMILIES[prior.family].parameters, prior.parameters, strict=True)
    parameters = ", ".join(f"{name} {number(value)}" for name, value in stated)
    return f"{prior.link.words}, {prior.family.replace('_', '-')} with {parameters}"


def mean_of(prior: Prior) -> float:
    """Return the mean of the quantity in its own unit, by Gauss-Hermite quadrature on the link
    scale where that is normal.
    """
    if not prior.is_link_normal:
        return float(prior.natural().mean())
    match prior.support:
        case "positive" | "above_one" | "growth":
            shift = {"positive": 0.0, "above_one": 1.0, "growth": -1.0}[prior.support]
            return shift + float(np.exp(prior.location + prior.scale**2 / 2))
    values = prior.link.inverse(prior.location + prior.scale * NODES)
    return float(WEIGHTS @ values / WEIGHTS.sum())


def prior_sentences(prior: Prior) -> Iterator[str]:
    """Yield what a prior says, in sentences: its family, its middle, and what its tails allow.

    Parameters
    ----------
    prior
        The prior.

    Yields
    ------
    str
        Four sentences.
    """
    words = family_in_words(prior)
    yield f"{words[0].upper()}{words[1:]}."
    low, quarter, middle, more, high = (_at(prior, q) for q in (0.05, 0.25, 0.5, 0.75, 0.95))
    yield (
        f"As likely above {middle} as below; half between {quarter} and {more}; 90 % between {low} and {high}; "
        f"mean {number(mean_of(prior), 3)}."
    )
    above = [f"{words} that it is above {_at(prior, 1 - tail)}" for tail, words in CHANCES]
    below = [f"{words} that it is below {_at(prior, tail)}" for tail, words in CHANCES]
    for sides in (above, below):
        yield f"{'; '.join(sides)}."


def curve_of(prior: Prior, points: int = 201) -> tuple[FloatArray, FloatArray, bool]:
    """Return the density of a prior.

    Parameters
    ----------
    prior
        The prior.
    points
        How many.

    Returns
    -------
    tuple
        Values in the quantity's own unit, ascending, dims (point,); the density, dims (point,), of
        the value, or of its logarithm where that is shown; whether the logarithm is.
    """
    low, high = (float(end) for end in prior.quantile(list(ENDS)))
    is_log = prior.link.lower >= 0 and low > 0 and high / low > SKEWED
    values = np.geomspace(low, high, points) if is_log else np.linspace(low, high, points)
    density = _density(prior, values)
    return values, density * values if is_log else density, is_log


def _density(prior: Prior, values: FloatArray) -> FloatArray:
    natural = prior.natural()
    if not prior.is_link_normal:
        return np.asarray(natural.pdf(values))
    slopes = np.array([prior.link.slope(float(value)) for value in values])
    return np.asarray(natural.pdf(prior.link.forward(values)) * slopes)


def _at(prior: Prior, probability: float) -> str:
    return number(float(prior.quantile(probability)), 3)
