"""The data of a study's graph: all numbers, so that a refit changes them and compiles nothing."""

from __future__ import annotations

import numpy as np

from headcount._types import AnyArray, FloatArray, IntArray
from headcount.layout.study_layout import Layout, zero_sum_basis
from headcount.model.log_reach import reach_arrays
from headcount.model.parameters import parameter_arrays

__all__ = ["data_arrays"]


def data_arrays(layout: Layout) -> dict[str, AnyArray]:
    """Return the arrays of a study under the names of the graph's data containers.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    dict
        Name to array. Two studies share a compiled graph if their arrays have the same names and
        ranks, and if they have the same sources, regions, scopes and years.
    """
    return {
        **parameter_arrays(layout),
        **_latent_arrays(layout),
        **reach_arrays(layout),
        **_term_arrays(layout),
        **_row_arrays(layout),
    }


def _latent_arrays(layout: Layout) -> dict[str, AnyArray]:
    pools = layout.spec.areas.pools
    graduates = layout.spec.growth.graduates
    return {
        "pool_basis": zero_sum_basis(len(pools))[layout.region_pool],
        "path_of_growth": _path_of_growth(layout),
        "level_covariates": _covariates(layout, "level"),
        "growth_covariates": _covariates(layout, "growth"),
        "yearly_covariates": _yearly_covariates(layout),
        "changes": layout.changes,
        "years_from_reference": np.array(layout.spec.years.labels, dtype=np.float64)
        - layout.spec.years.reference,
        **(
            {"graduates": layout.variable(graduates, layout.spec.years.labels)} if graduates else {}
        ),
    }


def _path_of_growth(layout: Layout) -> FloatArray:
    """Return the matrix that sums growth into a path, dims (year, step).

    The path is zero in the reference year.
    """
    years = layout.spec.years
    labels = np.array(years.labels)
    year, step = labels[:, None], labels[None, 1:]
    ahead = (years.reference < step) & (step <= year)
    behind = (year < step) & (step <= years.reference)
    return ahead.astype(np.float64) - behind.astype(np.float64)


def _covariates(layout: Layout, effect: str) -> FloatArray:
    """Return the covariates of an effect that are equal in all years, dims (region, covariate)."""
    covariates = layout.spec.covariates.items()
    names = [name for name, own in covariates if own.effect == effect and not own.yearly]
    columns = [layout.covariate(name)[:, 0] for name in names]
    regions = len(layout.spec.areas.regions)
    return np.column_stack(columns) if columns else np.zeros((regions, 0))


def _yearly_covariates(layout: Layout) -> FloatArray:
    """Return the yearly covariates, dims (covariate, region, step)."""
    names = [name for name, own in layout.spec.covariates.items() if own.yearly]
    shape = (0, len(layout.spec.areas.regions), len(layout.spec.years.labels) - 1)
    return np.stack([layout.covariate(name) for name in names]) if names else np.zeros(shape)


def _term_arrays(layout: Layout) -> dict[str, AnyArray]:
    cells = layout.cells
    return {
        "cell_observer": cells.observer,
        "cell_scope": cells.scope,
        "cell_region": cells.region,
        "cell_year": cells.year,
        "cell_next_year": cells.year + (cells.next_weight != 0),
        "cell_next_weight": cells.next_weight,
        "cell_log_weight": cells.log_weight,
        "term_single": layout.terms.single,
        "term_multiple": layout.terms.multiple,
        "term_known": layout.terms.known,
    }


def _row_arrays(layout: Layout) -> dict[str, AnyArray]:
    arrays: dict[str, AnyArray] = {}
    for likelihood, rows in layout.rows.items():
        name = likelihood.label
        sources: IntArray = layout.row_source[rows.position]
        arrays[f"{name}_source"] = sources
        arrays[f"{name}_epoch_index"] = layout.row_epoch[rows.position]
        for field in (
            "numerator",
            "denominator",
            "second_numerator",
            "value",
            "other",
            "noise_factor",
            "variance",
        ):
            arrays[f"{name}_{field}"] = getattr(rows, field)
    return arrays
