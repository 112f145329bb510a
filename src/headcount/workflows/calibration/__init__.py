"""Simulation-based calibration of a study; may import batches and the oracle.

Truths are drawn from the priors and rows are
simulated from them; each simulated study is fitted, and each true value is ranked among the
posterior draws. If simulation and inference agree, ranks are uniform and intervals contain the
truth as often as they state.
"""

from headcount.workflows.calibration.calibration_result import Calibration
from headcount.workflows.calibration.calibration_run import calibrate

__all__ = ["Calibration", "calibrate"]
