"""A study as index arrays, the same for every draw; may import `headcount.study`."""
