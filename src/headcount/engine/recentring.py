r"""Recentring: effects of regions move with scales, noise and what regions share as their conditional posterior does.

An effect is a standard normal z times a scale :math:`\sigma = e^s`. Where data say much about effects, z and s are tied along a
curve, which no affine map straightens; where data say little, they are independent. Data speak about *sums* of a unit's effects
(its level, its growth in all years, how its scopes differ, how its sources see it), so these are taken together. Given
everything else, a unit's effects z are close to normal with

.. math::
    Q = P + S G S, \quad \mu = Q^{-1} S b, \quad S = \mathrm{diag}(\sigma),
    \quad G = \sum_l \lambda_l G_l, \quad b = b_0 + \sum_l \lambda_l (b_l - C_l \gamma) - G A \gamma.

P is the precision of their prior: one, but that growth paths are tied from year to year, as the damping has it.
:math:`G_l` is what rows of kind l tell about the effects at a centre and :math:`b_l` how they pull them. :math:`\lambda_l` is how
much these rows weigh, which falls as their noise rises; :math:`\gamma` is how far the leaders (levels, common growth, ratios,
coverages) are from the centre. A leader mostly acts on a unit as steps of the unit's effects would, A of them; C is the
rest. With Q = LL', z is replaced by u:

.. math:: z = \mu + L^{-T} L_0^T (u - \mu_0),

so u = z at the centre, and elsewhere u is what is left of z when all else is taken out; the density gains the Jacobian
:math:`-\sum \log L_{ii}`. Given u, the density of scales, noise and leaders is nearly their marginal density. Without
information this is the non-centred parametrisation, with much of it the centred one, and between them what the data ask
for. See Papaspiliopoulos, Roberts and Sköld (2007), https://doi.org/10.1214/088342307000000014, on why the data should
choose. The adjoint of the Cholesky factorisation is that of Murray (2016), https://arxiv.org/abs/1602.07527.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.codes import COMMON
from headcount.engine.curvature import Information, curvature_of, scale_parameters
from headcount.engine.cutting import Cut
from headcount.engine.following import Recentring
from headcount.engine.leaders import Bends, Curves, Leaders, scales_of
from headcount.engine.packing import Block, Layer, Packing
from headcount.engine.paths import path_precision, to_paths
from headcount.engine.weighing import Weighing

__all__ = ["recentre"]

ROUNDING: Final = 1e-9
"""What is below this is nothing."""


def recentre(
    arrays: Arrays, centre: FloatArray, information: Information
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
        The recentring, with a block for each unit; and the expected curvature by u, but for the scales, whose rows and columns
        are empty.
    """
    leaders, scales = Leaders.of(arrays, centre), scales_of(arrays)
    here = centre.copy()
    to_paths(here, arrays)
    prior = path_precision(centre, np.ones(centre.size), arrays)
    weighing = Weighing.of(information, prior, _members(arrays))
    curves = Curves(arrays, centre)
    blocks = _blocks(arrays, here, prior, information, weighing, leaders, curves.bends())
    follow = _follow(centre.size, blocks, leaders)
    shared = np.flatnonzero((scales >= 0) & (arrays.group < 0))
    told = _told_where_effects_follow(shared, information, follow, prior, blocks)
    common = np.flatnonzero(np.isin(shared, _common(arrays)))
    leading = _leading_block(shared[common], here, scales, told[np.ix_(common, common)], prior, weighing)
    lone, told_of_lone = np.delete(shared, common), np.delete(told.diagonal(), common)
    precision = _precision(arrays, curvature_of(information, centre, arrays), follow)
    spread = np.exp(centre[scales[lone]])
    recentring = Recentring(
        **Packing(blocks, leading).fields(arrays, here, leaders, curves),
        lone=lone,
        lone_scale=scales[lone],
        lone_centre=here[lone],
        lone_spread=spread,
        lone_information=told_of_lone / spread**2,
        **weighing.fields(arrays, centre),
    )
    return recentring, precision


