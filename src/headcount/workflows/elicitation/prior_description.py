"""`describe_prior`: the implications of one prior, or of all priors of a study together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount._wording import interval, number, people, percent, plural
from headcount.diagnostics.verdict import Verdict
from headcount.errors import HeadcountError, nearest
from headcount.study.arguments import checked_seed
from headcount.study.observations import Observations
from headcount.study.priors import Prior
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.elicitation.prior_draws import PriorDraws
from headcount.workflows.elicitation.prior_statements import rows_of_prior, statements_table
from headcount.workflows.elicitation.prior_warnings import plausibility_warnings
from headcount.workflows.elicitation.single_prior import (
    DensityCurve,
    density_curve,
    prior_line,
    prior_sentences,
)

__all__ = ["IMPLAUSIBLE", "PLAUSIBLE", "PriorDescription", "describe_prior"]

PLAUSIBLE: Final = "plausible"
IMPLAUSIBLE: Final = "implausible"

MOST_AREAS: Final = 8
"""Areas in the table of implied headcounts, beside the root."""


@dataclass(frozen=True, eq=False)
class PriorDescription:
    """The implications of priors before any data.

    Build one with `describe_prior`.

    Parameters
    ----------
    title
        Name of the prior or of the study.
    prior
        The one prior that is described; ``None`` for all priors of a study.
    priors
        A line for each prior: ``path, family, support, words``, quantiles ``q01, q05, q10, q25,
        q50, q75, q90, q95, q99`` and ``mean``, in the quantity's own unit.
    implied
        Implications of all priors of the study together: ``quantity`` (``headcount``, in people;
        ``growth``, the factor from the first year to the last), ``area``, ``year``, and ``lower,
        median, upper``, the 5, 50 and 95 % quantiles. Empty for a prior without a study.
    statements
        Prior predictive distribution of the rows; see
        `headcount.workflows.elicitation.prior_statements.statements_table`. For one prior, of the
        rows whose likelihood contains its quantity.
    warnings
        Implausible implications; see `headcount.workflows.elicitation.prior_warnings`.
    """

    title: str
    prior: Prior | None
    priors: pd.DataFrame
    implied: pd.DataFrame = field(default_factory=pd.DataFrame)
    statements: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[str, ...] = ()

    @property
    def curve(self) -> DensityCurve | None:
        """Density of the one prior; ``None`` for all priors of a study."""
        return None if self.prior is None else density_curve(self.prior)

    @property
    def verdict(self) -> Verdict | None:
        """``plausible`` or ``implausible``; ``None`` for a prior without a study."""
        if self.implied.empty:
            return None
        if not self.warnings:
            return Verdict(PLAUSIBLE, "The priors together imply nothing implausible.")
        count = plural(len(self.warnings), "warning")
        return Verdict(IMPLAUSIBLE, f"The priors together imply implausible numbers: {count}.")

    @property
    def sentences(self) -> tuple[str, ...]:
        """The implications in sentences, without the warnings."""
        alone = () if self.prior is None else prior_sentences(self.prior)
        return (*alone, *_implied_sentences(self.implied), *_statement_sentences(self))

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of priors."""
        return self.priors.copy()

    def __repr__(self) -> str:
        """Return the description as text."""
        lines = [*self.sentences, *(f"Warning: {text}" for text in self.warnings)]
        if self.prior is None:
            lines = [f"{len(self.priors)} priors", *lines]
        return "\n  ".join([f"<headcount.PriorDescription of {self.title}", *lines]) + ">"


def describe_prior(
    prior: Prior | ModelSpec | Study,
    path: str | None = None,
    *,
    seed: int,
    draws: int = 4000,
) -> PriorDescription:
    """Describe the implications of a prior, or of all priors of a study, before any data.

    All priors are drawn together, so that intervals of headcounts and of statements contain their
    joint uncertainty. The stated numbers are compared with the priors and do not change them.

    Parameters
    ----------
    prior
        A prior; or a spec with all of its priors; or a study, whose rows are compared with their
        prior predictive distribution.
    path
        Key of one prior of the spec, as in the TOML file; all if ``None``.
    seed
        Seed of the draws.
    draws
        Number of draws. With 4,000, the ends of a 90 % interval have a Monte Carlo error of about
        2 % of its width.

    Returns
    -------
    PriorDescription
        Tables, sentences, warnings and a verdict.

    Raises
    ------
    HeadcountError
        If the path is no prior of the spec, or a prior without a spec is given a path.

    Notes
    -----
    The comparison of priors with observable quantities is a prior predictive check [1]_.

    References
    ----------
    .. [1] Gabry, J., Simpson, D., Vehtari, A., Betancourt, M. and Gelman, A. (2019). Visualization
       in Bayesian workflow. Journal of the Royal Statistical Society A 182(2), 389-402.
       https://doi.org/10.1111/rssa.12378

    Examples
    --------
    >>> import headcount as hc
    >>> found = hc.describe_prior(hc.Prior.between(0.3, 0.7, support="unit"), seed=1)
    >>> found.sentences[1]
    'As likely above 0.500 as below; half between 0.414 and 0.586; 90 % between 0.300 and 0.700;
    mean 0.500.'
    >>> spec = hc.read_spec("models/toy.toml")
    >>> hc.describe_prior(spec, "scopes.helper.ratio", seed=1).to_frame()["q50"].round(2).item()
    6.29
    """
    if isinstance(prior, Prior):
        if path is not None:
            msg = f"{path!r} is a key of a spec's prior; a prior alone has none"
            raise HeadcountError(msg)
        return PriorDescription("a prior", prior, pd.DataFrame([prior_line("", prior)]))
    if isinstance(prior, Study):
        return _of_spec(prior.spec, path, prior.observations, draws, checked_seed(seed))
    return _of_spec(prior, path, None, draws, checked_seed(seed))


