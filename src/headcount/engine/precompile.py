"""Compiling before anything is called: when the package is installed, and on a first fit if nothing
fits from then.

Numba compiles on one core at a time. So another process takes a part of it: both take from one list
what is to be compiled next, and what the other one compiled is read from its files.
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
from headcount.engine.density.signatures import NUMBERS, STUDY
from headcount.engine.derivatives.growth_deviations import to_deviations
from headcount.engine.derivatives.log_baseline import share_weights, to_baseline
from headcount.engine.numba_support.compilation import CalledFromC, Typed

__all__ = ["FUNCTIONS", "compile_ahead"]

FUNCTIONS: tuple[Typed | CalledFromC, ...] = (
    *sampled_density.LINKED.functions,
    *(one for one in evaluation.LINKED.functions if one not in sampled_density.LINKED.functions),
    *evaluation.LOOPS,
    sampled_density.log_density_callback,
    sampled_density.free_vector_callback,
    Typed(share_weights, NUMBERS, (NUMBERS, STUDY)),
    Typed(to_baseline, types.none, (NUMBERS, STUDY)),
    Typed(to_deviations, types.none, (NUMBERS, STUDY)),
)
"""All that is called while a study is fitted and its draws are looked at."""


@cache
def compile_ahead() -> None:
    """Load all, once what there is no machine code of is compiled, in two processes if there are
    two cores.
    """
    waiting = iter([place for place, function in enumerate(FUNCTIONS) if not function.is_there()])
    first = next(waiting, None)
    if first is not None:
        with _helped(waiting) if usable_cores() > 1 else nullcontext():
            for place in chain([first], waiting):
                FUNCTIONS[place].address()
    for function in FUNCTIONS:
        function.address()


@contextmanager
def _helped(waiting: Iterator[int]) -> Iterator[None]:
    """Have another process compile some of what is waiting; if it fails, that is compiled where it
    is called.
    """
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
        handing = Thread(target=_hand, args=(other, waiting), daemon=True)
        handing.start()
        try:
            yield
            handing.join()
        except BaseException:
            other.kill()
            raise


def _hand(other: subprocess.Popen[str], waiting: Iterator[int]) -> None:
    """Give the other process what is waiting, one function after another."""
    if other.stdin is None or other.stdout is None:
        return
    with suppress(OSError):
        while other.stdout.readline() and (place := next(waiting, None)) is not None:
            other.stdin.write(f"{place}\n")
            other.stdin.flush()
        other.stdin.close()


def main() -> None:
    """Compile what is asked for, a place in `FUNCTIONS` in each line that comes in; a line goes out
    when ready for more.
    """
    print(flush=True)
    for line in sys.stdin:
        FUNCTIONS[int(line)].address()
        print(flush=True)


if __name__ == "__main__":
    main()
