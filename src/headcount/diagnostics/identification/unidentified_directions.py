"""Directions that data do not constrain: what could be changed together without any statement
noticing.

On the log scale everything that sets a level adds up: a statement sees ``log headcount + log ratio
+ log reach``, so raising all coverage and lowering all headcounts by the same factor changes
nothing that is stated. Such directions are found by linear programming: among all changes of levels
that raise the headline by a fifth and move no group of like statements by more than a small part of
its standard error, the one of the least sum of changes, each in standard deviations of its prior. A
minimum of absolute values has few that are not zero, so it can be said in a sentence. Forbidding
its main actor and asking again gives the next one. Only where there is no such direction, those are
looked for that statements hardly notice.

Deviations by region, growth and everything else that is pooled stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy import optimize

from headcount._types import BoolArray, FloatArray
from headcount.diagnostics.identification.level_priors import sets_level
from headcount.diagnostics.identification.precision_terms import (
    POOLING,
    PRIOR,
    Part,
    expected_information,
)
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import StudyArrays
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.layout.free_vector import free_labels, free_prior_paths, segments_of
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout

__all__ = ["RAISED", "Direction", "unseen_directions"]

RAISED: Final = 1.2
"""Factor by which a direction raises the headline."""

MOST: Final = (5, 2)
"""Directions that are looked for: of those that nobody notices, of those that are hardly noticed.
"""

GROUPS: Final = 4
"""Groups of like changes that a sentence holds."""

UNNOTICED: Final = (0.02, 0.25)
"""Standard errors by which a group of like statements may be moved: not noticed at all; hardly
noticed."""

FARTHEST: Final = np.log(4)
"""Most that a quantity may change: beyond it neither the straight lines of this module nor
anybody's patience hold."""

NOTICED: Final = 0.02
"""A change smaller than this on the log scale is not worth a word."""

NOTHING: Final = 0.01
"""Loss of log likelihood up to which data are said to see nothing at all."""

EVERYBODY: Final = "every headcount"

PLACES: Final = 7
"""Decimals to which slopes of rows are compared, to tell how many kinds of rows there are."""


@dataclass(frozen=True)
class Direction:
    """A change that no statement notices.

    Parameters
    ----------
    changes
        Factor by which each quantity changes, by its name in words; headcounts by area.
    cost
        How far from its priors that is: the root of the sum of squared changes in prior standard
        deviations.
    objection
        What the data have against it: the loss of log likelihood; 0 where no statement moves.
    """

    changes: Mapping[str, float]
    cost: float
    objection: float

    @property
    def headline(self) -> float:
        """Factor by which the headline changes for a step of one prior standard deviation."""
        return float(np.exp(np.log(RAISED) / self.cost))

    def __str__(self) -> str:
        """Return the direction as a sentence."""
        groups = list(self._together())
        told = "; ".join(_told(factor, names) for factor, names in groups[:GROUPS])
        rest = sum(len(names) for _, names in groups[GROUPS:])
        told += f"; and {rest} smaller changes" if rest else ""
        seen = "nothing that the data can see"
        if self.objection > NOTHING:
            seen = f"next to nothing that the data can see (log likelihood {-self.objection:.2g})"
        return (
            f"{told[0].upper()}{told[1:]}: this changes {seen}, at a distance of {self.cost:.1f} "
            "prior standard deviations."
        )

    def _together(self) -> Iterator[tuple[float, list[str]]]:
        """Yield what changes by the same factor: every headcount first, then the largest changes."""
        factors: dict[float, list[str]] = {}
        for name, factor in self.changes.items():
            factors.setdefault(round(factor, 2), []).append(name)
        yield from sorted(
            factors.items(), key=lambda item: (EVERYBODY not in item[1], -abs(np.log(item[0])))
        )


