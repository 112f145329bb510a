"""The plain model in Stan through pystan, in an environment of its own; see `plain.stan`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import stan
from benchmarks.racing.handing import Clock, Job, Outcome, join, split
from httpstan import cache

__all__ = ["run"]

PROGRAM = Path(__file__).with_name("plain.stan")
SIZES = (
    "regions",
    "years",
    "kinds",
    "sources",
    "platforms",
    "pairs",
    "degrees_of_freedom",
    "noise_spread",
)
INDICES = ("source_kind", "pair_platform")
TABLES = {
    "register": ("source", "region", "year"),
    "platform": ("source", "region", "year", "pair"),
    "unseen": ("source", "region", "year", "pair"),
    "analyst": ("source", "year"),
}


def stan_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data block; Stan counts from one."""
    found = {name: data[name] for name in SIZES}
    found |= {name: (data[name] + 1).tolist() for name in INDICES}
    found |= {"reference": data["reference"] + 1, "pool": data["pool"].tolist()}
    for table, indices in TABLES.items():
        found[f"{table}_rows"] = len(data[f"{table}_log"])
        found |= {f"{table}_{name}": (data[f"{table}_{name}"] + 1).tolist() for name in indices}
        found |= {
            f"{table}_{name}": data[f"{table}_{name}"].tolist() for name in ("log", "variance")
        }
    for word, numbers in (("at", data["location"]), ("by", data["scale"])):
        centred = {name: own for name, own in numbers.items() if not name.endswith("_z")}
        found |= {f"{word}_{name}": np.asarray(own).tolist() for name, own in centred.items()}
    return found


def run(job: Job) -> Outcome:
    """Build and sample."""
    clock = Clock(job.started)
    clock.mark("import")
    data = job.read()
    model = stan.build(
        PROGRAM.read_text(encoding="utf-8"), data=stan_data(data), random_seed=job.seed
    )
    clock.mark("prepare")
    job.check(_densities(model, job, data))
    _forget_fits(model)
    clock.mark("check")
    fit = model.sample(num_chains=job.chains, num_samples=job.draws, num_warmup=job.tune)
    clock.mark("sample")
    named = {name: _by_chain(fit[name], job, data["shapes"][name]) for name in data["places"]}
    return Outcome(
        clock.seconds,
        join(named, data),
        int(fit["divergent__"].sum()),
        f"Stan through pystan {stan.__version__}",
        extra={"steps_per_draw": float(fit["n_leapfrog__"].mean())},
    )


def _forget_fits(model: Any) -> None:
    """Delete httpstan's cache of earlier runs: with the same seed it would return old draws."""
    shutil.rmtree(cache.model_directory(model.model_name) / "fits", ignore_errors=True)


def _by_chain(values: np.ndarray, job: Job, shape: list[int]) -> np.ndarray:
    """Return draws with dims (chain, draw, ...) from dims (..., draw and chain alternating)."""
    return (
        np.moveaxis(values.reshape(-1, job.draws, job.chains), 0, -1)
        .swapaxes(0, 1)
        .reshape(job.chains, job.draws, *shape)
    )


def _densities(model: Any, job: Job, data: dict[str, Any]) -> list[float]:
    """Evaluate the log density at points without offsets and multipliers, as Stan takes them."""
    found = []
    for point in split(np.load(job.points), data):
        free = [(own - data["location"][name]) / data["scale"][name] for name, own in point.items()]
        flat = np.concatenate([np.ravel(own) for own in free]).tolist()
        found.append(model.log_prob(flat, adjust_transform=False))
    return found
