"""The oracle: the generative story in NumPy; may import `headcount.study` and nothing above.

It is written from docs/model.md and shares no code with the densities that it checks. Plain loops
over rows and regions keep it readable. This folder imports NumPy, SciPy and xarray, never PyMC.
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
