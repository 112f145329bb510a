"""Machine code of compiled functions: what was left when the package was installed, or by an
earlier fit.

Numba keeps machine code in files for one processor and one version of itself, which it writes where
the source files lie or where ``NUMBA_CACHE_DIR`` says. `MachineCode` looks first in a folder of the
package that is filled when it is installed (`headcount.engine.precompile`), and takes nothing that
was compiled from other sources: Numba by itself looks only at the file that a function is written
in, not at those of the functions that it calls.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target

__all__ = ["INSTALLED", "MachineCode", "depends_on"]

ENGINE: Final = Path(__file__).parents[1]

INSTALLED: Final = Path(os.environ.get("HEADCOUNT_MACHINE_CODE", ENGINE / "machine_code"))
"""What was compiled when the package was installed, unless another folder is named."""


_constants: dict[str, object] = {}


def depends_on(constants: Mapping[str, object]) -> None:
    """Register constants that compiled code holds and that no file of the engine spells out."""
    _constants.update(constants)


@cache
def stamp() -> str:
    """Return a digest of the engine's source files and of the registered constants."""
    constants = [f"{name} {value}\n".encode() for name, value in sorted(_constants.items())]
    files = (file.read_bytes() for file in sorted(ENGINE.rglob("*.py")))
    return hashlib.sha256(b"".join([*constants, *files])).hexdigest()


class MachineCode(FunctionCache):
    """Numba's files of one function, after those of the installation."""

    def __init__(self, function: Any) -> None:  # noqa: ANN401 - Numba is not typed
        super().__init__(function)
        name = self._impl.filename_base
        self._cache_file = IndexDataCacheFile(self.cache_path, name, stamp())
        self._installed = IndexDataCacheFile(str(INSTALLED), name, stamp())

    def holds(self, types: Any) -> bool:  # noqa: ANN401
        """Say whether there is machine code for arguments of these types."""
        key = self._index_key(types, cpu_target.target_context.codegen())
        return any(key in files._load_index() for files in (self._installed, self._cache_file))

    def _load_overload(self, types: Any, context: Any) -> Any:  # noqa: ANN401
        found = self._installed.load(self._index_key(types, context.codegen()))
        return (
            super()._load_overload(types, context)
            if found is None
            else self._impl.rebuild(context, found)
        )
