"""The plain model in PyMC, as a competent user would write it, and `pm.sample`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from benchmarks.racing.handing import Clock, Job, Outcome, join, split

__all__ = ["build", "densities", "run"]


def build(job: Job, data: dict[str, Any]) -> pm.Model:
    """Return a hand-written model of the plain study, and headcount's own graph of any other."""
    if "location" in data:
        return plain_model(data)
    import headcount as hc  # only for studies that nobody has written by hand

    spec = hc.read_spec(job.model)
    model = hc.build_model(
        spec, hc.read_observations(job.model.parent / spec.data / "observations.csv")
    )
    data["shapes"] = {name: list(own.shape) for name, own in model.initial_point().items()}
    return model


def plain_model(data: dict[str, Any]) -> pm.Model:
    """Write the plain study down."""
    with pm.Model() as model:
        x = {
            name: pm.Normal(name, data["location"][name], data["scale"][name], shape=tuple(shape))
            for name, shape in data["shapes"].items()
        }
        headcount = _log_headcount(x, data)
        coverage = x["logit_coverage"][data["pair_platform"]]
        logit = coverage + pt.exp(x["log_reach_sd"])[data["pair_platform"]] * x["reach_z"]
        log_reach = pm.math.log(pm.math.invlogit(logit))
        noise = pt.exp(x["log_noise"][data["source_kind"]] + data["noise_spread"] * x["noise_z"])
        seen = (
            headcount[data["platform_region"], data["platform_year"]]
            + log_reach[data["platform_pair"]]
        )
        world = pt.logsumexp(headcount, axis=0)[data["analyst_year"]] + x["log_multiplier"]
        _observe("register", headcount[data["register_region"], data["register_year"]], noise, data)
        _observe("platform", seen, noise, data)
        if data["unseen_pair"].size:
            unseen = (
                headcount[data["unseen_region"], data["unseen_year"]]
                + log_reach[data["unseen_pair"]]
            )
            pm.Potential("unseen", _fewer_than_one(unseen, noise, data))
        _observe("analyst", world, noise, data)
    return model


def _log_headcount(x: dict[str, Any], data: dict[str, Any]) -> Any:
    """Return the latent log headcount; dims (region, year)."""
    effect = (
        data["pool"] * pt.exp(x["log_pool_sd"]) * x["pool_z"]
        + pt.exp(x["log_region_sd"]) * x["region_z"]
    )
    share = effect - pt.logsumexp(effect)
    rate = x["log_growth"] + pt.exp(x["log_region_rate_sd"]) * x["region_rate_z"]
    common = pt.exp(x["log_common_sd"]) * x["common_z"]
    growth = rate[:, None] + common[None, :] + pt.exp(x["log_innovation_sd"]) * x["innovation_z"]
    walk = pt.concatenate([pt.zeros((data["regions"], 1)), pt.cumsum(growth, axis=1)], axis=1)
    path = walk - walk[:, data["reference"]][:, None]
    return x["log_total"] + share[:, None] + path


def _observe(table: str, expected: Any, noise: Any, data: dict[str, Any]) -> None:
    spread = pt.sqrt(noise[data[f"{table}_source"]] ** 2 + data[f"{table}_variance"])
    freedom = data["degrees_of_freedom"]
    pm.StudentT(table, nu=freedom, mu=expected, sigma=spread, observed=data[f"{table}_log"])


def _fewer_than_one(expected: Any, noise: Any, data: dict[str, Any]) -> Any:
    """Return the log probability that a count is below one, for Student's t with 4 df."""
    t = -expected / pt.sqrt(noise[data["unseen_source"]] ** 2 + data["unseen_variance"])
    c = t / pt.sqrt(4 + t**2)
    return pt.sum(2 * pt.log1p(c) + pt.log(2 - c) - np.log(4))


def densities(model: pm.Model, job: Job, data: dict[str, Any]) -> list[float]:
    """Evaluate the log density at the points; not compiled, since it is needed a few times only."""
    evaluate = model.compile_logp(mode="FAST_COMPILE")
    return [float(evaluate(point)) for point in split(np.load(job.points), data)]


def run(job: Job) -> Outcome:
    """Sample with `pm.sample` and its choice of sampler, or PyMC's own for the name pymc-nuts."""
    clock = Clock(job.started)
    # xarray imports dask, where it is installed, when it makes a first array.
    xr.DataArray(np.zeros(1))
    clock.mark("import")
    data = job.read()
    model = build(job, data)
    clock.mark("prepare")
    job.check(densities(model, job, data))
    clock.mark("check")
    chosen = {"nuts_sampler": "pymc"} if job.name == "pymc-nuts" else {}
    with model:
        tree = pm.sample(
            job.draws,
            tune=job.tune,
            chains=job.chains,
            cores=job.chains,
            random_seed=job.seed,
            progressbar=False,
            **chosen,
        )
    clock.mark("prepare")
    attributes = dict(tree["posterior"].attrs) | dict(tree.attrs)
    clock.move(float(attributes["sampling_time"]), "prepare", "sample")
    named = {name: tree["posterior"][name].to_numpy() for name in data["places"]}
    chosen = attributes.get("inference_library", "its own")
    sampler = f"pm.sample of PyMC {pm.__version__}, which chose {chosen}"
    return Outcome(
        clock.seconds,
        join(named, data),
        int(tree["sample_stats"]["diverging"].sum()),
        sampler if not chosen else f"PyMC {pm.__version__}",
        extra=_steps(tree),
    )


def _steps(tree: Any) -> dict[str, float]:
    return {"steps_per_draw": float(tree["sample_stats"]["n_steps"].mean())}
