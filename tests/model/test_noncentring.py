"""Partial non-centring: which distribution it gives effects, and by which information."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from tests.differences import (
    SMALL,
    arrays_and_points,
    assert_close,
    derivative,
    local_of,
    without_rows,
)
from tests.studies import STUDIES, study

from headcount.engine.coordinates import cross_information
from headcount.engine.coordinates.construction import coordinates_at
from headcount.engine.coordinates.noncentring import noncentre
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.derivatives.fisher_information import (
    precision_of,
    row_information_at,
    scale_parameters,
)
from headcount.engine.numba_support.simd import WIDTH
from headcount.layout.free_vector import free_labels
from headcount.layout.study_layout import Layout
from headcount.study.areas import parse_areas
from headcount.study.observations import Observation, Observations
from headcount.study.spec_parsing import parse_spec

LINEAR = """
title = "Linear"
question = "q"
definition = "d"
target = "person"

[years]
first = 2019
last = 2022
reference = 2020

[total]
prior = { low = 1, high = 1e14, mass = 0.5 }

[regions]
region_sd = { low = 0.5, high = 2, mass = 0.9 }
pool_sd = { low = 0.1, high = 1, mass = 0.9 }

[growth]
kind = "random_walk"
rate = { low = -0.05, high = 0.3, mass = 0.9 }
region_rate_sd = { low = 0.01, high = 0.1, mass = 0.9 }
common_sd = { low = 0.02, high = 0.15, mass = 0.9 }
region_sd = { low = 0.01, high = 0.1, mass = 0.9 }

[scopes.person]
definition = "d"

[source_kinds.register]
noise = { low = 0.01, high = 0.1, mass = 0.9 }
tails = "normal"

[source_kinds.list]
noise = { low = 0.05, high = 0.3, mass = 0.9 }
tails = "normal"
region_sd = { low = 0.1, high = 0.3, mass = 0.9 }

[sources.register]
title = "r"
kind = "register"
scope = "person"
anchor = true

[sources.one]
title = "o"
kind = "list"
scope = "person"
multiplier = { low = 0.6, high = 1.6, mass = 0.9 }
region_sd = { low = 0.1, high = 0.8, mass = 0.9 }

