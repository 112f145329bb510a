"""Unidentified directions: joint changes of levels along which the likelihood is constant.

On the log scale the levels add up: the location of a row is ``log headcount + log ratio + log
reach``, so raising all coverage and lowering all headcounts by the same factor changes no location.
Linear programming finds such directions: among all changes of levels that raise the headline by a
fifth and move no group of similar rows by more than a small part of its standard error, the one
with the least sum of changes, each in standard deviations of its prior. A minimum of absolute
values has few changes that are not zero, so a sentence can describe it. Fixing the quantity with
the largest change and solving again gives the next direction. If there is none, the search allows
small changes of the likelihood.

Deviations by region, growth and all other pooled effects stay fixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import optimize

from headcount._types import BoolArray, FloatArray
from headcount._wording import plural, rounded_percent
from headcount.diagnostics.identification.level_priors import sets_level
from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, Contributor
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.engine.derivatives.location_information import expected_information
from headcount.layout.free_vector import free_labels, free_prior_paths, segments_of
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout

__all__ = ["RAISED", "Direction", "find_directions"]

RAISED: Final = 1.2
"""Factor by which a direction raises the headline."""

MOST: Final = (5, 2)
"""Most directions of each kind: the likelihood is constant; it hardly changes."""

GROUPS: Final = 4
"""Groups of equal changes that a sentence describes."""

TOLERANCES: Final = (0.02, 0.25)
"""Standard errors by which a group of similar rows may move, for each kind of direction."""

FARTHEST: Final = np.log(4)
"""Largest change of a quantity on the log scale; beyond it the linear approximation fails."""

LEAST_CHANGE: Final = 0.02
"""A smaller change on the log scale is not described."""

LEAST_LOSS: Final = 0.01
"""Loss of log likelihood up to which the likelihood counts as constant."""

EVERY_HEADCOUNT: Final = "every headcount"

PLACES: Final = 7
"""Decimals to which slopes of rows are compared, to group similar rows."""


@dataclass(frozen=True)
class Direction:
    """A joint change of levels that leaves the likelihood constant, or nearly so.

    Parameters
    ----------
    changes
        Factor by which each quantity changes, by its name in words; headcounts by area.
    cost
        Distance from the priors: the root of the sum of squared changes in prior standard
        deviations.
    loss
        Loss of log likelihood; 0 where no row moves.
    """

    changes: Mapping[str, float]
    cost: float
    loss: float

    @property
    def headline(self) -> float:
        """Factor by which the headline changes for a step of one prior standard deviation."""
        return float(np.exp(np.log(RAISED) / self.cost))

    def __str__(self) -> str:
        """Return the direction as a sentence."""
        groups = list(self._by_factor())
        changes = "; ".join(_in_words(factor, names) for factor, names in groups[:GROUPS])
        others = sum(len(names) for _, names in groups[GROUPS:])
        changes += f"; and {plural(others, 'smaller change')}" if others else ""
        effect = "leaves the likelihood constant"
        if self.loss > LEAST_LOSS:
            effect = f"lowers the log likelihood by only {self.loss:.2g}"
        return (
            f"{changes[0].upper()}{changes[1:]}: this {effect}, at a distance of {self.cost:.1f} "
            "prior standard deviations."
        )

    def _by_factor(self) -> Iterator[tuple[float, list[str]]]:
        """Yield changes of the same factor: every headcount first, then the largest changes."""
        factors: dict[float, list[str]] = {}
        for name, factor in self.changes.items():
            factors.setdefault(round(factor, 2), []).append(name)
        yield from sorted(
            factors.items(),
            key=lambda item: (EVERY_HEADCOUNT not in item[1], -abs(np.log(item[0]))),
        )


def find_directions(arrays: StudyArrays, layout: Layout, headline: Query) -> list[Direction]:
    """Find the directions along which a headcount changes and the likelihood does not.

    Parameters
    ----------
    arrays, layout
        The study.
    headline
        The headcount.

    Returns
    -------
    list of Direction
        At most five, the most plausible first; empty where statements identify the headline.
    """
    for most, tolerance in zip(MOST, TOLERANCES, strict=True):
        found = list(_directions(_Levels(arrays, layout, headline, tolerance), most))
        if found:
            break
    return sorted(found, key=lambda direction: direction.cost)


def _directions(levels: _Levels, most: int) -> Iterator[Direction]:
    forbidden = levels.of_people & False
    for _ in range(most):
        change = levels.cheapest(forbidden)
        if change is None:
            return
        yield levels.direction(change)
        size = np.abs(change) * levels.cost * ~levels.of_people
        if not size.any():
            return
        forbidden[np.argmax(size)] = True


class _Quantity(NamedTuple):
    """A quantity that sets levels.

    Attributes
    ----------
    name
        In words.
    column
        Its place in the free vector.
    log_units
        Change of its logarithm for a unit of the free variable.
    sd
        Standard deviation of the prior of the free variable.
    of_people
        Whether it is a headcount.
    """

    name: str
    column: int
    log_units: float
    sd: float
    of_people: bool = False


class _Levels:
    """Quantities that set levels: cost of a change, and the slopes of rows and of the headline."""

    def __init__(
        self, arrays: StudyArrays, layout: Layout, headline: Query, tolerance: float
    ) -> None:
        self.tolerance = tolerance
        x = _middle(arrays, layout)
        found = [*_stated_levels(x, layout), *_regions(x, layout)]
        columns, unit = (
            np.array([own.column for own in found]),
            np.array([own.log_units for own in found]),
        )
        self.names = [own.name for own in found]
        self.cost = 1 / (np.array([own.sd for own in found]) * unit)
        self.of_people = np.array([own.of_people for own in found])
        slopes = row_jacobian_at(x, arrays).jacobian[:, columns].toarray() / unit
        self.rows, self.information = _similar_rows(slopes, expected_information(x, arrays))
        self.headline = (
            row_jacobian_at(x, query_arrays(arrays, layout, [headline]))
            .jacobian[:, columns]
            .toarray()[0]
            / unit
        )

    def cheapest(self, forbidden: BoolArray) -> FloatArray | None:
        """Return the cheapest change of log levels that raises the headline, if there is one."""
        count, seen = (
            len(self.cost),
            self.rows * np.sqrt(self.information)[:, None] / self.tolerance,
        )
        lift = np.concatenate([self.headline, -self.headline])[None, :]
        found = optimize.linprog(
            np.tile(self.cost, 2),
            A_ub=np.block([[seen, -seen], [-seen, seen]]),
            b_ub=np.ones(2 * len(seen)),
            A_eq=lift,
            b_eq=[np.log(RAISED)],
            bounds=[(0, 0 if no else FARTHEST) for no in np.tile(forbidden, 2)],
            method="highs",
        )
        return np.asarray(found.x[:count] - found.x[count:]) if found.success else None

    def direction(self, change: FloatArray) -> Direction:
        """Return a change as a direction."""
        order = np.argsort(~self.of_people, kind="stable")
        changes = {
            self.names[i]: float(np.exp(change[i])) for i in order if abs(change[i]) > LEAST_CHANGE
        }
        loss = float(self.information @ (self.rows @ change) ** 2) / 2
        return Direction(changes, float(np.linalg.norm(change * self.cost)), loss)


def _middle(arrays: StudyArrays, layout: Layout) -> FloatArray:
    """Return the prior medians without trends and breaks, at which years have equal slopes."""
    x = arrays.prior_median.copy()
    for i, path in enumerate(layout.priors):
        if re.fullmatch(r"scopes\..+\.trend|sources\..+\.breaks\.\d+", path):
            x[i] = 0.0
    return x


def _stated_levels(x: FloatArray, layout: Layout) -> Iterator[_Quantity]:
    for i, (label, path) in enumerate(
        zip(free_labels(layout), free_prior_paths(layout), strict=True)
    ):
        if not sets_level(Contributor(PRIOR if label == path else POOLING, path)):
            continue
        if label != path:
            yield _Quantity(_name_of(path), i, 1.0, TREND_LEVEL_SD)
        elif layout.priors[path].is_link_normal:
            prior = layout.priors[path]
            value = float(prior.link.inverse(x[i]))
            log_units = 1 / (value * float(prior.link.slope(value)))
            yield _Quantity(_name_of(path), i, log_units, prior.scale, path == "total.prior")


def _regions(x: FloatArray, layout: Layout) -> Iterator[_Quantity]:
    effects = segments_of(layout)["region_z"]
    spread = float(np.exp(x[list(layout.priors).index("regions.region_sd")]))
    for place, region in enumerate(layout.spec.areas.regions, start=effects.start):
        yield _Quantity(f"headcounts in {region}", place, spread, 1.0, of_people=True)


def _similar_rows(slopes: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Group rows of the same slopes; dims (group, quantity) and (group,)."""
    rounded = np.round(slopes, PLACES) + 0.0
    groups, group = np.unique(rounded, axis=0, return_inverse=True)
    total = np.bincount(group.ravel(), np.maximum(information, 0.0), len(groups))
    informative = np.any(groups != 0, axis=1) & (total > 0)
    return groups[informative], total[informative]


def _name_of(path: str) -> str:
    """Name a quantity in plain words."""
    section, *keys = path.split(".")
    match section, keys:
        case "total", _:
            return EVERY_HEADCOUNT
        case "shared_bias", _:
            return "the bias shared by all sources but anchors"
        case "lineages", [name, *_]:
            return f"the error shared by the lineage {name}"
        case "scopes", [name, *_]:
            return f"the ratio of scope {name}"
        case "sources", [name, "trend"]:
            return f"the free level of {name}"
        case "sources", [name, key, "regions", *area]:
            return f"the {key} of {name} in {'.'.join(area)}"
        case "sources", [name, key, *_]:
            return f"the {key} of {name}"
    return path


def _in_words(factor: float, names: list[str]) -> str:
    verb = "raising" if factor > 1 else "lowering"
    *most, last = names
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{verb} {listed} by {rounded_percent(abs(factor - 1))}"
