"""What a run was asked to cover, and by which checks, in words."""

from __future__ import annotations

from reports.text import count
from scanner.model.results import Run
from scanner.model.selection import CheckSelection

_HOW = {"discovery", "directory"}
"""What a run's scope tells of how it was read rather than what."""


def narrowed(run: Run) -> str:
    """Return the options that narrowed a run; empty where none did."""
    return "; ".join(
        f"{name.replace('_', ' ')} {', '.join(values)}"
        for name, values in sorted(run.scope.items())
        if values and name not in _HOW
    )


def chosen(run: Run) -> str:
    """Return which of the checks judged, and by what options; empty where all did."""
    selection = run.selection
    if selection is None:
        return ""
    given = {
        "check": selection.check,
        "exclude-check": selection.exclude_check,
        "topic": selection.topic,
        "min-severity": filter(None, (selection.min_severity,)),
    }
    options = (f"--{name} {each}" for name, values in given.items() for each in values)
    return f"{share(selection)}: {' '.join(options)}"


def asked_for(run: Run) -> str:
    """Return how many requests a run took; who was killed has not told."""
    return count(run.requests, "request") if run.finished else "requests not counted"


def share(selection: CheckSelection) -> str:
    """Return how many of how many checks were chosen."""
    return f"{selection.chosen:,} of {count(selection.catalogue, 'check')}"
