"""Checks of prior sets: each entry must replace a prior of the spec by one of the same family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from headcount._names import BASE_PRIORS
from headcount.errors import Problem, nearest
from headcount.study.priors import Prior
from headcount.study.specs import ModelSpec

__all__ = ["SECTION", "prior_set_problems", "unknown_paths"]

SECTION: Final = len(("sources", "NAME"))
"""Keys of the path of a section."""


def prior_set_problems(
    spec: ModelSpec, prior_set: str, changes: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield the problems of one prior set.

    Parameters
    ----------
    spec
        A valid spec.
    prior_set
        Name of the set.
    changes
        Path of a prior to the prior that replaces it, as in the TOML file.

    Yields
    ------
    Problem
        For a reserved name, an unknown path, or a prior that does not fit in its place.
    """
    if prior_set == BASE_PRIORS:
        message = f"{BASE_PRIORS!r} is the name of the priors outside all sets"
        yield Problem(
            f"{spec.name} [prior_sets.{prior_set}]", message, "Give the set another name."
        )
    for path, stated in changes.items():
        where = _place(spec.name, prior_set, path)
        if path not in spec.priors:
            yield Problem(where, "unknown prior", nearest(path, spec.priors))
        elif not isinstance(stated, Mapping):
            advice = "Write { low, high, mass } or { stated, se }."
            yield Problem(where, f"{stated!r} is not a prior", advice)
        else:
            yield from _family_problems(spec.priors[path], stated, where)


def unknown_paths(
    document: Mapping[str, Any], name: str, broken: Iterable[tuple[int | str, ...]]
) -> Iterator[Problem]:
    """Yield the unknown paths in the prior sets of a document that is not a valid spec.

    Parameters
    ----------
    document
        Content of the TOML file.
    name
        File name, for messages.
    broken
        Sections with problems of their own. Paths into them are not checked.

    Yields
    ------
    Problem
        Naming file and key.
    """
    sections = {".".join(str(key) for key in place) for place in broken}
    known = [*_stated_paths({key: value for key, value in document.items() if key != "prior_sets"})]
    sets = document.get("prior_sets")
    for prior_set, changes in sets.items() if isinstance(sets, Mapping) else ():
        for path in changes if isinstance(changes, Mapping) else ():
            if path not in known and ".".join(path.split(".")[:SECTION]) not in sections:
                where = _place(name, prior_set, path)
                yield Problem(where, "unknown prior", nearest(path, known))


def _place(name: str, prior_set: str, path: str) -> str:
    return f"{name} [prior_sets.{prior_set}.{path!r}]"


def _stated_paths(section: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            if value.keys() & {"low", "high", "stated", "se", "family"}:
                yield f"{above}{key}"
            yield from _stated_paths(value, f"{above}{key}.")


def _family_problems(old: Prior, stated: Mapping[str, Any], where: str) -> Iterator[Problem]:
    try:
        new = Prior.parse(stated, support=old.support)
    except ValueError as error:
        yield Problem(where, str(error))
        return
    if new.family != old.family:
        message = f"family {new.family!r} in place of {old.family!r}"
        yield Problem(where, message, "A prior set changes numbers, not families.")
