"""The recentred density, compiled: from u to x, and the gradient by x back to one by u; see
`headcount.engine.coordinates.noncentring`.

Names of the form ``d_x`` hold the derivative of the log density by x.
"""

from __future__ import annotations

import math

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.batched_algebra import (
    back_effects,
    back_factor,
    back_information,
    effects_of,
    factorise,
    take_steps,
)
from headcount.engine.coordinates.noncentring_arrays import Recentring, State
from headcount.engine.density.tails import expit, log_expit_and_slope
from headcount.engine.numba_support.compilation import compiled, inner
from headcount.engine.numba_support.simd import LANES
from headcount.engine.numba_support.vector_ops import add, add_at, dot, dot_at

__all__ = ["from_pathwise", "to_pathwise"]


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
    """Return how much a row of each kind weighs, in units of its weight at the centre; and 1 for
    what has no noise.
    """
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
def _curves(u: FloatArray, recentring: Recentring) -> tuple[FloatArray, FloatArray]:
    """Return how far leaders with curved links are from the centre, and slopes of links in units of
    those there; dims (led,).
    """
    ahead, slope = np.zeros(recentring.leader.size), np.ones(recentring.leader.size)
    for i in range(ahead.size):
        curve = recentring.curve[i]
        if curve != 0:
            value = u[recentring.leader_place[recentring.leader[i]]] + recentring.curve_shift[i]
            at_centre, sign = recentring.curve_slope[i], 1.0 if curve == 1 else -1.0
            falling, steep = log_expit_and_slope(-sign * value)
            ahead[i], slope[i] = (
                (-sign * falling - recentring.curve_value[i]) / at_centre,
                steep / at_centre,
            )
    return ahead, slope


@inner
def _put_straight(x: FloatArray, recentring: Recentring, ahead: FloatArray) -> None:
    """Fill how far the leaders without a curved link are from the centre."""
    straight = np.empty(recentring.leader_place.size)
    for i in range(straight.size):
        scale = recentring.leader_scale[i]
        straight[i] = x[recentring.leader_place[i]] * (math.exp(x[scale]) if scale >= 0 else 1.0)
        straight[i] -= recentring.leader_centre[i]
    for i in range(ahead.size):
        if recentring.curve[i] == 0:
            ahead[i] = straight[recentring.leader[i]]


@inner
def _back_ahead(
    x: FloatArray,
    d_ahead: FloatArray,
    slope: FloatArray,
    recentring: Recentring,
    gradient: FloatArray,
) -> None:
    """Carry the derivative by how far leaders are back to x."""
    d_leader = np.zeros(recentring.leader_place.size)
    for i in range(d_ahead.size):
        d_leader[np.uint64(recentring.leader[i])] += d_ahead[i] * slope[i]
    for who in range(d_leader.size):
        place, scale, own = (
            recentring.leader_place[who],
            recentring.leader_scale[who],
            d_leader[who],
        )
        if scale >= 0:
            own *= math.exp(x[scale])
            gradient[scale] += own * x[place]
        gradient[place] += own


@inner
def _back_bend(
    led: int, d_sigma: float, state: State, recentring: Recentring, gradient: FloatArray
) -> None:
    """Carry the derivative by the log of a slope back to what bends the link: a leader, along a
    curve.
    """
    curve = recentring.curve[led]
    if curve != 0:
        flat = 1 - state.slope[led] * recentring.curve_slope[led]
        gradient[recentring.leader_place[recentring.leader[led]]] += d_sigma * (
            flat if curve == 1 else -flat
        )


@compiled
def to_pathwise(u: FloatArray, recentring: Recentring) -> tuple[FloatArray, State]:
    """Return x with the level in the place of the log total and paths in that of innovations, and
    what the way back needs.
    """
    starts, members, matrices = recentring.start, recentring.member, recentring.matrix_start
    x, weight = u.copy(), _weights(u, recentring)
    for effect in range(recentring.lone.size):
        at_zero, stretch, _ = _lone(effect, u, recentring)
        place = recentring.lone[effect]
        x[place] = at_zero + stretch * (u[place] - recentring.lone_centre[effect])
    sigma, left, (ahead, slope) = (
        np.ones(members.size),
        np.zeros(members.size),
        _curves(u, recentring),
    )
    scale, size = -1, 1.0
    for effect in range(members.size):
        if members[effect] >= 0:
            # Effects side by side mostly have one scale.
            if recentring.scale[effect] != scale:
                scale = recentring.scale[effect]
                size = math.exp(u[scale])
            sigma[effect] = size
            left[effect] = u[members[effect]]
            if recentring.bend[effect] >= 0:
                sigma[effect] *= slope[recentring.bend[effect]]
    step, mean, z = np.zeros(members.size), np.empty(members.size), np.empty(members.size)
    pulled, towards = recentring.rest.copy(), recentring.pull.copy()
    size_of_all = matrices[-1] * LANES
    weighted, factors = np.zeros(size_of_all), np.zeros(size_of_all)
    phi, whole = _tie(u, recentring)
    # From the last tile on: first the one that leads.
    for tile in range(starts.size - 2, -1, -1):
        if tile == recentring.followers[0] - 1:
            _put_straight(x, recentring, ahead)
        start, matrix, n = starts[tile], matrices[tile], starts[tile + 1] - starts[tile]
        _told(tile, weight, ahead, pulled, towards, step, weighted, recentring)
        # A link is followed from where an effect is at the centre, so only what is beyond it acts
        # at another slope.
        for effect in range(start * LANES, (start + n) * LANES):
            if recentring.bend[effect] >= 0:
                step[effect] -= (slope[recentring.bend[effect]] - 1) * recentring.bent[effect]
        take_steps(start, matrix, n, weighted, step, pulled)
        _put_prior(tile, phi, whole, recentring, factors)
        factorise(start, matrix, n, sigma, pulled, weighted, factors, mean)
        effects_of(start, matrix, n, left, factors, mean, z)
        for effect in range(start * LANES, (start + n) * LANES):
            if members[effect] >= 0:
                x[members[effect]] = z[effect]
    return x, State(sigma, mean, pulled, towards, step, z, weighted, factors, weight, ahead, slope)


