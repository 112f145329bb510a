"""Numbers of several blocks side by side: a type of compiled code that one vector instruction
handles.

Matrices of regions are small, and loops over their rows too short to become vector instructions. So
matrices of `LANES` blocks lie side by side, entry by entry, and compiled code does the same to all
of them. Arrays of such entries are flat; an index here counts entries, each of `LANES` numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, Protocol, Self, cast

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, register_model

from headcount._types import FloatArray

__all__ = ["LANES", "Lanes", "at", "every", "put", "root"]

LANES: Final = 4
"""What a vector register holds on most machines; more lanes would stay empty oftener where sizes
differ."""

VECTOR: Final = ir.VectorType(ir.DoubleType(), LANES)
FUSED: Final = ("contract",)
"""A product may go into a sum unrounded."""


class Lanes(Protocol):
    """A number of each lane, in compiled code."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...


class _LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"lanes{LANES}")


LANES_TYPE: Final = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:  # noqa: ANN401 - Numba's types are not public
        super().__init__(manager, kind, VECTOR)


def _define(function: Any, name: str) -> None:  # noqa: ANN401
    """Define an operator between two lanes as LLVM's instruction of this name."""

    class Template(ConcreteTemplate):
        cases = (signature(LANES_TYPE, LANES_TYPE, LANES_TYPE),)

    def lowered(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
        return getattr(builder, name)(*args, flags=FUSED)

    infer_global(function)(Template)
    lower_builtin(function, LANES_TYPE, LANES_TYPE)(lowered)


for _function, _name in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.isub, "fsub"),
    (operator.mul, "fmul"),
    (operator.imul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_function, _name)


def _place(context: Any, builder: Any, kind: Any, values: Any, index: Any) -> Any:  # noqa: ANN401
    start = context.make_array(kind)(context, builder, values).data
    return builder.gep(builder.bitcast(start, VECTOR.as_pointer()), [index])


@intrinsic
def _at(_typing: Any, values: Any, index: Any) -> Any:  # noqa: ANN401
    def lowered(context: Any, builder: Any, own: Any, args: Any) -> Any:  # noqa: ANN401
        # Arrays are aligned as single numbers are.
        return builder.load(_place(context, builder, own.args[0], *args), align=8)

    return LANES_TYPE(values, index), lowered


@intrinsic
def _put(_typing: Any, values: Any, index: Any, lanes: Any) -> Any:  # noqa: ANN401
    def lowered(context: Any, builder: Any, own: Any, args: Any) -> Any:  # noqa: ANN401
        builder.store(args[2], _place(context, builder, own.args[0], *args[:2]), align=8)
        return context.get_dummy_value()

    return types.void(values, index, lanes), lowered


@intrinsic
def _every(_typing: Any, _value: Any) -> Any:  # noqa: ANN401
    def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:  # noqa: ANN401
        filled = ir.Constant(VECTOR, ir.Undefined)
        for lane in range(LANES):
            filled = builder.insert_element(filled, args[0], ir.Constant(ir.IntType(32), lane))
        return filled

    return LANES_TYPE(types.float64), lowered


@intrinsic
def _root(_typing: Any, lanes: Any) -> Any:  # noqa: ANN401
    def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:  # noqa: ANN401
        kind = ir.FunctionType(VECTOR, [VECTOR])
        root_of = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f64")
        return builder.call(root_of, args)

    return LANES_TYPE(lanes), lowered


at = cast("Callable[[FloatArray, int], Lanes]", _at)
"""Return an entry of an array."""
put = cast("Callable[[FloatArray, int, Lanes], None]", _put)
"""Store an entry of an array."""
every = cast("Callable[[float], Lanes]", _every)
"""Return the same number in each lane."""
root = cast("Callable[[Lanes], Lanes]", _root)
"""Return square roots."""
