r"""Row weights: how the information of rows varies with the noise of their source.

Within a weight class, rows have the weight :math:`\lambda = 1 / (1 + \rho (e^{2 \delta} - 1))`
relative to the centre, with :math:`\delta` the change of the source's log noise. The share
:math:`\rho` is minus the elasticity of a row's weight with respect to the squared noise at the
centre. It is the share of noise in the row's variance, since a row may state a standard error of
its own. A row with Student-t tails (four degrees of freedom) has the weight
:math:`5 / (4 \sigma^2 + r^2)`, which a large residual r makes nearly independent of the noise,
unless no other row informs its effects: then r itself falls with the noise. With r in sds and h the
row's leverage, the elasticity is :math:`4 / (4 + r^2 (1 - 2h))` times that of a normal row. Rows of
one source with like elasticity form a class. Classes only shape the coordinates, which are exact
for any weights.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.column_groups import ColumnGroups
from headcount.engine.density.codes import LOG_NOISE
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import RowInformation

__all__ = ["PRIOR_FRACTION", "RowWeights"]

CLASSES_PER_SOURCE: Final = 4
"""Shares are binned in as many intervals of equal length between 0 and 1."""

PRIOR_FRACTION: Final = 0.1
"""Fraction of the prior precision that enters leverage: the precision where scales are some three
times as large. There an effect that only its prior informs would follow the row."""


class RowWeights(NamedTuple):
    """Weight classes of the rows.

    Attributes
    ----------
    row_class
        Class of each row; the number of classes where its weight depends on no noise; dims (row,).
    source
        Source of each class; dims (class,).
    noise_share
        Minus the elasticity of a row's weight with respect to squared noise; dims (class,).
    """

    row_class: IntArray
    source: IntArray
    noise_share: FloatArray

    @classmethod
    def of(
        cls, information: RowInformation, prior: sparse.csc_array, groups: list[IntArray]
    ) -> RowWeights:
        """Sort rows into weight classes.

        Parameters
        ----------
        information
            The rows' information at the centre.
        prior
            Prior precision there; dims (free, free).
        groups
            Positions of the effects of each group.
        """
        leverage = _leverage(information.location, PRIOR_FRACTION * prior, groups)
        outlying = information.outlying * np.clip(1 - 2 * leverage, 0, 1)
        share = information.portion * 4 / (4 + outlying)
        noisy = np.flatnonzero(information.source >= 0)
        bins = (share[noisy] * CLASSES_PER_SOURCE).astype(np.int64)
        bins = np.minimum(bins, CLASSES_PER_SOURCE - 1)
        found, own = np.unique(
            information.source[noisy] * CLASSES_PER_SOURCE + bins, return_inverse=True
        )
        row_class = np.full(share.size, found.size)
        row_class[noisy] = own
        count = np.bincount(own, minlength=found.size)
        mean = np.bincount(own, share[noisy], found.size) / count
        return cls(row_class, found // CLASSES_PER_SOURCE, mean)

    def fields(self, arrays: StudyArrays, centre: FloatArray) -> dict[str, Any]:
        """Return the fields of `NonCentring` that define the weights."""
        start, end = arrays.offset[LOG_NOISE], arrays.offset[LOG_NOISE + 1]
        inside = np.flatnonzero((arrays.predictor_row >= start) & (arrays.predictor_row < end))
        # The summands of a class are those of its source.
        own, entry = np.nonzero(self.source[:, None] == arrays.predictor_row[inside] - start)
        position = arrays.predictor_effect[inside][entry]
        weight = arrays.predictor_weight[inside][entry]
        log_noise = np.bincount(own, weight * centre[position], self.source.size)
        return {
            "noise_class": np.ascontiguousarray(own),
            "noise_position": position,
            "noise_coefficient": weight,
            "noise_centre": log_noise.astype(np.float64),
            "noise_share": self.noise_share,
        }


def _leverage(
    location: sparse.csr_array, prior: sparse.csc_array, groups: list[IntArray]
) -> FloatArray:
    """Return the leverage of each row, from 0 to 1; dims (row,).

    It is the share of the row's own information in the precision of its expected value.
    """
    found = np.zeros(location.shape[0])
    slopes, precisions = ColumnGroups(location, groups), ColumnGroups(prior, groups)
    for number, positions in enumerate(groups):
        rows = slopes.rows(number)
        own = slopes.dense(number, rows)
        precision = precisions.dense(number, positions) + own.T @ own
        found[rows] += np.einsum("re,er->r", own, np.linalg.solve(precision, own.T))
    return found
