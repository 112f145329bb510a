"""`value_of_information`: the expected reduction of an interval by data that could be collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from headcount._names import SAMPLE_DIMS, YEAR
from headcount._types import FloatArray
from headcount._wording import interval, people, percent, plural
from headcount.posterior.draw_transfer import DrawTransfer
from headcount.posterior.estimands import headcount
from headcount.posterior.fits import Fit
from headcount.posterior.forecasting import last_observed
from headcount.study.arguments import checked_seed, checked_year
from headcount.study.specs import ModelSpec
from headcount.workflows.sensitivity.candidate_predictions import candidate_statements
from headcount.workflows.sensitivity.candidate_studies import (
    CandidateStudy,
    read_candidates,
    with_candidates,
)
from headcount.workflows.sensitivity.expected_gain import Gain, estimate_gain

__all__ = ["CANDIDATE_COLUMNS", "PARAMETER_COLUMNS", "ValueOfInformation", "value_of_information"]

GAIN_COLUMNS: Final = ("interval_cut", "se", "explained", "variance")
CANDIDATE_COLUMNS: Final = ("candidate", "title", "rows", *GAIN_COLUMNS, "cost", "cut_per_cost")
PARAMETER_COLUMNS: Final = ("parameter", *GAIN_COLUMNS)
"""Columns of the two tables, in order."""

MOST_PARAMETERS: Final = 5
"""Parameters that sentences name."""


@dataclass(frozen=True, eq=False)
class ValueOfInformation:
    """The value of data that could be collected, for one headcount.

    Build one with `value_of_information`.

    Parameters
    ----------
    area, year
        Area and year of the headcount of the target scope.
    lower, median, upper
        Its posterior 5, 50 and 95 % quantiles without the candidates, in people.
    candidates
        A line for each candidate, the most valuable first: columns ``CANDIDATE_COLUMNS``. ``rows``:
        number of its rows; ``interval_cut``: expected relative reduction of the interval's width on
        the log scale; ``se``: its Monte Carlo standard error; ``variance``, ``explained``: the
        posterior variance of the log headcount, and the part of it that the candidate is expected
        to remove; ``cost`` as declared, and ``cut_per_cost``; missing if no cost is declared.
    parameters
        A line for each quantity with a prior, the most valuable first: columns
        ``PARAMETER_COLUMNS``, for perfect information about it. An upper bound for any study of
        that quantity.
    """

    area: str
    year: int
    lower: float
    median: float
    upper: float
    candidates: pd.DataFrame
    parameters: pd.DataFrame

    @property
    def sentences(self) -> tuple[str, ...]:
        """The results in sentences."""
        return tuple(_sentences(self))

    def to_frame(self) -> pd.DataFrame:
        """Return both tables as one, with ``kind`` (candidate or parameter) and ``name``."""
        named = [
            table.rename(columns={kind: "name"}).assign(kind=kind)
            for kind, table in (("candidate", self.candidates), ("parameter", self.parameters))
        ]
        columns = ["kind", "name", *CANDIDATE_COLUMNS[1:]]
        filled = [table.reindex(columns=columns).astype(object) for table in named if len(table)]
        return pd.concat(filled, ignore_index=True).assign(area=self.area, year=self.year)

    def write_csv(self, path: str | Path) -> Path:
        r"""Write the table of `to_frame`: UTF-8, lines end with ``\n``, numbers unrounded."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.to_frame().to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return path

    def __repr__(self) -> str:
        """Return the results as text."""
        opening = f"<headcount.ValueOfInformation for {self.area} in {self.year}"
        return "\n  ".join([opening, *self.sentences]) + ">"


