"""Simulations: worlds drawn from the priors of a spec, and what its sources would state about them."""

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
    """A simulated study: the world, and what was stated about it.

    Parameters
    ----------
    observations
        Simulated rows, in the form of the rows that were given.
    truth
        The state with labels, see `State.to_dataset`.
    state
        The state that the rows were drawn from.
    seed
        With which the same simulation can be had again.
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
    """Draw a world from the priors, and statements about it.

    A fit to the result should recover the world as often as its intervals say (simulation-based
    calibration), so long as every draw is accepted: worlds picked by ``within`` or ``keep`` follow
    another prior than the spec's.

    Parameters
    ----------
    study
        A study, or the spec of one. Of its rows source, area, year, form, bounds, widths, units and
        respondents are kept; the stated numbers do not enter. Excluded rows are left out.
    observations
        The rows, where a spec is given.
    seed
        Of all that is random.
    within
        Lowest and highest headcount of the root area in the reference year, in persons, that is
        accepted.
    keep
        Whether a state is accepted.
    tries
        How many states are drawn at most.

    Returns
    -------
    Simulation
        New observations and the truth behind them. A bound on whose other side the count fell has
        become a bound of the other kind, a suppressed number above its floor a count, a hard range
        another cell of its grid; see ``headcount.simulation.row_draws``.

    Raises
    ------
    HeadcountError
        Where no state is accepted.

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
    # Streams of their own: other rows do not change the world, nor does a rejected world change the
    # noise.
    state_rng, row_rng = np.random.default_rng(seed).spawn(2)
    for state in draw_states(spec, state_rng, tries):
        if _is_within(state, spec, within) and (keep is None or keep(state)):
            drawn = draw_observations(spec, observations, state, row_rng)
            return Simulation(drawn, state.to_dataset(spec), state, seed)
    wanted = (
        "" if within is None else f" with a headcount between {within[0]:,g} and {within[1]:,g}"
    )
    msg = (
        f"{spec.name} [total.prior]: none of {tries} prior draws was accepted; expected one{wanted}."
        f" The prior of the total has {spec.total.prior}."
        " Widen 'within' or 'keep', or raise 'tries'."
    )
    raise HeadcountError(msg)


def simulate_prior(spec: ModelSpec, *, seed: int, draws: int = 1000) -> xr.Dataset:
    """Draw worlds from the priors, to see what they imply together.

    Parameters
    ----------
    spec
        The declaration.
    seed
        Of all that is random.
    draws
        How many worlds.

    Returns
    -------
    xarray.Dataset
        ``headcount`` of the target in persons, dims (draw, region, year); ``total``, the root
        area's, dims (draw, year); ``ratio`` of each scope to the target in the root area, dims
        (draw, scope, year); ``reach`` in units stated per person, 1 for surveys and linkages, dims
        (draw, source, region, year); ``noise_scale``, sd on the log scale, dims (draw, source).

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
    """Return the log people of a scope in the root area, dims (year,); regions partition the root."""
    people: FloatArray = np.logaddexp.reduce(state.log_scope(scope), axis=0)
    return people


def _is_within(state: State, spec: ModelSpec, within: tuple[float, float] | None) -> bool:
    if within is None:
        return True
    in_reference_year = spec.years.reference - spec.years.first
    total = np.exp(_root_log_people(state, spec.target)[in_reference_year])
    return within[0] <= float(total) <= within[1]
