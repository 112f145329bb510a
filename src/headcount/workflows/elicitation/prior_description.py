"""`describe_prior`: what priors say, one by one and together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount._wording import interval, number, people, percent, plural
from headcount.errors import HeadcountError, nearest
from headcount.study.observations import Observations
from headcount.study.priors import Prior
from headcount.study.specs import ModelSpec
from headcount.study.study import Study
from headcount.workflows.elicitation.prior_alarms import alarms
from headcount.workflows.elicitation.prior_draws import Worlds
from headcount.workflows.elicitation.prior_statements import rows_of_path, statements_table
from headcount.workflows.elicitation.single_prior import curve_of, line_of, prior_sentences

__all__ = ["PriorDescription", "describe_prior"]

LARGEST: Final = 8
"""Areas shown beside the root."""


@dataclass(frozen=True, eq=False)
class PriorDescription:
    """What priors say before any data.

    Build one with `describe_prior`.

    Parameters
    ----------
    title
        What is described.
    prior
        The one prior described; ``None`` for those of a whole study.
    priors
        A line for each prior: ``path, family, support, words``, quantiles ``q01, q05, q10, q25,
        q50, q75, q90, q95, q99`` and ``mean``, in the quantity's own unit.
    implied
        What all priors of the study imply together: ``quantity`` (``headcount``, in people;
        ``growth``, the factor from the first year to the last), ``area``, ``year``, and ``lower,
        median, upper``, the 5, 50 and 95 % quantiles. Empty for a lone prior.
    statements
        What the sources would state under the priors, against what they do; see
        `headcount.workflows.elicitation.prior_statements.statements_table`. With a path, of the
        rows that it speaks about.
    warnings
        What is absurd; see `headcount.workflows.elicitation.prior_alarms`.
    """

    title: str
    prior: Prior | None
    priors: pd.DataFrame
    implied: pd.DataFrame = field(default_factory=pd.DataFrame)
    statements: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[str, ...] = ()

    @property
    def curve(self) -> tuple[FloatArray, FloatArray, bool] | None:
        """Density of the one prior; see `headcount.workflows.elicitation.single_prior.curve_of`."""
        return None if self.prior is None else curve_of(self.prior)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said, in sentences, warnings apart."""
        alone = () if self.prior is None else prior_sentences(self.prior)
        return (*alone, *_implied_sentences(self.implied), *_statement_sentences(self))

    def __repr__(self) -> str:
        """Return the description as text."""
        lines = [*self.sentences, *(f"Warning: {text}" for text in self.warnings)]
        if self.prior is None:
            lines = [f"{len(self.priors)} priors", *lines]
        return "\n  ".join([f"<headcount.PriorDescription of {self.title}", *lines]) + ">"


def describe_prior(
    prior: Prior | ModelSpec,
    path: str | None = None,
    *,
    observations: Observations | None = None,
    seed: int,
    draws: int = 4000,
) -> PriorDescription:
    """Say what a prior, or all priors of a study together, imply before any data.

    Worlds are drawn from all priors, so that what is said of headcounts and statements holds their
    joint uncertainty. Numbers of the observations are looked at only to be set against that, not to
    change it.

    Parameters
    ----------
    prior
        A prior, or a spec with all of its priors.
    path
        Key of one prior of the spec, as in the TOML file; all if ``None``.
    observations
        The spec's rows, to be set against what the priors would have them state.
    seed
        Of all that is random.
    draws
        Worlds drawn. A 90 % interval's ends have a Monte Carlo error of about 2 % of its width for
        4,000.

    Returns
    -------
    PriorDescription
        Tables, sentences and warnings.

    Raises
    ------
    HeadcountError
        Where the path is no prior of the spec, or a prior alone is given a path.
    StudyError
        Where spec and observations do not fit together.

    Notes
    -----
    Judging priors by what they imply for observable quantities is prior predictive checking [1]_.

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
    >>> hc.describe_prior(spec, "scopes.helper.ratio", seed=1).priors["q50"].round(2).item()
    6.29
    """
    if isinstance(prior, Prior):
        if path is not None:
            msg = f"{path!r} is a key of a spec's prior; a prior alone has none"
            raise HeadcountError(msg)
        return PriorDescription("a prior", prior, pd.DataFrame([line_of("", prior)]))
    return _of_spec(prior, path, observations, draws, seed)


