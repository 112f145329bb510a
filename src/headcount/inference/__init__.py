"""Inference: from a study to a fit. The only floor that runs a sampler."""

from headcount.inference.fitting import fit
from headcount.inference.sampler import Sampler

__all__ = ["Sampler", "fit"]
