"""How the engine's functions are compiled: three ways.

Compiling is most of what a first fit on a machine waits for, and most of it goes into what
surrounds a function: the code that lets Python and C call it, and the functions that it calls,
which are compiled into it once more. So what only compiled code calls is `inner`, what Python calls
is `compiled`, and `compiled` functions are put together by their addresses rather than in another
compiled function (`headcount.engine.numba_support.function_pointers`). What a library of another
language calls is compiled `from_c`.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple, cast

from numba import njit
from numba.core.ccallback import CFunc
from numba.extending import register_jitable

from headcount.engine.numba_support.code_cache import MachineCode

__all__ = ["INNER", "CalledFromC", "Typed", "compiled", "from_c", "inner"]

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}

INNER: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}
"""Options of functions that are compiled into those that call them."""


def compiled[F](function: F) -> F:
    """Compile a function that Python and compiled code call."""
    made: Any = njit(**OPTIONS)(function)
    made._cache = MachineCode(function)
    return cast(F, made)


def inner[F](function: F) -> F:
    """Let compiled code call a function; Python calls it uncompiled."""
    return cast(F, register_jitable(**INNER)(function))


class Typed(NamedTuple):
    """A compiled function, for arguments of one choice of types.

    Attributes
    ----------
    function
        Compiled.
    result, parameters
        Numba's types of what it returns and takes.
    """

    function: Any
    result: Any
    parameters: tuple[Any, ...]

    def is_there(self) -> bool:
        """Say whether there is machine code."""
        found: bool = self.function._cache.holds(self.parameters)
        return found

    def address(self) -> int:
        """Return where it lies, compiled if it is not yet."""
        self.function.compile(self.parameters)
        made = self.function.overloads[self.parameters]
        if made.signature.return_type != self.result:
            msg = f"{self.function.__name__} returns {made.signature.return_type}, linked as {self.result}"
            raise TypeError(msg)
        address: int = made.library.get_pointer_to_function(made.fndesc.llvm_func_name)
        return address


class CalledFromC:
    """A function that C calls.

    Parameters
    ----------
    function
        In Python.
    types
        Numba's signature.
    """

    def __init__(self, function: Any, types: Any) -> None:  # noqa: ANN401 - Numba is not typed
        self._function, self._types = function, types
        self._made, self._making = None, Lock()

    @property
    def made(self) -> Any:  # noqa: ANN401
        """What Numba makes of it, compiled when it is first asked for; it has an address."""
        with self._making:
            if self._made is None:
                self._made = self._make()
        return self._made

    def _make(self) -> Any:  # noqa: ANN401
        arguments, result = self._types.args, self._types.return_type
        made: Any = CFunc(
            self._function, (arguments, result), locals={}, options={"error_model": "numpy"}
        )
        made._cache = MachineCode(self._function)
        made.compile()
        return made

    def is_there(self) -> bool:
        """Say whether there is machine code."""
        return MachineCode(self._function).holds(self._types)

    def address(self) -> int:
        """Return where it lies, compiled if it is not yet."""
        address: int = self.made.address
        return address


def from_c(types: Any) -> Callable[[Any], CalledFromC]:  # noqa: ANN401
    """Compile a function that C calls, of a signature of Numba's."""
    return lambda function: CalledFromC(function, types)
