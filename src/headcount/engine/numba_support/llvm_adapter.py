"""Reading and writing memory in llvmlite, whether its pointers have types or are opaque.

llvmlite gives up typed pointers. Until it has done so, it compares the type of a pointer with that
of a value that is stored; `PointerType.is_opaque` says which kind of pointer one is.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

__all__ = ["POINTER", "element", "pointer_at"]

POINTER: Final = ir.PointerType()
"""An opaque pointer."""


def pointer_at(builder: Any, address: Any) -> Any:
    """Return an opaque pointer, of an address that is a number or already a pointer."""
    return builder.inttoptr(address, POINTER) if isinstance(address.type, ir.IntType) else address


def element(builder: Any, pointer: Any, kind: Any, *indices: Any) -> Any:
    """Return a pointer to an element of a sequence of values of a type, or to a part of it."""
    if not getattr(pointer.type, "is_opaque", True):
        pointer = builder.bitcast(pointer, kind.as_pointer())
    return builder.gep(pointer, list(indices), source_etype=kind)
