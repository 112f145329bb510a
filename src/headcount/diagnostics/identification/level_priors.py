"""Priors of levels: those that scale all headcounts or all statements of a source."""

from __future__ import annotations

from typing import Final

from headcount.diagnostics.identification.precision_terms import POOLING, PRIOR, Contributor

__all__ = ["sets_level"]

REACH: Final = ("coverage", "multiplier", "selection", "dependence", "overcount", "trend")
"""Keys of a source that relate its statements to people."""


def sets_level(contributor: Contributor) -> bool:
    """Return whether a contributor is a prior of a level.

    Such a prior multiplies all headcounts, or the statements of a source, by a factor: the total;
    coverage, multiplier, selection and dependence with their exceptions; the errors of lineages and
    the shared bias; the ratio between two scopes. Growth, trends, effects of covariates, scales and
    noise do not.

    Parameters
    ----------
    contributor
        An item of evidence.

    Returns
    -------
    bool
        False for sources and for pooling.
    """
    section, *keys = contributor.name.split(".")
    if contributor.kind == POOLING:
        # The level of a source whose trend alone counts has a fixed, very wide prior.
        return section == "sources" and keys[-1] == "trend"
    if contributor.kind != PRIOR:
        return False
    match section:
        case "total" | "shared_bias" | "lineages":
            return True
        case "sources":
            return keys[1] in REACH
        case "scopes":
            return keys[1] == "ratio"
    return False
