"""The recentred density, compiled: from u to x, and the gradient by x back to one by u; see `headcount.engine.recentring`.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.compiling import compiled, inner
from headcount.engine.following import Recentring, State
from headcount.engine.levels import to_total
from headcount.engine.paths import pathwise_density, to_innovations
from headcount.engine.tails import expit, softplus
from headcount.engine.vectors import add, dot

__all__ = ["from_pathwise", "recentred_density", "to_natural", "to_pathwise"]


# What is compiled is put together in Python: a compiled function that calls others is compiled with all of them once more.


def to_natural(u: FloatArray, recentring: Recentring, arrays: Arrays) -> FloatArray:
    """Return the free vector x of a point u."""
    x: FloatArray = to_pathwise(u, recentring)[0]
    to_innovations(x, arrays.path, arrays.growth)
    to_total(x, arrays)
    return x


def recentred_density(u: FloatArray, recentring: Recentring, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log density at a point u, Jacobian included, and fill its gradient by u."""
    x, state = to_pathwise(u, recentring)
    total = pathwise_density(x.copy(), arrays, gradient)
    return total + float(from_pathwise(u, x, state, recentring, gradient))


@inner
def _lone(effect: int, u: FloatArray, recentring: Recentring) -> tuple[float, float, float]:
    """Return mean, stretch and weight of the data of an effect that belongs to no block."""
    first, told = recentring.lone_spread[effect], recentring.lone_information[effect]
    sigma = math.exp(u[recentring.lone_scale[effect]])
    seen, at_first = sigma * sigma * told, 1 + first * first * told
    mean = sigma / first * at_first * recentring.lone_centre[effect] / (1 + seen)
    return mean, math.sqrt(at_first / (1 + seen)), seen / (1 + seen)


@inner
def _back_lone(u: FloatArray, recentring: Recentring, gradient: FloatArray) -> float:
    """Turn the gradient by lone effects into one by u, and return the log Jacobian."""
    log_jacobian = 0.0
    for effect in range(recentring.lone.size):
        place, scale = recentring.lone[effect], recentring.lone_scale[effect]
        mean, stretch, weight = _lone(effect, u, recentring)
        ahead = u[place] - recentring.lone_centre[effect]
        by_scale = mean * (1 - 2 * weight) - stretch * weight * ahead
        gradient[scale] += gradient[place] * by_scale - weight
        gradient[place] *= stretch
        log_jacobian += math.log(stretch)
    return log_jacobian


@inner
def _weights(u: FloatArray, recentring: Recentring) -> FloatArray:
    """Return how much a row of each kind weighs, in units of its weight at the centre; and 1 for what has no noise."""
    kinds = recentring.portion.size
    ahead = np.empty(kinds)
    for k in range(kinds):
        ahead[k] = -recentring.noise_centre[k]
    for e in range(recentring.noise_kind.size):
        ahead[recentring.noise_kind[e]] += recentring.noise_weight[e] * u[recentring.noise_place[e]]
    weight = np.ones(kinds + 1)
    for k in range(kinds):
        weight[k] = 1 / (1 + recentring.portion[k] * math.expm1(2 * ahead[k]))
    return weight


@inner
def _slope(effect: int, u: FloatArray, recentring: Recentring) -> tuple[float, float]:
    """Return the slope of the link through which an effect acts, and the derivative of its logarithm by what bends it."""
    value = u[recentring.bend[effect]] + recentring.bend_shift[effect]
    if recentring.bend_code[effect] == 1:
        return expit(value), expit(-value)
    return expit(-value), -expit(value)


@inner
def _ahead(x: FloatArray, recentring: Recentring) -> FloatArray:
    """Return how far the leaders of each layer are from the centre; dims (led,)."""
    straight = np.empty(recentring.leader_place.size)
    for i in range(straight.size):
        scale = recentring.leader_scale[i]
        straight[i] = x[recentring.leader_place[i]] * (math.exp(x[scale]) if scale >= 0 else 1.0)
        straight[i] -= recentring.leader_centre[i]
    ahead = np.empty(recentring.leader.size)
    for i in range(ahead.size):
        who, curve = recentring.leader[i], recentring.curve[i]
        ahead[i] = straight[who]
        if curve != 0:
            value = x[recentring.leader_place[who]] + recentring.curve_shift[i]
            bent = softplus(value) if curve == 1 else -softplus(-value)
            ahead[i] = (bent - recentring.curve_value[i]) / recentring.curve_slope[i]
    return ahead


