"""Output files: complete or not there, and the user's own work never in the way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headcount.errors import HeadcountError

__all__ = ["make_ready", "replacing"]


def make_ready(path: Path) -> Path:
    """Make sure that a file can be written, before hours are spent on its content.

    Parameters
    ----------
    path
        File to be written; missing folders above it are made.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    HeadcountError
        Where the path is a folder, or nothing can be written there.
    """
    if path.is_dir():
        msg = f"{path}: is a folder; name a file"
        raise HeadcountError(msg)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror}). Choose another place with --out."
        raise HeadcountError(msg) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a temporary file that takes the place of ``path`` once it is complete.

    Parameters
    ----------
    path
        File to write or replace.

    Yields
    ------
    Path
        Where to write: a file of the same name in a folder beside it, which is gone afterwards in
        any case.

    Raises
    ------
    HeadcountError
        Where it cannot be written; ``path`` is then as it was.
    """
    make_ready(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".headcount-") as folder:
            partial = Path(folder) / path.name
            yield partial
            partial.replace(path)
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror or error}). What was there is unchanged."
        raise HeadcountError(msg) from error
