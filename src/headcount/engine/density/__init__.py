"""The log density and its gradient, compiled; may import `headcount.engine.numba_support` and the
layout.
"""
