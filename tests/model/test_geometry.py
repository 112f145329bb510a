"""The coordinates to sample in: exact maps, exact gradients, and a curvature that is one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.studies import STUDIES, prior_draws, study

from headcount.engine.arrays import Arrays, assemble, blocks_of
from headcount.engine.curvature import (
    FLATTEST,
    conditional_mode,
    expected_curvature,
    information_rows,
    prior_curvature,
    scale_parameters,
)
from headcount.engine.density import log_density_and_gradient, log_likelihood, row_sensitivities
from headcount.engine.geometry import first_geometry, geometry_at
from headcount.engine.recentring import recentred_density, recentring_slope, to_natural
from headcount.engine.whitening import to_recentred
from headcount.layout import LIKELIHOODS

SMALL = [name for name in STUDIES if name != "rich"]


def arrays_and_points(name, points, seed=3):
    layout = study(name).layout
    return assemble(layout), prior_draws(layout, np.random.default_rng(seed), points)


def slope(function, x, step=1e-4):
    """Return derivatives by each element of x, by central differences of error step^4; the last dim is x's."""
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


def without_rows(arrays):
    """Return the arrays of the prior alone."""
    rows = {name: getattr(arrays, name)[:0] for name in Arrays._fields if name.startswith("row_")}
    return arrays._replace(**rows)


def assert_like(found, expected, rtol=1e-6):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * max(1.0, np.abs(expected).max()))


@pytest.fixture(scope="module", params=STUDIES)
def any_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, geometry_at(arrays, points[0])


@pytest.fixture(scope="module", params=SMALL)
def small_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, geometry_at(arrays, points[0])


def test_the_centre_stays_where_it_is(any_study):
    _, (centre, *_), geometry = any_study
    np.testing.assert_allclose(geometry.free(np.zeros(centre.size)), centre, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(to_natural(centre, geometry.recentring), centre, rtol=1e-9, atol=1e-9)


def test_whitening_then_recentring_is_the_way_back(any_study):
    _, (centre, *_), geometry = any_study
    for y in np.random.default_rng(4).standard_normal((3, centre.size)):
        u = to_recentred(y, geometry.whitening)
        np.testing.assert_array_equal(geometry.free(y), to_natural(u, geometry.recentring))


def test_scales_and_what_is_shared_are_left_as_they_are(any_study):
    _, points, geometry = any_study
    still = np.setdiff1d(np.arange(points.shape[1]), geometry.recentring.member)
    assert set(geometry.recentring.scale) <= set(still)
    for u in points[1:]:
        np.testing.assert_array_equal(to_natural(u, geometry.recentring)[still], u[still])


def test_every_effect_is_in_one_block_with_its_own_scale(any_study):
    arrays, _, geometry = any_study
    scaled = arrays.entry_b >= 0
    pairs = {(int(a), int(b)) for a, b in zip(arrays.entry_a[scaled], arrays.entry_b[scaled], strict=True)}
    member, scale = geometry.recentring.member, geometry.recentring.scale
    assert len(set(member)) == len(member)
    assert {(int(a), int(b)) for a, b in zip(member, scale, strict=True)} == pairs


def test_whitening_turns_its_curvature_into_the_identity(any_study):
    arrays, (centre, *_), geometry = any_study
    size = centre.size
    axes = np.stack([to_recentred(axis, geometry.whitening) for axis in np.eye(size)], axis=1)
    root = axes - geometry.whitening.mode[:, None]
    following = recentring_slope(size, geometry.recentring).toarray()
    curvature = following.T @ expected_curvature(centre, arrays).toarray() @ following
    np.testing.assert_allclose(root.T @ curvature @ root, np.eye(size), atol=1e-6)
    # The map is affine: what axes do, sums of axes do.
    y = np.random.default_rng(5).standard_normal(size)
    np.testing.assert_allclose(
        to_recentred(y, geometry.whitening), geometry.whitening.mode + root @ y, rtol=1e-9, atol=1e-9
    )


def test_effects_follow_their_scales_as_the_slope_says(small_study):
    _, (centre, *_), geometry = small_study
    expected = slope(lambda u: to_natural(u, geometry.recentring), centre)
    found = recentring_slope(centre.size, geometry.recentring).toarray()
    assert_like(found, expected)


def test_the_gradient_of_the_density(small_study):
    arrays, points, _ = small_study
    for x in points:
        gradient = np.empty(x.size)
        log_density_and_gradient(x, arrays, gradient)
        assert_like(gradient, slope(value_of(arrays), x))


def test_the_gradient_of_the_recentred_density(small_study):
    arrays, points, geometry = small_study
    for u in points:
        gradient = np.empty(u.size)
        recentred_density(u, geometry.recentring, arrays, gradient)
        expected = slope(lambda u: recentred_density(u, geometry.recentring, arrays, np.empty(u.size)), u)
        assert_like(gradient, expected)


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
        [expected] = slope(lambda t: geometry.log_density(y + t[0] * direction)[0], np.zeros(1), 1e-3)  # noqa: B023
        assert float(gradient @ direction) == pytest.approx(expected, rel=1e-6, abs=1e-4)


def log_jacobian(function, at):
    # Its sign is of no matter: the coordinates of y may come in any order.
    return np.linalg.slogdet(slope(function, at)).logabsdet


def test_the_recentred_density_is_the_density_times_the_jacobian(small_study):
    arrays, points, geometry = small_study
    for u in points:
        found = recentred_density(u, geometry.recentring, arrays, np.empty(u.size))
        x = to_natural(u, geometry.recentring)
        expected = value_of(arrays)(x) + log_jacobian(lambda u: to_natural(u, geometry.recentring), u)
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-6)