@inner
def _back_ahead(x: FloatArray, d_ahead: FloatArray, recentring: Recentring, gradient: FloatArray) -> None:
    """Carry the derivative by `_ahead` back to x."""
    for i in range(d_ahead.size):
        who, curve = recentring.leader[i], recentring.curve[i]
        place, scale = recentring.leader_place[who], recentring.leader_scale[who]
        slope = d_ahead[i]
        if curve != 0:
            value = x[place] + recentring.curve_shift[i]
            slope *= expit(value if curve == 1 else -value) / recentring.curve_slope[i]
        elif scale >= 0:
            slope *= math.exp(x[scale])
            gradient[scale] += slope * x[place]
        gradient[place] += slope


@compiled
def to_pathwise(u: FloatArray, recentring: Recentring) -> tuple[FloatArray, State]:
    """Return x with the level in the place of the log total and paths in that of innovations, and what the way back needs."""
    starts, members, scales, matrices = (
        recentring.start,
        recentring.member,
        recentring.scale,
        recentring.matrix_start,
    )
    first, centre = recentring.factor, recentring.centre
    x, weight = u.copy(), _weights(u, recentring)
    for effect in range(recentring.lone.size):
        at_zero, stretch, _ = _lone(effect, u, recentring)
        place = recentring.lone[effect]
        x[place] = at_zero + stretch * (u[place] - recentring.lone_centre[effect])
    sigma, step, mean = np.empty(members.size), np.zeros(members.size), np.empty(members.size)
    left, z = np.empty(members.size), np.empty(members.size)
    pulled, towards = recentring.rest.copy(), recentring.pull.copy()
    weighted, factors = np.zeros(first.size), np.empty(first.size)
    for effect in range(members.size):
        sigma[effect] = math.exp(u[scales[effect]])
        if recentring.bend[effect] >= 0:
            sigma[effect] *= _slope(effect, u, recentring)[0] / recentring.bend_slope[effect]
        left[effect] = u[members[effect]] - centre[effect]
    ahead = np.zeros(recentring.leader.size)
    # From the last block on: first those that lead.
    for block in range(starts.size - 2, -1, -1):
        if block == recentring.followers[0] - 1:
            ahead = _ahead(x, recentring)
        at, start, end = matrices[block], starts[block], starts[block + 1]
        n = end - start
        _told(block, weight, ahead, pulled, towards, step, weighted, recentring)
        for i in range(start, end):
            mean[i] = sigma[i] * pulled[i]
        for i in range(n):
            row, told = factors[at + i * n + i : at + i * n + n], weighted[at + i * n + i : at + i * n + n]
            own, beside = sigma[start + i], sigma[start + i : end]
            for j in range(row.size):
                row[j] = own * beside[j] * told[j]
            row[0] += 1
        _add_paths(factors[at : at + n * n], n, block, u, recentring)
        # L' and L^{-1} S b, row by row; what a row leaves is taken from those below it.
        for k in range(n):
            top = factors[at + k * n + k : at + k * n + n]
            pivot = 1 / math.sqrt(top[0])
            for j in range(top.size):
                top[j] *= pivot
            mean[start + k] *= pivot
            for i in range(1, n - k):
                add(factors[at + (k + i) * n + k + i : at + (k + i) * n + n], -top[i], top[i:])
            add(mean[start + k + 1 : end], -mean[start + k], top[1:])
        # mu + L^{-T} w = L^{-T} (L^{-1} S b + w), w = L(s0)' (u - mu(s0)) what the scales do not explain.
        for i in range(n - 1, -1, -1):
            row = factors[at + i * n + i : at + i * n + n]
            total = mean[start + i] + dot(first[at + i * n + i : at + i * n + n], left[start + i : end])
            z[start + i] = (total - dot(row[1:], z[start + i + 1 : end])) / row[0]
            x[members[start + i]] = z[start + i]
    return x, State(sigma, mean, pulled, towards, step, weighted, factors, weight, ahead)


