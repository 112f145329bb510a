"""What calibration found: ranks, their uniformity, and how often intervals hold the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from headcount._types import AnyArray
from headcount.workflows.batches import Outcome
from headcount.workflows.calibration.calibrated_quantities import PROBABILITIES, RankOf
from headcount.workflows.calibration.pooled_coverage import coverage_of, holm
from headcount.workflows.calibration.rank_uniformity import Uniformity, uniformity_of

__all__ = ["PASSED", "RAREST", "Calibration", "gathered", "percent"]

RAREST: Final = 0.01
"""Ranks as uneven, or coverage as far off, as would happen less often by chance in any of all
groups make a group fail."""

PASSED: Final = "passed"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of the truth over simulated studies.

    Parameters
    ----------
    title
        Of the study.
    data
        ``rank`` (draws below the truth), ``ess`` and ``rhat``, dims (study, quantity); ``inside``,
        whether the central interval holds the truth, dims (study, quantity, prob); ``divergences``
        and ``seconds``, dims (study,). Coordinates: ``study`` (names of the jobs), ``quantity`` and
        its ``group``, ``prob``.
    ranked
        Number of draws that the truth was ranked among: ranks are 0 to ``ranked``.
    failures
        What went wrong, of studies whose fit failed; they have no ranks.
    """

    title: str
    data: xr.Dataset
    ranked: int
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
    def test(self) -> Uniformity:
        """The test of uniform ranks for as many studies."""
        return uniformity_of(self.studies, self.ranked)

    @property
    def passed(self) -> bool:
        """Whether all groups passed."""
        return bool(self._groups["passed"].all())

    def of(self, group: str) -> xr.Dataset:
        """Return the data of a group's quantities."""
        return self.data.isel(quantity=np.flatnonzero(self.data["group"] == group))

    def to_frame(self) -> pd.DataFrame:
        """Return one line for each quantity.

        Returns
        -------
        pandas.DataFrame
            ``group``, ``quantity``; ``p_uniform`` of its ranks, and ``p_adjusted``, the same after
            Holm for all quantities; for each of the probabilities ``coverage_*``, the part of the
            studies whose interval holds the truth, and ``error_*``, the binomial sd that this part
            has if intervals are right; ``ess`` (smallest) and ``rhat`` (largest) over the studies.
        """
        return self._lines.copy()

    def summary(self) -> pd.DataFrame:
        """Return one line for each group.

        Returns
        -------
        pandas.DataFrame
            ``group`` and ``quantities``, how many it has; ``worst``, its least uniform quantity,
            and ``p_uniform``, that one's ``p_adjusted``; for each of the probabilities
            ``coverage_*``, the part of all its intervals that hold the truth, ``error_*``, its
            Monte Carlo sd, and ``p_*``, how likely it is to be so far off, after Holm for all
            groups and probabilities; ``verdict``, and ``passed``, whether that is all.

        Notes
        -----
        A group fails if an adjusted p-value is below 0.01. Holm's adjustment holds whatever the
        dependence between the quantities of one study, so a right model fails in less than one of a
        hundred calibrations for its ranks, and in as many for its coverage.
        """
        return self._groups.copy()

    @cached_property
    def _lines(self) -> pd.DataFrame:
        data, error = (
            self.data,
            {prob: np.sqrt(prob * (1 - prob) / self.studies) for prob in PROBABILITIES},
        )
        p = np.array([self.test.p_value(ranks) for ranks in _by_study(data["rank"]).T])
        columns = {
            "group": data["group"],
            "quantity": data["quantity"],
            "p_uniform": p,
            "p_adjusted": holm(p),
        }
        for prob in PROBABILITIES:
            columns[f"coverage_{percent(prob)}"] = data["inside"].sel(prob=prob).mean("study")
            columns[f"error_{percent(prob)}"] = np.full(len(p), error[prob])
        columns |= {"ess": data["ess"].min("study"), "rhat": data["rhat"].max("study")}
        return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})

    @cached_property
    def _groups(self) -> pd.DataFrame:
        lines = pd.DataFrame([self._line(group) for group in self.groups])
        names = [f"p_{percent(prob)}" for prob in PROBABILITIES]
        lines[names] = holm(lines[names].to_numpy().ravel()).reshape(-1, len(names))
        lines["verdict"] = [_verdict(line) for _, line in lines.iterrows()]
        lines["passed"] = lines["verdict"] == PASSED
        return lines

    def _line(self, group: str) -> dict[str, object]:
        own, data = self._lines[self._lines["group"] == group], self.of(group)
        worst = own.loc[own["p_uniform"].idxmin()]
        line = {
            "group": group,
            "quantities": len(own),
            "worst": worst["quantity"],
            "p_uniform": worst["p_adjusted"],
        }
        for prob in PROBABILITIES:
            found = coverage_of(
                _by_study(data["inside"].sel(prob=prob)), _by_study(data["rank"]), prob
            )
            names = (f"{name}_{percent(prob)}" for name in ("coverage", "error", "p"))
            line |= dict(zip(names, found, strict=True))
        return line


def percent(prob: float) -> str:
    """Return a probability as column names have it."""
    return f"{100 * prob:.0f}"


def gathered(title: str, outcomes: Sequence[Outcome], digest: RankOf) -> Calibration:
    """Gather the outcomes of calibrating fits.

    Parameters
    ----------
    title
        Of the study.
    outcomes
        Of jobs whose digest is a `RankOf`, or holds what one returns.
    digest
        That of any of the jobs: it has the names of the quantities.

    Returns
    -------
    Calibration
        With the studies whose fit failed as failures.
    """
    done = [outcome for outcome in outcomes if not outcome.error]
    names = [name.partition("|") for name in digest.truth]
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
    return Calibration(title, data, digest.ranked, failures)


def _by_study(values: xr.DataArray) -> AnyArray:
    return values.transpose("study", "quantity").to_numpy()


def _verdict(line: pd.Series) -> str:
    """Say what is wrong with a group."""
    wrong = [f"ranks of {line['worst']} are not uniform"] if line["p_uniform"] < RAREST else []
    off = [prob for prob in PROBABILITIES if line[f"p_{percent(prob)}"] < RAREST]
    if off:
        few = all(line[f"coverage_{percent(prob)}"] < prob for prob in off)
        many = all(line[f"coverage_{percent(prob)}"] > prob for prob in off)
        what = "too narrow" if few else "too wide" if many else "off"
        wrong.append(f"{', '.join(percent(prob) for prob in off)} % intervals are {what}")
    return "; ".join(wrong) or PASSED
