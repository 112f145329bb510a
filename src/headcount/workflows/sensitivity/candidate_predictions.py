"""Promised statements: what a candidate would state, drawn from the posterior predictive
distribution of its rows.
"""

from __future__ import annotations

import numpy as np

from headcount._types import FloatArray
from headcount.engine.density.evaluation import log_likelihood
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import Layout
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.fits import Fit
from headcount.posterior.replication import replicates
from headcount.study.observation import Observation
from headcount.study.observation_kinds import kind_of
from headcount.workflows.sensitivity.candidate_studies import CandidateStudy

__all__ = ["promised_statements"]


def promised_statements(fit: Fit, study: CandidateStudy, rng: np.random.Generator) -> FloatArray:
    """Draw what a candidate would state, once for each draw of a fit.

    What the fit knows keeps its draws, so that statements and answer hang together; what only the
    candidate knows, its coverage say, is drawn from its prior.

    Parameters
    ----------
    fit
        A fit of the study.
    study
        The candidate, as it was built.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Statements on the scale of the likelihood, see `headcount.posterior.replication`; dims
        (draw, row), draws in the order of ``DrawTransfer.of(fit)``.
    """
    # Of the candidate's rows alone: nothing else has to be evaluated. Their numbers change no
    # variable of the study.
    free = DrawTransfer.of(fit).to(Layout.of(study.spec, study.rows), rng)
    study = study.with_numbers(_expected(study, free))
    layout = Layout.of(study.spec, study.rows)
    _, location, spread = log_likelihood(free, arrays_of(layout))
    return replicates(layout, location, spread, rng)


def _expected(study: CandidateStudy, free: FloatArray) -> list[float]:
    """Return the number that is expected of each row: parts of its spread are computed from the
    number that it states.
    """
    _, location, _ = log_likelihood(free, arrays_of(Layout.of(study.spec, study.rows)))
    middle = np.median(location, axis=0).tolist()
    return [_number(row, own) for row, own in zip(study.rows.rows, middle, strict=True)]


def _number(row: Observation, middle: float) -> float:
    """Return the expected number where the spread of the row depends on it; else the placeholder."""
    kind = kind_of(row)
    if kind.promise is None or kind.promise.least is None:
        return row.value or 0.0
    return max(float(kind.number.from_scale(np.asarray(middle), row)), kind.promise.least(row))
