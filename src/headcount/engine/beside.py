"""On a machine's first fit: compile in two processes at once, since Numba compiles on one core.

This process needs the density first; meanwhile another one compiles what is needed afterwards, into the cache that both read.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any, get_type_hints

import numba as nb
import numpy as np

from headcount._machine import own_cores
from headcount._types import IntArray
from headcount.engine import density, following, levels, recentred, whitening
from headcount.engine.arrays import Arrays

__all__ = ["compiling_beside"]

NUMBERS, PLACES, DRAWS = nb.float64[::1], nb.int64[::1], nb.float64[:, ::1]


@contextmanager
def compiling_beside(arrays: Arrays) -> Iterator[None]:
    """Have another process compile while this one does, if nothing is in the cache yet.

    Parameters
    ----------
    arrays
        Any study: all have the same types.
    """
    if own_cores() < 2 or not _compiles(arrays):
        yield
        return
    with tempfile.TemporaryFile() as study, _started(study, arrays) as other:
        try:
            yield
        except BaseException:
            if other is not None:
                other.kill()
            raise


def _started(study: IO[bytes], arrays: Arrays) -> AbstractContextManager[subprocess.Popen[bytes] | None]:
    """Start the other process; whatever goes wrong over there is compiled here when it is needed."""
    pickle.dump(arrays, study)
    study.seek(0)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=study,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        # Some sandboxes allow one process only.
        return nullcontext()


def _compiles(arrays: Arrays) -> bool:
    """Say whether a small function, called for this, was not in the cache."""
    first: Any = levels.to_level
    before: int = sum(first.stats.cache_misses.values())
    first(arrays.middle.copy(), arrays)
    missed: int = sum(first.stats.cache_misses.values())
    return missed > before


def signatures(arrays: Arrays) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return what is compiled, and for which types."""
    study, recentring, state, affine = (
        _type_of(arrays),
        _type_of(_empty(following.Recentring)),
        _type_of(_empty(following.State)),
        _type_of(_empty(whitening.Whitening)),
    )
    return [
        (recentred.to_pathwise, (NUMBERS, recentring)),
        (recentred.from_pathwise, (NUMBERS, NUMBERS, state, recentring, NUMBERS)),
        (whitening.to_recentred, (NUMBERS, affine)),
        (whitening.from_recentred, (NUMBERS, affine, NUMBERS)),
        (density.evaluate, (DRAWS, study)),
        (density.evaluate_reach, (DRAWS, study)),
        (density.log_likelihood, (DRAWS, study)),
    ]


def _type_of(value: object) -> Any:  # noqa: ANN401 - Numba is not typed
    return nb.typeof(value)


def _empty(form: Any) -> object:  # noqa: ANN401 - a class of named tuples of vectors
    kinds = get_type_hints(form)
    fields = [np.empty(0, np.int64 if kinds[name] == IntArray else np.float64) for name in form._fields]
    filled: object = form(*fields)
    return filled


def main() -> None:
    """Compile for the study that comes in."""
    for function, types in signatures(pickle.load(sys.stdin.buffer)):
        function.compile(types)


if __name__ == "__main__":
    main()
