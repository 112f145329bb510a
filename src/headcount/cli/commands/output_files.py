"""Output files: a new one is complete or absent, and an old one stays until the new is complete."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headcount.errors import HeadcountError

__all__ = ["make_ready", "replacing"]


def make_ready(path: Path) -> Path:
    """Check that a file can be written, before hours are spent on its content.

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
        If the path is a folder, or cannot be written.
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
        File to write, of the same name in a temporary folder beside it.

    Raises
    ------
    HeadcountError
        If it cannot be written; ``path`` is then unchanged.
    """
    make_ready(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".headcount-") as folder:
            partial = Path(folder) / path.name
            yield partial
            partial.replace(path)
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror or error}). The old file is unchanged."
        raise HeadcountError(msg) from error