def unseen_directions(arrays: StudyArrays, layout: Layout, headline: Query) -> list[Direction]:
    """Find the directions along which a headcount can move without any statement noticing, the most
    plausible first.

    Parameters
    ----------
    arrays, layout
        The study.
    headline
        The headcount.

    Returns
    -------
    list of Direction
        At most five; empty where statements tie the headline down.
    """
    for most, tolerance in zip(MOST, UNNOTICED, strict=True):
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
        acting = np.abs(change) * levels.cost * ~levels.of_people
        if not acting.any():
            return
        forbidden[np.argmax(acting)] = True


class _Quantity(NamedTuple):
    """Something that sets levels.

    Attributes
    ----------
    name
        In words.
    column
        Its place in the free vector.
    log_units
        How many log units of it a unit of the free variable is.
    sd
        Of the free variable's prior.
    of_people
        Whether it is a headcount.
    """

    name: str
    column: int
    log_units: float
    sd: float
    of_people: bool = False


class _Levels:
    """What sets levels, by log units: cost of a change, and the slopes of rows and of the headline."""

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
        self.rows, self.information = _like_rows(slopes, expected_information(x, arrays))
        self.headline = (
            row_jacobian_at(x, query_arrays(arrays, layout, [headline]))
            .jacobian[:, columns]
            .toarray()[0]
            / unit
        )

    def cheapest(self, forbidden: BoolArray) -> FloatArray | None:
        """Return the cheapest change of log levels that raises the headline and that no row
        notices, or nothing.
        """
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
        """Put a change into words."""
        order = np.argsort(~self.of_people, kind="stable")
        told = {self.names[i]: float(np.exp(change[i])) for i in order if abs(change[i]) > NOTICED}
        objection = float(self.information @ (self.rows @ change) ** 2) / 2
        return Direction(told, float(np.linalg.norm(change * self.cost)), objection)


def _middle(arrays: StudyArrays, layout: Layout) -> FloatArray:
    """Return the middle of all priors with nothing changing but by growth, so that rows of all
    years see levels alike.
    """
    x = arrays.prior_median.copy()
    for i, path in enumerate(layout.priors):
        if re.fullmatch(r"scopes\..+\.trend|sources\..+\.breaks\.\d+", path):
            x[i] = 0.0
    return x


def _stated_levels(x: FloatArray, layout: Layout) -> Iterator[_Quantity]:
    for i, (label, path) in enumerate(
        zip(free_labels(layout), free_prior_paths(layout), strict=True)
    ):
        if not sets_level(Part(PRIOR if label == path else POOLING, path)):
            continue
        if label != path:
            yield _Quantity(_in_words(path), i, 1.0, TREND_LEVEL_SD)
        elif layout.priors[path].is_link_normal:
            prior = layout.priors[path]
            value = float(prior.link.inverse(x[i]))
            log_units = 1 / (value * float(prior.link.slope(value)))
            yield _Quantity(_in_words(path), i, log_units, prior.scale, path == "total.prior")


def _regions(x: FloatArray, layout: Layout) -> Iterator[_Quantity]:
    effects = segments_of(layout)["region_z"]
    spread = float(np.exp(x[list(layout.priors).index("regions.region_sd")]))
    for place, region in enumerate(layout.spec.areas.regions, start=effects.start):
        yield _Quantity(f"headcounts in {region}", place, spread, 1.0, of_people=True)


def _like_rows(slopes: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gather rows that see levels alike, whatever their year and value; dims (group, quantity) and
    (group,).
    """
    rounded = np.round(slopes, PLACES) + 0.0
    groups, group = np.unique(rounded, axis=0, return_inverse=True)
    told = np.bincount(group.ravel(), np.maximum(information, 0.0), len(groups))
    speaking = np.any(groups != 0, axis=1) & (told > 0)
    return groups[speaking], told[speaking]


def _in_words(path: str) -> str:
    """Name a quantity as a manager would."""
    section, *keys = path.split(".")
    match section, keys:
        case "total", _:
            return EVERYBODY
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


def _told(factor: float, names: list[str]) -> str:
    verb = "raising" if factor > 1 else "lowering"
    *most, last = names
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{verb} {listed} by {100 * abs(factor - 1):.0f} %"
