"""Numba and llvmlite behind a few functions; may import nothing of headcount but its types.

`numba_adapter` alone uses names that Numba does not document, each with a documented substitute.
`llvm_adapter` reads and writes memory by either kind of llvmlite's pointers.
"""
