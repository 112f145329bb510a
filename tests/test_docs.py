"""Pages are readable, and name only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "node_modules", ".pytest_cache", "reports"} & set(path.parts)
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
WIDEST = 100
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(#[^)]*)?\)")
MODULE = re.compile(r"`(?:src/headcount/)?((?:[a-z_]+/)+[a-z_]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_lines_are_short(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    # A table's row cannot be broken, nor can a web address or a command.
    prose = [line for line in lines if not line.lstrip().startswith("|") and "://" not in line]
    assert [line for line in prose if len(line) > WIDEST and not line.startswith("    ")] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    links = [match[1] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_modules_that_pages_name_are_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return
    named = {match[1] for match in MODULE.finditer(page.read_text(encoding="utf-8"))}
    bases = (ROOT, ROOT / "src" / "headcount")
    assert [name for name in named if not any((base / name).exists() for base in bases)] == []