@inner
def _told(
    block: int,
    weight: FloatArray,
    ahead: FloatArray,
    pulled: FloatArray,
    towards: FloatArray,
    step: FloatArray,
    weighted: FloatArray,
    recentring: Recentring,
) -> None:
    """Add to a block's b, its parts and G what is told where leaders and noise are now, and fill what leaders add to effects."""
    layers, whose = recentring.layer_start, recentring.layer_kind
    inner_start, inner = recentring.inner_start, recentring.inner
    steer, cross, information = recentring.steer, recentring.cross, recentring.information
    at, start, end = recentring.matrix_start[block], recentring.start[block], recentring.start[block + 1]
    n = end - start
    leading = ahead[recentring.leader_start[block] : recentring.leader_start[block + 1]]
    led, here = leading.size, recentring.steer_start[block]
    for i in range(n):
        step[start + i] = dot(steer[here + i * led : here + (i + 1) * led], leading)
    for layer in range(layers[block], layers[block + 1]):
        own, here, beside = (
            weight[whose[layer]],
            recentring.information_start[layer],
            recentring.cross_start[layer],
        )
        for a in range(inner_start[layer], inner_start[layer + 1]):
            row = at + inner[a] * n
            for b in range(a, inner_start[layer + 1]):
                weighted[row + inner[b]] += own * information[here]
                here += 1
            if beside >= 0:
                towards[a] -= dot(cross[beside : beside + led], leading)
                beside += led
            pulled[start + inner[a]] += own * towards[a]
    for i in range(n):
        row = weighted[at + i * n + i : at + i * n + n]
        pulled[start + i] -= dot(row, step[start + i : end])
        add(pulled[start + i + 1 : end], -step[start + i], row[1:])


@compiled
def from_pathwise(
    u: FloatArray, x: FloatArray, state: State, recentring: Recentring, gradient: FloatArray
) -> float:
    """Turn the gradient by x into one by u, and return the log Jacobian."""
    starts, members, matrices, first = (
        recentring.start,
        recentring.member,
        recentring.matrix_start,
        recentring.factor,
    )
    sigma, mean, pulled, step = state.sigma, state.mean, state.pulled, state.step
    weighted, factors = state.weighted, state.factors
    z, d_z, d_sigma, d_u = (
        np.empty(members.size),
        np.empty(members.size),
        np.zeros(members.size),
        np.zeros(members.size),
    )
    d_left, d_pulled, d_step = np.empty(members.size), np.empty(members.size), np.zeros(members.size)
    d_weight, d_ahead = np.zeros(state.weight.size), np.zeros(state.ahead.size)
    d_q, log_jacobian = np.empty(_largest(matrices)), 0.0
    for block in range(starts.size):
        if block == recentring.followers[0]:
            _back_ahead(x, d_ahead, recentring, gradient)
        if block == starts.size - 1:
            break
        at, start, end = matrices[block], starts[block], starts[block + 1]
        n = end - start
        for i in range(start, end):
            z[i], d_z[i] = x[members[i]], gradient[members[i]]
        for i in range(n):
            row, fixed = factors[at + i * n + i : at + i * n + n], first[at + i * n + i : at + i * n + n]
            log_jacobian += math.log(fixed[0] / row[0])
            d_left[start + i] = d_z[start + i] / row[0]
            add(d_z[start + i + 1 : end], -d_left[start + i], row[1:])
            add(d_u[start + i : end], d_left[start + i], fixed)
        for i in range(n - 1, -1, -1):
            row = factors[at + i * n + i : at + i * n + n]
            d_pulled[start + i] = (d_left[start + i] - dot(row[1:], d_pulled[start + i + 1 : end])) / row[0]
        # The derivative by L' is turned into that by Q, from the last row up; what is done is kept on both sides of the diagonal,
        # on it twice, and what is still to be done above it.
        for k in range(n - 1, -1, -1):
            row, top = d_q[k * n + k : k * n + n], factors[at + k * n + k : at + k * n + n]
            by_left, by_mean = -d_left[start + k], -mean[start + k]
            after, later = z[start + k : end], d_pulled[start + k : end]
            for j in range(row.size):
                row[j] = by_left * after[j] + by_mean * later[j]
            pivot = 1 / top[0]
            row[0] -= pivot
            for i in range(1, n - k):
                add(row[1:], -top[i], d_q[(k + i) * n + k + 1 : (k + i) * n + n])
            for j in range(1, n - k):
                row[j] *= pivot
                d_q[(k + j) * n + k] = row[j]
            row[0] = (row[0] - dot(row[1:], top[1:])) * pivot
        _back_paths(d_q, n, block, u, recentring, gradient)
        # From here on d_q holds the derivative by G, above the diagonal, of which the pull is made, too.
        for i in range(n):
            row, told = d_q[i * n + i : i * n + n], weighted[at + i * n + i : at + i * n + n]
            own, beside, turned = sigma[start + i], sigma[start + i : end], d_sigma[start + i : end]
            row[0] *= 0.5
            turned[0] += own * pulled[start + i] * d_pulled[start + i]
            for j in range(row.size):
                row[j] *= own * beside[j]
                turned[j] += row[j] * told[j]
            turned[0] += dot(row, told)
            d_pulled[start + i] *= own
        for i in range(n):
            row, told = d_q[i * n + i : i * n + n], weighted[at + i * n + i : at + i * n + n]
            own, ahead_of, pull_of = d_pulled[start + i], step[start + i : end], d_pulled[start + i : end]
            d_step[start + i] -= dot(told, pull_of)
            add(d_step[start + i + 1 : end], -own, told[1:])
            add(row[1:], -step[start + i], pull_of[1:])
            add(row, -own, ahead_of)
        _back_told(block, d_pulled[start:end], d_step[start:end], d_q, state, recentring, d_weight, d_ahead)
        for i in range(start, end):
            gradient[members[i]] = d_u[i]
    for effect in range(members.size):
        gradient[recentring.scale[effect]] += d_sigma[effect]
        if recentring.bend[effect] >= 0:
            gradient[recentring.bend[effect]] += d_sigma[effect] * _slope(effect, u, recentring)[1]
    for e in range(recentring.noise_kind.size):
        kind = recentring.noise_kind[e]
        own = state.weight[kind]
        slope = -2 * own * (1 - (1 - recentring.portion[kind]) * own)
        gradient[recentring.noise_place[e]] += recentring.noise_weight[e] * slope * d_weight[kind]
    return log_jacobian + _back_lone(u, recentring, gradient)


