"""Queries of headcounts and growth: arrays of a study in which estimands take the place of rows.

The engine then evaluates and differentiates the estimands as it does the locations of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from headcount._types import IntArray
from headcount.engine.density.codes import STATED, STUDENT_T
from headcount.engine.density.study_arrays import StudyArrays
from headcount.layout.study_layout import Layout

__all__ = ["Query", "query_arrays"]


class Query(NamedTuple):
    """An estimand: a log headcount, or its change since an earlier year.

    Attributes
    ----------
    area
        Code of an area or grouping.
    year
        Calendar year.
    scope
        A latent scope.
    from_year
        The earlier year of a change; ``None`` for a headcount.
    """

    area: str
    year: int
    scope: str
    from_year: int | None = None


def query_arrays(arrays: StudyArrays, layout: Layout, queries: Sequence[Query]) -> StudyArrays:
    """Put queries in the place of rows.

    Parameters
    ----------
    arrays, layout
        The study.
    queries
        The estimands.

    Returns
    -------
    StudyArrays
        One row of the form ``stated`` for each query; its location is the estimand.
    """
    earlier = [
        query._replace(year=query.from_year) for query in queries if query.from_year is not None
    ]
    terms = list(dict.fromkeys([query._replace(from_year=None) for query in [*queries, *earlier]]))
    zero = len(terms)
    numerator = [terms.index(query._replace(from_year=None)) for query in queries]
    denominator = [
        zero
        if query.from_year is None
        else terms.index(Query(query.area, query.from_year, query.scope))
        for query in queries
    ]
    sizes = [len(layout.spec.areas.regions_of(term.area)) for term in terms]
    no_reach, no_weight = np.full(sum(sizes), -1), np.zeros(sum(sizes))
    zeros, index = np.zeros(len(queries)), np.zeros(len(queries), dtype=np.int64)
    return arrays._replace(
        cells=np.column_stack([no_reach, no_reach, *_places(terms, layout)]).astype(np.int64),
        cell_next_weight=no_weight,
        cell_log_weight=no_weight,
        term_start=np.cumsum([0, *sizes]),
        term_cell=np.arange(sum(sizes)),
        term_known=np.zeros(1),
        row_form=np.full(len(queries), STATED),
        row_tails=np.full(len(queries), STUDENT_T),
        row_source=index,
        row_numerator=np.array(numerator),
        row_denominator=np.array(denominator),
        row_second_numerator=np.full(len(queries), zero),
        row_epoch=index,
        row_value=zeros,
        row_other=zeros,
        row_noise_factor=zeros + 1,
        row_variance=zeros + 1,
    )


def _places(terms: Sequence[Query], layout: Layout) -> tuple[IntArray, IntArray, IntArray]:
    """Return scope, region and year of the cells of each term."""
    runs = [layout.spec.areas.regions_of(term.area) for term in terms]
    sizes = [len(run) for run in runs]
    scope = np.repeat([layout.scopes.index(term.scope) for term in terms], sizes)
    region = np.concatenate([np.array(run, dtype=np.int64) for run in runs])
    return scope, region, np.repeat([term.year - layout.spec.years.first for term in terms], sizes)
