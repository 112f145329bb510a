"""The log density and its gradient, compiled; may import numba_support and `headcount.layout`."""
