"""The engine: the model's log density and gradient as one compiled, data-driven function.

PyMC (`headcount.model`) is the definition; the engine is the same density, written out once for all
studies with its adjoint by hand, so that nothing compiles when a study changes. Tests hold the two
equal to 1e-8. This folder imports NumPy and Numba, not PyMC. docs/engine.md says what was tried and
measured.
"""
