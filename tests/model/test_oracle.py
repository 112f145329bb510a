"""Graph and engine against the oracle in NumPy: the same likelihood of each row, the same prior
worlds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from tests.oracle_states import log_ratios, states_of, worlds_of
from tests.studies import STUDIES, prior_draws, study

from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.inference.posterior_variables import posterior_of
from headcount.simulation import log_density, simulate_prior

DRAWS = 3000
LEAST_P = 1e-3
"""Over all comparisons of a study together; with 3,000 draws on each side a shift of a sixth of an
sd shows."""


@pytest.fixture(params=STUDIES)
def own_study(request):
    return study(request.param)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_row_is_as_likely_as_the_oracle_says(own_study, seed):
    spec, observations = own_study
    free = prior_draws(own_study.layout, np.random.default_rng(seed), 4)
    found, mean, sd = log_likelihood(free, arrays_of(own_study.layout))
    assert np.isfinite(mean).all()
    assert (sd > 0).all()
    for draw, state in enumerate(states_of(own_study.layout, free)):
        expected = log_density(spec, observations, state)
        assert np.isfinite(expected).all()
        # The engine gives reach for many draws in single precision.
        np.testing.assert_allclose(found[draw], expected, rtol=1e-5, atol=1e-4)


def log_quantities(headcount, total, ratio, reach, noise):
    """Yield what is compared, each with dims (draw, what): all on the log scale.

    Differences show what is shared: between regions, between years, between sources.
    """
    last = headcount.sizes["year"] - 1
    ends = headcount.isel(year=[0, last // 2, last])
    yield "headcount", ends.stack(what=("region", "year"))
    yield "between regions", (ends - ends.isel(region=0)).stack(what=("region", "year"))
    yield "total", total.rename(year="what")
    yield "growth", headcount.diff("year").isel(year=[0, -1]).stack(what=("region", "year"))
    yield "growth of the total", total.diff("year").rename(year="what")
    yield "change of growth", headcount.diff("year", n=min(2, last)).stack(what=("region", "year"))
    yield "ratio", ratio.stack(what=("scope", "year"))
    first, late = reach.isel(year=0), reach.isel(year=-1)
    yield "reach", late.stack(what=("source", "region"))
    yield "change of reach", (late - first).stack(what=("source", "region"))
    between = late - late.isel(region=0)
    yield "reach between regions", between.stack(what=("source", "region"))
    yield "reach between sources", late.diff("source").stack(what=("source", "region"))
    yield (
        "how sources differ in how regions differ",
        between.diff("source").stack(what=("source", "region")),
    )
    yield "noise", noise.rename(source="what")
    yield "noise between sources", noise.diff("source").rename(source="what")


def engine_s_worlds(layout, free):
    posterior = posterior_of(layout, free[None]).isel(chain=0)
    headcount = posterior["log_headcount"]
    people = headcount + log_ratios(layout, posterior)
    total = log_sum(people).sel(scope=layout.spec.target, drop=True)
    ratio = (log_sum(people) - total).transpose("draw", "scope", "year")
    reach = np.stack(list(worlds_of(layout, free)[0].values()), axis=1).astype(np.float64)
    labels = {"source": list(layout.sources), "region": headcount["region"].to_numpy()}
    labelled = xr.DataArray(reach, dims=("draw", "source", "region", "year"), coords=labels)
    return log_quantities(headcount, total, ratio, labelled, np.log(posterior["noise_scale"]))


def oracle_s_worlds(layout, seed):
    prior = simulate_prior(layout.spec, seed=seed, draws=DRAWS)
    sources = prior.sel(source=list(layout.sources))
    return log_quantities(
        np.log(prior["headcount"]),
        np.log(prior["total"]),
        np.log(prior["ratio"].sel(scope=list(layout.scopes))),
        np.log(sources["reach"]),
        np.log(sources["noise_scale"]),
    )


def log_sum(array):
    top = array.max("region")
    return top + np.log(np.exp(array - top).sum("region"))


def test_worlds_drawn_from_the_prior_are_the_oracle_s(own_study):
    layout = own_study.layout
    free = prior_draws(layout, np.random.default_rng(11), DRAWS)
    pairs = [
        (name, one, other)
        for (name, mine), (_, theirs) in zip(
            engine_s_worlds(layout, free), oracle_s_worlds(layout, seed=12), strict=True
        )
        for one, other in zip(columns(mine), columns(theirs), strict=True)
        # What is the same in all draws is compared as such.
        if not same_in_all(name, one, other)
    ]
    assert len(pairs) >= 10
    worst = min((stats.ks_2samp(one, other).pvalue, name) for name, one, other in pairs)
    assert worst > (LEAST_P / len(pairs), "")


def columns(array):
    return array.transpose("draw", "what").to_numpy().T


def same_in_all(name, one, other):
    if np.ptp(one) > 1e-9 or np.ptp(other) > 1e-9:
        return False
    np.testing.assert_allclose(one, other, atol=1e-9, err_msg=name)
    return True
