"""The coordinates to sample in: exact maps, exact gradients, and a curvature that is one."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from scipy import sparse, stats
from tests.studies import STUDIES, prior_draws, study
from threadpoolctl import threadpool_limits

from headcount.engine.coordinates import cross_information as ties
from headcount.engine.coordinates.construction import first_geometry, geometry_at, geometry_of
from headcount.engine.coordinates.noncentring import recentre
from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.coordinates.sampled_density import LINKED, Coordinates
from headcount.engine.coordinates.whitening import to_recentred, whiten
from headcount.engine.density.codes import DAMPING, NORMAL, STATED
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.fisher_information import (
    FLATTEST,
    expected_precision,
    precision_of,
    prior_precision,
    row_information_at,
    scale_parameters,
)
from headcount.engine.derivatives.growth_deviations import to_deviations, to_innovations
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.log_baseline import gradient_by_baseline, to_baseline, to_total
from headcount.engine.numba_support.simd import LANES
from headcount.layout.free_vector import free_labels, segments_of
from headcount.layout.study_layout import Layout
from headcount.study.areas import parse_areas
from headcount.study.observation_files import read_observations
from headcount.study.observations import Observation, Observations
from headcount.study.prior_changes import with_prior_set
from headcount.study.spec_files import read_spec
from headcount.study.spec_parsing import parse_spec
from headcount.study.study import Study

SMALL = [name for name in STUDIES if name != "rich"]


def arrays_and_points(name, points, seed=3):
    layout = study(name).layout
    return arrays_of(layout), prior_draws(layout, np.random.default_rng(seed), points)


def slope(function, x, step=1e-4):
    """Return derivatives by each element of x, by central differences of error step^4; the last dim
    is x's."""
    columns = []
    for i in range(x.size):
        at = []
        for factor in (-2, -1, 1, 2):
            moved = x.copy()
            moved[i] += factor * step
            at.append(np.asarray(function(moved)))
        columns.append((at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step))
    return np.stack(columns, axis=-1)


def value_of(arrays):
    return lambda x: log_density_and_gradient(x, arrays, np.empty(x.size))


def levelled(x, arrays):
    """Return the point with the level in the place of the log total."""
    moved = x.copy()
    to_baseline(moved, arrays)
    return moved


def totalled(x, arrays):
    """Return the point with the log total in the place of the level."""
    moved = x.copy()
    to_total(moved, arrays)
    return moved


def pathwise(x, arrays):
    """Return the point with the level in the place of the log total, and growth paths in that of
    innovations."""
    moved = levelled(x, arrays)
    to_deviations(moved, arrays)
    return moved


def nothing_left(x, arrays, recentring):
    """Return the point where effects are what all else makes of them, if that is what they are at
    x."""
    moved = pathwise(x, arrays)
    moved[recentring.member[recentring.member >= 0]] = 0.0
    return moved


def natural(x, arrays):
    """Return the free vector where x holds level and paths."""
    moved = x.copy()
    to_innovations(moved, arrays)
    return totalled(moved, arrays)


def without_rows(arrays):
    """Return the arrays of the prior alone."""
    rows = {
        name: getattr(arrays, name)[:0] for name in StudyArrays._fields if name.startswith("row_")
    }
    return arrays._replace(**rows)


def assert_like(found, expected, rtol=1e-6):
    np.testing.assert_allclose(
        found, expected, rtol=rtol, atol=rtol * max(1.0, np.abs(expected).max())
    )


@pytest.fixture(scope="module", params=STUDIES)
def any_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, geometry_at(arrays, points[0])


@pytest.fixture(scope="module", params=SMALL)
def small_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, geometry_at(arrays, points[0])


def test_the_centre_stays_where_it_is(any_study):
    arrays, (centre, *_), geometry = any_study
    np.testing.assert_allclose(geometry.free(np.zeros(centre.size)), centre, rtol=1e-9, atol=1e-9)
    own = geometry.recentring
    found = Coordinates(arrays, own).free(nothing_left(centre, arrays, own))
    np.testing.assert_allclose(found, centre, rtol=1e-9, atol=1e-9)


