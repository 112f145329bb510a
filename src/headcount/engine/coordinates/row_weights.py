"""How much rows weigh as the noise of their source moves.

A row's weight falls as its noise rises, but not alike for all. Of a row that states a standard
error of its own, noise is only a part. And a row that is far out weighs little at any noise:
Student's t gives it the weight 5 / (4 sd^2 + r^2), in which the residual r counts, not the noise,
unless no other row holds what it speaks of; then the residual shrinks with the noise. Rows of a
source that move alike make up a *kind*.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.coordinates.column_groups import Cut
from headcount.engine.density.codes import LOG_NOISE
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import RowInformation

__all__ = ["Weighing"]

STEPS: Final = 4
"""Portions are told apart in quarters."""

LOOSE: Final = 0.1
"""What is left of the prior's precision where scales are some three times as large. What only the
prior holds in place would then follow the row."""


class Weighing(NamedTuple):
    """Kinds of rows.

    Attributes
    ----------
    kind
        Kind of each row; one past the last where its weight follows nobody's noise; dims (row,).
    source
        Source of each kind; dims (kind,).
    portion
        Part of the rows' variance that counts as the source's noise; dims (kind,).
    """

    kind: IntArray
    source: IntArray
    portion: FloatArray

    @classmethod
    def of(
        cls, information: RowInformation, prior: sparse.csc_array, blocks: list[IntArray]
    ) -> Weighing:
        """Sort rows into kinds.

        Parameters
        ----------
        information
            What the rows tell at the centre.
        prior
            Precision of the prior there; dims (free, free).
        blocks
            Effects of each block.
        """
        held_elsewhere = np.clip(
            1 - 2 * _leverage(information.location, LOOSE * prior, blocks), 0, 1
        )
        portion = information.portion * 4 / (4 + information.outlying * held_elsewhere)
        noisy = np.flatnonzero(information.source >= 0)
        quarter = np.minimum((portion[noisy] * STEPS).astype(np.int64), STEPS - 1)
        found, own = np.unique(information.source[noisy] * STEPS + quarter, return_inverse=True)
        kind = np.full(portion.size, found.size)
        kind[noisy] = own
        mean = np.bincount(own, portion[noisy], found.size) / np.bincount(own, minlength=found.size)
        return cls(kind, found // STEPS, mean)

    def fields(self, arrays: StudyArrays, centre: FloatArray) -> dict[str, Any]:
        """Return the fields of `Recentring` about noise."""
        start, end = arrays.offset[LOG_NOISE], arrays.offset[LOG_NOISE + 1]
        inside = np.flatnonzero((arrays.predictor_row >= start) & (arrays.predictor_row < end))
        # The entries of each kind are those of its source.
        kind, entry = np.nonzero(self.source[:, None] == arrays.predictor_row[inside] - start)
        place, weight = (
            arrays.predictor_effect[inside][entry],
            arrays.predictor_weight[inside][entry],
        )
        return {
            "noise_kind": np.ascontiguousarray(kind),
            "noise_place": place,
            "noise_weight": weight,
            "noise_centre": np.bincount(kind, weight * centre[place], self.source.size).astype(
                np.float64
            ),
            "portion": self.portion,
        }


def _leverage(
    location: sparse.csr_array, prior: sparse.csc_array, blocks: list[IntArray]
) -> FloatArray:
    """Return how much of what is known of what a row speaks of is known from itself, from 0 to 1;
    dims (row,).
    """
    found, slopes, held = np.zeros(location.shape[0]), Cut(location, blocks), Cut(prior, blocks)
    for number, members in enumerate(blocks):
        rows = slopes.rows(number)
        told = slopes.dense(number, rows)
        precision = held.dense(number, members) + told.T @ told
        found[rows] += np.einsum("re,er->r", told, np.linalg.solve(precision, told.T))
    return found
