"""Facts: what the covariates table says, as the story needs it. Nothing here is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["Facts", "graduates", "known_populations", "scaled_covariate"]


@dataclass(frozen=True, eq=False)
class Facts:
    """All that the table says about a spec.

    Parameters
    ----------
    covariates
        Name of each covariate to what `scaled_covariate` makes of it.
    known
        As `known_populations` has it.
    graduates
        As `graduates` has it.
    """

    covariates: Mapping[str, FloatArray]
    known: Mapping[str, FloatArray]
    graduates: FloatArray

    @classmethod
    def of(cls, spec: ModelSpec) -> Facts:
        """Return the facts about a spec."""
        covariates = {name: scaled_covariate(name, spec) for name in spec.covariates}
        return cls(covariates, known_populations(spec), graduates(spec))


def scaled_covariate(name: str, spec: ModelSpec) -> FloatArray:
    """Return a covariate as its coefficient meets it.

    Parameters
    ----------
    name
        A covariate of the spec.
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        Values in the reference year, dims (region,), or of a yearly covariate in the year in which
        each step ends, dims (region, step). Transformed, with mean 0 over all of them, and with sd
        1 (n in the denominator) but for the logarithm of a level covariate, whose coefficient is an
        elasticity. Zeros where all are alike.
    """
    effect = spec.covariates[name]
    years = spec.years.labels[1:] if effect.yearly else (spec.years.reference,)
    values = _values_at(name, spec, years)
    x = np.log(values) if effect.transform == "log" else values
    is_elasticity = effect.effect == "level" and effect.transform == "log"
    scaled = _scaled(x, keep_spread=is_elasticity)
    return scaled if effect.yearly else scaled[:, 0]


def known_populations(spec: ModelSpec) -> dict[str, FloatArray]:
    """Return the populations that are known.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    dict
        Each scope with a covariate to the logarithm of that variable, dims (region, year).
    """
    return {
        name: np.log(_values_at(scope.covariate, spec, spec.years.labels))
        for name, scope in spec.scopes.items()
        if scope.covariate is not None
    }


def graduates(spec: ModelSpec) -> FloatArray:
    """Return how many graduate, for the growth kinds that ask for it.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    numpy.ndarray
        People a year, dims (region, year); none where the spec names no variable.
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
