"""The race: seconds until the same posterior can be trusted, by headcount and by other samplers.

Each contestant fits the same study in a fresh process, with the same numbers of chains and draws.
Peers have the warm-up draws that are asked for; headcount has as many as it takes by itself, after
its pilot runs. Then the same lines compute the same quantities from everybody's draws: every log
headcount of a region and year, the world's totals, every quantity with a prior and every source's
noise. Before speed is compared, densities and posteriors are shown to agree.

Figures: `min_ess_per_second` is the least bulk ESS of all quantities by the seconds of sampling,
warm-up included and compiling not; headcount's pilot runs count as warm-up. `seconds_to_trust` is
from the start of the process until every quantity has an ESS of 400 and an R-hat of 1.01;
extrapolated (~) at the measured rate where the run was not long enough. TMB does not sample: its
seconds are those of its approximation, and its error against headcount's posterior is reported.

Run: uv run --group bench python benchmarks/race.py --size small --peers
pymc,pymc-nutpie,numpyro,stan,tmb --seed 1
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

# So that the modules of the race are found from wherever this is started.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.racing import judging
from benchmarks.racing.handing import Outcome, read_density, read_outcome
from benchmarks.racing.launching import GRACE, ROOT, Launch, Launched, launch, missing, stan_python
from benchmarks.racing.plain import block_places, plain_data
from benchmarks.racing.studies import SIZES, write_study
from benchmarks.racing.tables import race_table

import headcount as hc
from headcount.layout.study_layout import Layout

FLAGSHIP = ROOT / "models" / "ml_engineers.toml"
PEERS = ("pymc", "pymc-nuts", "pymc-nutpie", "numpyro", "stan", "tmb")
OF_FLAGSHIP = ("pymc", "pymc-nuts", "pymc-nutpie")
POINTS = 3
EMPTY: dict[str, Any] = {
    "status": "",
    "sampler": None,
    "min_ess": None,
    "min_ess_of": None,
    "min_ess_per_second": None,
    "min_ess_per_second_without_pilots": None,
    "seconds_to_trust": None,
    "extrapolated": None,
    "max_rhat": None,
    "max_rhat_of": None,
    "divergences": None,
    "chains": None,
    "draws": None,
    "seconds": None,
    "total_seconds": None,
    "peak_mb": None,
    "density_difference": None,
    "agreement": None,
    "laplace": None,
    "notes": None,
}
"""What is reported of a contestant that did not get there."""


@dataclass(frozen=True)
class Race:
    """A study on disk, and who judges.

    Parameters
    ----------
    how
        Files and settings.
    folder
        Where everything is written.
    layout
        The study.
    """

    how: Launch
    folder: Path
    layout: Layout

    @cached_property
    def judge(self) -> judging.Judge:
        """Who computes quantities."""
        return judging.Judge(self.layout)

    @cached_property
    def densities(self) -> np.ndarray:
        """Headcount's log densities at the points."""
        return self.judge.densities(np.load(self.how.points))


def prepare(arguments: argparse.Namespace, folder: Path) -> Race:
    """Write the study, its numbers and the points at which densities are compared."""
    flagship = arguments.size == "flagship"
    model = (
        FLAGSHIP if flagship else write_study(SIZES[arguments.size], folder, seed=arguments.seed)
    )
    spec = hc.read_spec(model)
    rows = hc.read_observations(model.parent / spec.data / "observations.csv")
    layout = Layout.of(spec, hc.Study(spec, rows).observations)
    data = block_places(layout) if flagship else plain_data(layout)
    (folder / "numbers.json").write_text(json.dumps(data), encoding="utf-8")
    how = Launch(
        model,
        folder / "numbers.json",
        folder / "points.npy",
        arguments.seed,
        arguments.chains,
        arguments.draws,
        arguments.tune,
        arguments.limit,
        stan_python(arguments.stan_python),
    )
    race = Race(how, folder, layout)
    np.save(how.points, race.judge.points(POINTS, arguments.seed))
    return race


def run(race: Race, name: str, *, cold: bool) -> list[dict[str, Any]]:
    """Run a contestant once, or without and then with its compiled code; return the reports.

    headcount's engine is compiled when it is installed. A bare run comes before the cold one,
    without that too.
    """
    reason = missing(name, race.how.stan)
    if reason is None and race.how.model == FLAGSHIP and name not in ("headcount", *OF_FLAGSHIP):
        reason = "not written by hand for the flagship"
    if reason is not None:
        return [{"name": name} | EMPTY | {"status": f"skipped: {reason}"}]
    if not cold:
        return [run_once(race, name, name, None)]
    # What installing headcount compiled is there as well in a cold start, unless it is bare.
    bare = (
        [run_once(race, name, f"{name} (bare)", empty(race, "bare"), bare=True)]
        if name == "headcount"
        else []
    )
    cache = empty(race, name)
    return bare + [run_once(race, name, label, cache) for label in (f"{name} (cold)", name)]


def empty(race: Race, name: str) -> Path:
    """Return a place for compiled code that has none."""
    cache = race.folder / f"cache_{name}"
    shutil.rmtree(cache, ignore_errors=True)
    return cache