def _of_spec(
    spec: ModelSpec, path: str | None, observations: Observations | None, draws: int, seed: int
) -> PriorDescription:
    if path is not None and path not in spec.priors:
        msg = f"{spec.name}: unknown prior {path!r}. {nearest(path, spec.priors)}"
        raise HeadcountError(msg)
    if observations is not None:
        observations = Study(spec, observations).observations
    worlds = Worlds.of(spec, observations, draws=draws, seed=seed)
    statements = statements_table(worlds)
    chosen = {path: spec.priors[path]} if path else spec.priors
    return PriorDescription(
        title=f"{spec.name} [{path}]" if path else f"{spec.name}, prior set {spec.prior_set}",
        prior=spec.priors[path] if path else None,
        priors=pd.DataFrame([line_of(*item) for item in chosen.items()]),
        implied=_implied(worlds),
        statements=rows_of_path(statements, path, spec) if path else statements,
        warnings=tuple(alarms(worlds, statements)),
    )


def _implied(worlds: Worlds) -> pd.DataFrame:
    spec = worlds.layout.spec
    root, years = spec.areas.root, spec.years
    total = worlds.log_people(root)
    reference = years.reference - years.first
    others = {
        row.area: worlds.log_people(row.area)[:, reference]
        for row in spec.areas.rows
        if row.area != root
    }
    largest = sorted(others, key=lambda area: -float(np.median(others[area])))[:LARGEST]
    lines = [_line("headcount", root, year, total[:, t]) for t, year in enumerate(years.labels)]
    lines.append(_line("growth", root, years.last, total[:, -1] - total[:, 0]))
    lines += [_line("headcount", area, years.reference, others[area]) for area in largest]
    return pd.DataFrame(lines)


def _line(quantity: str, area: str, year: int, logs: FloatArray) -> dict[str, Any]:
    lower, median, upper = np.exp(np.quantile(logs, [0.05, 0.5, 0.95])).tolist()
    return {
        "quantity": quantity,
        "area": area,
        "year": year,
        "lower": lower,
        "median": median,
        "upper": upper,
    }


def _implied_sentences(implied: pd.DataFrame) -> Iterator[str]:
    if implied.empty:
        return
    root = implied["area"].iloc[0]
    total = implied[(implied["quantity"] == "headcount") & (implied["area"] == root)]
    for line in (total.iloc[0], total.iloc[-1]):
        ends = interval(line["lower"], line["upper"])
        yield f"All priors together: {root} in {line['year']} has {ends} (90 %; median {people(line['median'])})."
    growth = implied[implied["quantity"] == "growth"].iloc[0]
    first, last = total["year"].iloc[0], total["year"].iloc[-1]
    told = [number(growth[name]) for name in ("median", "lower", "upper")]
    yield f"From {first} to {last} it is multiplied by {told[0]} ({told[1]} to {told[2]})."


def _statement_sentences(description: PriorDescription) -> Iterator[str]:
    """Yield what is asked of a source, and how far off its rows are; for one prior only, since else
    it is a table.
    """
    table = description.statements
    if description.prior is None or table.empty:
        return
    for _, line in table[table["stated"] == ""].iterrows():
        ends = interval(line["lower"], line["upper"])
        yield f"{line['source']} would state {ends} for {line['area']} in {line['year']} (90 %; median {people(line['median'])})."
    stated = table[table["below"].notna()]
    if len(stated):
        inside = float(stated["below"].between(0.05, 0.95).mean())
        yield (
            f"Of {plural(len(stated), 'number')} that its rows state, {percent(inside)} lie inside the 90 % intervals of what "
            f"the priors would have them state, at their {_percentiles(stated['below'])}."
        )


def _percentiles(below: pd.Series) -> str:
    low, middle, high = (
        f"{100 * value:.0f}" for value in (below.min(), below.median(), below.max())
    )
    return (
        f"percentiles {low} to {high}, the middle one {middle}"
        if len(below) > 1
        else f"percentile {middle}"
    )
