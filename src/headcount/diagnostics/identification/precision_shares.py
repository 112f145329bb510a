"""Shares: how much of an answer's precision comes from each prior and each source.

With ``Q = sum_k Q_k`` the precision of the posterior near a point, one term for each part of the
evidence, and g the gradient of an answer f, the precision of f is ``1 / (g' Q^-1 g)``. The
direction ``t = Q^-1 g / (g' Q^-1 g)`` moves f by one at the least cost, and this cost is the
precision: ``t' Q t = sum_k t' Q_k t``. So the share of part k is ``t' Q_k t / t' Q t``: how much of
the resistance against another value of f comes from it. Shares are never negative and add to one.

Precision is homogeneous of degree one in Q, so by Euler's theorem the same share is the elasticity
``d log precision / d log Q_k``: if the part's information grew by one percent, the answer's would
grow by so many percent of it. Raising a part's density to the power 1 + e does just that, so a
share is also the relative change of the answer's variance under power-scaling [1]_.

References
----------
.. [1] Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and diagnosing
   prior and likelihood sensitivity with power-scaling. Statistics and Computing 34, 57.
   https://doi.org/10.1007/s11222-023-10366-5
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse

from headcount._types import BoolArray, FloatArray
from headcount.diagnostics.identification.level_priors import sets_level
from headcount.diagnostics.identification.precision_terms import Part, Pieces, pieces_at
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import factorise
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.layout.study_layout import Layout

__all__ = ["Shares", "shares_at", "shares_over"]

WITHDRAWN: Final = 1e-6
"""What is left of a prior's precision once it is withdrawn; nothing at all could leave a direction
without any precision."""


@dataclass(frozen=True, eq=False)
class Shares:
    """What some answers rest on.

    Parameters
    ----------
    asked
        The answers: log headcounts.
    parts
        The parts of the evidence.
    share
        Share of each part in the precision of each answer; dims (answer, part), rows add to one.
    sd
        Standard deviation of each answer that this precision means; dims (answer,).
    widening
        By which factor that would grow if no prior said anything about levels: of totals, of reach,
        of ratios between scopes; dims (answer,).
    """

    asked: tuple[Query, ...]
    parts: tuple[Part, ...]
    share: FloatArray
    sd: FloatArray
    widening: FloatArray

    def table(self, answer: int = 0) -> pd.DataFrame:
        """Return the parts of one answer, the largest first: columns ``kind, name, share``."""
        frame = pd.DataFrame(self.parts, columns=["kind", "name"]).assign(share=self.share[answer])
        return frame.sort_values("share", ascending=False, kind="stable", ignore_index=True)

    def of(self, kind: str) -> FloatArray:
        """Return the share of all parts of a kind; dims (answer,)."""
        own = np.array([part.kind == kind for part in self.parts])
        return np.asarray(self.share[:, own].sum(axis=1))


def shares_at(
    x: FloatArray,
    arrays: StudyArrays,
    layout: Layout,
    asked: Sequence[Query],
    information: FloatArray | None = None,
) -> Shares:
    """Share out the precision of answers at a point.

    Parameters
    ----------
    x
        Free vector.
    arrays, layout
        The study.
    asked
        The answers.
    information
        As in `headcount.diagnostics.identification.precision_terms.pieces_at`.

    Returns
    -------
    Shares
        See there.
    """
    pieces = pieces_at(x, arrays, layout, information)
    slopes = row_jacobian_at(x, query_arrays(arrays, layout, asked)).jacobian.toarray()
    direction = _solved(pieces, slopes)
    variance = np.einsum("ij,ji->i", slopes, direction)
    resisting = np.zeros((len(pieces.parts), len(asked)))
    np.add.at(resisting, pieces.owner, (pieces.rows @ direction) ** 2)
    withdrawn = np.array([sets_level(part) for part in pieces.parts])[pieces.owner]
    unaided = np.einsum("ij,ji->i", slopes, _solved(pieces, slopes, withdrawn))
    return Shares(
        tuple(asked),
        pieces.parts,
        (resisting / variance).T,
        np.sqrt(variance),
        np.sqrt(unaided / variance),
    )


def shares_over(found: Sequence[Shares]) -> Shares:
    """Average shares over points of a posterior: shares by mean, standard deviations by mean
    variance.
    """
    first = found[0]
    variance = np.mean([one.sd**2 for one in found], axis=0)
    unaided = np.mean([(one.sd * one.widening) ** 2 for one in found], axis=0)
    share = np.mean([one.share for one in found], axis=0)
    return Shares(first.asked, first.parts, share, np.sqrt(variance), np.sqrt(unaided / variance))


def _solved(pieces: Pieces, slopes: FloatArray, withdrawn: BoolArray | None = None) -> FloatArray:
    """Return the covariance of the free vector with answers of these slopes; dims (free, answer)."""
    rows = pieces.rows
    if withdrawn is not None:
        rows = sparse.diags_array(np.where(withdrawn, np.sqrt(WITHDRAWN), 1.0)) @ rows
    found = factorise(sparse.csc_array(rows.T @ rows)).solve(np.ascontiguousarray(slopes.T))
    return np.asarray(found)
