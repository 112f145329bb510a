"""The conditional mode: no scoring step raises the log density by much, and scales stay."""

from __future__ import annotations

import numpy as np
import pytest
from tests.differences import arrays_and_points, local_of, log_density_of
from tests.studies import STUDIES

from headcount.engine.coordinates.posterior_mode import conditional_mode
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.derivatives.fisher_information import expected_precision, scale_parameters


@pytest.mark.parametrize("name", STUDIES)
def test_the_conditional_mode_is_one_and_leaves_the_scales(name):
    arrays, _ = arrays_and_points(name, 1)
    start, scales = arrays.prior_median, scale_parameters(arrays)
    mode = conditional_mode(arrays, start)
    np.testing.assert_array_equal(mode[scales], start[scales])
    log_density = log_density_of(arrays)
    assert log_density(mode) > log_density(start)
    _, gradient = Coordinates(arrays).log_density(local_of(mode, arrays))
    precision = expected_precision(mode, arrays).toarray()[np.ix_(~scales, ~scales)]
    gain = gradient[~scales] @ np.linalg.solve(precision, gradient[~scales])
    # The surveys of "polls" are drawn at random and contradict each other by thousands of units of
    # the log density: scoring follows a curved valley and stops before its end.
    assert gain < (20 if name == "polls" else 0.005 * np.sum(~scales))