def test_level_and_total_are_one_another_s_inverse_and_as_large(small_study):
    arrays, points, _ = small_study
    total = arrays.predictor_effect[0]
    for x in points:
        moved = levelled(x, arrays)
        np.testing.assert_array_equal(np.delete(moved, total), np.delete(x, total))
        np.testing.assert_allclose(totalled(moved, arrays), x, rtol=1e-12, atol=1e-12)
        assert log_jacobian(lambda x: levelled(x, arrays), x) == pytest.approx(0, abs=1e-9)
        gradient = np.empty(x.size)
        log_density_and_gradient(x, arrays, gradient)
        gradient_by_baseline(x, arrays, gradient)
        assert_like(gradient, slope(lambda x: value_of(arrays)(totalled(x, arrays)), moved))


def test_paths_are_growth_in_units_of_its_sd_whose_density_has_its_jacobian(small_study):
    arrays, points, _ = small_study
    for x in points:
        moved = pathwise(x, arrays)
        np.testing.assert_allclose(natural(moved, arrays), x, rtol=1e-9, atol=1e-9)
        if arrays.damped_innovation.size:
            phi = 1 / (1 + np.exp(-x[arrays.growth[DAMPING]]))
            for run in arrays.damped_innovation:
                growth = [x[run[0]]]
                for innovation in x[run[1:]]:
                    growth.append(phi * growth[-1] + np.sqrt(1 - phi**2) * innovation)
                np.testing.assert_allclose(moved[run], growth, rtol=1e-12)
        coordinates, jacobian = (
            Coordinates(arrays),
            log_jacobian(lambda x: natural(x, arrays), moved),
        )
        value, gradient = coordinates.log_density(moved)
        np.testing.assert_array_equal(coordinates.free(moved), natural(moved, arrays))
        assert value == pytest.approx(value_of(arrays)(x) + jacobian, rel=1e-10, abs=1e-8)
        assert_like(gradient, slope(lambda x: Coordinates(arrays).log_density(x)[0], moved))


def test_whitening_then_recentring_is_the_way_back(any_study):
    arrays, (centre, *_), geometry = any_study
    for y in np.random.default_rng(4).standard_normal((3, centre.size)):
        u = to_recentred(y, geometry.whitening)
        np.testing.assert_array_equal(
            geometry.free(y), Coordinates(arrays, geometry.recentring).free(u)
        )


def test_scales_and_what_is_shared_are_left_as_they_are(any_study):
    arrays, points, geometry = any_study
    moving = [geometry.recentring.member, geometry.recentring.lone, arrays.predictor_effect[:1]]
    still = np.setdiff1d(np.arange(points.shape[1]), np.concatenate(moving))
    assert set(np.flatnonzero(scale_parameters(arrays))) <= set(still)
    for u in points[1:]:
        np.testing.assert_array_equal(
            Coordinates(arrays, geometry.recentring).free(u)[still], u[still]
        )


def test_every_effect_is_in_one_block_or_alone_with_its_own_scale(any_study):
    arrays, _, geometry = any_study
    scaled = arrays.predictor_scale >= 0
    pairs = {
        (int(a), int(b))
        for a, b in zip(
            arrays.predictor_effect[scaled], arrays.predictor_scale[scaled], strict=True
        )
    }
    own = geometry.recentring
    there = own.member >= 0
    member, scale = (
        np.concatenate([own.member[there], own.lone]),
        np.concatenate([own.scale[there], own.lone_scale]),
    )
    assert len(set(member)) == len(member)
    assert {(int(a), int(b)) for a, b in zip(member, scale, strict=True)} == pairs


