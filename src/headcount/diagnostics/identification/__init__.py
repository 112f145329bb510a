"""Which evidence an answer depends on; may import `headcount.posterior` and below."""

from headcount.diagnostics.identification.after_sampling import RestsOn, rests_on
from headcount.diagnostics.identification.before_sampling import Preflight, preflight
from headcount.diagnostics.identification.quotability import IdentificationVerdict

__all__ = ["IdentificationVerdict", "Preflight", "RestsOn", "preflight", "rests_on"]
