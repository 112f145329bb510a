"""The arrays of the partial non-centring map, and the intermediate results of its forward pass.

The map takes u to the local vector w (`headcount.engine.coordinates.noncentring` gives its
formula). `NonCentring` holds its constants, fixed once a centre is chosen; `Intermediates` holds
quantities that depend on u. Both are flat arrays, because compiled code reads them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from headcount._types import FloatArray, IntArray
from headcount.engine.numba_support.struct_pointers import StructPointer

__all__ = ["LOG_EXPIT", "LOG_ONE_PLUS_EXP", "ConditionalTerms", "Intermediates", "NonCentring"]

LOG_ONE_PLUS_EXP: Final = 1
LOG_EXPIT: Final = 2
"""Codes of the nonlinear links through which shared parameters act; 0 is a linear one."""


class _Fields(NamedTuple):
    batch_start: IntArray
    matrix_start: IntArray
    dependent_batches: IntArray
    position: IntArray
    log_scale: IntArray
    base_linear: FloatArray
    path_start: IntArray
    path_first: IntArray
    path_steps: IntArray
    damping: IntArray
    term_start: IntArray
    term_class: IntArray
    information_start: IntArray
    information_place: IntArray
    information: FloatArray
    linear_start: IntArray
    linear_place: IntArray
    linear: FloatArray
    cross_start: IntArray
    cross: FloatArray
    pair_start: IntArray
    pair_shared: IntArray
    pair_link: IntArray
    pair_shift: FloatArray
    pair_value: FloatArray
    pair_slope: FloatArray
    loading_start: IntArray
    loading: FloatArray
    shared: IntArray
    shared_log_scale: IntArray
    shared_centre: FloatArray
    slope_pair: IntArray
    slope_centre: FloatArray
    ungrouped: IntArray
    ungrouped_log_scale: IntArray
    ungrouped_centre: FloatArray
    ungrouped_scale: FloatArray
    ungrouped_information: FloatArray
    noise_class: IntArray
    noise_position: IntArray
    noise_coefficient: FloatArray
    noise_centre: FloatArray
    noise_share: FloatArray


class NonCentring(StructPointer, _Fields):
    """The constants of the map from u to w.

    Effect groups of like size form a batch of ``WIDTH`` groups, one in each slot of a SIMD vector
    (`headcount.engine.coordinates.batched_algebra`). A batch has as many effects as its largest
    group; an effect that pads a smaller group has position -1 and no information. Batches of groups
    that depend on shared parameters come first; common growth, on which they depend, is a group of
    its own in the last batch. Arrays whose length differs between groups hold one group after the
    other, slot by slot of each batch; groups that fill an incomplete batch are empty.

    A *pair* is an effect group and a shared parameter on which it depends. A *term* is the
    information of the rows of one weight class about the effects of one group.

    Attributes
    ----------
    batch_start, matrix_start
        First effect and first matrix entry of each batch; dims (batch + 1,).
    dependent_batches
        Number of batches of groups that depend on shared parameters; dims (1,).
    position, log_scale
        Positions of each effect and of its log scale in w; dims (effect, slot).
    base_linear
        :math:`b_0`, the part of the linear term that belongs to no row; dims (effect, slot).
    path_start, path_first
        Growth paths of each group: place in the group of a path's first deviation; dims (group +
        1,), (path,).
    path_steps, damping
        Number of deviations of a path; position of the damping in w, -1 without paths; dims (1,),
        (1,).
    term_start, term_class
        Terms of each group, and the weight class of each; the class after the last one has weight
        1; dims (group + 1,), (term,).
    information_start, information_place, information
        :math:`G_l` of each term: places in the batch's matrices, and values; dims (term + 1,),
        (entry,), (entry,).
    linear_start, linear_place, linear
        :math:`b_l` of each term: places among the batch's effects, and values; dims (term + 1,),
        (element,), (element,).
    cross_start, cross
        :math:`C_l` of each term by rows; -1 where it is zero; dims (term,), (entry,).
    pair_start, pair_shared
        Pairs of each group, and the index of each pair's shared parameter; dims (group + 1,),
        (pair,).
    pair_link, pair_shift, pair_value, pair_slope
        Code of the nonlinear link through which the shared parameter acts on the group (0 for
        none), the sum of all other contributions on the link scale, and the value and slope of the
        link at the centre; dims (pair,).
    loading_start, loading
        A of each group by rows: the change of each scaled effect to which a unit change of a shared
        parameter is equivalent; dims (group + 1,), (entry,).
    shared, shared_log_scale, shared_centre
        Positions of the shared parameters and of their log scales (or -1) in w, and scaled values
        at the centre; dims (shared,).
    slope_pair, slope_centre
        Pair whose relative slope multiplies the scale of an effect, or -1; and the scaled effect at
        the centre, zero where there is no such pair; dims (effect, slot).
    ungrouped, ungrouped_log_scale, ungrouped_centre, ungrouped_scale, ungrouped_information
        Effects in no group: positions of effect and log scale in w, effect and scale at the centre,
        Fisher information about the scaled effect; dims (ungrouped,).
    noise_class, noise_position, noise_coefficient
        The log noise of a weight class is a weighted sum of elements of w: class, position and
        weight of each summand; dims (summand,).
    noise_centre, noise_share
        Log noise of each class at the centre, and the share of a row's variance that varies with
        it; dims (class,).
    """


class ConditionalTerms(NamedTuple):
    r"""The terms that determine the conditional distribution of effects, or their derivatives.

    Attributes
    ----------
    scale
        :math:`\sigma`, scales times relative slopes of links; dims (effect, slot).
    shift
        :math:`A \gamma`, the change of scaled effects to which the displacement of shared
        parameters is equivalent; dims (effect, slot).
    linear
        b; dims (effect, slot).
    information
        G, of which the upper triangle is stored; dims (matrix entry, slot).
    """

    scale: FloatArray
    shift: FloatArray
    linear: FloatArray
    information: FloatArray


class Intermediates(NamedTuple):
    r"""Intermediate results of the forward pass.

    Attributes
    ----------
    scale, shift, linear, information
        As in `ConditionalTerms`.
    term_linear
        :math:`b_l - C_l \gamma` of each term; dims (element,).
    cholesky
        :math:`L^T` of all batches, upper triangle, with reciprocals on the diagonal; dims (matrix
        entry, slot).
    whitened_mean
        :math:`L^{-1} S b = L^T \mu`; dims (effect, slot).
    effects
        z; dims (effect, slot).
    weight
        Weight of the rows of each class relative to the centre; dims (class + 1,).
    displacement
        :math:`\gamma` of each pair; dims (pair,).
    relative_slope
        Slope of each pair's link relative to the centre; dims (pair,).
    """

    scale: FloatArray
    shift: FloatArray
    linear: FloatArray
    information: FloatArray
    term_linear: FloatArray
    cholesky: FloatArray
    whitened_mean: FloatArray
    effects: FloatArray
    weight: FloatArray
    displacement: FloatArray
    relative_slope: FloatArray
