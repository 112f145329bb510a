"""Numbers of a prior as a spec states them: keys with values, checked."""

from __future__ import annotations

from collections.abc import Mapping

from headcount.errors import nearest

__all__ = ["numbers_of"]


def numbers_of(stated: Mapping[str, object], keys: tuple[str, ...]) -> tuple[float, ...]:
    """Return the numbers of a prior, in the order of the keys.

    Parameters
    ----------
    stated
        Keys with values.
    keys
        The keys that must be there; no other may be.

    Returns
    -------
    tuple of float
        The values.

    Raises
    ------
    ValueError
        With one sentence that names the first problem.
    """
    unknown = sorted(set(stated) - set(keys))
    if unknown:
        msg = f"unknown key {unknown[0]!r}. {nearest(unknown[0], keys)}"
        raise ValueError(msg)
    missing = [key for key in keys if key not in stated]
    if missing:
        msg = f"{missing[0]!r} is missing; a prior here needs {', '.join(keys)}"
        raise ValueError(msg)
    return tuple(_number(key, stated[key]) for key in keys)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{key} = {value!r} is not a number"
        raise ValueError(msg)  # noqa: TRY004 - pydantic collects ValueErrors
    try:
        return float(value)
    except OverflowError:
        msg = f"{key} is too large a number"
        raise ValueError(msg) from None
