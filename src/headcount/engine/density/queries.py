"""Asking for headcounts and growth: a study's arrays with what is asked in the place of its rows.

Whatever the engine does with rows (evaluate them at draws, differentiate them) it then does with
what is asked for.
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
    """What is asked for: a log headcount, or its change since an earlier year.

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


def query_arrays(arrays: StudyArrays, layout: Layout, asked: Sequence[Query]) -> StudyArrays:
    """Put headcounts in the place of rows.

    Parameters
    ----------
    arrays, layout
        The study.
    asked
        What is asked for.

    Returns
    -------
    StudyArrays
        With one row of the form ``stated`` for each; its location is the answer.
    """
    earlier = [one._replace(year=one.from_year) for one in asked if one.from_year is not None]
    terms = list(dict.fromkeys([one._replace(from_year=None) for one in [*asked, *earlier]]))
    zero = len(terms)
    part = [terms.index(one._replace(from_year=None)) for one in asked]
    whole = [
        zero if one.from_year is None else terms.index(Query(one.area, one.from_year, one.scope))
        for one in asked
    ]
    sizes = [len(layout.spec.areas.regions_of(term.area)) for term in terms]
    nobody, none = np.full(sum(sizes), -1), np.zeros(sum(sizes))
    nothing, nowhere = np.zeros(len(asked)), np.zeros(len(asked), dtype=np.int64)
    return arrays._replace(
        cells=np.column_stack([nobody, nobody, *_places(terms, layout)]).astype(np.int64),
        cell_next_weight=none,
        cell_log_weight=none,
        term_start=np.cumsum([0, *sizes]),
        term_cell=np.arange(sum(sizes)),
        term_known=np.zeros(1),
        row_form=np.full(len(asked), STATED),
        row_tails=np.full(len(asked), STUDENT_T),
        row_source=nowhere,
        row_numerator=np.array(part),
        row_denominator=np.array(whole),
        row_second_numerator=np.full(len(asked), zero),
        row_epoch=nowhere,
        row_value=nothing,
        row_other=nothing,
        row_noise_factor=nothing + 1,
        row_variance=nothing + 1,
    )


def _places(terms: Sequence[Query], layout: Layout) -> tuple[IntArray, IntArray, IntArray]:
    """Return scope, region and year of the cells that the terms are sums of."""
    runs = [layout.spec.areas.regions_of(term.area) for term in terms]
    sizes = [len(run) for run in runs]
    scope = np.repeat([layout.scopes.index(term.scope) for term in terms], sizes)
    region = np.concatenate([np.array(run, dtype=np.int64) for run in runs])
    return scope, region, np.repeat([term.year - layout.spec.years.first for term in terms], sizes)
