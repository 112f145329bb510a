"""Known inputs of the model, computed from the covariates table; nothing here is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["Facts", "graduates", "known_populations", "scaled_covariate"]


@dataclass(frozen=True, eq=False)
class Facts:
    """Known inputs of a spec.

    Parameters
    ----------
    covariates
        Result of `scaled_covariate` by name of a covariate.
    known
        Result of `known_populations`.
    graduates
        Result of `graduates`.
    """

    covariates: Mapping[str, FloatArray]
    known: Mapping[str, FloatArray]
    graduates: FloatArray

    @classmethod
    def of(cls, spec: ModelSpec) -> Facts:
        """Return the known inputs of a spec."""
        covariates = {name: scaled_covariate(name, spec) for name in spec.covariates}
        return cls(covariates, known_populations(spec), graduates(spec))


def scaled_covariate(name: str, spec: ModelSpec) -> FloatArray:
    """Return the values that a covariate's coefficient multiplies.

    Parameters
    ----------
    name
        A covariate of the spec.
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        Values in the reference year, dims (region,); for a yearly covariate values in the year in
        which each step ends, dims (region, step). Transformed and centred to mean 0, then scaled to
        sd 1 (n in the denominator). The logarithm of a level covariate is not scaled: its
        coefficient is an elasticity. Zeros where all values are equal.
    """
    effect = spec.covariates[name]
    years = spec.years.labels[1:] if effect.yearly else (spec.years.reference,)
    values = _values_at(name, spec, years)
    x = np.log(values) if effect.transform == "log" else values
    is_elasticity = effect.effect == "level" and effect.transform == "log"
    scaled = _scaled(x, keep_spread=is_elasticity)
    return scaled if effect.yearly else scaled[:, 0]


def known_populations(spec: ModelSpec) -> dict[str, FloatArray]:
    """Return the log headcounts of scopes that are known populations.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    dict
        Logarithm of the covariate by scope, dims (region, year).
    """
    return {
        name: np.log(_values_at(scope.covariate, spec, spec.years.labels))
        for name, scope in spec.scopes.items()
        if scope.covariate is not None
    }


def graduates(spec: ModelSpec) -> FloatArray:
    """Return the number of graduates, for growth kinds that need it.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        People a year, dims (region, year); zero where the spec names no variable.
    """
    if spec.growth.graduates is None:
        return np.zeros((len(spec.areas.regions), len(spec.years.labels)))
    return _values_at(spec.growth.graduates, spec, spec.years.labels)


def _values_at(variable: str, spec: ModelSpec, years: tuple[int, ...]) -> FloatArray:
    table = spec.covariate_table
    return np.stack([table.path(variable, region, years) for region in spec.areas.regions])


def _scaled(x: FloatArray, *, keep_spread: bool) -> FloatArray:
    if np.ptp(x) == 0:
        return np.zeros_like(x)
    centred = x - np.mean(x)
    return centred if keep_spread else centred / np.std(x)
