"""Digest of a refit: the answer that was asked for, and some draws with the names of what they are
of.

It has a module to itself, since a batch takes refits up again only as long as the text of their
digest's module is the same.
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

__all__ = ["KEPT", "AnswerDigest", "answers_of"]

KEPT: Final = 2000
"""Draws of the free vector that are kept of each posterior."""


@dataclass(frozen=True)
class AnswerDigest:
    """What is kept of a refit.

    Parameters
    ----------
    asked
        The headcount whose draws are wanted.
    """

    asked: Query

    def __call__(self, fit: Fit) -> Mapping[str, AnyArray]:
        """Return the arrays that are kept: all draws of the answer, how good they are, and `KEPT`
        draws of the free vector.
        """
        answer = answers_of(fit, self.asked)
        kept = DrawTransfer.of(fit, KEPT)
        measured = ess_and_rhat(answer[None])
        ess = min(float(measured["ess_bulk"][0]), float(measured["ess_tail"][0]))
        return {
            "answer": answer,
            "labels": np.array(kept.labels),
            "free": kept.free.astype(np.float32),
            "measured": np.array([ess, float(measured["rhat"][0])]),
        }


def answers_of(fit: Fit, asked: Query) -> FloatArray:
    """Return the draws of a log headcount.

    Parameters
    ----------
    fit
        A fit.
    asked
        Which headcount, or which growth.

    Returns
    -------
    numpy.ndarray
        Dims (chain, draw).
    """
    carried = DrawTransfer.of(fit)
    _, found, _ = log_likelihood(
        np.ascontiguousarray(carried.free), query_arrays(arrays_of(fit.layout), fit.layout, [asked])
    )
    sizes = fit.posterior.sizes
    return np.asarray(found[:, 0].reshape([sizes[dim] for dim in SAMPLE_DIMS]))
