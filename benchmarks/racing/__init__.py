"""The race: the same posterior by this package and by what a user would write instead."""
