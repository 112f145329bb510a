"""Spec files: TOML to `ModelSpec` and back, every problem named by file and key."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from headcount._names import BASE_PRIORS
from headcount.errors import Problem, SpecError, TableError, nearest
from headcount.study.areas import Areas, read_areas
from headcount.study.candidate_checks import candidate_problems
from headcount.study.covariates import Covariates, read_covariates
from headcount.study.priors import Prior
from headcount.study.spec_checks import spec_problems
from headcount.study.specs import ModelSpec
from headcount.study.text_tables import read_text

__all__ = ["parse_spec", "read_spec", "with_prior", "with_prior_set"]

AREAS_FILE = "areas.csv"
COVARIATES_FILE = "covariates.csv"

SECTION: Final = len(("sources", "NAME"))
LONGEST_PATH: Final = len(("sources", "NAME", "coverage", "regions", "AREA"))


def read_spec(path: str | Path, *, prior_set: str = BASE_PRIORS) -> ModelSpec:
    """Read and check a model spec and the areas and covariates of its study.

    Parameters
    ----------
    path
        TOML file. Its ``data`` key names the folder, relative to the file, that holds ``areas.csv``
        and, if covariates are used, ``covariates.csv``.
    prior_set
        Which of the spec's named prior sets to put in force.

    Returns
    -------
    ModelSpec
        The declaration; frozen.

    Raises
    ------
    SpecError
        With all problems found, each naming file and key.
    TableError
        Where a table cannot be used.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> spec.areas.root
    'WORLD'
    """
    path = Path(path)
    document = _read_document(path)
    folder = path.parent / str(document.get("data", "."))
    areas = read_areas(folder / AREAS_FILE)
    table = folder / COVARIATES_FILE
    covariates = read_covariates(table) if table.exists() else Covariates()
    spec = parse_spec(document, areas=areas, covariates=covariates, name=path.name)
    return with_prior_set(spec, prior_set)


def parse_spec(
    document: Mapping[str, Any],
    *,
    areas: Areas,
    covariates: Covariates | None = None,
    name: str = "spec",
    prior_set: str = BASE_PRIORS,
) -> ModelSpec:
    """Check a spec given as a nested dictionary; see `read_spec`.

    Parameters
    ----------
    document
        What the TOML file holds.
    areas, covariates
        Tables of the study.
    name
        Where the document came from, for messages.
    prior_set
        Name under which its priors are known.

    Returns
    -------
    ModelSpec
        The declaration.

    Raises
    ------
    SpecError
        With all problems found.
    """
    tables = {"areas": areas, "covariate_table": covariates or Covariates()}
    # No key takes a date, so a spec that holds one is refused below and its text is never used.
    extra = {"name": name, "prior_set": prior_set, "text": json.dumps(document, default=str)}
    reserved = sorted({*tables, *extra, "copies"} & set(document))
    if reserved:
        raise SpecError([Problem(f"{name} [{reserved[0]}]", "unknown key")])
    try:
        spec = ModelSpec.model_validate({**document, **tables, **extra})
    except ValidationError as error:
        broken = [_key_path(detail["loc"])[:SECTION] for detail in error.errors()]
        raise SpecError([*_problems(error, name), *_dangling(document, name, broken)]) from None
    problems = [*spec_problems(spec)]
    if prior_set == BASE_PRIORS:
        problems += [
            p for own, changes in spec.prior_sets.items() for p in _set_problems(spec, own, changes)
        ]
    # What candidates would add is held against a study that is itself in order.
    problems = problems or [*candidate_problems(spec)]
    if problems:
        raise SpecError(problems)
    return spec


def with_prior_set(spec: ModelSpec, prior_set: str) -> ModelSpec:
    """Return the spec with one of its named prior sets in force.

    Parameters
    ----------
    spec
        A spec with its base priors in force.
    prior_set
        A name among ``spec.prior_set_names``.

    Returns
    -------
    ModelSpec
        The same graph with other numbers.

    Raises
    ------
    SpecError
        Where the set is unknown, or another one is in force.
    """
    if prior_set == spec.prior_set:
        return spec
    if prior_set not in spec.prior_set_names:
        where = f"{spec.name} [prior_sets]"
        message = f"unknown prior set {prior_set!r}"
        raise SpecError([Problem(where, message, nearest(prior_set, spec.prior_set_names))])
    if spec.prior_set != BASE_PRIORS:
        message = f"{spec.prior_set!r} is in force, so {prior_set!r} cannot be put in its place"
        raise SpecError(
            [
                Problem(
                    f"{spec.name} [prior_sets]",
                    message,
                    "Start from the spec with its base priors.",
                )
            ]
        )
    return _overlay(spec, spec.prior_sets[prior_set], prior_set)


def with_prior(spec: ModelSpec, path: str, stated: Prior | Mapping[str, Any]) -> ModelSpec:
    """Return the spec with one prior replaced.

    Parameters
    ----------
    spec
        Any spec.
    path
        Key of the prior as in the TOML file, such as ``sources.linkedin.coverage``.
    stated
        ``{"low": ..., "high": ..., "mass": ...}``, ``{"stated": ..., "se": ...}``, a family with
        parameters, or a `Prior`.

    Returns
    -------
    ModelSpec
        The same graph with another number; its prior set is called ``<set>+<path>``.

    Raises
    ------
    SpecError
        Where the path is no prior of the spec, or the prior does not fit.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> hc.with_prior(spec, "total.prior", {"low": 1e3, "high": 1e6}).prior_set
    'base+total.prior'
    """
    if isinstance(stated, Prior):
        low, high = (float(value) for value in stated.quantile([0.05, 0.95]))
        words: Mapping[str, Any] = {"low": low, "high": high, "mass": 0.9}
        if not stated.is_link_normal:
            from headcount.study.priors import FAMILIES

            names = FAMILIES[stated.family].parameters
            words = {"family": stated.family} | dict(zip(names, stated.parameters, strict=True))
    else:
        words = stated
    return _overlay(spec, {path: words}, f"{spec.prior_set}+{path}")


def _overlay(spec: ModelSpec, changes: Mapping[str, Any], prior_set: str) -> ModelSpec:
    problems = [*_set_problems(spec, prior_set, changes)]
    if problems:
        raise SpecError(problems)
    document = spec.document
    for path, stated in changes.items():
        # Only the last key, the code of an area, can hold dots of its own.
        _put(document, path.split(".", LONGEST_PATH - 1), dict(stated))
    return parse_spec(
        document,
        areas=spec.areas,
        covariates=spec.covariate_table,
        name=spec.name,
        prior_set=prior_set,
    )


def _set_problems(spec: ModelSpec, prior_set: str, changes: Mapping[str, Any]) -> Iterator[Problem]:
    if prior_set == BASE_PRIORS:
        message = f"{BASE_PRIORS!r} is the name of the priors as they stand without a set"
        yield Problem(
            f"{spec.name} [prior_sets.{prior_set}]", message, "Give the set another name."
        )
    for path, stated in changes.items():
        where = _where_in_set(spec.name, prior_set, path)
        if path not in spec.priors:
            yield Problem(where, "no such prior", nearest(path, spec.priors))
        elif not isinstance(stated, Mapping):
            yield Problem(
                where, f"{stated!r} is not a prior", "Write { low, high, mass } or { stated, se }."
            )
        else:
            yield from _family_problems(spec.priors[path], stated, where)


def _where_in_set(name: str, prior_set: str, path: str) -> str:
    return f"{name} [prior_sets.{prior_set}.{path!r}]"


def _dangling(
    document: Mapping[str, Any], name: str, broken: Iterable[tuple[int | str, ...]]
) -> Iterator[Problem]:
    """Yield the paths in prior sets that lead nowhere, of a document that is no spec yet.

    Paths into sections that are broken are left alone: what is wrong there has been said.
    """
    sections = {".".join(str(key) for key in place) for place in broken}
    known = [*_stated_paths({key: value for key, value in document.items() if key != "prior_sets"})]
    sets = document.get("prior_sets")
    for prior_set, changes in sets.items() if isinstance(sets, Mapping) else ():
        for path in changes if isinstance(changes, Mapping) else ():
            if path not in known and ".".join(path.split(".")[:SECTION]) not in sections:
                yield Problem(
                    _where_in_set(name, prior_set, path), "no such prior", nearest(path, known)
                )


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


def _put(document: dict[str, Any], keys: list[str], stated: dict[str, Any]) -> None:
    *above, last = keys
    for key in above:
        document = document[key]
    kept = document.get(last)
    exceptions = (
        {"regions": kept["regions"]} if isinstance(kept, dict) and "regions" in kept else {}
    )
    document[last] = stated | exceptions


def _read_document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except TableError as error:
        raise SpecError(error.problems) from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError([Problem(str(path), f"not valid TOML: {error}")]) from error


def _problems(error: ValidationError, name: str) -> Iterator[Problem]:
    for detail in error.errors():
        place = _key_path(tuple(key for key in detail["loc"] if key != "[key]"))
        where = f"{name} [{'.'.join(str(key) for key in place)}]"
        yield Problem(where, *_explain(detail, place))


def _key_path(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a place in the spec's types as the keys of the TOML file that lead there."""
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


