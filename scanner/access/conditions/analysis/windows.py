"""The time a condition leaves open, and windows that are not what they seem.

`@Environment[UtcNow]` compares with absolute moments: recurring hours cannot be
written ("Azure role assignment condition format", environment attributes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.syntax import (
    And,
    Attribute,
    Comparison,
    Constant,
    Expression,
    Literal,
    Not,
    Or,
)
from scanner.access.conditions.values import instant, moment
from scanner.access.conditions.walk import attributes_of, nodes

LONGEST = timedelta(days=366)
"""A window beyond this is no working hours and no project either."""

_MICROSECOND = 10
_FIRST, _LAST = -(10**19), 10**19
"""Before and after all that a date-time can say, in ticks."""

Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = tuple[Span, ...]
"""Spans of ticks, both ends included, in order and apart from each other."""

_ALWAYS: Spans = ((_FIRST, _LAST),)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """When something may hold: from the first moment to the last, if there is one."""

    spans: Spans

    @property
    def is_empty(self) -> bool:
        """Whether there is no time at which it holds."""
        return not self.spans

    @property
    def start(self) -> datetime | None:
        """The first moment; None where it goes back without end."""
        if self.is_empty or self.spans[0][0] == _FIRST:
            return None
        return moment(self.spans[0][0])

    @property
    def end(self) -> datetime | None:
        """The last moment, to the microsecond; None where it has no end."""
        if self.is_empty or self.spans[-1][1] == _LAST:
            return None
        return moment(self.spans[-1][1] + _MICROSECOND - 1)

    def is_over(self, now: datetime) -> bool:
        """Whether there is no time left at which it holds."""
        return self.is_empty or (self.end is not None and self.end <= now)

    @property
    def parts(self) -> Iterator[tuple[datetime, datetime]]:
        """The first and last moment of each part that has both, in order."""
        for span in self.spans:
            part = TimeWindow((span,))
            if part.start is not None and part.end is not None:
                yield part.start, part.end


def time_window(expression: Expression) -> TimeWindow | None:
    """Return when an expression may hold; None where that is at any time."""
    true, _ = _times(expression)
    return None if true == _ALWAYS else TimeWindow(true)


def time_windows(residuals: Iterable[Expression]) -> tuple[TimeWindow, ...]:
    """Return the windows of the widest parts that are limited in time, each once.

    Of what is asked of one action each: blocks that are joined make one window.
    """
    found = (each for left in residuals for each in _windows(left))
    return tuple(window for _, window in dict.fromkeys(found))


def windows(subject: Subject) -> Iterator[Fault]:
    """Find windows that are years long, over, not open yet, or never open."""
    reported = set[int]()
    for left in subject.residuals(*(subject.actions or ("",))):
        for start, complaint in _unclear(left):
            if start not in reported:
                reported.add(start)
                yield subject.fault("abac-utcnow-window", start, complaint)
        for start, window in _windows(left):
            complaint = _complaint(window, subject.now)
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
        if not isinstance(node, Comparison) or _now_and(node) is not None:
            continue
        if any(map(_is_now, attributes_of(node))):
            said = f"{node.operator.text} does not compare UtcNow with a moment"
            yield node.start, f"{said}: hours of each day cannot be written"


def _is_now(attribute: Attribute) -> bool:
    return attribute.source == "Environment" and attribute.bare.lower() == "utcnow"


def _mentions(part: Expression) -> int | None:
    return next((one.start for one in nodes(part) if _now_and(one) is not None), None)


def _complaint(window: TimeWindow, now: datetime) -> str:
    if window.is_empty:
        return "the moments contradict each other: this never allows anything"
    start, end = window.start, window.end
    said: list[str] = []
    if end is not None and end <= now:
        said.append(f"the window closed at {_shown(end)}: the grant is dead")
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


def _times(expression: Expression) -> tuple[Spans, Spans]:
    """Return when an expression may be true, and when it may be false."""
    match expression:
        case And(terms=terms) | Or(terms=terms):
            parts = [_times(term) for term in terms]
            true, false = zip(*parts, strict=True)
            if isinstance(expression, And):
                return _common(true), _any(false)
            return _any(true), _common(false)
        case Not(term=term):
            true_of, false_of = _times(term)
            return false_of, true_of
        case Literal(value=value):
            return (_ALWAYS, ()) if value else ((), _ALWAYS)
        case _:
            spans = _now_and(expression)
            return (_ALWAYS, _ALWAYS) if spans is None else (spans, _except(spans))


def _now_and(node: Expression) -> Spans | None:
    """Return when a comparison of the current time holds; None for anything else."""
    match node:
        case Comparison(
            Attribute("Environment", name), operator, Constant(value=value)
        ):
            pass
        case _:
            return None
    then = instant(value)
    if name.lower() != "utcnow" or operator.cross or then is None:
        return None
    return _spans(operator.name.lower(), then)


def _spans(operator: str, then: int) -> Spans | None:
    match operator:
        case "datetimegreaterthan":
            return ((then + 1, _LAST),)
        case "datetimegreaterthanequals":
            return ((then, _LAST),)
        case "datetimelessthan":
            return ((_FIRST, then - 1),)
        case "datetimelessthanequals":
            return ((_FIRST, then),)
        case "datetimeequals":
            return ((then, then),)
        case "datetimenotequals":
            return _except(((then, then),))
        case _:
            return None


def _any(parts: tuple[Spans, ...]) -> Spans:
    """Return the time that is in one of some spans."""
    merged: list[Span] = []
    for first, last in sorted(span for spans in parts for span in spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _common(parts: tuple[Spans, ...]) -> Spans:
    """Return the time that is in all of some spans."""
    return _except(_any(tuple(_except(spans) for spans in parts)))


def _except(spans: Spans) -> Spans:
    """Return the time that is in none of some spans."""
    left: list[Span] = []
    begin = _FIRST
    for first, last in spans:
        if first > begin:
            left.append((begin, first - 1))
        begin = last + 1
    if begin <= _LAST:
        left.append((begin, _LAST))
    return tuple(left)