def value_of_information(
    fit: Fit,
    candidates: Mapping[str, Any] | str | Path | None = None,
    *,
    area: str | None = None,
    year: int | None = None,
    seed: int,
) -> ValueOfInformation:
    """Estimate how much data that could be collected would narrow the interval of a headcount.

    Nothing is fitted again. Each draw of the fit is the truth in turn, and the candidate's
    statements are drawn from it. The variance that a regression of the headcount on these
    statements explains is the expected value of sample information under squared loss [1]_ [2]_. A
    quantity in the place of the statements gives the expected value of perfect information about
    it [2]_.

    Parameters
    ----------
    fit
        A fit.
    candidates
        Name to the contents of a section ``[candidates.NAME]`` of a spec; or a TOML file with such
        sections; those of the fit's own spec if ``None``.
    area
        Code of an area or grouping; the root if not given.
    year
        A year of the model; the last one that is no forecast for the area if not given.
    seed
        Seed of the statements. Those of one candidate do not depend on the other candidates.

    Returns
    -------
    ValueOfInformation
        Two ranked tables.

    Raises
    ------
    SpecError
        If candidates contradict the study, with all problems.
    ArgumentError
        If area or year is unknown.

    Notes
    -----
    The expected cut is that of the posterior standard deviation of the log headcount: its root mean
    square over the statements. The Poisson part of a count's noise is that of the expected number.

    References
    ----------
    .. [1] Strong, M., Oakley, J. E., Brennan, A. and Breeze, P. (2015). Estimating the expected
       value of sample information using the probabilistic sensitivity analysis sample. Medical
       Decision Making 35(5), 570-583. https://doi.org/10.1177/0272989X15575286
    .. [2] Jackson, C., Presanis, A., Conti, S. and De Angelis, D. (2019). Value of information:
       sensitivity analysis and research design in Bayesian evidence synthesis. Journal of the
       American Statistical Association 114(528), 1436-1449.
       https://doi.org/10.1080/01621459.2018.1562932

    Examples
    --------
    >>> import headcount as hc
    >>> found = hc.value_of_information(fit, "models/toy.toml", seed=1)
    >>> list(found.parameters.columns)
    ['parameter', 'interval_cut', 'se', 'explained', 'variance']
    """
    spec = _with(fit.spec, candidates)
    studies = [CandidateStudy.of(spec, name) for name in spec.candidates]
    people_in = headcount(fit, area=area).transpose(*SAMPLE_DIMS, YEAR)
    chosen = last_observed(fit, area) if year is None else checked_year(year, fit.spec)
    outcome = np.log(people_in.sel({YEAR: chosen}).to_numpy().reshape(-1))
    lower, median, upper = np.exp(np.quantile(outcome, [0.05, 0.5, 0.95])).tolist()
    return ValueOfInformation(
        area or fit.spec.areas.root,
        chosen,
        lower,
        median,
        upper,
        _candidates(fit, studies, outcome, checked_seed(seed)),
        _parameters(fit, outcome),
    )


def _with(spec: ModelSpec, candidates: Mapping[str, Any] | str | Path | None) -> ModelSpec:
    if candidates is None:
        return spec
    if isinstance(candidates, Mapping):
        return with_candidates(spec, candidates)
    return read_candidates(candidates, spec)


def _candidates(
    fit: Fit, studies: list[CandidateStudy], outcome: FloatArray, seed: int
) -> pd.DataFrame:
    lines = []
    for study in studies:
        rng = np.random.default_rng([seed, *study.name.encode()])
        gain = estimate_gain(outcome, candidate_statements(fit, study, rng))
        labels = {
            "candidate": study.name,
            "title": study.candidate.title,
            "rows": len(study.candidate.rows),
        }
        cost = np.nan if study.candidate.cost is None else study.candidate.cost
        costs = {"cost": cost, "cut_per_cost": gain.interval_cut / cost}
        lines.append(labels | _gain(gain) | costs)
    return _ranked(lines, CANDIDATE_COLUMNS)


def _parameters(fit: Fit, outcome: FloatArray) -> pd.DataFrame:
    transfer = DrawTransfer.of(fit)
    place = {label: i for i, label in enumerate(transfer.labels)}
    lines = [
        {"parameter": path} | _gain(estimate_gain(outcome, transfer.free[:, [place[path]]]))
        for path in fit.layout.priors
    ]
    return _ranked(lines, PARAMETER_COLUMNS)


def _gain(gain: Gain) -> dict[str, float]:
    remaining = max(1 - gain.explained / gain.variance, 1e-12)
    # Delta method for 1 - sqrt(1 - explained / variance).
    se = gain.se / gain.variance / (2 * np.sqrt(remaining))
    return {
        "interval_cut": gain.interval_cut,
        "se": float(se),
        "explained": gain.explained,
        "variance": gain.variance,
    }


def _ranked(lines: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=list(columns))
    return table.sort_values("interval_cut", ascending=False, kind="stable", ignore_index=True)


def _sentences(found: ValueOfInformation) -> Iterator[str]:
    ends = interval(found.lower, found.upper)
    yield f"{found.area} in {found.year}: {ends} (90 %; median {people(found.median)})."
    for _, line in found.candidates.iterrows():
        rows = plural(int(line["rows"]), "row")
        subject = f"{line['title']} ({line['candidate']}, {rows})"
        yield f"{subject} would cut the interval by {_cut(line)}."
    per_cost = found.candidates.dropna(subset=["cut_per_cost"])
    if len(per_cost) > 1:
        best = per_cost.loc[per_cost["cut_per_cost"].idxmax(), "candidate"]
        yield f"Most for its cost: {best}."
    if not len(found.candidates):
        advice = "write [candidates.NAME] into the model, or name a file of them"
        yield f"No candidates are declared; {advice}."
    # The total of the reference year is the headcount itself, or close to it.
    others = found.parameters[found.parameters["parameter"] != "total.prior"]
    for _, line in others[:MOST_PARAMETERS].iterrows():
        yield f"Knowing {line['parameter']} exactly would cut it by {_cut(line)}."


def _cut(line: pd.Series) -> str:
    return f"{percent(max(line['interval_cut'], 0.0))} (± {percent(2 * line['se'], 1)})"
