"""What the commands of `headcount.cli` do: files in, files out, words on the terminal.

No module here imports PyMC, ArviZ, pandas, SciPy or Matplotlib before a function that needs them is
called.
"""
