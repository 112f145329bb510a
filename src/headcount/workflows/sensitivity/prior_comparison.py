"""Comparing: fits of one question under different priors, or different specs, set side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from headcount._types import FloatArray
from headcount.diagnostics.checks import Evidence
from headcount.diagnostics.checks.contraction import check_priors
from headcount.errors import HeadcountError
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.posterior.fits import Fit
from headcount.study.specs import ModelSpec
from headcount.workflows.sensitivity.bridge_weights import Bridge, changed_priors
from headcount.workflows.sensitivity.common_ground import (
    Common,
    common_ground,
    differ_in_priors_only,
)
from headcount.workflows.sensitivity.compared_quantities import Quantity, answers, side_by_side
from headcount.workflows.sensitivity.predictive_accuracy import accuracy_by_source
from headcount.workflows.sensitivity.predictive_draws import (
    PREDICTED,
    TOTALS,
    predicted_statements,
    prior_draws,
    prior_totals,
    spans,
)
from headcount.workflows.sensitivity.prior_attribution import (
    ATTRIBUTION,
    FEWEST_EFFECTIVE,
    METHODS,
    Parts,
    attribution,
    parts,
)
from headcount.workflows.sensitivity.robustness_verdict import (
    ELPD_IN_WORDS,
    accuracy_sentence,
    answer_sentence,
    judged,
    parts_sentence,
    verdict_sentence,
)

__all__ = ["Comparison", "compare_priors"]

SEED: Final = 1
"""Of the worlds drawn from the priors: the same fits, the same comparison."""

SETS: Final = (
    "prior_set",
    "model",
    "priors",
    "changed",
    "rows",
    "chains",
    "draws",
    "seed",
    "divergences",
    "rhat",
    "ess",
    "change",
    "overlap",
    "outcome",
    "priors_only",
    "attributed",
    "way_ess",
)
"""Columns of ``Comparison.sets``, in order."""

TABLES: Final = ("sets", "priors", "elpd", "attribution", "totals", "predicted")
"""Tables that `Comparison.write_csv` writes beside the first one."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Fits side by side; make one with `compare_priors`.

    Parameters
    ----------
    specs
        Name of each prior set, or spec, to the declaration that was fitted; the first one is the
        reference.
    prob
        Probability inside the equal-tailed intervals.
    common
        What all fits answer.
    table
        The answers: a line for each quantity and set, columns ``prior_set``, those of
        `headcount.estimates`, ``change`` and ``overlap``; see
        `headcount.workflows.sensitivity.compared_quantities.side_by_side`.
    sets
        A line for each set: the prior set in force (``priors``), how many priors differ from the
        reference (``changed``), how it was sampled, worst ``rhat`` and ``ess`` of any number in the
        table, ``change`` and ``overlap`` of the answer, what the rule says of it (``outcome``),
        whether numbers of priors are all that differs (``priors_only``), whether its change was
        ``attributed`` to them, and with how many effective draws at least (``way_ess``).
    priors
        Contraction, a line for each prior and set: columns of the check of priors (see
        `headcount.diagnostics.checks.contraction`), ``prior_set``, and whether the prior
        ``differs`` from the reference's.
    elpd
        Predictive accuracy by source and set; see
        `headcount.workflows.sensitivity.predictive_accuracy.accuracy_by_source`.
    attribution
        What each changed prior does to the log of the answer; see
        `headcount.workflows.sensitivity.prior_attribution.attribution`.
    totals
        The root's headcount by set, stage (``prior``, ``posterior``) and year: quantiles of its
        band.
    predicted
        What sources state, predicted before the data and after; see
        `headcount.workflows.sensitivity.predictive_draws.predicted_statements`.
    """

    specs: Mapping[str, ModelSpec]
    prob: float
    common: Common
    table: pd.DataFrame
    sets: pd.DataFrame
    priors: pd.DataFrame
    elpd: pd.DataFrame
    attribution: pd.DataFrame
    totals: pd.DataFrame
    predicted: pd.DataFrame

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sets, the reference first."""
        return tuple(self.specs)

    @property
    def reference(self) -> str:
        """Name of the set that the others are compared with."""
        return self.names[0]

    @property
    def outcomes(self) -> dict[str, str]:
        """Name of each set but the reference to what the rule of
        `headcount.workflows.sensitivity.robustness_verdict` says of it.
        """
        own = self.sets.set_index("prior_set")["outcome"]
        return {name: str(own[name]) for name in self.names[1:]}

    @property
    def verdict(self) -> str:
        """Whether the answer survives the priors, in a sentence or two."""
        others = self.sets.loc[~self.sets["priors_only"], "prior_set"]
        return verdict_sentence(self.outcomes, self.reference, tuple(others))

    @cached_property
    def sentences(self) -> dict[str, str]:
        """What changes in the answer under each set but the reference, and which priors do it."""
        answer = self.answer_lines
        place = self.specs[self.reference].areas.by_code[self.common.root].name
        return {
            name: " ".join(
                filter(
                    None,
                    [
                        answer_sentence(name, answer.iloc[0], answer.loc[name], place),
                        self._parts(name),
                    ],
                )
            )
            for name in self.names[1:]
        }

    @property
    def answer_lines(self) -> pd.DataFrame:
        """The lines of the table that hold the answer, indexed by set."""
        common, table = self.common, self.table
        own = (table["estimand"] == "headcount") & (table["area"] == common.root)
        return (
            table[own & (table["year"] == common.last_year)]
            .set_index("prior_set")
            .loc[list(self.names)]
        )

    @property
    def rough(self) -> tuple[str, ...]:
        """Sets whose posterior hardly overlaps the reference's, so that parts of the change are
        rough.
        """
        return tuple(self.sets.loc[self.sets["way_ess"] < FEWEST_EFFECTIVE, "prior_set"])

    @property
    def methods(self) -> Mapping[str, str]:
        """How the effect of a prior alone is found, in words."""
        return METHODS

    @property
    def accuracy(self) -> tuple[str, ...]:
        """What differences of elpd can say, and what they say of each set but the reference."""
        own = self.elpd[self.elpd["source"] == ""].set_index("prior_set", drop=False)
        return (
            ELPD_IN_WORDS,
            *(accuracy_sentence(own.loc[name], self.reference) for name in self.names[1:]),
        )

    def _parts(self, name: str) -> str:
        own = self.attribution[self.attribution["prior_set"] == name]
        return "" if own.empty else parts_sentence(own, are_rough=name in self.rough)

    def write_csv(self, path: str | Path) -> tuple[Path, ...]:
        r"""Write all tables as CSV.

        Parameters
        ----------
        path
            File of the answers, such as ``comparison.csv``; the other tables are written beside it,
            as ``comparison-priors.csv`` and so on. UTF-8, lines end with ``\n``, numbers unrounded,
            empty cells where a column does not apply.

        Returns
        -------
        tuple of Path
            The files, that of the answers first.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        tables = {path: self.table}
        tables |= {
            path.with_name(f"{path.stem}-{name}{path.suffix}"): getattr(self, name)
            for name in TABLES
        }
        for file, table in tables.items():
            table.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")
        return tuple(tables)

    def __repr__(self) -> str:
        """Return the answer under each set, and the verdict."""
        lines = [
            f"  {name}: {row.median:,.0f} ({row.lower:,.0f} to {row.upper:,.0f})"
            + ("" if name == self.reference else f", {row.change:+.0%}, overlap {row.overlap:.2f}")
            for name, row in zip(self.names, self.answer_lines.itertuples(), strict=True)
        ]
        what = f"{self.common.target} of {self.common.root} in {self.common.last_year}"
        return "\n".join([f"<headcount.Comparison: {what}", *lines, f"  {self.verdict}>"])


def compare_priors(fits: Mapping[str, Fit], *, prob: float = 0.9) -> Comparison:
    """Set fits of one question under different priors side by side, and say which priors move the
    answer.

    Parameters
    ----------
    fits
        Name of a prior set, or of a whole spec, to its fit; the first one is the reference. Specs
        may differ in any way as long as root area and target scope have the same names and years
        overlap. What is said about which prior does it needs specs that differ in the numbers of
        priors alone, and the same rows.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    Comparison
        Tables, sentences and a verdict.

    Raises
    ------
    HeadcountError
        Where there are fewer than two fits, or prob is not a probability.
    StudyError
        Where fits answer different questions, with every mismatch.

    See Also
    --------
    headcount.workflows.sensitivity.fit_prior_sets : Fit a study under several of its prior sets.
    headcount.reporting.write_comparison : Write all of it as one HTML file.

    Examples
    --------
    >>> import headcount as hc
    >>> found = hc.compare_priors({"base": fit, "wide": wide_fit})  # doctest: +SKIP
    >>> found.table.query("estimand == 'headcount'")  # doctest: +SKIP
    """
    if not 0 < prob < 1:
        msg = f"prob = {prob:g} is not between 0 and 1; write 0.9 for a 90 % interval"
        raise HeadcountError(msg)
    common = common_ground(fits)
    # What is derived from a fit is kept in it; copies let go of it, so that it does not add up over
    # fits.
    found = {name: answers(replace(fit), common) for name, fit in fits.items()}
    answer = Quantity("headcount", common.root, common.last_year, common.target)
    asked = {name: own[answer] for name, own in found.items()}
    shared = dict(_attributed(fits, asked))
    table = side_by_side(found, prob)
    totals, predicted = _predictions(fits, found, common, prob)
    nothing = pd.DataFrame(columns=list(ATTRIBUTION))
    return Comparison(
        specs={name: fit.spec for name, fit in fits.items()},
        prob=prob,
        common=common,
        table=table,
        sets=_sets(fits, found, asked, table, {name: own.ess for name, (own, _) in shared.items()}),
        priors=_contractions(fits, prob),
        elpd=accuracy_by_source(fits),
        attribution=pd.concat([own for _, own in shared.values()], ignore_index=True)
        if shared
        else nothing,
        totals=totals,
        predicted=predicted,
    )


def _attributed(
    fits: Mapping[str, Fit], asked: Mapping[str, FloatArray]
) -> Iterator[tuple[str, tuple[Parts, pd.DataFrame]]]:
    """Yield what changed priors do, for each fit that differs from the first in nothing else."""
    (reference, first), *others = fits.items()
    for name, fit in others:
        if not differ_in_priors_only(first, fit) or not changed_priors(first, fit):
            continue
        logs = np.log(asked[reference]), np.log(asked[name])
        bridge = Bridge.between(first, fit, logs)
        found = parts(bridge)
        yield name, (found, attribution(name, bridge, found, _whole(*logs)))


def _whole(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Return the change of a mean between two fits, and its Monte Carlo standard error."""
    squares = [
        float(own.var(ddof=1) / ess_and_rhat(own[None])["ess_bulk"][0]) for own in (first, second)
    ]
    return float(second.mean() - first.mean()), float(np.sqrt(sum(squares)))


