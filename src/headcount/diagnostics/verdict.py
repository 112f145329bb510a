"""Verdicts: the outcome of a result as a name that code can compare and a sentence to read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verdict"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a result.

    Parameters
    ----------
    name
        One of a few fixed phrases, such as ``passed`` or ``rests on data``.
    sentence
        One or a few sentences for a reader, with the numbers that decide.

    Examples
    --------
    >>> verdict = Verdict("passed", "All 5 checks passed.")
    >>> print(verdict)
    All 5 checks passed.
    """

    name: str
    sentence: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence
