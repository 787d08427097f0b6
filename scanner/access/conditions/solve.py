"""Whether an expression can hold at all.

Comparisons of an attribute that has one value bear on each other; whatever else an
expression asks is taken as independent. An over-approximation: what cannot hold here
cannot hold in Azure either, save for comparisons whose outcome on an absent attribute
is not documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from scanner.access.conditions.certain import (
    Claim,
    Claims,
    claims_of,
    is_always_there,
    says,
)
from scanner.access.conditions.syntax import (
    And,
    Atom,
    Comparison,
    Exists,
    Expression,
    Literal,
    Not,
    Or,
)
from scanner.access.conditions.tri import Tri

STEPS = 1000
"""How many choices a question may take; beyond, the answer is that it may."""
MOST = 256
"""From so many atoms on, comparisons are taken as independent of each other."""

_Numbers: TypeAlias = dict[Atom | Claim, int]


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
    numbers: _Numbers = {}
    shape = _shape(And(together), numbers, negated=False)
    claims = _Consequences(numbers)
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
            known = [claims.of(found.number, truth) for truth in both]
            waiting.extend({**chosen, **more} for more in known)
    return True


class _Consequences:
    """What else is known once an atom is true or false."""

    def __init__(self, numbers: _Numbers) -> None:
        self._claims = {
            number: one for one, number in numbers.items() if isinstance(one, Claim)
        }
        self._found: dict[tuple[int, bool], dict[int, bool]] = {}

    def of(self, number: int, truth: bool) -> dict[int, bool]:
        """Return the truth of an atom with that of all that depends on it."""
        found = self._found.get((number, truth))
        if found is None:
            found = self._found[number, truth] = {number: truth}
            claim = self._claims.get(number)
            if claim is not None:
                found.update(self._true(claim) if truth else self._false(claim))
        return found

    def _true(self, claim: Claim) -> Iterator[tuple[int, bool]]:
        for number, other in self._claims.items():
            told = says(claim, other)
            if told is not Tri.UNKNOWN:
                yield number, told is Tri.TRUE

    def _false(self, claim: Claim) -> Iterator[tuple[int, bool]]:
        for number, other in self._claims.items():
            if says(other, claim) is Tri.TRUE:
                yield number, False


def _shape(expression: Expression, numbers: _Numbers, *, negated: bool) -> _Shape:
    """Return an expression with its atoms numbered and negations only before them."""
    match expression:
        case And(terms=terms) | Or(terms=terms):
            parts = tuple([_shape(term, numbers, negated=negated) for term in terms])
            return _Joined(parts, isinstance(expression, Or) is not negated)
        case Not(term=term):
            return _shape(term, numbers, negated=not negated)
        case Literal(value=value):
            return value is not negated
        case Exists(attribute=attribute) if is_always_there(attribute):
            return not negated
        case Comparison() if len(numbers) < MOST and (found := claims_of(expression)):
            return _claimed(found, numbers, negated=negated)
        case _:
            return _numbered(expression, numbers, negated=negated)


def _claimed(found: Claims, numbers: _Numbers, *, negated: bool) -> _Shape:
    denied = found.negative is not negated
    parts = [
        not denied if each.is_always else _numbered(each, numbers, negated=denied)
        for each in found.claims
    ]
    return _Joined(tuple(parts), found.every is negated)


def _numbered(atom: Atom | Claim, numbers: _Numbers, *, negated: bool) -> _Atom:
    return _Atom(numbers.setdefault(atom, len(numbers)), negated)


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