def test_whitening_turns_a_curvature_into_the_identity():
    rng = np.random.default_rng(5)
    root = sparse.random_array((60, 60), density=0.05, rng=rng)
    precision = sparse.csc_array(root @ root.T + sparse.diags_array(rng.uniform(0.5, 2, 60)))
    mode = rng.standard_normal(60)
    whitening = whiten(mode, precision)
    axes = np.stack([to_recentred(axis, whitening) for axis in np.eye(60)], axis=1) - mode[:, None]
    np.testing.assert_allclose(axes.T @ precision.toarray() @ axes, np.eye(60), atol=1e-9)
    # The map is affine: what axes do, sums of axes do.
    y = rng.standard_normal(60)
    np.testing.assert_allclose(to_recentred(y, whitening), mode + axes @ y, rtol=1e-9, atol=1e-9)


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


def arrays_with(text, seen):
    """Return the arrays of three regions whose log counts are as told by source, area and year,
    None where there is no row."""
    areas = parse_areas("area,name,parent,pool\nW,W,,\nA,A,W,n\nB,B,W,n\nC,C,W,s\n")
    spec = parse_spec(tomllib.loads(text), areas=areas, name="linear")
    rows = [
        Observation(source, area, year, "count", value=float(np.exp(log_count)))
        for source in ("register", "one", "two")
        for area in "ABC"
        for year in range(2019, 2023)
        if (log_count := seen(source, area, year)) is not None
    ]
    return arrays_of(Layout.of(spec, Observations(tuple(rows))))


def linear_arrays(text=LINEAR):
    rng = np.random.default_rng(11)
    return arrays_with(text, lambda *_: 20 + rng.normal() if rng.random() < 0.7 else None)


def blocks_of_tile(recentring, tile):
    """Return the members of each block of a tile."""
    member = recentring.member.reshape(-1, LANES)[slice(*recentring.start[tile : tile + 2])]
    return [lane[lane >= 0] for lane in member.T if (lane >= 0).any()]


@pytest.mark.parametrize("text", [LINEAR, DAMPED], ids=["random_walk", "damped_trend"])
def test_where_all_is_linear_effects_are_normal_whatever_scales_noise_and_what_is_shared(text):
    # Multipliers, normal tails, large counts and a total of which next to nothing is known: given
    # all but the effects of regions, these are jointly normal, and recentring is to make the same
    # normal of them everywhere, whatever the damping too.
    arrays, rng = linear_arrays(text), np.random.default_rng(12)
    assert bool(arrays.damped_innovation.size) == (text == DAMPED)
    centre = conditional_mode(arrays, arrays.prior_median)
    own = geometry_at(arrays, centre).recentring
    # A tile for the blocks of the regions, and one for the growth that they share.
    assert own.start.size == 3
    assert own.followers == 1
    for _ in range(5):
        u = nothing_left(centre, arrays, own) + 0.5 * rng.standard_normal(centre.size)
        _, gradient = Coordinates(arrays, own).log_density(u)
        blocks = blocks_of_tile(own, 0)
        assert len(blocks) == 3
        for members in blocks:
            np.testing.assert_allclose(
                gradient[members], -u[members], atol=0.02 * np.abs(u[members]).max()
            )


def test_what_is_left_of_effects_hardly_hangs_on_how_coverage_bends_their_link():
    text = LINEAR.replace(
        "multiplier = { low = 0.6, high = 1.6,", "coverage = { low = 0.3, high = 0.9,"
    )
    # Regions are the same to the register, and one list sees much of one and little of another.
    coverage = {"A": 0.9, "B": 0.5, "C": 0.15}
    arrays = arrays_with(
        text,
        lambda source, area, _: (
            20 + np.log({"register": 1, "one": coverage[area], "two": 0.6}[source])
        ),
    )
    centre = conditional_mode(arrays, arrays.prior_median)
    own = geometry_at(arrays, centre).recentring
    effects = own.member[own.member >= 0]
    bending = np.unique(own.leader_place[own.leader[own.bend[own.bend >= 0]]])
    # A coverage bends how effects act, and these are far from nought.
    assert bending.size == 1
    assert np.abs(own.bent[own.bend >= 0]).max() > 0.3
    here = nothing_left(centre, arrays, own)

    def tied(recentring):
        coordinates = Coordinates(arrays, recentring)
        slopes = slope(
            lambda step: coordinates.log_density(here + place_of(step))[1][effects], np.zeros(1)
        )
        return np.linalg.norm(slopes)

    def place_of(step):
        moved = np.zeros(here.size)
        moved[bending] = step
        return moved

    assert tied(own) < 0.6 * tied(own._replace(bent=np.zeros(own.bent.size)))


