"""Machine code of compiled functions: what was left when the package was installed, or by an earlier fit.

Numba keeps machine code in files for one processor and one version of itself, which it writes where the source files lie or where
``NUMBA_CACHE_DIR`` says. `MachineCode` looks first in a folder of the package that is filled when it is installed
(`headcount.engine.ahead`), and takes nothing that was compiled from other sources: Numba by itself looks only at the file that a
function is written in, not at those of the functions that it calls.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target

from headcount.engine import codes

__all__ = ["INSTALLED", "MachineCode"]

ENGINE: Final = Path(__file__).parent

INSTALLED: Final = Path(os.environ.get("HEADCOUNT_MACHINE_CODE", ENGINE / "machine_code"))
"""What was compiled when the package was installed, unless another folder is named."""


def _stamp() -> str:
    """Return what changes when any source file of compiled functions does, or a code that they find their way by."""
    known = [f"{name} {getattr(codes, name)}\n".encode() for name in codes.__all__]
    return hashlib.sha256(
        b"".join([*known, *(file.read_bytes() for file in sorted(ENGINE.glob("*.py")))])
    ).hexdigest()


STAMP: Final = _stamp()


class MachineCode(FunctionCache):
    """Numba's files of one function, after those of the installation."""

    def __init__(self, function: Any) -> None:  # noqa: ANN401 - Numba is not typed
        super().__init__(function)
        name = self._impl.filename_base
        self._cache_file = IndexDataCacheFile(self.cache_path, name, STAMP)
        self._installed = IndexDataCacheFile(str(INSTALLED), name, STAMP)

    def holds(self, types: Any) -> bool:  # noqa: ANN401
        """Say whether there is machine code for arguments of these types."""
        key = self._index_key(types, cpu_target.target_context.codegen())
        return any(key in files._load_index() for files in (self._installed, self._cache_file))

    def _load_overload(self, types: Any, context: Any) -> Any:  # noqa: ANN401
        found = self._installed.load(self._index_key(types, context.codegen()))
        return super()._load_overload(types, context) if found is None else self._impl.rebuild(context, found)
