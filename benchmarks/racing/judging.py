"""What the draws are worth: effective draws, R-hat, seconds to trust, and agreement with headcount.

All contestants hand over draws of the same free vector, so the same lines compute the same
quantities for each. ESS in the bulk and R-hat do not change under monotone maps; means and sds are
compared on the scale of the links.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import arviz as az
import numpy as np
import xarray as xr
from scipy import stats
from scipy.special import logsumexp

from headcount.engine.density.evaluation import evaluate
from headcount.engine.density.log_density import log_density_and_gradient
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.free_vector import segments_of
from headcount.layout.study_layout import Layout

__all__ = [
    "Judge",
    "Summary",
    "agreement",
    "density_difference",
    "laplace_error",
    "seconds_to_trust",
]

ENOUGH, MIXED = 400.0, 1.01
"""ESS and R-hat at which headcount's own reports call a number converged."""
TOO_FEW = 100.0
"""ESS below which a Monte Carlo standard error is not known well enough to compare by."""
APART = 4.0
"""Monte Carlo standard errors."""
PARTS = 20
"""A run is looked at after each of so many parts for the first that can be trusted."""


@dataclass(frozen=True)
class Summary:
    """Quantities of one run, dims (quantity,); the draws have dims (chain, draw, quantity)."""

    names: list[str]
    draws: np.ndarray

    @cached_property
    def ess(self) -> np.ndarray:
        """Effective draws in the bulk; one where they cannot be computed."""
        return np.nan_to_num(_by_quantity(az.ess, self.draws, method="bulk"), nan=1.0)

    @cached_property
    def rhat(self) -> np.ndarray:
        """R-hat; infinite where it cannot be computed."""
        return np.nan_to_num(_by_quantity(az.rhat, self.draws), nan=np.inf)

    @cached_property
    def moments(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and sd with their Monte Carlo standard errors."""
        flat = self.draws.reshape(-1, len(self.names))
        values = {"mean": flat.mean(axis=0), "sd": flat.std(axis=0, ddof=1)}
        return {
            name: (own, _by_quantity(az.mcse, self.draws, method=name))
            for name, own in values.items()
        }

    def first(self, draws: int) -> Summary:
        """Return the summary that was to be had after fewer draws."""
        return Summary(self.names, self.draws[:, :draws])

    @property
    def trusted(self) -> bool:
        """Whether every quantity has enough effective draws and has mixed."""
        return bool(self.ess.min() >= ENOUGH and self.rhat.max() <= MIXED)


def _by_quantity(function: Any, draws: np.ndarray, **options: str) -> np.ndarray:
    found = function(xr.Dataset({"q": (("chain", "draw", "quantity"), draws)}), **options)
    return np.asarray(found["q"], dtype=np.float64)


class Judge:
    """Computes quantities from free vectors.

    Parameters
    ----------
    layout
        The study.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout, self._arrays = layout, arrays_of(layout)
        spec = layout.spec
        self._shape = (len(spec.areas.regions), len(spec.years.labels))

    def points(self, count: int, seed: int) -> np.ndarray:
        """Return points near the middle of the prior to compare densities; dims (point, free)."""
        blocks, priors = segments_of(self._layout), self._layout.priors.values()
        middle = np.zeros(max(block.start + block.size for block in blocks.values()))
        middle[: len(priors)] = [prior.link.forward(prior.quantile(0.5)) for prior in priors]
        return middle + 0.3 * np.random.default_rng([seed, 1]).normal(size=(count, middle.size))

    def densities(self, points: np.ndarray) -> np.ndarray:
        """Return headcount's log densities; dims (point,)."""
        gradient = np.empty(points.shape[1])
        return np.array([log_density_and_gradient(x, self._arrays, gradient) for x in points])

    def summary(self, free: np.ndarray) -> Summary:
        """Return log headcounts, log totals of the world, parameters and log noises of sources."""
        chains, draws, size = free.shape
        flat = np.ascontiguousarray(free.reshape(-1, size), dtype=np.float64)
        people = evaluate(flat, self._arrays)[0]
        parts = {
            "headcount": people.reshape(len(flat), -1),
            "world": logsumexp(people, axis=1),
            "prior": flat[:, : len(self._layout.priors)],
            "noise": self._log_noise(flat),
        }
        values = np.concatenate(list(parts.values()), axis=1)
        return Summary(self._names(), values.reshape(chains, draws, -1))

    def headcounts(self, summary: Summary) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and sd of the log headcounts of a summary; dims (region, year)."""
        count = self._shape[0] * self._shape[1]
        moments = (summary.moments[name][0][:count] for name in ("mean", "sd"))
        mean, sd = (own.reshape(self._shape) for own in moments)
        return mean, sd

    def _log_noise(self, flat: np.ndarray) -> np.ndarray:
        spec, block, order = (
            self._layout.spec,
            segments_of(self._layout)["noise_z"],
            list(self._layout.priors),
        )
        kinds = [spec.sources[name].kind for name in self._layout.sources]
        places = [order.index(f"source_kinds.{kind}.noise") for kind in kinds]
        spread = np.array([spec.source_kinds[kind].spread for kind in kinds])
        return flat[:, places] + spread * flat[:, block.slice]

    def _names(self) -> list[str]:
        spec = self._layout.spec
        cells = [
            f"log headcount {code} {year}"
            for code in spec.areas.regions
            for year in spec.years.labels
        ]
        world = [f"log headcount of the world {year}" for year in spec.years.labels]
        return (
            cells
            + world
            + list(self._layout.priors)
            + [f"log noise {name}" for name in self._layout.sources]
        )


def seconds_to_trust(
    summary: Summary, *, before: float, running: float, tune: int
) -> tuple[float | None, bool]:
    """Return the seconds from the start of the process until every quantity could be trusted.

    Warm-up and draws are taken to pass at one pace.

    Parameters
    ----------
    summary
        Of the whole run.
    before
        Seconds of everything but the main run.
    running
        Seconds of warm-up and draws.
    tune
        Draws of warm-up.

    Returns
    -------
    tuple
        Seconds, None where chains have not mixed at all; whether they are extrapolated.
    """
    draws = summary.draws.shape[1]
    pace = running / (tune + draws)
    least = max(int(np.ceil(draws * ENOUGH / max(summary.ess.min(), 1.0))), 1)
    if summary.trusted:
        looks = np.unique(np.linspace(draws / PARTS, draws, PARTS).astype(int))
        # A first look where the effective draws should just be enough, if they came evenly.
        for look in sorted({least, *looks[looks > least].tolist()} - {draws}):
            if summary.first(look).trusted:
                return before + pace * (tune + look), False
        return before + pace * (tune + draws), False
    worst = float(summary.rhat.max())
    if not np.isfinite(worst):
        return None, True
    # R-hat less one falls about as one over the number of draws.
    needed = max(least, draws * (worst - 1) / (MIXED - 1))
    return before + pace * (tune + needed), True


def density_difference(theirs: np.ndarray | None, ours: np.ndarray) -> float | None:
    """Return the difference of two log densities beyond a constant; None if one is missing."""
    return None if theirs is None else float(np.ptp(theirs - ours))


def agreement(theirs: Summary, ours: Summary) -> dict[str, Any]:
    """Compare means and sds, in Monte Carlo standard errors of the difference.

    The quantities are correlated, so their number beyond a limit has no simple distribution; but
    whatever the correlations, the largest of n standard normals is beyond the two-sided 0.01/n
    quantile in at most one of a hundred comparisons.
    """
    enough = (theirs.ess >= TOO_FEW) & (ours.ess >= TOO_FEW)
    scores = []
    for name in ("mean", "sd"):
        (one, one_error), (other, other_error) = theirs.moments[name], ours.moments[name]
        scores.append(((one - other) / np.hypot(one_error, other_error))[enough])
    z = np.abs(np.concatenate(scores))
    found: dict[str, Any] = {
        "quantities": len(enough),
        "too_few_draws": int((~enough).sum()),
        "compared": z.size,
    }
    if z.size == 0:
        return found | {"verdict": "too few effective draws to compare"}
    bound = max(APART, float(stats.norm.isf(0.005 / z.size)))
    labels = [
        f"{kind} of {theirs.names[i]}" for kind in ("mean", "sd") for i in np.flatnonzero(enough)
    ]
    words = "agrees" if z.max() <= bound else "differs"
    return found | {
        "max_z": float(z.max()),
        "max_z_of": labels[int(z.argmax())],
        "bound": bound,
        "beyond_4": int((z > APART).sum()),
        "share_beyond_4": float((z > APART).mean()),
        "expected_share_beyond_4": float(2 * stats.norm.sf(APART)),
        "verdict": words
        if enough.all()
        else f"{words} where there are enough effective draws to compare",
    }


def laplace_error(
    mean: np.ndarray, sd: np.ndarray, ours: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    """Compare an approximation's log headcounts with the posterior's, in posterior sds."""
    apart = np.abs(mean - ours[0]) / ours[1]
    ratio = sd / ours[1]
    return {
        "max_mean_difference_in_sds": float(apart.max()),
        "sd_ratio_lowest": float(ratio.min()),
        "sd_ratio_highest": float(ratio.max()),
    }
