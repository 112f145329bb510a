"""The PyMC graph, assembled from parts that know their role; see docs/model.md.

The only floor that writes PyMC graphs. Each part is a function from tensors to a tensor;
`build_model` joins them.
"""

from headcount.model.build import build_model
from headcount.model.graph_data import study_arrays

__all__ = ["build_model", "study_arrays"]
