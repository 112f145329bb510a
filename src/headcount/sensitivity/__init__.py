"""Sensitivity: what becomes of the answer under other priors, without a source, or with one more."""