def test_shared_effects_know_what_the_effects_that_follow_them_tell():
    arrays = linear_arrays()
    centre = conditional_mode(arrays, arrays.prior_median)
    own = geometry_at(arrays, centre).recentring
    whole = precision_of(row_information_at(centre, arrays), centre, arrays).toarray()
    regional = np.concatenate(blocks_of_tile(own, 0))
    assert own.lone.size > 0
    for place, spread, told in zip(own.lone, own.lone_spread, own.lone_information, strict=True):
        # All else held, but for the effects of regions: what is left of the precision when these
        # are integrated out.
        by_effects = whole[place, regional]
        left = by_effects @ np.linalg.solve(whole[np.ix_(regional, regional)], by_effects)
        assert 1 + spread**2 * told == pytest.approx(whole[place, place] - left, rel=0.02)
    # The growth that all share is one block, so its years are taken together.
    [common] = blocks_of_tile(own, 1)
    by_effects = whole[np.ix_(common, regional)]
    left = by_effects @ np.linalg.solve(whole[np.ix_(regional, regional)], by_effects.T)
    expected = whole[np.ix_(common, common)] - left
    here = nothing_left(centre, arrays, own)
    turn = slope(lambda u: pathwise(Coordinates(arrays, own).free(u), arrays)[common], here)[
        :, common
    ]
    np.testing.assert_allclose(turn.T @ expected @ turn, np.eye(common.size), atol=0.02)


def test_the_gradient_of_the_density(small_study):
    arrays, points, _ = small_study
    for x in points:
        gradient = np.empty(x.size)
        log_density_and_gradient(x, arrays, gradient)
        assert_like(gradient, slope(value_of(arrays), x))


def test_the_gradient_of_the_recentred_density(small_study):
    arrays, points, geometry = small_study
    recentred = Coordinates(arrays, geometry.recentring)
    for u in points:
        _, gradient = recentred.log_density(u)
        assert_like(gradient, slope(lambda u: recentred.log_density(u)[0], u))


def test_the_gradient_of_the_whitened_density(small_study):
    _, points, geometry = small_study
    rng = np.random.default_rng(6)
    for y in [np.zeros(points.shape[1]), *rng.standard_normal((2, points.shape[1]))]:
        _, gradient = geometry.log_density(y)
        assert_like(gradient, slope(lambda y: geometry.log_density(y)[0], y))


@pytest.mark.parametrize("name", ["rich"])
def test_the_gradient_along_some_directions_of_a_large_study(name):
    arrays, points = arrays_and_points(name, 2)
    geometry = geometry_at(arrays, points[0])
    rng = np.random.default_rng(7)
    for y, direction in rng.standard_normal((6, 2, points.shape[1])):
        _, gradient = geometry.log_density(y)
        [expected] = slope(
            lambda t: geometry.log_density(y + t[0] * direction)[0],  # noqa: B023
            np.zeros(1),
            2e-4,
        )
        assert float(gradient @ direction) == pytest.approx(expected, rel=1e-6, abs=1e-4)


def log_jacobian(function, at):
    # Its sign is of no matter: the coordinates of y may come in any order.
    return np.linalg.slogdet(slope(function, at)).logabsdet


def test_the_recentred_density_is_the_density_times_the_jacobian(small_study):
    arrays, points, geometry = small_study
    recentred = Coordinates(arrays, geometry.recentring)
    for u in points:
        expected = value_of(arrays)(recentred.free(u)) + log_jacobian(recentred.free, u)
        assert recentred.log_density(u)[0] == pytest.approx(expected, rel=1e-8, abs=1e-6)


