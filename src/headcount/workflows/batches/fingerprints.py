"""Fingerprints: is an outcome on disk the outcome of this work, done by this code?"""

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

__all__ = ["code_digits", "digest_digits", "digits"]

APART: Final = ("__main__.py", "cli", "diagnostics", "reporting", "simulation", "workflows")
"""Parts of the package that no fit depends on: a sentence of a report may change without fits being
made again."""

BY_NAME: Final = 2
"""Protocol of pickle that writes modules where they can be found again, as ``module name``."""


def digits(*texts: str) -> str:
    """Return digits that tell lists of texts apart.

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
    >>> digits("ab", "c") == digits("a", "bc")
    False
    """
    found = hashlib.sha256()
    for text in texts:
        found.update(hashlib.sha256(text.encode()).digest())
    return found.hexdigest()


def digest_digits(digest: object) -> str:
    """Return digits for a digest: what it is called, what it holds, and the modules in which it is
    written.

    Parameters
    ----------
    digest
        Of a `headcount.workflows.batches.Job`.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    HeadcountError
        Where it cannot be sent to another process.
    """
    try:
        sent = pickle.dumps(digest, protocol=BY_NAME)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        msg = (
            f"the digest {digest!r} cannot be sent to another process ({error});"
            " use a function that stands by itself in a module"
        )
        raise HeadcountError(msg) from error
    named = {
        str(name).split(" ")[0]
        for word, name, _ in pickletools.genops(sent)
        if word.name == "GLOBAL"
    }
    return digits(sent.hex(), *(_text_of(module) for module in sorted(named)))


@cache
def code_digits() -> str:
    """Return digits for the code of this package that a fit depends on.

    The version alone would not do: a working copy changes under one version, and a run that is
    taken up after a change of the density would mix the fits of two models.

    Returns
    -------
    str
        Hexadecimal.
    """
    return digits(metadata.version("headcount"), *_sources(Path(__file__).parents[2]))


def _sources(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.parts[0] not in APART:
            yield place.as_posix()
            yield path.read_text(encoding="utf-8")


def _text_of(module: str) -> str:
    written = getattr(sys.modules.get(module), "__file__", None) or ""
    return Path(written).read_text(encoding="utf-8") if written.endswith(".py") else ""
