"""Windows of time in conditions that are not what they seem.

`@Environment[UtcNow]` compares with absolute moments: recurring hours cannot be
written ("Azure role assignment condition format", environment attributes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from scanner.access.conditions.analysis.subject import Fault, Subject, residuals
from scanner.access.conditions.evaluate import is_now
from scanner.access.conditions.syntax import (
    And,
    Comparison,
    Expression,
    Or,
)
from scanner.access.conditions.times import TimeWindow, spans_of, time_window
from scanner.access.conditions.walk import attributes_of, nodes

LONGEST = timedelta(days=366)
"""A window beyond this is no working hours and no project either."""


def time_windows(residuals: Iterable[Expression]) -> tuple[TimeWindow, ...]:
    """Return the windows of the widest parts that are limited in time, each once.

    Of what is asked of one action each: blocks that are joined make one window.
    """
    found = (each for left in residuals for each in _windows(left))
    return tuple(window for _, window in dict.fromkeys(found))


def windows(subject: Subject) -> Iterator[Fault]:
    """Find windows that are years long, over, not open yet, or never open."""
    reported = set[int]()
    for left in residuals(subject.expression, subject.actions or ("",)):
        whole = time_window(left)
        is_dead = whole is not None and whole.is_over(subject.now)
        for start, complaint in _unclear(left):
            if start not in reported:
                reported.add(start)
                yield subject.fault("abac-utcnow-window", start, complaint)
        for start, window in _windows(left):
            complaint = _complaint(window, subject.now, is_dead=is_dead)
            if complaint and start not in reported:
                reported.add(start)
                yield subject.fault("abac-utcnow-window", start, complaint)


def _windows(expression: Expression) -> Iterator[tuple[int, TimeWindow]]:
    """Yield the widest parts that are limited in time, and where they say so."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        window = time_window(part)
        if window is not None and _mentions(part) is not None:
            yield _mentions(part) or 0, window
            continue
        match part:
            case And(terms=terms) | Or(terms=terms):
                waiting.extend(reversed(terms))


def _unclear(expression: Expression) -> Iterator[tuple[int, str]]:
    """Yield what is asked of the time and is no comparison with a moment."""
    for node in nodes(expression):
        if not isinstance(node, Comparison) or spans_of(node) is not None:
            continue
        if any(map(is_now, attributes_of(node))):
            said = f"{node.operator.text} does not compare UtcNow with a moment"
            only = "only DateTimeGreaterThan and DateTimeLessThan do"
            yield node.start, f"{said}, {only}: hours of each day cannot be written"


def _mentions(part: Expression) -> int | None:
    return next((one.start for one in nodes(part) if spans_of(one) is not None), None)


def _complaint(window: TimeWindow, now: datetime, *, is_dead: bool) -> str:
    if window.is_empty:
        return "the moments contradict each other: this never allows anything"
    start, end = window.start, window.end
    said: list[str] = []
    if end is not None and window.is_over(now):
        what = "the grant is dead" if is_dead else "that alternative is dead"
        said.append(f"the window closed at {_shown(end)}: {what}")
    if start is not None and start > now:
        said.append(f"the window opens only at {_shown(start)}")
    for first, last in window.parts:
        if last - first > LONGEST:
            years = (last - first).days / 365.25
            said.append(
                f"this is one window of {years:.1f} years, {_shown(first)} to "
                f"{_shown(last)}, not hours of each day"
            )
            break
    return "; ".join(said)


def _shown(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M}Z"
