"""How the engine's functions are compiled: three decorators.

Compiling is most of what a first fit on a machine waits for, and most of it goes into what surrounds a function: the code that
lets Python and C call it, and the functions that it calls, which are compiled into it once more. So what only compiled code calls
is `inner`, what Python calls is `compiled`, and `compiled` functions are put together in Python rather than in another compiled
function. What is short enough to keep other threads waiting is `brief`.
"""

from __future__ import annotations

from typing import Any, cast

from numba import njit

__all__ = ["brief", "compiled", "inner"]

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def compiled[F](function: F) -> F:
    """Compile a function that Python and compiled code call."""
    return cast(F, njit(**OPTIONS)(function))


def brief[F](function: F) -> F:
    """Compile a function that Python calls for a few microseconds: other threads wait less for it than for a lock to go round."""
    return cast(F, njit(**OPTIONS | {"nogil": False})(function))


def inner[F](function: F) -> F:
    """Compile a function that compiled code alone calls: a call from Python ends the process."""
    return cast(F, njit(**OPTIONS | {"no_cpython_wrapper": True})(function))