def test_the_whitened_density_is_the_density_times_the_jacobian_up_to_a_constant(small_study):
    arrays, points, geometry = small_study
    constants = []
    for y in [
        np.zeros(points.shape[1]),
        *np.random.default_rng(8).standard_normal((3, points.shape[1])),
    ]:
        expected = value_of(arrays)(geometry.free(y)) + log_jacobian(geometry.free, y)
        constants.append(geometry.log_density(y)[0] - expected)
    np.testing.assert_allclose(constants, constants[0], atol=1e-5)
    # The constant is that of the affine map.
    assert constants[0] == pytest.approx(np.log(geometry.whitening.diagonal).sum(), abs=1e-5)


@pytest.mark.parametrize("name", ["apart", "walk"])
def test_a_poor_centre_gives_other_coordinates_for_the_same_density(name):
    arrays, points = arrays_and_points(name, 4)
    log_density = value_of(arrays)
    for geometry in (
        geometry_at(arrays, points[1]),
        geometry_at(arrays, 2 * points[2]),
        first_geometry(arrays),
        geometry_of(arrays, points),
    ):
        y = np.random.default_rng(9).standard_normal((2, arrays.prior_family.size))
        first, second = (
            geometry.log_density(one)[0]
            - log_density(geometry.free(one))
            - log_jacobian(geometry.free, one)
            for one in y
        )
        assert first == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("name", STUDIES)
def test_without_rows_effects_stay_apart_from_their_scales(name):
    arrays, points = arrays_and_points(name, 2)
    prior = without_rows(arrays)
    geometry = geometry_at(prior, points[0])
    own = geometry.recentring
    np.testing.assert_array_equal(own.information, 0)
    # Without information the non-centred effects are the coordinates, but for their centre.
    np.testing.assert_allclose(own.lone_information, 0, atol=1e-9)
    centre, u = pathwise(points[0], prior), points[1].copy()
    moved = pathwise(Coordinates(prior, own).free(u), prior)
    np.testing.assert_allclose(
        moved[own.lone] - np.exp(u[own.lone_scale] - centre[own.lone_scale]) * own.lone_centre,
        u[own.lone] - own.lone_centre,
        atol=1e-9,
    )
    # Effects that are no steps of a path are standard normal a priori, and so is what is left of
    # them.
    there = (own.member >= 0) & ~np.isin(own.member, arrays.damped_innovation)
    # Where a link bends, scales follow it.
    there[there] = own.bend[there] < 0
    effects, scales = own.member[there], own.scale[there]
    ratio = np.exp(u[scales] - centre[scales])
    np.testing.assert_allclose(moved[effects] - ratio * centre[effects], u[effects], atol=1e-9)


def test_sensitivities_are_the_slopes_of_the_locations(any_study):
    arrays, points, _ = any_study
    for x in points[:2]:
        found = row_jacobian_at(x, arrays)
        _, location, spread = log_likelihood(x[None, :], arrays)
        np.testing.assert_allclose(found.location, location[0], rtol=1e-13)
        np.testing.assert_allclose(found.dispersion, spread[0], rtol=1e-13)
        at = levelled(x, arrays)
        expected = slope(lambda x: log_likelihood(totalled(x, arrays)[None, :], arrays)[1][0], at)
        assert_like(found.jacobian.toarray(), expected)


def test_scores_and_sensitivities_make_the_gradient_of_the_rows(small_study):
    # By all but the scales, which also move the spread of rows.
    arrays, points, _ = small_study
    for x in points:
        with_rows, without = np.empty(x.size), np.empty(x.size)
        log_density_and_gradient(x, arrays, with_rows)
        log_density_and_gradient(x, without_rows(arrays), without)
        found = row_jacobian_at(x, arrays)
        natural = slope(lambda x: log_likelihood(x[None, :], arrays)[1][0], x)
        silent = scale_parameters(arrays)
        assert_like((natural.T @ found.score)[~silent], (with_rows - without)[~silent], 1e-5)


