"""Workflows that need many fits or many simulations: batches, sensitivity, calibration, elicitation.

May import every room but `headcount.reporting` and `headcount.cli`.
"""
