"""Facts: what the covariates table says, as the story needs it. Nothing here is drawn."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.specs import ModelSpec

__all__ = ["known_populations", "scaled_covariate"]


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
        Values in the reference year, transformed, with mean 0 over regions; with sd 1 (n in the denominator) but for
        the logarithm of a level covariate, whose coefficient is an elasticity. Zeros where all regions are alike.
        Dims (region,).
    """
    effect = spec.covariates[name]
    values = _values_at(name, spec, (spec.years.reference,))[:, 0]
    x = np.log(values) if effect.transform == "log" else values
    if np.ptp(x) == 0:
        return np.zeros_like(x)
    x = x - np.mean(x)
    is_elasticity = effect.effect == "level" and effect.transform == "log"
    return x if is_elasticity else x / np.std(x)


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


def _values_at(variable: str, spec: ModelSpec, years: tuple[int, ...]) -> FloatArray:
    table = spec.covariate_table
    return np.stack([table.path(variable, region, years) for region in spec.areas.regions])
