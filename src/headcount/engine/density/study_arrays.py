"""A study as the flat arrays that the compiled density reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from headcount._memo import memo
from headcount._types import FloatArray, IntArray
from headcount.engine.density.linear_predictor import PARTS, LinearPredictor
from headcount.engine.density.reach_points import ReachPoints
from headcount.engine.numba_support.struct_pointers import StructPointer
from headcount.layout.free_vector import Segment, segments_of
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.priors import FAMILIES
from headcount.study.row_forms import FORMS
from headcount.study.specs import RATIO_SUPPORT

__all__ = ["LINKS", "NONLINEAR", "StudyArrays", "arrays_of"]

LINKS: Final = (*RATIO_SUPPORT, "part_of")
"""Relations of scopes, in the order of their codes."""

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
    """All numbers of a study that the compiled density needs, as flat arrays.

    Attributes
    ----------
    prior_family, prior_first, prior_second
        Prior of each free variable: the code of its family and the two numbers of its density; dims
        (free,).
    prior_median
        Median of the prior of each free variable, on the link scale; dims (free,).
    log_prior_constant
        Sum of the normalising constants of the log prior; dims (1,).
    log_scale
        Positions of the log scales of effects in the free vector.
    predictor_row, predictor_effect, predictor_scale, predictor_weight
        Entries of the linear predictor, see
        `headcount.engine.density.linear_predictor.LinearPredictor`; dims (entry,).
    effect_group
        Reach group of each effect of a region or reach group, -1 for other free variables; effects
        of one group are non-centred together; dims (free,).
    offset
        Start of each of ``PARTS`` in the linear predictor, and its end.
    shape
        Numbers of regions, years, sources and scopes, and the index of the reference year.
    growth
        Code of the recursion of the growth kind, and the positions of ``NONLINEAR`` in the free
        vector, -1 for none.
    damped_innovation
        Positions in the free vector of the innovations of the common path and of the path of each
        region, where growth is damped, else empty; dims (path, step).
    graduates
        People a year, for the growth kind ``stock_and_flow``, else empty; dims (region, year).
    reach_point_link, reach_point_source
        Place and source of each reach point, see
        `headcount.engine.density.reach_points.ReachPoints`; dims (reach point,).
    is_coverage, has_overcount
        1 for sources with a coverage, or with an overcount; dims (source,).
    scope_parent, scope_link
        The scope to which each scope is relative, and the code of the relation in ``LINKS``, -1 for
        the target; dims (scope,).
    sibling_start, sibling
        Parts of the breakdown of each scope, one run for each scope, empty for those that are no
        parts.
    part_log_weight
        Log of the expected weight of each scope that is a part, else 0; dims (scope,).
    cells
        Reach point of this year and of the following one (-1 for none), scope, region and year of
        each cell; dims (cell, 5).
    cell_next_weight, cell_log_weight
        Weight of the following year in the interpolation, and log weight of the cell in its term;
        dims (cell,).
    term_start, term_cell, term_known
        Cells of each term, as runs; then log values of the known terms.
    row_form, row_tails
        Codes of the likelihood of each row: the position of its form in
        `headcount.study.row_forms.FORMS`; 1 where its noise is normal, 0 where it is Student's t or
        where it has none; dims (row,).
    row_source, row_numerator, row_denominator, row_second_numerator, row_epoch
        Indices of source, terms and survey epoch; dims (row,).
    row_value, row_other, row_noise_factor, row_variance
        Numbers of each row, as in `headcount.study.row_forms.FormRow`; dims (row,).
    """


@memo
def arrays_of(layout: Layout, *, everywhere: bool = False) -> StudyArrays:
    """Turn a layout into the arrays of the compiled density.

    Parameters
    ----------
    layout
        The study.
    everywhere
        Whether to evaluate the reach of every source in every region and year, and not only where
        some row needs it.

    Returns
    -------
    StudyArrays
        The arrays, kept with the layout.
    """
    points = ReachPoints.of(layout, everywhere=everywhere)
    predictor = LinearPredictor(layout, points.places)
    starts, members = _terms(layout)
    sources = [layout.spec.sources[name] for name in layout.sources]
    return StudyArrays(
        **_priors(layout),  # type: ignore[arg-type]  # the keys are field names
        predictor_row=np.array(predictor.row, dtype=np.int64),
        predictor_effect=np.array(predictor.effect, dtype=np.int64),
        predictor_scale=np.array(predictor.scale, dtype=np.int64),
        predictor_weight=np.array(predictor.weight, dtype=np.float64),
        log_scale=np.unique([scale for scale in predictor.scale if scale >= 0]).astype(np.int64),
        effect_group=_effect_groups(layout),
        offset=np.cumsum([0, *(predictor.sizes[part] for part in PARTS)]),
        shape=_shape(layout),
        growth=_growth(layout),
        damped_innovation=_damped_innovations(layout),
        graduates=_graduates(layout),
        reach_point_link=points.link,
        reach_point_source=points.source,
        is_coverage=np.array(
            [int(source.coverage is not None) for source in sources], dtype=np.int64
        ),
        has_overcount=np.array(
            [int(source.overcount is not None) for source in sources], dtype=np.int64
        ),
        **_scopes(layout),  # type: ignore[arg-type]  # as above
        cells=points.cells,
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


def _damped_innovations(layout: Layout) -> IntArray:
    steps = len(layout.spec.years.labels) - 1
    damped = GROWTH_KINDS[layout.spec.growth.kind].is_damped
    places = [
        segment.slice
        for name, segment in segments_of(layout).items()
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


def _size(segments: Iterable[Segment]) -> int:
    """Return the length of the free vector."""
    return sum(segment.size for segment in segments)


def _priors(layout: Layout) -> dict[str, IntArray | FloatArray]:
    segments = segments_of(layout)
    size = _size(segments.values())
    family, first, second = np.zeros(size, dtype=np.int64), np.zeros(size), np.ones(size)
    median = np.zeros(size)
    for i, prior in enumerate(layout.priors.values()):
        family[i] = FAMILIES[prior.family].code
        first[i], second[i] = prior.numbers
        median[i] = prior.link.forward(prior.quantile(0.5))
    if "trend_level" in segments:
        second[segments["trend_level"].slice] = TREND_LEVEL_SD
    return {
        "prior_family": family,
        "prior_first": first,
        "prior_second": second,
        "prior_median": median,
        "log_prior_constant": np.array([_constant(family, first, second)]),
    }


def _constant(family: IntArray, first: FloatArray, second: FloatArray) -> float:
    """Return the sum of the normalising constants of the log prior densities."""
    constant = np.zeros(family.size)
    for own in FAMILIES.values():
        chosen = family == own.code
        constant[chosen] = own.log_constant(first[chosen], second[chosen])
    return float(constant.sum())


def _effect_groups(layout: Layout) -> IntArray:
    """Return the reach group of each effect, -1 for free variables of no region or reach group.

    Rows inform about sums of the effects of a group: level, growth, ratios and deviations of reach.
    """
    segments, region_group = segments_of(layout), layout.region_reach_group
    groups, steps = len(layout.spec.areas.reach_groups), len(layout.spec.years.labels) - 1
    group = np.full(_size(segments.values()), -1, dtype=np.int64)
    for name, segment in segments.items():
        place = np.arange(segment.size)
        if name == "source_region_z":
            group[segment.slice] = layout.source_reach_groups[:, 1]
        elif name in ("region_z", "region_rate_z"):
            group[segment.slice] = region_group
        elif name == "region_innovation_z":
            group[segment.slice] = region_group[place // steps]
        elif name.startswith(("ratio_", "kind_")):
            group[segment.slice] = place
        elif name.startswith("part_") and name.endswith("_region_z"):
            group[segment.slice] = place % groups
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
