"""The likelihood of the rows, a function for each row form; see docs/model.md.

The tail of Student's t with four degrees of freedom has a closed form that keeps its precision on
both sides (Shaw, 2006, see `headcount.study.observation_kinds.bound`); the normal's goes through
the scaled complementary error function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import CONCENTRATION, NOISE_SCALE, SELECTION, SOURCE, SURVEY_EPOCH
from headcount.layout.study_layout import Layout
from headcount.model.parameters import Parameters
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
"""Of the Student-t noise: heavy enough to let a row be wrong, with a tail in closed form."""

NEARLY_ZERO: Final = -1e-10
"""A scope cannot be all of the one that holds it, nor a list everybody: keeps log odds finite where
a ratio rounds to 1."""

FIELDS: Final = (
    "source",
    "epoch",
    "numerator",
    "denominator",
    "second_numerator",
    "value",
    "other",
    "noise_factor",
    "variance",
)
"""Of the rows of a likelihood; see `headcount.layout.row_arrays.RowArrays`."""


def log_tail_t(t: Any) -> Any:  # noqa: ANN401
    """Return log Pr(T > t) of Student's t with four degrees of freedom."""
    root = pt.sqrt(4 + t**2)
    # 1 - t / root, without subtracting two numbers that are nearly equal.
    gap = pt.where(t > 0, 4 / (root * (root + pt.abs(t))), 1 - t / root)
    return 2 * pt.log(gap) + pt.log(2 + t / root) - np.log(4)


def log_tail_normal(z: Any) -> Any:  # noqa: ANN401
    """Return log Pr(Z > z) of the standard normal."""
    above = pt.maximum(z, 0)
    below = pt.minimum(z, 0)
    far = pt.log(pt.erfcx(above / np.sqrt(2)) / 2) - above**2 / 2
    return pt.where(z > 0, far, pt.log(pt.erfc(below / np.sqrt(2)) / 2))


TAILS: Final[dict[str, Callable[[Any], Any]]] = {NORMAL: log_tail_normal, STUDENT_T: log_tail_t}
"""Tails of the noise to the log probability of more."""


def observe(
    layout: Layout,
    parameters: Parameters,
    data: Mapping[str, Any],
    terms: Any,  # noqa: ANN401
) -> None:
    """Add the likelihood of all rows to the model in context.

    Parameters
    ----------
    layout
        The study.
    parameters
        The parameter vector.
    data
        Tensors of `headcount.model.study_arrays`.
    terms
        Log expected values, dims (term,), the last one zero.
    """
    noise = _noise_scale(layout, parameters)
    selection, concentration = _frames(layout, parameters)
    for likelihood in layout.rows:
        form, tails, name = *likelihood, likelihood.label
        rows = {field: data[f"{name}_{field}"] for field in FIELDS}
        if form in ODDS:
            odds = ODDS[form](rows, terms, selection[rows["epoch"]])
            _of_people(name, rows, odds, concentration[rows["epoch"]])
            continue
        expected = terms[rows["numerator"]] - terms[rows["denominator"]]
        variance = rows["noise_factor"] * noise[rows["source"]] ** 2 + rows["variance"]
        LIKELIHOOD_PARTS[form](name, tails, rows, expected, pt.sqrt(variance))


