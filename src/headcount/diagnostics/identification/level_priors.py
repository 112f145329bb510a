"""Levels: which priors say how many there are, and not only how alike, how noisy or how fast."""

from __future__ import annotations

from typing import Final

from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, Part

__all__ = ["sets_level"]

REACH: Final = ("coverage", "multiplier", "selection", "dependence", "overcount", "trend")
"""Keys of a source by which its statements become people."""


def sets_level(part: Part) -> bool:
    """Say whether a part of the evidence is a prior that moves all headcounts, or the statements of
    a source, by a factor.

    The total; coverage, multiplier, selection and dependence with their exceptions; the errors of
    lineages and the shared bias; the ratio between two scopes. Not: growth, trends, effects of
    covariates, scales, noise.

    Parameters
    ----------
    part
        A part of the evidence.

    Returns
    -------
    bool
        False for sources and for pooling.
    """
    section, *keys = part.name.split(".")
    if part.kind == POOLING:
        # The level of a source whose changes alone count has a fixed, very wide prior.
        return section == "sources" and keys[-1] == "trend"
    if part.kind != PRIOR:
        return False
    match section:
        case "total" | "shared_bias" | "lineages":
            return True
        case "sources":
            return keys[1] in REACH
        case "scopes":
            return keys[1] == "ratio"
    return False
