"""Named tuples of many arrays that compiled code takes as one pointer.

Numba takes a named tuple apart at every call, array by array, in Python and in compiled code alike.
A `StructPointer` is passed on as the address of its arrays' descriptions, and compiled code reads
an array from there where it is used. With fifty arrays, three small functions that call each other
compile 5.7 times as fast by a pointer as by the tuple (3.6 to 8.1 in five rounds), and a call from
Python takes 1.6 times as long by the tuple (1.3 to 1.7).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import carray, typeof, types
from numba.core import cgutils
from numba.extending import (
    NativeValue,
    intrinsic,
    models,
    overload_attribute,
    register_model,
    typeof_impl,
    unbox,
)

from headcount._types import IntArray
from headcount.engine.numba_support import numba_adapter
from headcount.engine.numba_support.llvm_adapter import element, pointer_at

__all__ = ["StructPointer"]

WORD: Final = ir.IntType(64)
DATA, SHAPE = 4, 5
"""Places in the description of an array."""


class StructPointer:
    """A base class by which a named tuple of arrays is passed as a pointer.

    It stands before the tuple among the bases of a class.
    """

    @cached_property
    def descriptions(self) -> IntArray:
        """Numba's description of each array, one after the other, without an owner.

        Whoever passes the pointer on keeps this tuple, and by it the arrays.
        """
        found: list[int] = []
        for array in self:  # type: ignore[attr-defined]
            found += [0, 0, array.size, array.itemsize, array.ctypes.data]
            found += [*array.shape, *array.strides]
        return np.array(found, dtype=np.int64)

    @cached_property
    def address(self) -> int:
        """Address of the descriptions."""
        return int(self.descriptions.ctypes.data)

    @cached_property
    def array_types(self) -> tuple[Any, ...]:
        """Numba's type of each array."""
        return tuple(typeof(array) for array in self)  # type: ignore[attr-defined]

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the fields known to compiled code."""
        super().__init_subclass__(**options)
        for name in getattr(cls, "_fields", ()):
            _define_field(name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave addresses behind."""
        return type(self), tuple(self)  # type: ignore[arg-type]


class _StructPointerType(types.Type):
    def __init__(self, form: Any, array_types: tuple[Any, ...]) -> None:
        self.form, self.array_types = form, array_types
        self.arrays = dict(zip(form._fields, array_types, strict=True))
        super().__init__(name=form.__name__)

    @property
    def key(self) -> Any:
        return self.form, self.array_types

    def word(self, name: str) -> int:
        """Return the place of an array's description."""
        before = list(self.arrays).index(name)
        return sum(SHAPE + 2 * kind.ndim for kind in self.array_types[:before])


@typeof_impl.register(StructPointer)
def _typeof(value: Any, _context: Any) -> Any:
    return _StructPointerType(type(value), value.array_types)


@register_model(_StructPointerType)
class _StructPointerModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("address", types.voidptr)])


@unbox(_StructPointerType)
def _unbox(kind: Any, value: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.unbox(types.intp, number)
    c.pyapi.decref(number)
    found = cgutils.create_struct_proxy(kind)(c.context, c.builder)
    found.address = pointer_at(c.builder, address.value)
    return NativeValue(found._getvalue(), is_error=address.is_error)


_defined: set[str] = set()


def _define_field(name: str) -> None:
    """Let compiled code read a field by documented interfaces, unless the adapter reads all."""
    if numba_adapter.HAS_FIELDS or name in _defined:
        return
    _defined.add(name)

    # Numba compares the signature with those of the functions that are returned.
    @overload_attribute(_StructPointerType, name)
    def field(own):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if name not in own.arrays:
            return None
        array, word = own.arrays[name], own.word(name)
        start = _word_at(word + DATA, types.CPointer(array.dtype))
        rows = _word_at(word + SHAPE, types.intp)
        if array.ndim == 1:
            return lambda own: carray(start(own), (rows(own),))
        columns = _word_at(word + SHAPE + 1, types.intp)
        return lambda own: carray(start(own), (rows(own), columns(own)))


def _word_at(place: int, kind: Any) -> Any:
    """Return the function by which compiled code reads a number or pointer of the descriptions."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        start = builder.extract_value(values[0], 0)
        where = element(builder, start, WORD, WORD(place))
        word = builder.load(where, align=8, typ=WORD)
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
        if isinstance(kind, types.CPointer):
            return builder.inttoptr(word, context.get_value_type(kind))
        return word

    @intrinsic
    def read(_context: Any, own: Any) -> Any:
        return kind(own), code

    return read


if numba_adapter.HAS_FIELDS:
    numba_adapter.read_fields(_StructPointerType)
