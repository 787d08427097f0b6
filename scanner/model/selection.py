"""Which checks a run was asked for, as it records it."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.model.check import Severity, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSelection:
    """The options of `posture scan` that narrowed the catalogue, as given."""

    check: tuple[str, ...] = ()
    exclude_check: tuple[str, ...] = ()
    topic: tuple[Topic, ...] = ()
    min_severity: Severity | None = None
    chosen: int
    """How many checks that leaves."""
    catalogue: int
    """How many checks there are."""