class _Rows(NamedTuple):
    """The rows that speak of a block, kind by kind: slopes by effects and by leaders, gradients, whether of no other block."""

    effects: FloatArray
    leaders: FloatArray
    pull: FloatArray
    kind: IntArray
    alone: IntArray

    def by_kind(self) -> Iterator[tuple[int, _Rows]]:
        """Go through the kinds."""
        ends = [*np.flatnonzero(np.diff(self.kind)) + 1, self.kind.size]
        for start, end in zip([0, *ends], ends, strict=False):
            own = slice(start, end)
            if end > start:
                yield (
                    int(self.kind[start]),
                    _Rows(
                        self.effects[own], self.leaders[own], self.pull[own], self.kind[own], self.alone[own]
                    ),
                )


def _blocks(
    arrays: Arrays,
    centre: FloatArray,
    prior: sparse.csc_array,
    information: Information,
    weighing: Weighing,
    leaders: Leaders,
    bends: Bends,
) -> list[Block]:
    groups, scales = _members(arrays), scales_of(arrays)
    told, pull, held = (Cut(one, groups) for one in (information.location, information.pull, prior))
    by_leaders = information.location.tocsc()[:, leaders.place].tocsr()
    alone = _speaks_of_one(information.location, groups)
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
        blocks.append(_block(members, centre, sigma, held.dense(number, members), found, leaders, bends))
    return blocks


def _block(
    members: IntArray,
    centre: FloatArray,
    sigma: FloatArray,
    prior: FloatArray,
    rows: _Rows,
    leaders: Leaders,
    bends: Bends,
) -> Block:
    """Collect what rows tell about a block, where the prior of its effects has this precision."""
    z, led = centre[members], np.flatnonzero(rows.leaders.any(axis=0))
    bends = bends.of(members, leaders.place[led])
    rows = rows._replace(leaders=rows.leaders[:, led])
    steer = _steer(rows)
    # Slopes by leaders of which steps of the effects would do nothing.
    left = rows.leaders - rows.effects @ steer
    left[np.abs(left) < 1e-6 * np.abs(rows.leaders).max(initial=ROUNDING)] = 0.0
    rest, precision = prior @ z / sigma, prior.copy()
    layers = []
    for kind, own in rows._replace(leaders=left).by_kind():
        seen, pull, spoken = own.effects.T @ own.effects, own.pull.sum(axis=0), own.effects.any(axis=0)
        cross = own.effects.T @ own.leaders
        layers.append(_layer(kind, np.flatnonzero(spoken), seen, pull + seen @ (z * sigma), cross))
        precision += seen * np.outer(sigma, sigma)
        # Whatever else holds effects where they are at the centre, the prior of the total above all.
        rest -= np.where(spoken, pull, 0.0)
    towards = sigma[:, None] * (rows.effects.T @ rows.leaders) * leaders.spread[led]
    # What a leader does to the slope of an effect it does to its scale, with which the conditional mean moves.
    own = (leaders.place[led] == bends.place[:, None]) * bends.slopes(centre)[1][:, None]
    bent = own * z[:, None]
    turned = np.linalg.solve(precision, own * (prior @ z)[:, None] + prior @ bent)
    following = turned - bent - np.linalg.solve(precision, towards)
    return Block(members, np.linalg.cholesky(precision), rest, layers, led, steer, following, bends)


def _steer(rows: _Rows) -> FloatArray:
    """Return A, from the rows about this block alone: there a leader mostly does what steps of the effects would do."""
    steer = np.linalg.pinv(rows.effects[rows.alone]) @ rows.leaders[rows.alone]
    steer[np.abs(steer) < ROUNDING] = 0.0
    return np.asarray(steer)


def _layer(kind: int, inner: IntArray, seen: FloatArray, pull: FloatArray, cross: FloatArray) -> Layer:
    """Return what rows of a kind tell, about the effects that they speak of."""
    cross = cross[inner] if cross.any() else np.zeros((0, 0))
    return Layer(kind, inner, seen[inner[:, None], inner], pull[inner], cross)


