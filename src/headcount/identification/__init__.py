"""Identification: what the answer rests on, before and after sampling."""

from headcount.identification.expecting import Preflight, preflight
from headcount.identification.resting import RestsOn, rests_on
from headcount.identification.verdicts import Verdict

__all__ = ["Preflight", "RestsOn", "Verdict", "preflight", "rests_on"]
