"""A study as index arrays, the same for every posterior draw; may import `headcount.study`."""
