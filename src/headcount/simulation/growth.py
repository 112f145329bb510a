"""Growth: the path of each region's log headcount, zero in the reference year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from headcount._types import FloatArray
from headcount.specs import ModelSpec

__all__ = ["GROWTH_DRAWS", "draw_path", "path_from_growth"]

type Quantities = Mapping[str, float]
type GrowthDraw = Callable[[Quantities, tuple[int, int], np.random.Generator], FloatArray]


def draw_path(
    quantities: Quantities,
    covariates: Mapping[str, FloatArray],
    spec: ModelSpec,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw the log headcount of each region less that of the reference year.

    Parameters
    ----------
    quantities
        Path of each prior to its drawn value.
    covariates
        Name to the scaled covariate, dims (region,).
    spec
        The declaration.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Dims (region, year); zero in the reference year.
    """
    shape = (len(spec.areas.regions), len(spec.years.labels) - 1)
    terms = {name: quantities[f"growth.{name}"] for name in spec.growth.priors}
    lasting = np.log1p(terms["rate"]) + terms["region_rate_sd"] * rng.standard_normal(shape[0])
    for name, effect in spec.covariates.items():
        if effect.effect == "growth":
            lasting = lasting + quantities[f"covariates.{name}.coefficient"] * covariates[name]
    growth = lasting[:, None] + GROWTH_DRAWS[spec.growth.kind](terms, shape, rng)
    return path_from_growth(growth, spec.years.reference - spec.years.first)


def path_from_growth(growth: FloatArray, reference: int) -> FloatArray:
    """Add up growth, forwards and backwards from the reference year.

    Parameters
    ----------
    growth
        Log growth from the year before, dims (region, step); the first step ends in the second year.
    reference
        Position of the reference year.

    Returns
    -------
    numpy.ndarray
        Dims (region, year); zero at ``reference``.
    """
    since_first = np.insert(np.cumsum(growth, axis=1), 0, 0.0, axis=1)
    return since_first - since_first[:, [reference]]


def _exponential(_terms: Quantities, shape: tuple[int, int], _rng: np.random.Generator) -> FloatArray:
    return np.zeros(shape)


def _random_walk(terms: Quantities, shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    common = terms["common_sd"] * rng.standard_normal((1, shape[1]))
    return common + terms["region_sd"] * rng.standard_normal(shape)


def _damped_trend(terms: Quantities, shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    common = _autoregression(terms["common_sd"], terms["damping"], (1, shape[1]), rng)
    return common + _autoregression(terms["region_sd"], terms["damping"], shape, rng)


def _autoregression(
    sd: float, damping: float, shape: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """Draw first-order autoregressions whose sd is ``sd`` at every step."""
    steps = sd * rng.standard_normal(shape)
    for step in range(1, shape[1]):
        fresh = np.sqrt(1 - damping**2) * steps[:, step]
        steps[:, step] = damping * steps[:, step - 1] + fresh
    return steps


GROWTH_DRAWS: Final[dict[str, GrowthDraw]] = {
    "damped_trend": _damped_trend,
    "random_walk": _random_walk,
    "exponential": _exponential,
}
"""Growth kind to the draw of its own terms: the kind's quantities and (regions, steps) to dims (region, step)."""
