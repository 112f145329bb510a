"""One prior in its own unit: quantiles, mean, density, and tail probabilities in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from headcount._types import FloatArray
from headcount._wording import number
from headcount.study.priors import FAMILIES, Prior

__all__ = [
    "QUANTILES",
    "DensityCurve",
    "density_curve",
    "prior_line",
    "prior_mean",
    "prior_sentences",
    "quantile_name",
]

QUANTILES: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)

LINK_WORDS: Final = {
    "real": "on its own scale",
    "positive": "on the log scale",
    "unit": "on the log-odds scale",
    "above_one": "on the scale log(x - 1)",
    "growth": "on the scale log(1 + x)",
}
"""Support of a link-normal prior to the scale on which it is normal."""

CHANCES: Final = ((0.05, "1 chance in 20"), (0.01, "1 in 100"))
"""Tail probabilities that are put into words."""

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)

ENDS: Final = (0.003, 0.997)
"""Quantiles between which a density is evaluated."""

SKEWED: Final = 30.0
"""Ratio of the ends above which the density of a positive number is given on the log scale; on its
own scale it would be one peak in a corner."""


class DensityCurve(NamedTuple):
    """Density of a prior at some points.

    Attributes
    ----------
    values
        Ascending, in the quantity's own unit; dims (point,).
    density
        Density of the value, or of its logarithm if ``is_log``; dims (point,).
    is_log
        Whether the density is that of the logarithm.
    """

    values: FloatArray
    density: FloatArray
    is_log: bool


def quantile_name(probability: float) -> str:
    """Return the column of a quantile: ``q05``."""
    return f"q{100 * probability:02.0f}"


def prior_line(path: str, prior: Prior) -> dict[str, Any]:
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
    names = map(quantile_name, QUANTILES)
    quantiles = dict(zip(names, prior.quantile(list(QUANTILES)).tolist(), strict=True))
    words = {
        "path": path,
        "family": prior.family,
        "support": prior.support,
        "words": family_in_words(prior),
    }
    return words | quantiles | {"mean": prior_mean(prior)}


def family_in_words(prior: Prior) -> str:
    """Return the support and the family of a prior in a few words."""
    if prior.is_link_normal:
        return f"{prior.link.words}, normal {LINK_WORDS[prior.support]}"
    stated = zip(FAMILIES[prior.family].parameters, prior.parameters, strict=True)
    parameters = ", ".join(f"{name} {number(value)}" for name, value in stated)
    return f"{prior.link.words}, {prior.family.replace('_', '-')} with {parameters}"


def prior_mean(prior: Prior) -> float:
    """Return the mean in the quantity's own unit, by Gauss-Hermite quadrature for link normals."""
    if not prior.is_link_normal:
        return float(prior.natural().mean())
    match prior.support:
        case "positive" | "above_one" | "growth":
            shift = {"positive": 0.0, "above_one": 1.0, "growth": -1.0}[prior.support]
            return shift + float(np.exp(prior.location + prior.scale**2 / 2))
    values = prior.link.inverse(prior.location + prior.scale * NODES)
    return float(WEIGHTS @ values / WEIGHTS.sum())


def prior_sentences(prior: Prior) -> Iterator[str]:
    """Yield a prior in sentences: its family, its middle and its tails.

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
        f"As likely above {middle} as below; half between {quarter} and {more};"
        f" 90 % between {low} and {high}; mean {number(prior_mean(prior), 3)}."
    )
    above = [f"{words} that it is above {_at(prior, 1 - tail)}" for tail, words in CHANCES]
    below = [f"{words} that it is below {_at(prior, tail)}" for tail, words in CHANCES]
    for sides in (above, below):
        yield f"{'; '.join(sides)}."


def density_curve(prior: Prior, points: int = 201) -> DensityCurve:
    """Return the density of a prior.

    Parameters
    ----------
    prior
        The prior.
    points
        Number of points.

    Returns
    -------
    DensityCurve
        Between the quantiles ``ENDS``.
    """
    low, high = (float(end) for end in prior.quantile(list(ENDS)))
    is_log = prior.link.lower >= 0 and low > 0 and high / low > SKEWED
    values = np.geomspace(low, high, points) if is_log else np.linspace(low, high, points)
    density = _density(prior, values)
    return DensityCurve(values, density * values if is_log else density, is_log)


def _density(prior: Prior, values: FloatArray) -> FloatArray:
    natural = prior.natural()
    if not prior.is_link_normal:
        return np.asarray(natural.pdf(values))
    slopes = np.array([prior.link.slope(float(value)) for value in values])
    return np.asarray(natural.pdf(prior.link.forward(values)) * slopes)


def _at(prior: Prior, probability: float) -> str:
    return number(float(prior.quantile(probability)), 3)