def _explain(detail: Any, place: tuple[int | str, ...]) -> tuple[str, str]:  # noqa: ANN401 - pydantic's error dict
    match detail["type"]:
        case "missing" if isinstance(place[-1], int):
            return "a name is missing", "Name the two sources whose lists were linked."
        case "missing":
            return "the key is missing", ""
        case "extra_forbidden":
            return "unknown key", nearest(str(place[-1]), _keys_at(detail["loc"][:-1]))
        case "value_error":
            return str(detail["ctx"]["error"]), ""
        case "string_pattern_mismatch":
            pattern = detail["ctx"]["pattern"]
            if place[-2:-1] == ("breaks",):
                return (
                    f"{detail['input']!r} is not a year",
                    "Write that from which the method changed: 2019.",
                )
            choices = pattern.removeprefix("^(").removesuffix(")$").split("|")
            if len(choices) > 1:
                return f"unknown {place[-1]} {detail['input']!r}", nearest(detail["input"], choices)
            return f"{detail['input']!r} does not match {pattern}", ""
        case "model_type" | "dict_type" | "mapping_type":
            return f"{detail['input']!r} is not a table of keys", ""
        case _:
            return f"{detail['input']!r}: {detail['msg']}", ""


def _keys_at(place: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the keys that a section can have, found by walking the spec's types."""
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