def test_the_expected_curvature_is_symmetric_and_positive_definite(any_study):
    arrays, points, _ = any_study
    for x in points:
        curvature = expected_precision(x, arrays).toarray()
        np.testing.assert_allclose(curvature, curvature.T, rtol=1e-10)
        # By the coordinates of x, in which the prior's own is a diagonal.
        turned = slope(lambda x: levelled(x, arrays), x)
        least = np.linalg.eigvalsh(turned.T @ curvature @ turned).min()
        assert least >= 0.99 * min(prior_precision(x, arrays).min(), 1.0)


def test_the_prior_s_curvature_is_its_second_derivative(any_study):
    arrays, points, _ = any_study
    prior = without_rows(arrays)

    def gradient(x):
        found = np.empty(x.size)
        log_density_and_gradient(x, prior, found)
        return found

    for x in points:
        expected = -slope(gradient, x)
        np.testing.assert_allclose(expected, np.diag(np.diag(expected)), atol=1e-6)
        np.testing.assert_allclose(
            prior_precision(x, arrays),
            np.maximum(np.diag(expected), FLATTEST),
            rtol=1e-5,
            atol=1e-6,
        )


@pytest.mark.parametrize("name", STUDIES)
def test_the_prior_alone_is_a_product_of_its_families(name):
    layout = study(name).layout
    arrays, points = arrays_and_points(name, 3)
    found = [value_of(without_rows(arrays))(x) for x in points]
    blocks, priors = segments_of(layout), list(layout.priors.values())
    spread = np.ones(points.shape[1])
    if "trend_level" in blocks:
        spread[blocks["trend_level"].slice] = 5.0
    for x, total in zip(points, found, strict=True):
        expected = stats.norm.logpdf(x[len(priors) :], scale=spread[len(priors) :]).sum()
        for value, prior in zip(x, priors, strict=False):
            natural = float(prior.link.inverse(value))
            bend = (
                0.0
                if prior.is_link_normal
                else np.log(natural * (1 - natural if prior.support == "unit" else 1))
            )
            expected += prior.natural().logpdf(value if prior.is_link_normal else natural) + bend
        assert total == pytest.approx(expected, rel=1e-9)


def test_information_is_the_variance_of_the_score():
    # Of rows that are drawn anew from their own density; here for numbers that normal sources
    # state.
    arrays, [x] = arrays_and_points("apart", 1)
    is_chosen = (arrays.row_form == STATED) & (arrays.row_tails == NORMAL)
    chosen = np.flatnonzero(is_chosen)[::4]
    told = row_jacobian_at(x, arrays)
    mean, sd = told.location, told.dispersion
    only = arrays._replace(
        **{n: getattr(arrays, n)[chosen] for n in StudyArrays._fields if n.startswith("row_")}
    )
    told = row_information_at(x, only)
    rows = np.concatenate([told.location.toarray(), told.noise.toarray()])
    # By the coordinates in which the information is stated.
    turned = slope(lambda x: totalled(x, only), levelled(x, only))
    rng = np.random.default_rng(10)
    scores = []
    prior_gradient = np.empty(x.size)
    log_density_and_gradient(x, without_rows(arrays), prior_gradient)
    for _ in range(4000):
        drawn = only._replace(
            row_value=mean[chosen] + sd[chosen] * rng.standard_normal(chosen.size)
        )
        gradient = np.empty(x.size)
        log_density_and_gradient(x, drawn, gradient)
        scores.append(turned.T @ (gradient - prior_gradient))
    expected = rows.T @ rows
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    error = np.abs(np.cov(np.array(scores).T) - expected)
    # The standard error of a variance from 4,000 normal draws is 2.2 % of it; six of them.
    assert (error <= 0.14 * size + 1e-9).all()


