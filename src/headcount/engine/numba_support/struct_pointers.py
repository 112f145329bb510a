"""Named tuples of many arrays that compiled code is handed by their address.

Numba takes a named tuple apart at every call, array by array, in Python and in compiled code alike:
with fifty arrays that takes longer than much of the arithmetic, and compiling it longer still. An
`Addressed` tuple goes along as one pointer, and compiled code reads an array from there where it is
used.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir
from numba import typeof
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.core.typing.typeof import typeof_impl
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, register_model, unbox

from headcount._types import IntArray

__all__ = ["Addressed"]


class Addressed:
    """What makes a named tuple of arrays go by its address; to be named before the tuple among a
    class's bases.
    """

    @cached_property
    def words(self) -> IntArray:
        """Numba's description of each array, one after the other; no owner is named, for this tuple
        outlives the call.
        """
        found: list[int] = []
        for array in self:  # type: ignore[attr-defined]
            found += [
                0,
                0,
                array.size,
                array.itemsize,
                array.ctypes.data,
                *array.shape,
                *array.strides,
            ]
        return np.array(found, dtype=np.int64)

    @cached_property
    def address(self) -> int:
        """Where the description lies."""
        return int(self.words.ctypes.data)

    @cached_property
    def kinds(self) -> tuple[Any, ...]:
        """Numba's type of each array."""
        return tuple(typeof(array) for array in self)  # type: ignore[attr-defined]

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave addresses behind."""
        return type(self), tuple(self)  # type: ignore[arg-type]


class _AddressedType(types.Type):
    def __init__(self, form: Any, kinds: tuple[Any, ...]) -> None:  # noqa: ANN401 - Numba's types are not public
        self.form, self.kinds = form, kinds
        super().__init__(name=form.__name__)

    @property
    def key(self) -> Any:  # noqa: ANN401
        return self.form, self.kinds


@typeof_impl.register(Addressed)
def _typeof(value: Any, _context: Any) -> Any:  # noqa: ANN401
    return _AddressedType(type(value), value.kinds)


@register_model(_AddressedType)
class _AddressedModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:  # noqa: ANN401
        super().__init__(manager, kind, ir.IntType(8).as_pointer())


@unbox(_AddressedType)
def _unbox(_kind: Any, value: Any, c: Any) -> Any:  # noqa: ANN401
    address = c.pyapi.object_getattr_string(value, "address")
    number = c.pyapi.long_as_ulonglong(address)
    c.pyapi.decref(address)
    pointer = c.builder.inttoptr(number, ir.IntType(8).as_pointer())
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _Attributes(AttributeTemplate):
    key = _AddressedType

    def generic_resolve(self, kind: Any, name: str) -> Any:  # type: ignore[override]  # noqa: ANN401
        return kind.kinds[kind.form._fields.index(name)] if name in kind.form._fields else None


@lower_getattr_generic(_AddressedType)
def _attribute(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:  # noqa: ANN401
    parts = [context.get_value_type(own) for own in kind.kinds]
    place = kind.form._fields.index(name)
    start = builder.bitcast(value, ir.LiteralStructType(parts).as_pointer())
    zero = ir.IntType(32)(0)
    array = builder.load(builder.gep(start, [zero, ir.IntType(32)(place)]), align=8)
    # Nothing that is stored changes a description, so it need not be read again after each store.
    array.set_metadata("invariant.load", builder.module.add_metadata([]))
    return impl_ret_borrowed(context, builder, kind.kinds[place], array)
