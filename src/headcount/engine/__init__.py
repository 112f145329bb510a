"""The same log density, compiled once for all studies; may import `headcount.layout` and below.

PyMC (`headcount.model`) is the definition; the engine is the same density, written out once for all
studies with its adjoint by hand, so that nothing compiles when a study changes. Tests hold the two
equal to 1e-8. docs/engine.md says what was tried and
measured.
"""
