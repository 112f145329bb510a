"""Compilation before the first call: at installation, and at a first fit that finds no code.

Numba compiles on one core at a time. So a second process compiles a part: both take functions from
one list, and each reads the code of the other one from files. That takes 18 and 19 s of processor
time where one process takes 29 s, so the wait is a third shorter.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from itertools import chain
from threading import Thread

from numba import types

from headcount._machine import usable_cores
from headcount.engine.coordinates import sampled_density
from headcount.engine.density import evaluation
from headcount.engine.density.ratio_links import link_values_and_slopes
from headcount.engine.density.signatures import CUBE, NUMBERS, STUDY
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import share_weights, to_baseline
from headcount.engine.numba_support.compilation import CalledFromC, Typed, is_shared

__all__ = ["FUNCTIONS", "compile_ahead"]

FUNCTIONS: tuple[Typed | CalledFromC, ...] = (
    *dict.fromkeys(
        [*sampled_density.FUNCTION_TABLE.functions, *evaluation.FUNCTION_TABLE.functions]
    ),
    *evaluation.LOOPS,
    sampled_density.log_density_callback,
    sampled_density.free_vector_callback,
    Typed(link_values_and_slopes, types.UniTuple(CUBE, 2), (NUMBERS, STUDY)),
    Typed(share_weights, NUMBERS, (NUMBERS, STUDY)),
    Typed(to_baseline, types.none, (NUMBERS, STUDY)),
    Typed(to_deviations, types.none, (NUMBERS, STUDY)),
)
"""All functions that are called while a study is fitted and its draws are evaluated."""


@cache
def compile_ahead() -> None:
    """Compile the functions of which no code is kept, in two processes if there are two cores.

    All others are loaded.
    """
    waiting = iter([place for place, function in enumerate(FUNCTIONS) if not function.is_cached()])
    first = next(waiting, None)
    if first is not None:
        with _second_process(waiting) if _may_share() else nullcontext():
            for place in chain([first], waiting):
                FUNCTIONS[place].prepare()
    for function in FUNCTIONS:
        function.prepare()


def _may_share() -> bool:
    """Return whether a second process could hand over compiled code."""
    return usable_cores() > 1 and is_shared()


@contextmanager
def _second_process(waiting: Iterator[int]) -> Iterator[None]:
    """Let another process compile some functions; if it fails, this one compiles them."""
    try:
        other = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        # Some sandboxes allow one process only.
        yield
        return
    with other:
        feeding = Thread(target=_feed, args=(other, waiting), daemon=True)
        feeding.start()
        try:
            yield
            feeding.join()
        except BaseException:
            other.kill()
            raise


def _feed(other: subprocess.Popen[str], waiting: Iterator[int]) -> None:
    """Give the other process one function after another."""
    if other.stdin is None or other.stdout is None:
        return
    with suppress(OSError):
        while other.stdout.readline() and (place := next(waiting, None)) is not None:
            other.stdin.write(f"{place}\n")
            other.stdin.flush()
        other.stdin.close()


def main() -> None:
    """Compile the functions whose places in `FUNCTIONS` come in, one a line.

    A line goes out when this process is ready for more.
    """
    print(flush=True)
    for line in sys.stdin:
        FUNCTIONS[int(line)].prepare()
        print(flush=True)


if __name__ == "__main__":
    main()
