"""What priors imply before any data; may import all rooms below workflows.

Over the engine, which draws worlds from the priors and says what sources would state about them.
"""

from headcount.workflows.elicitation.prior_description import PriorDescription, describe_prior

__all__ = ["PriorDescription", "describe_prior"]
