"""How runs came out over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.model.check import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one run came to."""

    started: str
    """UTC, RFC 3339."""
    score: float | None
    """0 to 100; never shown without the coverage."""
    coverage: float | None
    """0 to 1."""
    findings: Mapping[Severity, int]
    """How many failed or warned at each severity."""
    exempted: int
    gaps: int
