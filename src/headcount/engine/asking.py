"""Asking for headcounts: a study's arrays with headcounts in the place of its rows.

Whatever the engine does with rows (evaluate them at draws, differentiate them) it then does with the headcounts asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from headcount.engine.arrays import Arrays
from headcount.engine.codes import STATED
from headcount.layout import Layout

__all__ = ["Asked", "asking"]


class Asked(NamedTuple):
    """A headcount that is asked for.

    Attributes
    ----------
    area
        Code of an area or grouping.
    year
        Calendar year.
    scope
        A latent scope.
    """

    area: str
    year: int
    scope: str


def asking(arrays: Arrays, layout: Layout, asked: Sequence[Asked]) -> Arrays:
    """Put headcounts in the place of rows.

    Parameters
    ----------
    arrays, layout
        The study.
    asked
        The headcounts.

    Returns
    -------
    Arrays
        With one row of the form ``stated`` for each; its location is the log headcount.
    """
    areas, years = layout.spec.areas, layout.spec.years
    runs = [areas.regions_of(one.area) for one in asked]
    sizes = [len(run) for run in runs]
    region = np.concatenate([np.array(run, dtype=np.int64) for run in runs])
    scope = np.repeat([layout.scopes.index(one.scope) for one in asked], sizes)
    year = np.repeat([one.year - years.first for one in asked], sizes)
    nobody = np.full(region.size, -1)
    index, zero, one = (np.full(len(asked), value) for value in (len(asked), 0, 1.0))
    return arrays._replace(
        cells=np.column_stack([nobody, nobody, scope, region, year]).astype(np.int64),
        cell_lean=np.zeros(region.size),
        cell_weight=np.zeros(region.size),
        term_start=np.cumsum([0, *sizes]),
        term_cell=np.arange(region.size),
        term_known=np.zeros(1),
        row_likelihood=np.full(len(asked), STATED),
        row_source=zero,
        row_part=np.arange(len(asked)),
        row_whole=index,
        row_third=index,
        row_frame=zero,
        row_value=0 * one,
        row_other=0 * one,
        row_factor=one,
        row_variance=one,
    )
