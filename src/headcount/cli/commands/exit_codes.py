"""Exit codes: an error becomes lines on stderr and an exit code, a warning one line.

==== ===========================================================================
code meaning
==== ===========================================================================
0    done
1    a problem in the study, the fit or a file, each on a line of its own; a
     calibration that failed; or stopped by Ctrl-C, with the finished part kept
2    wrong usage
==== ===========================================================================
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from cyclopts import CycloptsError

from headcount.errors import HeadcountError, HeadcountWarning

__all__ = ["DONE", "INTERRUPTED", "PROBLEM", "WRONG_USAGE", "UsageError", "guarded", "report_error"]

DONE: Final = 0
PROBLEM: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = PROBLEM
"""A run that was stopped is no success, so ``make`` and ``&&`` stop too."""


class UsageError(Exception):
    """Options that do not go together."""


def guarded(command: Callable[[], int | None], *, debug: bool) -> int:
    """Run a command and turn its exceptions into lines and an exit code.

    Parameters
    ----------
    command
        Takes nothing; returns an exit code, or ``None`` for done.
    debug
        Whether to let errors through with their traceback, and to show the warnings of libraries.

    Returns
    -------
    int
        An exit code of the table above.
    """
    with _warnings_as_lines(everything=debug):
        try:
            return command() or DONE
        except Exception as error:
            if debug and not isinstance(error, CycloptsError):
                raise
            return report_error(error)
        except KeyboardInterrupt:
            _print_error("stopped; no unfinished file was left behind")
            return INTERRUPTED


def report_error(error: Exception) -> int:
    """Print an error on stderr, and return its exit code.

    Parameters
    ----------
    error
        Exception of a command.

    Returns
    -------
    int
        An exit code of the table above.
    """
    match error:
        case CycloptsError() | UsageError():
            chain = getattr(error, "command_chain", None) or ()
            _print_error(" ".join(str(error).split()))
            _print_error(f"See: {' '.join(('headcount', *chain, '--help'))}")
            return WRONG_USAGE
        case HeadcountError():
            _print_error(str(error))
        case BrokenPipeError():
            # The reader of our output is gone, as in `headcount kinds | head`; the interpreter must
            # not flush again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            _print_error(f"{place}cannot be used ({error.strerror or error})")
        case _:
            name = type(error).__name__
            _print_error(f"an error that headcount did not expect: {name}: {error}")
            _print_error("Please report it, with the output of the same command with --debug.")
    return PROBLEM


def _print_error(text: str) -> None:
    for line in text.splitlines():
        print(f"headcount: {line}", file=sys.stderr)


@contextmanager
def _warnings_as_lines(*, everything: bool) -> Iterator[None]:
    """Print each of our warnings once; those of libraries are for developers."""
    seen: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = str(message)
        if not issubclass(category, HeadcountWarning):
            text = warnings.formatwarning(message, category, filename, lineno, line).strip()
        if text not in seen:
            print(f"warning: {text}", file=file or sys.stderr)
        seen.add(text)

    with warnings.catch_warnings():
        warnings.simplefilter("default" if everything else "ignore")
        warnings.simplefilter("always", HeadcountWarning)
        warnings.showwarning = show
        yield
