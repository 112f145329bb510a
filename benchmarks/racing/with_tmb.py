"""The plain model with TMB: no sampler but Laplace's approximation; see `plain.cpp` and `tmb.R`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.racing.handing import Clock, Job, Outcome, split

__all__ = ["run"]

HERE = Path(__file__).parent
SCALES = (
    "log_pool_sd",
    "log_region_sd",
    "log_region_rate_sd",
    "log_common_sd",
    "log_innovation_sd",
)
LEVELS = ("log_total", "log_growth", "log_multiplier")
VECTORS = ("log_noise", "log_reach_sd", "logit_coverage")
EFFECTS = ("pool_z", "region_z", "region_rate_z", "common_z", "innovation_z", "reach_z", "noise_z")
UNUSED = ("places", "shapes", "location", "scale")


def parameters(x: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the template's parameters in its order; innovations are column-major, as in R."""
    scales, levels = (np.array([float(x[name]) for name in own]) for own in (SCALES, LEVELS))
    noise, reach, coverage = (np.asarray(x[name]) for name in VECTORS)
    first = {"scales": scales, "log_noise": noise, "log_reach_sd": reach}
    second = {"levels": levels, "logit_coverage": coverage}
    return first | second | {name: np.ravel(x[name]) for name in EFFECTS}


def template_input(data: dict[str, Any], points: np.ndarray) -> dict[str, Any]:
    """Return what tmb.R reads."""
    start = {name: np.zeros(shape) for name, shape in data["shapes"].items()} | {
        name: own for name, own in data["location"].items() if not name.endswith("_z")
    }
    numbers = {name: own for name, own in data.items() if name not in UNUSED}
    for word, own in (("at", data["location"]), ("by", data["scale"])):
        put = parameters({name: np.zeros(shape) for name, shape in data["shapes"].items()} | own)
        numbers |= {f"{word}_{name}": put[name] for name in ("scales", "levels", *VECTORS)}
    flat = [
        np.concatenate([np.ravel(own) for own in parameters(x).values()])
        for x in split(points, data)
    ]
    return {"data": numbers, "parameters": parameters(start), "points": flat}


def run(job: Job) -> Outcome:
    """Write the input, let R work, and read the output."""
    clock = Clock(job.started)
    source, target = job.folder / "tmb_input.json", job.folder / "tmb_output.json"
    text = json.dumps(template_input(job.read(), np.load(job.points)), default=_plain)
    source.write_text(text, encoding="utf-8")
    build = Path(os.environ["HEADCOUNT_RACE_CACHE"]) / "tmb"
    build.mkdir(parents=True, exist_ok=True)
    clock.mark("import")
    call = [
        "Rscript",
        str(HERE / "tmb.R"),
        str(source),
        str(HERE / "plain.cpp"),
        str(build),
        str(target),
    ]
    subprocess.run(call, check=True)
    clock.mark("prepare")
    found = json.loads(target.read_text(encoding="utf-8"))
    job.check(found["density"])
    for phase in ("check", "sample"):
        clock.move(found["seconds"][phase], "prepare", phase)
    extra = {name: found[name] for name in ("mean", "sd", "converged", "message", "evaluations")}
    return Outcome(clock.seconds, None, None, f"TMB {found['version']}, no sampler", extra=extra)


def _plain(value: Any) -> Any:
    return value.tolist()
