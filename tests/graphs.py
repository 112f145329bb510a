"""The log density of a study by the engine and by the PyMC graph, at one free vector."""

from __future__ import annotations

import numpy as np
from pytensor.compile.mode import Mode

from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.free_vector import segments_of

__all__ = ["block_of", "engine_at", "graph_of"]

# Interpreted: compiling each of the graphs would take minutes.
INTERPRETED = Mode(linker="py", optimizer="fast_compile")


def engine_at(free, arrays):
    gradient = np.empty(free.size)
    return log_density_and_gradient(free, arrays, gradient), gradient


def graph_of(layout, model):
    """Return the model's log density and gradient as functions of the engine's free vector."""
    function = model.logp_dlogp_function(
        ravel_inputs=True, mode=INTERPRETED, initial_point=model.initial_point()
    )
    function.set_extra_values({})
    order = order_of(layout, model)

    def evaluate(free):
        value, own = function(free[order])
        gradient = np.empty(free.size)
        gradient[order] = own
        return float(value), gradient

    return evaluate


def order_of(layout, model):
    """Return the position in the engine's free vector of each of the model's free values."""
    positions = np.arange(arrays_of(layout).prior_family.size)
    blocks = segments_of(layout)
    names = [block_of(value.name) for value in model.value_vars]
    return np.concatenate([positions[blocks[name].slice] for name in names if name in blocks])


def block_of(value_name):
    """Return the engine's name of a value variable: PyMC adds that of its transform."""
    for transform in ("_log__", "_logodds__"):
        value_name = value_name.removesuffix(transform)
    return value_name
