"""Prior draws of a whole state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from headcount._types import FloatArray
from headcount.simulation.covariate_facts import Facts
from headcount.simulation.growth_draws import draw_path
from headcount.simulation.ratio_draws import draw_log_ratios
from headcount.simulation.reach_draws import draw_reach, log_breaks
from headcount.simulation.state import State
from headcount.study.specs import ModelSpec

__all__ = ["draw_quantities", "draw_state", "draw_states", "zero_sum"]

type Quantities = Mapping[str, float]


def draw_state(spec: ModelSpec, rng: np.random.Generator) -> State:
    """Draw one state from the prior.

    Parameters
    ----------
    spec
        The declaration; all its sources are drawn, including those without rows.
    rng
        Random generator.

    Returns
    -------
    State
        One draw.
    """
    return next(draw_states(spec, rng, 1))


def draw_states(spec: ModelSpec, rng: np.random.Generator, draws: int) -> Iterator[State]:
    """Draw independent states from the prior.

    Parameters
    ----------
    spec
        The declaration.
    rng
        Random generator.
    draws
        How many.

    Yields
    ------
    State
        Independent draws. All draws of the quantities with priors precede the first state.
    """
    quantities = draw_quantities(spec, rng, draws)
    facts = Facts.of(spec)
    for draw in range(draws):
        one = {path: float(values[draw]) for path, values in quantities.items()}
        one |= _shrunk_coefficients(one, spec, rng)
        log_headcount = _log_headcount(one, facts, spec, rng)
        log_ratio = draw_log_ratios(one, spec, rng)
        reach = draw_reach(one, spec, rng)
        yield State(
            log_headcount=log_headcount,
            log_ratio=log_ratio,
            known=facts.known,
            log_reach=reach.log_reach,
            log_bare=reach.log_bare,
            noise_scale=_noise_scales(one, spec, rng),
            selection=_selections(one, spec),
            dependence=_dependences(one, spec),
            concentration=_concentrations(one, spec),
        )


def draw_quantities(spec: ModelSpec, rng: np.random.Generator, draws: int) -> dict[str, FloatArray]:
    """Draw every quantity that has a prior of its own.

    Parameters
    ----------
    spec
        The declaration.
    rng
        Random generator.
    draws
        How many of each.

    Returns
    -------
    dict
        Values in the quantity's own unit by path of the prior in the TOML file, dims (draw,).
    """
    return {path: prior.draw(rng, draws) for path, prior in spec.priors.items()}


def zero_sum(rng: np.random.Generator, size: int) -> FloatArray:
    """Draw deviations that sum to zero.

    Parameters
    ----------
    rng
        Random generator.
    size
        How many.

    Returns
    -------
    numpy.ndarray
        Each with marginal sd 1; zero for ``size`` 1. Dims (size,).
    """
    if size == 1:
        return np.zeros(1)
    z = rng.standard_normal(size)
    return np.asarray(np.sqrt(size / (size - 1)) * (z - np.mean(z)))


def _shrunk_coefficients(
    quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> dict[str, float]:
    """Draw the shrunk coefficients; their keys are the paths that their own priors would have."""
    return {
        f"covariates.{name}.coefficient": quantities["growth.coefficient_sd"]
        * rng.standard_normal()
        for name in spec.shrunk_covariates
    }


def _log_headcount(
    quantities: Quantities,
    facts: Facts,
    spec: ModelSpec,
    rng: np.random.Generator,
) -> FloatArray:
    levels = _pool_levels(quantities, spec, rng)
    for name, effect in spec.covariates.items():
        if effect.effect == "level":
            levels = levels + quantities[f"covariates.{name}.coefficient"] * facts.covariates[name]
    log_share = levels - np.logaddexp.reduce(levels)
    at_reference = np.log(quantities["total.prior"]) + log_share
    path = draw_path(quantities, facts, at_reference, spec, rng)
    return np.asarray(at_reference[:, None] + path)


def _pool_levels(quantities: Quantities, spec: ModelSpec, rng: np.random.Generator) -> FloatArray:
    """Draw the deviations of each pool and of each region in it, dims (region,)."""
    areas = spec.areas
    pool_of = np.array([areas.pools.index(areas.pool_of(region)) for region in areas.regions])
    levels: FloatArray = quantities["regions.pool_sd"] * zero_sum(rng, len(areas.pools))[pool_of]
    return levels + quantities["regions.region_sd"] * rng.standard_normal(pool_of.size)


def _noise_scales(
    quantities: Quantities, spec: ModelSpec, rng: np.random.Generator
) -> dict[str, float]:
    scales = {}
    for name, source in spec.sources.items():
        spread = spec.source_kinds[source.kind].spread
        typical = quantities[f"source_kinds.{source.kind}.noise"]
        scales[name] = float(typical * np.exp(spread * rng.standard_normal()))
    return scales


def _selections(quantities: Quantities, spec: ModelSpec) -> dict[str, FloatArray]:
    return {
        name: quantities[f"sources.{name}.selection"] * np.exp(log_breaks(name, quantities, spec))
        for name, source in spec.sources.items()
        if source.selection
    }


def _dependences(quantities: Quantities, spec: ModelSpec) -> dict[str, float]:
    linkages = [name for name, source in spec.sources.items() if source.dependence]
    return {name: quantities[f"sources.{name}.dependence"] for name in linkages}


def _concentrations(quantities: Quantities, spec: ModelSpec) -> dict[str, float]:
    return {
        name: quantities[f"source_kinds.{source.kind}.concentration"]
        for name, source in spec.sources.items()
        if source.is_binomial
    }
