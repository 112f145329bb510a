"""The oracle: the generative story in NumPy; may import `headcount.study` and nothing above.

Rows and regions are looped over plainly, since clarity is what an oracle is for. This folder
imports NumPy, SciPy and xarray, never PyMC.
"""

from headcount.simulation.expected_values import log_expected
from headcount.simulation.row_densities import log_density
from headcount.simulation.simulations import Simulation, simulate, simulate_prior
from headcount.simulation.state import State
from headcount.simulation.state_draws import draw_state

__all__ = [
    "Simulation",
    "State",
    "draw_state",
    "log_density",
    "log_expected",
    "simulate",
    "simulate_prior",
]
