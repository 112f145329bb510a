"""Quantities that a calibration ranks: their true values in a simulation, and their draws in a fit.

Names are ``group|name``. Groups, in the first, the reference and the last year unless stated
otherwise:

- ``total``: headcount of the root; ``headcount``: of each region;
- ``growth``: headcount of the last year over that of the first, of the root and of each region;
- ``ratio``: of each scope to the target, in the root; only in the reference year if the ratio is
  the same in all;
- ``coverage``: of each source with a coverage or multiplier, in the root; only in the reference
  year unless it drifts or breaks;
- ``noise``: typical standard deviation of a source's rows;
- ``binomial``: dependence or selection (in the reference year) and concentration of each binomial
  source;
- ``log likelihood``: of all rows together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from headcount._names import (
    LOG_RATIO,
    LOG_REACH,
    NOISE_SCALE,
    REGION,
    SAMPLE_DIMS,
    SCOPE,
    SOURCE,
    YEAR,
)
from headcount._types import AnyArray, FloatArray
from headcount.layout.scopes import latent_scopes
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.estimands import coverage, ratio
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import row_moments
from headcount.simulation import Simulation, log_density
from headcount.study.specs import ModelSpec

__all__ = ["PROBABILITIES", "RankTruth", "true_values"]

PROBABILITIES: Final = (0.5, 0.8, 0.9, 0.95)
"""Of the intervals whose coverage is computed."""

LIKELIHOOD: Final = "log likelihood|all rows"
"""Joint log likelihood of the rows. It depends on data and parameters both, and so finds errors
that parameters alone miss; Modrák et al. (2023), https://doi.org/10.1214/23-BA1404."""


def true_values(simulation: Simulation, spec: ModelSpec) -> dict[str, float]:
    """Return the true value of every quantity in a simulation.

    Parameters
    ----------
    simulation
        A truth and the rows simulated from it.
    spec
        The declaration.

    Returns
    -------
    dict
        ``group|name`` to a number; see the module for the groups.
    """
    truth, sources = simulation.truth, simulation.observations.sources
    found = {name: float(own) for name, own in _of_headcount(truth["headcount"], spec)}
    found |= _true_ratios(truth, spec)
    found |= _true_coverages(truth, spec, sources)
    for name in _with_noise(spec, sources):
        found[f"noise|{name}"] = float(truth[NOISE_SCALE].sel({SOURCE: name}))
    for source, parameter in _binomial_parameters(spec, sources):
        own = truth[parameter].sel({SOURCE: source})
        own = own.sel({YEAR: spec.years.reference}) if YEAR in own.dims else own
        found[f"binomial|{source} {parameter}"] = float(own)
    found[LIKELIHOOD] = float(log_density(spec, simulation.observations, simulation.state).sum())
    return found


def _true_ratios(truth: xr.Dataset, spec: ModelSpec) -> dict[str, float]:
    people, reference = _people_by_scope(truth), spec.years.reference
    found: dict[str, float] = {}
    for scope in latent_scopes(spec)[1:]:
        own = people.sel({SCOPE: scope}).sum(REGION) / truth["headcount"].sum(REGION)
        years = _years(spec) if _ratio_can_change(spec, scope) else (reference,)
        found |= {f"ratio|{scope} {year}": float(own.sel({YEAR: year})) for year in years}
    return found


def _true_coverages(
    truth: xr.Dataset, spec: ModelSpec, sources: tuple[str, ...]
) -> dict[str, float]:
    people = _people_by_scope(truth)
    found: dict[str, float] = {}
    for source, year in _coverages(spec, sources):
        if year != spec.years.reference and not _reach_can_change(spec, source):
            continue
        weight = people.sel({SCOPE: spec.sources[source].scope, YEAR: year})
        reach = xr.ufuncs.exp(truth[LOG_REACH].sel({SOURCE: source, YEAR: year}))
        found[f"coverage|{source} {year}"] = float((weight * reach).sum() / weight.sum())
    return found


def _people_by_scope(truth: xr.Dataset) -> xr.DataArray:
    people: xr.DataArray = xr.ufuncs.exp(truth["log_headcount"] + truth[LOG_RATIO])
    return people


@dataclass(frozen=True)
class RankTruth:
    """Summary of a calibrating fit: the rank of every true value among the draws.

    Parameters
    ----------
    truth
        ``group|name`` to the true value.
    rank_draws
        Number of draws that the truth is ranked among, thinned evenly from all draws of the fit, so
        that they are nearly independent.
    seed
        Decides the rank of a truth that equals some of the draws.
    """

    truth: Mapping[str, float]
    rank_draws: int
    seed: int

    def __call__(self, fit: Fit) -> Mapping[str, AnyArray]:
        """Rank the truth among the draws of a fit.

        Parameters
        ----------
        fit
            Of the simulated rows.

        Returns
        -------
        dict
            ``rank`` (number of draws below the truth), ``ess`` (the smaller of the bulk and the
            tail effective sample size) and ``rhat``, dims (quantity,) in the order of ``truth``;
            ``inside``, whether the central intervals of all draws contain the truth, dims
            (quantity, prob).
        """
        draws = dict(_draws(fit))
        values = np.stack([draws[name] for name in self.truth])
        truth = np.array(list(self.truth.values()))
        found = ess_and_rhat(values)
        return {
            "rank": self._ranks(values.reshape(len(values), -1), truth),
            "inside": np.stack([_inside(values, truth, prob) for prob in PROBABILITIES], axis=1),
            "ess": np.minimum(found["ess_bulk"], found["ess_tail"]),
            "rhat": found["rhat"],
        }

    def _ranks(self, values: FloatArray, truth: FloatArray) -> AnyArray:
        places = np.linspace(0, values.shape[1] - 1, self.rank_draws).round().astype(int)
        below = (values[:, places] < truth[:, None]).sum(axis=1)
        equal = (values[:, places] == truth[:, None]).sum(axis=1)
        ranks: AnyArray = below + np.random.default_rng(self.seed).integers(0, equal + 1)
        return ranks


