"""Numba and llvmlite behind a few functions; may import nothing of headcount but its types.

Two modules use names that these libraries do not document: `numba_adapter` and `llvm_adapter`. For
each such name they say what takes its place where a version lacks it.
"""
