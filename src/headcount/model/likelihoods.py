"""The likelihood of the rows, one function for each row form; see docs/model.md.

The tail of Student's t with four degrees of freedom has a closed form that keeps its precision on
both sides (Shaw, 2006, see `headcount.study.observation_kinds.bound`); the normal's goes through
the scaled complementary error function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import CONCENTRATION, NOISE_SCALE, SELECTION, SOURCE, SURVEY_EPOCH
from headcount.layout.study_layout import Layout
from headcount.model.parameters import Data, Parameters, Tensor
from headcount.study.row_forms import BOUND, INTERVAL, NORMAL, OVERLAP, STATED, STUDENT_T, SURVEY

__all__ = [
    "DEGREES_OF_FREEDOM",
    "LIKELIHOOD_PARTS",
    "ODDS",
    "log_tail_normal",
    "log_tail_t",
    "observe",
]

DEGREES_OF_FREEDOM: Final = 4
"""Degrees of freedom of Student's t noise: tails that allow for wrong rows, in closed form."""

NEARLY_ZERO: Final = -1e-10
"""Largest log share of a list or scope among all people, so that log odds stay finite where a ratio
rounds to 1."""

FIELDS: Final = (
    "source",
    "epoch_index",
    "numerator",
    "denominator",
    "second_numerator",
    "value",
    "other",
    "noise_factor",
    "variance",
)
"""Data of the rows of a likelihood; see `headcount.layout.row_arrays.RowArrays`."""


def log_tail_t(t: Tensor) -> Tensor:
    """Return log Pr(T > t) of Student's t with four degrees of freedom."""
    root = pt.sqrt(4 + t**2)
    # 1 - t / root, without subtracting two numbers that are nearly equal.
    gap = pt.where(t > 0, 4 / (root * (root + pt.abs(t))), 1 - t / root)
    return 2 * pt.log(gap) + pt.log(2 + t / root) - np.log(4)


def log_tail_normal(z: Tensor) -> Tensor:
    """Return log Pr(Z > z) of the standard normal."""
    above = pt.maximum(z, 0)
    below = pt.minimum(z, 0)
    far = pt.log(pt.erfcx(above / np.sqrt(2)) / 2) - above**2 / 2
    return pt.where(z > 0, far, pt.log(pt.erfc(below / np.sqrt(2)) / 2))


TAILS: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    NORMAL: log_tail_normal,
    STUDENT_T: log_tail_t,
}
"""Tails of the noise to the log probability of a larger value."""


def observe(
    layout: Layout,
    parameters: Parameters,
    data: Data,
    terms: Tensor,
) -> None:
    """Add the likelihood of all rows to the model in context.

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Data containers of `headcount.model.data_arrays`.
    terms
        Log expected values, dims (term,), the last one zero.
    """
    noise = _noise_scale(layout, parameters)
    selection, concentration = _selection_and_concentration(layout, parameters)
    for likelihood in layout.rows:
        form, tails, name = *likelihood, likelihood.label
        rows = {field: data[f"{name}_{field}"] for field in FIELDS}
        if form in ODDS:
            odds = ODDS[form](rows, terms, selection[rows["epoch_index"]])
            _beta_binomial(name, rows, odds, concentration[rows["epoch_index"]])
            continue
        expected = terms[rows["numerator"]] - terms[rows["denominator"]]
        variance = rows["noise_factor"] * noise[rows["source"]] ** 2 + rows["variance"]
        LIKELIHOOD_PARTS[form](name, tails, rows, expected, pt.sqrt(variance))


def _noise_scale(layout: Layout, parameters: Parameters) -> Tensor:
    """Add ``noise_scale`` to the model: the sd of a source's errors on the log scale."""
    spec = layout.spec
    kinds = [spec.sources[name].kind for name in layout.sources]
    typical = parameters.links(f"source_kinds.{kind}.noise" for kind in kinds)
    spread = np.array([spec.source_kinds[kind].spread for kind in kinds])
    own = pm.Normal("noise_z", dims=SOURCE)
    return pm.Deterministic(NOISE_SCALE, pt.exp(typical + spread * own), dims=SOURCE)


