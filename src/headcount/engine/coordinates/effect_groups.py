r"""Effect groups: the quadratic expansion of the log posterior in their effects at the centre.

An effect group is a set of effects whose sums rows inform: of a region or of a reach group its
share, its growth in all years, its ratios and how its sources reach it. For each group this module
collects the constants of the non-centring map (`headcount.engine.coordinates.noncentring`) from
rows with slopes J by scaled effects :math:`\theta = S z` and K by scaled shared parameters: for
each weight class :math:`G_l = J_l^T J_l`, :math:`b_l = \nabla_l + G_l \theta` and
:math:`C_l = J_l^T (K_l - J_l A)`, with :math:`\nabla_l` the gradient of the log likelihood by
:math:`\theta`; the loadings A, a least-squares solution of :math:`J A = K` over the rows that
depend on this group alone; and :math:`b_0`, chosen so that the conditional mean at the centre is
the centre.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import BoolArray, FloatArray, IntArray
from headcount.engine.coordinates.column_groups import ColumnGroups
from headcount.engine.coordinates.row_weights import RowWeights
from headcount.engine.coordinates.shared_parameters import SharedParameters
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import RowInformation

__all__ = ["EffectGroup", "Expansion", "InformationTerm", "group_positions"]

ROUNDING: Final = 1e-9
"""Loadings below this are rounding errors."""

NEGLIGIBLE: Final = 1e-6
"""Residual slopes by shared parameters below this fraction of the largest slope count as zero."""


class InformationTerm(NamedTuple):
    """The information of the rows of one weight class about a group's effects.

    Attributes
    ----------
    weight_class
        The class.
    places
        Effects that these rows inform, as indices into the group; dims (informed,).
    information, linear
        :math:`G_l` and :math:`b_l`; dims (informed, informed), (informed,).
    cross
        :math:`C_l`, empty where it is zero; dims (informed, shared).
    """

    weight_class: int
    places: IntArray
    information: FloatArray
    linear: FloatArray
    cross: FloatArray


class EffectGroup(NamedTuple):
    """The constants of the non-centring map for one effect group.

    Attributes
    ----------
    positions
        Positions of the effects in the local vector; dims (effect,).
    cholesky
        Lower Cholesky factor of the conditional precision at the centre; dims (effect, effect).
    base_linear
        :math:`b_0`; dims (effect,).
    terms
        One for each weight class with rows about the group.
    shared
        Shared parameters on which the group depends, as indices into `SharedParameters`; dims
        (shared,).
    loading
        A; dims (effect, shared).
    response
        Derivative of the conditional mean by the shared parameters at the centre; dims (effect,
        shared).
    slope_pair
        Index into ``shared`` of the parameter whose link's slope multiplies the scale of each
        effect, or -1; dims (effect,).
    centre
        Scaled effects at the centre; dims (effect,).
    """

    positions: IntArray
    cholesky: FloatArray
    base_linear: FloatArray
    terms: list[InformationTerm]
    shared: IntArray
    loading: FloatArray
    response: FloatArray
    slope_pair: IntArray
    centre: FloatArray

    @property
    def size(self) -> int:
        """Number of effects."""
        return int(self.positions.size)

    @classmethod
    def empty(cls) -> EffectGroup:
        """Return a group without effects, which fills an incomplete batch."""
        none, matrix, indices = np.zeros(0), np.zeros((0, 0)), np.zeros(0, dtype=np.int64)
        return cls(indices, matrix, none, [], indices, matrix, matrix, indices, none)


def group_positions(arrays: StudyArrays) -> list[IntArray]:
    """Return the positions of the effects of each group."""
    grouped = np.flatnonzero(arrays.effect_group >= 0)
    order = grouped[np.argsort(arrays.effect_group[grouped], kind="stable")]
    if not order.size:
        return []
    return np.split(order, np.flatnonzero(np.diff(arrays.effect_group[order])) + 1)


class _Rows(NamedTuple):
    """Rows that depend on a group, sorted by weight class.

    Attributes
    ----------
    effects, shared
        Slopes by scaled effects and by scaled shared parameters; dims (row, effect), (row, shared).
    score
        Gradients of the log likelihood by scaled effects; dims (row, effect).
    weight_class
        Dims (row,).
    exclusive
        Whether a row depends on no other group; dims (row,).
    """

    effects: FloatArray
    shared: FloatArray
    score: FloatArray
    weight_class: IntArray
    exclusive: BoolArray

    def by_class(self) -> Iterator[_Rows]:
        """Yield the rows of each weight class."""
        ends = [*np.flatnonzero(np.diff(self.weight_class)) + 1, self.weight_class.size]
        for start, end in zip([0, *ends], ends, strict=False):
            if end > start:
                yield _Rows._make(field[start:end] for field in self)


@dataclass(frozen=True)
class Expansion:
    """The point of the expansion, and all that the expansions of effect groups share.

    Parameters
    ----------
    centre
        The centre, with growth deviations in the place of innovations; dims (free,).
    log_scale
        Position of each element's log scale, or -1; dims (free,).
    prior
        Prior precision of the local vector where effects are standard normal; dims (free, free).
    groups
        Positions of the effects of each group.
    weights
        Weight classes of the rows.
    shared
        Shared parameters.
    intercepts
        Position of the intercept from which each effect on a link scale deviates, or -1; dims
        (free,).
    """

    centre: FloatArray
    log_scale: IntArray
    prior: sparse.csc_array
    groups: list[IntArray]
    weights: RowWeights
    shared: SharedParameters
    intercepts: IntArray

    def scale(self, positions: IntArray) -> FloatArray:
        """Return scales of effects at the centre; dims (effect,)."""
        return np.asarray(np.exp(self.centre[self.log_scale[positions]]))

    def effect_groups(self, information: RowInformation, exclusive: BoolArray) -> list[EffectGroup]:
        """Expand around the centre for each group.

        Parameters
        ----------
        information
            The rows' information at the centre.
        exclusive
            Whether each row depends on one group at most; dims (row,).
        """
        slopes, scores, prior = (
            ColumnGroups(matrix, self.groups)
            for matrix in (information.location, information.pull, self.prior)
        )
        by_shared = information.location.tocsc()[:, self.shared.position].tocsr()
        row_class, found = self.weights.row_class, []
        for number, positions in enumerate(self.groups):
            scale, rows = self.scale(positions), slopes.rows(number)
            rows = rows[np.argsort(row_class[rows], kind="stable")]
            own = _Rows(
                effects=slopes.dense(number, rows) / scale,
                shared=by_shared[rows].toarray() / self.shared.scale,
                score=scores.dense(number, rows) / scale,
                weight_class=row_class[rows],
                exclusive=exclusive[rows],
            )
            found.append(self._effect_group(positions, prior.dense(number, positions), own))
        return found

    def _effect_group(self, positions: IntArray, prior: FloatArray, rows: _Rows) -> EffectGroup:
        z, scale = self.centre[positions], self.scale(positions)
        shared = np.flatnonzero(rows.shared.any(axis=0))
        rows = rows._replace(shared=rows.shared[:, shared])
        loading = _loading(rows)
        # Slopes by shared parameters that no change of the effects reproduces.
        rest = rows.shared - rows.effects @ loading
        rest[np.abs(rest) < NEGLIGIBLE * np.abs(rows.shared).max(initial=ROUNDING)] = 0.0
        base_linear, precision, terms = prior @ z / scale, prior.copy(), []
        for own in rows._replace(shared=rest).by_class():
            information, score = own.effects.T @ own.effects, own.score.sum(axis=0)
            informed = own.effects.any(axis=0)
            terms.append(_term(own, informed, information, score + information @ (z * scale)))
            precision += information * np.outer(scale, scale)
            # The prior of the total and dropped slopes balance the scores at the centre.
            base_linear -= np.where(informed, score, 0.0)
        mixed = scale[:, None] * (rows.effects.T @ rows.shared) * self.shared.scale[shared]
        return EffectGroup(
            positions=positions,
            cholesky=np.linalg.cholesky(precision),
            base_linear=base_linear,
            terms=terms,
            shared=shared,
            loading=loading,
            # A change of a link's slope moves effects too, but in the second order.
            response=-np.linalg.solve(precision, mixed),
            slope_pair=self._slope_pairs(positions, shared),
            centre=z * scale,
        )

    def _slope_pairs(self, positions: IntArray, shared: IntArray) -> IntArray:
        """Return which of the shared parameters is the intercept of each effect, or -1."""
        candidates, wanted = self.shared.position[shared], self.intercepts[positions]
        pair = np.searchsorted(candidates, wanted)
        pair[np.append(candidates, -2)[pair] != wanted] = -1
        return pair

    def common_group(self, positions: IntArray, information: FloatArray) -> EffectGroup:
        """Expand in shared effects that form a group of their own.

        Parameters
        ----------
        positions
            Their positions, such as those of common growth; dims (effect,).
        information
            Fisher information about them, other effects integrated out; its weight does not vary
            with noise; dims (effect, effect).
        """
        z, scale, none = self.centre[positions], self.scale(positions), np.zeros(0, np.int64)
        prior = self.prior[positions][:, positions].toarray()
        scaled = information / np.outer(scale, scale)
        term = InformationTerm(
            weight_class=self.weights.source.size,
            places=np.arange(positions.size),
            information=scaled,
            linear=scaled @ (z * scale),
            cross=np.zeros((0, 0)),
        )
        return EffectGroup(
            positions=positions,
            cholesky=np.linalg.cholesky(prior + information),
            base_linear=prior @ z / scale,
            terms=[term],
            shared=none,
            loading=np.zeros((positions.size, 0)),
            response=np.zeros((positions.size, 0)),
            slope_pair=np.full(positions.size, -1),
            centre=z * scale,
        )


def _loading(rows: _Rows) -> FloatArray:
    """Return A: the changes of effects that act on the group's own rows as shared parameters do."""
    own = rows.exclusive
    loading = np.linalg.pinv(rows.effects[own]) @ rows.shared[own]
    loading[np.abs(loading) < ROUNDING] = 0.0
    return np.asarray(loading)


def _term(
    rows: _Rows, informed: BoolArray, information: FloatArray, linear: FloatArray
) -> InformationTerm:
    """Return the term of rows of one weight class, reduced to the effects that they inform."""
    places, cross = np.flatnonzero(informed), rows.effects.T @ rows.shared
    return InformationTerm(
        weight_class=int(rows.weight_class[0]),
        places=places,
        information=information[places[:, None], places],
        linear=linear[places],
        cross=cross[places] if cross.any() else np.zeros((0, 0)),
    )
