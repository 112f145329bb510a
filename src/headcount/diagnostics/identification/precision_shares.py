"""Shares: the part of an answer's precision that comes from each prior and each source.

With ``Q = sum_k Q_k`` the precision of the posterior near a point, one term for each contributor of
evidence, and g the gradient of an answer f, the precision of f is ``1 / (g' Q^-1 g)``. The
direction ``t = Q^-1 g / (g' Q^-1 g)`` moves f by one at the least cost, and this cost is the
precision: ``t' Q t = sum_k t' Q_k t``. The share of contributor k is ``t' Q_k t / t' Q t``. Shares
are never negative and add to one.

Precision is homogeneous of degree one in Q, so by Euler's theorem the same share is the elasticity
``d log precision / d log Q_k``: if the information of k grew by one percent, that of the answer
would grow by so many percent of it. Raising a density to the power 1 + e multiplies its information
by 1 + e, so a share is also the relative change of the answer's variance under power-scaling [1]_.

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
from headcount.diagnostics.identification.precision_terms import (
    Contributor,
    PrecisionTerms,
    precision_terms_at,
)
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.fisher_information import factorise
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.layout.study_layout import Layout

__all__ = ["Shares", "shares_at", "shares_over"]

WITHDRAWN: Final = 1e-6
"""Part of its precision that a withdrawn prior keeps; with none at all a direction could have no
precision."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of precision of some answers.

    Parameters
    ----------
    queries
        The answers: log headcounts and log growth.
    contributors
        The items of evidence.
    share
        Share of each contributor in the precision of each answer; dims (answer, contributor), rows
        add to one.
    sd
        Standard deviation of each answer that this precision implies; dims (answer,).
    widening
        Factor by which that would grow without priors on levels: of totals, of reach, of ratios
        between scopes; dims (answer,).
    """

    queries: tuple[Query, ...]
    contributors: tuple[Contributor, ...]
    share: FloatArray
    sd: FloatArray
    widening: FloatArray

    def to_frame(self, answer: int = 0) -> pd.DataFrame:
        """Return the shares of one answer, the largest first: columns ``kind, name, share``."""
        frame = pd.DataFrame(self.contributors, columns=["kind", "name"])
        frame = frame.assign(share=self.share[answer])
        return frame.sort_values("share", ascending=False, kind="stable", ignore_index=True)

    def contributions(self) -> pd.DataFrame:
        """Return the shares of all answers in the long form, the largest of each answer first.

        Columns ``area, year, from_year, scope, kind, name, share``.
        """
        frames = []
        for i, query in enumerate(self.queries):
            labels = {name: getattr(query, name) for name in ("area", "year", "from_year", "scope")}
            own = self.to_frame(i).assign(**labels)
            frames.append(own[[*labels, "kind", "name", "share"]])
        return pd.concat(frames, ignore_index=True)

    def of(self, kind: str) -> FloatArray:
        """Return the share of all contributors of a kind; dims (answer,)."""
        own = np.array([one.kind == kind for one in self.contributors])
        return np.asarray(self.share[:, own].sum(axis=1))


def shares_at(
    x: FloatArray,
    arrays: StudyArrays,
    layout: Layout,
    queries: Sequence[Query],
    information: FloatArray | None = None,
) -> Shares:
    """Compute the shares of precision of answers at a point.

    Parameters
    ----------
    x
        Free vector.
    arrays, layout
        The study.
    queries
        The answers.
    information
        As in `headcount.diagnostics.identification.precision_terms.precision_terms_at`.

    Returns
    -------
    Shares
        One row of shares for each answer.
    """
    terms = precision_terms_at(x, arrays, layout, information)
    slopes = row_jacobian_at(x, query_arrays(arrays, layout, queries)).jacobian.toarray()
    direction = _covariance(terms, slopes)
    variance = np.einsum("ij,ji->i", slopes, direction)
    cost = np.zeros((len(terms.contributors), len(queries)))
    np.add.at(cost, terms.owner, (terms.rows @ direction) ** 2)
    withdrawn = np.array([sets_level(one) for one in terms.contributors])[terms.owner]
    wider = np.einsum("ij,ji->i", slopes, _covariance(terms, slopes, withdrawn))
    return Shares(
        tuple(queries),
        terms.contributors,
        (cost / variance).T,
        np.sqrt(variance),
        np.sqrt(wider / variance),
    )


def shares_over(found: Sequence[Shares]) -> Shares:
    """Average shares over points of a posterior.

    Parameters
    ----------
    found
        Shares of the same answers at several points.

    Returns
    -------
    Shares
        Mean shares; standard deviations and widening from mean variances.
    """
    first = found[0]
    variance = np.mean([one.sd**2 for one in found], axis=0)
    wider = np.mean([(one.sd * one.widening) ** 2 for one in found], axis=0)
    share = np.mean([one.share for one in found], axis=0)
    widening = np.sqrt(wider / variance)
    return Shares(first.queries, first.contributors, share, np.sqrt(variance), widening)


def _covariance(
    terms: PrecisionTerms, slopes: FloatArray, withdrawn: BoolArray | None = None
) -> FloatArray:
    """Return the covariance of the free vector with answers; dims (free, answer)."""
    rows = terms.rows
    if withdrawn is not None:
        rows = sparse.diags_array(np.where(withdrawn, np.sqrt(WITHDRAWN), 1.0)) @ rows
    found = factorise(sparse.csc_array(rows.T @ rows)).solve(np.ascontiguousarray(slopes.T))
    return np.asarray(found)
