"""How the functions of the engine are compiled: three ways.

Compiling is most of the wait for a first fit on a machine, and most of it goes into the code around
a function: that which lets Python and C call it, and the functions that are compiled into it. So a
function that only compiled code calls is `inner`, one that Python calls is `compiled`, and one that
a library of another language calls is compiled `from_c`. Compiled functions call each other by
address (`headcount.engine.numba_support.function_pointers`).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple, cast

from numba.extending import register_jitable

from headcount.engine.numba_support import code_cache, numba_adapter

__all__ = ["INNER", "CalledFromC", "Typed", "compiled", "from_c", "inner", "is_shared"]

code_cache.depends_on({"interfaces": numba_adapter.GROUPS})

INNER: dict[str, Any] = {"error_model": "numpy"}
"""Options of functions that are compiled into those that call them."""

OPTIONS: dict[str, Any] = INNER | {"nogil": True}


def compiled[F](function: F) -> F:
    """Compile a function that Python and compiled code call."""
    return cast(F, numba_adapter.with_cache(function, OPTIONS, _cached(function)))


def inner[F](function: F) -> F:
    """Let compiled code call a function; Python calls it uncompiled."""
    register: Any = register_jitable(**INNER)
    return cast(F, register(function))


class Typed(NamedTuple):
    """A compiled function, for arguments of one choice of types.

    Attributes
    ----------
    function
        Compiled.
    result, parameters
        Numba's types of its result and arguments.
    """

    function: Any
    result: Any
    parameters: tuple[Any, ...]

    def is_cached(self) -> bool:
        """Return whether compiled code is kept in a folder."""
        return _is_cached(self.function.py_func, self.parameters)

    def address(self) -> int:
        """Return the address of the code, compiled if it is not yet."""
        return numba_adapter.address_of(self.function, self.result, self.parameters)

    def prepare(self) -> None:
        """Compile the function, unless only a call can do so by documented interfaces."""
        if numba_adapter.HAS_CALLS:
            self.address()


class CalledFromC:
    """A function that C calls.

    Parameters
    ----------
    function
        In Python.
    types
        Numba's signature.
    """

    def __init__(self, function: Any, types: Any) -> None:
        self._function, self._types = function, types
        self._made, self._making = None, Lock()

    @property
    def made(self) -> Any:
        """Numba's callback: has an ``address``, and ``ctypes`` to call it from Python.

        It is compiled when it is first asked for.
        """
        with self._making:
            if self._made is None:
                self._made = numba_adapter.compile_for_c(
                    self._function, self._types, _cached(self._function)
                )
        return self._made

    def is_cached(self) -> bool:
        """Return whether compiled code is kept in a folder."""
        return _is_cached(self._function, self._types)

    def prepare(self) -> None:
        """Compile the function if it is not yet."""
        _ = self.made


def from_c(types: Any) -> Callable[[Any], CalledFromC]:
    """Compile a function that C calls, of a signature of Numba's."""
    return lambda function: CalledFromC(function, types)


def is_shared() -> bool:
    """Return whether another process finds the code that this one compiles."""
    adapter = numba_adapter
    return adapter.HAS_CACHE and adapter.HAS_CALLS and code_cache.writable_folder() is not None


def _is_cached(function: Any, signature: Any) -> bool:
    cached = _cached(function)
    return cached is not None and cached.holds(signature)


def _cached(function: Any) -> numba_adapter.CachedCode | None:
    if not numba_adapter.HAS_CACHE:
        return None
    return numba_adapter.CachedCode(
        function, code_cache.folders(), code_cache.writable_folder(), code_cache.stamp()
    )
