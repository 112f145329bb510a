"""Specs with other priors: a named prior set, or one prior replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headcount._names import BASE_PRIORS
from headcount.errors import Problem, SpecError, nearest
from headcount.study.prior_set_checks import prior_set_problems
from headcount.study.priors import FAMILIES, Prior
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import ModelSpec

__all__ = ["with_prior", "with_prior_set"]

LONGEST_PATH: Final = len(("sources", "NAME", "coverage", "regions", "AREA"))
"""Keys of the longest path of a prior."""


def with_prior_set(spec: ModelSpec, prior_set: str) -> ModelSpec:
    """Return the spec with the priors of one of its named prior sets.

    Parameters
    ----------
    spec
        A spec with its base priors.
    prior_set
        A name among ``spec.prior_set_names``.

    Returns
    -------
    ModelSpec
        The same model with other numbers in its priors.

    Raises
    ------
    SpecError
        Where the set is unknown, or the spec has the priors of another set.
    """
    if prior_set == spec.prior_set:
        return spec
    where = f"{spec.name} [prior_sets]"
    if prior_set not in spec.prior_set_names:
        message = f"unknown prior set {prior_set!r}"
        raise SpecError([Problem(where, message, nearest(prior_set, spec.prior_set_names))])
    if spec.prior_set != BASE_PRIORS:
        message = f"the spec has the priors of {spec.prior_set!r} already, not the base priors"
        advice = f"Put {prior_set!r} on the spec with its base priors."
        raise SpecError([Problem(where, message, advice)])
    return _with_changes(spec, spec.prior_sets[prior_set], prior_set)


def with_prior(spec: ModelSpec, path: str, stated: Prior | Mapping[str, Any]) -> ModelSpec:
    """Return the spec with one prior replaced.

    Parameters
    ----------
    spec
        Any spec.
    path
        Key of the prior in the TOML file, such as ``sources.linkedin.coverage``.
    stated
        ``{"low": ..., "high": ..., "mass": ...}``, ``{"stated": ..., "se": ...}``, a family with
        parameters, or a `Prior`.

    Returns
    -------
    ModelSpec
        The same model with another prior; its prior set is called ``<set>+<path>``.

    Raises
    ------
    SpecError
        Where the spec has no prior of this path, or the new prior does not fit in its place.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> hc.with_prior(spec, "total.prior", {"low": 1e3, "high": 1e6}).prior_set
    'base+total.prior'
    """
    keys = _as_keys(stated) if isinstance(stated, Prior) else stated
    return _with_changes(spec, {path: keys}, f"{spec.prior_set}+{path}")


def _as_keys(prior: Prior) -> Mapping[str, Any]:
    """Return a prior as the TOML file states it."""
    if prior.is_link_normal:
        low, high = (float(value) for value in prior.quantile([0.05, 0.95]))
        return {"low": low, "high": high, "mass": 0.9}
    names = FAMILIES[prior.family].parameters
    return {"family": prior.family} | dict(zip(names, prior.parameters, strict=True))


def _with_changes(spec: ModelSpec, changes: Mapping[str, Any], prior_set: str) -> ModelSpec:
    problems = [*prior_set_problems(spec, prior_set, changes)]
    if problems:
        raise SpecError(problems)
    document = spec.document
    for path, stated in changes.items():
        # Only the last key, the code of an area, can contain dots.
        _replace(document, path.split(".", LONGEST_PATH - 1), dict(stated))
    return parse_spec(
        document,
        areas=spec.areas,
        covariates=spec.covariate_table,
        name=spec.name,
        prior_set=prior_set,
    )


def _replace(document: dict[str, Any], keys: list[str], stated: dict[str, Any]) -> None:
    """Replace a prior in a document; its exceptions by area stay."""
    *above, last = keys
    for key in above:
        document = document[key]
    old = document.get(last)
    exceptions = {"regions": old["regions"]} if isinstance(old, dict) and "regions" in old else {}
    document[last] = stated | exceptions
