"""Linear algebra of tiles against NumPy's of each block by itself, and its adjoint against
differences."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from headcount.engine.coordinates.batched_algebra import (
    back_effects,
    back_factor,
    back_information,
    effects_of,
    factorise,
    take_steps,
)
from headcount.engine.numba_support.simd import LANES, at, every, put, root

SIZES = [0, 1, 2, 5, 8]


@njit
def effects(n, rest, information, step, sigma, left):
    """Return effects, what is kept for the way back, and the inverse of the factor's diagonal."""
    pulled, mean, z = rest.copy(), np.empty(rest.size), np.empty(rest.size)
    factors = np.zeros(information.size)
    for i in range(n):
        put(factors, i * n + i, every(1.0))
    take_steps(0, 0, n, information, step, pulled)
    factorise(0, 0, n, sigma, pulled, information, factors, mean)
    effects_of(0, 0, n, left, factors, mean, z)
    return z, pulled, mean, factors


@njit
def back(n, information, step, sigma, kept, d_z):
    """Return the derivatives by u, b, steps, log scales and G."""
    z, pulled, mean, factors = kept
    d_left, d_pulled, d_sigma, d_step = (
        np.empty(z.size),
        np.empty(z.size),
        np.empty(z.size),
        np.empty(z.size),
    )
    d_q = np.zeros(information.size)
    back_effects(0, 0, n, factors, d_z, d_left, d_pulled)
    back_factor(0, 0, n, factors, z, mean, d_left, d_pulled, d_q)
    back_information(0, 0, n, sigma, step, pulled, information, d_pulled, d_sigma, d_step, d_q)
    return d_left, d_pulled, d_step, d_sigma, d_q


def spread(rng, n):
    """Return a positive definite matrix for each lane; dims (n, n, lane)."""
    roots = rng.standard_normal((LANES, n, n + 1))
    return np.ascontiguousarray((roots @ roots.swapaxes(1, 2)).transpose(1, 2, 0))


def tile(n):
    rng = np.random.default_rng(n)
    rest, step, left = rng.standard_normal((3, n, LANES))
    return {
        "rest": rest,
        "information": spread(rng, n),
        "step": step,
        "sigma": np.exp(0.3 * rng.standard_normal((n, LANES))),
        "left": left,
    }


def expected(rest, information, step, sigma, left):
    """Return the effects of one lane and the log Jacobian."""
    scales = np.diag(sigma)
    factor = np.linalg.cholesky(np.eye(sigma.size) + scales @ information @ scales)
    mean = np.linalg.solve(factor, scales @ (rest - information @ step))
    return np.linalg.solve(factor.T, mean + left), -np.log(np.diag(factor)).sum()


def flat(values):
    return {name: own.ravel() for name, own in values.items()}


@pytest.mark.parametrize("n", SIZES)
def test_effects_are_those_of_each_lane_by_itself(n):
    values = tile(n)
    z, _, _, factors = effects(n, **flat(values))
    for lane in range(LANES):
        own, log_jacobian = expected(**{name: value[..., lane] for name, value in values.items()})
        np.testing.assert_allclose(z.reshape(n, LANES)[:, lane], own, rtol=1e-9, atol=1e-12)
        inverse = factors.reshape(n, n, LANES)[np.arange(n), np.arange(n), lane]
        assert np.log(inverse).sum() == pytest.approx(log_jacobian, abs=1e-10)


@pytest.mark.parametrize("n", [own for own in SIZES if own])
def test_the_way_back_is_the_derivative(n):
    values, rng = tile(n), np.random.default_rng([n, 1])
    weight = rng.standard_normal((n, LANES))
    arguments = flat(values)
    z, *kept = effects(n, **arguments)
    d_u, d_pulled, d_step, d_sigma, d_q = back(
        n,
        arguments["information"],
        arguments["step"],
        arguments["sigma"],
        (z, *kept),
        weight.ravel(),
    )
    found = {
        # Effects are what is left of them in u, so that d_u is the derivative by ``left``.
        "left": d_u.reshape(n, LANES),
        "rest": d_pulled.reshape(n, LANES),
        "step": d_step.reshape(n, LANES),
        "sigma": d_sigma.reshape(n, LANES) / values["sigma"],
    }
    by_information = d_q.reshape(n, n, LANES)

    def value(lane, **changes):
        own = {name: array[..., lane] for name, array in values.items()} | changes
        effects_there, log_jacobian = expected(**own)
        return effects_there @ weight[:, lane] + log_jacobian

    for lane in range(LANES):
        for name, slopes in found.items():
            for i in range(n):
                shift = np.zeros(n)
                shift[i] = 1e-5
                own = values[name][..., lane]
                difference = value(lane, **{name: own + shift}) - value(lane, **{name: own - shift})
                assert slopes[i, lane] == pytest.approx(difference / 2e-5, rel=1e-6, abs=1e-7), name
        for i, j in zip(*np.triu_indices(n), strict=True):
            shift = np.zeros((n, n))
            # Of G the upper triangle stands for both.
            shift[i, j] = shift[j, i] = 1e-5
            own = values["information"][..., lane]
            difference = value(lane, information=own + shift) - value(lane, information=own - shift)
            assert by_information[i, j, lane] == pytest.approx(
                difference / 2e-5, rel=1e-6, abs=1e-7
            )


@njit
def arithmetic(a, b, found):
    for i in range(a.size // LANES):
        put(found, i, (at(a, i) + at(b, i) * every(2.0) - every(1.0)) / root(at(b, i)))


def test_lanes_are_numbers_of_their_own():
    a, b = np.random.default_rng(3).uniform(0.5, 2.0, (2, 3 * LANES))
    found = np.empty(a.size)
    arithmetic(a, b, found)
    np.testing.assert_allclose(found, (a + 2 * b - 1) / np.sqrt(b), rtol=1e-14)