def _selection_and_concentration(layout: Layout, parameters: Parameters) -> tuple[Tensor, Tensor]:
    """Add ``selection`` and ``concentration``; return their logs, dims (survey_epoch,).

    The selection of a linkage is its dependence.
    """
    if not layout.survey_epochs:
        return pt.zeros(0), pt.zeros(0)
    selection = pt.stack(
        [_selection(name, breaks, layout, parameters) for name, breaks in layout.survey_epochs]
    )
    kinds = [layout.spec.sources[name].kind for name, _ in layout.survey_epochs]
    concentration = parameters.links(f"source_kinds.{kind}.concentration" for kind in kinds)
    pm.Deterministic(SELECTION, pt.exp(selection), dims=SURVEY_EPOCH)
    pm.Deterministic(CONCENTRATION, pt.exp(concentration), dims=SURVEY_EPOCH)
    return selection, concentration


def _selection(name: str, breaks: int, layout: Layout, parameters: Parameters) -> Tensor:
    """Return the log selection of a source after some of its breaks, a scalar."""
    source = layout.spec.sources[name]
    total = parameters.link(f"sources.{name}.{source.reach_kind}")
    for _, key in source.breaks_by[:breaks]:
        total = total + parameters.link(f"sources.{name}.breaks.{key}")
    return total


def _stated(name: str, tails: str, rows: Tensor, mu: Tensor, sd: Tensor) -> None:
    if tails == NORMAL:
        pm.Normal(name, mu, sigma=sd, observed=rows["value"])
    else:
        pm.StudentT(name, DEGREES_OF_FREEDOM, mu=mu, sigma=sd, observed=rows["value"])


def _bound(name: str, tails: str, rows: Tensor, mu: Tensor, sd: Tensor) -> None:
    def logp(value: Tensor, mu: Tensor, sd: Tensor, side: Tensor) -> Tensor:
        return TAILS[tails](-side * (value - mu) / sd)

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _interval(name: str, tails: str, rows: Tensor, mu: Tensor, sd: Tensor) -> None:
    def logp(value: Tensor, mu: Tensor, sd: Tensor, upper: Tensor) -> Tensor:
        low, high = (value - mu) / sd, (upper - mu) / sd
        # Mirror an interval above the centre into the other tail, where both ends keep their
        # precision.
        flip = pt.switch(low + high > 0, 1.0, -1.0)
        near = TAILS[tails](pt.minimum(flip * low, flip * high))
        far = TAILS[tails](pt.maximum(flip * low, flip * high))
        return near + pt.log(-pt.expm1(far - near))

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _survey_odds(rows: Tensor, terms: Tensor, log_selection: Tensor) -> Tensor:
    part = pt.minimum(terms[rows["numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    return part - pt.log(-pt.expm1(part)) + log_selection


def _overlap_odds(rows: Tensor, terms: Tensor, log_dependence: Tensor) -> Tensor:
    """Return the log odds of being on the second list for people on the first.

    The odds are the positive root of a quadratic.
    """
    first = pt.minimum(terms[rows["numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    second = pt.minimum(terms[rows["second_numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    theta, c2, away2 = pt.exp(log_dependence), pt.exp(second), -pt.expm1(second)
    b = pt.exp(first) * theta - pt.expm1(first) - c2 * (1 + theta)
    root = pt.sqrt(b**2 + 4 * away2 * c2 * theta)
    # The root has two forms; the one without a subtraction is taken. The other one gets a harmless
    # b, since its gradient is computed as well.
    above, below = pt.where(b > 0, b, 1.0), pt.where(b > 0, 0.0, b)
    return pt.log(pt.where(b > 0, 2 * c2 * theta / (above + root), (root - below) / (2 * away2)))


def _beta_binomial(name: str, rows: Tensor, odds: Tensor, log_concentration: Tensor) -> None:
    weight = pt.exp(log_concentration)
    n = pt.cast(rows["other"], "int64")
    k = rows["value"].astype("int64")
    pm.BetaBinomial(name, weight * pt.sigmoid(odds), weight * pt.sigmoid(-odds), n, observed=k)


ODDS: Final[dict[str, Callable[..., Tensor]]] = {SURVEY: _survey_odds, OVERLAP: _overlap_odds}
"""Binomial form to the log odds that one of the n people is among the k."""

LIKELIHOOD_PARTS: Final[dict[str, Callable[..., None]]] = {
    STATED: _stated,
    BOUND: _bound,
    INTERVAL: _interval,
}
"""Row form with noise on the log scale to the function that adds its rows to the model."""
