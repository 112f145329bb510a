"""The contents of a study that is in order, as `headcount check` prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from headcount._wording import plural

if TYPE_CHECKING:
    from headcount.study.observation import Observation
    from headcount.study.specs import CovariateEffect, ModelSpec, ScopeSpec
    from headcount.study.study import Study

__all__ = ["print_findings"]


def print_findings(study: Study, console: Console) -> None:
    """Print the spec of a study in a few lines, and its rows by source.

    Parameters
    ----------
    study
        A study.
    console
        Console to print on.
    """
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    for name, text in _facts(study):
        facts.add_row(name, text)
    console.print(facts, "", _rows_by_source(study), sep="\n")


def _facts(study: Study) -> Iterator[tuple[str, str]]:
    spec, observations = study.spec, study.observations
    yield "question", spec.question
    yield "target", f"{spec.target}: {spec.definition}"
    yield "areas", _areas(spec)
    yield "years", _years(study)
    yield "scopes", "; ".join(_relation(name, scope) for name, scope in spec.scopes.items())
    yield "growth", spec.growth.kind
    yield (
        "covariates",
        ", ".join(_used_for(name, effect) for name, effect in spec.covariates.items()) or "none",
    )
    yield "rows", _row_count(observations.rows)
    yield "anchors", _anchors(study)
    yield "prior sets", ", ".join(_in_force(name, spec) for name in spec.prior_set_names)


def _areas(spec: ModelSpec) -> str:
    areas = spec.areas
    groupings = plural(sum(1 for area in areas.rows if area.members), "grouping")
    regions, pools = plural(len(areas.regions), "region"), plural(len(areas.pools), "pool")
    return f"{regions} in {pools} under {areas.root}; {groupings}"


def _years(study: Study) -> str:
    years = study.spec.years
    last = max(row.year for row in study.observations.fitted)
    forecasts = f"forecasts from {last + 1}" if last < years.last else "no forecasts"
    return f"{years.first} to {years.last}; total stated for {years.reference}; {forecasts}"


def _relation(name: str, scope: ScopeSpec) -> str:
    for relation in ("contains", "within", "beside", "covariate"):
        other = getattr(scope, relation)
        if other:
            return f"{name} ({'known: ' if relation == 'covariate' else relation + ' '}{other})"
    return f"{name} (target)"


def _row_count(rows: Iterable[Observation]) -> str:
    rows = list(rows)
    kinds = Counter(row.kind for row in rows if not row.excluded)
    excluded = len(rows) - kinds.total()
    by_kind = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{kinds.total()} to fit ({by_kind})" + (f"; {excluded} excluded" if excluded else "")


def _anchors(study: Study) -> str:
    used = [name for name in study.spec.anchors if name in study.observations.sources]
    return ", ".join(used) or "none: the level depends on priors, and on surveys if there are any"


def _used_for(name: str, effect: CovariateEffect) -> str:
    return f"{name} ({effect.effect})"


def _in_force(name: str, spec: ModelSpec) -> str:
    return f"{name} (in force)" if name == spec.prior_set else name


def _rows_by_source(study: Study) -> Table:
    spec, observations = study.spec, study.observations
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("source", overflow="fold", max_width=33)
    table.add_column("reach", no_wrap=True)
    table.add_column("rows to fit", no_wrap=True)
    table.add_column("areas", justify="right")
    table.add_column("years", no_wrap=True)
    for name, source in spec.sources.items():
        rows = [row for row in observations.fitted if row.source == name]
        kinds = Counter(row.kind for row in rows)
        stated = "\n".join(f"{count} {kind}" for kind, count in kinds.most_common())
        areas = str(len({row.area for row in rows}) or "")
        table.add_row(name, source.reach_kind, stated, areas, _span(rows))
    return table


def _span(rows: Iterable[Observation]) -> str:
    years = sorted({row.year for row in rows})
    if not years:
        return "left out"
    return f"{years[0]}" if len(years) == 1 else f"{years[0]}-{years[-1]}"
