"""How rows' weights follow noise: rows far out that other rows contradict weigh alike at any noise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize, sparse

from headcount.engine.coordinates.row_weights import LOOSE, Weighing


def weighing(slopes, outlying, *, portion=1.0, source=None, prior=1.0):
    """Sort rows about two effects of one block, given their slopes in sds, into kinds."""
    location = sparse.csr_array(np.array(slopes, dtype=float))
    rows = location.shape[0]
    information = SimpleNamespace(
        location=location,
        source=np.zeros(rows, dtype=np.int64) if source is None else np.array(source),
        portion=np.full(rows, portion),
        outlying=np.array(outlying, dtype=float),
    )
    members = np.arange(location.shape[1])
    return Weighing.of(information, prior * sparse.eye_array(members.size).tocsc(), [members])


def test_near_rows_are_one_kind_whose_weight_is_the_noise_s():
    found = weighing([[3, 0], [0, 4], [2, 2]], [0.1, 0.3, 0.0], portion=0.9)
    np.testing.assert_array_equal(found.kind, 0)
    assert found.portion == pytest.approx([0.9], rel=0.1)
    np.testing.assert_array_equal(found.source, [0])


def test_a_row_that_others_contradict_weighs_alike_at_any_noise():
    # Of four rows of the same effect the last is five sds out: 4 / (4 + 25) of its weight, or a
    # little more, follows the noise.
    found = weighing([[5, 0]] * 4, [0, 0, 0, 25])
    assert found.kind[3] not in found.kind[:3]
    assert 4 / 29 < found.portion[found.kind[3]] < 0.3


def test_a_row_that_nothing_but_the_prior_contradicts_does_not():
    # Were scales larger, the effect would follow the row.
    found = weighing([[5, 0], [0, 5]], [25, 0])
    assert found.kind[0] == found.kind[1]
    assert found.portion == pytest.approx([1.0])


def test_sources_are_kept_apart_and_rows_without_noise_are_the_last_kind():
    found = weighing([[1, 0], [1, 0], [0, 1]], [0, 0, 0], source=[2, 0, -1])
    np.testing.assert_array_equal(found.kind, [1, 0, 2])
    np.testing.assert_array_equal(found.source, [0, 2])


@pytest.mark.parametrize("residual", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("others", [0.0, 0.3, 3.0])
def test_the_portion_is_how_fast_the_weight_falls_with_the_noise(residual, others):
    """Solve for the effect that a row with heavy tails, others and a loose prior settle on, at two
    noises."""
    # The row is `residual` sds off where the noise is one.
    row, held = 5 / (4 + residual**2), others + LOOSE
    stated = residual * (1 + row / held)

    def weight(log_noise):
        variance = np.exp(2 * log_noise)

        def pull(effect):
            return 5 * (stated - effect) / (4 * variance + (stated - effect) ** 2) - held * effect

        at = optimize.brentq(pull, stated - residual - 0.1, stated - residual + 0.1, xtol=1e-13)
        return np.log(5 / (4 * variance + (stated - at) ** 2))

    step = 1e-4
    fall = -(weight(step) - weight(-step)) / (4 * step)
    found = weighing([[np.sqrt(row), 0], [np.sqrt(others), 0]], [residual**2, 0.0])
    # Portions are told apart in quarters, and are one at most. Where the row is at a tipping point
    # the effect follows it.
    expected = min(fall, 1.0) if fall > 0 else 1.0
    assert found.portion[found.kind[0]] == pytest.approx(expected, abs=0.25)