def _of_spec(
    spec: ModelSpec, path: str | None, observations: Observations | None, draws: int, seed: int
) -> PriorDescription:
    if path is not None and path not in spec.priors:
        msg = f"{spec.name}: unknown prior {path!r}. {nearest(path, spec.priors)}"
        raise HeadcountError(msg)
    drawn = PriorDraws.of(spec, observations, draws=draws, seed=seed)
    statements = statements_table(drawn)
    chosen = {path: spec.priors[path]} if path else spec.priors
    return PriorDescription(
        title=f"{spec.name} [{path}]" if path else f"{spec.name}, prior set {spec.prior_set}",
        prior=spec.priors[path] if path else None,
        priors=pd.DataFrame([prior_line(*item) for item in chosen.items()]),
        implied=_implied(drawn),
        statements=rows_of_prior(statements, path, spec) if path else statements,
        warnings=tuple(plausibility_warnings(drawn, statements)),
    )


def _implied(draws: PriorDraws) -> pd.DataFrame:
    spec = draws.layout.spec
    root, years = spec.areas.root, spec.years
    total = draws.log_people(root)
    reference = years.reference - years.first
    others = {
        row.area: draws.log_people(row.area)[:, reference]
        for row in spec.areas.rows
        if row.area != root
    }
    largest = sorted(others, key=lambda area: -float(np.median(others[area])))[:MOST_AREAS]
    lines = [_line("headcount", root, year, total[:, t]) for t, year in enumerate(years.labels)]
    lines.append(_line("growth", root, years.last, total[:, -1] - total[:, 0]))
    lines += [_line("headcount", area, years.reference, others[area]) for area in largest]
    return pd.DataFrame(lines)


def _line(quantity: str, area: str, year: int, logs: FloatArray) -> dict[str, Any]:
    lower, median, upper = np.exp(np.quantile(logs, [0.05, 0.5, 0.95])).tolist()
    labels = {"quantity": quantity, "area": area, "year": year}
    return labels | {"lower": lower, "median": median, "upper": upper}


def _implied_sentences(implied: pd.DataFrame) -> Iterator[str]:
    if implied.empty:
        return
    root = implied["area"].iloc[0]
    total = implied[(implied["quantity"] == "headcount") & (implied["area"] == root)]
    for line in (total.iloc[0], total.iloc[-1]):
        yield f"All priors together: {root} in {line['year']} has {_ends(line)}."
    growth = implied[implied["quantity"] == "growth"].iloc[0]
    first, last = total["year"].iloc[0], total["year"].iloc[-1]
    median, lower, upper = (number(growth[name]) for name in ("median", "lower", "upper"))
    yield f"From {first} to {last} it is multiplied by {median} ({lower} to {upper})."


def _statement_sentences(description: PriorDescription) -> Iterator[str]:
    """Yield sentences about the rows of one prior; those of all priors are a table."""
    table = description.statements
    if description.prior is None or table.empty:
        return
    for _, line in table[table["stated"] == ""].iterrows():
        place = f"{line['area']} in {line['year']}"
        yield f"{line['source']} would state {_ends(line, place)}."
    stated = table[table["below"].notna()]
    if len(stated):
        inside = float(stated["below"].between(0.05, 0.95).mean())
        yield (
            f"Of {plural(len(stated), 'number')} that its rows state, {percent(inside)} lie inside"
            f" their 90 % prior predictive intervals, at {_percentiles(stated['below'])}."
        )


def _ends(line: pd.Series, place: str = "") -> str:
    ends = interval(line["lower"], line["upper"])
    of_place = f" for {place}" if place else ""
    return f"{ends}{of_place} (90 %; median {people(line['median'])})"


def _percentiles(below: pd.Series) -> str:
    numbers = (below.min(), below.median(), below.max())
    low, middle, high = (f"{100 * value:.0f}" for value in numbers)
    if len(below) > 1:
        return f"percentiles {low} to {high}, the middle one {middle}"
    return f"percentile {middle}"
