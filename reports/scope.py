"""What a run was asked to cover, in words."""

from __future__ import annotations

from scanner.model.results import Run

_HOW = {"discovery", "directory"}
"""What a run's scope tells of how it was read rather than what."""


def narrowed(run: Run) -> str:
    """Return the options that narrowed a run; empty where none did."""
    return "; ".join(
        f"{name.replace('_', ' ')} {', '.join(values)}"
        for name, values in sorted(run.scope.items())
        if values and name not in _HOW
    )
