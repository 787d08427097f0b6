"""Which checks: by id or glob, topic and severity."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from scanner.cli.failure import Failure
from scanner.model.check import Check, Severity, Topic

Checks = Sequence[Check[Any]]


def select(
    catalogue: Checks,
    *,
    wanted: Sequence[str] = (),
    unwanted: Sequence[str] = (),
    topics: Sequence[Topic] = (),
    minimum: Severity | None = None,
    controls: Sequence[str] = (),
) -> tuple[Check[Any], ...]:
    """Return the checks that are asked for; raises Failure if a name matches none."""
    for name in (*wanted, *unwanted):
        require_match(name, catalogue)
    for pattern in controls:
        if not any(_supports(check, [pattern]) for check in catalogue):
            raise Failure(
                f"no check supports a control {pattern!r}; controls are as MCSB:NS-2 "
                "or NIST-800-53:*, and `posture checks --format json` has them"
            )
    chosen = tuple(
        check
        for check in catalogue
        if (not wanted or _matches(check, wanted))
        and not _matches(check, unwanted)
        and (not topics or check.topic in topics)
        and (not controls or _supports(check, controls))
        and (minimum is None or check.severity.reaches(minimum))
    )
    if not chosen:
        raise Failure("no check is left: loosen --check, --topic or --min-severity")
    return chosen


def find(catalogue: Checks, name: str) -> Check[Any]:
    """Return a check by id or alias; raises Failure with the nearest ids."""
    for check in catalogue:
        if name.lower() in (check.id, *check.aliases):
            return check
    raise Failure(f"no check {name!r}" + _nearest(name, catalogue))


def _matches(check: Check[Any], patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(name, pattern.lower())
        for pattern in patterns
        for name in (check.id, *check.aliases)
    )


def _supports(check: Check[Any], patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(control.lower(), pattern.lower())
        for pattern in patterns
        for control in check.controls
    )


def require_match(pattern: str, catalogue: Checks) -> None:
    """Raise Failure with the nearest ids if a check, alias or glob names no check."""
    if not any(_matches(check, [pattern]) for check in catalogue):
        raise Failure(f"no check matches {pattern!r}" + _nearest(pattern, catalogue))


def _nearest(name: str, catalogue: Checks) -> str:
    names = [each for check in catalogue for each in (check.id, *check.aliases)]
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    if not near:
        return "; `posture checks` lists them all"
    return f"; did you mean {', '.join(near)}?"
