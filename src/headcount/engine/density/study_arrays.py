"""The study as flat arrays: what the compiled density reads."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from headcount._memo import memo
from headcount._types import FloatArray, IntArray
from headcount.engine.density.linear_predictor import PARTS, LinearPredictor
from headcount.engine.density.reach_points import ReachPoints
from headcount.engine.numba_support.struct_pointers import StructPointer
from headcount.layout.free_vector import segments_of
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.priors import FAMILIES
from headcount.study.row_forms import FORMS
from headcount.study.specs import RATIO_SUPPORT

__all__ = ["LINKS", "NONLINEAR", "StudyArrays", "arrays_of"]

LINKS: Final = (*RATIO_SUPPORT, "part_of")
"""Relations of scopes in the order of their codes."""

NONLINEAR: Final = tuple(
    dict.fromkeys(name for kind in GROWTH_KINDS.values() for name in kind.nonlinear)
)
"""Priors of growth whose positions in the free vector stand beside the code of the recursion."""


class _Fields(NamedTuple):
    prior_family: IntArray
    prior_first: FloatArray
    prior_second: FloatArray
    prior_median: FloatArray
    log_prior_constant: FloatArray
    log_scale: IntArray
    predictor_row: IntArray
    predictor_effect: IntArray
    predictor_scale: IntArray
    predictor_weight: FloatArray
    effect_group: IntArray
    offset: IntArray
    shape: IntArray
    growth: IntArray
    damped_innovation: IntArray
    graduates: FloatArray
    reach_point_link: IntArray
    reach_point_source: IntArray
    is_coverage: IntArray
    has_overcount: IntArray
    scope_parent: IntArray
    scope_link: IntArray
    sibling_start: IntArray
    sibling: IntArray
    part_log_weight: FloatArray
    cells: IntArray
    cell_next_weight: FloatArray
    cell_log_weight: FloatArray
    term_start: IntArray
    term_cell: IntArray
    term_known: FloatArray
    row_form: IntArray
    row_tails: IntArray
    row_source: IntArray
    row_numerator: IntArray
    row_denominator: IntArray
    row_second_numerator: IntArray
    row_epoch: IntArray
    row_value: FloatArray
    row_other: FloatArray
    row_noise_factor: FloatArray
    row_variance: FloatArray


class StudyArrays(StructPointer, _Fields):
    """Arrays of a study, all that the compiled density sees.

    Attributes
    ----------
    prior_family, prior_first, prior_second
        Prior of each free variable: the code of its family and its two numbers; dims (free,).
    prior_median
        Median of each free variable's prior, on the link scale.
    log_prior_constant
        What does not change in the log prior density; dims (1,).
    log_scale
        Free variables that are log scales of entries.
    predictor_row, predictor_effect, predictor_scale, predictor_weight
        The entries; b is -1 where the weight has no scale; dims (entry,).
    effect_group
        Effects of one group are recentred together; -1 for free variables that stand alone; dims
        (free,).
    offset
        Where in predictor each part of ``PARTS`` starts, and the end.
    shape
        Numbers of regions, years, sources, scopes, and the index of the reference year.
    growth
        Code of the growth kind's recursion, and the positions in x of ``NONLINEAR``, or -1.
    damped_innovation
        Positions in x of the innovations of each growth path, the common one and those of the
        regions, where growth is damped; dims (path, step).
    graduates
        People a year, dims (region, year); empty but for stock and flow.
    reach_point_link, reach_point_source
        A view is a source's reach in a region and, where it varies, a year: position of its zeta,
        and the source, or
        -1 - source for a list alone, without overcount and errors; dims (view,).
    is_coverage, has_overcount
        1 for sources with a coverage, or an overcount.
    scope_parent, scope_link
        Scope that a scope is relative to; a code of ``LINKS``.
    sibling_start, sibling
        Parts of one breakdown as runs of scopes, one run for each scope, empty for those that are
        no parts.
    part_log_weight
        Log weight expected of each scope that is a part; dims (scope,).
    cells
        Dims (cell, 5): view or -1, view of the year after or -1, scope, region, year.
    cell_next_weight, cell_log_weight
        Weight of the year after in the interpolation of each cell, and the log weight of the cell.
    term_start, term_cell, term_known
        Terms as runs of cells; then the known ones.
    row_form, row_tails
        Codes of each row's likelihood: its place in `headcount.study.row_forms.FORMS`; 1 where its
        noise is normal, 0 where it is Student's t or there is none; dims (row,).
    row_source, row_numerator, row_denominator, row_second_numerator, row_epoch
        Indices of each row; dims (row,).
    row_value, row_other, row_noise_factor, row_variance
        Numbers of each row.
    """


@memo
def arrays_of(layout: Layout, *, everywhere: bool = False) -> StudyArrays:
    """Turn a layout into the arrays of the compiled density.

    Parameters
    ----------
    layout
        The study.
    everywhere
        Whether to evaluate the reach of every source in every region and year, and not only where a
        row needs it.

    Returns
    -------
    StudyArrays
        Flat arrays; see there.
    """
    views = ReachPoints.of(layout, everywhere=everywhere)
    entries = LinearPredictor(layout, views.zetas)
    starts, members = _terms(layout)
    sources = [layout.spec.sources[name] for name in layout.sources]
    return StudyArrays(
        **_priors(layout),  # type: ignore[arg-type]  # the keys are field names
        predictor_row=np.array(entries.row, dtype=np.int64),
        predictor_effect=np.array(entries.a, dtype=np.int64),
        predictor_scale=np.array(entries.b, dtype=np.int64),
        predictor_weight=np.array(entries.weight, dtype=np.float64),
        log_scale=np.unique([b for b in entries.b if b >= 0]).astype(np.int64),
        effect_group=_group_of(layout),
        offset=np.cumsum([0, *(entries.sizes[part] for part in PARTS)]),
        shape=_shape(layout),
        growth=_growth(layout),
        damped_innovation=_paths(layout),
        graduates=_graduates(layout),
        reach_point_link=views.zeta,
        reach_point_source=views.source,
        is_coverage=np.array(
            [int(source.coverage is not None) for source in sources], dtype=np.int64
        ),
        has_overcount=np.array(
            [int(source.overcount is not None) for source in sources], dtype=np.int64
        ),
        **_scopes(layout),  # type: ignore[arg-type]  # as above
        cells=views.cells,
        cell_next_weight=layout.cells.next_weight,
        cell_log_weight=layout.cells.log_weight,
        term_start=starts,
        term_cell=members,
        term_known=layout.terms.known,
        **_rows(layout),  # type: ignore[arg-type]  # as above
    )


def _shape(layout: Layout) -> IntArray:
    years = layout.spec.years
    regions, sources = len(layout.spec.areas.regions), len(layout.sources)
    reference = years.reference - years.first
    return np.array([regions, len(years.labels), sources, len(layout.scopes), reference])


def _growth(layout: Layout) -> IntArray:
    position = {path: i for i, path in enumerate(layout.priors)}
    places = [position.get(f"growth.{name}", -1) for name in NONLINEAR]
    return np.array([GROWTH_KINDS[layout.spec.growth.kind].code, *places], dtype=np.int64)


def _paths(layout: Layout) -> IntArray:
    steps = len(layout.spec.years.labels) - 1
    damped = GROWTH_KINDS[layout.spec.growth.kind].is_damped
    places = [
        block.slice
        for name, block in segments_of(layout).items()
        if name.endswith("_innovation_z") and damped
    ]
    found = [np.arange(own.start, own.stop) for own in places]
    return np.concatenate([np.zeros(0, dtype=np.int64), *found]).reshape(-1, steps)


def _graduates(layout: Layout) -> FloatArray:
    variable = layout.spec.growth.graduates
    return layout.variable(variable, layout.spec.years.labels) if variable else np.zeros((0, 0))


def _scopes(layout: Layout) -> dict[str, IntArray | FloatArray]:
    spec, scopes = layout.spec, layout.scopes
    parts = [spec.parts_of(own) if (own := spec.scopes[name].part_of) else () for name in scopes]
    target = spec.target
    return {
        "scope_parent": np.array(
            [scopes.index(spec.relative_to(k) or target) for k in scopes], dtype=np.int64
        ),
        "scope_link": np.array(
            [_link(spec.scopes[name].relation) for name in scopes], dtype=np.int64
        ),
        "sibling_start": np.cumsum([0, *(len(own) for own in parts)]),
        "sibling": np.array([scopes.index(k) for own in parts for k in own], dtype=np.int64),
        "part_log_weight": np.array([layout.part_log_weights.get(name, 0.0) for name in scopes]),
    }


def _link(relation: str) -> int:
    return LINKS.index(relation) if relation else -1


def _priors(layout: Layout) -> dict[str, IntArray | FloatArray]:
    blocks = segments_of(layout)
    size = max(block.start + block.size for block in blocks.values())
    family, first, second = np.zeros(size, dtype=np.int64), np.zeros(size), np.ones(size)
    middle = np.zeros(size)
    for i, prior in enumerate(layout.priors.values()):
        family[i] = FAMILIES[prior.family].code
        first[i], second[i] = prior.numbers
        middle[i] = prior.link.forward(prior.quantile(0.5))
    if "trend_level" in blocks:
        second[blocks["trend_level"].slice] = TREND_LEVEL_SD
    return {
        "prior_family": family,
        "prior_first": first,
        "prior_second": second,
        "prior_median": middle,
        "log_prior_constant": np.array([_constant(family, first, second)]),
    }


def _constant(family: IntArray, first: FloatArray, second: FloatArray) -> float:
    """Return the sum of the normalising constants of the log prior densities."""
    constant = np.zeros(family.size)
    for own in FAMILIES.values():
        chosen = family == own.code
        constant[chosen] = own.log_constant(first[chosen], second[chosen])
    return float(constant.sum())


def _group_of(layout: Layout) -> IntArray:
    """Group the effects of each unit: its level, its growth, its ratios and how sources see it.

    Data speak about their sums.
    """
    blocks, unit = segments_of(layout), layout.region_reach_group
    units, steps = len(layout.spec.areas.reach_groups), len(layout.spec.years.labels) - 1
    group = np.full(max(b.start + b.size for b in blocks.values()), -1, dtype=np.int64)
    for name, block in blocks.items():
        place = np.arange(block.size)
        if name == "source_region_z":
            group[block.slice] = layout.source_reach_groups[:, 1]
        elif name in ("region_z", "region_rate_z"):
            group[block.slice] = unit
        elif name == "region_innovation_z":
            group[block.slice] = unit[place // steps]
        elif name.startswith(("ratio_", "kind_")):
            group[block.slice] = place
        elif name.startswith("part_") and name.endswith("_region_z"):
            group[block.slice] = place % units
    return group


def _terms(layout: Layout) -> tuple[IntArray, IntArray]:
    runs: list[list[int]] = [[int(cell)] for cell in layout.terms.single]
    runs += [[int(cell) for cell in cells if cell >= 0] for cells in layout.terms.multiple]
    starts = np.cumsum([0, *(len(run) for run in runs)])
    return starts, np.array([cell for run in runs for cell in run], dtype=np.int64)


def _rows(layout: Layout) -> dict[str, IntArray | FloatArray]:
    parts = layout.rows.values()
    forms = [np.full(len(rows), FORMS.index(own.form)) for own, rows in layout.rows.items()]
    tails = [np.full(len(rows), int(own.is_normal)) for own, rows in layout.rows.items()]
    position = np.concatenate([rows.position for rows in parts])
    order = np.argsort(position)

    def join(name: str) -> IntArray | FloatArray:
        return np.concatenate([getattr(rows, name) for rows in parts])[order]

    return {
        "row_form": np.concatenate(forms)[order],
        "row_tails": np.concatenate(tails)[order],
        "row_source": layout.row_source,
        "row_numerator": join("numerator"),
        "row_denominator": join("denominator"),
        "row_second_numerator": join("second_numerator"),
        "row_epoch": layout.row_epoch,
        "row_value": join("value"),
        "row_other": join("other"),
        "row_noise_factor": join("noise_factor"),
        "row_variance": join("variance"),
    }
