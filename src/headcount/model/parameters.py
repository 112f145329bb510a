"""The parameter vector: all priors of the spec as one labelled vector on their link scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._types import AnyArray
from headcount.layout.study_layout import Layout
from headcount.study.priors import FAMILIES, LINK_NORMAL, Prior

__all__ = ["Data", "Parameters", "Tensor", "parameter_arrays"]

type Tensor = Any
"""A symbolic variable of PyTensor, which has no type that a checker could use."""

type Data = Mapping[str, Tensor]
"""The data containers of the graph by name; see `headcount.model.data_arrays`."""

PRIOR: Final = "prior"


def parameter_arrays(layout: Layout) -> dict[str, AnyArray]:
    """Return the numbers that set each prior, by family.

    Parameters
    ----------
    layout
        The study.

    Returns
    -------
    dict
        ``numbers_FAMILY`` to dims (prior, number): location and scale on the link scale for priors
        that are normal there, else the parameters of the family.
    """
    return {
        f"numbers_{family}": np.array([_numbers(prior) for prior in priors.values()])
        for family, priors in _by_family(layout.priors).items()
    }


class Parameters:
    """The quantities of the spec's priors as tensors, by their path in the TOML file.

    Making one adds ``parameter`` (prior) and ``parameter_FAMILY`` (prior_FAMILY) to the PyMC model
    in context, which has the coords of `Parameters.coords`.

    Parameters
    ----------
    layout
        The study.
    data
        Data containers, among them those of `parameter_arrays`.
    """

    def __init__(self, layout: Layout, data: Data) -> None:
        self._priors = layout.priors
        groups = _by_family(self._priors)
        parts = [_variable(family, priors, data) for family, priors in groups.items()]
        order = [path for priors in groups.values() for path in priors]
        self._position = {path: position for position, path in enumerate(order)}
        self.vector = pt.concatenate(parts) if len(parts) > 1 else parts[0]

    def __len__(self) -> int:
        """Return the number of parameters."""
        return len(self._position)

    def position(self, path: str) -> int:
        """Return the position of a path in ``vector``."""
        return self._position[path]

    def link(self, path: str) -> Tensor:
        """Return a quantity on its link scale, a scalar."""
        return self.vector[self._position[path]]

    def links(self, paths: Iterable[str]) -> Tensor:
        """Return quantities on their link scales, dims (path,)."""
        return self.vector[np.array([self._position[path] for path in paths], dtype=np.int64)]

    def scale(self, path: str) -> Tensor:
        """Return a positive quantity in its own unit, a scalar."""
        return pt.exp(self.link(path))

    @staticmethod
    def coords(layout: Layout) -> dict[str, list[str]]:
        """Return the coords of the parameter vector: one dim for each family in use."""
        groups = _by_family(layout.priors)
        return {_dim(family): list(priors) for family, priors in groups.items()}


def _by_family(priors: Mapping[str, Prior]) -> dict[str, dict[str, Prior]]:
    groups: dict[str, dict[str, Prior]] = {}
    for path, prior in priors.items():
        groups.setdefault(prior.family, {})[path] = prior
    return groups


def _dim(family: str) -> str:
    return PRIOR if family == LINK_NORMAL else f"{PRIOR}_{family}"


def _numbers(prior: Prior) -> tuple[float, ...]:
    return (prior.location, prior.scale) if prior.is_link_normal else prior.parameters


VARIABLES: Final[dict[str, Callable[..., Any]]] = {
    "half_normal": lambda name, sd, **dims: pm.HalfNormal(name, sigma=sd, **dims),
    "exponential": lambda name, mean, **dims: pm.Exponential(name, scale=mean, **dims),
    "gamma": lambda name, mean, sd, **dims: pm.Gamma(name, mu=mean, sigma=sd, **dims),
    "beta": lambda name, mean, sd, **dims: pm.Beta(name, mu=mean, sigma=sd, **dims),
}
"""Prior family to the function that adds its variable, in the quantity's own unit."""


def _variable(family: str, priors: Mapping[str, Prior], data: Data) -> Tensor:
    """Add the priors of one family; return them on their link scales, dims (prior,)."""
    numbers = data[f"numbers_{family}"]
    if family == LINK_NORMAL:
        return pm.Normal("parameter", mu=numbers[:, 0], sigma=numbers[:, 1], dims=_dim(family))
    columns = [numbers[:, column] for column in range(len(FAMILIES[family].parameters))]
    value = VARIABLES[family](f"parameter_{family}", *columns, dims=_dim(family))
    is_unit = np.array([prior.support == "unit" for prior in priors.values()])
    return pt.where(is_unit, pt.log(value) - pt.log1p(-value * is_unit), pt.log(value))
