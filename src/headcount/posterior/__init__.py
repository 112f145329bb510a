"""Draws and all that is computed from them; may import `headcount.engine` and below.

Never a sampler and never PyMC, so that a saved fit can be read anywhere.
"""
