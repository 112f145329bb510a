"""Carrying draws from one study to a similar one: other rows, sources or priors, the same areas and
years.

What both studies know keeps its draws; what only the new one knows is drawn from its prior. Of a
study with more rows that is the predictive distribution of whatever is asked of them; of one with
fewer rows it is a place to start from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headcount._names import FREE, SAMPLE_DIMS, UNCONSTRAINED
from headcount._types import FloatArray
from headcount.layout.free_vector import blocks_of, free_labels
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout
from headcount.posterior.fits import Fit

__all__ = ["Carried"]


@dataclass(frozen=True, eq=False)
class Carried:
    """Draws on their way between studies.

    Parameters
    ----------
    labels
        Of the free variables, as `headcount.layout.free_vector.free_labels` gives them.
    free
        Draws of the free vector; dims (draw, free).
    """

    labels: tuple[str, ...]
    free: FloatArray

    @classmethod
    def of(cls, fit: Fit, count: int | None = None) -> Carried:
        """Take draws from a fit.

        Parameters
        ----------
        fit
            A fit.
        count
            How many, spread evenly over all chains; all if ``None``.

        Returns
        -------
        Carried
            The draws, those of the first chain first.
        """
        found = fit.tree[UNCONSTRAINED][FREE].transpose(*SAMPLE_DIMS, "variable")
        free = found.to_numpy().reshape(-1, found.sizes["variable"])
        chosen = (
            np.linspace(0, len(free) - 1, min(count or len(free), len(free))).round().astype(int)
        )
        return cls(tuple(found["variable"].to_numpy().tolist()), free[chosen].astype(np.float64))

    def to(self, layout: Layout, rng: np.random.Generator) -> FloatArray:
        """Bring the draws to a study.

        Parameters
        ----------
        layout
            The study.
        rng
            For what the draws do not know.

        Returns
        -------
        numpy.ndarray
            Draws of the study's free vector; dims (draw, free).
        """
        place = {label: i for i, label in enumerate(self.labels)}
        labels = free_labels(layout)
        found = _prior_draws(layout, len(self.free), rng)
        known = [i for i, label in enumerate(labels) if label in place]
        found[:, known] = self.free[:, [place[labels[i]] for i in known]]
        return found


def _prior_draws(layout: Layout, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw free vectors from their priors; dims (draw, free)."""
    blocks = blocks_of(layout)
    found = rng.normal(size=(count, max(block.start + block.size for block in blocks.values())))
    for i, prior in enumerate(layout.priors.values()):
        found[:, i] = prior.link.forward(prior.draw(rng, count))
    if "trend_level" in blocks:
        found[:, blocks["trend_level"].slice] *= TREND_LEVEL_SD
    return found