def _sets(
    fits: Mapping[str, Fit],
    found: Mapping[str, Mapping[Quantity, FloatArray]],
    asked: Mapping[str, FloatArray],
    table: pd.DataFrame,
    way: Mapping[str, float],
) -> pd.DataFrame:
    """Tabulate how each set was fitted and what became of the answer."""
    reference, prob = next(iter(fits)), float(table["prob"].iloc[0])
    answer = next(
        quantity for quantity, draws in found[reference].items() if draws is asked[reference]
    )
    lines = table[_is(table, answer)].set_index("prior_set")
    rows = [
        _fitted(fit, fits[reference])
        | _converged(found[name])
        | {
            "prior_set": name,
            "change": lines.loc[name, "change"],
            "overlap": lines.loc[name, "overlap"],
            "outcome": "" if name == reference else judged(asked[reference], asked[name], prob),
            "priors_only": differ_in_priors_only(fits[reference], fit),
            "attributed": name in way,
            "way_ess": way.get(name, np.nan),
        }
        for name, fit in fits.items()
    ]
    return pd.DataFrame(rows)[list(SETS)]


def _fitted(fit: Fit, reference: Fit) -> dict[str, object]:
    own, other, sampling = fit.spec.priors, reference.spec.priors, fit.sampling
    return {
        "model": fit.spec.name,
        "priors": fit.spec.prior_set,
        "changed": sum(own.get(path) != other.get(path) for path in {**own, **other}),
        "rows": len(fit.observations.fitted),
        "chains": sampling.chains,
        "draws": sampling.draws,
        "seed": sampling.seed,
        "divergences": fit.divergences,
    }