[sources.two]
title = "t"
kind = "list"
scope = "person"
multiplier = { low = 0.6, high = 1.6, mass = 0.9 }
"""


DAMPED = LINEAR.replace(
    'kind = "random_walk"', 'kind = "damped_trend"\ndamping = { low = 0.3, high = 0.9, mass = 0.9 }'
)


def arrays_with(text, log_count_of):
    """Return the arrays of three regions, given log counts by source, area and year, None where
    there is no row."""
    areas = parse_areas("area,name,parent,pool\nW,W,,\nA,A,W,n\nB,B,W,n\nC,C,W,s\n")
    spec = parse_spec(tomllib.loads(text), areas=areas, name="linear")
    rows = [
        Observation(source, area, year, "count", value=float(np.exp(log_count)))
        for source in ("register", "one", "two")
        for area in "ABC"
        for year in range(2019, 2023)
        if (log_count := log_count_of(source, area, year)) is not None
    ]
    return arrays_of(Layout.of(spec, Observations(tuple(rows))))


def linear_arrays(text=LINEAR):
    rng = np.random.default_rng(11)
    return arrays_with(text, lambda *_: 20 + rng.normal() if rng.random() < 0.7 else None)


def effect_groups(noncentring, batch):
    """Return the positions of the effects of each group in a batch."""
    position = noncentring.position.reshape(-1, WIDTH)
    position = position[slice(*noncentring.batch_start[batch : batch + 2])]
    return [own[own >= 0] for own in position.T if (own >= 0).any()]


def at_zero_residuals(x, arrays, noncentring):
    """Return u at the centre x, where effects equal their conditional means."""
    moved = local_of(x, arrays)
    moved[noncentring.position[noncentring.position >= 0]] = 0.0
    return moved


@pytest.mark.parametrize("text", [LINEAR, DAMPED], ids=["random_walk", "damped_trend"])
def test_in_a_linear_normal_study_residuals_are_standard_normal_at_any_scale(text):
    # Multipliers, normal tails, large counts and a total with a vague prior: given all but the
    # effects of regions, these are jointly normal, and their residuals standard normal whatever
    # scales, noise, damping and shared parameters are.
    arrays, rng = linear_arrays(text), np.random.default_rng(12)
    assert bool(arrays.damped_innovation.size) == (text == DAMPED)
    centre = conditional_mode(arrays, arrays.prior_median)
    own = coordinates_at(arrays, centre).noncentring
    # A batch for the groups of the regions, and one for common growth.
    assert own.batch_start.size == 3
    assert own.dependent_batches == 1
    for _ in range(5):
        u = at_zero_residuals(centre, arrays, own) + 0.5 * rng.standard_normal(centre.size)
        _, gradient = Coordinates(arrays, own).log_density(u)
        groups = effect_groups(own, 0)
        assert len(groups) == 3
        for positions in groups:
            np.testing.assert_allclose(
                gradient[positions], -u[positions], atol=0.02 * np.abs(u[positions]).max()
            )


def test_residuals_hardly_depend_on_a_coverage_that_changes_the_slope_of_their_link():
    text = LINEAR.replace(
        "multiplier = { low = 0.6, high = 1.6,", "coverage = { low = 0.3, high = 0.9,"
    )
    # Regions have equal counts in the register; one list covers much of one and little of another.
    coverage = {"A": 0.9, "B": 0.5, "C": 0.15}
    arrays = arrays_with(
        text,
        lambda source, area, _: (
            20 + np.log({"register": 1, "one": coverage[area], "two": 0.6}[source])
        ),
    )
    centre = conditional_mode(arrays, arrays.prior_median)
    own = coordinates_at(arrays, centre).noncentring
    effects = own.position[own.position >= 0]
    intercept = np.unique(own.shared[own.pair_shared[own.slope_pair[own.slope_pair >= 0]]])
    # One coverage sets the slope at which effects act, and these are far from zero.
    assert intercept.size == 1
    assert np.abs(own.slope_centre[own.slope_pair >= 0]).max() > 0.3
    here = at_zero_residuals(centre, arrays, own)

    def moved(step):
        there = here.copy()
        there[intercept] += step
        return there

    def dependence(noncentring):
        coordinates = Coordinates(arrays, noncentring)
        slopes = derivative(
            lambda step: coordinates.log_density(moved(step))[1][effects], np.zeros(1)
        )
        return np.linalg.norm(slopes)

    at_zero = own._replace(slope_centre=np.zeros(own.slope_centre.size))
    assert dependence(own) < 0.6 * dependence(at_zero)


def test_information_about_shared_effects_integrates_dependent_effects_out():
    arrays = linear_arrays()
    centre = conditional_mode(arrays, arrays.prior_median)
    own = coordinates_at(arrays, centre).noncentring
    whole = precision_of(row_information_at(centre, arrays), centre, arrays).toarray()
    regional = np.concatenate(effect_groups(own, 0))
    among = whole[np.ix_(regional, regional)]
    assert own.ungrouped.size > 0
    for position, scale, information in zip(
        own.ungrouped, own.ungrouped_scale, own.ungrouped_information, strict=True
    ):
        # The precision that remains when the effects of regions are integrated out, all else held.
        by_effects = whole[position, regional]
        marginal = whole[position, position] - by_effects @ np.linalg.solve(among, by_effects)
        assert 1 + scale**2 * information == pytest.approx(marginal, rel=0.02)
    # Common growth is one group, so its years are transformed together.
    [common] = effect_groups(own, 1)
    by_effects = whole[np.ix_(common, regional)]
    marginal = whole[np.ix_(common, common)] - by_effects @ np.linalg.solve(among, by_effects.T)
    here = at_zero_residuals(centre, arrays, own)
    jacobian = derivative(
        lambda u: local_of(Coordinates(arrays, own).free(u), arrays)[common], here
    )[:, common]
    np.testing.assert_allclose(jacobian.T @ marginal @ jacobian, np.eye(common.size), atol=0.02)


@pytest.mark.parametrize("name", STUDIES)
def test_without_rows_the_map_is_the_non_centred_parametrisation(name):
    arrays, points = arrays_and_points(name, 2)
    prior = without_rows(arrays)
    own = coordinates_at(prior, points[0]).noncentring
    np.testing.assert_array_equal(own.information, 0)
    np.testing.assert_allclose(own.ungrouped_information, 0, atol=1e-9)
    centre, u = local_of(points[0], prior), points[1].copy()
    moved = local_of(Coordinates(prior, own).free(u), prior)
    # Effects are standard normal in both, but for the centre.
    ratio = np.exp(u[own.ungrouped_log_scale] - centre[own.ungrouped_log_scale])
    np.testing.assert_allclose(
        moved[own.ungrouped] - ratio * own.ungrouped_centre,
        u[own.ungrouped] - own.ungrouped_centre,
        atol=1e-9,
    )
    # Deviations of a growth path depend on one another, and slopes of nonlinear links multiply
    # scales.
    chosen = (own.position >= 0) & ~np.isin(own.position, arrays.damped_innovation)
    chosen &= own.slope_pair < 0
    effects, scales = own.position[chosen], own.log_scale[chosen]
    ratio = np.exp(u[scales] - centre[scales])
    np.testing.assert_allclose(moved[effects] - ratio * centre[effects], u[effects], atol=1e-9)


@pytest.mark.parametrize("name", SMALL)
def test_the_precision_of_residuals_follows_from_that_of_effects_by_the_chain_rule(
    name, monkeypatch
):
    monkeypatch.setattr(cross_information, "DROP_THRESHOLD", 0.0)
    arrays, [centre] = arrays_and_points(name, 1)
    information = row_information_at(centre, arrays)
    own, found = noncentre(arrays, centre, information)
    # Slopes of links change residuals in the second order only.
    linear = Coordinates(arrays, own._replace(slope_pair=np.full(own.slope_pair.size, -1)))
    here = at_zero_residuals(centre, arrays, own)
    jacobian = derivative(lambda u: local_of(linear.free(u), arrays), here)
    free = ~scale_parameters(arrays)
    jacobian[:, ~free] = 0.0
    expected = precision_of(information, centre, arrays).toarray() * np.outer(free, free)
    assert_close(found.toarray(), jacobian.T @ expected @ jacobian, rtol=1e-5)


def test_the_slope_at_which_an_effect_acts_is_that_of_its_own_ratio_or_coverage():
    found = set()
    for name in STUDIES:
        layout = study(name).layout
        arrays, [centre] = arrays_and_points(name, 1)
        own, _ = noncentre(arrays, centre, row_information_at(centre, arrays))
        names, labels = list(layout.priors), free_labels(layout)
        for effect, pair in zip(own.position, own.slope_pair, strict=True):
            if pair >= 0:
                position = own.shared[own.pair_shared[pair]]
                found.add((labels[effect].split("[")[0], names[position], name in SMALL))
    assert any(small for *_, small in found)
    for effect, intercept, _ in found:
        scope = effect.removeprefix("ratio_").removesuffix("_z")
        assert (
            intercept == f"scopes.{scope}.ratio"
            if effect.startswith("ratio_")
            else ".coverage" in intercept
        )
