"""The C callbacks of the sampler, and compiled functions that call each other by address."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from numba import carray, float64, int64, types
from tests.studies import study

from headcount.engine.coordinates.construction import first_coordinates
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.signatures import STUDY
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.derivatives.log_baseline import to_total
from headcount.engine.numba_support.compilation import from_c
from headcount.engine.numba_support.function_pointers import FunctionTable
from headcount.inference.sampling import Run, sample

AT = types.CPointer(float64)


@pytest.fixture(scope="module")
def walk():
    return first_coordinates(arrays_of(study("walk").layout))


def status_at(coordinates, y):
    numbers = [np.array(y, dtype=float), np.empty(coordinates.size), np.empty(1)]
    places = [own.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for own in numbers]
    return coordinates.log_density_callback.ctypes(
        coordinates.size, *places, coordinates.table.ctypes.data
    )


@pytest.mark.parametrize("wrong", [np.nan, 1e300])
def test_the_callback_returns_1_where_the_density_is_not_finite(walk, wrong):
    y = np.zeros(walk.size)
    assert status_at(walk, y) == 0
    y[0] = wrong
    assert status_at(walk, y) == 1


def test_the_sampler_diverges_where_the_density_is_not_finite(walk, monkeypatch):
    @from_c(int64(types.uint64, AT, AT, AT, types.voidptr))
    def normal_below_one(size, y_at, gradient_at, value_at, table):  # noqa: ARG001 - nutpie's interface
        y, gradient, value = carray(y_at, size), carray(gradient_at, size), carray(value_at, 1)
        value[0] = 0.0
        for i in range(size):
            value[0] -= 0.5 * y[i] * y[i]
            gradient[i] = -y[i]
        return 0 if y[0] < 1 else 1

    @from_c(int64(types.uint64, types.uint64, AT, AT, types.voidptr))
    def identity(size, expanded, y_at, x_at, table):  # noqa: ARG001 - nutpie's interface
        y, x = carray(y_at, size), carray(x_at, size)
        for i in range(size):
            x[i] = y[i]
        return 0

    monkeypatch.setattr(Coordinates, "log_density_callback", normal_below_one.made)
    monkeypatch.setattr(Coordinates, "free_vector_callback", identity.made)
    run = Run(chains=2, draws=200, tune=100)
    found = sample(walk, run, seed=1, cores=2, progress=False)
    assert found.free.shape == (2, 200, walk.size)
    assert found.free[..., 0].max() < 1
    assert found.free[..., 1].max() > 1
    assert found.stats["diverging"].sum() > 0


def test_another_number_of_variables_is_refused(walk):
    with pytest.raises(ValueError, match=rf"{walk.size} free variables, \(3,\) numbers"):
        walk.log_density(np.zeros(3))


def test_a_function_with_another_return_type_is_refused():
    table = FunctionTable(STUDY)
    table.function(to_total, float64, float64[::1], STUDY)
    with pytest.raises(TypeError, match="to_total returns none, and its callers expect float64"):
        table.addresses(arrays_of(study("walk").layout))


def test_functions_of_an_absent_tuple_have_address_zero():
    table = FunctionTable(STUDY)
    table.function(to_total, types.none, float64[::1], STUDY)
    np.testing.assert_array_equal(table.addresses(None), [0, 0])