def _converged(found: Mapping[Quantity, FloatArray]) -> dict[str, float]:
    """Return the worst R-hat and effective sample size of any number that is set side by side."""
    measured = ess_and_rhat(np.stack(list(found.values())))
    ess = np.minimum(measured["ess_bulk"], measured["ess_tail"])
    return {
        "rhat": float(np.nanmax(measured["rhat"], initial=1.0)),
        "ess": float(np.nanmin(ess, initial=np.inf)),
    }


def _is(table: pd.DataFrame, quantity: Quantity) -> pd.Series:
    """Say which lines of a table are about a quantity."""
    found = pd.Series(True, index=table.index)
    for column, value in quantity._asdict().items():
        found &= table[column] == value
    return found


def _contractions(fits: Mapping[str, Fit], prob: float) -> pd.DataFrame:
    reference = next(iter(fits.values())).spec.priors
    frames = []
    for name, fit in fits.items():
        own = check_priors(Evidence(fit, prob)).table
        differs = [fit.spec.priors[path] != reference.get(path) for path in own["prior"]]
        frames.append(own.assign(prior_set=name, differs=differs))
    table = pd.concat(frames, ignore_index=True)
    # Every line that has another prior in some set is marked, the reference's own too.
    table["differs"] = table.groupby("prior")["differs"].transform("any")
    first = ["prior_set", "prior", "differs"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _predictions(
    fits: Mapping[str, Fit],
    found: Mapping[str, Mapping[Quantity, FloatArray]],
    common: Common,
    prob: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the totals, and what sources state, as priors and posteriors predict them."""
    totals: list[dict[str, object]] = []
    predicted = []
    for name, fit in fits.items():
        free = prior_draws(fit.layout, seed=SEED)
        before = dict(zip(fit.spec.years.labels, prior_totals(fit, free).T, strict=True))
        for year in common.years:
            after = found[name][Quantity("headcount", common.root, year, common.target)]
            for stage, draws in (("prior", before[year]), ("posterior", after)):
                totals.append(
                    {"prior_set": name, "stage": stage, "year": year} | spans(draws, prob)
                )
        own = predicted_statements(replace(fit), free, seed=SEED, prob=prob)
        predicted.append(own.assign(prior_set=name))
    return pd.DataFrame(totals)[list(TOTALS)], pd.concat(predicted, ignore_index=True)[
        list(PREDICTED)
    ]
