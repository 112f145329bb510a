"""Draws and all that is computed from them; may import `headcount.engine` and the rooms below it.

Never a sampler and never PyMC, so that a saved fit can be read anywhere.
"""
