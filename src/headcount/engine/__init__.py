"""The engine: the model's log density and gradient as one compiled, data-driven function.

PyMC (`headcount.model`) is the definition; the engine is the same density, written out once for all studies with its
adjoint by hand, so that nothing compiles when a study changes. Tests hold the two equal to 1e-8. This folder imports NumPy
and Numba, not PyMC. docs/engine.md says what was tried and measured.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def _forget_stale_code() -> None:
    """Delete compiled code that is older than any source file of this folder.

    Numba looks only at the file that a function is written in, not at those of the functions that it calls.
    """
    here = Path(__file__).parent
    newest = max(source.stat().st_mtime for source in here.glob("*.py"))
    for index in here.glob("__pycache__/*.nbi"):
        with suppress(OSError):
            if index.stat().st_mtime < newest:
                index.unlink()


_forget_stale_code()
