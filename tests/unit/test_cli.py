"""The shell: the effect of each command, and its answer to each mistake; nothing here samples."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from frictionless import validate

import headcount as hc
from headcount import cli, inference
from headcount.cli.commands.exit_codes import guarded
from headcount.cli.commands.fit_verdict import print_verdict
from headcount.errors import HeadcountWarning
from headcount.posterior import fits
from headcount.study import spec_files
from headcount.study import study as study_module
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.priors import FAMILIES, LINKS

COMMANDS = [
    *("new", "check", "prior", "fit", "estimates", "report"),
    *("compare", "influence", "simulate", "value", "calibrate", "kinds"),
]
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
def study(root: Path, tmp_path: Path) -> Path:
    """A copy of the toy study that a test may spoil; its model."""
    shutil.copytree(root / "data" / "toy", tmp_path / "data" / "toy")
    (tmp_path / "models").mkdir()
    return Path(shutil.copy(root / "models" / "toy.toml", tmp_path / "models"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def observations_of(model: Path) -> Path:
    return model.parents[1] / "data" / "toy" / "observations.csv"


# Help


def test_no_command_shows_help(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "Usage: headcount COMMAND" in out
    positions = [out.index(f"│ {command} ") for command in COMMANDS]
    assert positions == sorted(positions)


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"{fits.versions()['headcount']}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_documents_every_parameter(command: str, run: Run) -> None:
    arguments = cli.app[command].assemble_argument_collection(parse_docstring=True)
    undocumented = [
        a.name for a in arguments if a.parameter.parse and a.show and not a.parameter.help
    ]
    assert undocumented == []
    code, out, _ = run(command, "--help")
    assert code == 0
    assert all(a.name in out for a in arguments if a.show)


def test_module_runs_as_the_command_does() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "headcount", "fit"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[-1] == "headcount: See: headcount fit --help"


# Wrong usage


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["chek"], 'Unknown command "chek". Did you mean "check"?'),
        (["check"], 'Command "check" parameter MODEL requires an argument.'),
        (
            ["check", "a.toml", "--prior", "wide"],
            "Unknown option: --prior. Did you mean --prior-set?",
        ),
        (
            ["fit", "a.toml", "--out", "f.nc"],
            'Command "fit" parameter --seed requires an argument.',
        ),
        (["fit", "a.toml", "--seed", "1"], 'Command "fit" parameter --out requires an argument.'),
        (
            ["fit", "a.toml", "--seed", "1", "--out", "f.txt"],
            'Invalid value "f.txt" for --out. Must end in .nc.',
        ),
        (
            ["fit", "a.toml", "--seed", "one", "--out", "f.nc"],
            'Invalid value for --seed: unable to convert "one" into int.',
        ),
        (
            ["fit", "a.toml", "--seed", "-1", "--out", "f.nc"],
            'Invalid value "-1" for --seed. Must be >= 0.',
        ),
        (
            ["fit", "a.toml", "--seed", "1", "--out", "f.nc", "--chains", "0"],
            'Invalid value "0" for --chains. Must be >= 1.',
        ),
        (
            ["estimates", "f.nc", "--out", "e.csv", "--prob", "90"],
            'Invalid value "90.0" for --prob. Must be < 1.',
        ),
        (["report", "f.html"], 'Invalid value "f.html" for MODEL|FIT. Must end in .toml or .nc.'),
        (
            ["estimates", "f.nc", "--out", "f.nc"],
            'Invalid value "f.nc" for --out. Must end in .csv.',
        ),
        (
            ["report", "f.nc", "--out", "f.nc"],
            'Invalid value "f.nc" for --out. Must end in .html or .htm.',
        ),
        (
            ["report", "f.nc", "--seed", "2"],
            "--seed is for models; a fit has its own, and is reported as it is",
        ),
        (
            ["report", "f.nc", "--prior-set", "wide"],
            "--prior-set is for models; a fit has its own, and is reported as it is",
        ),
        (
            ["new", "bee keepers"],
            "'bee keepers' cannot name a study; use letters, digits, hyphens and underscores",
        ),
        (["new", "../bees"], "'../bees' cannot name a study"),
    ],
)
def test_wrong_usage_is_reported_and_exits_with_2(
    tokens: list[str], message: str, run: Run
) -> None:
    code, out, err = run(*tokens)
    assert (code, out) == (2, "")
    assert err.startswith(f"headcount: {message}")
    assert "headcount: See: headcount " in err


# New


def test_new_study_is_in_order(run: Run, tmp_path: Path) -> None:
    code, out, err = run("new", "my-study_2", "--folder", tmp_path)
    assert (code, err) == (0, "")
    model = tmp_path / "models" / "my-study_2.toml"
    assert f"wrote {model}\n" in out
    assert out.endswith(f"next: headcount check {model}\n")
    code, out, err = run("check", model, "--prior-set", "sceptical")
    assert (code, err) == (0, "")
    assert "sceptical (in force)" in out


def test_new_study_shows_most_kinds_of_observations(run: Run, tmp_path: Path) -> None:
    run("new", "bees", "--folder", tmp_path)
    table = hc.read_observations(tmp_path / "data" / "bees" / "observations.csv")
    assert {"count", "lower_bound", "range", "growth", "survey"} == {
        row.kind for row in table.fitted
    }
    assert [row.excluded for row in table.rows if row.excluded] == [
        "counts parcels rather than people"
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # frictionless's own
def test_new_tables_are_a_valid_data_package(run: Run, tmp_path: Path) -> None:
    run("new", "Bees", "--folder", tmp_path)
    package = tmp_path / "data" / "Bees" / "datapackage.json"
    assert validate(package).flatten(["rowNumber", "fieldName", "message"]) == []
    [_, _, observations] = json.loads(package.read_text())["resources"]
    fields = {field["name"]: field for field in observations["schema"]["fields"]}
    assert fields["kind"]["constraints"]["enum"] == list(OBSERVATION_KINDS)


@pytest.mark.parametrize("existing", ["models/bees.toml", "data/bees/notes.txt"])
def test_new_never_overwrites(existing: str, run: Run, tmp_path: Path) -> None:
    mine = tmp_path / existing
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run("new", "bees", "--folder", tmp_path)
    assert (code, out) == (1, "")
    assert err.endswith(
        "is there already, and nothing was written. Choose another name, or move it away.\n"
    )
    assert sorted(tmp_path.rglob("*")) == before
    assert mine.read_text() == "mine"


def test_new_says_where_it_cannot_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = run("new", "bees", "--folder", tmp_path / "file")
    assert code == 1
    assert "cannot be written (Not a directory). Choose another place with --folder." in err


# Check


def test_check_prints_the_contents_of_the_study(study: Path, run: Run) -> None:
    code, out, err = run("check", study)
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    for found in (
        "4 regions in 1 pool under WORLD; 1 grouping",
        "2018 to 2025; total stated for 2021; forecasts from 2024",
        "helper (contains beekeeper)",
        "18 to fit (10 count, 3 survey, 1 growth, 1 lower_bound, 1 range, 1 upper_bound, 1 share)",
        "anchors registry",
        "prior sets base (in force), sceptical, wide",
        "registry anchor 3 count 1 2019-2023",
        f"{study}: in order",
    ):
        assert found in words


def test_check_says_when_nothing_is_anchored(study: Path, run: Run) -> None:
    spoil(study, "anchor = true", "coverage = { low = 0.5, high = 0.9 }")
    _, out, _ = run("check", study)
    assert "anchors none: the level depends on priors, and on surveys if there are any" in " ".join(
        out.split()
    )


def test_check_counts_excluded_rows_and_warns_of_sources_without_rows(
    study: Path, run: Run
) -> None:
    table = hc.read_observations(observations_of(study))
    first, *others = table.select(lambda row: row.source != "poll").rows
    kept = hc.Observations((replace(first, excluded="doubtful"), *others))
    observations_of(study).write_text(kept.to_csv())
    code, out, err = run("check", study)
    assert code == 0
    assert (
        "14 to fit (9 count, 1 growth, 1 lower_bound, 1 range, 1 upper_bound, 1 share); 1 excluded"
        in " ".join(out.split())
    )
    assert (
        err
        == "warning: toy.toml [sources.poll]: no observations from this source; it is left out.\n"
    )


def test_check_lists_all_problems_of_model_and_table(study: Path, run: Run) -> None:
    spoil(study, 'kind = "platform"', 'kind = "platfrm"')
    spoil(observations_of(study), "growth,0.14", "growht,0.14")
    spoil(observations_of(study), "PORT,2021", "PORT,20x1")
    assert run("check", study) == (
        1,
        "",
        "headcount: toy.toml [sources.platform.kind]: unknown source kind 'platfrm'. "
        "Did you mean 'platform'?\n"
        "headcount: observations.csv:7 [year]: '20x1' is not a year. "
        "Write a whole number such as 2021.\n"
        "headcount: observations.csv:12 [kind]: unknown kind 'growht'. Did you mean 'growth'?\n",
    )


def test_check_lists_names_that_do_not_fit_together(study: Path, run: Run) -> None:
    spoil(observations_of(study), "platform,WORLD", "platfrom,WORLD")
    code, out, err = run("check", study)
    assert (code, out) == (1, "")
    assert err == (
        "headcount: observations.csv:12 [source]: source 'platfrom' is not in toy.toml. "
        "Did you mean 'platform'?\n"
    )


def test_check_takes_other_observations(study: Path, run: Run, tmp_path: Path) -> None:
    other = Path(shutil.copy(observations_of(study), tmp_path / "other.csv"))
    observations_of(study).unlink()
    assert run("check", study)[0] == 1
    assert run("check", study, "--data", other)[0] == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.toml", None, "none.toml: cannot be read (No such file or directory)"),
        (
            "syntax.toml",
            "title = [1,",
            "syntax.toml: not valid TOML: Invalid value (at end of document)",
        ),
        ("bytes.toml", b"\xff", "bytes.toml:1: byte 0xff is not UTF-8. Save the file as UTF-8."),
    ],
)
def test_check_refuses_files_that_are_no_model(
    name: str,
    content: str | bytes | None,
    message: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    assert run("check", name) == (1, "", f"headcount: {message}\n")


def test_check_refuses_a_folder(run: Run, tmp_path: Path) -> None:
    assert run("check", tmp_path) == (
        1,
        "",
        f"headcount: {tmp_path}: cannot be read (Is a directory)\n",
    )


def test_unknown_prior_set_names_the_nearest(study: Path, run: Run) -> None:
    code, _, err = run("check", study, "--prior-set", "scepticl")
    assert (code, err) == (
        1,
        "headcount: toy.toml [prior_sets]: unknown prior set 'scepticl'. "
        "Did you mean 'sceptical'?\n",
    )


# Fit, estimates and report: errors before anything is sampled; the rest is in
# tests/fit/test_cli_fit.py


@pytest.fixture
def no_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("sampled before everything was checked")

    monkeypatch.setattr(inference, "fit", refuse)


@pytest.mark.usefixtures("no_sampling")
@pytest.mark.parametrize(("command", "ending"), [("fit", "nc"), ("report", "html")])
def test_unwritable_output_is_found_before_sampling(
    command: str, ending: str, study: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / f"x.{ending}"
    code, _, err = run(command, study, "--seed", 1, "--out", out)
    assert (code, err.splitlines()[-1]) == (
        1,
        f"headcount: {out}: cannot be written (File exists). Choose another place with --out.",
    )


@pytest.mark.usefixtures("no_sampling")
def test_folder_in_place_of_an_output_file(study: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.nc").mkdir()
    code, _, err = run("fit", study, "--seed", 1, "--out", tmp_path / "x.nc")
    assert (code, err) == (1, f"headcount: {tmp_path / 'x.nc'}: is a folder; name a file\n")


@pytest.mark.usefixtures("no_sampling")
def test_study_is_checked_before_sampling(study: Path, run: Run, tmp_path: Path) -> None:
    spoil(observations_of(study), "platform,WORLD", "platform,WRLD")
    code, _, err = run("fit", study, "--seed", 1, "--out", tmp_path / "fit.nc")
    assert (code, err) == (
        1,
        "headcount: observations.csv:12 [area]: unknown area 'WRLD'. Did you mean 'WORLD'?\n",
    )


def test_files_that_are_no_fit_are_refused(
    study: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.nc").write_text("no fit")
    Path("folder.nc").mkdir()
    xr.Dataset({"x": ("time", [1, 2])}).to_netcdf("weather.nc", engine="h5netcdf")
    fitting = "headcount fit {} --seed 1 --out {}"
    messages = {
        "none.nc": f"none.nc: no such file. Make it with: {fitting.format('MODEL', 'none.nc')}",
        "text.nc": "text.nc: not a fit file (",
        "folder.nc": "folder.nc: is a folder, not a fit",
        "weather.nc": "weather.nc: not a fit of this version of headcount",
        study: f"{study}: is a model, not a fit. Fit it first: {fitting.format(study, 'toy.nc')}",
    }
    for path, message in messages.items():
        code, out, err = run("estimates", path, "--out", "e.csv")
        assert (code, out) == (1, "")
        assert err.startswith(f"headcount: {message}")
        assert len(err.splitlines()) == 1
    assert not Path("e.csv").exists()


# One study for each command


@pytest.mark.parametrize(
    "tokens", [("check",), ("prior",), ("simulate", "--seed", 1, "--out", "simulated")]
)
def test_a_study_is_read_and_checked_once(
    tokens: tuple[object, ...],
    study: Path,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    read: list[object] = []
    checked: list[object] = []
    check_study, read_spec = study_module.check_study, spec_files.read_spec
    monkeypatch.setattr(
        study_module, "check_study", lambda *study: [checked.append(study), check_study(*study)][1]
    )
    monkeypatch.setattr(
        spec_files,
        "read_spec",
        lambda *path, **given: [read.append(path), read_spec(*path, **given)][1],
    )
    command, *options = tokens
    code, _, err = run(command, study, *options)
    assert (code, err) == (0, "")
    assert (len(read), len(checked)) == (1, 1)


# Simulate


def test_simulate_writes_statements_and_truth(study: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "truth"
    code, out, err = run("simulate", study, "--seed", 3, "--out", folder)
    assert (code, err) == (0, "")
    assert out.startswith(f"wrote {folder / 'observations.csv'}\nwrote {folder / 'truth.csv'}\n")
    simulated = hc.read_observations(folder / "observations.csv")
    assert len(simulated) == len(hc.read_observations(observations_of(study)))
    truth = (folder / "truth.csv").read_text().splitlines()
    assert truth[0] == "variable,scope,source,region,year,value"
    assert len([line for line in truth if line.startswith("headcount,,,")]) == 4 * 8
    assert run("check", study, "--data", folder / "observations.csv")[0] == 0


def test_simulate_repeats_with_its_seed(study: Path, run: Run, tmp_path: Path) -> None:
    texts = []
    for seed in (1, 1, 2):
        assert run("simulate", study, "--seed", seed, "--out", tmp_path / "w.csv")[0] == 0
        texts.append((tmp_path / "w.csv").read_text() + (tmp_path / "w_truth.csv").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_simulate_spares_the_rows_of_the_study(study: Path, run: Run) -> None:
    table = observations_of(study)
    before = table.read_text()
    for out in (table.parent, table):
        code, _, err = run("simulate", study, "--seed", 1, "--out", out)
        assert code == 1
        assert "not to be replaced by a simulation. Choose another --out." in err
    assert table.read_text() == before


# Kinds


def test_kinds_shows_every_kind_within_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run("kinds")
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 80
    words = " ".join(out.replace("│", " ").split())
    for name in (*OBSERVATION_KINDS, *GROWTH_KINDS, *FAMILIES, *LINKS):
        assert f" {name} " in words
    for kind in OBSERVATION_KINDS.values():
        assert kind.when in words
        assert kind.example in words


# Verdicts


def test_the_verdict_prints_checks_that_failed_or_have_a_reservation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = pd.DataFrame()
    fine = hc.CheckResult("conflict", True, "No conflict.", table)
    notes = hc.CheckResult("priors", True, "Priors matter.", table, informs=True)
    leaning = hc.CheckResult(
        "identification", True, "It leans.", table, reservation="leans on priors"
    )
    failed = hc.CheckResult("convergence", False, "Not converged.", table)
    print_verdict([fine, notes])
    assert capsys.readouterr().out == "The check passed.\n"
    print_verdict([leaning, fine, notes])
    assert capsys.readouterr().out == (
        "1 of 2 checks passed and none failed; with a reservation: "
        "identification (leans on priors).\n"
        "  identification: It leans.\n"
    )
    print_verdict([failed, leaning, fine, notes])
    assert capsys.readouterr().out == (
        "1 of 3 checks failed: convergence.\n"
        "  convergence: Not converged.\n"
        "  identification: It leans.\n"
    )
    assert [str(result.verdict.name) for result in (fine, notes, leaning, failed)] == [
        "passed",
        "informs",
        "leans on priors",
        "failed",
    ]


# Outcomes


def test_problem_lines_are_all_prefixed(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        msg = "one\ntwo"
        raise hc.HeadcountError(msg)

    assert guarded(fail, debug=False) == 1
    assert capsys.readouterr().err == "headcount: one\nheadcount: two\n"


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(hc.InputError, match=r"none\.toml: cannot be read"):
        cli.main(["check", "none.toml", "--debug"])


def test_errors_of_the_system_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise PermissionError(13, "Permission denied", "secret.csv")

    assert guarded(fail, debug=False) == 1
    assert capsys.readouterr().err == "headcount: secret.csv: cannot be used (Permission denied)\n"


def test_unexpected_errors_are_reported_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        return [][0]

    assert guarded(fail, debug=False) == 1
    assert capsys.readouterr().err.splitlines() == [
        "headcount: an error that headcount did not expect: IndexError: list index out of range",
        "headcount: Please report it, with the output of the same command with --debug.",
    ]


def test_interrupt_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headcount.cli.commands.preflight_output.read_study", interrupt)
    assert cli.main(["check", "a.toml"]) == 1
    assert capsys.readouterr().err == "headcount: stopped; no unfinished file was left behind\n"


def test_warnings_are_lines_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    def warn() -> None:
        for _ in range(2):
            warnings.warn("doubtful", HeadcountWarning, stacklevel=1)
            warnings.warn("a library's own", DeprecationWarning, stacklevel=1)

    assert guarded(warn, debug=False) == 0
    assert capsys.readouterr().err == "warning: doubtful\n"


def test_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "headcount", "kinds"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")
