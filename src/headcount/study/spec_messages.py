"""Validation errors of pydantic as problems in the words and keys of the TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from headcount.errors import Problem, nearest
from headcount.study.specs import ModelSpec

__all__ = ["toml_keys", "validation_problems"]

type Place = tuple[int | str, ...]


def validation_problems(error: ValidationError, name: str) -> Iterator[Problem]:
    """Yield a problem for each error that pydantic found in a spec.

    Parameters
    ----------
    error
        Of the validation of `ModelSpec`.
    name
        File name, for messages.

    Yields
    ------
    Problem
        Naming file and key.
    """
    for detail in error.errors():
        keys = toml_keys(tuple(key for key in detail["loc"] if key != "[key]"))
        where = f"{name} [{'.'.join(str(key) for key in keys)}]"
        yield Problem(where, *_message_and_advice(detail, keys))


def toml_keys(place: Place) -> Place:
    """Return the keys of the TOML file that lead to a place in the spec's types."""
    match place:
        case ("growth", "priors", *rest):
            return ("growth", *rest)
        case ("copies", *rest):
            return ("sources", *rest)
        case ("sources", source, "coverage" | "multiplier" as reach, "prior", *rest):
            return ("sources", source, reach, *rest)
        case ("candidates", name, "declared", "coverage" | "multiplier" as reach, "prior", *rest):
            return ("candidates", name, "declared", reach, *rest)
    return place


def _message_and_advice(detail: Any, keys: Place) -> tuple[str, str]:  # noqa: ANN401 - pydantic's error dict
    match detail["type"]:
        case "missing" if isinstance(keys[-1], int):
            return "a name is missing", "Name the two sources whose lists were linked."
        case "missing":
            return "the key is missing", ""
        case "extra_forbidden":
            return "unknown key", nearest(str(keys[-1]), _keys_at(detail["loc"][:-1]))
        case "value_error":
            return str(detail["ctx"]["error"]), ""
        case "string_pattern_mismatch":
            return _mismatch(detail, keys)
        case "model_type" | "dict_type" | "mapping_type":
            return f"{detail['input']!r} is not a table of keys", ""
        case _:
            return f"{detail['input']!r}: {detail['msg']}", ""


def _mismatch(detail: Any, keys: Place) -> tuple[str, str]:  # noqa: ANN401 - pydantic's error dict
    found, pattern = detail["input"], detail["ctx"]["pattern"]
    if keys[-2:-1] == ("breaks",):
        advice = "Write the first year with the new method, such as 2019."
        return f"{found!r} is not a year", advice
    choices = pattern.removeprefix("^(").removesuffix(")$").split("|")
    if len(choices) > 1:
        return f"unknown {keys[-1]} {found!r}", nearest(found, choices)
    return f"{found!r} does not match {pattern}", ""


def _keys_at(place: Place) -> Iterator[str]:
    """Yield the keys that a section may have, by following a place through the spec's types."""
    section: type[BaseModel] | None = ModelSpec
    is_name = False
    for key in place:
        if section is None:
            return
        field = section.model_fields.get(str(key))
        if is_name or field is None:
            is_name = False
            continue
        section, is_name = _section_type(field.annotation), get_origin(field.annotation) is Mapping
    if section is not None:
        hidden = {"areas", "covariate_table", "name", "text", "prior_set", "copies"}
        yield from (key for key in section.model_fields if key not in hidden)


def _section_type(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type expression
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
