"""Summary of a refit: draws of one log headcount, and some draws of the free vector.

It has a module of its own, since a batch keeps outcomes only as long as the text of the module of
their summary function is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from headcount._names import SAMPLE_DIMS
from headcount._types import AnyArray, FloatArray
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.queries import Query, query_arrays
from headcount.engine.density.study_arrays import arrays_of
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit

__all__ = ["FREE_DRAWS", "RefitSummary", "query_draws"]

FREE_DRAWS: Final = 2000
"""Draws of the free vector that are kept of each posterior."""


@dataclass(frozen=True)
class RefitSummary:
    """Summary of a refit.

    Parameters
    ----------
    query
        The headcount whose draws are kept.
    """

    query: Query

    def __call__(self, fit: Fit) -> Mapping[str, AnyArray]:
        """Summarise a fit.

        Parameters
        ----------
        fit
            A fit.

        Returns
        -------
        Mapping
            ``draws``: all draws of the log headcount, dims (chain, draw); ``labels`` and ``free``:
            ``FREE_DRAWS`` draws of the free vector, dims (draw, free); ``convergence``: effective
            sample size and R-hat of the log headcount.
        """
        draws = query_draws(fit, self.query)
        kept = DrawTransfer.of(fit, FREE_DRAWS)
        measured = ess_and_rhat(draws[None])
        ess = min(float(measured["ess_bulk"][0]), float(measured["ess_tail"][0]))
        return {
            "draws": draws,
            "labels": np.array(kept.labels),
            "free": kept.free.astype(np.float32),
            "convergence": np.array([ess, float(measured["rhat"][0])]),
        }


def query_draws(fit: Fit, query: Query) -> FloatArray:
    """Return the draws of a log headcount, or of a log growth factor.

    Parameters
    ----------
    fit
        A fit.
    query
        Area, year and scope.

    Returns
    -------
    numpy.ndarray
        Dims (chain, draw).
    """
    transfer = DrawTransfer.of(fit)
    _, found, _ = log_likelihood(
        np.ascontiguousarray(transfer.free),
        query_arrays(arrays_of(fit.layout), fit.layout, [query]),
    )
    sizes = fit.posterior.sizes
    return np.asarray(found[:, 0].reshape([sizes[dim] for dim in SAMPLE_DIMS]))
