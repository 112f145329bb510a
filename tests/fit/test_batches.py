"""Batches: nothing that was finished is lost, nothing is done twice, and who does it makes no
difference."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.batch_summaries import Dying, misname, refuse, totals
from tests.studies import study

import headcount as hc
from headcount.workflows.batches import BatchOptions, Job, fingerprints, run_batch
from headcount.workflows.batches.outcome_files import read_outcome

pytestmark = [pytest.mark.fit, pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")]

SAMPLER = hc.Sampler(chains=1, draws=40, tune=60)


def jobs(count: int = 3, **changes: object) -> list[Job]:
    spec, observations = study("lone")
    settings = {"summarise": totals, "sampler": SAMPLER} | changes
    given = hc.Study(spec, observations)
    return [Job(f"job-{seed}", given, seed, **settings) for seed in range(count)]  # type: ignore[arg-type]


def run(batch: list[Job], folder: Path, **options: object) -> list[hc.Outcome]:
    return run_batch(batch, BatchOptions(folder=folder, **options))  # type: ignore[arg-type]


def same(one: list[hc.Outcome], other: list[hc.Outcome]) -> None:
    assert [outcome.key for outcome in one] == [outcome.key for outcome in other]
    for mine, theirs in zip(one, other, strict=True):
        assert not mine.error
        np.testing.assert_array_equal(mine.values["total"], theirs.values["total"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[hc.Outcome]]:
    """A batch by one process."""
    folder = tmp_path_factory.mktemp("done")
    return folder, run(jobs(), folder, processes=1, progress=False)


def test_outcomes_do_not_depend_on_who_makes_them(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    same(run(jobs(), tmp_path, processes=2, progress=False), done[1])
    assert len({outcome.values["mean"].item() for outcome in done[1]}) == 3


def test_what_is_done_is_read(
    done: tuple[Path, list[hc.Outcome]], capsys: pytest.CaptureFixture[str]
) -> None:
    written = {path: path.stat().st_mtime_ns for path in done[0].iterdir()}
    same(run(jobs(), done[0]), done[1])
    assert {path: path.stat().st_mtime_ns for path in done[0].iterdir()} == written
    assert "3 of 3 fits are in" in capsys.readouterr().err


def test_other_work_of_the_same_name_is_not_taken_for_this(
    done: tuple[Path, list[hc.Outcome]],
) -> None:
    folder, _ = done
    first = jobs()[0]
    assert read_outcome(first, folder) is not None
    assert read_outcome(replace(first, seed=99), folder) is None
    assert read_outcome(replace(first, sampler=replace(SAMPLER, draws=41)), folder) is None
    assert read_outcome(replace(first, summarise=refuse), folder) is None
    study = first.study
    spec = hc.with_prior(study.spec, "total.prior", {"low": 1, "high": 1e6})
    assert read_outcome(replace(first, study=study.variant(spec=spec)), folder) is None
    cores = replace(SAMPLER, cores=1)
    assert read_outcome(replace(first, sampler=cores), folder) is not None
    fewer = study.variant(observations=study.observations.select(lambda row: row.line > 2))
    assert read_outcome(replace(first, study=fewer), folder) is None
    (folder / "job-9.npz").write_bytes(b"half a file")
    assert read_outcome(replace(first, key="job-9"), folder) is None


def test_other_code_makes_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    before = jobs()[0].fingerprint
    assert before == jobs()[0].fingerprint
    monkeypatch.setattr("headcount.workflows.batches.jobs.code_hash", lambda: "of another density")
    assert jobs()[0].fingerprint != before


def test_the_code_of_a_fit_is_that_of_the_model_and_not_of_the_report() -> None:
    package = Path(hc.__file__).parent
    sources = set(fingerprints._sources(package))
    assert {
        "engine/density/log_density.py",
        "inference/sampling.py",
        "layout/study_layout.py",
    } <= sources
    assert not any(name.startswith(("reporting/", "cli/", "workflows/")) for name in sources)


def test_what_was_made_of_other_work_is_named_and_made_again(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in done[0].glob("job-[12].npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    again = [jobs()[1], replace(jobs()[2], seed=77)]
    found = run(again, tmp_path, processes=1)
    said = capsys.readouterr().err
    assert "1 of 2 fits are in" in said
    assert "1 in" in said
    assert "are made again" in said
    same(found[:1], done[1][1:2])
    assert read_outcome(again[1], tmp_path) is not None
    assert (found[1].values["total"] != done[1][2].values["total"]).any()


MANY = 500
"""Jobs that cannot all be done between the first outcome and the signal that follows it, however
fast the machine."""


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the batch as a program of its own, and wait for its first outcome."""
    script = f"""
        import signal
        # A program that was started in the background of a shell ignores Ctrl-C, and what it starts
        # inherits that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from tests.fit.test_batches import jobs
        from headcount.workflows.batches import BatchOptions, run_batch
        run_batch(jobs({MANY}), BatchOptions(folder={str(folder)!r}, processes=1))
    """
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(folder.glob("*.npz")) and time.monotonic() < deadline:
            time.sleep(0.02)
        yield run
    finally:
        # Whatever a test found: nothing of it goes on.
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.communicate()


