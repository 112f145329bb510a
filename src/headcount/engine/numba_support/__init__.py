"""Numba, llvmlite and their caches behind a few functions; may import nothing of headcount but its
types.
"""
