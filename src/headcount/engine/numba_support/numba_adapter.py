"""All names of Numba that its documentation does not promise.

There are four groups. Each has a flag, which is off where a name of the group is missing or
``HEADCOUNT_DOCUMENTED_ONLY`` names the group. Documented interfaces take its place then, and
results stay the same.

=========== ======================================== ===========================================
group       use                                      documented instead
=========== ======================================== ===========================================
``cache``   code of all functions at installation    ``njit(cache=True)``
``calls``   functions compiled once, called by       calls that compile the function once more
            address
``fields``  arrays of a struct pointer as they lie   ``overload_attribute`` and ``carray``
            in memory
``vectors`` SIMD instructions                        structs of single numbers
=========== ======================================== ===========================================

Without ``cache`` the first fit waits for all compiling: 29 s of processor time. Without ``calls``
compiling takes 1.58 times as long (1.48 to 1.67), without ``fields`` 1.36 times (1.26 to 1.49), and
without ``vectors`` a gradient takes 1.22 times and sampling 1.24 times as long (1.21 to 1.62).
These are ratios of processor time on the medium study of the race, medians of three rounds with the
least and the largest, on two busy cores: ``python -m benchmarks.interfaces``.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from llvmlite import ir
from numba import cfunc, float64, njit
from numba.extending import intrinsic, models

from headcount._machine import is_documented_only
from headcount.engine.numba_support.llvm_adapter import element, pointer_at

with suppress(ImportError):
    from numba.core.caching import IndexDataCacheFile
    from numba.core.ccallback import CFunc
    from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
    from numba.core.compiler import CompileResult
    from numba.core.dispatcher import Dispatcher
    from numba.core.registry import cpu_target

with suppress(ImportError):
    from numba.core.callconv import CPUCallConv
    from numba.core.types import StarArgTuple

with suppress(ImportError):
    from numba.core.datamodel import default_manager
    from numba.core.imputils import impl_ret_borrowed
    from numba.core.typing.templates import AttributeTemplate
    from numba.extending import infer_getattr, lower_getattr_generic

with suppress(ImportError):
    from numba.np.arrayobj import make_array

__all__ = [
    "GROUPS",
    "HAS_CACHE",
    "HAS_CALLS",
    "HAS_FIELDS",
    "HAS_VECTORS",
    "CachedCode",
    "address_of",
    "array_start",
    "call_by_address",
    "compile_for_c",
    "read_fields",
    "vector_model",
    "with_cache",
]

I32, I64 = ir.IntType(32), ir.IntType(64)

ARRAY: Final = ("meminfo", "parent", "nitems", "itemsize", "data", "shape", "strides")
"""Numba's description of an array in memory."""


def _has(group: str, names: Callable[[], Any]) -> bool:
    """Return whether a group may be used: all names are there and have the expected values."""
    if is_documented_only(group):
        return False
    try:
        return all(names())
    except (NameError, AttributeError, TypeError):
        return False


HAS_CACHE: Final = _has(
    "cache",
    lambda: (
        *(IndexDataCacheFile.load, IndexDataCacheFile.save, IndexDataCacheFile._load_index),
        *(CompileResult._reduce, CompileResult._rebuild, JITCPUCodegen.magic_tuple),
        *(Dispatcher.compile, CFunc.compile, cpu_target.target_context.refresh),
        hasattr(njit(lambda: None), "_cache"),
    ),
)
HAS_CALLS: Final = _has(
    "calls",
    lambda: (
        *(CPUCallConv.get_function_type, CPUCallConv.call_function),
        *(CPUCallConv.return_status_propagate, StarArgTuple),
        *(Dispatcher.compile, JITCodeLibrary.get_pointer_to_function, I64.as_pointer),
    ),
)
HAS_FIELDS: Final = _has(
    "fields",
    lambda: (
        *(impl_ret_borrowed, AttributeTemplate, infer_getattr, lower_getattr_generic),
        default_manager.lookup(float64[::1])._fields == ARRAY,
    ),
)
HAS_VECTORS: Final = _has("vectors", lambda: (models.PrimitiveModel, make_array))

GROUPS: Final = (HAS_CACHE, HAS_CALLS, HAS_FIELDS, HAS_VECTORS)
"""Code that was compiled with one choice does not go with another."""


