"""Weight classes: how the weight of rows varies with noise, also of rows that others contradict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize, sparse

from headcount.engine.coordinates.row_weights import PRIOR_FRACTION, RowWeights


def weights(slopes, outlying, *, portion=1.0, source=None, prior=1.0):
    """Sort rows about two effects of one group, given their slopes in sds, into weight classes."""
    location = sparse.csr_array(np.array(slopes, dtype=float))
    rows = location.shape[0]
    information = SimpleNamespace(
        location=location,
        source=np.zeros(rows, dtype=np.int64) if source is None else np.array(source),
        portion=np.full(rows, portion),
        outlying=np.array(outlying, dtype=float),
    )
    positions = np.arange(location.shape[1])
    return RowWeights.of(information, prior * sparse.eye_array(positions.size).tocsc(), [positions])


def test_rows_near_their_expectation_are_one_class_with_the_share_of_noise():
    found = weights([[3, 0], [0, 4], [2, 2]], [0.1, 0.3, 0.0], portion=0.9)
    np.testing.assert_array_equal(found.row_class, 0)
    assert found.noise_share == pytest.approx([0.9], rel=0.1)
    np.testing.assert_array_equal(found.source, [0])


def test_the_weight_of_a_row_that_others_contradict_hardly_varies_with_noise():
    # Of four rows about one effect the last is five sds away: 4 / (4 + 25) of its weight, or a
    # little more, varies with noise.
    found = weights([[5, 0]] * 4, [0, 0, 0, 25])
    assert found.row_class[3] not in found.row_class[:3]
    assert 4 / 29 < found.noise_share[found.row_class[3]] < 0.3


def test_the_weight_of_a_row_that_only_the_prior_contradicts_varies_with_noise():
    # If scales were larger, the effect would follow the row.
    found = weights([[5, 0], [0, 5]], [25, 0])
    assert found.row_class[0] == found.row_class[1]
    assert found.noise_share == pytest.approx([1.0])


def test_a_tenth_of_the_prior_precision_enters_leverage():
    # Leverage is 0.05 / (0.05 + 0.1), so the share is 4 / (4 + 25 / 3).
    found = weights([[np.sqrt(0.05), 0]], [25])
    assert found.noise_share == pytest.approx([4 / (4 + 25 / 3)])


def test_sources_are_separate_and_rows_without_noise_are_the_last_class():
    found = weights([[1, 0], [1, 0], [0, 1]], [0, 0, 0], source=[2, 0, -1])
    np.testing.assert_array_equal(found.row_class, [1, 0, 2])
    np.testing.assert_array_equal(found.source, [0, 2])


@pytest.mark.parametrize("residual", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("others", [0.0, 0.3, 3.0])
def test_the_noise_share_is_the_elasticity_of_the_weight(residual, others):
    """Find the effect at which a row with heavy tails, other rows and a weak prior balance, at two
    noises."""
    # The row is `residual` sds away where the noise is one.
    row, precision = 5 / (4 + residual**2), others + PRIOR_FRACTION
    value = residual * (1 + row / precision)

    def weight(log_noise):
        variance = np.exp(2 * log_noise)

        def score(effect):
            row_score = 5 * (value - effect) / (4 * variance + (value - effect) ** 2)
            return row_score - precision * effect

        at = optimize.brentq(score, value - residual - 0.1, value - residual + 0.1, xtol=1e-13)
        return np.log(5 / (4 * variance + (value - at) ** 2))

    step = 1e-4
    elasticity = -(weight(step) - weight(-step)) / (4 * step)
    found = weights([[np.sqrt(row), 0], [np.sqrt(others), 0]], [residual**2, 0.0])
    # Shares are binned in quarters, and are one at most. At a tipping point the effect follows the
    # row.
    expected = min(elasticity, 1.0) if elasticity > 0 else 1.0
    assert found.noise_share[found.row_class[0]] == pytest.approx(expected, abs=0.25)
