"""Weights with which the pooled draws of two fits represent the posteriors between them.

The two fits differ in priors only. With x the free vector, the ratio of the two posteriors is known
up to a constant: its log is L(x), the sum of the log ratios l_j(x) = log p'_j(x_j) - log p_j(x_j)
of the changed priors. The pooled draws have the mixture of the two posteriors as their density, so
a draw represents the posterior in which the log ratios count with exponents a_j once it has the
weight

    w(x) = exp(sum_j a_j l_j(x)) / (s_0 + s_1 exp(L(x)) / Z)

where s_0 and s_1 are the fractions of draws from either fit and Z is the ratio of their normalising
constants, estimated by bridge sampling [1]_ [2]_. On the path from one posterior to the other (all
a_j equal, between 0 and 1) these weights are bounded, whatever the priors.

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

__all__ = ["FOLDS", "Bridge", "changed_priors", "jackknife"]

FOLDS: Final = 20
"""Folds of the draws for jackknife standard errors: each is much longer than autocorrelations, and
the standard error has a relative error of a sixth."""


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
        Value of the quantity of interest at each draw; dims (draw,).
    is_second
        Whether a draw is of the second fit; dims (draw,).
    fold
        Fold of each draw, for standard errors; dims (draw,).
    """

    paths: tuple[str, ...]
    log_ratios: FloatArray
    outcome: FloatArray
    is_second: BoolArray
    fold: IntArray

    @classmethod
    def between(cls, first: Fit, second: Fit, outcomes: tuple[FloatArray, FloatArray]) -> Bridge:
        """Pool the draws of two fits.

        Parameters
        ----------
        first, second
            Fits that `headcount.workflows.sensitivity.common_question.differ_in_priors_only`
            accepts.
        outcomes
            Value of the quantity of interest at the draws of each; dims (chain, draw).

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
            np.concatenate([np.arange(size) * FOLDS // size for size in sizes]),
        )

    def without(self, fold: int) -> Bridge:
        """Return the bridge without one fold of the draws of both fits."""
        return self._where(self.fold != fold)

    @property
    def first(self) -> Bridge:
        """The draws of the first fit alone."""
        return self._where(~self.is_second)

    def _where(self, kept: BoolArray) -> Bridge:
        return Bridge(
            self.paths,
            self.log_ratios[kept],
            self.outcome[kept],
            self.is_second[kept],
            self.fold[kept],
        )

    @cached_property
    def log_all(self) -> FloatArray:
        """Log ratio of the two posteriors, up to a constant; dims (draw,)."""
        total: FloatArray = self.log_ratios.sum(axis=1)
        return total

    @cached_property
    def log_mixture(self) -> FloatArray:
        """Log density of the pooled draws over that of the first posterior; dims (draw,)."""
        fraction = float(self.is_second.mean())
        if fraction in (0.0, 1.0):
            return fraction * self.log_all
        log_odds = np.log(fraction) - np.log1p(-fraction)
        mixed: FloatArray = np.logaddexp(0.0, log_odds + self.log_all - self._log_constant)
        return mixed + float(np.log1p(-fraction))

    @cached_property
    def _log_constant(self) -> float:
        """Log ratio of the normalising constants, second to first, by bridge sampling.

        The solution satisfies the likelihood equation of a logistic regression of the fit on L with
        slope 1.
        """
        log_odds = np.log(self.is_second.mean()) - np.log1p(-self.is_second.mean())
        expected = float(self.is_second.sum())

        def excess(constant: float) -> float:
            return float(special.expit(log_odds + self.log_all - constant).sum()) - expected

        ends = float(self.log_all.min()) - 50.0, float(self.log_all.max()) + 50.0
        return float(optimize.brentq(excess, *ends))

    def log_weights(self, exponents: FloatArray | float) -> FloatArray:
        """Return log weights with which the draws represent another posterior.

        Parameters
        ----------
        exponents
            Exponent of each prior's log ratio, dims (prior,), or one for all: 0 for the first set,
            1 for the second.

        Returns
        -------
        numpy.ndarray
            Up to a constant; dims (draw,).
        """
        powers = np.broadcast_to(exponents, (len(self.paths),))
        return np.asarray(self.log_ratios @ powers - self.log_mixture)


def jackknife(bridge: Bridge, estimate: Callable[[Bridge], FloatArray]) -> FloatArray:
    """Return jackknife standard errors of estimates from a bridge.

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
    found = np.array([estimate(bridge.without(fold)) for fold in range(FOLDS)])
    errors: FloatArray = np.sqrt((FOLDS - 1) * found.var(axis=0))
    return errors


def changed_priors(first: Fit, second: Fit) -> tuple[str, ...]:
    """Return the paths of priors that differ between two fits; only sources with rows count."""
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
    columns = [
        _log_density(new, x) - _log_density(old, x)
        for x, (new, old) in zip(own.T, priors, strict=True)
    ]
    return np.column_stack(columns) if columns else np.empty((len(own), 0))


def _log_density(prior: Prior, link: FloatArray) -> FloatArray:
    """Return the log density of a prior at values on its link scale."""
    if prior.is_link_normal:
        # On the link scale itself: in its own unit a coverage near 1 is rounded to 1.
        return np.asarray(prior.natural().logpdf(link))
    return prior.log_density(prior.link.inverse(link))
