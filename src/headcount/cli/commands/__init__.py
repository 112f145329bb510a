"""The work of each command; may import any room, inside the function that needs it.

No module here imports PyMC, ArviZ, pandas, SciPy or Matplotlib before a function that needs them is
called.
"""
