"""Page files: a template and its facts become one HTML file that refers to no other file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["write_page"]

STYLESHEET = "report.css"


def write_page(template: str, facts: Mapping[str, Any], path: str | Path) -> Path:
    """Write a page.

    Parameters
    ----------
    template
        File in the folder ``templates``; it may use ``style`` beside the facts.
    facts
        Values of the names in the template.
    path
        File to write; replaced only once the new one is complete.

    Returns
    -------
    Path
        The file.
    """
    environment = Environment(
        loader=PackageLoader("headcount.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The stylesheet and the figures are ours, the only text that is not escaped.
    style = Markup(environment.get_template(STYLESHEET).render())  # noqa: S704
    environment.filters["drawing"] = Markup
    environment.filters["glued"] = _glued
    page = environment.get_template(template).render(style=style, **facts)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(page, encoding="utf-8", newline="\n")
    partial.replace(path)
    return path


def _glued(text: str) -> str:
    """Keep percent signs with their numbers when a line breaks."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")
