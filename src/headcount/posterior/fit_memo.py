"""Results that a fit determines: computed once, kept as long as the fit exists."""

from __future__ import annotations

import functools
from collections.abc import Callable
from weakref import WeakKeyDictionary

from headcount.posterior.fits import Fit

__all__ = ["once_per_fit"]


def once_per_fit[T](compute: Callable[[Fit], T]) -> Callable[[Fit], T]:
    """Keep the result of a function of a fit as long as the fit exists.

    The result must not refer to the fit, which would then exist for ever.

    Parameters
    ----------
    compute
        A function of a fit alone.

    Returns
    -------
    Callable
        The same function; a second call with the same fit returns the object of the first call.
    """
    kept: WeakKeyDictionary[Fit, T] = WeakKeyDictionary()

    @functools.wraps(compute)
    def found(fit: Fit) -> T:
        if fit not in kept:
            kept[fit] = compute(fit)
        return kept[fit]

    return found
