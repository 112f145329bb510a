"""Growth: draws of the log headcount of each region relative to the reference year."""

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
    """Inputs of the path of a growth kind.

    Parameters
    ----------
    parameters
        Drawn values of the kind's own priors, by name.
    steady
        Log growth of each region in all years, beyond the common rate, dims (region,).
    driven
        Log growth in each step by yearly covariates and change points, dims (region, step).
    log_stock
        Log headcount in the reference year, dims (region,).
    graduates
        Number of graduates in a year, dims (region, year).
    reference
        Position of the reference year.
    """

    parameters: Quantities
    steady: FloatArray
    driven: FloatArray
    log_stock: FloatArray
    graduates: FloatArray
    reference: int

    @property
    def rate(self) -> FloatArray:
        """Log growth a year without innovations, k in docs/model.md, dims (region,)."""
        return np.asarray(np.log1p(self.parameters["rate"]) + self.steady)


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
        Drawn values by path of a prior or of a shrunk coefficient.
    facts
        Known inputs.
    log_stock
        Log headcount in the reference year, dims (region,).
    spec
        The declaration.
    rng
        Random generator.

    Returns
    -------
    numpy.ndarray
        Dims (region, year); zero in the reference year.
    """
    steady, driven = _covariate_effects(quantities, facts, spec)
    own = quantities["growth.region_rate_sd"] * rng.standard_normal(log_stock.size)
    drivers = GrowthDrivers(
        parameters={name: quantities[f"growth.{name}"] for name in spec.growth.priors},
        steady=steady + own,
        driven=driven + _changes(quantities, spec),
        log_stock=log_stock,
        graduates=facts.graduates,
        reference=spec.years.reference - spec.years.first,
    )
    return GROWTH_DRAWS[spec.growth.kind](drivers, rng)


def _covariate_effects(
    quantities: Quantities, facts: Facts, spec: ModelSpec
) -> tuple[FloatArray, FloatArray]:
    """Return the log growth by covariates: dims (region,), and for yearly ones (region, step)."""
    steady, driven = _no_effect(spec)[:, 0], _no_effect(spec)
    for name, effect in spec.covariates.items():
        if effect.effect == "growth":
            shift = quantities[f"covariates.{name}.coefficient"] * facts.covariates[name]
            steady, driven = (steady, driven + shift) if effect.yearly else (steady + shift, driven)
    return steady, driven


def _changes(quantities: Quantities, spec: ModelSpec) -> FloatArray:
    """Return the log growth by change points, dims (region, step)."""
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
    return walk_from(drivers.rate[:, None] + drivers.driven, drivers.reference)


def _random_walk(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    growth = drivers.rate[:, None] + drivers.driven + _innovations(drivers, rng)
    return walk_from(growth, drivers.reference)


def _damped_trend(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    parameters, shape = drivers.parameters, drivers.driven.shape
    common = _autoregression(parameters["common_sd"], parameters["damping"], (1, shape[1]), rng)
    own = _autoregression(parameters["region_sd"], parameters["damping"], shape, rng)
    return walk_from(drivers.rate[:, None] + drivers.driven + common + own, drivers.reference)


def _logistic(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    # Position of the reference year on the logistic curve: 0 people at -inf, the ceiling at +inf.
    at_reference = -np.log(drivers.parameters["ceiling"] - 1)
    since = np.arange(drivers.driven.shape[1] + 1) - drivers.reference
    curve = special.log_expit(at_reference + drivers.rate[:, None] * since) - special.log_expit(
        at_reference
    )
    steps = drivers.driven + _innovations(drivers, rng)
    return np.asarray(curve + walk_from(steps, drivers.reference))


def _stock_and_flow(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    parameters = drivers.parameters
    log_conversion = np.log(parameters["conversion"]) + drivers.steady[:, None] + drivers.driven
    conversion = np.exp(log_conversion + _innovations(drivers, rng))
    entrants = parameters["entry"] * drivers.graduates
    stocks = [np.exp(drivers.log_stock)]
    for year in range(conversion.shape[1]):
        stock = stocks[-1]
        stocks.append(
            stock * (1 - parameters["exit"]) + entrants[:, year] + stock * conversion[:, year]
        )
    return np.asarray(np.log(np.stack(stocks, axis=1)) - drivers.log_stock[:, None])


def _innovations(drivers: GrowthDrivers, rng: np.random.Generator) -> FloatArray:
    """Draw independent innovations: common to all regions, plus one for each region."""
    shape = drivers.driven.shape
    common = drivers.parameters["common_sd"] * rng.standard_normal((1, shape[1]))
    return np.asarray(common + drivers.parameters["region_sd"] * rng.standard_normal(shape))


def _autoregression(
    sd: float, damping: float, shape: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """Draw stationary first-order autoregressions with marginal sd ``sd``."""
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
"""Draw of a path by growth kind: dims (region, year), zero in the reference year."""
