"""Compiled functions that other compiled functions call by address.

Numba compiles a function that is called into its caller once more. A function of a `FunctionTable`
is compiled once: its caller reads its address from a table, which holds the addresses of the
struct pointers that are passed on as well (`headcount.engine.numba_support.struct_pointers`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

from headcount._types import IntArray
from headcount.engine.numba_support import numba_adapter
from headcount.engine.numba_support.compilation import INNER, Typed
from headcount.engine.numba_support.llvm_adapter import element, pointer_at
from headcount.engine.numba_support.struct_pointers import StructPointer

__all__ = ["FunctionTable"]

WORD: Final = ir.IntType(64)


class FunctionTable:
    """Addresses of functions, after those of the structs that they take.

    Parameters
    ----------
    structs
        Numba's types of the struct pointers.

    Attributes
    ----------
    functions
        All functions that are called by address, in order.
    """

    def __init__(self, *structs: Any) -> None:
        self._structs = structs
        self.functions: list[Typed] = []

    def function(self, function: Any, result: Any, *parameters: Any) -> Any:
        """Add a function, and return the form in which compiled code calls it.

        Parameters
        ----------
        function
            A compiled function.
        result, parameters
            Numba's types of its result and arguments.

        Returns
        -------
        callable
            Takes the table before the function's own arguments.
        """
        if numba_adapter.HAS_CALLS:
            self.functions.append(Typed(function, result, parameters))
            place = len(self._structs) + len(self.functions) - 1
            return numba_adapter.call_by_address(place, result, parameters)

        @register_jitable(**INNER)
        def call(_table: Any, *arguments: Any) -> Any:
            return function(*arguments)

        return call

    def struct(self, kind: Any) -> Any:
        """Return the function by which compiled code reads a struct pointer from the table."""
        place = self._structs.index(kind)

        def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            where = element(builder, pointer_at(builder, values[0]), WORD, WORD(place))
            found = cgutils.create_struct_proxy(kind)(context, builder)
            found.address = pointer_at(builder, builder.load(where, align=8, typ=WORD))
            return found._getvalue()

        @intrinsic
        def read(_context: Any, table: Any) -> Any:
            return kind(table), code

        return read

    def addresses(self, *structs: StructPointer | None) -> IntArray:
        """Return the table, and compile the functions whose structs are there.

        Parameters
        ----------
        structs
            One for each type; ``None`` where no function that takes it will be called.

        Returns
        -------
        numpy.ndarray
            Zero for a struct that is absent and for functions that take it.
        """
        absent = {kind for kind, one in zip(self._structs, structs, strict=True) if one is None}
        words = [0 if one is None else one.address for one in structs]
        words += [
            0 if absent.intersection(one.parameters) else one.address() for one in self.functions
        ]
        return np.array(words, dtype=np.int64)
