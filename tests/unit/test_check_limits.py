"""Every limit that decides a check holds on one side and fails on the other."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import optimize, stats

from headcount.diagnostics.checks import (
    CheckResult,
    check_result,
    checks_verdict,
    conflict,
    contraction,
    convergence,
    count_checks,
)
from headcount.diagnostics.checks import row_fits as row_fits_module
from headcount.diagnostics.checks.outlying_rows import check_outlying_rows
from headcount.diagnostics.checks.row_fits import RowFits, row_fits
from headcount.diagnostics.checks.source_fit import check_sources
from headcount.study.priors import Prior
from headcount.study.row_forms import Likelihood

FINE = {"rhat": 1.0, "ess_bulk": 4000.0, "ess_tail": 4000.0}


# --- convergence ----------------------------------------------------------------------------------


def energies(fraction: float) -> np.ndarray:
    """Return energies of one chain whose E-BFMI is a given number."""
    noise = np.random.default_rng(1).normal(size=2000)

    def chain(rho: float) -> np.ndarray:
        own = np.empty(noise.size)
        own[0] = noise[0]
        for i in range(1, noise.size):
            own[i] = rho * own[i - 1] + noise[i]
        return own

    def e_bfmi(rho: float) -> float:
        own = chain(rho)
        return float(np.sum(np.diff(own) ** 2) / (own.size - 1) / np.mean((own - own.mean()) ** 2))

    return chain(optimize.brentq(lambda rho: e_bfmi(rho) - fraction, 0.0, 0.99))


def sampled(
    monkeypatch: pytest.MonkeyPatch,
    *,
    reported: dict[str, float] | None = None,
    parameter: dict[str, float] | None = None,
    energy: np.ndarray | None = None,
    divergences: int = 0,
    chains: int = 2,
) -> CheckResult:
    """Check convergence of a fit of which all is fine but for the arguments."""
    own = energies(1.0) if energy is None else energy
    diverging = np.zeros((chains, own.size), dtype=bool)
    diverging.ravel()[:divergences] = True
    stats_of = xr.Dataset(
        {
            "energy": (("chain", "draw"), np.tile(own, (chains, 1))),
            "diverging": (("chain", "draw"), diverging),
        }
    )
    draws = xr.DataArray(
        np.zeros((1, chains, own.size)),
        dims=("prior", "chain", "draw"),
        coords={"prior": ["total.prior"]},
    )
    found = {name: np.array([value]) for name, value in (FINE | (parameter or {})).items()}
    monkeypatch.setattr(convergence, "ess_and_rhat", lambda _: found)
    table = pd.DataFrame([FINE | (reported or {})]).assign(
        estimand="headcount", area="WORLD", year=2020, scope="people", source=""
    )
    fit = SimpleNamespace(
        posterior={"parameter": draws},
        sample_stats=stats_of,
        sampling=SimpleNamespace(chains=chains, draws=own.size, interrupted=False),
        divergences=divergences,
    )
    return convergence.check_convergence(SimpleNamespace(fit=fit, estimates=table))


@pytest.mark.parametrize(
    ("kind", "column", "within", "beyond"),
    [
        ("reported", "rhat", 1.0099, 1.0101),
        ("reported", "ess_bulk", 400.1, 399.9),
        ("reported", "ess_tail", 400.1, 399.9),
        ("parameter", "rhat", 1.0299, 1.0301),
        ("parameter", "ess_bulk", 100.1, 99.9),
        ("parameter", "ess_tail", 100.1, 99.9),
    ],
)
def test_limits_of_quantities(
    monkeypatch: pytest.MonkeyPatch, kind: str, column: str, within: float, beyond: float
) -> None:
    assert sampled(monkeypatch, **{kind: {column: within}}).passed
    result = sampled(monkeypatch, **{kind: {column: beyond}})
    assert not result.passed
    assert result.verdict.name == "failed"
    assert (~result.to_frame()["passed"]).sum() == 1


def test_limit_of_divergences(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sampled(monkeypatch, divergences=5).passed
    assert not sampled(monkeypatch, divergences=6).passed


def test_limit_of_the_energy_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sampled(monkeypatch, energy=energies(0.301)).passed
    assert not sampled(monkeypatch, energy=energies(0.299)).passed


def test_two_chains_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sampled(monkeypatch, chains=2).passed
    assert not sampled(monkeypatch, chains=1).passed


def test_the_table_of_convergence_counts_quantities_draws_chains_and_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = sampled(monkeypatch, divergences=3).to_frame()
    counts = dict(zip(table["measure"] + " of " + table["of"], table["count"], strict=True))
    assert counts == {
        **dict.fromkeys((f"{name} of headcount" for name in convergence.MEASURES), 1),
        **dict.fromkeys((f"{name} of parameter" for name in convergence.MEASURES), 1),
        "divergences of draw": 4000,
        "E-BFMI of chain": 2,
        "chains of chain": 2,
        "stopped early of run": 1,
    }
    worst = table.set_index("measure")["worst"]
    assert (worst["divergences"], worst["stopped early"]) == (3, 0)


# --- fit by source --------------------------------------------------------------------------------


def source_fit(
    pit: list[float], *, size: float = 1.0, replicated: np.ndarray | None = None
) -> tuple[bool, pd.Series]:
    """Check one source whose rows have these PIT values."""
    rows = len(pit)
    larger = np.full((1000, rows), 2.0) if replicated is None else replicated
    fits = RowFits(
        pd.DataFrame({"source": ["a"] * rows, "pit": pit}), np.full((1000, rows), size), larger
    )
    fit = SimpleNamespace(layout=SimpleNamespace(sources=("a",)))
    result = check_sources(SimpleNamespace(fit=fit, rows=fits))
    return result.passed, result.table.iloc[0]


def test_shares_inside_the_intervals_are_counted_as_defined() -> None:
    pit = [0.02, 0.04, 0.06, 0.12, 0.2, 0.3, 0.5, 0.7, 0.8, 0.88, 0.94, 0.96]
    _, row = source_fit(pit)
    # By hand: a central 90 % interval leaves 5 % on either side, a 50 % interval 25 %.
    assert row["inside_90"] == 9 / 12
    assert row["inside_50"] == 3 / 12
    assert (row["lowest_pit"], row["highest_pit"]) == (0.02, 0.96)


def chance_of_at_most(k: int, n: int) -> float:
    """Return the probability of at most k of n rows inside intervals of 90 %."""
    return sum(comb(n, i) * 0.9**i * 0.1 ** (n - i) for i in range(k + 1))


def test_a_source_fails_if_so_few_rows_inside_have_a_chance_below_one_in_a_hundred() -> None:
    assert chance_of_at_most(14, 20) > 0.01 > chance_of_at_most(13, 20)
    assert source_fit([0.5] * 14 + [0.01] * 6)[0]
    assert not source_fit([0.5] * 13 + [0.01] * 7)[0]


def test_a_source_fails_if_replicates_are_larger_in_less_than_one_of_a_hundred_draws() -> None:
    larger = np.full((1000, 12), 0.5)
    larger[:10] = 2.0
    assert source_fit([0.5] * 12, replicated=larger)[0]
    larger[9] = 0.5
    assert not source_fit([0.5] * 12, replicated=larger)[0]


def test_ten_rows_are_judged_and_nine_are_not() -> None:
    assert source_fit([0.01] * 9)[0]
    assert not source_fit([0.01] * 10)[0]


def test_a_source_without_predictive_intervals_passes_without_numbers() -> None:
    passed, row = source_fit([float("nan")] * 12)
    assert passed
    assert (row["rows"], row["scored"]) == (12, 0)
    assert row[["inside_50", "inside_90", "lowest_pit", "highest_pit", "p_residual"]].isna().all()


# --- outlying rows --------------------------------------------------------------------------------


def outlying(
    rows: int, *, tail: Sequence[float] = (), p_outlying: Sequence[float] = ()
) -> CheckResult:
    """Check rows of which the first ones have these probabilities."""
    table = pd.DataFrame(
        {
            "line": range(rows),
            "source": "a",
            "area": "WORLD",
            "year": 2020,
            "tail": [*tail, *[0.5] * (rows - len(tail))],
            "p_outlying": [*p_outlying, *[0.0] * (rows - len(p_outlying))],
        }
    )
    layout = SimpleNamespace(rows={Likelihood("stated", "normal"): range(rows)})
    evidence = SimpleNamespace(
        fit=SimpleNamespace(layout=layout), rows=SimpleNamespace(table=table)
    )
    return check_outlying_rows(evidence)


def test_a_row_is_named_above_one_half_or_below_one_in_two_hundred() -> None:
    assert outlying(100, p_outlying=[0.49]).table.empty
    assert len(outlying(100, p_outlying=[0.51]).table) == 1
    assert outlying(100, tail=[0.0051]).table.empty
    assert len(outlying(100, tail=[0.0049]).table) == 1


def test_too_many_named_rows_fail() -> None:
    # Of 200 rows with a chance of one in 200 each, four or more are named in 2 % of data sets, and
    # five or more in 0.4 %.
    assert stats.poisson.sf(3, 1.0) > 0.01 > stats.poisson.sf(4, 1.0)
    assert outlying(200, p_outlying=[0.6] * 4).passed
    assert not outlying(200, p_outlying=[0.6] * 5).passed


def test_one_row_too_far_out_fails() -> None:
    assert outlying(100, tail=[1.01e-4]).passed
    assert not outlying(100, tail=[0.99e-4]).passed


def test_a_row_is_outlying_beyond_four_standard_deviations() -> None:
    location = xr.DataArray(np.zeros((1, 4, 1)), dims=("chain", "draw", "row"))
    rows = SimpleNamespace(position=np.array([0]), value=np.array([4.0]), other=np.array([0.0]))
    row = SimpleNamespace(line=2, source="a", area="WORLD", year=2020, kind="count", value=50.0)
    fit: Any = SimpleNamespace(
        sampling=SimpleNamespace(seed=1),
        layout=SimpleNamespace(rows={Likelihood("stated", "normal"): rows}),
        observations=SimpleNamespace(fitted=(row,)),
    )
    for sd, expected in ((0.999, 1.0), (1.001, 0.0)):
        moments = xr.Dataset({"location": location, "spread": xr.full_like(location, sd)})
        assert row_fits(fit, moments).table["p_outlying"].tolist() == [expected]


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(4.01, 9.0, 1.0), (3.99, 9.0, 0.0), (-9.0, -4.01, 1.0), (-9.0, -3.99, 0.0), (-9, 9, 0.0)],
)
def test_an_interval_is_outlying_if_its_nearer_end_is(
    lower: float, upper: float, expected: float
) -> None:
    ends = SimpleNamespace(value=np.array([lower]), other=np.array([upper]))
    draws = np.zeros((8, 1))
    rng = np.random.default_rng(1)
    found = row_fits_module.FORMS["interval"](ends, draws, draws + 1, stats.norm(), rng)
    assert found["p_outlying"].tolist() == [expected]
    # Both sides count, up to certainty.
    outside = min(1.0, 2 * min(stats.norm.cdf(upper), stats.norm.sf(lower)))
    assert found["tail"] == pytest.approx([outside])


@pytest.mark.parametrize(("side", "beyond"), [(1.0, -4.01), (-1.0, 4.01)])
def test_a_bound_is_outlying_on_the_side_that_it_excludes(side: float, beyond: float) -> None:
    rng, draws = np.random.default_rng(1), np.zeros((8, 1))
    for value, expected in ((beyond, 1.0), (beyond * 0.99, 0.0), (-beyond, 0.0)):
        row = SimpleNamespace(value=np.array([value]), other=np.array([side]))
        found = row_fits_module.FORMS["bound"](row, draws, draws + 1, stats.norm(), rng)
        assert found["p_outlying"].tolist() == [expected]
        assert found["tail"] == pytest.approx([stats.norm.cdf(side * value)])


# --- conflict and contraction ---------------------------------------------------------------------


def test_false_discoveries_are_controlled_at_five_percent() -> None:
    # Benjamini and Hochberg by hand: the k-th smallest of n is named if it is at most 0.05 k / n,
    # or if a later one is.
    assert conflict._discovered(np.array([0.0124, 0.5, 0.6, 0.9])).tolist() == [True, *[False] * 3]
    assert not conflict._discovered(np.array([0.0126, 0.5, 0.6, 0.9])).any()
    assert (
        conflict._discovered(np.array([0.02, 0.0249, 0.6, 0.9])).tolist()
        == [True] * 2 + [False] * 2
    )
    assert not conflict._discovered(np.array([0.02, 0.0251, 0.6, 0.9])).any()


def test_z_is_the_difference_of_the_two_sides_in_its_standard_deviation() -> None:
    prior = Prior.between(1, 10)
    mu, sd = prior.location, prior.scale
    # Two normal sides: the prior, and a likelihood of mean y and variance s^2.
    y, s = mu + 2 * sd, 0.7 * sd
    mean = (mu / sd**2 + y / s**2) / (1 / sd**2 + 1 / s**2)
    variance = 1 / (1 / sd**2 + 1 / s**2)
    found = conflict._split(prior, mean, variance)
    assert found["z"] == pytest.approx((y - mu) / np.hypot(sd, s))
    assert found["shift"] == pytest.approx(2.0)
    assert found["implied"] == pytest.approx(float(prior.link.inverse(y)))


def test_below_a_contraction_of_one_quarter_z_is_taken_at_one_quarter() -> None:
    prior = Prior.between(1, 10)
    mean = prior.location + 0.5 * prior.scale
    for own, used in ((0.26, 0.26), (0.24, 0.25), (-0.5, 0.25)):
        found = conflict._split(prior, mean, (1 - own) * prior.scale**2)
        assert found["contraction"] == pytest.approx(own)
        assert found["z"] == pytest.approx(0.5 / np.sqrt(used))
        assert found["shift"] == pytest.approx(0.5 / own if own > 0.25 else 0.5)


@pytest.mark.parametrize(("count", "more"), [(3, "."), (5, "; and 2 more.")])
def test_the_headline_names_three_conflicts_and_counts_the_others(count: int, more: str) -> None:
    line = {
        "node": "total.prior",
        "source": "",
        "z": -3.21,
        "shift": -1.5,
        "stated_lower": 0.3,
        "stated_upper": 0.7,
        "implied": 0.9,
        "pulled_by": "a",
    }
    table = pd.DataFrame([line] * 9)
    sentence = (
        "total.prior is stated as 0.3 to 0.7 and all other evidence with a implies 0.9, "
        "1.5 prior standard deviations below (z = -3.2)"
    )
    assert conflict._headline(table.head(count), table) == (
        f"{count} of 9 places where two sets of evidence meet are in conflict: "
        f"{'; '.join([sentence] * 3)}{more}"
    )


def test_priors_with_a_contraction_below_a_tenth_count_as_unchanged() -> None:
    evidence: Any = SimpleNamespace(last_year=2020)
    table = pd.DataFrame({"prior": list("abc"), "contraction": [0.101, 0.099, 0.0], "shift": 0.1})
    assert "leave 2 of 3 priors " in contraction._headline(table, evidence)


# --- counts ---------------------------------------------------------------------------------------


def result(name: str, *, passed: bool = True, informs: bool = False) -> CheckResult:
    return CheckResult(name, passed, f"{name}.", pd.DataFrame(), informs=informs)


def test_checks_that_inform_are_counted_apart() -> None:
    results = [result("a"), result("b"), result("c", informs=True)]
    assert count_checks(results) == check_result.CheckCount(2, (), 1)
    assert str(checks_verdict(results)) == "All 2 checks passed."
    assert [own.verdict.name for own in results] == ["passed", "passed", "informs"]


def test_failed_checks_are_named() -> None:
    results = [result("a", passed=False), result("b", passed=False), result("c")]
    verdict = checks_verdict(results)
    assert verdict.name == "failed"
    assert str(verdict) == "2 of 3 checks failed: a and b."
    assert count_checks(results).total == 3