def all_ended(group: int) -> bool:
    """Wait for the processes of a group to be gone; the last of them is the server that forks."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_killed_run_goes_on_where_it_stopped(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        program.kill()
        program.wait()
        assert all_ended(program.pid)
    assert 1 <= len(list(tmp_path.glob("*.npz"))) < MANY
    same(run(jobs(), tmp_path, processes=1, progress=False), done[1])


def test_ctrl_c_ends_all_processes_and_says_how_to_go_on(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    with running(tmp_path) as program:
        # As a terminal does it: to the program and to the processes that it started.
        os.killpg(program.pid, signal.SIGINT)
        _, said = program.communicate(timeout=20)
    state = rf"stopped: (\d+) of {MANY} fits are in {re.escape(str(tmp_path))}"
    message = f"{state}; the same call goes on from there"
    stopped = re.search(message, said)
    assert stopped
    assert 1 <= int(stopped[1]) < MANY
    assert all_ended(program.pid)
    same(run(jobs(), tmp_path, processes=1, progress=False), done[1])


def test_a_process_that_dies_costs_its_own_job_alone(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    counts = {name: tmp_path / name for name in ("once", "always")}
    for folder in counts.values():
        folder.mkdir()
    plain = jobs()
    once = replace(plain[0], summarise=Dying(str(counts["once"]), 1))
    always = replace(plain[1], summarise=Dying(str(counts["always"]), 9))
    found = run([once, always, plain[2]], tmp_path / "out", processes=2, progress=False)
    assert [outcome.error for outcome in found] == [
        "",
        "its process died 2 times (exit code -9)",
        "",
    ]
    assert len(list(counts["always"].iterdir())) == 2
    np.testing.assert_array_equal(found[0].values["total"], done[1][0].values["total"])
    np.testing.assert_array_equal(found[2].values["total"], done[1][2].values["total"])
    [given_up] = run([always], tmp_path / "out", processes=1, tries=1, progress=False)
    assert given_up.error == "its process died 1 time (exit code -9)"
    # The machine may have been at fault, so the next run tries again.
    assert read_outcome(always, tmp_path / "out") is None


def test_a_fit_that_fails_is_an_outcome_and_the_others_go_on(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    plain = jobs()
    batch = [replace(plain[0], summarise=refuse), replace(plain[1], summarise=misname), plain[2]]
    found = run(batch, tmp_path, processes=1, progress=False)
    assert [outcome.error for outcome in found] == [
        "ValueError: no summary of 28 rows",
        "KeyError: 'nobody'",
        "",
    ]
    assert not found[0].values
    same(found[2:], done[1][2:])
    assert [outcome.error for outcome in run(batch, tmp_path)] == [
        outcome.error for outcome in found
    ]


def test_outcomes_say_whether_the_sampler_struggled(done: tuple[Path, list[hc.Outcome]]) -> None:
    kept = read_outcome(jobs()[0], done[0])
    assert kept is not None
    assert (kept.seconds, kept.divergences) == (done[1][0].seconds, done[1][0].divergences)
    assert kept.rhat >= 1
    assert 1 < kept.ess < 400
    assert (kept.rhat, kept.ess) == (done[1][0].rhat, done[1][0].ess)
    [line] = kept.to_frame().to_dict("records")
    assert (line["key"], line["rhat"], line["error"]) == ("job-0", kept.rhat, "")


def test_a_summary_function_must_be_importable(tmp_path: Path) -> None:
    with pytest.raises(hc.HeadcountError, match="use a function that stands by itself in a module"):
        run(jobs(1, summarise=lambda fit: totals(fit)), tmp_path)


def test_a_cluster_makes_the_same_outcomes(
    done: tuple[Path, list[hc.Outcome]], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    options = {
        "n_workers": 1,
        "threads_per_worker": 1,
        "processes": False,
        "dashboard_address": ":0",
    }
    with distributed.LocalCluster(**options, protocol="tcp://", host="127.0.0.1") as cluster:
        found = run(jobs(), tmp_path, dask=cluster.scheduler_address, progress=False)
    same(found, done[1])


def test_a_cluster_needs_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(hc.HeadcountError, match=r"pip install 'headcount\[dask\]'"):
        run(jobs(1), tmp_path, dask="tcp://127.0.0.1:8786", progress=False)


def test_keys_name_files_and_differ(tmp_path: Path) -> None:
    first, second, _ = jobs()
    with pytest.raises(hc.HeadcountError, match="'a/b' cannot name a file"):
        run([replace(first, key="a/b")], tmp_path)
    with pytest.raises(hc.HeadcountError, match="two jobs are called 'job-0'"):
        run([first, replace(second, key="job-0")], tmp_path)


def test_outcomes_without_a_folder_are_not_kept(done: tuple[Path, list[hc.Outcome]]) -> None:
    same(run_batch(jobs(1), BatchOptions(processes=1, progress=False)), done[1][:1])


@pytest.mark.parametrize("name", ["processes", "tries"])
def test_options_are_checked(name: str) -> None:
    with pytest.raises(hc.HeadcountError, match=f"{name}: 0 is out of range"):
        BatchOptions(**{name: 0})
    assert getattr(BatchOptions(**{name: 1}), name) == 1
