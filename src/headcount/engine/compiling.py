"""How the engine's functions are compiled: three ways.

Compiling is most of what a first fit on a machine waits for, and most of it goes into what surrounds a function: the code that
lets Python and C call it, and the functions that it calls, which are compiled into it once more. So what only compiled code calls
is `inner`, what Python calls is `compiled`, and `compiled` functions are put together by their addresses rather than in another
compiled function (`headcount.engine.linking`). What a library of another language calls is compiled `from_c`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from numba import cfunc, njit

__all__ = ["compiled", "from_c", "inner"]

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def compiled[F](function: F) -> F:
    """Compile a function that Python and compiled code call."""
    return cast(F, njit(**OPTIONS)(function))


def inner[F](function: F) -> F:
    """Compile a function that compiled code alone calls: a call from Python ends the process."""
    return cast(F, njit(**OPTIONS | {"no_cpython_wrapper": True})(function))


@cache
def from_c(signature: Any, function: Any) -> Any:  # noqa: ANN401 - Numba is not typed
    """Compile a function that C calls, once."""
    return cfunc(signature, cache=True, error_model="numpy")(function)
