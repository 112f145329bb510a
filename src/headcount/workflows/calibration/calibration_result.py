"""The result of a calibration: ranks, tests of their uniformity, and coverage of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from headcount._types import AnyArray
from headcount._wording import plural
from headcount.diagnostics.verdict import Verdict
from headcount.workflows.batches import Outcome
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES, RankTruth
from headcount.workflows.calibration.pooled_coverage import holm, pool_coverage
from headcount.workflows.calibration.rank_uniformity import UniformityTest, uniformity_test

__all__ = ["FAILED", "PASSED", "SIGNIFICANCE", "Calibration", "gather", "whole_percent"]

SIGNIFICANCE: Final = 0.01
"""A group fails if one of its p-values, adjusted for the number of all tests, is smaller."""

PASSED: Final = "passed"
FAILED: Final = "failed"

HIGHEST_RHAT: Final = 1.05
"""Chains of a few hundred draws with a higher R-hat disagree by more than chance."""

MOST_FAILURES: Final = 3
"""Failed fits whose error a sentence quotes."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of true values over simulated studies.

    Parameters
    ----------
    title
        Title of the study.
    data
        ``rank`` (number of draws below the truth), ``ess`` and ``rhat``, dims (study, quantity);
        ``inside``, whether the central interval contains the truth, dims (study, quantity, prob);
        ``divergences`` and ``seconds``, dims (study,). Coordinates: ``study`` (names of the jobs),
        ``quantity`` and its ``group``, ``prob``.
    rank_draws
        Number of draws that the truth is ranked among: ranks are 0 to ``rank_draws``.
    failures
        Errors of the studies whose fit failed; they have no ranks.
    """

    title: str
    data: xr.Dataset
    rank_draws: int
    failures: tuple[str, ...] = ()

    @property
    def studies(self) -> int:
        """Number of studies with ranks."""
        return self.data.sizes["study"]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return tuple(dict.fromkeys(self.data["group"].to_numpy().tolist()))

    @property
    def uniformity(self) -> UniformityTest:
        """The test of uniform ranks for this number of studies."""
        return uniformity_test(self.studies, self.rank_draws)

    @property
    def passed(self) -> bool:
        """Whether all groups passed."""
        return bool(self._groups["passed"].all())

    @property
    def verdict(self) -> Verdict:
        """``passed`` or ``failed``, with the problems of each group that failed."""
        failed = self._groups[~self._groups["passed"]]
        count = plural(len(self.groups), "group")
        if failed.empty:
            agree = "ranks are uniform and intervals contain the truth as often as they state"
            return Verdict(PASSED, f"All of {count} passed: {agree}.")
        problems = "; ".join(f"{row.group} ({row.verdict})" for row in failed.itertuples())
        return Verdict(FAILED, f"{len(failed)} of {count} failed: {problems}.")

    @property
    def sentences(self) -> tuple[str, ...]:
        """The number of studies and of doubtful fits, in sentences."""
        return tuple(_sentences(self))

    def of(self, group: str) -> xr.Dataset:
        """Return the data of a group's quantities."""
        return self.data.isel(quantity=np.flatnonzero(self.data["group"] == group))

    def to_frame(self) -> pd.DataFrame:
        """Return one line per quantity.

        Returns
        -------
        pandas.DataFrame
            ``group``, ``quantity``; ``p_uniform`` of its ranks, and ``p_adjusted``, adjusted for
            the number of quantities by Holm's method; for each probability ``coverage_*``, the
            fraction of studies whose interval contains the truth, and ``error_*``, the binomial
            standard deviation of that fraction if intervals are right; ``ess`` (smallest) and
            ``rhat`` (largest) over the studies.
        """
        return self._quantities.copy()

    def by_group(self) -> pd.DataFrame:
        """Return one line per group.

        Returns
        -------
        pandas.DataFrame
            ``group`` and ``quantities``, their number; ``worst``, its least uniform quantity, and
            ``p_uniform``, the ``p_adjusted`` of that one; for each probability ``coverage_*``, the
            fraction of all its intervals that contain the truth, ``error_*``, its Monte Carlo
            standard deviation, and ``p_*``, the p-value of that fraction, adjusted for all groups
            and probabilities by Holm's method; ``verdict``, ``passed`` or the problems; ``passed``.

        Notes
        -----
        A group fails if an adjusted p-value is below 0.01. Holm's adjustment is valid whatever the
        dependence between the quantities of one study, so a right model fails in less than one of a
        hundred calibrations for its ranks, and in as many for its coverage.
        """
        return self._groups.copy()

    def write_csv(self, path: str | Path) -> Path:
        r"""Write the table of `to_frame`: UTF-8, lines end with ``\n``, numbers unrounded."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.to_frame().to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return path

    @cached_property
    def _quantities(self) -> pd.DataFrame:
        data = self.data
        p = np.array([self.uniformity.p_value(ranks) for ranks in _by_study(data["rank"]).T])
        columns: dict[str, object] = {
            "group": data["group"],
            "quantity": data["quantity"],
            "p_uniform": p,
            "p_adjusted": holm(p),
        }
        for prob in PROBABILITIES:
            error = np.sqrt(prob * (1 - prob) / self.studies)
            columns[f"coverage_{whole_percent(prob)}"] = data["inside"].sel(prob=prob).mean("study")
            columns[f"error_{whole_percent(prob)}"] = np.full(len(p), error)
        columns |= {"ess": data["ess"].min("study"), "rhat": data["rhat"].max("study")}
        return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})

    @cached_property
    def _groups(self) -> pd.DataFrame:
        lines = pd.DataFrame([self._group_line(group) for group in self.groups])
        names = [f"p_{whole_percent(prob)}" for prob in PROBABILITIES]
        lines[names] = holm(lines[names].to_numpy().ravel()).reshape(-1, len(names))
        lines["verdict"] = [_problems(line) for _, line in lines.iterrows()]
        lines["passed"] = lines["verdict"] == PASSED
        return lines

    def _group_line(self, group: str) -> dict[str, object]:
        own, data = self._quantities[self._quantities["group"] == group], self.of(group)
        worst = own.loc[own["p_uniform"].idxmin()]
        line = {
            "group": group,
            "quantities": len(own),
            "worst": worst["quantity"],
            "p_uniform": worst["p_adjusted"],
        }
        ranks = _by_study(data["rank"])
        for prob in PROBABILITIES:
            found = pool_coverage(_by_study(data["inside"].sel(prob=prob)), ranks, prob)
            names = (f"{name}_{whole_percent(prob)}" for name in ("coverage", "error", "p"))
            line |= dict(zip(names, found, strict=True))
        return line

    def __repr__(self) -> str:
        """Return the verdict and the sentences."""
        lines = [f"<headcount.Calibration of {self.title!r}", str(self.verdict), *self.sentences]
        return "\n  ".join(lines) + ">"


def whole_percent(prob: float) -> str:
    """Return a probability as in the names of columns: ``90``."""
    return f"{100 * prob:.0f}"


def gather(title: str, outcomes: Sequence[Outcome], summarise: RankTruth) -> Calibration:
    """Gather the outcomes of calibrating fits.

    Parameters
    ----------
    title
        Title of the study.
    outcomes
        Of jobs whose summary is a `RankTruth`, or contains the arrays of one.
    summarise
        That of any of the jobs: it has the names of the quantities.

    Returns
    -------
    Calibration
        With the studies whose fit failed as failures.
    """
    done = [outcome for outcome in outcomes if not outcome.error]
    names = [name.partition("|") for name in summarise.truth]
    dims = ("study", "quantity", "prob")
    arrays = {
        name: np.stack([outcome.values[name] for outcome in done])
        for name in ("rank", "inside", "ess", "rhat")
    }
    facts = {
        name: np.array([getattr(outcome, name) for outcome in done])
        for name in ("divergences", "seconds")
    }
    data = xr.Dataset(
        {name: (dims[: values.ndim], values) for name, values in (arrays | facts).items()},
        coords={
            "study": [outcome.key for outcome in done],
            "quantity": [quantity for _, _, quantity in names],
            "group": ("quantity", [group for group, _, _ in names]),
            "prob": list(PROBABILITIES),
        },
    )
    failures = tuple(f"{outcome.key}: {outcome.error}" for outcome in outcomes if outcome.error)
    return Calibration(title, data, summarise.rank_draws, failures)


def _by_study(values: xr.DataArray) -> AnyArray:
    return values.transpose("study", "quantity").to_numpy()


def _problems(line: pd.Series) -> str:
    """Return the problems of a group, or ``passed``."""
    problems = []
    if line["p_uniform"] < SIGNIFICANCE:
        problems.append(f"ranks of {line['worst']} are not uniform")
    off = [prob for prob in PROBABILITIES if line[f"p_{whole_percent(prob)}"] < SIGNIFICANCE]
    if off:
        few = all(line[f"coverage_{whole_percent(prob)}"] < prob for prob in off)
        many = all(line[f"coverage_{whole_percent(prob)}"] > prob for prob in off)
        problem = "too narrow" if few else "too wide" if many else "off"
        problems.append(f"{', '.join(map(whole_percent, off))} % intervals are {problem}")
    return "; ".join(problems) or PASSED


def _sentences(found: Calibration) -> list[str]:
    data = found.data
    diverged, stuck = data["divergences"] > 0, data["rhat"].max("quantity") > HIGHEST_RHAT
    few = data["ess"].min("quantity") < found.rank_draws
    divergences = f"{int(diverged.sum())}, {int(data['divergences'].sum())} divergences in all"
    sentences = [
        f"{found.studies} studies; median {float(data['seconds'].median()):.1f} s a fit.",
        f"Fits with divergences: {divergences}; with an R-hat above {HIGHEST_RHAT}:"
        f" {int(stuck.sum())}, the largest {float(data['rhat'].max()):.2f}."
        " They are counted like the others.",
    ]
    if few.any():
        sentences.append(
            f"In {int(few.sum())} fits some quantity has fewer than {found.rank_draws} effective"
            " draws, so its rank is rougher than it looks."
        )
    if found.failures:
        errors = "; ".join(found.failures[:MOST_FAILURES])
        sentences.append(f"{len(found.failures)} fits failed and have no ranks: {errors}.")
    return sentences
