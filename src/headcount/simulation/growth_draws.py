"""Growth: the path of each region's log headcount, zero in the reference year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from headcount._types import FloatArray
from headcount.simulation.covariate_facts import Facts
from headcount.simulation.random_walks import walk_from
from headcount.study.specs import ModelSpec

__all__ = ["GROWTH_DRAWS", "GrowthDrivers", "draw_path"]

type Quantities = Mapping[str, float]


@dataclass(frozen=True)
class GrowthDrivers:
    """What a growth kind makes a path of.

    Parameters
    ----------
    terms
        Name of each of the kind's own quantities to its drawn value.
    lasting
        How much faster than others a region grows in all years, on the log scale, dims (region,).
    passing
        What yearly covariates and change points add to a step, on the log scale, dims (region,
        step).
    log_stock
        Log headcount in the reference year, dims (region,).
    graduates
        People who graduate in a year, dims (region, year).
    reference
        Position of the reference year.
    """

    terms: Quantities
    lasting: FloatArray
    passing: FloatArray
    log_stock: FloatArray
    graduates: FloatArray
    reference: int

    @property
    def rate(self) -> FloatArray:
        """Log growth a year that lasts, k, dims (region,)."""
        return np.asarray(np.log1p(self.terms["rate"]) + self.lasting)


type GrowthDraw = Callable[[GrowthDrivers, np.random.Generator], FloatArray]


def draw_path(
    quantities: Quantities,
    facts: Facts,
    log_stock: FloatArray,
    spec: ModelSpec,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw the log headcount of each region less that of the reference year.

    Parameters
    ----------
    quantities
        Path of each prior to its drawn value, and of each shrunk coefficient.
    facts
        What the covariates table says.
    log_stock
        Log headcount in the reference year, dims (region,).
    spec
        The declaration.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Dims (region, year); zero in the reference year.
    """
    lasting, passing = _covariate_effects(quantities, facts, spec)
    spread = quantities["growth.region_rate_sd"] * rng.standard_normal(log_stock.size)
    drivers = GrowthDrivers(
        terms={name: quantities[f"growth.{name}"] for name in spec.growth.priors},
        lasting=lasting + spread,
        passing=passing + _changes(quantities, spec),
        log_stock=log_stock,
        graduates=facts.graduates,
        reference=spec.years.reference - spec.years.first,
    )
    return GROWTH_DRAWS[spec.growth.kind](drivers, rng)


def _covariate_effects(
    quantities: Quantities, facts: Facts, spec: ModelSpec
) -> tuple[FloatArray, FloatArray]:
    """Return what growth covariates add in all years, dims (region,), and in each step, dims
    (region, step).
    """
    lasting, passing = _no_effect(spec)[:, 0], _no_effect(spec)
    for name, effect in spec.covariates.items():
        if effect.effect == "growth":
            shift = quantities[f"covariates.{name}.coefficient"] * facts.covariates[name]
            lasting, passing = (
                (lasting, passing + shift) if effect.yearly else (lasting + shift, passing)
            )
    return lasting, passing


def _changes(quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return what change points add to each step, dims (region, step)."""
    added = _no_effect(spec)
    ends = np.array(spec.years.labels[1:])
    for name, change in spec.growth.changes.items():
        regions = list(spec.areas.regions_of(change.area or spec.areas.root))
        added[np.ix_(regions, ends >= change.year)] += np.log1p(
            quantities[f"growth.changes.{name}.change"]
        )
    return added


def _no_effect(spec: ModelSpec) -> FloatArray:
    return np.zeros((len(spec.areas.regions), len(spec.years.labels) - 1))


def _exponential(drivers: GrowthDrivers, _rng: np.random.Generator) -> FloatArray:
    return walk_from(drivers.rate[:, None] + drivers.passing, drivers.reference)


def _random_walk(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    growth = drivers.rate[:, None] + drivers.passing + _innovations(drivers, rng)
    return walk_from(growth, drivers.reference)


def _damped_trend(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    terms, shape = drivers.terms, drivers.passing.shape
    common = _autoregression(terms["common_sd"], terms["damping"], (1, shape[1]), rng)
    own = _autoregression(terms["region_sd"], terms["damping"], shape, rng)
    return walk_from(drivers.rate[:, None] + drivers.passing + common + own, drivers.reference)


def _logistic(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    # Where on the curve from nobody (-inf) to the ceiling (+inf) the reference year stands.
    at_reference = -np.log(drivers.terms["ceiling"] - 1)
    since = np.arange(drivers.passing.shape[1] + 1) - drivers.reference
    curve = special.log_expit(at_reference + drivers.rate[:, None] * since) - special.log_expit(
        at_reference
    )
    steps = drivers.passing + _innovations(drivers, rng)
    return np.asarray(curve + walk_from(steps, drivers.reference))


def _stock_and_flow(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    terms = drivers.terms
    log_conversion = np.log(terms["conversion"]) + drivers.lasting[:, None] + drivers.passing
    conversion = np.exp(log_conversion + _innovations(drivers, rng))
    entrants = terms["entry"] * drivers.graduates
    stocks = [np.exp(drivers.log_stock)]
    for year in range(conversion.shape[1]):
        stock = stocks[-1]
        stocks.append(stock * (1 - terms["exit"]) + entrants[:, year] + stock * conversion[:, year])
    return np.asarray(np.log(np.stack(stocks, axis=1)) - drivers.log_stock[:, None])


def _innovations(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    """Draw what each year brings afresh: to all regions, and to each."""
    shape = drivers.passing.shape
    common = drivers.terms["common_sd"] * rng.standard_normal((1, shape[1]))
    return np.asarray(common + drivers.terms["region_sd"] * rng.standard_normal(shape))


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
    "logistic": _logistic,
    "stock_and_flow": _stock_and_flow,
}
"""Growth kind to the draw of its path, dims (region, year), zero in the reference year."""
