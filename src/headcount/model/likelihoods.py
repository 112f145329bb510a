"""The likelihood of the rows, a function for each row form; see docs/model.md.

The tail of Student's t with four degrees of freedom has a closed form that keeps its precision on both sides (Shaw, 2006,
see `headcount.observation_kinds.bound`); the normal's goes through the scaled complementary error function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from headcount._names import CONCENTRATION, NOISE_SCALE, SELECTION, SOURCE, SURVEY
from headcount.layout import Layout
from headcount.model.parameters import Parameters

__all__ = ["DEGREES_OF_FREEDOM", "LIKELIHOOD_PARTS", "log_tail_normal", "log_tail_t", "observe"]

DEGREES_OF_FREEDOM: Final = 4
"""Of the Student-t noise: heavy enough to let a row be wrong, with a tail in closed form."""

NEARLY_ZERO: Final = -1e-10
"""A scope cannot be all of the one that holds it: keeps the log odds of a survey finite where a ratio rounds to 1."""


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


TAILS: Final[dict[bool, Callable[[Any], Any]]] = {True: log_tail_normal, False: log_tail_t}


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
    survey = _survey_effects(layout, parameters)
    for name in layout.rows:
        rows = {
            field: data[f"{name}_{field}"]
            for field in ("source", "part", "whole", "value", "other", "noise_factor", "variance")
        }
        expected = terms[rows["part"]] - terms[rows["whole"]]
        variance = rows["noise_factor"] * noise[rows["source"]] ** 2 + rows["variance"]
        LIKELIHOOD_PARTS[name](name, rows, expected, pt.sqrt(variance), survey)


def _noise_scale(layout: Layout, parameters: Parameters) -> Any:  # noqa: ANN401
    spec = layout.spec
    kinds = [spec.sources[name].kind for name in layout.sources]
    typical = parameters.links(f"source_kinds.{kind}.noise" for kind in kinds)
    spread = np.array([spec.source_kinds[kind].spread for kind in kinds])
    own = pm.Normal("noise_z", dims=SOURCE)
    return pm.Deterministic(NOISE_SCALE, pt.exp(typical + spread * own), dims=SOURCE)


def _survey_effects(layout: Layout, parameters: Parameters) -> tuple[Any, Any]:
    """Return log selection and log concentration, dims (source,); zero for what is no survey."""
    log_selection, log_concentration = pt.zeros(len(layout.sources)), pt.zeros(len(layout.sources))
    polls = [i for i, n in enumerate(layout.sources) if layout.spec.sources[n].selection]
    if not polls:
        return log_selection, log_concentration
    names = [layout.sources[i] for i in polls]
    kinds = [layout.spec.sources[name].kind for name in names]
    chosen = parameters.links(f"sources.{name}.selection" for name in names)
    dense = parameters.links(f"source_kinds.{kind}.concentration" for kind in kinds)
    pm.Deterministic(SELECTION, pt.exp(chosen), dims=SURVEY)
    pm.Deterministic(CONCENTRATION, pt.exp(dense), dims=SURVEY)
    return (
        pt.set_subtensor(log_selection[polls], chosen),
        pt.set_subtensor(log_concentration[polls], dense),
    )


def _stated(normal: bool, name: str, rows: Any, mu: Any, sd: Any, _: Any) -> None:  # noqa: ANN401, FBT001
    if normal:
        pm.Normal(name, mu, sigma=sd, observed=rows["value"])
    else:
        pm.StudentT(name, DEGREES_OF_FREEDOM, mu=mu, sigma=sd, observed=rows["value"])


def _bound(normal: bool, name: str, rows: Any, mu: Any, sd: Any, _: Any) -> None:  # noqa: ANN401, FBT001
    def logp(value: Any, mu: Any, sd: Any, side: Any) -> Any:  # noqa: ANN401
        return TAILS[normal](-side * (value - mu) / sd)

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _interval(normal: bool, name: str, rows: Any, mu: Any, sd: Any, _: Any) -> None:  # noqa: ANN401, FBT001
    def logp(value: Any, mu: Any, sd: Any, upper: Any) -> Any:  # noqa: ANN401
        low, high = (value - mu) / sd, (upper - mu) / sd
        # Mirror an interval above the centre's into the other tail, where both ends keep their precision.
        flip = pt.switch(low + high > 0, 1.0, -1.0)
        near = TAILS[normal](pt.minimum(flip * low, flip * high))
        far = TAILS[normal](pt.maximum(flip * low, flip * high))
        return near + pt.log(-pt.expm1(far - near))

    pm.CustomDist(name, mu, sd, rows["other"], logp=logp, observed=rows["value"])


def _survey(name: str, rows: Any, mu: Any, _: Any, survey: tuple[Any, Any]) -> None:  # noqa: ANN401
    log_selection, log_concentration = (effect[rows["source"]] for effect in survey)
    part = pt.minimum(mu, NEARLY_ZERO)
    chance = pt.sigmoid(part - pt.log(-pt.expm1(part)) + log_selection)
    weight = pt.exp(log_concentration)
    n = pt.cast(rows["other"], "int64")
    k = rows["value"].astype("int64")
    pm.BetaBinomial(name, weight * chance, weight * (1 - chance), n, observed=k)


LIKELIHOOD_PARTS: Final[dict[str, Callable[..., None]]] = {
    "stated": partial(_stated, False),
    "stated_normal": partial(_stated, True),
    "bound": partial(_bound, False),
    "bound_normal": partial(_bound, True),
    "interval": partial(_interval, False),
    "interval_normal": partial(_interval, True),
    "survey": _survey,
}
"""Likelihood of `headcount.layout.LIKELIHOODS` to the function that adds it to the model."""
