"""Implications of stated priors before any data; may import all rooms below workflows.

Draws from the priors pass through the engine, which returns headcounts and statements of sources.
"""

from headcount.workflows.elicitation.prior_description import PriorDescription, describe_prior

__all__ = ["PriorDescription", "describe_prior"]
