"""Elicitation: what stated priors imply, one by one and together, before any data.

Over the engine, which draws worlds from the priors and says what sources would state about them.
"""

from headcount.workflows.elicitation.prior_description import PriorDescription, describe_prior

__all__ = ["PriorDescription", "describe_prior"]
