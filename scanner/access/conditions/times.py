"""When an expression may hold, by the moments it compares the current time with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from scanner.access.conditions.partial import rewrite
from scanner.access.conditions.syntax import (
    And,
    Atom,
    Attribute,
    Comparison,
    Constant,
    Expression,
    Literal,
    Not,
    Or,
)
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import instant, moment, ticks

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
        return self.is_empty or self.spans[-1][1] < ticks(now)

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


def as_of(expression: Expression, now: datetime) -> Expression:
    """Return what is left of an expression from a moment on.

    A start that is past asks nothing any more, and what has ended never holds again; a
    start to come stays.
    """
    left = rewrite(expression, lambda atom: _from(atom, ticks(now)))
    window = time_window(left)
    over = window is not None and window.is_over(now)
    return Literal(False, expression.start) if over else left


def _from(atom: Atom, now: int) -> Tri:
    spans = spans_of(atom)
    if spans is None:
        return Tri.UNKNOWN
    if not spans or spans[-1][1] < now:
        return Tri.FALSE
    first, last = spans[-1]
    return Tri.TRUE if first <= now and last == _LAST else Tri.UNKNOWN


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
            spans = spans_of(expression)
            return (_ALWAYS, _ALWAYS) if spans is None else (spans, _except(spans))


def spans_of(node: Expression) -> Spans | None:
    """Return when a comparison of the current time holds; None for anything else.

    That it is before or after a moment is all that can be asked of it.
    """
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
        case "datetimelessthan":
            return ((_FIRST, then - 1),)
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
