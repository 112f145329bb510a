"""Bridging: draws of two fits that differ in priors, pooled and weighted so that they stand for
what lies between the two.

With x the free vector, both posteriors are known up to constants, and their ratio is that of the
changed priors alone: the log of it is the sum L(x) of the log ratios l_j(x) = log p'_j(x_j) - log
p_j(x_j). Drawn from both, x has the mixture of the two as its density, so a draw stands for the
posterior in which the log ratios count with exponents a_j once it has the weight

    w(x) = exp(sum_j a_j l_j(x)) / (s_0 + s_1 exp(L(x)) / Z)

where s_0 and s_1 are the parts of draws from either fit and Z is the ratio of their constants,
found by bridge sampling [1]_. Along the way from one to the other (all a_j alike, between 0 and 1)
these weights are bounded, whatever the priors.

References
----------
.. [1] Gelman, A. and Meng, X.-L. (1998). Simulating normalizing constants: from importance sampling
   to bridge sampling to path sampling. Statistical Science 13(2), 163-185.
   https://doi.org/10.1214/ss/1028905934
.. [2] Shirts, M. R. and Chodera, J. D. (2008). Statistically optimal analysis of samples from
   multiple equilibrium states. Journal of Chemical Physics 129, 124105.
   https://doi.org/10.1063/1.2978177
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import optimize, special

from headcount._names import FREE, SAMPLE_DIMS, UNCONSTRAINED
from headcount._types import BoolArray, FloatArray, IntArray
from headcount.posterior.fits import Fit
from headcount.study.priors import Prior

__all__ = ["BLOCKS", "Bridge", "changed_priors", "jackknife"]

BLOCKS: Final = 20
"""Pieces that the draws are cut into for standard errors: much longer than autocorrelations, and
enough for an error of an error of a sixth."""


@dataclass(frozen=True, eq=False)
class Bridge:
    """Pooled draws of two fits of one study under two sets of priors.

    Parameters
    ----------
    paths
        The priors that differ.
    log_ratios
        Log density of each by the second set less that by the first, on the link scale; dims (draw,
        prior).
    outcome
        What is asked of each draw; dims (draw,).
    is_second
        Whether a draw is of the second fit; dims (draw,).
    block
        Piece that a draw belongs to, for standard errors; dims (draw,).
    """

    paths: tuple[str, ...]
    log_ratios: FloatArray
    outcome: FloatArray
    is_second: BoolArray
    block: IntArray

    @classmethod
    def between(cls, first: Fit, second: Fit, outcomes: tuple[FloatArray, FloatArray]) -> Bridge:
        """Pool the draws of two fits.

        Parameters
        ----------
        first, second
            Fits of which `headcount.workflows.sensitivity.common_ground.differ_in_priors_only`
            holds.
        outcomes
            What is asked of the draws of each; dims (chain, draw).

        Returns
        -------
        Bridge
            The draws of the first, then those of the second.
        """
        paths = changed_priors(first, second)
        ratios = [_log_ratios(fit, paths, first, second) for fit in (first, second)]
        sizes = [len(own) for own in ratios]
        return cls(
            paths,
            np.concatenate(ratios),
            np.concatenate([np.ravel(own) for own in outcomes]).astype(np.float64),
            np.repeat([False, True], sizes),
            np.concatenate([np.arange(size) * BLOCKS // size for size in sizes]),
        )

    def without(self, block: int) -> Bridge:
        """Return the bridge without one piece of the draws of both fits."""
        kept = self.block != block
        return Bridge(
            self.paths,
            self.log_ratios[kept],
            self.outcome[kept],
            self.is_second[kept],
            self.block[kept],
        )

    @property
    def first(self) -> Bridge:
        """The draws of the first fit alone."""
        kept = ~self.is_second
        return Bridge(
            self.paths,
            self.log_ratios[kept],
            self.outcome[kept],
            self.is_second[kept],
            self.block[kept],
        )

    @cached_property
    def log_all(self) -> FloatArray:
        """Log ratio of the two posteriors, up to a constant; dims (draw,)."""
        total: FloatArray = self.log_ratios.sum(axis=1)
        return total

    @cached_property
    def log_mixture(self) -> FloatArray:
        """Log density of the pooled draws over that of the first posterior; dims (draw,)."""
        part = float(self.is_second.mean())
        if part in (0.0, 1.0):
            return part * self.log_all
        log_odds = np.log(part) - np.log1p(-part)
        mixed: FloatArray = np.logaddexp(0.0, log_odds + self.log_all - self._log_constant)
        return mixed + float(np.log1p(-part))

    @cached_property
    def _log_constant(self) -> float:
        """Log of the ratio of the constants, second to first, by bridge sampling.

        At the solution the draws are sorted to the two fits as they are, on average: the likelihood
        equation of a logistic regression of the fit on L with slope 1.
        """
        log_odds = np.log(self.is_second.mean()) - np.log1p(-self.is_second.mean())
        expected = float(self.is_second.sum())

        def excess(constant: float) -> float:
            return float(special.expit(log_odds + self.log_all - constant).sum()) - expected

        ends = float(self.log_all.min()) - 50.0, float(self.log_all.max()) + 50.0
        return float(optimize.brentq(excess, *ends))

    def log_weights(self, exponents: FloatArray | float) -> FloatArray:
        """Return log weights with which the draws stand for another posterior.

        Parameters
        ----------
        exponents
            Of each prior's log ratio, dims (prior,), or one for all: 0 for the first set, 1 for the
            second.

        Returns
        -------
        numpy.ndarray
            Up to a constant; dims (draw,).
        """
        powers = np.broadcast_to(exponents, (len(self.paths),))
        return np.asarray(self.log_ratios @ powers - self.log_mixture)


def jackknife(bridge: Bridge, estimate: Callable[[Bridge], FloatArray]) -> FloatArray:
    """Return standard errors of estimates from a bridge, leaving out one piece of the draws after
    the other.

    Parameters
    ----------
    bridge
        The draws.
    estimate
        Bridge to estimates, dims (estimate,).

    Returns
    -------
    numpy.ndarray
        Dims (estimate,).
    """
    found = np.array([estimate(bridge.without(block)) for block in range(BLOCKS)])
    errors: FloatArray = np.sqrt((BLOCKS - 1) * found.var(axis=0))
    return errors


def changed_priors(first: Fit, second: Fit) -> tuple[str, ...]:
    """Return the paths of priors that two fits of one study have and do not share, those of sources
    without rows left out.
    """
    other = second.layout.priors
    return tuple(
        path for path, prior in first.layout.priors.items() if prior != other.get(path, prior)
    )


def _log_ratios(fit: Fit, paths: tuple[str, ...], first: Fit, second: Fit) -> FloatArray:
    """Return the log ratios at the draws of one of the fits; dims (draw, prior)."""
    free = fit.tree[UNCONSTRAINED][FREE].transpose(*SAMPLE_DIMS, "variable").to_numpy()
    places = [list(fit.layout.priors).index(path) for path in paths]
    own = free[..., places].reshape(-1, len(paths)).astype(np.float64)
    priors = [(second.layout.priors[path], first.layout.priors[path]) for path in paths]
    columns = [_at(new, x) - _at(old, x) for x, (new, old) in zip(own.T, priors, strict=True)]
    return np.column_stack(columns) if columns else np.empty((len(own), 0))


def _at(prior: Prior, link: FloatArray) -> FloatArray:
    """Return the log density of a prior at values on its link scale."""
    if prior.is_link_normal:
        # Straight from the link scale: in its own unit a coverage near 1 is 1.
        return np.asarray(prior.natural().logpdf(link))
    return prior.log_density(prior.link.inverse(link))
