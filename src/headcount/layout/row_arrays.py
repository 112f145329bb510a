"""Rows as arrays, one set for each likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headcount._types import FloatArray, IntArray
from headcount.layout.cells import TermIndex
from headcount.study.row_forms import BINOMIAL_FORMS, FormRow, Likelihood
from headcount.study.specs import ModelSpec

__all__ = ["RowArrays", "likelihood_of", "rows_by_likelihood"]


@dataclass(frozen=True)
class RowArrays:
    """The rows of one likelihood, dims (row,) throughout.

    Parameters
    ----------
    position
        Position among the fitted observations.
    numerator, denominator, second_numerator
        Positions of the row's terms; the last two are that of the zero term where a row has none.
    value, other, noise_factor, variance
        As in `headcount.study.row_forms.FormRow`.
    """

    position: IntArray
    numerator: IntArray
    denominator: IntArray
    second_numerator: IntArray
    value: FloatArray
    other: FloatArray
    noise_factor: FloatArray
    variance: FloatArray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.position)


def likelihood_of(row: FormRow, source: str, spec: ModelSpec) -> Likelihood:
    """Return the likelihood of a row of a source: its form, and the tails of the source's kind."""
    is_binomial = row.form in BINOMIAL_FORMS
    return Likelihood(
        row.form, "" if is_binomial else spec.source_kinds[spec.sources[source].kind].tails
    )


def rows_by_likelihood(
    rows: Sequence[FormRow], likelihoods: Sequence[Likelihood], index: TermIndex
) -> Mapping[Likelihood, RowArrays]:
    """Group rows by their likelihood.

    Parameters
    ----------
    rows
        All fitted rows, in order.
    likelihoods
        The likelihood of each row.
    index
        Positions of the terms.

    Returns
    -------
    mapping
        Likelihood to its rows; likelihoods without rows are left out.
    """
    return {
        wanted: _arrays([i for i, own in enumerate(likelihoods) if own == wanted], rows, index)
        for wanted in sorted(set(likelihoods), key=lambda own: own.place)
    }


def _arrays(positions: list[int], rows: Sequence[FormRow], index: TermIndex) -> RowArrays:
    chosen = [rows[i] for i in positions]

    def places(field: str) -> IntArray:
        return np.array([index[getattr(row, field)] for row in chosen], dtype=np.int64)

    def numbers(field: str) -> FloatArray:
        return np.array([getattr(row, field) for row in chosen], dtype=np.float64)

    return RowArrays(
        position=np.array(positions, dtype=np.int64),
        numerator=places("numerator"),
        denominator=places("denominator"),
        second_numerator=places("second_numerator"),
        value=numbers("value"),
        other=numbers("other"),
        noise_factor=numbers("noise_factor"),
        variance=numbers("variance"),
    )
