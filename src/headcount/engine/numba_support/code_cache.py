"""Where compiled code is kept: a folder of the package and one of the user.

The package's folder is filled when headcount is installed (`headcount.engine.precompile`). Any
other code is compiled at its first call, and kept in ``NUMBA_CACHE_DIR`` or in the user's cache
folder. Where nothing can be written, it is kept in memory.

Code that was compiled from other sources is not used. Numba by itself compares only the file in
which a function is written, not the files of the functions that are compiled into it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["depends_on", "folders", "stamp", "writable_folder"]

ENGINE: Final = Path(__file__).parents[1]

INSTALLED: Final = Path(os.environ.get("HEADCOUNT_MACHINE_CODE", ENGINE / "machine_code"))
"""Code that was compiled when the package was installed."""

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


def folders() -> list[Path]:
    """Return the folders to look for compiled code in."""
    own = writable_folder()
    return [INSTALLED] if own is None else [INSTALLED, own]


@cache
def writable_folder() -> Path | None:
    """Return the folder to keep compiled code in; ``None`` if nothing can be written."""
    # Each copy of the package has a folder of its own: one overwrites the code of older sources.
    name = "headcount_" + hashlib.sha256(str(ENGINE).encode()).hexdigest()[:16]
    try:
        folder = _base() / name
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):
        # The second: a user without a home.
        return None
    return folder


def _base() -> Path:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