def test_the_whitened_density_is_the_density_times_the_jacobian_up_to_a_constant(small_study):
    arrays, points, geometry = small_study
    constants = []
    for y in [np.zeros(points.shape[1]), *np.random.default_rng(8).standard_normal((3, points.shape[1]))]:
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
    ):
        y = np.random.default_rng(9).standard_normal((2, arrays.family.size))
        first, second = (
            geometry.log_density(one)[0] - log_density(geometry.free(one)) - log_jacobian(geometry.free, one)
            for one in y
        )
        assert first == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("name", STUDIES)
def test_without_rows_effects_stay_apart_from_their_scales(name):
    arrays, points = arrays_and_points(name, 2)
    prior = without_rows(arrays)
    geometry = geometry_at(prior, points[0])
    np.testing.assert_allclose(geometry.recentring.information, 0, atol=1e-12)
    # Without information the non-centred effects are the coordinates, but for their centre.
    member, scale = geometry.recentring.member, geometry.recentring.scale
    u = points[1].copy()
    u[scale] = points[0][scale]
    np.testing.assert_allclose(to_natural(u, geometry.recentring)[member], u[member], atol=1e-12)


def test_row_sensitivities_are_the_slopes_of_the_means(any_study):
    arrays, points, _ = any_study
    for x in points[:2]:
        mean, sd, found = row_sensitivities(x, arrays)
        _, expected_mean, expected_sd = log_likelihood(x[None, :], arrays)
        np.testing.assert_allclose(mean, expected_mean[0], rtol=1e-13)
        np.testing.assert_allclose(sd, expected_sd[0], rtol=1e-13)
        assert_like(found, slope(lambda x: log_likelihood(x[None, :], arrays)[1][0], x))


def test_the_expected_curvature_is_symmetric_and_positive_definite(any_study):
    arrays, points, _ = any_study
    for x in points:
        curvature = expected_curvature(x, arrays).toarray()
        np.testing.assert_allclose(curvature, curvature.T, rtol=1e-10)
        least = np.linalg.eigvalsh(curvature).min()
        assert least >= 0.99 * min(prior_curvature(x, arrays).min(), 1.0)


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
            prior_curvature(x, arrays), np.maximum(np.diag(expected), FLATTEST), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("name", STUDIES)
def test_the_prior_alone_is_a_product_of_its_families(name):
    layout = study(name).layout
    arrays, points = arrays_and_points(name, 3)
    found = [value_of(without_rows(arrays))(x) for x in points]
    blocks, priors = blocks_of(layout), list(layout.priors.values())
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
    # Of rows that are drawn anew from their own density; here for numbers that normal sources state.
    arrays, [x] = arrays_and_points("apart", 1)
    chosen = np.flatnonzero(arrays.row_likelihood == LIKELIHOODS.index("stated_normal"))[::4]
    mean, sd, _ = row_sensitivities(x, arrays)
    only = arrays._replace(**{n: getattr(arrays, n)[chosen] for n in Arrays._fields if n.startswith("row_")})
    rows = information_rows(x, only)
    rng = np.random.default_rng(10)
    scores = []
    prior_gradient = np.empty(x.size)
    log_density_and_gradient(x, without_rows(arrays), prior_gradient)
    for _ in range(4000):
        drawn = only._replace(row_value=mean[chosen] + sd[chosen] * rng.standard_normal(chosen.size))
        gradient = np.empty(x.size)
        log_density_and_gradient(x, drawn, gradient)
        scores.append(gradient - prior_gradient)
    expected = rows.T @ rows
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    error = np.abs(np.cov(np.array(scores).T) - expected)
    # The standard error of a variance from 4,000 normal draws is 2.2 % of it; six of them.
    assert (error <= 0.14 * size + 1e-9).all()


@pytest.mark.parametrize("name", STUDIES)
def test_the_conditional_mode_is_one_and_leaves_the_scales(name):
    arrays, points = arrays_and_points(name, 1)
    start = np.where(arrays.family == 0, arrays.first, 0.0)
    mode = conditional_mode(arrays, start)
    scales = scale_parameters(arrays)
    np.testing.assert_array_equal(mode[scales], start[scales])
    log_density = value_of(arrays)
    assert log_density(mode) > log_density(start)
    gradient = np.empty(mode.size)
    log_density_and_gradient(mode, arrays, gradient)
    curvature = expected_curvature(mode, arrays).toarray()[np.ix_(~scales, ~scales)]
    promised = gradient[~scales] @ np.linalg.solve(curvature, gradient[~scales])
    assert promised < 0.1
    assert points.shape[1] == mode.size


@pytest.mark.parametrize("name", STUDIES)
def test_scale_parameters_are_the_standard_deviations_and_their_like(name):
    layout = study(name).layout
    chosen = scale_parameters(assemble(layout))
    paths = list(layout.priors)
    said = {path for path, scale in zip(paths, chosen, strict=False) if scale}
    # Beside the priors, only how each source's noise differs from that of its kind.
    noise = blocks_of(layout)["noise_z"]
    assert set(np.flatnonzero(chosen)) - set(range(len(paths))) == set(
        range(noise.start, noise.start + noise.size)
    )
    for path in said:
        assert path.endswith(("_sd", ".sd", ".noise", ".concentration", ".damping")), path
    assert "regions.region_sd" in said
    assert "total.prior" not in said
