"""A study as its author declares it: areas, statements, kinds, priors and spec, read and checked.

May import the names, types, words and errors at the top of the package, and nothing above them.
"""
