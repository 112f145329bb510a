"""Misspecification: simulated truths with a fault that the fitted spec ignores, and the checks.

Each scenario simulates truths and rows from a spec that has a fault (sources that share an error,
coverage that drifts, rows with long tails, lists that depend on each other) and fits them with one
that does not. Printed: how often intervals contain the truth, by group, against the same rows
fitted with the spec that they came from; and the fraction of studies in which each check fails.

Run: uv run python benchmarks/misspecification.py --studies 40 --seed 1 --out
calibration/misspecification
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import headcount as hc
from headcount.workflows.batches import BatchOptions, Job, Outcome, run_batch
from headcount.workflows.calibration.calibrated_quantities import RankTruth, true_values
from headcount.workflows.calibration.calibration_result import Calibration, gather

STUDIES = Path(__file__).parent / "calibration"
RANK_DRAWS = 99
PROBABILITIES = (50, 80, 90, 95)
GROUPS = ("total", "headcount", "growth")

type Document = dict[str, Any]


@dataclass(frozen=True)
class RanksAndChecks:
    """Summary: ranks of the truth, and which checks passed."""

    ranks: RankTruth

    def __call__(self, fit: hc.Fit) -> Mapping[str, np.ndarray]:
        """Return the ranks, and 1 for each check that passed, by name."""
        passed = {f"check {result.name}": np.array(int(result.passed)) for result in hc.check(fit)}
        return {**self.ranks(fit), **passed}


@dataclass(frozen=True)
class Scenario:
    """A study, its fault, and the fitted spec that ignores the fault."""

    name: str
    study: str
    faulty: Callable[[Document], None]
    ignorant: Callable[[Document], None]


def shared_error(document: Document) -> None:
    """Let the network and its reseller err together by a factor of up to two."""
    document["lineages"]["network"]["error"] = {"low": 0.5, "high": 2}


def no_lineage(document: Document) -> None:
    """Take all sources for independent witnesses."""
    del document["lineages"], document["shared_bias"]
    for source in document["sources"].values():
        source.pop("lineage", None)


def strong_drift(document: Document) -> None:
    """Let the network's coverage wander by a fifth to a half a year."""
    document["sources"]["network"]["drift_sd"] = {"low": 0.2, "high": 0.5}


def no_drift(document: Document) -> None:
    """Take coverage for constant."""
    del document["sources"]["network"]["drift_sd"]


def long_tails(document: Document) -> None:
    """Let all rows err with long tails, and more than usual."""
    for kind in document["source_kinds"].values():
        kind["tails"] = "student_t"
    document["source_kinds"]["platform"]["noise"] = {"low": 0.15, "high": 0.3}


def short_tails(document: Document) -> None:
    """Take all errors for normal, and small."""
    for kind in document["source_kinds"].values():
        kind["tails"] = "normal"
    document["source_kinds"]["platform"]["noise"] = {"low": 0.05, "high": 0.12}


def dependent_lists(document: Document) -> None:
    """Let those on one list be much likelier to be on the other."""
    document["sources"]["linkage"]["dependence"] = {"low": 3, "high": 8}


def independent_lists(document: Document) -> None:
    """Take the lists for independent, as capture and recapture often does."""
    document["sources"]["linkage"]["dependence"] = {"low": 0.9, "high": 1.1}


SCENARIOS = (
    Scenario("dependence between sources", "platforms", shared_error, no_lineage),
    Scenario("drift of coverage", "platforms", strong_drift, no_drift),
    Scenario("heavier tails", "platforms", long_tails, short_tails),
    Scenario("dependence between lists", "lists", dependent_lists, independent_lists),
)


def changed(spec: hc.ModelSpec, change: Callable[[Document], None]) -> hc.ModelSpec:
    """Return the spec with its document changed."""
    document = spec.document
    change(document)
    return hc.parse_spec(
        document, areas=spec.areas, covariates=spec.covariate_table, name=spec.name
    )


def calibration_of(
    scenario: Scenario, arguments: argparse.Namespace, *, knows: bool
) -> tuple[Calibration, list[Outcome]]:
    """Fit simulated rows with the spec that they came from, or with the one that ignores it."""
    folder = STUDIES / scenario.study
    spec = hc.read_spec(folder / f"{scenario.study}.toml")
    rows = hc.read_observations(folder / "data" / "observations.csv")
    faulty = changed(spec, scenario.faulty)
    fitted = faulty if knows else changed(spec, scenario.ignorant)
    simulations = [
        hc.simulate(faulty, rows, seed=arguments.seed + number)
        for number in range(arguments.studies)
    ]
    summaries = [
        RanksAndChecks(RankTruth(true_values(made, faulty), RANK_DRAWS, made.seed))
        for made in simulations
    ]
    jobs = [
        Job(f"study-{made.seed:06d}", hc.Study(fitted, made.observations), made.seed, summarise)
        for made, summarise in zip(simulations, summaries, strict=True)
    ]
    where = arguments.out / scenario.name.replace(" ", "-") / ("knows" if knows else "ignorant")
    outcomes = run_batch(jobs, BatchOptions(folder=where, processes=arguments.processes))
    done = [outcome for outcome in outcomes if not outcome.error]
    return gather(scenario.name, outcomes, summaries[0].ranks), done


def alarms(outcomes: list[Outcome]) -> str:
    """Return the fraction of studies in which each check failed."""
    names = [name for name in outcomes[0].values if name.startswith("check ")]
    parts = {name: 1 - np.mean([outcome.values[name] for outcome in outcomes]) for name in names}
    return ", ".join(f"{name.removeprefix('check ')} {part:.0%}" for name, part in parts.items())


def main() -> None:
    """Run all scenarios and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--out", type=Path, default=Path("calibration/misspecification"))
    arguments = parser.parse_args()
    print(
        "| fault | fitted spec | "
        + " | ".join(f"{group}: 50/80/90/95 %" for group in GROUPS)
        + " | checks fail |"
    )
    print("|---|---|" + "---|" * (len(GROUPS) + 1))
    for scenario in SCENARIOS:
        for knows in (True, False):
            found, outcomes = calibration_of(scenario, arguments, knows=knows)
            groups = found.by_group().set_index("group")
            cells = [
                "/".join(
                    f"{100 * groups.loc[group, f'coverage_{prob}']:.0f}" for prob in PROBABILITIES
                )
                for group in GROUPS
            ]
            who = "knows" if knows else "does not know"
            print(
                f"| {scenario.name} | {who} | {' | '.join(cells)} | {alarms(outcomes)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
