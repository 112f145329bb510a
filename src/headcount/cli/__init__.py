"""The shell, which parses; a command may import any room, inside the function that needs it.

Each module holds a few commands, which join the app when it is imported. The work of a command is
in `headcount.cli.commands`, which is imported when the command is called: help and errors of usage
load no library for computing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from headcount.cli import (  # noqa: F401 - their commands join the app
    calibrate_command,
    compare_command,
    fit_commands,
    influence_command,
    prior_command,
    study_commands,
    value_command,
)
from headcount.cli.application import app
from headcount.cli.commands.exit_codes import DONE, guarded, report_error

__all__ = ["app", "main"]


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Run a command; see the commands.

    Parameters
    ----------
    tokens
        The command and its options.
    debug
        Show the traceback of an error.
    """
    return guarded(lambda: _run(app, tokens), debug=debug)


def main(tokens: Sequence[str] | None = None) -> int:
    """Run ``headcount`` as the shell does.

    Parameters
    ----------
    tokens
        The command line after the name of the program; ``sys.argv`` has it if ``None``.

    Returns
    -------
    int
        Exit code, see `headcount.cli.commands.exit_codes`.
    """
    try:
        return _run(app.meta, sys.argv[1:] if tokens is None else tokens) or DONE
    except CycloptsError as error:
        return report_error(error)


def _run(shell: App, tokens: Sequence[str]) -> int | None:
    code = shell(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    return code if isinstance(code, int) else None
