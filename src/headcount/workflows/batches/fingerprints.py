"""Fingerprints: hashes that decide whether a file on disk is the outcome of a job."""

from __future__ import annotations

import hashlib
import pickle
import pickletools
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from headcount.errors import HeadcountError

__all__ = ["code_hash", "hash_of", "summariser_hash"]

NOT_IN_FITS: Final = ("__main__.py", "cli", "diagnostics", "reporting", "simulation", "workflows")
"""Parts of the package that no fit depends on: a new sentence in a report invalidates no fit."""

BY_NAME: Final = 2
"""Protocol of pickle that writes a reference to a module as ``module name``, where it is found."""


def hash_of(*texts: str) -> str:
    """Return a hash of a list of texts.

    Parameters
    ----------
    *texts
        In order.

    Returns
    -------
    str
        Hexadecimal.

    Examples
    --------
    >>> hash_of("ab", "c") == hash_of("a", "bc")
    False
    """
    found = hashlib.sha256()
    for text in texts:
        found.update(hashlib.sha256(text.encode()).digest())
    return found.hexdigest()


def summariser_hash(summarise: object) -> str:
    """Return a hash of a summary function: its name, its state and the text of its modules.

    Parameters
    ----------
    summarise
        Of a `headcount.workflows.batches.Job`.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    HeadcountError
        If it cannot be sent to another process.
    """
    try:
        sent = pickle.dumps(summarise, protocol=BY_NAME)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        msg = (
            f"the summary function {summarise!r} cannot be sent to another process ({error});"
            " use a function that stands by itself in a module"
        )
        raise HeadcountError(msg) from error
    modules = {
        str(name).split(" ")[0]
        for opcode, name, _ in pickletools.genops(sent)
        if opcode.name == "GLOBAL"
    }
    return hash_of(sent.hex(), *(_text_of(module) for module in sorted(modules)))


@cache
def code_hash() -> str:
    """Return a hash of the code of this package that a fit depends on.

    The version alone is not enough: a working copy changes under one version, and a batch that is
    resumed after a change of the density would mix the fits of two models.

    Returns
    -------
    str
        Hexadecimal.
    """
    return hash_of(metadata.version("headcount"), *_sources(Path(__file__).parents[2]))


def _sources(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.parts[0] not in NOT_IN_FITS:
            yield place.as_posix()
            yield path.read_text(encoding="utf-8")


def _text_of(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return Path(file).read_text(encoding="utf-8") if file.endswith(".py") else ""