@inner
def _told(
    tile: int,
    weight: FloatArray,
    ahead: FloatArray,
    pulled: FloatArray,
    towards: FloatArray,
    step: FloatArray,
    weighted: FloatArray,
    recentring: Recentring,
) -> None:
    """Add to a tile's b, its parts and G what is told where leaders and noise are now, and fill
    what leaders add to effects.
    """
    cross, steer, steers = recentring.cross, recentring.steer, recentring.steer_start
    entry, information, entries = recentring.entry, recentring.information, recentring.entry_start
    inner, inners = recentring.inner, recentring.inner_start
    first, own_pulled = recentring.start[tile] * LANES, pulled[recentring.start[tile] * LANES :]
    matrix = weighted[recentring.matrix_start[tile] * LANES :]
    for block in range(tile * LANES, (tile + 1) * LANES):
        leading = ahead[recentring.leader_start[block] : recentring.leader_start[block + 1]]
        led, effect = leading.size, first + block - tile * LANES
        for here in range(steers[block], steers[block + 1], max(led, 1)):
            step[effect] = dot(steer[here : here + led], leading)
            effect += LANES
        for layer in range(recentring.layer_start[block], recentring.layer_start[block + 1]):
            own, beside = weight[recentring.layer_kind[layer]], recentring.cross_start[layer]
            here, end = entries[layer], entries[layer + 1]
            add_at(matrix, entry[here:end], own, information[here:end])
            here, end = inners[layer], inners[layer + 1]
            if beside >= 0:
                for a in range(here, end):
                    towards[a] -= dot(cross[beside : beside + led], leading)
                    beside += led
            add_at(own_pulled, inner[here:end], own, towards[here:end])


@compiled
def from_pathwise(
    u: FloatArray, x: FloatArray, state: State, recentring: Recentring, gradient: FloatArray
) -> float:
    """Turn the gradient by x into one by u, and return the log Jacobian."""
    starts, members, matrices = recentring.start, recentring.member, recentring.matrix_start
    sigma, mean, pulled, step, z = state.sigma, state.mean, state.pulled, state.step, state.z
    weighted, factors = state.weighted, state.factors
    d_z, d_left, d_pulled = (
        np.zeros(members.size),
        np.empty(members.size),
        np.empty(members.size),
    )
    d_sigma, d_step, d_q = (
        np.empty(members.size),
        np.empty(members.size),
        np.empty(_largest(matrices) * LANES),
    )
    d_weight, d_ahead = np.zeros(state.weight.size), np.zeros(state.ahead.size)
    log_jacobian, d_damping, (phi, whole) = 0.0, 0.0, _tie(u, recentring)
    for tile in range(starts.size):
        if tile == recentring.followers[0]:
            _back_ahead(x, d_ahead, state.slope, recentring, gradient)
        if tile == starts.size - 1:
            break
        start, matrix, n = starts[tile], matrices[tile], starts[tile + 1] - starts[tile]
        for i in range(n):
            stretch = 1.0
            for lane in range(LANES):
                effect, place = (start + i) * LANES + lane, (matrix + i * (n + 1)) * LANES + lane
                if members[effect] >= 0:
                    stretch *= factors[place]
                    d_z[effect] = gradient[members[effect]]
            log_jacobian += math.log(stretch)
        back_effects(start, matrix, n, factors, d_z, d_left, d_pulled)
        back_factor(start, matrix, n, factors, z, mean, d_left, d_pulled, d_q)
        d_damping += _back_prior(tile, phi, whole, recentring, d_q)
        back_information(
            start, matrix, n, sigma, step, pulled, weighted, d_pulled, d_sigma, d_step, d_q
        )
        _back_told(tile, d_pulled, d_step, d_q, state, recentring, d_weight, d_ahead)
        for effect in range(start * LANES, (start + n) * LANES):
            if members[effect] >= 0:
                gradient[members[effect]] = d_left[effect]
    if recentring.path[1] >= 0:
        gradient[recentring.path[1]] += d_damping
    scale, total = 0, 0.0
    for effect in range(members.size):
        if members[effect] >= 0:
            if recentring.scale[effect] != scale:
                gradient[scale] += total
                scale, total = recentring.scale[effect], 0.0
            total += d_sigma[effect]
            if recentring.bend[effect] >= 0:
                led = recentring.bend[effect]
                by_slope = (
                    d_sigma[effect] - state.slope[led] * recentring.bent[effect] * d_step[effect]
                )
                _back_bend(led, by_slope, state, recentring, gradient)
    gradient[scale] += total
    for e in range(recentring.noise_kind.size):
        kind = recentring.noise_kind[e]
        own = state.weight[kind]
        slope = -2 * own * (1 - (1 - recentring.portion[kind]) * own)
        gradient[recentring.noise_place[e]] += recentring.noise_weight[e] * slope * d_weight[kind]
    return log_jacobian + _back_lone(u, recentring, gradient)