def _inside(values: FloatArray, truth: FloatArray, prob: float) -> AnyArray:
    low, high = np.quantile(values, [(1 - prob) / 2, (1 + prob) / 2], axis=(-2, -1))
    inside: AnyArray = (low <= truth) & (truth <= high)
    return inside


def _draws(fit: Fit) -> Iterator[tuple[str, FloatArray]]:
    """Yield the draws of the quantities of `true_values`, dims (chain, draw)."""
    spec, sources = fit.spec, fit.layout.sources
    for name, draws in _of_headcount(xr.ufuncs.exp(fit.posterior["log_headcount"]), spec):
        yield name, _plain(draws)
    for scope in latent_scopes(spec)[1:]:
        draws = ratio(fit, scope=scope)
        for year in _years(spec):
            yield f"ratio|{scope} {year}", _plain(draws.sel({YEAR: year}))
    for source, year in _coverages(spec, sources):
        yield f"coverage|{source} {year}", _plain(coverage(fit, source=source).sel({YEAR: year}))
    for source in _with_noise(spec, sources):
        yield f"noise|{source}", _plain(fit.posterior[NOISE_SCALE].sel({SOURCE: source}))
    for source, parameter in _binomial_parameters(spec, sources):
        yield f"binomial|{source} {parameter}", _plain(_binomial_draws(fit, source, parameter))
    yield LIKELIHOOD, _plain(row_moments(fit)["log_likelihood"].sum("row"))


def _of_headcount(people: xr.DataArray, spec: ModelSpec) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield quantities of the target's headcount; all dims but region and year are kept."""
    total = people.sum(REGION)
    for year in _years(spec):
        yield f"total|{year}", total.sel({YEAR: year})
        for region in spec.areas.regions:
            yield f"headcount|{region} {year}", people.sel({REGION: region, YEAR: year})
    first, last = spec.years.first, spec.years.last
    if first < last:
        yield f"growth|{spec.areas.root}", total.sel({YEAR: last}) / total.sel({YEAR: first})
        change = people.sel({YEAR: last}) / people.sel({YEAR: first})
        for region in spec.areas.regions:
            yield f"growth|{region}", change.sel({REGION: region})


def _years(spec: ModelSpec) -> tuple[int, ...]:
    years = spec.years
    return tuple(dict.fromkeys((years.first, years.reference, years.last)))


def _coverages(spec: ModelSpec, sources: tuple[str, ...]) -> list[tuple[str, int]]:
    own = [name for name in _in_order(spec, sources) if spec.sources[name].reach is not None]
    return [(name, year) for name in own for year in _years(spec)]


def _reach_can_change(spec: ModelSpec, source: str) -> bool:
    own = spec.sources[source]
    return own.drift_sd is not None or bool(own.breaks)


def _ratio_can_change(spec: ModelSpec, scope: str) -> bool:
    """Return whether the ratio in the root differs between years, by a trend or as regions grow."""
    own, whole = spec.scopes[scope], spec.relative_to(scope)
    moves = own.trend is not None or own.region_sd is not None or bool(own.part_of)
    return moves or (whole is not None and whole != spec.target and _ratio_can_change(spec, whole))


def _with_noise(spec: ModelSpec, sources: tuple[str, ...]) -> list[str]:
    return [name for name in _in_order(spec, sources) if not spec.sources[name].is_binomial]


def _binomial_parameters(spec: ModelSpec, sources: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in _in_order(spec, sources):
        if spec.sources[name].is_binomial:
            yield name, spec.sources[name].reach_kind
            yield name, "concentration"


def _binomial_draws(fit: Fit, source: str, parameter: str) -> xr.DataArray:
    own, values = fit.spec.sources[source], fit.posterior["parameter"]
    if parameter == "concentration":
        return values.sel(prior=f"source_kinds.{own.kind}.concentration")
    draws = values.sel(prior=f"sources.{source}.{parameter}")
    for year, key in own.breaks_by:
        if year <= fit.spec.years.reference:
            draws = draws * values.sel(prior=f"sources.{source}.breaks.{key}").to_numpy()
    return draws


def _in_order(spec: ModelSpec, sources: tuple[str, ...]) -> list[str]:
    return [name for name in spec.sources if name in sources]


def _plain(draws: xr.DataArray) -> FloatArray:
    values: FloatArray = draws.transpose(*SAMPLE_DIMS).to_numpy()
    return values
