"""The one module that uses names of nutpie that its documentation does not promise.

nutpie calls the density of a PyMC model as a function of C, without Python and on all cores at
once. The class that holds such functions is not documented. Where it is missing, or has other
fields, the documented `nutpie.compiled_pyfunc.from_pyfunc` calls the same functions through Python.
Draws are the same; sampling takes 1.5 times as much processor time (1.0 to 2.2 in five rounds on
the medium study of the race), and chains wait for one another where they call Python.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import MISSING, fields
from typing import Any, Final

import numpy as np
from nutpie.compiled_pyfunc import from_pyfunc

from headcount._machine import is_documented_only
from headcount._types import FloatArray
from headcount.engine.coordinates.sampled_density import Coordinates

with suppress(ImportError):
    from nutpie.compile_pymc import CompiledPyMCModel

__all__ = ["FREE", "HAS_C_MODEL", "nutpie_model"]

FREE: Final = "free"
"""Name of the free vector among nutpie's variables."""

UNUSED: Final[dict[str, Any]] = {
    "shared_data": {},
    "shared_var_keys": {},
    "logp_func": None,
    "expand_func": None,
    "dims": {},
    "_coords": {},
}
"""Fields of nutpie's class that a PyMC model fills and a density of ours does not."""

FIELDS: Final = {
    *("compiled_logp_func", "compiled_expand_func", "initial_point_func", "user_data"),
    *("n_expanded", "shape_info", "_n_dim", "_shapes", *UNUSED),
}


class DensityError(ArithmeticError):
    """The density at a point is no number: nutpie ends the trajectory there and goes on."""

    is_recoverable = True


def nutpie_model(coordinates: Coordinates, start: Callable[[int], FloatArray]) -> Any:  # noqa: ANN401 - nutpie is not typed
    """Return a density in the form that `nutpie.sample` takes.

    Parameters
    ----------
    coordinates
        The density.
    start
        Returns the starting point of a chain for a seed.

    Returns
    -------
    nutpie.CompiledModel
        Draws are of the free vector, under the name `FREE`.
    """
    return _of_c(coordinates, start) if HAS_C_MODEL else _of_python(coordinates, start)


def _has_c_model() -> bool:
    """Return whether nutpie's class takes the fields that are given, and needs no others."""
    if is_documented_only("sampler"):
        return False
    try:
        found = {field.name: field for field in fields(CompiledPyMCModel)}
    except (NameError, TypeError):
        return False
    needed = {name for name, field in found.items() if field.default is MISSING}
    return needed <= FIELDS <= set(found)


HAS_C_MODEL: Final = _has_c_model()


def _of_c(coordinates: Coordinates, start: Callable[[int], FloatArray]) -> Any:  # noqa: ANN401
    size = coordinates.size
    return CompiledPyMCModel(
        compiled_logp_func=coordinates.log_density_callback,
        compiled_expand_func=coordinates.free_vector_callback,
        initial_point_func=start,
        user_data=coordinates.table,
        n_expanded=size,
        shape_info=([FREE], [slice(0, size)], [(size,)]),
        _n_dim=size,
        _shapes={FREE: (size,)},
        **UNUSED,
    )


def _of_python(coordinates: Coordinates, start: Callable[[int], FloatArray]) -> Any:  # noqa: ANN401
    size = coordinates.size

    def log_density(y: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = coordinates.log_density(y)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            raise DensityError
        return value, gradient

    return from_pyfunc(
        size,
        lambda: log_density,
        lambda _first, _second, _chain: lambda y: {FREE: coordinates.free(y)},
        [np.dtype(np.float64)],
        [(size,)],
        [FREE],
        make_initial_point_fn=start,
    )
