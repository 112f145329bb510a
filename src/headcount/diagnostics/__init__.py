"""Whether an answer can be believed, and which evidence it depends on.

May import `headcount.posterior` and the rooms below it; never a sampler.
"""
