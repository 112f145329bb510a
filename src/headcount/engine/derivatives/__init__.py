"""Jacobians, Fisher information and changes of variables; may import `headcount.engine.density`."""
