"""From a study to a fit; may import nutpie, `headcount.posterior` and the rooms below it."""

from headcount.inference.fitting import fit
from headcount.inference.sampler import Sampler

__all__ = ["Sampler", "fit"]
