"""Linear algebra of batches against NumPy's of each group by itself, and adjoints against
differences."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from headcount.engine.coordinates.batched_algebra import (
    Batch,
    effects_adjoint,
    effects_from_residuals,
    factor_adjoint,
    factorise,
    subtract_shift,
    terms_adjoint,
)
from headcount.engine.coordinates.noncentring_arrays import ConditionalTerms
from headcount.engine.numba_support.simd import WIDTH, broadcast, load, sqrt, store

SIZES = [0, 1, 2, 5, 8]


@njit
def effects(n, base_linear, information, shift, scale, residual):
    """Return effects, linear terms, whitened means, and factors (reciprocals on the diagonal)."""
    batch, terms = Batch(0, 0, n), ConditionalTerms(scale, shift, base_linear.copy(), information)
    mean, z, cholesky = np.empty(scale.size), np.empty(scale.size), np.zeros(information.size)
    for i in range(n):
        store(cholesky, i * n + i, broadcast(1.0))
    subtract_shift(batch, terms)
    factorise(batch, terms, cholesky, mean)
    effects_from_residuals(batch, residual, cholesky, mean, z)
    return z, terms.linear, mean, cholesky


@njit
def adjoint(n, information, shift, scale, saved, d_z):
    """Return the derivatives by u, b, shifts, log scales and G."""
    z, linear, mean, cholesky = saved
    batch, terms = Batch(0, 0, n), ConditionalTerms(scale, shift, linear, information)
    d_residual, d_terms = (
        np.empty(z.size),
        ConditionalTerms(
            np.empty(z.size), np.empty(z.size), np.empty(z.size), np.zeros(information.size)
        ),
    )
    effects_adjoint(batch, cholesky, d_z, d_residual, d_terms.linear)
    factor_adjoint(batch, cholesky, z, mean, d_residual, d_terms.linear, d_terms.information)
    terms_adjoint(batch, terms, d_terms)
    return d_residual, d_terms.linear, d_terms.shift, d_terms.scale, d_terms.information


def positive_definite(rng, n):
    """Return a positive definite matrix for each slot; dims (n, n, slot)."""
    roots = rng.standard_normal((WIDTH, n, n + 1))
    return np.ascontiguousarray((roots @ roots.swapaxes(1, 2)).transpose(1, 2, 0))


def batch_of(n):
    rng = np.random.default_rng(n)
    base_linear, shift, residual = rng.standard_normal((3, n, WIDTH))
    return {
        "base_linear": base_linear,
        "information": positive_definite(rng, n),
        "shift": shift,
        "scale": np.exp(0.3 * rng.standard_normal((n, WIDTH))),
        "residual": residual,
    }


def expected(base_linear, information, shift, scale, residual):
    """Return the effects of one slot and the log Jacobian."""
    scales = np.diag(scale)
    factor = np.linalg.cholesky(np.eye(scale.size) + scales @ information @ scales)
    mean = np.linalg.solve(factor, scales @ (base_linear - information @ shift))
    return np.linalg.solve(factor.T, mean + residual), -np.log(np.diag(factor)).sum()


def flat(values):
    return {name: own.ravel() for name, own in values.items()}


@pytest.mark.parametrize("n", SIZES)
def test_effects_are_those_of_each_slot_by_itself(n):
    values = batch_of(n)
    z, _, _, cholesky = effects(n, **flat(values))
    for slot in range(WIDTH):
        own, log_jacobian = expected(**{name: value[..., slot] for name, value in values.items()})
        np.testing.assert_allclose(z.reshape(n, WIDTH)[:, slot], own, rtol=1e-9, atol=1e-12)
        reciprocals = cholesky.reshape(n, n, WIDTH)[np.arange(n), np.arange(n), slot]
        assert np.log(reciprocals).sum() == pytest.approx(log_jacobian, abs=1e-10)


@pytest.mark.parametrize("n", [own for own in SIZES if own])
def test_the_adjoint_is_the_derivative_of_effects_and_log_jacobian(n):
    values, rng = batch_of(n), np.random.default_rng([n, 1])
    weight = rng.standard_normal((n, WIDTH))
    arguments = flat(values)
    z, *saved = effects(n, **arguments)
    d_u, d_linear, d_shift, d_log_scale, d_information = adjoint(
        n,
        arguments["information"],
        arguments["shift"],
        arguments["scale"],
        (z, *saved),
        weight.ravel(),
    )
    found = {
        "residual": d_u.reshape(n, WIDTH),
        "base_linear": d_linear.reshape(n, WIDTH),
        "shift": d_shift.reshape(n, WIDTH),
        "scale": d_log_scale.reshape(n, WIDTH) / values["scale"],
    }
    by_information = d_information.reshape(n, n, WIDTH)

    def value(slot, **changes):
        own = {name: array[..., slot] for name, array in values.items()} | changes
        effects_there, log_jacobian = expected(**own)
        return effects_there @ weight[:, slot] + log_jacobian

    for slot in range(WIDTH):
        for name, slopes in found.items():
            for i in range(n):
                step = np.zeros(n)
                step[i] = 1e-5
                own = values[name][..., slot]
                difference = value(slot, **{name: own + step}) - value(slot, **{name: own - step})
                assert slopes[i, slot] == pytest.approx(difference / 2e-5, rel=1e-6, abs=1e-7), name
        for i, j in zip(*np.triu_indices(n), strict=True):
            step = np.zeros((n, n))
            # The upper triangle of G stands for both.
            step[i, j] = step[j, i] = 1e-5
            own = values["information"][..., slot]
            difference = value(slot, information=own + step) - value(slot, information=own - step)
            assert by_information[i, j, slot] == pytest.approx(
                difference / 2e-5, rel=1e-6, abs=1e-7
            )


@njit
def arithmetic(a, b, found):
    for i in range(a.size // WIDTH):
        store(
            found, i, (load(a, i) + load(b, i) * broadcast(2.0) - broadcast(1.0)) / sqrt(load(b, i))
        )


def test_vectors_calculate_elementwise():
    a, b = np.random.default_rng(3).uniform(0.5, 2.0, (2, 3 * WIDTH))
    found = np.empty(a.size)
    arithmetic(a, b, found)
    np.testing.assert_allclose(found, (a + 2 * b - 1) / np.sqrt(b), rtol=1e-14)
