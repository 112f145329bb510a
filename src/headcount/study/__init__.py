"""A study as its author declares it; may import only the modules at the top of the package."""
