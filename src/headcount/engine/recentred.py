"""The recentred density, compiled: from u to x, and the gradient by x back to one by u; see `headcount.engine.recentring`.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.levels import levelled_density, to_total
from headcount.engine.tails import expit, softplus

__all__ = ["Recentring", "State", "recentred_density", "to_natural"]


class Recentring(NamedTuple):
    """The map from u to x; blocks have different sizes and lie one after the other, and so do the layers of each block.

    Attributes
    ----------
    start
        Where each block starts in ``member``; dims (block + 1,).
    member, scale
        Position of each effect and of its log scale in x; dims (effect,).
    matrix_start
        Where each block's square matrices start; dims (block + 1,).
    centre
        The effects at the centre, mu(s0); dims (effect,).
    factor
        L(s0) of each block, row by row.
    rest
        What pulls the effects besides the layers; dims (effect,).
    layer_start
        Where each block's layers start; a layer is what one source says about the block's effects; dims (block + 1,).
    layer_source
        Whose noise a layer's weight follows; one past the last source where that is nobody's; dims (layer,).
    inner_start, inner
        Effects that a layer speaks of, by their place in the block, ascending; dims (layer + 1,), (inner,).
    information_start, information
        G of each layer, its lower triangle row by row; dims (layer,).
    pull
        b of each layer; dims (inner,).
    leader_start, leader
        Leaders of each block, as indices of those below; dims (block + 1,), (led,).
    steer_start, steer
        How much of a leader acts on a block as a step of each of its effects would, row by row; dims (block,).
    cross_start, cross
        How a layer's pull moves with the block's leaders besides, row by row; -1 where it does not; dims (layer,).
    curve, curve_shift, curve_value, curve_slope
        A ratio or coverage leads by its logarithm: code of the link (0 for none), what is added on the link scale in this block,
        logarithm and its derivative at the centre; dims (led,).
    leader_place, leader_scale, leader_centre
        What all regions share and blocks follow: position in x, that of its log scale or -1, value at the centre; dims (leader,).
    lone, lone_scale, lone_centre, lone_spread, lone_information
        Effects that belong to no block: position in x, that of the log scale, effect and scale at the centre, G; dims (lone,).
    noise_source, noise_place, noise_weight
        The logarithm of a source's noise is a weighted sum of free variables: source, position in x, weight; dims (entry,).
    noise_centre
        Log noise of each source at the centre; dims (source,).
    portion
        Part of the rows' variance that is the source's noise; dims (source,).
    """

    start: IntArray
    member: IntArray
    scale: IntArray
    matrix_start: IntArray
    centre: FloatArray
    factor: FloatArray
    rest: FloatArray
    layer_start: IntArray
    layer_source: IntArray
    inner_start: IntArray
    inner: IntArray
    information_start: IntArray
    information: FloatArray
    pull: FloatArray
    leader_start: IntArray
    leader: IntArray
    steer_start: IntArray
    steer: FloatArray
    cross_start: IntArray
    cross: FloatArray
    curve: IntArray
    curve_shift: FloatArray
    curve_value: FloatArray
    curve_slope: FloatArray
    leader_place: IntArray
    leader_scale: IntArray
    leader_centre: FloatArray
    lone: IntArray
    lone_scale: IntArray
    lone_centre: FloatArray
    lone_spread: FloatArray
    lone_information: FloatArray
    noise_source: IntArray
    noise_place: IntArray
    noise_weight: FloatArray
    noise_centre: FloatArray
    portion: FloatArray


class State(NamedTuple):
    """What the way from u to x leaves for the way back.

    Attributes
    ----------
    sigma
        Scales; dims (effect,).
    mean
        L^{-1} S b; dims (effect,).
    pulled
        b; dims (effect,).
    step
        What leaders add to effects; dims (effect,).
    weighted, factors
        G, of which the lower triangle is filled, and L(s) of all blocks.
    weight
        Of rows of each source; dims (source + 1,).
    ahead
        How far leaders are from the centre; dims (led,).
    """

    sigma: FloatArray
    mean: FloatArray
    pulled: FloatArray
    step: FloatArray
    weighted: FloatArray
    factors: FloatArray
    weight: FloatArray
    ahead: FloatArray


@njit(cache=True, nogil=True, error_model="numpy")
def to_natural(u: FloatArray, recentring: Recentring, arrays: Arrays) -> FloatArray:
    """Return the free vector x of a point u."""
    x = _map(u, recentring)[0]
    to_total(x, arrays)
    return x


@njit(cache=True, nogil=True, error_model="numpy")
def recentred_density(u: FloatArray, recentring: Recentring, arrays: Arrays, gradient: FloatArray) -> float:
    """Evaluate the log density at a point u, Jacobian included, and fill its gradient by u."""
    x, state = _map(u, recentring)
    total = levelled_density(x, arrays, gradient)
    total += _back(x, state, recentring, gradient)
    return total + _back_lone(u, recentring, gradient)


@njit(cache=True, nogil=True, error_model="numpy")
def _lone(effect: int, u: FloatArray, recentring: Recentring) -> tuple[float, float, float]:
    """Return mean, stretch and weight of the data of an effect that belongs to no block."""
    first, told = recentring.lone_spread[effect], recentring.lone_information[effect]
    sigma = math.exp(u[recentring.lone_scale[effect]])
    seen, at_first = sigma * sigma * told, 1 + first * first * told
    mean = sigma / first * at_first * recentring.lone_centre[effect] / (1 + seen)
    return mean, math.sqrt(at_first / (1 + seen)), seen / (1 + seen)


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _weights(u: FloatArray, recentring: Recentring) -> FloatArray:
    """Return how much a row of each source weighs, in units of its weight at the centre; and 1 for what has no noise."""
    sources = recentring.portion.size
    ahead = -recentring.noise_centre
    for e in range(recentring.noise_source.size):
        ahead[recentring.noise_source[e]] += recentring.noise_weight[e] * u[recentring.noise_place[e]]
    weight = np.ones(sources + 1)
    for s in range(sources):
        weight[s] = 1 / (1 + recentring.portion[s] * math.expm1(2 * ahead[s]))
    return weight


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _map(u: FloatArray, recentring: Recentring) -> tuple[FloatArray, State]:
    """Return x, and what the way back needs."""
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
    ahead = _ahead(x, recentring)
    sigma, mean, step = np.empty(members.size), np.empty(members.size), np.zeros(members.size)
    pulled, weighted = _told(weight, ahead, step, recentring)
    factors = np.empty(first.size)
    for block in range(starts.size - 1):
        at, n, start = matrices[block], starts[block + 1] - starts[block], starts[block]
        for i in range(n):
            sigma[start + i] = math.exp(u[scales[start + i]])
        # L, the Cholesky factor of I + S G S, and L^{-1} S b, row by row.
        for i in range(n):
            row = at + i * n
            solved = sigma[start + i] * pulled[start + i]
            for j in range(i):
                column = at + j * n
                total = sigma[start + i] * sigma[start + j] * weighted[row + j]
                for k in range(j):
                    total -= factors[row + k] * factors[column + k]
                factors[row + j] = total / factors[column + j]
                solved -= factors[row + j] * mean[start + j]
            total = 1 + sigma[start + i] * sigma[start + i] * weighted[row + i]
            for k in range(i):
                total -= factors[row + k] * factors[row + k]
            factors[row + i] = math.sqrt(total)
            mean[start + i] = solved / factors[row + i]
        # mu + L^{-T} w = L^{-T} (L^{-1} S b + w), w = L(s0)' (u - mu(s0)) what the scales do not explain.
        for i in range(n):
            total = mean[start + i]
            for k in range(i, n):
                total += first[at + k * n + i] * (u[members[start + k]] - centre[start + k])
            x[members[start + i]] = total
        for i in range(n - 1, -1, -1):
            value = x[members[start + i]] / factors[at + i * n + i]
            x[members[start + i]] = value
            for k in range(i):
                x[members[start + k]] -= factors[at + i * n + k] * value
    return x, State(sigma, mean, pulled, step, weighted, factors, weight, ahead)


@njit(cache=True, nogil=True, error_model="numpy")
def _told(
    weight: FloatArray, ahead: FloatArray, step: FloatArray, recentring: Recentring
) -> tuple[FloatArray, FloatArray]:
    """Return b and G of all blocks where leaders and noise are now, and fill what leaders add to effects."""
    starts, layers, whose = recentring.start, recentring.layer_start, recentring.layer_source
    inner_start, inner, pull = recentring.inner_start, recentring.inner, recentring.pull
    steer, cross, information = recentring.steer, recentring.cross, recentring.information
    pulled, weighted = recentring.rest.copy(), np.zeros(recentring.factor.size)
    for block in range(starts.size - 1):
        at, n, start = recentring.matrix_start[block], starts[block + 1] - starts[block], starts[block]
        first_led, last_led = recentring.leader_start[block], recentring.leader_start[block + 1]
        led, here = last_led - first_led, recentring.steer_start[block]
        for i in range(n):
            for k in range(led):
                step[start + i] += steer[here + i * led + k] * ahead[first_led + k]
        for layer in range(layers[block], layers[block + 1]):
            own, here, beside = (
                weight[whose[layer]],
                recentring.information_start[layer],
                recentring.cross_start[layer],
            )
            for a in range(inner_start[layer], inner_start[layer + 1]):
                row, towards = at + inner[a] * n, pull[a]
                for b in range(inner_start[layer], a + 1):
                    weighted[row + inner[b]] += own * information[here]
                    here += 1
                if beside >= 0:
                    for k in range(led):
                        towards -= cross[beside + (a - inner_start[layer]) * led + k] * ahead[first_led + k]
                pulled[start + inner[a]] += own * towards
        for i in range(n):
            for j in range(i):
                pulled[start + i] -= weighted[at + i * n + j] * step[start + j]
                pulled[start + j] -= weighted[at + i * n + j] * step[start + i]
            pulled[start + i] -= weighted[at + i * n + i] * step[start + i]
    return pulled, weighted


@njit(cache=True, nogil=True, error_model="numpy")
def _back(x: FloatArray, state: State, recentring: Recentring, gradient: FloatArray) -> float:
    """Turn the gradient by x into one by u, and return the log Jacobian."""
    starts, members, scales, first = (
        recentring.start,
        recentring.member,
        recentring.scale,
        recentring.factor,
    )
    sigma, mean, pulled, step = state.sigma, state.mean, state.pulled, state.step
    weighted, factors = state.weighted, state.factors
    largest = 0
    for block in range(starts.size - 1):
        largest = max(largest, starts[block + 1] - starts[block])
    d_left, d_pulled, d_q = np.empty(largest), np.empty(largest), np.empty(largest * largest)
    d_weight, d_ahead = np.zeros(state.weight.size), np.zeros(state.ahead.size)
    log_jacobian = 0.0
    for block in range(starts.size - 1):
        at, n, start = recentring.matrix_start[block], starts[block + 1] - starts[block], starts[block]
        for i in range(n):
            log_jacobian += math.log(first[at + i * n + i] / factors[at + i * n + i])
            total = gradient[members[start + i]]
            for k in range(i):
                total -= factors[at + i * n + k] * d_left[k]
            d_left[i] = total / factors[at + i * n + i]
            d_pulled[i] = d_left[i]
        for i in range(n - 1, -1, -1):
            d_pulled[i] /= factors[at + i * n + i]
            for k in range(i):
                d_pulled[k] -= factors[at + i * n + k] * d_pulled[i]
        for i in range(n):
            z, row = x[members[start + i]], i * n
            for j in range(i + 1):
                d_q[row + j] = -z * d_left[j] - d_pulled[i] * mean[start + j]
            d_q[row + i] -= 1 / factors[at + row + i]
        # Turn the derivative by L into that by Q, in place; each pair off the diagonal is counted once, below it.
        for i in range(n - 1, -1, -1):
            row = i * n
            d_q[row + i] *= 0.5 / factors[at + row + i]
            twice = 2 * d_q[row + i]
            for k in range(i):
                d_q[row + k] -= twice * factors[at + row + k]
            for j in range(i - 1, -1, -1):
                column = j * n
                own = d_q[row + j] / factors[at + column + j]
                d_q[row + j] = own
                d_q[column + j] -= own * factors[at + row + j]
                for k in range(j):
                    d_q[row + k] -= own * factors[at + column + k]
                    d_q[column + k] -= own * factors[at + row + k]
        for i in range(n):
            own, row = sigma[start + i], i * n
            gradient[scales[start + i]] += own * pulled[start + i] * d_pulled[i]
            d_pulled[i] *= own
            for j in range(i + 1):
                d_q[row + j] *= own * sigma[start + j]
                slope = d_q[row + j] * weighted[at + row + j]
                gradient[scales[start + i]] += slope
                gradient[scales[start + j]] += slope
        # From here on d_q holds the derivative by G, of which the pull is made, too.
        for i in range(n):
            row = i * n
            for j in range(i):
                d_q[row + j] -= d_pulled[i] * step[start + j] + d_pulled[j] * step[start + i]
            d_q[row + i] -= d_pulled[i] * step[start + i]
        _back_told(block, d_pulled, d_q, state, recentring, d_weight, d_ahead)
        for i in range(n):
            total = 0.0
            for j in range(i + 1):
                total += first[at + i * n + j] * d_left[j]
            gradient[members[start + i]] = total
    _back_ahead(x, d_ahead, recentring, gradient)
    for e in range(recentring.noise_source.size):
        s = recentring.noise_source[e]
        own = state.weight[s]
        slope = -2 * own * (1 - (1 - recentring.portion[s]) * own)
        gradient[recentring.noise_place[e]] += recentring.noise_weight[e] * slope * d_weight[s]
    return log_jacobian


@njit(cache=True, nogil=True, error_model="numpy")
def _back_told(
    block: int,
    d_pulled: FloatArray,
    d_information: FloatArray,
    state: State,
    recentring: Recentring,
    d_weight: FloatArray,
    d_ahead: FloatArray,
) -> None:
    """Carry the derivatives by a block's b and G back to weights and leaders."""
    inner_start, inner, pull = recentring.inner_start, recentring.inner, recentring.pull
    information, cross, steer = recentring.information, recentring.cross, recentring.steer
    weighted, ahead = state.weighted, state.ahead
    at, n = recentring.matrix_start[block], recentring.start[block + 1] - recentring.start[block]
    first_led = recentring.leader_start[block]
    led, here = recentring.leader_start[block + 1] - first_led, recentring.steer_start[block]
    d_step = np.zeros(n)
    for i in range(n):
        for j in range(i):
            d_step[i] -= weighted[at + i * n + j] * d_pulled[j]
            d_step[j] -= weighted[at + i * n + j] * d_pulled[i]
        d_step[i] -= weighted[at + i * n + i] * d_pulled[i]
    for i in range(n):
        for k in range(led):
            d_ahead[first_led + k] += steer[here + i * led + k] * d_step[i]
    for layer in range(recentring.layer_start[block], recentring.layer_start[block + 1]):
        here, beside, total = recentring.information_start[layer], recentring.cross_start[layer], 0.0
        own = state.weight[recentring.layer_source[layer]]
        for a in range(inner_start[layer], inner_start[layer + 1]):
            i = inner[a]
            total += d_pulled[i] * pull[a]
            for b in range(inner_start[layer], a + 1):
                total += d_information[i * n + inner[b]] * information[here]
                here += 1
            if beside >= 0:
                for k in range(led):
                    slope = d_pulled[i] * cross[beside + (a - inner_start[layer]) * led + k]
                    total -= slope * ahead[first_led + k]
                    d_ahead[first_led + k] -= own * slope
        d_weight[recentring.layer_source[layer]] += total
