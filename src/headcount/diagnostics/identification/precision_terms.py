"""Pieces: the precision of the posterior at a point as a sum of squares, each owned by a prior or a
source.

Near a point the log density curves like ``-x'Qx / 2`` with ``Q = sum of rows r' r``: a row for each
free variable, whose prior pulls it back, and rows for each statement about its location and its
source's noise. Every row belongs to one part of the evidence, so Q is a sum over parts, whatever is
asked of it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from headcount._types import FloatArray, IntArray
from headcount.engine.density.codes import BOUND, INTERVAL, LOG_NOISE, NORMAL, STATED
from headcount.engine.density.log_density import Expected, evaluate_at, row_log_likelihoods
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import (
    binomial_roots,
    binomial_rows,
    predictor_matrix,
    prior_precision,
)
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.log_baseline import share_weights
from headcount.layout.free_vector import free_labels, free_prior_paths
from headcount.layout.study_layout import Layout

__all__ = [
    "POOLING",
    "PRIOR",
    "SOURCE",
    "Part",
    "Pieces",
    "expected_information",
    "location_information",
    "pieces_at",
]

PRIOR: Final = "prior"
POOLING: Final = "pooling"
SOURCE: Final = "source"

ABOUT_LOCATION: Final = 5 / 7
"""Fisher information of Student's t with four degrees of freedom about its location, in units of
its scale."""

ABOUT_SCALE: Final = 8 / 7
"""The same about its log scale."""

STEP: Final = 1e-3
"""Of a row's location, in units of its spread, for the difference of two slopes."""


class Part(NamedTuple):
    """A part of the evidence.

    Attributes
    ----------
    kind
        ``prior``: what the spec states about one quantity; ``pooling``: that the effects of a scale
        are alike, to the degree that the scale says; ``source``: what a source states.
    name
        Path of the prior, or of the scale's prior; or the source.
    """

    kind: str
    name: str


@dataclass(frozen=True, eq=False)
class Pieces:
    """The precision at a point.

    Parameters
    ----------
    rows
        Their squares sum to the precision; dims (piece, free), by the coordinates of
        `headcount.engine.derivatives.log_baseline`.
    parts
        The parts of the evidence.
    owner
        Index of the part that each row belongs to; dims (piece,).
    """

    rows: sparse.csr_array
    parts: tuple[Part, ...]
    owner: IntArray


def pieces_at(
    x: FloatArray, arrays: StudyArrays, layout: Layout, information: FloatArray | None = None
) -> Pieces:
    """Take the precision apart at a point.

    Parameters
    ----------
    x
        Free vector.
    arrays, layout
        The study.
    information
        What each row tells about its location, as `location_information` gives it, or
        `expected_information` if ``None``; dims (row,).

    Returns
    -------
    Pieces
        Rows about locations, about noise, and of priors.
    """
    found = row_jacobian_at(x, arrays)
    if information is None:
        information = expected_information(x, arrays)
    about_location = sparse.diags_array(np.sqrt(np.maximum(information, 0.0))) @ found.jacobian
    noise = predictor_matrix(arrays, LOG_NOISE)[arrays.row_source]
    asks = binomial_rows(arrays)
    own = (
        arrays.row_noise_factor
        * np.exp(noise @ x) ** 2
        / np.where(asks, 1.0, found.dispersion) ** 2
    )
    # Bounds and k of n say next to nothing about the noise.
    root = np.where(
        arrays.row_form == BOUND,
        0.0,
        np.sqrt(np.where(arrays.row_tails == NORMAL, 2.0, ABOUT_SCALE)) * own,
    )
    about_noise = sparse.diags_array(np.where(asks, 0.0, root)) @ noise
    curvature, total = prior_precision(x, arrays), int(arrays.predictor_effect[0])
    # The total's prior holds the level and all shares.
    whole = share_weights(x, arrays)
    whole[total] += 1.0
    whole *= np.sqrt(curvature[total])
    curvature[total] = 0.0
    rows = [
        about_location,
        about_noise,
        sparse.diags_array(np.sqrt(curvature)),
        sparse.csr_array(whole[None]),
    ]
    parts, owner = _owners(layout, arrays)
    return Pieces(sparse.csr_array(sparse.vstack(rows)), parts, owner)


def location_information(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return what each row as it was stated tells about its location: minus the second derivative
    of its log likelihood.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        For k of n the expected value; dims (row,). Negative for a row of Student's t that lies
        further out than two standard deviations.
    """
    _, at, _ = evaluate_at(x, arrays)
    asks = binomial_rows(arrays)
    step = STEP * np.where(asks, 1.0, at.dispersion)
    told = (_score(at, arrays, -step) - _score(at, arrays, step)) / (2 * step)
    told[asks] = binomial_roots(at.location[:, 0], at.dispersion, arrays)[asks] ** 2
    return np.asarray(told)


def _score(at: Expected, arrays: StudyArrays, moved: FloatArray) -> FloatArray:
    """Return the slope of each row's log likelihood where its location is moved; as well move what
    it states.
    """
    other = np.where(arrays.row_form == INTERVAL, arrays.row_other - moved, arrays.row_other)
    value = np.where(binomial_rows(arrays), arrays.row_value, arrays.row_value - moved)
    return row_log_likelihoods(at, arrays._replace(row_value=value, row_other=other))[:, 1]


def expected_information(x: FloatArray, arrays: StudyArrays) -> FloatArray:
    """Return what each row is expected to tell about its location, before its number is known:
    Fisher's information.

    Parameters
    ----------
    x
        Free vector.
    arrays
        The study.

    Returns
    -------
    numpy.ndarray
        Of bounds and intervals, whose ends are known, as they came out; never negative; dims
        (row,).
    """
    _, at, _ = evaluate_at(x, arrays)
    told = np.where(arrays.row_tails == NORMAL, 1.0, ABOUT_LOCATION) / at.dispersion**2
    observed = binomial_rows(arrays) | (arrays.row_form != STATED)
    return np.maximum(np.where(observed, location_information(x, arrays), told), 0.0)


def _owners(layout: Layout, arrays: StudyArrays) -> tuple[tuple[Part, ...], IntArray]:
    """Return the parts, and which one each row of `pieces_at` belongs to."""
    of_rows = [Part(SOURCE, layout.sources[source]) for source in arrays.row_source]
    pairs = zip(free_labels(layout), free_prior_paths(layout), strict=True)
    of_free = [Part(PRIOR if label == path else POOLING, path) for label, path in pairs]
    owned = [*of_rows, *of_rows, *of_free, Part(PRIOR, "total.prior")]
    parts = tuple(dict.fromkeys([*of_free, *of_rows]))
    index = {part: i for i, part in enumerate(parts)}
    return parts, np.array([index[part] for part in owned], dtype=np.int64)
