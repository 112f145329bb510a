"""Does a fit find the truth? Fit simulated studies and count intervals that hold it.

Each study is a draw from the prior whose world total lies in a sensible range, with rows laid out
as in the real study. Over a prior draw, 90 % intervals hold the truth in 90 % of cases; the
headcounts of one study share its errors, so the spread between studies is what its Monte Carlo
error is taken from.

Run: uv run python benchmarks/recovery.py models/ml_engineers.toml --studies 10 --seed 1
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import headcount as hc

PROBABILITIES = (0.5, 0.8, 0.9, 0.95)


def coverage(draws: np.ndarray, truth: np.ndarray, prob: float) -> float:
    """Return the part of cells whose equal-tailed interval holds the truth; draws come first."""
    low, high = np.quantile(draws, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    return float(((low <= truth) & (truth <= high)).mean())


def one_study(
    spec: hc.ModelSpec, rows: hc.Observations, seed: int, draws: int, within: tuple[float, float]
) -> dict:
    """Simulate a study, fit it, and return what was found."""
    made = hc.simulate(spec, rows, seed=seed, within=within)
    started = time.perf_counter()
    fit = hc.fit(
        spec,
        made.observations,
        seed=seed,
        progress=False,
        sampler=hc.Sampler(chains=2, draws=draws, tune=draws),
    )
    logs = fit.posterior["log_headcount"].stack(sample=("chain", "draw")).transpose("sample", ...)
    truth = np.log(made.truth["headcount"].transpose("region", "year").values)
    middle = np.median(logs.values, axis=0)
    return {
        "seed": seed,
        "coverage": {prob: coverage(logs.values, truth, prob) for prob in PROBABILITIES},
        "bias": float((middle - truth).mean()),
        "rmse": float(np.sqrt(((middle - truth) ** 2).mean())),
        "below": float((np.quantile(logs.values, 0.95, axis=0) < truth).mean()),
        "above": float((np.quantile(logs.values, 0.05, axis=0) > truth).mean()),
        "divergences": fit.divergences,
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    """Run the studies and print one line for each, then the averages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--within",
        type=float,
        nargs=2,
        default=(2e5, 2e6),
        help="sensible range of the root's headcount",
    )
    arguments = parser.parse_args()
    spec = hc.read_spec(arguments.model)
    rows = hc.read_observations(arguments.model.parent / spec.data / "observations.csv")
    found = []
    for study in range(arguments.studies):
        found.append(
            one_study(spec, rows, arguments.seed + study, arguments.draws, tuple(arguments.within))
        )
        print(json.dumps(found[-1]), flush=True)
    for prob in PROBABILITIES:
        values = np.array([study["coverage"][prob] for study in found])
        error = values.std(ddof=1) / np.sqrt(len(values))
        print(
            f"{prob:.0%} intervals hold {values.mean():.1%} of region-years "
            f"(Monte Carlo error {error:.1%})"
        )
    for name in ("bias", "rmse", "below", "above"):
        print(name, f"{np.mean([study[name] for study in found]):.3f}")


if __name__ == "__main__":
    main()
