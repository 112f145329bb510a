"""Numbers of several effect groups side by side: a type on which one SIMD instruction works.

Matrices of regions are small, and loops over their rows too short to become SIMD instructions. So
matrices of `WIDTH` groups lie side by side, entry by entry, and compiled code does the same to all
of them. Arrays of such entries are flat; an index here counts entries, each of `WIDTH` numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, Protocol, Self, cast

from llvmlite import ir
from numba import types
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_jitable,
    register_model,
    type_callable,
)

from headcount._types import FloatArray
from headcount.engine.numba_support import numba_adapter
from headcount.engine.numba_support.compilation import INNER
from headcount.engine.numba_support.llvm_adapter import element

__all__ = ["WIDTH", "SimdVector", "broadcast", "load", "sqrt", "store"]

WIDTH: Final = 4
"""Numbers of a vector: as many as a register of most machines holds.

More would stay empty oftener where sizes differ.
"""

NUMBER: Final = ir.DoubleType()
VECTOR: Final = (
    ir.VectorType(NUMBER, WIDTH)
    if numba_adapter.HAS_VECTORS
    else ir.LiteralStructType([NUMBER] * WIDTH)
)
FUSED: Final = ("contract",)
"""A product may go into a sum unrounded."""


class SimdVector(Protocol):
    """`WIDTH` numbers, in compiled code."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...


class _SimdType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"simd{WIDTH}")


SIMD: Final = _SimdType()


class _StructModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [(f"number{i}", types.float64) for i in range(WIDTH)])


register_model(_SimdType)(
    numba_adapter.vector_model(VECTOR) if numba_adapter.HAS_VECTORS else _StructModel
)


def _each(builder: Any, operation: Callable[..., Any], values: Any) -> Any:
    """Return the result of an operation on each number."""
    if numba_adapter.HAS_VECTORS:
        return operation(*values)
    found = ir.Constant(VECTOR, ir.Undefined)
    for i in range(WIDTH):
        numbers = [builder.extract_value(value, i) for value in values]
        found = builder.insert_value(found, operation(*numbers), i)
    return found


def _define(function: Any, name: str) -> None:
    """Define an operator between two vectors as LLVM's instruction of this name."""

    @type_callable(function)
    def typed(_context: Any) -> Any:
        return lambda a, b: SIMD if a == b == SIMD else None

    @lower_builtin(function, SIMD, SIMD)
    def lowered(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        instruction = getattr(builder, name)
        return _each(builder, lambda *numbers: instruction(*numbers, flags=FUSED), values)


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


@intrinsic
def _broadcast(_typing: Any, _value: Any) -> Any:
    def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:
        found = ir.Constant(VECTOR, ir.Undefined)
        for i in range(WIDTH):
            if numba_adapter.HAS_VECTORS:
                found = builder.insert_element(found, args[0], ir.Constant(ir.IntType(32), i))
            else:
                found = builder.insert_value(found, args[0], i)
        return found

    return SIMD(types.float64), lowered


@intrinsic
def _sqrt(_typing: Any, vector: Any) -> Any:
    name, kind = ("v4f64", VECTOR) if numba_adapter.HAS_VECTORS else ("f64", NUMBER)

    def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:
        function = builder.module.declare_intrinsic(
            f"llvm.sqrt.{name}", (), ir.FunctionType(kind, [kind])
        )
        return _each(builder, lambda number: builder.call(function, [number]), args)

    return SIMD(vector), lowered


@intrinsic
def _load_vector(_typing: Any, values: Any, index: Any) -> Any:
    def lowered(context: Any, builder: Any, own: Any, args: Any) -> Any:
        start = numba_adapter.array_start(context, builder, own.args[0], args[0])
        # Arrays are aligned as single numbers are.
        return builder.load(element(builder, start, VECTOR, args[1]), align=8, typ=VECTOR)

    return SIMD(values, index), lowered


@intrinsic
def _store_vector(_typing: Any, values: Any, index: Any, vector: Any) -> Any:
    def lowered(context: Any, builder: Any, own: Any, args: Any) -> Any:
        start = numba_adapter.array_start(context, builder, own.args[0], args[0])
        builder.store(args[2], element(builder, start, VECTOR, args[1]), align=8)
        return context.get_dummy_value()

    return types.void(values, index, vector), lowered


@intrinsic
def _together(_typing: Any, _a: Any, _b: Any, _c: Any, _d: Any) -> Any:
    def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:
        found = ir.Constant(VECTOR, ir.Undefined)
        for i, number in enumerate(args):
            found = builder.insert_value(found, number, i)
        return found

    return SIMD(*[types.float64] * WIDTH), lowered


def _number(place: int) -> Any:
    """Return the function by which compiled code reads one number of a vector."""

    @intrinsic
    def number(_typing: Any, vector: Any) -> Any:
        def lowered(_context: Any, builder: Any, _own: Any, args: Any) -> Any:
            return builder.extract_value(args[0], place)

        return types.float64(vector), lowered

    return number


_first, _second, _third, _fourth = (_number(place) for place in range(WIDTH))


@register_jitable(**INNER)
def _load_numbers(values: FloatArray, index: int) -> Any:
    start = WIDTH * index
    return _together(values[start], values[start + 1], values[start + 2], values[start + 3])  # type: ignore[call-arg]


@register_jitable(**INNER)
def _store_numbers(values: FloatArray, index: int, vector: Any) -> None:
    start = WIDTH * index
    values[start], values[start + 1] = _first(vector), _second(vector)
    values[start + 2], values[start + 3] = _third(vector), _fourth(vector)


load = cast(
    "Callable[[FloatArray, int], SimdVector]",
    _load_vector if numba_adapter.HAS_VECTORS else _load_numbers,
)
"""Return an entry of an array."""
store = cast(
    "Callable[[FloatArray, int, SimdVector], None]",
    _store_vector if numba_adapter.HAS_VECTORS else _store_numbers,
)
"""Store an entry of an array."""
broadcast = cast("Callable[[float], SimdVector]", _broadcast)
"""Return the same number `WIDTH` times."""
sqrt = cast("Callable[[SimdVector], SimdVector]", _sqrt)
"""Return square roots."""
