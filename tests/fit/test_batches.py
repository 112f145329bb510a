"""Batches: nothing that was finished is lost, nothing is done twice, and who does it makes no difference."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.batch_digests import Dying, refuse, totals
from tests.studies import study

import headcount as hc
from headcount.batches import Job, run_batch
from headcount.batches.storing import read_outcome

pytestmark = pytest.mark.fit


def jobs(count: int = 3, **changes: object) -> list[Job]:
    spec, observations = study("lone")
    settings = {"digest": totals, "chains": 1, "draws": 40, "tune": 60} | changes
    return [Job(f"job-{seed}", spec, observations, seed, **settings) for seed in range(count)]  # type: ignore[arg-type]


def same(one: list[hc.Outcome], other: list[hc.Outcome]) -> None:
    assert [outcome.key for outcome in one] == [outcome.key for outcome in other]
    for mine, theirs in zip(one, other, strict=True):
        assert not mine.error
        np.testing.assert_array_equal(mine.values["total"], theirs.values["total"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[hc.Outcome]]:
    """A batch by one process."""
    folder = tmp_path_factory.mktemp("done")
    return folder, run_batch(jobs(), folder, processes=1, progress=False)


def test_outcomes_do_not_depend_on_who_makes_them(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    same(run_batch(jobs(), tmp_path, processes=2, progress=False), done[1])
    assert len({outcome.values["mean"].item() for outcome in done[1]}) == 3


def test_what_is_done_is_read(
    done: tuple[Path, list[hc.Outcome]], capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.perf_counter()
    same(run_batch(jobs(), done[0]), done[1])
    assert time.perf_counter() - started < 1
    assert "3 of 3 fits are in" in capsys.readouterr().err


def test_other_work_of_the_same_name_is_not_taken_for_this(done: tuple[Path, list[hc.Outcome]]) -> None:
    folder, _ = done
    first = jobs()[0]
    assert read_outcome(first, folder) is not None
    assert read_outcome(replace(first, seed=99), folder) is None
    assert read_outcome(replace(first, draws=41), folder) is None
    assert read_outcome(replace(first, digest=refuse), folder) is None
    other = hc.with_prior(first.spec, "total.prior", {"low": 1, "high": 1e6})
    assert read_outcome(replace(first, spec=other), folder) is None
    fewer = first.observations.select(lambda row: row.line > 2)
    assert read_outcome(replace(first, observations=fewer), folder) is None
    (folder / "job-9.npz").write_bytes(b"half a file")
    assert read_outcome(replace(first, key="job-9"), folder) is None


def test_a_killed_run_goes_on_where_it_stopped(done: tuple[Path, list[hc.Outcome]], tmp_path: Path) -> None:
    script = f"""
        from tests.fit.test_batches import jobs
        from headcount.batches import run_batch
        run_batch(jobs(), {str(tmp_path)!r}, processes=1, progress=False)
    """
    root = Path(__file__).parents[2]
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=root)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.npz")) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.kill()
    run.wait()
    finished = len(list(tmp_path.glob("*.npz")))
    assert finished >= 1
    same(run_batch(jobs(), tmp_path, processes=1, progress=False), done[1])


def test_a_process_that_dies_costs_its_own_job_alone(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    counts = {name: tmp_path / name for name in ("once", "always")}
    for folder in counts.values():
        folder.mkdir()
    plain = jobs()
    once = replace(plain[0], digest=Dying(str(counts["once"]), 1))
    always = replace(plain[1], digest=Dying(str(counts["always"]), 9))
    found = run_batch([once, always, plain[2]], tmp_path / "out", processes=1, progress=False)
    assert [outcome.error for outcome in found] == ["", "its process died 2 times", ""]
    np.testing.assert_array_equal(found[0].values["total"], done[1][0].values["total"])
    np.testing.assert_array_equal(found[2].values["total"], done[1][2].values["total"])


def test_a_fit_that_fails_is_an_outcome(tmp_path: Path) -> None:
    [found] = run_batch(jobs(1, digest=refuse), tmp_path, processes=1, progress=False)
    assert found.error == "ValueError: no digest of 28 rows"
    assert not found.values


def test_a_cluster_makes_the_same_outcomes(done: tuple[Path, list[hc.Outcome]], tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options, protocol="tcp://", host="127.0.0.1") as cluster:
        found = run_batch(jobs(), tmp_path, dask=cluster.scheduler_address, progress=False)
    same(found, done[1])


def test_keys_name_files_and_differ(tmp_path: Path) -> None:
    first, second, _ = jobs()
    with pytest.raises(hc.HeadcountError, match="'a/b' cannot name a file"):
        run_batch([replace(first, key="a/b")], tmp_path)
    with pytest.raises(hc.HeadcountError, match="two jobs are called 'job-0'"):
        run_batch([first, replace(second, key="job-0")], tmp_path)
