"""Predicted statements of a candidate: draws from the posterior predictive distribution."""

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

__all__ = ["candidate_statements"]


def candidate_statements(fit: Fit, study: CandidateStudy, rng: np.random.Generator) -> FloatArray:
    """Draw the statements of a candidate, once for each draw of a fit.

    Quantities of the fit keep their draws, so that statements depend on the headcount; quantities
    of the candidate alone, such as its coverage, are drawn from their priors.

    Parameters
    ----------
    fit
        A fit of the study.
    study
        The candidate's study.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Statements on the scale of the likelihood, see `headcount.posterior.replication`; dims
        (draw, row), draws in the order of ``DrawTransfer.of(fit)``.
    """
    # The layout has the candidate's rows alone: no other row needs evaluation, and the stated
    # numbers change no variable of the study.
    free = DrawTransfer.of(fit).to(Layout.of(study.spec, study.rows), rng)
    study = study.with_numbers(_expected(study, free))
    layout = Layout.of(study.spec, study.rows)
    _, location, spread = log_likelihood(free, arrays_of(layout))
    return replicates(layout, location, spread, rng)


def _expected(study: CandidateStudy, free: FloatArray) -> list[float]:
    """Return the expected number of each row; the noise of a row depends on its number."""
    _, location, _ = log_likelihood(free, arrays_of(Layout.of(study.spec, study.rows)))
    middle = np.median(location, axis=0).tolist()
    return [_number(row, own) for row, own in zip(study.rows.rows, middle, strict=True)]


def _number(row: Observation, middle: float) -> float:
    """Return the expected number if the row's noise depends on it, else the placeholder."""
    kind = kind_of(row)
    if kind.promise is None or kind.promise.least is None:
        return row.value or 0.0
    return max(float(kind.number.from_scale(np.asarray(middle), row)), kind.promise.least(row))