@inner
def _add_paths(q: FloatArray, n: int, block: int, u: FloatArray, recentring: Recentring) -> None:
    """Add to a block's precision, row by row, what the prior of growth paths ties together: each step and the one after it."""
    steps, damping = recentring.path
    for run in range(recentring.run_start[block], recentring.run_start[block + 1]):
        phi = expit(u[damping])
        whole = 1 / (expit(-u[damping]) * (1 + phi))
        for i in range(recentring.run[run], recentring.run[run] + steps - 1):
            q[i * n + i] += phi * phi * whole
            q[(i + 1) * n + i + 1] += phi * phi * whole
            q[i * n + i + 1] -= phi * whole


@inner
def _back_paths(
    d_q: FloatArray, n: int, block: int, u: FloatArray, recentring: Recentring, gradient: FloatArray
) -> None:
    """Carry the derivative by a block's precision, twice its own on the diagonal, back to the damping."""
    steps, damping = recentring.path
    for run in range(recentring.run_start[block], recentring.run_start[block + 1]):
        phi = expit(u[damping])
        whole = 1 / (expit(-u[damping]) * (1 + phi))
        slope = phi * (1 - phi) * whole * whole
        for i in range(recentring.run[run], recentring.run[run] + steps - 1):
            gradient[damping] += slope * phi * (d_q[i * n + i] + d_q[(i + 1) * n + i + 1])
            gradient[damping] -= slope * (1 + phi * phi) * d_q[i * n + i + 1]


@inner
def _largest(starts: IntArray) -> int:
    """Return the largest distance between two neighbouring starts; nought if there is one only."""
    largest = 0
    for i in range(starts.size - 1):
        largest = max(largest, starts[i + 1] - starts[i])
    return largest


@inner
def _back_told(
    block: int,
    d_pulled: FloatArray,
    d_step: FloatArray,
    d_information: FloatArray,
    state: State,
    recentring: Recentring,
    d_weight: FloatArray,
    d_ahead: FloatArray,
) -> None:
    """Carry the derivatives by a block's b, steps and G back to weights and leaders."""
    inner_start, inner, towards = recentring.inner_start, recentring.inner, state.towards
    information, cross, steer = recentring.information, recentring.cross, recentring.steer
    n, d_leading = d_pulled.size, d_ahead[recentring.leader_start[block] : recentring.leader_start[block + 1]]
    led, here = d_leading.size, recentring.steer_start[block]
    for i in range(n):
        add(d_leading, d_step[i], steer[here + i * led : here + (i + 1) * led])
    for layer in range(recentring.layer_start[block], recentring.layer_start[block + 1]):
        here, beside, total = recentring.information_start[layer], recentring.cross_start[layer], 0.0
        own = state.weight[recentring.layer_kind[layer]]
        for a in range(inner_start[layer], inner_start[layer + 1]):
            i = inner[a]
            total += d_pulled[i] * towards[a]
            for b in range(a, inner_start[layer + 1]):
                total += d_information[i * n + inner[b]] * information[here]
                here += 1
            if beside >= 0:
                add(d_leading, -own * d_pulled[i], cross[beside : beside + led])
                beside += led
        d_weight[recentring.layer_kind[layer]] += total
