"""The oracle: the generative story in NumPy, written from docs/model.md and independently of ``headcount.model``.

Rows and regions are looped over plainly, since clarity is what an oracle is for. This folder imports NumPy, SciPy and
xarray, never PyMC.
"""

from headcount.simulation.density import log_density
from headcount.simulation.expectation import log_expected
from headcount.simulation.latent import draw_state
from headcount.simulation.simulations import Simulation, simulate, simulate_prior
from headcount.simulation.state import State

__all__ = [
    "Simulation",
    "State",
    "draw_state",
    "log_density",
    "log_expected",
    "simulate",
    "simulate_prior",
]