@inner
def _tie(u: FloatArray, recentring: Recentring) -> tuple[float, float]:
    """Return the damping, and the precision of a step of a growth path given the step before;
    without paths nought and one.
    """
    place = recentring.path[1]
    if place < 0:
        return 0.0, 1.0
    phi = expit(u[place])
    return phi, 1 / (expit(-u[place]) * (1 + phi))


@inner
def _put_prior(tile: int, phi: float, whole: float, recentring: Recentring, q: FloatArray) -> None:
    """Put the precision of the prior where there is nought: one, but that a growth path ties each
    step to the one after it.
    """
    n, base = (
        recentring.start[tile + 1] - recentring.start[tile],
        recentring.matrix_start[tile] * LANES,
    )
    down = (n + 1) * LANES
    for i in range(n):
        for lane in range(LANES):
            q[base + i * down + lane] = 1.0
    for block in range(tile * LANES, (tile + 1) * LANES):
        for run in range(recentring.run_start[block], recentring.run_start[block + 1]):
            place = base + recentring.run[run] * down + block - tile * LANES
            for _ in range(recentring.path[0] - 1):
                q[place] += phi * phi * whole
                q[place + down] += phi * phi * whole
                q[place + LANES] -= phi * whole
                place += down


@inner
def _back_prior(
    tile: int, phi: float, whole: float, recentring: Recentring, d_q: FloatArray
) -> float:
    """Return the derivative by the damping, given that by a tile's precision, twice its own on the
    diagonal.
    """
    down, total = (recentring.start[tile + 1] - recentring.start[tile] + 1) * LANES, 0.0
    for block in range(tile * LANES, (tile + 1) * LANES):
        for run in range(recentring.run_start[block], recentring.run_start[block + 1]):
            place = recentring.run[run] * down + block - tile * LANES
            for _ in range(recentring.path[0] - 1):
                total += (
                    phi * (d_q[place] + d_q[place + down]) - (1 + phi * phi) * d_q[place + LANES]
                )
                place += down
    return total * phi * (1 - phi) * whole * whole


@inner
def _largest(starts: IntArray) -> int:
    """Return the largest distance between two neighbouring starts; nought if there is one only."""
    largest = 0
    for i in range(starts.size - 1):
        largest = max(largest, starts[i + 1] - starts[i])
    return largest


@inner
def _back_told(
    tile: int,
    d_pulled: FloatArray,
    d_step: FloatArray,
    d_information: FloatArray,
    state: State,
    recentring: Recentring,
    d_weight: FloatArray,
    d_ahead: FloatArray,
) -> None:
    """Carry the derivatives by a tile's b, steps and G back to weights and leaders."""
    cross, steer, steers = recentring.cross, recentring.steer, recentring.steer_start
    entry, information, entries = recentring.entry, recentring.information, recentring.entry_start
    inner, inners, towards = recentring.inner, recentring.inner_start, state.towards
    first, own_pulled = recentring.start[tile] * LANES, d_pulled[recentring.start[tile] * LANES :]
    for block in range(tile * LANES, (tile + 1) * LANES):
        d_leading = d_ahead[recentring.leader_start[block] : recentring.leader_start[block + 1]]
        led, effect = d_leading.size, first + block - tile * LANES
        for here in range(steers[block], steers[block + 1], max(led, 1)):
            add(d_leading, d_step[effect], steer[here : here + led])
            effect += LANES
        for layer in range(recentring.layer_start[block], recentring.layer_start[block + 1]):
            kind, beside = recentring.layer_kind[layer], recentring.cross_start[layer]
            here, end = entries[layer], entries[layer + 1]
            total = dot_at(d_information, entry[here:end], information[here:end])
            here, end = inners[layer], inners[layer + 1]
            total += dot_at(own_pulled, inner[here:end], towards[here:end])
            d_weight[kind] += total
            if beside >= 0:
                for a in range(here, end):
                    add(
                        d_leading,
                        -state.weight[kind] * own_pulled[inner[a]],
                        cross[beside : beside + led],
                    )
                    beside += led
