"""Results that are kept for as long as their argument lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["memo"]


def memo[F: Callable[..., Any]](function: F) -> F:
    """Keep the results of a function of one immutable object.

    A frozen object must not hold a mutable cache, and `functools.cache` would keep every study
    alive. Here a result goes when the object does, so it must not refer to the object itself.

    Parameters
    ----------
    function
        Its first argument is hashed by identity and can be referred to weakly; the others are
        hashable and given by keyword.

    Returns
    -------
    callable
        The same function, computed once for each object and choice of keywords.
    """
    results: WeakKeyDictionary[object, dict[Hashable, Any]] = WeakKeyDictionary()

    @wraps(function)
    def remembered(owner: object, /, **options: Hashable) -> Any:  # noqa: ANN401 - as the function
        own = results.setdefault(owner, {})
        key = tuple(sorted(options.items()))
        if key not in own:
            own[key] = function(owner, **options)
        return own[key]

    return remembered  # type: ignore[return-value]
