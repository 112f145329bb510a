"""Pages are readable, and name only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headcount.engine.coordinates.cross_information import DROP_THRESHOLD
from headcount.engine.coordinates.row_weights import PRIOR_FRACTION
from headcount.inference.pilot_runs import (
    LARGE_STEP,
    LONG_TUNE,
    PILOT_CHAINS,
    PILOT_RUNS,
    REFERENCE_SIZE,
    SHORT_STEPS,
    SHORT_TUNE,
    SMALL_STEP,
)
from headcount.inference.sampling import DEFAULT_STEPS, MAX_STEP_SIZE

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
    prose = [line for line in lines if not line.startswith(("|", "![")) and "://" not in line]
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


def test_the_page_on_sampling_states_the_constants_of_the_code() -> None:
    """The reason for a number stands on the page, so neither changes without the other."""
    text = " ".join((ROOT / "docs" / "engine.md").read_text(encoding="utf-8").split())
    first, second, third = PILOT_RUNS
    default, short = DEFAULT_STEPS, SHORT_STEPS
    stated = [
        f"stays below {DROP_THRESHOLD} of the precision",
        f"{PRIOR_FRACTION:.0%} of the prior precision".replace("%", " %"),
        f"{PILOT_CHAINS} chains ({first.tune} + {first.draws} and {second.tune} + {second.draws}",
        f"step size below {LARGE_STEP}, a third follows ({third.tune} + {third.draws})",
        f"more than {REFERENCE_SIZE} free variables",
        f"Step sizes are at most {MAX_STEP_SIZE}",
        f"Warm-up** is {SHORT_TUNE} draws",
        f"and {LONG_TUNE} elsewhere",
        f"{default.target_accept} with {default.jitter:.0%} jitter".replace("%", " %"),
        f"or {short.target_accept} with {short.jitter:.0%} jitter".replace("%", " %"),
        f"step size is below {SMALL_STEP}",
    ]
    assert [part for part in stated if part not in text] == []
