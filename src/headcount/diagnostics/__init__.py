"""Whether an answer can be believed; may import `headcount.posterior` and the rooms below it."""
