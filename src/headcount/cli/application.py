"""The application that the commands join."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App, Parameter

__all__ = ["app"]

app = App(
    name="headcount",
    help="How many are there, when nobody can count? Start with: headcount new my_study",
    version=lambda: version("headcount"),
    version_flags=["--version"],
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
)