@pytest.mark.parametrize("name", STUDIES)
def test_the_conditional_mode_is_one_and_leaves_the_scales(name):
    arrays, points = arrays_and_points(name, 1)
    start = arrays.prior_median
    mode = conditional_mode(arrays, start)
    scales = scale_parameters(arrays)
    np.testing.assert_array_equal(mode[scales], start[scales])
    log_density = value_of(arrays)
    assert log_density(mode) > log_density(start)
    _, gradient = Coordinates(arrays).log_density(pathwise(mode, arrays))
    curvature = expected_precision(mode, arrays).toarray()[np.ix_(~scales, ~scales)]
    promised = gradient[~scales] @ np.linalg.solve(curvature, gradient[~scales])
    # The surveys of "polls" are drawn at random and contradict each other by thousands of units of
    # the log density: there scoring climbs along a bent valley and gives up before its end.
    assert promised < (20 if name == "polls" else 0.005 * np.sum(~scales))
    assert points.shape[1] == mode.size


@pytest.mark.parametrize("name", STUDIES)
def test_scale_parameters_are_the_standard_deviations_and_their_like(name):
    layout = study(name).layout
    chosen = scale_parameters(arrays_of(layout))
    paths = list(layout.priors)
    said = {path for path, scale in zip(paths, chosen, strict=False) if scale}
    # Beside the priors, only how each source's noise differs from that of its kind.
    noise = segments_of(layout)["noise_z"]
    assert set(np.flatnonzero(chosen)) - set(range(len(paths))) == set(
        range(noise.start, noise.start + noise.size)
    )
    for path in said:
        assert path.endswith(("_sd", ".sd", ".noise", ".concentration", ".damping")), path
    assert "regions.region_sd" in said
    assert "total.prior" not in said


def test_all_studies_and_prior_sets_share_one_compiled_density(toy_spec, toy_observations):
    specs = [with_prior_set(toy_spec, name) for name in toy_spec.prior_set_names]
    layouts = [
        *(Layout.of(spec, toy_observations) for spec in specs),
        *(study(name).layout for name in SMALL),
    ]
    for layout in layouts:
        geometry = first_geometry(arrays_of(layout))
        assert np.isfinite(geometry.log_density(np.zeros(geometry.size))[0])
    assert {len(one.function.signatures) for one in LINKED.functions} == {1}


def test_coordinates_do_not_depend_on_the_threads_of_linear_algebra(root):
    # The flagship: matrices of small studies are never spread over threads.
    spec = read_spec(root / "models" / "ml_engineers.toml")
    observations = Study(
        spec, read_observations(root / "data" / "ml_engineers" / "observations.csv")
    ).observations
    arrays = arrays_of(Layout.of(spec, observations))
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(first_geometry(arrays).whitening)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_curvature_by_u_is_that_by_x_turned_by_the_slopes_of_the_map(small_study, monkeypatch):
    monkeypatch.setattr(ties, "LITTLE", 0.0)
    arrays, [centre, *_], _ = small_study
    information = row_information_at(centre, arrays)
    own, found = recentre(arrays, centre, information)
    # How links bend changes what is left of effects in the second order only.
    straight = Coordinates(arrays, own._replace(bend=np.full(own.bend.size, -1)))
    slopes = slope(lambda u: pathwise(straight.free(u), arrays), nothing_left(centre, arrays, own))
    still = ~scale_parameters(arrays)
    slopes[:, ~still] = 0.0
    expected = precision_of(information, centre, arrays).toarray() * np.outer(still, still)
    assert_like(found.toarray(), slopes.T @ expected @ slopes, rtol=1e-5)


def test_effects_are_bent_by_the_ratio_or_coverage_that_they_deviate_from():
    found = set()
    for name in STUDIES:
        layout = study(name).layout
        arrays, [centre, *_] = arrays_and_points(name, 1)
        own, _ = recentre(arrays, centre, row_information_at(centre, arrays))
        names, labels = list(layout.priors), free_labels(layout)
        for effect, led in zip(own.member, own.bend, strict=True):
            if led >= 0:
                place = own.leader_place[own.leader[led]]
                found.add((labels[effect].split("[")[0], names[place], name in SMALL))
    assert any(small for *_, small in found)
    for effect, level, _ in found:
        scope = effect.removeprefix("ratio_").removesuffix("_z")
        assert (
            level == f"scopes.{scope}.ratio"
            if effect.startswith("ratio_")
            else ".coverage" in level
        )
