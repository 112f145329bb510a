"""Precision terms: the posterior precision at a point as a sum of squares, each of one contributor.

Near a point the log density is ``-x'Qx / 2`` with ``Q = sum of rows r' r``: a row for the prior of
each free variable, and rows for each statement about its location and the noise of its source.
Every row belongs to one contributor of evidence, so Q is a sum over contributors, for all answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import information_of
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.location_information import expected_information
from headcount.layout.free_vector import free_labels, free_prior_paths
from headcount.layout.study_layout import Layout

__all__ = [
    "POOLING",
    "PRIOR",
    "SOURCE",
    "Contributor",
    "PrecisionTerms",
    "precision_terms_at",
]

PRIOR: Final = "prior"
POOLING: Final = "pooling"
SOURCE: Final = "source"


class Contributor(NamedTuple):
    """An item of evidence that contributes to the precision of an answer.

    Attributes
    ----------
    kind
        ``prior``: the prior of one quantity in the spec; ``pooling``: the similarity of the effects
        of one scale, to the degree that the scale implies; ``source``: the statements of a source.
    name
        Path of the prior, or of the scale's prior; or the source.
    """

    kind: str
    name: str


@dataclass(frozen=True, eq=False)
class PrecisionTerms:
    """The precision at a point.

    Parameters
    ----------
    rows
        Rows whose squares sum to the precision; dims (term, free), by the coordinates of
        `headcount.engine.derivatives.log_baseline`.
    contributors
        All items of evidence.
    owner
        Index of the contributor of each row; dims (term,).
    """

    rows: sparse.csr_array
    contributors: tuple[Contributor, ...]
    owner: IntArray


def precision_terms_at(
    x: FloatArray, arrays: StudyArrays, layout: Layout, information: FloatArray | None = None
) -> PrecisionTerms:
    """Return the terms of the precision at a point.

    Parameters
    ----------
    x
        Free vector.
    arrays, layout
        The study.
    information
        Information of each row about its location, as a function of
        `headcount.engine.derivatives.location_information` returns it; the expected one if
        ``None``; dims (row,).

    Returns
    -------
    PrecisionTerms
        Rows of locations, of noise and of priors.
    """
    if information is None:
        information = expected_information(x, arrays)
    roots = np.sqrt(np.maximum(information, 0.0))
    rows = information_of(row_jacobian_at(x, arrays), roots, x, arrays).roots()
    return PrecisionTerms(rows, *_owners(layout, arrays))


def _owners(layout: Layout, arrays: StudyArrays) -> tuple[tuple[Contributor, ...], IntArray]:
    """Return the contributors, and the one that each row of the information belongs to."""
    of_rows = [Contributor(SOURCE, layout.sources[source]) for source in arrays.row_source]
    pairs = zip(free_labels(layout), free_prior_paths(layout), strict=True)
    of_free = [Contributor(PRIOR if label == path else POOLING, path) for label, path in pairs]
    owned = [*of_rows, *of_rows, *of_free, Contributor(PRIOR, "total.prior")]
    contributors = tuple(dict.fromkeys([*of_free, *of_rows]))
    index = {one: i for i, one in enumerate(contributors)}
    return contributors, np.array([index[one] for one in owned], dtype=np.int64)
