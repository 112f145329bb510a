"""Compiled functions that other compiled functions call by their address.

What a compiled function calls, Numba compiles into it once more. A function that is *linked* is
compiled once: its caller looks up where it lies in a table of addresses, whose first places hold
the studies that go along (`headcount.engine.numba_support.struct_pointers`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from headcount._types import IntArray
from headcount.engine.numba_support.compilation import Typed
from headcount.engine.numba_support.struct_pointers import Addressed

__all__ = ["Links"]

WORD = ir.IntType(64)


class Links:
    """The functions that a caller looks up, and the tuples that it hands on to them.

    Parameters
    ----------
    tuples
        Types of `Addressed` tuples; the first places of the table are theirs.

    Attributes
    ----------
    functions
        All that were linked, in order.
    """

    def __init__(self, *tuples: Any) -> None:  # noqa: ANN401 - Numba is not typed
        self._tuples = tuples
        self.functions: list[Typed] = []

    def link(self, function: Any, result: Any, *parameters: Any) -> Any:  # noqa: ANN401
        """Return what compiled code calls, with the table before the function's own arguments.

        Parameters
        ----------
        function
            A compiled function.
        result, parameters
            Numba's types of what it returns and takes; addressed tuples are handed to it as they
            come from `handed`.
        """
        taken = tuple(
            types.voidptr if parameter in self._tuples else parameter for parameter in parameters
        )
        place = len(self._tuples) + len(self.functions)
        self.functions.append(Typed(function, result, parameters))

        def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
            kind = context.call_conv.get_function_type(result, taken)
            address = builder.inttoptr(_word(builder, values[0], place), kind.as_pointer())
            given = [builder.extract_value(values[1], i) for i in range(len(taken))]
            status, found = context.call_conv.call_function(builder, address, result, taken, given)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return found

        @intrinsic
        def call(_context: Any, table: Any, *_arguments: Any) -> Any:  # noqa: ANN401
            return result(table, types.StarArgTuple(taken)), code

        return call

    def handed(self, form: Any) -> Any:  # noqa: ANN401
        """Return what compiled code calls for the place of a tuple, with the table; nought where
        there is none.
        """
        place = self._tuples.index(form)

        def code(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
            return builder.inttoptr(_word(builder, values[0], place), cgutils.voidptr_t)

        @intrinsic
        def at(_context: Any, table: Any) -> Any:  # noqa: ANN401
            return types.voidptr(table), code

        return at

    def table(self, *tuples: Addressed | None) -> IntArray:
        """Return where tuples and functions lie, compiling what takes tuples that are there.

        Parameters
        ----------
        tuples
            One for each type, ``None`` where functions that take it will not be called.
        """
        absent = {kind for kind, one in zip(self._tuples, tuples, strict=True) if one is None}
        words = [0 if one is None else one.address for one in tuples]
        words += [
            0 if absent.intersection(one.parameters) else one.address() for one in self.functions
        ]
        return np.array(words, dtype=np.int64)


def _word(builder: Any, table: Any, place: int) -> Any:  # noqa: ANN401
    """Read a table, of which there is a pointer in compiled code and the address as a number from
    Python.
    """
    if table.type == WORD:
        table = builder.inttoptr(table, WORD.as_pointer())
    words = builder.bitcast(table, WORD.as_pointer())
    return builder.load(builder.gep(words, [WORD(place)]), align=8)
