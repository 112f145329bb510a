"""How effects follow scales, noise and what regions share: the numbers of the map, and what one way
leaves for the other.
"""

from __future__ import annotations

from typing import NamedTuple

from headcount._types import FloatArray, IntArray
from headcount.engine.numba_support.struct_pointers import Addressed

__all__ = ["Recentring", "State"]


class _Recentring(NamedTuple):
    start: IntArray
    member: IntArray
    scale: IntArray
    matrix_start: IntArray
    rest: FloatArray
    run_start: IntArray
    run: IntArray
    path: IntArray
    followers: IntArray
    layer_start: IntArray
    layer_kind: IntArray
    entry_start: IntArray
    entry: IntArray
    information: FloatArray
    inner_start: IntArray
    inner: IntArray
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
    bend: IntArray
    bent: FloatArray
    lone: IntArray
    lone_scale: IntArray
    lone_centre: FloatArray
    lone_spread: FloatArray
    lone_information: FloatArray
    noise_kind: IntArray
    noise_place: IntArray
    noise_weight: FloatArray
    noise_centre: FloatArray
    portion: FloatArray


class Recentring(Addressed, _Recentring):
    """The map from u to x.

    Blocks of like size lie side by side in tiles (`headcount.engine.coordinates.batched_algebra`);
    the one that leads has a tile to itself. A tile has as many effects as its largest block. What
    is not there is an effect that stands still: its position is -1, and nothing is told about it.
    What has a size of its own in each block, such as its layers, lies block after block, lane after
    lane of each tile, and is empty where a lane is.

    Attributes
    ----------
    start
        Where the effects of each tile start; dims (tile + 1,).
    member, scale
        Position of each effect and of its log scale in x; dims (effect, lane).
    matrix_start
        Where each tile's square matrices start; dims (tile + 1,).
    rest
        What pulls the effects besides the layers; dims (effect, lane).
    run_start, run
        Growth paths of each block: place in the block of the first of the effects that make one up;
        dims (block + 1,), (path,).
    path
        How many effects a path has, and the position of the damping in x or -1; dims (2,).
    followers
        How many tiles follow leaders; what follows them is itself what they follow; dims (1,).
    layer_start
        Where each block's layers start; a layer is what rows of one kind say about the block's
        effects; dims (block + 1,).
    layer_kind
        Kind of a layer's rows; one past the last where their weight follows nobody's noise; dims
        (layer,).
    entry_start, entry, information
        G of each layer: places among all numbers of the tile's matrix, and what is there; dims
        (layer + 1,), (entry,), (entry,).
    inner_start, inner, pull
        b of each layer: places among all numbers of the tile's effects, and what is there; dims
        (layer + 1,), (inner,), (inner,).
    leader_start, leader
        Leaders of each block, as indices of those below; dims (block + 1,), (led,).
    steer_start, steer
        How much of a leader acts on a block as a step of each of its effects would, row by row;
        dims (block + 1,).
    cross_start, cross
        How a layer's pull moves with the block's leaders besides, row by row; -1 where it does not;
        dims (layer,).
    curve, curve_shift, curve_value, curve_slope
        A ratio or coverage leads by its logarithm: code of the link (0 for none), what is added on
        the link scale in this block, logarithm and its derivative at the centre; dims (led,).
    leader_place, leader_scale, leader_centre
        What all regions share and blocks follow: position in x, that of its log scale or -1, value
        at the centre; dims (leader,).
    bend
        What sets the slope at which an effect acts: index of what leads its block, or -1; dims
        (effect, lane).
    bent
        Of these effects, times their scales at the centre, where slopes are taken; nought
        elsewhere; dims (effect, lane).
    lone, lone_scale, lone_centre, lone_spread, lone_information
        Effects that belong to no block: position in x, that of the log scale, effect and scale at
        the centre, G; dims (lone,).
    noise_kind, noise_place, noise_weight
        The log noise of a kind of rows is a weighted sum of free variables: kind, position in x,
        weight; dims (entry,).
    noise_centre
        Log noise of each kind at the centre; dims (kind,).
    portion
        Part of the rows' variance that counts as noise; dims (kind,).
    """


class State(NamedTuple):
    """What the way from u to x leaves for the way back.

    Attributes
    ----------
    sigma
        Scales, times what links make of them since the centre; dims (effect, lane).
    mean
        L^{-1} S b; dims (effect, lane).
    pulled
        b; dims (effect, lane).
    towards
        The parts of b that a layer pulls at full weight; dims (inner,).
    step
        What leaders add to effects; dims (effect, lane).
    z
        The effects; dims (effect, lane).
    weighted, factors
        G and L(s)' of all tiles, of which the upper triangle is filled, the factors' diagonal
        inverted; dims (place, lane).
    weight
        Of rows of each kind; dims (kind + 1,).
    ahead
        How far leaders are from the centre; dims (led,).
    slope
        Of the leaders' links, in units of that at the centre; dims (led,).
    """

    sigma: FloatArray
    mean: FloatArray
    pulled: FloatArray
    towards: FloatArray
    step: FloatArray
    z: FloatArray
    weighted: FloatArray
    factors: FloatArray
    weight: FloatArray
    ahead: FloatArray
    slope: FloatArray
