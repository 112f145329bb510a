"""What is calibrated: quantities by group, of a simulated world and of a fit to its statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from headcount._names import REGION, SAMPLE_DIMS, SCOPE, SOURCE, YEAR
from headcount._types import AnyArray, FloatArray
from headcount.estimands import coverage, ratio
from headcount.expectations import row_moments
from headcount.fits import Fit
from headcount.layout import latent_scopes
from headcount.simulation import Simulation, log_density
from headcount.specs import ModelSpec
from headcount.summaries import diagnostics

__all__ = ["RankOf", "truth_of"]

LIKELIHOOD = "log likelihood|all rows"
"""Joint log likelihood of the rows: it depends on data and parameters both, and so finds errors that parameters alone miss;
Modrák et al. (2023), https://doi.org/10.1214/23-BA1404."""


def truth_of(simulation: Simulation, spec: ModelSpec) -> dict[str, float]:
    """Return the true value of every quantity.

    Parameters
    ----------
    simulation
        A world and the statements about it.
    spec
        The declaration.

    Returns
    -------
    dict
        ``group|name`` to a number. Groups: headcount (regions), total (the root), growth (of both, over all years),
        coverage (of sources with a coverage or multiplier, in the root), ratio (of scopes to the target, in the root), all in the
        reference year or the last; and the log likelihood.
    """
    people = simulation.truth["headcount"]
    own = {name: float(value) for name, value in _of_people(people, spec)}
    logs = simulation.truth["log_headcount"] + simulation.truth["log_ratio"]
    scopes = xr.ufuncs.exp(logs).sum(REGION)
    for scope in latent_scopes(spec)[1:]:
        for year in _years(spec):
            value = scopes.sel({SCOPE: scope, YEAR: year}) / people.sum(REGION).sel({YEAR: year})
            own[f"ratio|{scope} {year}"] = float(value)
    for source in _covering(spec, simulation.observations.sources):
        scope = spec.sources[source].scope
        weight = xr.ufuncs.exp(logs.sel({SCOPE: scope})).sel({YEAR: spec.years.reference})
        reach = xr.ufuncs.exp(simulation.truth["log_reach"].sel({SOURCE: source, YEAR: spec.years.reference}))
        own[f"coverage|{source}"] = float((weight * reach).sum() / weight.sum())
    own[LIKELIHOOD] = float(log_density(spec, simulation.observations, simulation.state).sum())
    return own


@dataclass(frozen=True)
class RankOf:
    """The digest of a calibrating fit: where the truth lies among the draws.

    Parameters
    ----------
    truth
        ``group|name`` to the true value.
    ranked
        Among how many draws, thinned evenly from all of the fit, so that they are nearly independent.
    """

    truth: Mapping[str, float]
    ranked: int

    def __call__(self, fit: Fit) -> Mapping[str, AnyArray]:
        """Rank the truth among the draws of a fit.

        Parameters
        ----------
        fit
            Of the simulated statements.

        Returns
        -------
        dict
            ``rank`` (draws below the truth) and ``effective`` (smallest effective sample size), dims (quantity,), in the order
            of truth.
        """
        draws = dict(_draws_of(fit, self.truth))
        values = np.stack([draws[name] for name in self.truth])
        thinned = values.reshape(len(values), -1)
        places = np.linspace(0, thinned.shape[1] - 1, self.ranked).round().astype(int)
        truth = np.array(list(self.truth.values()))
        found = diagnostics(values)
        return {
            "rank": (thinned[:, places] < truth[:, None]).sum(axis=1),
            "effective": np.minimum(found["ess_bulk"], found["ess_tail"]),
        }


def _draws_of(fit: Fit, names: Mapping[str, float]) -> Iterator[tuple[str, FloatArray]]:
    spec = fit.spec
    for name, draws in _of_people(xr.ufuncs.exp(fit.posterior["log_headcount"]), spec):
        yield name, _plain(draws)
    for scope in latent_scopes(spec)[1:]:
        draws = ratio(fit, scope=scope)
        for year in _years(spec):
            yield f"ratio|{scope} {year}", _plain(draws.sel({YEAR: year}))
    for source in _covering(spec, fit.layout.sources):
        if f"coverage|{source}" in names:
            yield f"coverage|{source}", _plain(coverage(fit, source=source).sel({YEAR: spec.years.reference}))
    yield LIKELIHOOD, _plain(row_moments(fit)["log_likelihood"].sum("row"))


def _of_people(people: xr.DataArray, spec: ModelSpec) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield quantities of the target's headcount, whatever other dims it has."""
    total = people.sum(REGION)
    for year in _years(spec):
        yield f"total|{year}", total.sel({YEAR: year})
        for region in spec.areas.regions:
            yield f"headcount|{region} {year}", people.sel({REGION: region, YEAR: year})
    first, last = spec.years.first, spec.years.last
    yield f"growth|{spec.areas.root} {first}-{last}", total.sel({YEAR: last}) / total.sel({YEAR: first})
    change = people.sel({YEAR: last}) / people.sel({YEAR: first})
    for region in spec.areas.regions:
        yield f"growth|{region} {first}-{last}", change.sel({REGION: region})


def _years(spec: ModelSpec) -> tuple[int, ...]:
    return tuple(dict.fromkeys((spec.years.reference, spec.years.last)))


def _covering(spec: ModelSpec, sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in spec.sources if name in sources and spec.sources[name].reach is not None)


def _plain(draws: xr.DataArray) -> FloatArray:
    values: FloatArray = draws.transpose(*SAMPLE_DIMS).to_numpy()
    return values
