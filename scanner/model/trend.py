"""How runs came out over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.model.check import Severity
from scanner.model.results import Run


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
    complete: bool = True
    """Whether collection came to its end."""
    chosen: int | None = None
    """How many checks judged; None where nothing narrowed them."""
    catalogue: int | None = None
    """How many there were then."""

    @property
    def part(self) -> str:
        """What the run is a part of only: its numbers are no whole run's; or ''."""
        chosen = f"{self.chosen} of {self.catalogue} checks" if self.chosen else ""
        cut = "" if self.complete else "cut short"
        return ", ".join(filter(None, (chosen, cut)))


def header_of(run: Run) -> dict[str, Any]:
    """Return what a point has of its run."""
    asked = run.selection
    return {
        "started": run.started,
        "complete": run.complete,
        "chosen": asked and asked.chosen,
        "catalogue": asked and asked.catalogue,
    }
