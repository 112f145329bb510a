"""Directions that data do not constrain: what could be changed together without any statement noticing.

On the log scale everything that sets a level adds up: a statement sees ``log headcount + log ratio + log reach``, so raising all
coverage and lowering all headcounts by the same factor changes nothing that is stated. Such directions are found by linear
programming: among all changes of levels that raise the headline by a fifth and move no group of like statements by more than a
small part of its standard error, the one of the least sum of changes, each in standard deviations of its prior. A minimum of
absolute values has few that are not zero, so it can be said in a sentence. Forbidding its main actor and asking again gives
the next one. Only where there is no such direction, those are looked for that statements hardly notice.

Deviations by region, growth and everything else that is pooled stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize

from headcount._types import FloatArray, IntArray
from headcount.engine.arrays import Arrays
from headcount.engine.asking import Asked, asking
from headcount.engine.blocks import blocks_of, free_labels, free_paths
from headcount.engine.sensitivities import sensitivities_at
from headcount.identification.levels import sets_level
from headcount.identification.pieces import POOLING, PRIOR, Part, expected_information
from headcount.layout import TREND_LEVEL_SD, Layout

__all__ = ["RAISED", "Direction", "unseen_directions"]

RAISED: Final = 1.2
"""Factor by which a direction raises the headline."""

MOST: Final = (5, 2)
"""Directions that are looked for: of those that nobody notices, of those that are hardly noticed."""

GROUPS: Final = 4
"""Groups of like changes that a sentence holds."""

UNNOTICED: Final = (0.02, 0.25)
"""Standard errors by which a group of like statements may be moved: not noticed at all; hardly noticed."""

FARTHEST: Final = np.log(4)
"""Most that a quantity may change: beyond it neither the straight lines of this module nor anybody's patience hold."""

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
        How far from its priors that is: the root of the sum of squared changes in prior standard deviations.
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
        return f"{told[0].upper()}{told[1:]}: this changes {seen}, and lies {self.cost:.2g} prior standard deviations away."

    def _together(self) -> Iterator[tuple[float, list[str]]]:
        """Yield what changes by the same factor: every headcount first, then the largest changes."""
        factors: dict[float, list[str]] = {}
        for name, factor in self.changes.items():
            factors.setdefault(round(factor, 2), []).append(name)
        yield from sorted(factors.items(), key=lambda item: (EVERYBODY not in item[1], -abs(np.log(item[0]))))


def unseen_directions(arrays: Arrays, layout: Layout, headline: Asked) -> list[Direction]:
    """Find the directions along which a headcount can move without any statement noticing, the most plausible first.

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


class _Levels:
    """What sets levels: names, cost of a change by a log unit, and the slopes of rows and of the headline."""

    def __init__(self, arrays: Arrays, layout: Layout, headline: Asked, tolerance: float) -> None:
        self.tolerance = tolerance
        x = _middle(arrays, layout)
        columns, unit, self.names, self.cost, self.of_people = _quantities(x, layout)
        slopes = sensitivities_at(x, arrays).slopes[:, columns].toarray() / unit[None, :]
        self.rows, self.information = _like_rows(slopes, expected_information(x, arrays))
        asked = sensitivities_at(x, asking(arrays, layout, [headline])).slopes[:, columns].toarray()[0]
        self.headline = asked / unit

    def cheapest(self, forbidden: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> FloatArray | None:
        """Return the cheapest change of log levels that raises the headline and that no row notices, or nothing."""
        count, seen = len(self.cost), self.rows * np.sqrt(self.information)[:, None] / self.tolerance
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


def _middle(arrays: Arrays, layout: Layout) -> FloatArray:
    """Return the middle of all priors with nothing changing but by growth, so that rows of all years see levels alike."""
    x = arrays.middle.copy()
    for i, path in enumerate(layout.priors):
        if re.fullmatch(r"scopes\..+\.trend|sources\..+\.breaks\.\d+", path):
            x[i] = 0.0
    return x


def _quantities(
    x: FloatArray, layout: Layout
) -> tuple[IntArray, FloatArray, list[str], FloatArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return of each quantity: its column, log units for each unit of it, name, cost of a log unit, is it a headcount?"""
    columns, unit, names, cost, people = [], [], [], [], []

    def add(column: int, log_units: float, name: str, sd: float, *, of_people: bool = False) -> None:
        columns.append(column)
        unit.append(log_units)
        names.append(name)
        cost.append(1 / (sd * log_units))
        people.append(of_people)

    for i, (label, path) in enumerate(zip(free_labels(layout), free_paths(layout), strict=True)):
        if not sets_level(Part(PRIOR if label == path else POOLING, path)):
            continue
        if label != path:
            add(i, 1.0, _in_words(path), TREND_LEVEL_SD)
        elif layout.priors[path].is_link_normal:
            prior = layout.priors[path]
            add(
                i,
                _log_units(prior.link.inverse, x[i]),
                _in_words(path),
                prior.scale,
                of_people=path == "total.prior",
            )
    own, scale = blocks_of(layout)["region_z"], list(layout.priors).index("regions.region_sd")
    spread = float(np.exp(x[scale]))
    for region, column in zip(layout.spec.areas.regions, range(own.start, own.start + own.size), strict=True):
        add(column, spread, f"headcounts in {region}", 1.0, of_people=True)
    return np.array(columns), np.array(unit), names, np.array(cost), np.array(people)


def _log_units(inverse: object, x: float) -> float:
    """Return how many log units of a quantity a unit on its link scale is."""
    step = 1e-5
    ends = np.log(inverse(np.array([x + step, x - step])))  # type: ignore[operator]  # a link's inverse
    return float((ends[0] - ends[1]) / (2 * step))


def _like_rows(slopes: FloatArray, information: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gather rows that see levels alike, whatever their year and value; dims (group, quantity) and (group,)."""
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