def _noise_scale(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    spec = layout.spec
    kinds = [spec.sources[name].kind for name in layout.sources]
    typical = parameters.links(f"source_kinds.{kind}.noise" for kind in kinds)
    spread = np.array([spec.source_kinds[kind].spread for kind in kinds])
    own = pm.Normal("noise_z", dims=SOURCE)
    return pm.Deterministic(NOISE_SCALE, pt.exp(typical + spread * own), dims=SOURCE)


def _frames(layout: Layout, parameters: Parameters) -> tuple[Any, Any]:
    """Return log selection (of linkages: log dependence) and log concentration, dims (frame,)."""
    if not layout.survey_epochs:
        return pt.zeros(0), pt.zeros(0)
    chosen = pt.stack(
        [_selection(name, breaks, layout, parameters) for name, breaks in layout.survey_epochs]
    )
    kinds = [layout.spec.sources[name].kind for name, _ in layout.survey_epochs]
    dense = parameters.links(f"source_kinds.{kind}.concentration" for kind in kinds)
    pm.Deterministic(SELECTION, pt.exp(chosen), dims=SURVEY_EPOCH)
    pm.Deterministic(CONCENTRATION, pt.exp(dense), dims=SURVEY_EPOCH)
    return chosen, dense


def _selection(name: str, breaks: int, layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    source = layout.spec.sources[name]
    total = parameters.link(f"sources.{name}.{source.reach_kind}")
    for _, key in source.breaks_by[:breaks]:
        total = total + parameters.link(f"sources.{name}.breaks.{key}")
    return total


def _stated(name: str, tails: str, rows: Any, mu: Any, sd: Any) -> None:  # noqa: ANN401
    if tails == NORMAL:
        pm.Normal(name, mu, sigma=sd, observed=rows["value"])
    else:
        pm.StudentT(name, DEGREES_OF_FREEDOM, mu=mu, sigma=sd, observed=rows["value"])


def _bound(name: str, tails: str, rows: Any, mu: Any, sd: Any) -> None:  # noqa: ANN401
    def logp(value: Any, mu: Any, sd: Any, side: Any) -> Any:  # noqa: ANN401
        return TAILS[tails](-side * (value - mu) / sd)

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _interval(name: str, tails: str, rows: Any, mu: Any, sd: Any) -> None:  # noqa: ANN401
    def logp(value: Any, mu: Any, sd: Any, upper: Any) -> Any:  # noqa: ANN401
        low, high = (value - mu) / sd, (upper - mu) / sd
        # Mirror an interval above the centre's into the other tail, where both ends keep their
        # precision.
        flip = pt.switch(low + high > 0, 1.0, -1.0)
        near = TAILS[tails](pt.minimum(flip * low, flip * high))
        far = TAILS[tails](pt.maximum(flip * low, flip * high))
        return near + pt.log(-pt.expm1(far - near))

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _survey_odds(rows: Any, terms: Any, log_selection: Any) -> Any:  # noqa: ANN401
    part = pt.minimum(terms[rows["numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    return part - pt.log(-pt.expm1(part)) + log_selection


def _overlap_odds(rows: Any, terms: Any, log_dependence: Any) -> Any:  # noqa: ANN401
    """Return the log odds of being on the second list for those on the first: the positive root of
    a quadratic.
    """
    first = pt.minimum(terms[rows["numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    second = pt.minimum(terms[rows["second_numerator"]] - terms[rows["denominator"]], NEARLY_ZERO)
    theta, c2, away2 = pt.exp(log_dependence), pt.exp(second), -pt.expm1(second)
    b = pt.exp(first) * theta - pt.expm1(first) - c2 * (1 + theta)
    root = pt.sqrt(b**2 + 4 * away2 * c2 * theta)
    # Of the two forms of the root that in which nothing is subtracted; the other one gets a
    # harmless b, for its gradient.
    above, below = pt.where(b > 0, b, 1.0), pt.where(b > 0, 0.0, b)
    return pt.log(pt.where(b > 0, 2 * c2 * theta / (above + root), (root - below) / (2 * away2)))


def _of_people(name: str, rows: Any, odds: Any, log_concentration: Any) -> None:  # noqa: ANN401
    weight = pt.exp(log_concentration)
    n = pt.cast(rows["other"], "int64")
    k = rows["value"].astype("int64")
    pm.BetaBinomial(name, weight * pt.sigmoid(odds), weight * pt.sigmoid(-odds), n, observed=k)


ODDS: Final[dict[str, Callable[..., Any]]] = {SURVEY: _survey_odds, OVERLAP: _overlap_odds}
"""Binomial form to the log odds that one of the n is one of the k."""

LIKELIHOOD_PARTS: Final[dict[str, Callable[..., None]]] = {
    STATED: _stated,
    BOUND: _bound,
    INTERVAL: _interval,
}
"""Any other form to the function that adds its rows to the model."""
