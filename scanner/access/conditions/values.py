"""The values that conditions compare, read from what a text or a request holds.

Source: "Azure role assignment condition format and syntax", operators.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...]
Values: TypeAlias = tuple[Scalar, ...]

TICKS = 10_000_000
"""Date-times are written with seven fractional digits: ticks of 100 nanoseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
    r"(?:\.([0-9]{1,9}))?(Z|z|[+-][0-9]{2}:[0-9]{2})?"
)


def text(value: Scalar) -> str | None:
    """Return a string as it is; nothing else is one."""
    return value if isinstance(value, str) else None


def folded(value: Scalar) -> str | None:
    """Return a string in the form that compares without case."""
    return value.lower() if isinstance(value, str) else None


def number(value: Scalar) -> int | float | None:
    """Return a number, also one that was written as text."""
    match value:
        case bool():
            return None
        case str():
            return _parse_number(value)
        case _:
            return value


def _parse_number(written: str) -> int | float | None:
    if not _NUMBER.fullmatch(written):
        return None
    return float(written) if "." in written else int(written)


def boolean(value: Scalar) -> bool | None:
    """Return a truth value, also one that was written as text."""
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False}
    return known.get(value.lower()) if isinstance(value, str) else None


def guid(value: Scalar) -> str | None:
    """Return the 32 digits of a GUID; dashes are recorded both present and left out."""
    if isinstance(value, str) and _GUID.fullmatch(value):
        return value.replace("-", "").lower()
    return None


def instant(value: Scalar) -> int | None:
    """Return a date-time as ticks since 1970 UTC; without a zone it is UTC."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{_offset(zone)}")
    except ValueError:
        return None
    return ticks(moment) + int((fraction or "0")[:7].ljust(7, "0"))


def _offset(zone: str | None) -> str:
    return "+00:00" if zone is None or zone in "Zz" else zone


def ticks(when: datetime) -> int:
    """Return a moment as ticks since 1970 UTC."""
    return (when - _EPOCH) // timedelta(microseconds=1) * (TICKS // 1_000_000)


def moment(count: int) -> datetime | None:
    """Return ticks as a moment, to the microsecond; nothing beyond the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=count // 10)
    except OverflowError:
        return None
