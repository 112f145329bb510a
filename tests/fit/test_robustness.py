"""One wrong row does not carry the answer with it: a figure a thousand times too large is outlived,
and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import headcount as hc
from headcount.diagnostics.checks import Evidence

pytestmark = pytest.mark.fit

STUDY = Path("benchmarks/calibration/platforms")
SETTINGS = hc.Sampler(chains=2, draws=1000, tune=300)


@pytest.fixture(scope="module")
def simulated() -> tuple[hc.ModelSpec, hc.Observations]:
    spec = hc.read_spec(STUDY / "platforms.toml")
    observations = hc.read_observations(STUDY / "data" / "observations.csv")
    return spec, hc.simulate(spec, observations, seed=3).observations


def total(fit: hc.Fit) -> np.ndarray:
    return hc.headcount(fit).sel(year=fit.spec.years.reference).to_numpy().ravel()


@pytest.fixture(scope="module")
def as_stated(simulated: tuple[hc.ModelSpec, hc.Observations]) -> np.ndarray:
    return total(hc.fit(*simulated, seed=1, sampler=SETTINGS, progress=False))  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "kind"), [("network", "count"), ("reseller", "rounded")])
@pytest.mark.filterwarnings("ignore::headcount.errors.HeadcountWarning")
def test_a_thousandfold_error_moves_the_total_by_little_and_is_named(
    simulated: tuple[hc.ModelSpec, hc.Observations], as_stated: np.ndarray, source: str, kind: str
) -> None:
    spec, observations = simulated
    place = next(
        i
        for i, row in enumerate(observations.rows)
        if (row.source, row.kind) == (source, kind) and row.value
    )
    row = observations.rows[place]
    wrong = replace(
        row, value=1000 * (row.value or 0), unit=None if row.unit is None else 1000 * row.unit
    )
    rows = (*observations.rows[:place], wrong, *observations.rows[place + 1 :])
    fit = hc.fit(spec, replace(observations, rows=rows), seed=1, sampler=SETTINGS, progress=False)  # type: ignore[arg-type]
    low, middle, high = np.quantile(as_stated, [0.05, 0.5, 0.95])
    # The Monte Carlo error of both medians together is about a fiftieth of the width.
    assert abs(np.median(total(fit)) - middle) < 0.1 * (high - low)
    assert Evidence(fit).rows.table.loc[place, "p_outlying"] > 0.9
