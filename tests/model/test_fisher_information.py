"""Row Jacobians, prior precision and Fisher information, against differences and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.differences import (
    SMALL,
    arrays_and_points,
    assert_close,
    derivative,
    log_density_of,
    with_baseline,
    with_total,
    without_rows,
)
from tests.studies import STUDIES, study

from headcount.engine.density.codes import NORMAL, STATED
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.fisher_information import (
    LEAST_PRIOR_PRECISION,
    expected_precision,
    prior_precision,
    row_information_at,
    scale_parameters,
)
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.layout.free_vector import segments_of


def gradient_of(arrays):
    """Return the gradient of the log density as a function of the free vector."""

    def gradient(x):
        found = np.empty(x.size)
        log_density_and_gradient(x, arrays, found)
        return found

    return gradient


def locations_of(arrays):
    """Return the location of each row as a function of the free vector."""
    return lambda x: log_likelihood(x[None, :], arrays)[1][0]


@pytest.mark.parametrize("name", STUDIES)
def test_the_row_jacobian_is_the_derivative_of_locations(name):
    arrays, points = arrays_and_points(name, 2)
    for x in points:
        found = row_jacobian_at(x, arrays)
        _, location, dispersion = log_likelihood(x[None, :], arrays)
        np.testing.assert_allclose(found.location, location[0], rtol=1e-13)
        np.testing.assert_allclose(found.dispersion, dispersion[0], rtol=1e-13)
        expected = derivative(
            lambda c: locations_of(arrays)(with_total(c, arrays)), with_baseline(x, arrays)
        )
        assert_close(found.jacobian.toarray(), expected)


@pytest.mark.parametrize("name", SMALL)
def test_scores_times_the_row_jacobian_are_the_gradient_of_the_rows(name):
    # By all but the scales, on which the dispersion of rows depends too.
    arrays, points = arrays_and_points(name, 3)
    for x in points:
        by_rows = gradient_of(arrays)(x) - gradient_of(without_rows(arrays))(x)
        score = row_jacobian_at(x, arrays).score
        jacobian, scales = derivative(locations_of(arrays), x), scale_parameters(arrays)
        assert_close((jacobian.T @ score)[~scales], by_rows[~scales], 1e-5)


@pytest.mark.parametrize("name", STUDIES)
def test_the_expected_precision_is_symmetric_and_positive_definite(name):
    arrays, points = arrays_and_points(name, 3)
    for x in points:
        precision = expected_precision(x, arrays).toarray()
        np.testing.assert_allclose(precision, precision.T, rtol=1e-10)
        # By the free vector, in which the prior precision is diagonal.
        jacobian = derivative(lambda x: with_baseline(x, arrays), x)
        least = np.linalg.eigvalsh(jacobian.T @ precision @ jacobian).min()
        assert least >= 0.99 * min(prior_precision(x, arrays).min(), 1.0)


@pytest.mark.parametrize("name", STUDIES)
def test_the_prior_precision_is_the_second_derivative_of_its_density(name):
    arrays, points = arrays_and_points(name, 3)
    for x in points:
        expected = -derivative(gradient_of(without_rows(arrays)), x)
        np.testing.assert_allclose(expected, np.diag(np.diag(expected)), atol=1e-6)
        np.testing.assert_allclose(
            prior_precision(x, arrays),
            np.maximum(np.diag(expected), LEAST_PRIOR_PRECISION),
            rtol=1e-5,
            atol=1e-6,
        )


@pytest.mark.parametrize("name", STUDIES)
def test_the_prior_alone_is_a_product_of_its_families(name):
    layout = study(name).layout
    arrays, points = arrays_and_points(name, 3)
    found = [log_density_of(without_rows(arrays))(x) for x in points]
    segments, priors = segments_of(layout), list(layout.priors.values())
    sd = np.ones(points.shape[1])
    if "trend_level" in segments:
        sd[segments["trend_level"].slice] = 5.0
    for x, total in zip(points, found, strict=True):
        expected = stats.norm.logpdf(x[len(priors) :], scale=sd[len(priors) :]).sum()
        for value, prior in zip(x, priors, strict=False):
            natural = float(prior.link.inverse(value))
            slope = natural * (1 - natural if prior.support == "unit" else 1)
            jacobian = 0.0 if prior.is_link_normal else np.log(slope)
            own = value if prior.is_link_normal else natural
            expected += prior.natural().logpdf(own) + jacobian
        assert total == pytest.approx(expected, rel=1e-9)


def test_information_is_the_variance_of_the_score():
    # Rows are simulated from their own density; here numbers that normal sources state.
    arrays, [x] = arrays_and_points("apart", 1)
    is_chosen = (arrays.row_form == STATED) & (arrays.row_tails == NORMAL)
    chosen = np.flatnonzero(is_chosen)[::4]
    rows = row_jacobian_at(x, arrays)
    mean, sd = rows.location[chosen], rows.dispersion[chosen]
    only = arrays._replace(
        **{n: getattr(arrays, n)[chosen] for n in StudyArrays._fields if n.startswith("row_")}
    )
    information = row_information_at(x, only)
    roots = np.concatenate([information.location.toarray(), information.noise.toarray()])
    # Information is about the vector with the log baseline.
    jacobian = derivative(lambda x: with_total(x, only), with_baseline(x, only))
    rng, by_prior = np.random.default_rng(10), gradient_of(without_rows(arrays))(x)
    scores = []
    for _ in range(4000):
        drawn = only._replace(row_value=mean + sd * rng.standard_normal(chosen.size))
        scores.append(jacobian.T @ (gradient_of(drawn)(x) - by_prior))
    expected = roots.T @ roots
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    error = np.abs(np.cov(np.array(scores).T) - expected)
    # The standard error of a variance from 4,000 normal draws is 2.2 % of it; six of them.
    assert (error <= 0.14 * size + 1e-9).all()


@pytest.mark.parametrize("name", STUDIES)
def test_scale_parameters_are_sds_noises_concentrations_and_the_damping(name):
    layout = study(name).layout
    is_scale = scale_parameters(arrays_of(layout))
    paths = list(layout.priors)
    named = {path for path, own in zip(paths, is_scale, strict=False) if own}
    # Beside priors' parameters only the deviation of each source's noise from that of its kind.
    noise = segments_of(layout)["noise_z"]
    assert set(np.flatnonzero(is_scale)) - set(range(len(paths))) == set(
        range(noise.start, noise.start + noise.size)
    )
    for path in named:
        assert path.endswith(("_sd", ".sd", ".noise", ".concentration", ".damping")), path
    assert "regions.region_sd" in named
    assert "total.prior" not in named
