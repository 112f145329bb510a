"""Are shares of precision right? The toy study refitted with one prior or source twice as precise.

The share of a part is the elasticity of the answer's precision to the part's own
(docs/identification.md). Here each of the largest priors of the toy without its anchor is given
twice its precision, by dividing its standard deviation by the root of two, and the study is fitted
again. Printed: by how much the log precision of the log total rose, with its Monte Carlo error,
beside what the shares say: ``log(1 + share)``, the first order in the part's growth.

Run: uv run python benchmarks/shares.py --seed 1
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace

import numpy as np

import headcount as hc
from headcount.diagnostics.identification.precision_terms import PRIOR
from headcount.posterior.draw_statistics import ess_and_rhat
from headcount.study.priors import Prior

YEAR = 2021
PARTS = 6
"""Priors that are tried, the largest shares first."""


def log_precision(fit: hc.Fit) -> tuple[float, float]:
    """Return the log precision of the log total and its Monte Carlo error."""
    log_total = np.log(hc.headcount(fit).sel(year=YEAR).transpose("chain", "draw").to_numpy())
    squares = (log_total - log_total.mean()) ** 2
    size = float(ess_and_rhat(squares[None])["ess_bulk"][0])
    return -float(np.log(squares.mean())), float(squares.std() / squares.mean() / np.sqrt(size))


def doubled(spec: hc.ModelSpec, path: str) -> hc.ModelSpec:
    """Return the spec with a prior of twice the precision on its link scale."""
    prior = spec.priors[path]
    middle, sd = prior.parameters
    return hc.with_prior(spec, path, Prior(prior.support, prior.family, (middle, sd / np.sqrt(2))))


def main() -> None:
    """Fit, refit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=4000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", hc.HeadcountWarning)
    spec = hc.read_spec("models/toy.toml")
    observations = hc.read_observations("data/toy/observations.csv")
    rows = tuple(row for row in observations.rows if row.source != "registry")
    observations = replace(observations, rows=rows)
    sampler = hc.Sampler(draws=arguments.draws)
    base = hc.fit(spec, observations, seed=arguments.seed, sampler=sampler, progress=False)
    before, error = log_precision(base)
    shares = hc.rests_on(base, year=YEAR).shares.to_frame()
    print(f"{'prior twice as precise':45} {'share':>6} {'foretold':>9} {'refitted':>9} {'± se':>6}")
    priors = shares[(shares["kind"] == PRIOR)].head(PARTS)
    for i, line in enumerate(priors.itertuples(index=False), start=1):
        refitted = hc.fit(
            doubled(spec, line.name),
            observations,
            seed=arguments.seed + i,
            warm_start=base,
            sampler=sampler,
            progress=False,
        )
        after, own_error = log_precision(refitted)
        told = (line.share, np.log1p(line.share), after - before, np.hypot(error, own_error))
        print(
            f"{line.name:45} {told[0]:6.3f} {told[1]:9.3f} {told[2]:9.3f} {told[3]:6.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