def _members(arrays: Arrays) -> list[IntArray]:
    """Return the members of each block."""
    grouped = np.flatnonzero(arrays.group >= 0)
    order = grouped[np.argsort(arrays.group[grouped], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(arrays.group[order])) + 1) if order.size else []


def _speaks_of_one(told: sparse.csr_array, groups: list[IntArray]) -> IntArray:
    """Say which rows speak of the effects of one block only; dims (row,)."""
    block = np.zeros(told.shape[1], dtype=np.int64)
    for number, members in enumerate(groups, start=1):
        block[members] = number
    entries = told.tocoo()
    inside = block[entries.col] > 0
    blocks = len(groups) + 1
    pairs = np.unique(entries.row[inside].astype(np.int64) * blocks + block[entries.col[inside]])
    return np.asarray(np.bincount(pairs // blocks, minlength=told.shape[0]) == 1)


def _follow(size: int, blocks: list[Block], leaders: Leaders) -> sparse.csc_array:
    """Return the derivative of x by u at the centre, scales and noise held; dims (free, free)."""
    rows, columns, values = [np.arange(size)], [np.arange(size)], [np.ones(size)]
    for block in blocks:
        rows.append(np.repeat(block.members, block.leaders.size))
        columns.append(np.tile(leaders.place[block.leaders], block.members.size))
        values.append(block.following.ravel())
    places = (np.concatenate(rows), np.concatenate(columns))
    return sparse.coo_array((np.concatenate(values), places), (size, size)).tocsc()


def _common(arrays: Arrays) -> IntArray:
    """Return the positions of the growth that all regions share."""
    inside = (arrays.entry_row >= arrays.offset[COMMON]) & (arrays.entry_row < arrays.offset[COMMON + 1])
    return np.asarray(arrays.entry_a[inside])


def _leading_block(
    members: IntArray,
    here: FloatArray,
    scales: IntArray,
    told: FloatArray,
    prior: sparse.csc_array,
    weighing: Weighing,
) -> Block:
    """Collect what is told about effects that units follow: of nobody's noise, and with no leaders of their own."""
    z, sigma, none = here[members], np.exp(here[scales[members]]), np.zeros((members.size, 0))
    held, seen = prior[members][:, members].toarray(), told / np.outer(sigma, sigma)
    inner, nobody = np.arange(members.size), weighing.source.size
    layer = Layer(nobody, inner, seen, seen @ (z * sigma), none[:0])
    factor = np.linalg.cholesky(held + told)
    straight = Bends.none(members.size)
    return Block(members, factor, held @ z / sigma, [layer], np.zeros(0, np.int64), none, none, straight)


def _told_where_effects_follow(
    places: IntArray,
    information: Information,
    follow: sparse.csc_array,
    prior: sparse.csc_array,
    blocks: list[Block],
) -> FloatArray:
    """Return what is told about shared effects where those of units follow them; dims (place, place).

    Beside the rows it is the effects' own priors that tell, as far as effects follow: the levels of all regions of two pools tell
    the difference between these.
    """
    members = np.concatenate([np.zeros(0, dtype=np.int64), *(block.members for block in blocks)])
    own = follow[:, places]
    told, following = information.location @ own, own.tocsr()[members]
    held = following.T @ prior.tocsr()[members][:, members] @ following
    return np.asarray((told.T @ told + held).toarray())


def _precision(arrays: Arrays, expected: sparse.csc_array, follow: sparse.csc_array) -> sparse.csc_array:
    """Return the expected curvature by u, without the scales."""
    still = sparse.diags_array((~scale_parameters(arrays)).astype(float))
    found = sparse.csc_array(follow.T @ (still @ expected @ still) @ follow)
    # Where effects follow, nothing but rounding is left between them and their leaders.
    found.data[np.abs(found.data) < ROUNDING] = 0.0
    found.eliminate_zeros()
    return found
