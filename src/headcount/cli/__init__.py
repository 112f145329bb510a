"""The shell, which parses; a command may import any room, inside the function that needs it.

Each module holds a few commands; importing it puts them into the app.
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
from headcount.cli.commands.exit_codes import DONE, guarded, told
from headcount.cli.common import app

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
        What follows the program's name; taken from the shell if ``None``.

    Returns
    -------
    int
        Exit code, see `headcount.cli.commands.exit_codes`.
    """
    try:
        return _run(app.meta, sys.argv[1:] if tokens is None else tokens) or DONE
    except CycloptsError as error:
        return told(error)


def _run(shell: App, tokens: Sequence[str]) -> int | None:
    answer = shell(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    return answer if isinstance(answer, int) else None
