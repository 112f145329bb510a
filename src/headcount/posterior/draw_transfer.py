"""Transfer of draws from one study to a similar one.

The studies have the same areas and years; rows, sources and priors may differ. Quantities that both
studies have keep their draws; those of the new study alone are drawn from their priors. For a study
with more rows the result is a predictive distribution of all that the new rows depend on; for one
with fewer rows it is a warm start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headcount._names import FREE, SAMPLE_DIMS, UNCONSTRAINED
from headcount._types import FloatArray
from headcount.layout.free_vector import free_labels, segments_of
from headcount.layout.study_layout import TREND_LEVEL_SD, Layout
from headcount.posterior.fits import Fit

__all__ = ["DrawTransfer", "draws_from_priors"]


@dataclass(frozen=True, eq=False)
class DrawTransfer:
    """Draws of a free vector, labelled so that another study can use them.

    Parameters
    ----------
    labels
        Labels of the free variables, by `headcount.layout.free_vector.free_labels`.
    free
        Draws of the free vector; dims (draw, free).
    """

    labels: tuple[str, ...]
    free: FloatArray

    @classmethod
    def of(cls, fit: Fit, count: int | None = None) -> DrawTransfer:
        """Take draws from a fit.

        Parameters
        ----------
        fit
            A fit.
        count
            Number of draws, spread evenly over all chains; all if ``None``.

        Returns
        -------
        DrawTransfer
            The draws, those of the first chain first.
        """
        found = fit.tree[UNCONSTRAINED][FREE].transpose(*SAMPLE_DIMS, "variable")
        free = found.to_numpy().reshape(-1, found.sizes["variable"])
        chosen = (
            np.linspace(0, len(free) - 1, min(count or len(free), len(free))).round().astype(int)
        )
        return cls(tuple(found["variable"].to_numpy().tolist()), free[chosen].astype(np.float64))

    def to(self, layout: Layout, rng: np.random.Generator) -> FloatArray:
        """Return the draws as free vectors of a study.

        Parameters
        ----------
        layout
            The study.
        rng
            Source of the draws of variables that these draws lack.

        Returns
        -------
        numpy.ndarray
            Draws of the study's free vector; dims (draw, free).
        """
        place = {label: i for i, label in enumerate(self.labels)}
        labels = free_labels(layout)
        found = draws_from_priors(layout, len(self.free), rng)
        known = [i for i, label in enumerate(labels) if label in place]
        found[:, known] = self.free[:, [place[labels[i]] for i in known]]
        return found


def draws_from_priors(layout: Layout, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw free vectors of a study from their priors.

    Parameters
    ----------
    layout
        The study.
    count
        Number of draws.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Dims (draw, free).
    """
    blocks = segments_of(layout)
    found = rng.normal(size=(count, max(block.start + block.size for block in blocks.values())))
    for i, prior in enumerate(layout.priors.values()):
        found[:, i] = prior.link.forward(prior.draw(rng, count))
    if "trend_level" in blocks:
        found[:, blocks["trend_level"].slice] *= TREND_LEVEL_SD
    return found
