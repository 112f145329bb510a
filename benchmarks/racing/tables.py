"""The race as Markdown."""

from __future__ import annotations

from typing import Any

__all__ = ["markdown", "race_table"]


def race_table(fits: list[dict[str, Any]]) -> str:
    """Return three tables: speed, seconds by phase, agreement; then why contestants are missing."""
    ran = [fit for fit in fits if fit["seconds"] is not None]
    parts = [
        markdown(SPEED, [_speed(fit) for fit in fits if not fit["status"].startswith("skipped")]),
        markdown(PHASES, [_phases(fit) for fit in ran]),
        markdown(
            AGREEMENT, [_agreement(fit) for fit in fits if fit["density_difference"] is not None]
        ),
        *(f"{fit['name']}: {fit['status']}" for fit in fits if fit["status"] != "finished"),
        *(_laplace(fit) for fit in fits if fit["laplace"] is not None),
    ]
    return "\n\n".join(part for part in parts if part)


SPEED = (
    "contestant",
    "least ESS",
    "ESS/s",
    "without pilots",
    "seconds to trust",
    "R-hat",
    "divergences",
    "steps/draw",
    "MB",
)
PHASES = ("contestant", "import", "prepare", "pilots", "warm-up and draws", "after", "process")
AGREEMENT = (
    "contestant",
    "log densities apart",
    "max abs z",
    "bound",
    "beyond 4",
    "expected",
    "verdict",
)


def markdown(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    """Return a table, or nothing for no rows."""
    if not rows:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    lines = [heads, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


def _number(value: float | None, form: str = ".3g") -> str:
    return "" if value is None else format(value, form)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _speed(fit: dict[str, Any]) -> list[str]:
    about = "~" if fit["extrapolated"] else ""
    trust = fit["seconds_to_trust"]
    return [
        fit["name"],
        _number(fit["min_ess"], ".0f"),
        _number(fit["min_ess_per_second"]),
        _number(fit["min_ess_per_second_without_pilots"]),
        "" if trust is None else f"{about}{trust:.1f}",
        _number(fit["max_rhat"], ".3f"),
        _number(fit["divergences"], "d"),
        _number((fit["notes"] or {}).get("steps_per_draw"), ".1f"),
        _number(fit["peak_mb"], ".0f"),
    ]


def _phases(fit: dict[str, Any]) -> list[str]:
    phases = (
        _seconds(fit["seconds"].get(name))
        for name in ("import", "prepare", "pilot", "sample", "after")
    )
    return [fit["name"], *phases, _seconds(fit["total_seconds"])]


def _agreement(fit: dict[str, Any]) -> list[str]:
    found = fit["agreement"] or {}
    return [
        fit["name"],
        _number(fit["density_difference"], ".1e"),
        _number(found.get("max_z"), ".2f"),
        _number(found.get("bound"), ".2f"),
        f"{found['beyond_4']} of {found['compared']}" if "beyond_4" in found else "",
        _number(found.get("expected_share_beyond_4"), ".1e"),
        found.get("verdict", ""),
    ]


def _laplace(fit: dict[str, Any]) -> str:
    error = fit["laplace"]
    return (
        f"{fit['name']}: means of log headcounts are up to "
        f"{error['max_mean_difference_in_sds']:.2f} posterior sds from the posterior's; "
        f"sds are {error['sd_ratio_lowest']:.2f} to {error['sd_ratio_highest']:.2f} times as large."
    )
