r"""Recentring: effects of regions move with scales, noise and what regions share as their
conditional posterior does.

An effect is a standard normal z times a scale :math:`\sigma = e^s`. Where data say much about
effects, z and s are tied along a curve, which no affine map straightens; where data say little,
they are independent. Data speak about *sums* of a unit's effects (its level, its growth in all
years, how its scopes differ, how its sources see it), so these are taken together. Given everything
else, a unit's effects z are close to normal with

.. math::
    Q = P + S G S, \quad \mu = Q^{-1} S b, \quad S = \mathrm{diag}(\sigma),
    \quad G = \sum_l \lambda_l G_l, \quad b = b_0 + \sum_l \lambda_l (b_l - C_l \gamma) - G A \gamma.

P is the precision of their prior: one, but that growth paths are tied from year to year, as the
damping has it. :math:`G_l` is what rows of kind l tell about the effects at a centre and
:math:`b_l` how they pull them. :math:`\lambda_l` is how much these rows weigh, which falls as their
noise rises; :math:`\gamma` is how far the leaders (levels, common growth, ratios, coverages) are
from the centre. A leader mostly acts on a unit as steps of the unit's effects would, A of them; C
is the rest. With Q = LL', z is replaced by u:

.. math:: z = \mu + L^{-T} u,

so u is what is left of z when all else is taken out, in sds; the density gains the Jacobian :math:`-\sum \log L_{ii}`. Given u,
the density of scales, noise and leaders is nearly their marginal density. Without information this is the non-centred
parametrisation, with much of it the centred one, and between them what the data ask for. See
Papaspiliopoulos, Roberts and Sköld (2007), https://doi.org/10.1214/088342307000000014, on why the
data should choose. The adjoint of the Cholesky factorisation is that of Murray (2016),
https://arxiv.org/abs/1602.07527.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import BoolArray, FloatArray, IntArray
from headcount.engine.coordinates.batch_layout import Block, Layer, Packing
from headcount.engine.coordinates.column_groups import Cut
from headcount.engine.coordinates.cross_information import Ties, units_of
from headcount.engine.coordinates.noncentring_arrays import Recentring
from headcount.engine.coordinates.row_weights import Weighing
from headcount.engine.coordinates.shared_parameters import Curves, Leaders, scales_of
from headcount.engine.density.codes import COMMON_INNOVATION
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    RowInformation,
    precision_roots,
    scale_parameters,
)
from headcount.engine.derivatives.growth_deviations import deviation_precision, to_deviations

__all__ = ["recentre"]

ROUNDING: Final = 1e-9
"""What is below this is nothing."""


def recentre(
    arrays: StudyArrays, centre: FloatArray, information: RowInformation
) -> tuple[Recentring, sparse.csc_array]:
    """Choose the recentring from what the rows tell at a point.

    Parameters
    ----------
    arrays
        The study.
    centre
        A point in the bulk of the posterior, best the mode given its scales; dims (free,).
    information
        What the rows tell there.

    Returns
    -------
    tuple
        The recentring, with a block for each unit; and the expected curvature by u, but for the
        scales, whose rows and columns are empty.
    """
    leaders, scales = Leaders.of(arrays, centre), scales_of(arrays)
    here = centre.copy()
    to_deviations(here, arrays)
    prior = deviation_precision(centre, np.ones(centre.size), arrays)
    groups, curves = _members(arrays), Curves(arrays, centre)
    weighing = Weighing.of(information, prior, groups)
    several = units_of(information.location, groups) > 1
    ties = _ties(information.location, several, prior, groups)
    heard = replace(information, location=ties.without(information.location))
    blocks = _blocks(
        groups, scales, here, prior, heard, ~several, weighing, leaders, curves.bends()
    )
    follow = _follow(centre.size, blocks, leaders)
    shared = np.flatnonzero((scales >= 0) & (arrays.effect_group < 0))
    told = _told_where_effects_follow(shared, information, follow, prior, blocks)
    common = np.flatnonzero(np.isin(shared, _common(arrays)))
    leading = _leading_block(
        shared[common], here, scales, told[np.ix_(common, common)], prior, weighing
    )
    lone, told_of_lone = np.delete(shared, common), np.delete(told.diagonal(), common)
    follow = sparse.csc_array(follow @ _unfolded(centre.size, [leading.members], [leading.factor]))
    precision = _precision(arrays, centre, information, ties, follow)
    spread = np.exp(centre[scales[lone]])
    recentring = Recentring(
        **Packing(blocks, leading).fields(arrays, leaders, curves),
        lone=lone,
        lone_scale=scales[lone],
        lone_centre=here[lone],
        lone_spread=spread,
        lone_information=told_of_lone / spread**2,
        **weighing.fields(arrays, centre),
    )
    return recentring, precision


class _Rows(NamedTuple):
    """The rows that speak of a block, kind by kind: slopes by effects and by leaders, gradients,
    whether of no other block.
    """

    effects: FloatArray
    leaders: FloatArray
    pull: FloatArray
    kind: IntArray
    alone: BoolArray

    def by_kind(self) -> Iterator[tuple[int, _Rows]]:
        """Go through the kinds."""
        ends = [*np.flatnonzero(np.diff(self.kind)) + 1, self.kind.size]
        for start, end in zip([0, *ends], ends, strict=False):
            own = slice(start, end)
            if end > start:
                yield (
                    int(self.kind[start]),
                    _Rows(
                        self.effects[own],
                        self.leaders[own],
                        self.pull[own],
                        self.kind[own],
                        self.alone[own],
                    ),
                )


def _ties(
    told: sparse.csr_array, several: BoolArray, prior: sparse.csc_array, groups: list[IntArray]
) -> Ties:
    """Choose what is left out of the rows that tie units, by what the rows about one unit alone
    leave of its effects.
    """
    apart, held = Cut(told[~several], groups), Cut(prior, groups)
    factors = []
    for number, members in enumerate(groups):
        effects = apart.dense(number, apart.rows(number))
        factors.append(np.linalg.cholesky(held.dense(number, members) + effects.T @ effects))
    tying = sparse.diags_array(several.astype(float)) @ told
    return Ties.of(sparse.csr_array(tying @ _unfolded(told.shape[1], groups, factors)), groups)


def _blocks(
    groups: list[IntArray],
    scales: IntArray,
    centre: FloatArray,
    prior: sparse.csc_array,
    information: RowInformation,
    alone: BoolArray,
    weighing: Weighing,
    leaders: Leaders,
    bends: IntArray,
) -> list[Block]:
    told, pull, held = (Cut(one, groups) for one in (information.location, information.pull, prior))
    by_leaders = information.location.tocsc()[:, leaders.place].tocsr()
    blocks = []
    for number, members in enumerate(groups):
        sigma, rows = np.exp(centre[scales[members]]), told.rows(number)
        rows = rows[np.argsort(weighing.kind[rows], kind="stable")]
        found = _Rows(
            effects=told.dense(number, rows) / sigma,
            leaders=by_leaders[rows].toarray() / leaders.spread,
            pull=pull.dense(number, rows) / sigma,
            kind=weighing.kind[rows],
            alone=alone[rows],
        )
        blocks.append(
            _block(members, centre, sigma, held.dense(number, members), found, leaders, bends)
        )
    return blocks


def _block(
    members: IntArray,
    centre: FloatArray,
    sigma: FloatArray,
    prior: FloatArray,
    rows: _Rows,
    leaders: Leaders,
    bends: IntArray,
) -> Block:
    """Collect what rows tell about a block, where the prior of its effects has this precision."""
    z, led = centre[members], np.flatnonzero(rows.leaders.any(axis=0))
    bending = np.searchsorted(leaders.place[led], bends[members])
    bending[np.append(leaders.place[led], -2)[bending] != bends[members]] = -1
    rows = rows._replace(leaders=rows.leaders[:, led])
    steer = _steer(rows)
    # Slopes by leaders of which steps of the effects would do nothing.
    left = rows.leaders - rows.effects @ steer
    left[np.abs(left) < 1e-6 * np.abs(rows.leaders).max(initial=ROUNDING)] = 0.0
    rest, precision = prior @ z / sigma, prior.copy()
    layers = []
    for kind, own in rows._replace(leaders=left).by_kind():
        seen, pull, spoken = (
            own.effects.T @ own.effects,
            own.pull.sum(axis=0),
            own.effects.any(axis=0),
        )
        cross = own.effects.T @ own.leaders
        layers.append(_layer(kind, np.flatnonzero(spoken), seen, pull + seen @ (z * sigma), cross))
        precision += seen * np.outer(sigma, sigma)
        # Whatever else holds effects where they are at the centre, the prior of the total above
        # all.
        rest -= np.where(spoken, pull, 0.0)
    towards = sigma[:, None] * (rows.effects.T @ rows.leaders) * leaders.spread[led]
    # A leader that bends the link of an effect moves it as well, but in the second order.
    following = -np.linalg.solve(precision, towards)
    return Block(
        members,
        np.linalg.cholesky(precision),
        rest,
        layers,
        led,
        steer,
        following,
        bending,
        z * sigma,
    )


def _steer(rows: _Rows) -> FloatArray:
    """Return A, from the rows about this block alone: there a leader mostly does what steps of the
    effects would do.
    """
    steer = np.linalg.pinv(rows.effects[rows.alone]) @ rows.leaders[rows.alone]
    steer[np.abs(steer) < ROUNDING] = 0.0
    return np.asarray(steer)


def _layer(
    kind: int, inner: IntArray, seen: FloatArray, pull: FloatArray, cross: FloatArray
) -> Layer:
    """Return what rows of a kind tell, about the effects that they speak of."""
    cross = cross[inner] if cross.any() else np.zeros((0, 0))
    return Layer(kind, inner, seen[inner[:, None], inner], pull[inner], cross)


def _members(arrays: StudyArrays) -> list[IntArray]:
    """Return the members of each block."""
    grouped = np.flatnonzero(arrays.effect_group >= 0)
    order = grouped[np.argsort(arrays.effect_group[grouped], kind="stable")]
    return (
        np.split(order, np.flatnonzero(np.diff(arrays.effect_group[order])) + 1)
        if order.size
        else []
    )


def _follow(size: int, blocks: list[Block], leaders: Leaders) -> sparse.csc_array:
    """Return the derivative of x by u at the centre, scales and noise held, where leaders are as in
    x; dims (free, free).
    """
    none = np.zeros(0, dtype=np.int64)
    rows = np.concatenate(
        [none, *(np.repeat(block.members, block.leaders.size) for block in blocks)]
    )
    led = [np.tile(leaders.place[block.leaders], block.members.size) for block in blocks]
    values = np.concatenate([np.zeros(0), *(block.following.ravel() for block in blocks)])
    following = sparse.coo_array((values, (rows, np.concatenate([none, *led]))), (size, size))
    own = _unfolded(size, [block.members for block in blocks], [block.factor for block in blocks])
    return sparse.csc_array(own + following)


def _unfolded(size: int, groups: list[IntArray], factors: list[FloatArray]) -> sparse.csc_array:
    """Return what makes effects of what is left of them, in sds: L^{-T} of each block, one
    elsewhere; dims (free, free).
    """
    alone = np.setdiff1d(np.arange(size), np.concatenate([np.zeros(0, np.int64), *groups]))
    rows = [alone, *(np.repeat(members, members.size) for members in groups)]
    columns = [alone, *(np.tile(members, members.size) for members in groups)]
    turns = [np.linalg.inv(factor).T.ravel() for factor in factors]
    values = np.concatenate([np.ones(alone.size), *turns])
    found = sparse.coo_array(
        (values, (np.concatenate(rows), np.concatenate(columns))), (size, size)
    ).tocsc()
    found.eliminate_zeros()
    return found


def _common(arrays: StudyArrays) -> IntArray:
    """Return the positions of the growth that all regions share."""
    inside = (arrays.predictor_row >= arrays.offset[COMMON_INNOVATION]) & (
        arrays.predictor_row < arrays.offset[COMMON_INNOVATION + 1]
    )
    return np.asarray(arrays.predictor_effect[inside])


def _leading_block(
    members: IntArray,
    here: FloatArray,
    scales: IntArray,
    told: FloatArray,
    prior: sparse.csc_array,
    weighing: Weighing,
) -> Block:
    """Collect what is told about effects that units follow: of nobody's noise, and with no leaders
    of their own.
    """
    z, sigma, none = here[members], np.exp(here[scales[members]]), np.zeros((members.size, 0))
    held, seen = prior[members][:, members].toarray(), told / np.outer(sigma, sigma)
    inner, nobody = np.arange(members.size), weighing.source.size
    layer = Layer(nobody, inner, seen, seen @ (z * sigma), none[:0])
    factor = np.linalg.cholesky(held + told)
    straight = np.full(members.size, -1)
    return Block(
        members,
        factor,
        held @ z / sigma,
        [layer],
        np.zeros(0, np.int64),
        none,
        none,
        straight,
        z * sigma,
    )


def _told_where_effects_follow(
    places: IntArray,
    information: RowInformation,
    follow: sparse.csc_array,
    prior: sparse.csc_array,
    blocks: list[Block],
) -> FloatArray:
    """Return what is told about shared effects where those of units follow them; dims (place,
    place).

    Beside the rows it is the effects' own priors that tell, as far as effects follow: the levels of
    all regions of two pools tell the difference between these.
    """
    members = np.concatenate([np.zeros(0, dtype=np.int64), *(block.members for block in blocks)])
    own = follow[:, places]
    told, following = information.location @ own, own.tocsr()[members]
    held = following.T @ prior.tocsr()[members][:, members] @ following
    return np.asarray((told.T @ told + held).toarray())


def _precision(
    arrays: StudyArrays,
    centre: FloatArray,
    information: RowInformation,
    ties: Ties,
    follow: sparse.csc_array,
) -> sparse.csc_array:
    """Return the expected curvature by u, without the scales."""
    rows, rest = precision_roots(information, centre, arrays)
    moved = sparse.csc_array(sparse.diags_array((~scale_parameters(arrays)).astype(float)) @ follow)
    several = units_of(rows, ties.groups) > 1
    tying, apart = (sparse.diags_array(own.astype(float)) @ rows for own in (several, ~several))
    tying = ties.without(tying @ moved)
    # What the total's prior tells is in no block, so of it any part can be left out.
    whole = tying[-1:]
    tying = sparse.vstack([tying[:-1], Ties.of(whole, ties.groups).without(whole)])
    found = sparse.csc_array(moved.T @ (apart.T @ apart + rest) @ moved + tying.T @ tying)
    # Where effects follow, nothing but rounding is left between them and their leaders.
    found.data[np.abs(found.data) < ROUNDING] = 0.0
    found.eliminate_zeros()
    return found
