"""The maps from sampled coordinates to the free vector: exact, with gradients and Jacobians."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from tests.differences import (
    SMALL,
    arrays_and_points,
    assert_close,
    derivative,
    free_of,
    local_of,
    log_density_of,
    log_jacobian,
    with_baseline,
    with_total,
)
from tests.studies import STUDIES, study
from threadpoolctl import threadpool_limits

from headcount.engine.coordinates.construction import (
    coordinates_at,
    coordinates_of,
    first_coordinates,
)
from headcount.engine.coordinates.sampled_density import FUNCTION_TABLE, Coordinates
from headcount.engine.coordinates.whitening import unwhiten, whiten
from headcount.engine.density.codes import DAMPING
from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.derivatives.fisher_information import scale_parameters
from headcount.engine.derivatives.log_baseline import gradient_by_baseline
from headcount.layout.study_layout import Layout
from headcount.study.observation_files import read_observations
from headcount.study.prior_changes import with_prior_set
from headcount.study.spec_files import read_spec
from headcount.study.study import Study


@pytest.fixture(scope="module", params=STUDIES)
def any_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, coordinates_at(arrays, points[0])


@pytest.fixture(scope="module", params=SMALL)
def small_study(request):
    arrays, points = arrays_and_points(request.param, 3)
    return arrays, points, coordinates_at(arrays, points[0])


def at_zero_residuals(x, arrays, noncentring):
    """Return u at the centre x, where effects equal their conditional means."""
    moved = local_of(x, arrays)
    moved[noncentring.position[noncentring.position >= 0]] = 0.0
    return moved


def test_the_centre_is_at_zero(any_study):
    arrays, (centre, *_), coordinates = any_study
    found = coordinates.free(np.zeros(centre.size))
    np.testing.assert_allclose(found, centre, rtol=1e-9, atol=1e-9)
    own = coordinates.noncentring
    found = Coordinates(arrays, own).free(at_zero_residuals(centre, arrays, own))
    np.testing.assert_allclose(found, centre, rtol=1e-9, atol=1e-9)


def test_baseline_and_total_are_inverse_with_jacobian_one(small_study):
    arrays, points, _ = small_study
    total = arrays.predictor_effect[0]
    for x in points:
        moved = with_baseline(x, arrays)
        np.testing.assert_array_equal(np.delete(moved, total), np.delete(x, total))
        np.testing.assert_allclose(with_total(moved, arrays), x, rtol=1e-12, atol=1e-12)
        assert log_jacobian(lambda x: with_baseline(x, arrays), x) == pytest.approx(0, abs=1e-9)
        gradient = np.empty(x.size)
        log_density_and_gradient(x, arrays, gradient)
        gradient_by_baseline(x, arrays, gradient)
        expected = derivative(lambda x: log_density_of(arrays)(with_total(x, arrays)), moved)
        assert_close(gradient, expected)


def test_deviations_are_growth_in_units_of_its_sd_and_their_density_has_the_jacobian(small_study):
    arrays, points, _ = small_study
    for x in points:
        moved = local_of(x, arrays)
        np.testing.assert_allclose(free_of(moved, arrays), x, rtol=1e-9, atol=1e-9)
        if arrays.damped_innovation.size:
            phi = 1 / (1 + np.exp(-x[arrays.growth[DAMPING]]))
            for path in arrays.damped_innovation:
                growth = [x[path[0]]]
                for innovation in x[path[1:]]:
                    growth.append(phi * growth[-1] + np.sqrt(1 - phi**2) * innovation)
                np.testing.assert_allclose(moved[path], growth, rtol=1e-12)
        coordinates = Coordinates(arrays)
        jacobian = log_jacobian(lambda w: free_of(w, arrays), moved)
        value, gradient = coordinates.log_density(moved)
        np.testing.assert_array_equal(coordinates.free(moved), free_of(moved, arrays))
        assert value == pytest.approx(log_density_of(arrays)(x) + jacobian, rel=1e-10, abs=1e-8)
        expected = derivative(lambda w: Coordinates(arrays).log_density(w)[0], moved)
        assert_close(gradient, expected)


def test_whitening_comes_before_non_centring(any_study):
    arrays, (centre, *_), coordinates = any_study
    unwhitened = Coordinates(arrays, coordinates.noncentring)
    for y in np.random.default_rng(4).standard_normal((3, centre.size)):
        u = unwhiten(y, coordinates.whitening)
        np.testing.assert_array_equal(coordinates.free(y), unwhitened.free(u))


def test_non_centring_leaves_scales_and_shared_parameters_as_they_are(any_study):
    arrays, points, coordinates = any_study
    own = coordinates.noncentring
    moving = [own.position, own.ungrouped, arrays.predictor_effect[:1]]
    same = np.setdiff1d(np.arange(points.shape[1]), np.concatenate(moving))
    assert set(np.flatnonzero(scale_parameters(arrays))) <= set(same)
    for u in points[1:]:
        np.testing.assert_array_equal(Coordinates(arrays, own).free(u)[same], u[same])


def test_every_effect_is_in_one_group_or_in_none_with_its_own_scale(any_study):
    arrays, _, coordinates = any_study
    scaled = arrays.predictor_scale >= 0
    effects, scales = arrays.predictor_effect[scaled], arrays.predictor_scale[scaled]
    pairs = {(int(a), int(b)) for a, b in zip(effects, scales, strict=True)}
    own = coordinates.noncentring
    real = own.position >= 0
    position = np.concatenate([own.position[real], own.ungrouped])
    log_scale = np.concatenate([own.log_scale[real], own.ungrouped_log_scale])
    assert len(set(position)) == len(position)
    assert {(int(a), int(b)) for a, b in zip(position, log_scale, strict=True)} == pairs


def test_whitening_turns_a_precision_into_the_identity():
    rng = np.random.default_rng(5)
    root = sparse.random_array((60, 60), density=0.05, rng=rng)
    precision = sparse.csc_array(root @ root.T + sparse.diags_array(rng.uniform(0.5, 2, 60)))
    centre = rng.standard_normal(60)
    whitening = whiten(centre, precision)
    axes = np.stack([unwhiten(axis, whitening) for axis in np.eye(60)], axis=1) - centre[:, None]
    np.testing.assert_allclose(axes.T @ precision.toarray() @ axes, np.eye(60), atol=1e-9)
    # The map is affine: the image of a sum is the sum of the images.
    y = rng.standard_normal(60)
    np.testing.assert_allclose(unwhiten(y, whitening), centre + axes @ y, rtol=1e-9, atol=1e-9)


def test_the_gradient_of_the_density(small_study):
    arrays, points, _ = small_study
    for x in points:
        gradient = np.empty(x.size)
        log_density_and_gradient(x, arrays, gradient)
        assert_close(gradient, derivative(log_density_of(arrays), x))


def test_the_gradient_by_residuals(small_study):
    arrays, points, coordinates = small_study
    unwhitened = Coordinates(arrays, coordinates.noncentring)
    for u in points:
        _, gradient = unwhitened.log_density(u)
        assert_close(gradient, derivative(lambda u: unwhitened.log_density(u)[0], u))


def test_the_gradient_by_whitened_coordinates(small_study):
    _, points, coordinates = small_study
    rng = np.random.default_rng(6)
    for y in [np.zeros(points.shape[1]), *rng.standard_normal((2, points.shape[1]))]:
        _, gradient = coordinates.log_density(y)
        assert_close(gradient, derivative(lambda y: coordinates.log_density(y)[0], y))


@pytest.mark.parametrize("name", ["rich"])
def test_the_gradient_along_some_directions_of_a_large_study(name):
    arrays, points = arrays_and_points(name, 2)
    coordinates = coordinates_at(arrays, points[0])
    rng = np.random.default_rng(7)
    for y, direction in rng.standard_normal((6, 2, points.shape[1])):
        _, gradient = coordinates.log_density(y)

        def along(t, y=y, direction=direction):
            return coordinates.log_density(y + t[0] * direction)[0]

        [expected] = derivative(along, np.zeros(1), 2e-4)
        assert float(gradient @ direction) == pytest.approx(expected, rel=1e-6, abs=1e-4)


def test_the_density_of_residuals_is_the_density_times_the_jacobian(small_study):
    arrays, points, coordinates = small_study
    unwhitened = Coordinates(arrays, coordinates.noncentring)
    for u in points:
        x = unwhitened.free(u)
        expected = log_density_of(arrays)(x) + log_jacobian(unwhitened.free, u)
        assert unwhitened.log_density(u)[0] == pytest.approx(expected, rel=1e-8, abs=1e-6)


def test_the_whitened_density_is_the_density_times_the_jacobian_up_to_a_constant(small_study):
    arrays, points, coordinates = small_study
    constants = []
    for y in [
        np.zeros(points.shape[1]),
        *np.random.default_rng(8).standard_normal((3, points.shape[1])),
    ]:
        x = coordinates.free(y)
        expected = log_density_of(arrays)(x) + log_jacobian(coordinates.free, y)
        constants.append(coordinates.log_density(y)[0] - expected)
    np.testing.assert_allclose(constants, constants[0], atol=1e-5)
    # The constant is the log Jacobian of the affine map.
    assert constants[0] == pytest.approx(np.log(coordinates.whitening.diagonal).sum(), abs=1e-5)


@pytest.mark.parametrize("name", ["apart", "walk"])
def test_a_poor_centre_gives_other_coordinates_for_the_same_density(name):
    arrays, points = arrays_and_points(name, 4)
    log_density = log_density_of(arrays)
    for coordinates in (
        coordinates_at(arrays, points[1]),
        coordinates_at(arrays, 2 * points[2]),
        first_coordinates(arrays),
        coordinates_of(arrays, points),
    ):
        y = np.random.default_rng(9).standard_normal((2, arrays.prior_family.size))
        first, second = (
            coordinates.log_density(one)[0]
            - log_density(coordinates.free(one))
            - log_jacobian(coordinates.free, one)
            for one in y
        )
        assert first == pytest.approx(second, abs=1e-5)


def test_all_studies_and_prior_sets_share_one_compiled_density(toy_spec, toy_observations):
    specs = [with_prior_set(toy_spec, name) for name in toy_spec.prior_set_names]
    layouts = [
        *(Layout.of(spec, toy_observations) for spec in specs),
        *(study(name).layout for name in SMALL),
    ]
    for layout in layouts:
        coordinates = first_coordinates(arrays_of(layout))
        assert np.isfinite(coordinates.log_density(np.zeros(coordinates.size))[0])
    assert {len(one.function.signatures) for one in FUNCTION_TABLE.functions} == {1}


def test_coordinates_do_not_depend_on_the_threads_of_linear_algebra(root):
    # The flagship: matrices of small studies never use several threads.
    spec = read_spec(root / "models" / "ml_engineers.toml")
    path = root / "data" / "ml_engineers" / "observations.csv"
    observations = Study(spec, read_observations(path)).observations
    arrays = arrays_of(Layout.of(spec, observations))
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(first_coordinates(arrays).whitening)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
