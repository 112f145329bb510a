"""Simulations: latent quantities drawn from the priors, and rows drawn given them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from headcount._names import DRAW, NOISE_SCALE, REGION, SCOPE, SOURCE, YEAR
from headcount._types import FloatArray
from headcount.errors import HeadcountError
from headcount.simulation.row_draws import draw_observations
from headcount.simulation.state import State
from headcount.simulation.state_draws import draw_states
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["Simulation", "simulate", "simulate_prior"]


@dataclass(frozen=True, eq=False)
class Simulation:
    """A simulated study: rows, and the true values behind them.

    Parameters
    ----------
    observations
        Simulated rows, in the form of the given rows.
    truth
        The state with labels, see `State.to_dataset`.
    state
        The state that the rows were drawn from.
    seed
        Seed that repeats the simulation.
    """

    observations: Observations
    truth: xr.Dataset
    state: State
    seed: int


def simulate(
    study: Study | ModelSpec,
    observations: Observations | None = None,
    *,
    seed: int,
    within: tuple[float, float] | None = None,
    keep: Callable[[State], bool] | None = None,
    tries: int = 1000,
) -> Simulation:
    """Draw latent quantities from the priors, and rows given them.

    A fit to the rows should recover the true values as often as its intervals say (simulation-based
    calibration). This holds where every prior draw is accepted: with ``within`` or ``keep`` the
    true values follow another distribution than the prior.

    Parameters
    ----------
    study
        A study, or a spec. Its rows lend source, area, year, kind, bounds, widths, rounding units
        and n; their stated numbers are not used. Excluded rows are left out.
    observations
        The rows, where a spec is given.
    seed
        Seed of the random generator.
    within
        Lowest and highest accepted headcount of the root area in the reference year, in persons.
    keep
        Takes a `State`, returns whether it is accepted.
    tries
        Largest number of prior draws.

    Returns
    -------
    Simulation
        New rows and their true values. Some rows change their form: a bound becomes the opposite
        bound, a suppressed number a count, and a range of mass 1 another interval of the same
        width; see ``headcount.simulation.row_draws``.

    Raises
    ------
    HeadcountError
        Where no prior draw is accepted.

    Examples
    --------
    >>> import headcount as hc
    >>> from headcount.simulation import simulate
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> simulation = simulate(spec, observations, seed=1)
    >>> simulation.truth["headcount"].dims
    ('region', 'year')
    """
    study = Study.of(study, observations)
    spec, observations = study.spec, study.observations
    # Two independent streams: the state does not depend on the rows, nor the noise on rejections.
    state_rng, row_rng = np.random.default_rng(seed).spawn(2)
    for state in draw_states(spec, state_rng, tries):
        if _is_within(state, spec, within) and (keep is None or keep(state)):
            drawn = draw_observations(spec, observations, state, row_rng)
            return Simulation(drawn, state.to_dataset(spec), state, seed)
    wanted = (
        "" if within is None else f" with a headcount between {within[0]:,g} and {within[1]:,g}"
    )
    msg = (
        f"{spec.name} [total.prior]: none of {tries} prior draws was accepted; expected "
        f"one{wanted}. The prior of the total has {spec.total.prior}."
        " Widen 'within' or 'keep', or raise 'tries'."
    )
    raise HeadcountError(msg)


def simulate_prior(spec: ModelSpec, *, seed: int, draws: int = 1000) -> xr.Dataset:
    """Draw latent quantities from the priors, to see their joint implications.

    Parameters
    ----------
    spec
        The declaration.
    seed
        Seed of the random generator.
    draws
        Number of draws.

    Returns
    -------
    xarray.Dataset
        ``headcount`` of the target in persons, dims (draw, region, year); ``total``, the root
        area's, dims (draw, year); ``ratio`` of each scope to the target in the root area, dims
        (draw, scope, year); ``reach``, the number stated per person, 1 for surveys and linkages,
        dims (draw, source, region, year); ``noise_scale``, sd on the log scale, dims (draw,
        source).

    Examples
    --------
    >>> import headcount as hc
    >>> from headcount.simulation import simulate_prior
    >>> prior = simulate_prior(hc.read_spec("models/toy.toml"), seed=1, draws=100)
    >>> bool((prior["ratio"].sel(scope="helper") > 1).all())
    True
    """
    states = list(draw_states(spec, np.random.default_rng(seed), draws))
    totals = np.stack(
        [[_root_log_people(state, scope) for scope in spec.scopes] for state in states]
    )
    target = list(spec.scopes).index(spec.target)
    reach = [list(state.log_reach.values()) for state in states]
    noise = [list(state.noise_scale.values()) for state in states]
    return xr.Dataset(
        {
            "headcount": ((DRAW, REGION, YEAR), np.exp([state.log_headcount for state in states])),
            "total": ((DRAW, YEAR), np.exp(totals[:, target])),
            "ratio": ((DRAW, SCOPE, YEAR), np.exp(totals - totals[:, [target]])),
            "reach": ((DRAW, SOURCE, REGION, YEAR), np.exp(reach)),
            NOISE_SCALE: ((DRAW, SOURCE), np.array(noise)),
        },
        coords={
            DRAW: np.arange(draws),
            REGION: list(spec.areas.regions),
            YEAR: list(spec.years.labels),
            SCOPE: list(spec.scopes),
            SOURCE: list(spec.sources),
        },
        attrs={"spec": spec.name, "prior_set": spec.prior_set, "seed": seed},
    )


def _root_log_people(state: State, scope: str) -> FloatArray:
    """Return the log headcount of a scope in the root area, dims (year,)."""
    people: FloatArray = np.logaddexp.reduce(state.log_scope(scope), axis=0)
    return people


def _is_within(state: State, spec: ModelSpec, within: tuple[float, float] | None) -> bool:
    if within is None:
        return True
    in_reference_year = spec.years.reference - spec.years.first
    total = np.exp(_root_log_people(state, spec.target)[in_reference_year])
    return within[0] <= float(total) <= within[1]
