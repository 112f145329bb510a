"""The PyMC model of a study; may import `headcount.layout` and the rooms below it.

The only floor that writes PyMC graphs. Each part is a function from tensors to a tensor;
`build_model` joins them.
"""

from headcount.model.build import build_model
from headcount.model.graph_data import study_arrays

__all__ = ["build_model", "study_arrays"]