def run_once(
    race: Race, name: str, label: str, cache: Path | None, *, bare: bool = False
) -> dict[str, Any]:
    """Run a contestant once and report it."""
    print(f"{label} ...", file=sys.stderr, flush=True)
    folder = race.folder / label.replace(" ", "_")
    launched = launch(name, race.how, folder, cache, bare=bare)
    outcome = read_outcome(folder)
    found = {"name": label} | EMPTY
    found |= {"total_seconds": launched.seconds, "peak_mb": launched.peak_mb}
    found["status"] = _status(launched, outcome, race.how.limit)
    found["density_difference"] = judging.density_difference(read_density(folder), race.densities)
    if outcome is not None:
        found |= {"sampler": outcome.sampler, "seconds": outcome.seconds, "notes": _notes(outcome)}
        found |= _figures(race, outcome)
    return found


def _notes(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in outcome.extra.items() if name not in ("mean", "sd")}


def _status(launched: Launched, outcome: Outcome | None, limit: float) -> str:
    if outcome is not None:
        return (
            "finished"
            if outcome.finished
            else f"stopped after {limit:g} s, with the draws that it had"
        )
    if launched.killed:
        return f"not finished in {limit:g} s"
    return f"failed: {launched.error}"


def _figures(race: Race, outcome: Outcome) -> dict[str, Any]:
    """Return the quality of the draws, with the summary that the comparison takes out again."""
    if outcome.free is None:
        return {"approximation": (np.array(outcome.extra["mean"]), np.array(outcome.extra["sd"]))}
    # R-hat needs a few draws in each half of a chain.
    if outcome.free.shape[1] < 20:
        return {"chains": len(outcome.free), "draws": outcome.free.shape[1]}
    summary = race.judge.summary(outcome.free)
    worst, least = int(summary.rhat.argmax()), int(summary.ess.argmin())
    seconds = outcome.seconds
    running, pilot = seconds["sample"], seconds.get("pilot", 0.0)
    before = sum(seconds.values()) - running - seconds.get("check", 0.0)
    trust, extrapolated = judging.seconds_to_trust(
        summary, before=before, running=running, tune=outcome.extra.get("tune", race.how.tune)
    )
    return {
        "chains": len(outcome.free),
        "draws": outcome.free.shape[1],
        "min_ess": float(summary.ess[least]),
        "min_ess_of": summary.names[least],
        "min_ess_per_second": float(summary.ess[least])
        / (running + pilot + seconds.get("after", 0.0)),
        "min_ess_per_second_without_pilots": float(summary.ess[least]) / running,
        "seconds_to_trust": trust,
        "extrapolated": extrapolated,
        "max_rhat": float(summary.rhat[worst]) if np.isfinite(summary.rhat[worst]) else None,
        "max_rhat_of": summary.names[worst],
        "divergences": outcome.divergences,
        "summary": summary,
    }


def compare(race: Race, fits: list[dict[str, Any]]) -> None:
    """Compare all with headcount, and take out what is no figure."""
    ours = fits[[fit["name"] for fit in fits].index("headcount")].get("summary")
    for fit in fits:
        theirs, approximation = fit.pop("summary", None), fit.pop("approximation", None)
        if ours is None or fit["name"].startswith("headcount"):
            continue
        if theirs is not None:
            fit["agreement"] = judging.agreement(theirs, ours)
        if approximation is not None:
            # R lays matrices out column by column, here a region's years.
            shape = race.judge.headcounts(ours)[0].shape
            mean, sd = (own.reshape(shape) for own in approximation)
            fit["laplace"] = judging.laplace_error(mean, sd, race.judge.headcounts(ours))


def machine() -> dict[str, Any]:
    """Say what it was run on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"python": platform.python_version(), "system": platform.system(), "cores": cores}


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=(*SIZES, "flagship"), default="small")
    parser.add_argument(
        "--peers", default="pymc-nutpie", help=f"of {', '.join(PEERS)}, with commas"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--draws", type=int, default=1000, help="kept draws of each chain")
    parser.add_argument(
        "--tune", type=int, default=1000, help="warm-up draws of each chain of a peer"
    )
    parser.add_argument(
        "--limit", type=float, default=900, help=f"seconds; nutpie has {GRACE:g} more to hand over"
    )
    parser.add_argument(
        "--cold",
        action="store_true",
        help="first with empty caches (headcount also without machine code), then warm",
    )
    parser.add_argument("--stan-python", type=Path, help="a Python 3.11 with pystan")
    parser.add_argument("--keep", type=Path, help="folder in which draws and figures stay")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    arguments.peers = [name for name in arguments.peers.split(",") if name]
    unknown = sorted(set(arguments.peers) - set(PEERS))
    if unknown:
        parser.error(f"unknown peers: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return arguments


def main() -> None:
    """Run the race and print it."""
    arguments = parse()
    # So that a race that is ended ends its contestant first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    where: AbstractContextManager[Any] = (
        nullcontext(arguments.keep)
        if arguments.keep
        else tempfile.TemporaryDirectory(prefix="race_")
    )
    with where as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        race = prepare(arguments, Path(folder).absolute())
        fits: list[dict[str, Any]] = []
        for name in ("headcount", *arguments.peers):
            fits += run(race, name, cold=arguments.cold)
        compare(race, fits)
        unknowns = int(np.load(race.how.points).shape[1])
    settings = {
        name: getattr(arguments, name)
        for name in ("size", "seed", "chains", "draws", "tune", "limit")
    }
    settings |= {"rows": len(race.layout.observations.fitted), "unknowns": unknowns}
    print(race_table(fits))
    if arguments.json:
        print(json.dumps({"fits": fits, "race": settings | machine()}, allow_nan=False))


if __name__ == "__main__":
    main()