class CachedCode:
    """Compiled code of one function in several folders, the last of which may be written to.

    Parameters
    ----------
    function
        In Python.
    folders
        Where to look, in order.
    writable
        Where to keep new code, or ``None``.
    stamp
        Of the sources: code with another one is not used.
    """

    def __init__(
        self, function: Any, folders: Sequence[Path], writable: Path | None, stamp: str
    ) -> None:
        code = function.__code__
        place = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        version = (
            f"py{sys.version_info.major}{sys.version_info.minor}{getattr(sys, 'abiflags', '')}"
        )
        # An index of other sources is not even opened: it may name types that are gone.
        name = f"{place}-{code.co_firstlineno}.{version}.{stamp[:12]}"
        self._files = [IndexDataCacheFile(str(folder), name, stamp) for folder in folders]
        self._own = None if writable is None else IndexDataCacheFile(str(writable), name, stamp)
        self._folder, self._name, self._all = writable, name, f"{place}-*.{version}.*"
        self._digest = hashlib.sha256(code.co_code).hexdigest()
        self.cache_path = str(writable)

    def holds(self, signature: Any) -> bool:
        """Return whether there is code for arguments of these types."""
        key = self._key(signature, cpu_target.target_context.codegen())
        return any(key in file._load_index() for file in self._files)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return code for arguments of these types, ``None`` if there is none."""
        context.refresh()
        key = self._key(signature, context.codegen())
        for file in self._files:
            found = file.load(key)
            if found is not None:
                return CompileResult._rebuild(context, *found)
        return None

    def save_overload(self, signature: Any, code: Any) -> None:
        """Keep code; where there is no room for it, it is compiled again in the next process."""
        if self._own is not None and self._folder is not None:
            with suppress(OSError):
                for file in self._folder.glob(self._all):
                    if not file.name.startswith(self._name):
                        file.unlink()
                self._own.save(self._key(signature, code.codegen), code._reduce())

    def _key(self, signature: Any, codegen: Any) -> Any:
        return signature, codegen.magic_tuple(), self._digest


def with_cache(function: Any, options: dict[str, Any], cache: CachedCode | None) -> Any:
    """Compile a function when it is called; without a cache, Numba chooses where code is kept."""
    if cache is not None:
        made = njit(**options)(function)
        made._cache = cache
        return made
    try:
        return njit(**options, cache=True)(function)
    except RuntimeError:
        # Numba finds no folder that it can write to.
        return njit(**options)(function)


def compile_for_c(function: Any, types_of: Any, cache: CachedCode | None) -> Any:
    """Compile a function that C calls: the result has an ``address``, and ``ctypes`` calls it."""
    options: dict[str, Any] = {"error_model": "numpy"}
    if cache is not None:
        made: Any = CFunc(
            function, (types_of.args, types_of.return_type), locals={}, options=options
        )
        made._cache = cache
        made.compile()
        return made
    try:
        return cfunc(types_of, cache=True, **options)(function)
    except RuntimeError:
        return cfunc(types_of, **options)(function)


def address_of(function: Any, result: Any, parameters: tuple[Any, ...]) -> int:
    """Return the address of compiled code for arguments of these types, compiled if need be."""
    function.compile(parameters)
    made = function.overloads[parameters]
    found = made.signature.return_type
    if found != result:
        msg = f"{function.__name__} returns {found}, and its callers expect {result}"
        raise TypeError(msg)
    address: int = made.library.get_pointer_to_function(made.fndesc.llvm_func_name)
    return address


def call_by_address(place: int, result: Any, parameters: tuple[Any, ...]) -> Any:
    """Return an intrinsic that calls the function whose address stands at a place of a table."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        kind = context.call_conv.get_function_type(result, parameters)
        where = element(builder, pointer_at(builder, values[0]), I64, I64(place))
        address = builder.inttoptr(builder.load(where, align=8, typ=I64), kind.as_pointer())
        given = [builder.extract_value(values[1], i) for i in range(len(parameters))]
        status, found = context.call_conv.call_function(builder, address, result, parameters, given)
        with builder.if_then(status.is_error, likely=False):
            context.call_conv.return_status_propagate(builder, status)
        return found

    @intrinsic
    def call(_context: Any, table: Any, *_arguments: Any) -> Any:
        return result(table, StarArgTuple(parameters)), code

    return call


def read_fields(struct_type: Any) -> None:
    """Let compiled code read the arrays of a struct pointer as Numba's own descriptions."""

    @infer_getattr
    class Fields(AttributeTemplate):
        key = struct_type

        def generic_resolve(self, kind: Any, name: str) -> Any:  # type: ignore[override]
            return kind.arrays.get(name)

    @lower_getattr_generic(struct_type)
    def read(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
        parts = [context.get_value_type(own) for own in kind.arrays.values()]
        place = list(kind.arrays).index(name)
        start = builder.extract_value(value, 0)
        where = element(builder, start, ir.LiteralStructType(parts), I32(0), I32(place))
        array = builder.load(where, align=8, typ=parts[place])
        # A description does not change, so it need not be read again after each store.
        array.set_metadata("invariant.load", builder.module.add_metadata([]))
        return impl_ret_borrowed(context, builder, kind.arrays[name], array)


def vector_model(vector: Any) -> Any:
    """Return the data model of a type whose values are LLVM vectors."""

    class VectorModel(models.PrimitiveModel):
        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, vector)

    return VectorModel


def array_start(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Return a pointer to the first number of an array."""
    return make_array(kind)(context, builder, value).data
