"""Whether an expression can hold at all, its atoms taken as independent of each other.

An over-approximation: what cannot hold here cannot hold in Azure either, save for
comparisons whose outcome on an absent attribute is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from scanner.access.conditions.certain import outcome
from scanner.access.conditions.syntax import And, Atom, Expression, Literal, Not, Or
from scanner.access.conditions.tri import Tri

STEPS = 1000
"""How many choices a question may take; beyond, the answer is that it may."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """An atom by its number, or its opposite: numbers are quicker to compare."""

    number: int
    negated: bool


@dataclass(frozen=True, slots=True)
class _Joined:
    """Shapes of which one decides by being true, or else by being false."""

    parts: tuple[_Shape, ...]
    deciding: bool


_Shape: TypeAlias = bool | _Atom | _Joined


def may_hold(expression: Expression) -> bool:
    """Return whether some truth of its atoms makes an expression true."""
    return _may_hold((expression,))


def may_differ(expression: Expression, other: Expression) -> bool:
    """Return whether an expression can hold where another does not."""
    return _may_hold((expression, Not(other)))


@lru_cache(maxsize=1024)
def _may_hold(together: tuple[Expression, ...]) -> bool:
    numbers: dict[Atom, int] = {}
    shape = _shape(And(together), numbers, negated=False)
    waiting: list[dict[int, bool]] = [{}]
    for _ in range(STEPS):
        if not waiting:
            return False
        chosen = waiting.pop()
        found = _outcome(shape, chosen)
        if found is True:
            return True
        if isinstance(found, _Atom):
            both = (found.negated, not found.negated)
            waiting.extend({**chosen, found.number: truth} for truth in both)
    return True


def _shape(
    expression: Expression, numbers: dict[Atom, int], *, negated: bool
) -> _Shape:
    """Return an expression with its atoms numbered and negations only before them."""
    match expression:
        case And(terms=terms) | Or(terms=terms):
            parts = tuple([_shape(term, numbers, negated=negated) for term in terms])
            return _Joined(parts, isinstance(expression, Or) is not negated)
        case Not(term=term):
            return _shape(term, numbers, negated=not negated)
        case Literal(value=value):
            return value is not negated
        case _ if (known := outcome(expression)) is not Tri.UNKNOWN:
            return (known is Tri.TRUE) is not negated
        case _:
            return _Atom(numbers.setdefault(expression, len(numbers)), negated)


def _outcome(shape: _Shape, chosen: dict[int, bool]) -> bool | _Atom:
    """Return the truth of a shape, or an atom on which it still depends."""
    match shape:
        case bool():
            return shape
        case _Atom(number=number, negated=negated):
            truth = chosen.get(number)
            return shape if truth is None else truth is not negated
        case _Joined(parts=parts, deciding=deciding):
            return _joined(parts, chosen, deciding)


def _joined(
    parts: tuple[_Shape, ...], chosen: dict[int, bool], deciding: bool
) -> bool | _Atom:
    open_atom: _Atom | None = None
    for part in parts:
        found = _outcome(part, chosen)
        if found is deciding:
            return deciding
        if isinstance(found, _Atom):
            open_atom = open_atom or found
    return open_atom or not deciding
