"""Contestants in fresh processes: their memory, and their end with all children at the limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Launch", "Launched", "launch", "missing", "stan_python", "watched"]

ROOT = Path(__file__).parents[2]
GRACE = 30.0
"""Seconds beyond the limit that a sampler has for handing over the draws that it was stopped at."""
LOOK = 0.5
"""Seconds between looks at memory: what lives shorter is not seen."""
TAIL = 1500
"""Characters of a failed contestant's last words that are reported."""

HOW_STAN = (
    "it needs an environment of Python 3.11: uv venv --python 3.11 .venv-stan && "
    "uv pip install --python .venv-stan/bin/python 'pystan==3.10.*' 'setuptools<81', then "
    "--stan-python .venv-stan/bin/python, or HEADCOUNT_STAN_PYTHON"
)
HOW_TMB = "it needs R with TMB and jsonlite (Debian: r-cran-tmb r-cran-jsonlite) and a C++ compiler"
HOW_NUMPYRO = "install it with: uv sync --group bench"


@dataclass(frozen=True)
class Launch:
    """How contestants are started.

    Parameters
    ----------
    model, data, points
        Files of the study.
    seed, chains, draws, tune
        Of the run.
    limit
        Seconds.
    stan
        Stan's Python, if there is one.
    """

    model: Path
    data: Path
    points: Path
    seed: int
    chains: int
    draws: int
    tune: int
    limit: float
    stan: Path | None


@dataclass(frozen=True)
class Launched:
    """How a contestant's process ended.

    Parameters
    ----------
    seconds
        Wall time of the process.
    peak_mb
        Largest sum of memory over its processes, shared pages counted once; None where the system
        does not tell.
    killed
        Whether it was ended at the limit.
    error
        Its last words if it failed by itself.
    """

    seconds: float
    peak_mb: float | None
    killed: bool
    error: str | None


def stan_python(given: Path | None) -> Path | None:
    """Return the Python that has pystan: the one given, HEADCOUNT_STAN_PYTHON, or .venv-stan."""
    named = os.environ.get("HEADCOUNT_STAN_PYTHON")
    candidates = [given, Path(named) if named else None, ROOT / ".venv-stan" / "bin" / "python"]
    return next((path.absolute() for path in candidates if path and path.exists()), None)


def missing(name: str, stan: Path | None) -> str | None:
    """Return why a contestant cannot run here and what to do, if it cannot."""
    if name == "stan" and (stan is None or not _runs([str(stan), "-c", "import stan"])):
        return HOW_STAN
    if name == "tmb":
        check = "quit(status = !(requireNamespace('TMB') && requireNamespace('jsonlite')))"
        if shutil.which("Rscript") is None or not _runs(["Rscript", "-e", check]):
            return HOW_TMB
    if name == "numpyro" and not _runs([sys.executable, "-c", "import numpyro"]):
        return HOW_NUMPYRO
    return None


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def launch(
    name: str, how: Launch, folder: Path, cache: Path | None, *, bare: bool = False
) -> Launched:
    """Run a contestant to its end or to the limit.

    Parameters
    ----------
    name
        Of the contestant.
    how
        The race.
    folder
        Where its results go; made here, and emptied of an earlier race's.
    cache
        Where it finds and leaves compiled code; the user's own places if None.
    bare
        Whether headcount does without the machine code that was left when it was installed.
    """
    # What an earlier race has left there must not be taken for this one's.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = _command(name, how, folder, time.time())
    limit = how.limit + GRACE if name == "pymc-nutpie" else how.limit
    environment = _environment(cache, folder)
    if bare:
        environment["HEADCOUNT_MACHINE_CODE"] = str(folder.absolute() / "nothing")
    return watched(command, environment, folder / "output.txt", limit)


def watched(
    command: list[str], environment: dict[str, str], output: Path, limit: float
) -> Launched:
    """Run a command in a session of its own, at most some seconds; its output goes to a file."""
    started = time.monotonic()
    with output.open("w", encoding="utf-8") as text:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=text,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        peak, killed = _watch(process, limit)
    seconds = time.monotonic() - started
    failed = process.returncode != 0 and not killed
    words = output.read_text(encoding="utf-8", errors="replace")[-TAIL:]
    return Launched(seconds, peak, killed, words if failed else None)


def _command(name: str, how: Launch, folder: Path, started: float) -> list[str]:
    python = str(how.stan) if name == "stan" else sys.executable
    options = {
        "model": how.model.absolute(),
        "data": how.data.absolute(),
        "points": how.points.absolute(),
        "folder": folder.absolute(),
        "started": started,
        "seed": how.seed,
        "chains": how.chains,
        "draws": how.draws,
        "tune": how.tune,
        "limit": how.limit,
    }
    pairs = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    return [python, "-m", "benchmarks.racing.run", name, *pairs]


def _environment(cache: Path | None, folder: Path) -> dict[str, str]:
    """Return the environment; with a cache of its own, nothing compiled is found outside it."""
    own = dict(os.environ)
    own["HEADCOUNT_RACE_CACHE"] = str((cache or folder).absolute())
    if cache is None:
        return own
    cache = cache.absolute()
    flags = [own["PYTENSOR_FLAGS"]] if own.get("PYTENSOR_FLAGS") else []
    return own | {
        "NUMBA_CACHE_DIR": str(cache / "numba"),
        "PYTENSOR_FLAGS": ",".join([*flags, f"base_compiledir={cache / 'pytensor'}"]),
        "XDG_CACHE_HOME": str(cache / "xdg"),
    }


def _watch(process: subprocess.Popen[bytes], limit: float) -> tuple[float | None, bool]:
    """Wait for a process; return its peak memory in MB and whether it was ended at the limit."""
    deadline, peak = time.monotonic() + limit, 0.0
    try:
        while process.poll() is None and time.monotonic() < deadline:
            peak = max(peak, _session_mb(process.pid))
            time.sleep(LOOK)
        return peak or None, process.poll() is None
    finally:
        # Also where the race itself is stopped: nothing of a contestant goes on running.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        _end_session(process.pid)
        process.wait()


def _end_session(leader: int) -> None:
    """End what a contestant has left running in groups of its own."""
    for pid in _members(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _members(leader: int) -> list[int]:
    """Return the processes of a session; none where the system has no /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == leader:
            found.append(int(path.parent.name))
    return found


def _session_mb(leader: int) -> float:
    """Return the memory of a session's processes in MB; shared pages are divided among them."""
    total = 0.0
    for pid in _members(leader):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        total += sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total
