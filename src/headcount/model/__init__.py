"""The PyMC model of a study; may import `headcount.layout` and the rooms below it.

No other room writes PyMC graphs. Each module turns tensors into one part of the model, and
`build_model` joins the parts; docs/model.md states the whole model in symbols.
"""

from headcount.model.build import build_model
from headcount.model.graph_data import data_arrays

__all__ = ["build_model", "data_arrays"]
