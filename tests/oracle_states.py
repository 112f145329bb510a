"""The oracle's states of free vectors, from the quantities that the engine computes."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import special

from headcount.engine.density.codes import LOG_CONCENTRATION, LOG_SELECTION, REACH_LINK
from headcount.engine.density.evaluation import evaluate, evaluate_reach
from headcount.engine.density.study_arrays import arrays_of
from headcount.inference.posterior_variables import posterior_of
from headcount.layout.scope_ratios import log_ratio
from headcount.simulation import State
from headcount.simulation.covariate_facts import known_populations

__all__ = ["in_years", "log_ratios", "passed", "states_of", "worlds_of"]


def states_of(layout, free):
    """Return the oracle's states of free vectors, from what the engine makes of them."""
    spec = layout.spec
    posterior = posterior_of(layout, free[None]).isel(chain=0)
    headcount = posterior["log_headcount"]
    ratio = log_ratios(layout, posterior).transpose("draw", "scope", "region", "year")
    reach, zeta, v = worlds_of(layout, free)
    epochs = {name: np.exp(v[LOG_SELECTION][:, i]) for i, name in enumerate(layout.survey_epochs)}
    dense = {
        name: np.exp(v[LOG_CONCENTRATION][:, i]) for i, (name, _) in enumerate(layout.survey_epochs)
    }
    for draw in range(len(free)):
        one = posterior.isel(draw=draw)
        yield State(
            log_headcount=headcount[draw].to_numpy(),
            log_ratio=dict(zip(layout.scopes, ratio[draw].to_numpy(), strict=True)),
            known=known_populations(spec),
            log_reach={name: own[draw] for name, own in reach.items()},
            log_bare={
                name: special.log_expit(own[draw])
                for name, own in zeta.items()
                if spec.sources[name].coverage
            },
            noise_scale=dict(
                zip(layout.sources, one["noise_scale"].to_numpy().tolist(), strict=True)
            ),
            selection={
                name: np.array(
                    [
                        epochs[name, passed(spec.sources[name], year)][draw]
                        for year in spec.years.labels
                    ]
                )
                for name in layout.sources
                if spec.sources[name].selection
            },
            dependence={
                name: float(epochs[name, 0][draw])
                for name in layout.sources
                if spec.sources[name].dependence
            },
            concentration={name: float(values[draw]) for name, values in dense.items()},
        )


def passed(source, year):
    """Return how many of a survey's breaks lie behind in a year."""
    return sum(int(since) <= year for since in source.breaks)


def worlds_of(layout, free):
    """Return log reach and zeta of each source, dims (draw, region, year), and the parts of v by
    their number."""
    arrays = arrays_of(layout, everywhere=True)
    reach, v = evaluate_reach(free, arrays), evaluate(free, arrays)[1]
    parts = {
        part: v[:, arrays.offset[part] : arrays.offset[part + 1]]
        for part in (REACH_LINK, LOG_SELECTION, LOG_CONCENTRATION)
    }
    return in_years(layout, reach), in_years(layout, parts[REACH_LINK]), parts


def in_years(layout, values):
    """Split what is listed by source, region and, where it varies, year; dims (draw, region, year)
    of each."""
    regions, years = len(layout.spec.areas.regions), len(layout.spec.years.labels)
    found, start = {}, 0
    for name in layout.sources:
        size = years if layout.has_yearly_reach(name) else 1
        own = values[:, start : start + regions * size].reshape(-1, regions, size)
        found[name] = np.broadcast_to(own, (len(values), regions, years))
        start += regions * size
    return found


def log_ratios(layout, posterior):
    """Return log H_k - log H of every latent scope, dims (..., region, year, scope)."""
    headcount = posterior["log_headcount"]
    own = [
        log_ratio(layout.spec, posterior, name).broadcast_like(headcount) for name in layout.scopes
    ]
    return xr.concat(own, xr.Variable("scope", list(layout.scopes)))
