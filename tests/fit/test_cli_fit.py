"""The shell's commands that sample, or that need a fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import headcount as hc
from headcount import cli, inference
from headcount.diagnostics.checks import Evidence, all_checks

pytestmark = pytest.mark.fit

SHORT = ("--chains", 2, "--draws", 100, "--tune", 200)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line and return its exit code, stdout and stderr."""

    def run_command(*tokens: object) -> tuple[int, str, str]:
        code = cli.main([str(token) for token in tokens])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_command


@pytest.fixture
def model(root: Path) -> Path:
    return root / "models" / "toy.toml"


@pytest.fixture
def fit_file(toy_fit: hc.Fit, tmp_path: Path) -> Path:
    return hc.save_fit(toy_fit, tmp_path / "toy fit.nc")


@pytest.fixture
def given_fit(toy_fit: hc.Fit, monkeypatch: pytest.MonkeyPatch) -> Callable[[hc.Fit], None]:
    """Make the sampler return this fit in no time."""

    def give(fit: hc.Fit) -> None:
        monkeypatch.setattr(inference, "fit", lambda *_, **__: fit)

    give(toy_fit)
    return give


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_fit_keeps_the_options_and_draws(model: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "fit.nc"
    code, said, _ = run("fit", model, "--seed", 7, "--out", out, "--prior-set", "wide", *SHORT)
    assert code == 0
    assert re.match(rf"wrote {out}\n.*checks? .*\.\n", said)
    assert re.search(
        r"time: prepare \d+\.\d s, sample \d+\.\d s, check \d+\.\d s; \d+\.\d s in all\n$", said
    )
    fit = hc.load_fit(out)
    kept = fit.sampling
    assert (kept.seed, kept.chains, kept.draws, kept.tune, kept.interrupted) == (
        7,
        2,
        100,
        200,
        False,
    )
    assert fit.spec.prior_set == "wide"
    assert files_below(tmp_path) == ["new/fit.nc"]


def test_fit_repeats_with_its_seed_and_is_quiet_if_asked(
    model: Path, run: Run, tmp_path: Path
) -> None:
    outs = [tmp_path / "one.nc", tmp_path / "two.nc"]
    for out, cores in zip(outs, (1, 2), strict=True):
        asked = ("--seed", 1, "--out", out, "--cores", cores, "--quiet")
        assert run("fit", model, *asked, *SHORT) == (0, f"wrote {out}\n", "")
    one, two = (hc.load_fit(out).posterior for out in outs)
    assert one.equals(two)


def test_fit_prints_failed_checks(
    model: Path, toy_fit: hc.Fit, given_fit: Callable[[hc.Fit], None], run: Run, tmp_path: Path
) -> None:
    few = toy_fit.tree.copy()
    for group in ("posterior", "unconstrained_posterior"):
        few[group] = few[group].to_dataset().isel(draw=slice(0, 5))
    given_fit(replace(toy_fit, tree=few))
    code, said, _ = run("fit", model, "--seed", 1, "--out", tmp_path / "fit.nc")
    assert code == 0
    [failed] = [line for line in said.splitlines() if line.startswith("  convergence: ")]
    assert "not converged" in failed


def test_interrupted_fit_is_kept_and_reported(
    model: Path, toy_fit: hc.Fit, given_fit: Callable[[hc.Fit], None], run: Run, tmp_path: Path
) -> None:
    given_fit(replace(toy_fit, sampling=replace(toy_fit.sampling, interrupted=True)))
    out = tmp_path / "fit.nc"
    code, said, _ = run("fit", model, "--seed", 1, "--out", out, "--quiet")
    assert (code, said) == (
        1,
        f"stopped early: 500 of 2000 draws from each of 4 chains are kept\nwrote {out}\n",
    )
    assert hc.load_fit(out).sampling.interrupted


@pytest.mark.usefixtures("given_fit")
def test_fit_that_cannot_be_saved_spares_the_old_one(
    model: Path, run: Run, fit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(_: hc.Fit, path: Path) -> None:
        path.write_bytes(b"half a f")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("headcount.posterior.fits.save_fit", fill_the_disk)
    before = fit_file.read_bytes()
    code, said, errors = run("fit", model, "--seed", 1, "--out", fit_file)
    assert (code, said) == (1, "")
    assert errors == (
        f"headcount: {fit_file}: cannot be written (No space left on device). "
        "The old file is unchanged.\n"
    )
    assert fit_file.read_bytes() == before
    assert files_below(fit_file.parent) == [fit_file.name]


def test_estimates_are_those_of_the_library(
    fit_file: Path, toy_fit: hc.Fit, run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "e.csv"
    assert run("estimates", fit_file, "--out", out, "--prob", 0.8) == (0, f"wrote {out}\n", "")
    written = pd.read_csv(out, keep_default_na=False)
    expected = hc.estimates(toy_fit, prob=0.8)
    assert list(written) == list(expected)
    assert len(written) == len(expected)
    assert set(written["prob"]) == {0.8}
    assert pd.to_numeric(written["median"]).to_numpy() == pytest.approx(
        expected["median"].to_numpy()
    )


def test_report_of_a_fit(
    fit_file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, errors = run("report", fit_file, "--prob", 0.8)
    assert (code, errors) == (0, "")
    assert said.endswith(f"wrote {Path('reports', 'toy fit.html')}\n")
    assert re.search(r"time: check \d+\.\d s, report \d+\.\d s; ", said)
    page = Path("reports", "toy fit.html").read_text()
    assert "Beekeepers of three invented countries" in page
    # The page and the terminal count the checks in the same words.
    assert f'<p class="lead">{said.splitlines()[0]}</p>' in page


def test_a_report_runs_each_check_once(
    fit_file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence: list[Evidence] = []

    def counted(check: Callable[[Evidence], hc.CheckResult]) -> Callable[..., hc.CheckResult]:
        return lambda found: [evidence.append(found), check(found)][1]

    monkeypatch.setattr(all_checks, "CHECKS", tuple(map(counted, all_checks.CHECKS)))
    assert run("report", fit_file, "--out", tmp_path / "r.html")[0] == 0
    assert len(evidence) == len(all_checks.CHECKS)
    assert len({id(found) for found in evidence}) == 1


@pytest.mark.usefixtures("given_fit")
def test_report_of_a_model_needs_no_options(
    model: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, errors = run("report", model)
    assert (code, errors) == (0, "")
    assert said.startswith(f"seed: 1\nwrote {Path('reports', 'toy.nc')}\n")
    assert said.endswith(f"wrote {Path('reports', 'toy.html')}\n")
    assert files_below(tmp_path) == ["reports/toy.html", "reports/toy.nc"]


@pytest.mark.usefixtures("given_fit")
def test_report_of_another_prior_set_spares_the_first(
    model: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said, _ = run("report", model, "--prior-set", "wide", "--seed", 5, "--quiet")
    assert (code, said) == (0, "seed: 5\nwrote reports/toy-wide.nc\nwrote reports/toy-wide.html\n")


def test_failed_report_spares_the_old_one(
    fit_file: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object, __: object, path: Path) -> None:
        path.write_text("half a r")
        raise hc.FitError("this fit cannot be reported")

    monkeypatch.setattr("headcount.reporting.write_report", fail)
    out = tmp_path / "r.html"
    out.write_text("old")
    assert run("report", fit_file, "--out", out) == (
        1,
        "",
        "headcount: this fit cannot be reported\n",
    )
    assert out.read_text() == "old"
    assert files_below(tmp_path) == ["r.html", fit_file.name]


def test_new_study_converges(run: Run, tmp_path: Path) -> None:
    run("new", "bees", "--folder", tmp_path)
    out = tmp_path / "bees.nc"
    code, said, errors = run("fit", tmp_path / "models" / "bees.toml", "--seed", 1, "--out", out)
    assert code == 0, errors
    assert "  convergence: " not in said


def test_calibration_writes_its_table_and_figure_and_goes_on_where_it_stopped(
    run: Run, tmp_path: Path
) -> None:
    model = Path("benchmarks/calibration/sparse/sparse.toml")
    data = Path("benchmarks/calibration/sparse/data/observations.csv")
    options = ("--data", data, "--studies", 5, "--draws", 100, "--processes", 1, "--out", tmp_path)
    code, said, _ = run("calibrate", model, *options, "--quiet")
    assert code in (0, 1)
    assert "5 studies" in said
    assert (
        (tmp_path / "calibration.csv").read_text().startswith("group,quantity,p_uniform,p_adjusted")
    )
    assert (tmp_path / "calibration.svg").read_text().startswith("<svg")
    again, same, heard = run("calibrate", model, *options)
    assert (again, same) == (code, said)
    assert "5 of 5 fits are in" in heard
