"""Simulation-based calibration of a study; may import batches and the oracle.

Simulation-based calibration of a user's own study. Worlds are drawn from the priors, statements
about them as the study's sources would make them, each is fitted, and the truth is ranked among the
posterior draws: if simulation and inference agree, ranks are uniform and intervals hold the truth
as often as they say.
"""

from headcount.workflows.calibration.calibration_result import Calibration
from headcount.workflows.calibration.calibration_run import calibrate

__all__ = ["Calibration", "calibrate"]
