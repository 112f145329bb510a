"""The plain model in NumPyro, as a competent user would write it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from benchmarks.racing.handing import Clock, Job, Outcome, join, split
from jax.scipy.special import logsumexp
from numpyro.infer import MCMC, NUTS, init_to_median
from numpyro.infer.util import log_density

__all__ = ["run"]

COMPILING = ("backend_compile_duration", "jaxpr_to_mlir_module_duration")
"""Endings of the names by which JAX reports what compiling took."""


def plain_model(data: dict[str, Any]) -> None:
    """Write the plain study down."""
    x = {}
    for name, shape in data["shapes"].items():
        prior = dist.Normal(jnp.asarray(data["location"][name]), jnp.asarray(data["scale"][name]))
        x[name] = numpyro.sample(name, prior.expand(shape).to_event(len(shape)))
    headcount = _log_headcount(x, data)
    own = data["pair_platform"]
    log_reach = jax.nn.log_sigmoid(
        x["logit_coverage"][own] + jnp.exp(x["log_reach_sd"])[own] * x["reach_z"]
    )
    noise = jnp.exp(x["log_noise"][data["source_kind"]] + data["noise_spread"] * x["noise_z"])
    seen = (
        headcount[data["platform_region"], data["platform_year"]] + log_reach[data["platform_pair"]]
    )
    world = logsumexp(headcount, axis=0)[data["analyst_year"]] + x["log_multiplier"]
    _observe("register", headcount[data["register_region"], data["register_year"]], noise, data)
    _observe("platform", seen, noise, data)
    unseen = headcount[data["unseen_region"], data["unseen_year"]] + log_reach[data["unseen_pair"]]
    numpyro.factor("unseen", _fewer_than_one(unseen, noise, data))
    _observe("analyst", world, noise, data)


def _log_headcount(x: dict[str, Any], data: dict[str, Any]) -> jax.Array:
    """Return the latent log headcount; dims (region, year)."""
    effect = data["pool"] * jnp.exp(x["log_pool_sd"]) * x["pool_z"]
    effect = effect + jnp.exp(x["log_region_sd"]) * x["region_z"]
    share = effect - logsumexp(effect)
    rate = x["log_growth"] + jnp.exp(x["log_region_rate_sd"]) * x["region_rate_z"]
    common = jnp.exp(x["log_common_sd"]) * x["common_z"]
    growth = rate[:, None] + common[None, :] + jnp.exp(x["log_innovation_sd"]) * x["innovation_z"]
    walk = jnp.pad(jnp.cumsum(growth, axis=1), ((0, 0), (1, 0)))
    path = walk - walk[:, [data["reference"]]]
    return x["log_total"] + share[:, None] + path


def _observe(table: str, expected: jax.Array, noise: jax.Array, data: dict[str, Any]) -> None:
    spread = jnp.sqrt(noise[data[f"{table}_source"]] ** 2 + data[f"{table}_variance"])
    rows = dist.StudentT(data["degrees_of_freedom"], expected, spread)
    numpyro.sample(table, rows.to_event(1), obs=data[f"{table}_log"])


def _fewer_than_one(expected: jax.Array, noise: jax.Array, data: dict[str, Any]) -> jax.Array:
    """Return the log probability that a count is below one, for Student's t with 4 df."""
    t = -expected / jnp.sqrt(noise[data["unseen_source"]] ** 2 + data["unseen_variance"])
    c = t / jnp.sqrt(4 + t**2)
    return jnp.sum(2 * jnp.log1p(c) + jnp.log(2 - c) - jnp.log(4))


def run(job: Job) -> Outcome:
    """Sample with NUTS, a chain on each of as many host devices as there are chains."""
    numpyro.enable_x64()
    numpyro.set_host_device_count(job.chains)
    clock = Clock(job.started)
    clock.mark("import")
    data = job.read()
    clock.mark("prepare")
    points = split(np.load(job.points), data)
    job.check([float(log_density(plain_model, (data,), {}, point)[0]) for point in points])
    clock.mark("check")
    compiling: list[float] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, seconds, **_: compiling.append(seconds) if name.endswith(COMPILING) else None
    )
    sampler = MCMC(
        NUTS(plain_model, init_strategy=init_to_median),
        num_warmup=job.tune,
        num_samples=job.draws,
        num_chains=job.chains,
        chain_method="parallel",
        progress_bar=False,
    )
    sampler.run(jax.random.PRNGKey(job.seed), data, extra_fields=("diverging", "num_steps"))
    draws = {
        name: np.asarray(own) for name, own in sampler.get_samples(group_by_chain=True).items()
    }
    fields = sampler.get_extra_fields()
    clock.mark("sample")
    clock.move(sum(compiling), "sample", "prepare")
    return Outcome(
        clock.seconds,
        join(draws, data),
        int(fields["diverging"].sum()),
        f"NumPyro {numpyro.__version__}, JAX {jax.__version__}",
        extra={
            "steps_per_draw": float(fields["num_steps"].mean()),
            "devices": jax.local_device_count(),
        },
    )
