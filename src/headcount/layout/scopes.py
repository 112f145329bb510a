"""Scopes in the order in which their headcounts are computed, and those that are known."""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.study.specs import ModelSpec

__all__ = ["known_log_headcount", "latent_scopes"]


def latent_scopes(spec: ModelSpec) -> tuple[str, ...]:
    """Return the scopes that are not known populations, each after the one it is relative to.

    Parameters
    ----------
    spec
        The declaration.

    Returns
    -------
    tuple
        Names, the target first.
    """
    order = [spec.target]
    waiting = [name for name in spec.scopes if spec.relative_to(name)]
    while waiting:
        ready = [name for name in waiting if spec.relative_to(name) in order]
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return tuple(order)


def known_log_headcount(spec: ModelSpec, scope: str) -> FloatArray:
    """Return the log headcount of a scope that is a known population.

    Parameters
    ----------
    spec
        The declaration.
    scope
        A scope with a ``covariate``.

    Returns
    -------
    numpy.ndarray
        Dims (region, year).
    """
    variable = spec.scopes[scope].covariate or ""
    table, years = spec.covariate_table, spec.years.labels
    return np.log(np.array([table.path(variable, r, years) for r in spec.areas.regions]))
