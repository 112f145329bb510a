"""New studies: a small commented one that runs as it is, to be rewritten piece by piece."""

from __future__ import annotations

import re
import tempfile
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from headcount.cli.commands.exit_codes import UsageError
from headcount.errors import HeadcountError

__all__ = ["new_study"]

TEMPLATES: Final = "template_study"
MODEL: Final = "model.toml"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def new_study(name: str, folder: Path) -> tuple[Path, ...]:
    """Write the files of a new study.

    Parameters
    ----------
    name
        Name of the study and its files: letters, digits, hyphens and underscores.
    folder
        Folder of ``models/`` and ``data/``, which may not exist yet.

    Returns
    -------
    tuple of Path
        The model, then its tables.

    Raises
    ------
    UsageError
        If the name cannot name files.
    HeadcountError
        If a study of this name exists, or a file cannot be written.
    """
    if not NAME.fullmatch(name):
        advice = "use letters, digits, hyphens and underscores, as in bee_keepers"
        msg = f"{name!r} cannot name a study; {advice}"
        raise UsageError(msg)
    model, tables = folder / "models" / f"{name}.toml", folder / "data" / name
    for path in (model, tables):
        if path.exists():
            advice = "Choose another name, or move it away."
            msg = f"{path}: is there already, and nothing was written. {advice}"
            raise HeadcountError(msg)
    try:
        written = _write_tables(name, tables)
        model.parent.mkdir(parents=True, exist_ok=True)
        with model.open("x", encoding="utf-8") as file:
            file.write(_filled(MODEL, name))
    except OSError as error:
        reason = f"{error.filename or folder}: cannot be written ({error.strerror})"
        msg = f"{reason}. Choose another place with --folder."
        raise HeadcountError(msg) from error
    return (model, *written)


def _write_tables(name: str, folder: Path) -> tuple[Path, ...]:
    """Write the tables into a folder that is complete or absent."""
    templates = resources.files("headcount.cli.commands") / TEMPLATES
    names = sorted(
        item.name for item in templates.iterdir() if item.name.endswith((".csv", ".json"))
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".headcount-") as partial:
        # A folder below the temporary one, since that is readable by its owner only.
        made = Path(partial) / name
        made.mkdir()
        for file in names:
            (made / file).write_text(_filled(file, name), encoding="utf-8")
        made.rename(folder)
    return tuple(folder / file for file in names)


def _filled(file: str, name: str) -> str:
    text = (resources.files("headcount.cli.commands") / TEMPLATES / file).read_text(
        encoding="utf-8"
    )
    return Template(text).substitute(name=name, slug=name.lower())
