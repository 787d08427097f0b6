"""Whether an expression can hold at all.

Comparisons of an attribute that has one value bear on each other, and those of a
boolean one on whether it is there; whatever else an expression asks is taken as
independent. An over-approximation: what cannot hold here cannot hold in Azure either,
save for comparisons whose outcome on an absent attribute is not documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from scanner.access.conditions.booleans import Asked, asked_by
from scanner.access.conditions.certain import (
    Claim,
    Claims,
    claims_of,
    is_always_there,
    plain,
    says,
)
from scanner.access.conditions.syntax import (
    And,
    Atom,
    Attribute,
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


There: TypeAlias = Callable[[Attribute], bool]


def may_hold(expression: Expression, *, there: There = is_always_there) -> bool:
    """Return whether some truth of its atoms makes an expression true.

    Attributes that are `there` have a value, and those of storage and roles have one.
    """
    return _may_hold((expression,), there)


def may_differ(expression: Expression, other: Expression) -> bool:
    """Return whether an expression can hold where another does not."""
    return _may_hold((expression, Not(other)), is_always_there)


@lru_cache(maxsize=1024)
def _may_hold(together: tuple[Expression, ...], there: There) -> bool:
    numbers: _Numbers = {}
    shape = _Shaping(numbers, there).of(And(together), negated=False)
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


@dataclass(frozen=True, slots=True)
class _Shaping:
    """Gives atoms their numbers, and leaves negations only before them."""

    numbers: _Numbers
    there: There

    def of(self, expression: Expression, *, negated: bool) -> _Shape:
        """Return the shape of an expression, or of its opposite."""
        match expression:
            case And(terms=terms) | Or(terms=terms):
                parts = tuple([self.of(term, negated=negated) for term in terms])
                return _Joined(parts, isinstance(expression, Or) is not negated)
            case Not(term=term):
                return self.of(term, negated=not negated)
            case Literal(value=value):
                return value is not negated
            case Exists(attribute=attribute):
                return self._exists(attribute, negated=negated)
            case Comparison() if asked := asked_by(expression):
                return self._asked(asked, negated=negated)
            case Comparison() if found := self._claims(expression):
                return self._claimed(found, negated=negated)
            case _:
                return self._atom(expression, negated=negated)

    def _exists(self, attribute: Attribute, *, negated: bool) -> bool | _Atom:
        if self.there(attribute):
            return not negated
        return self._atom(Exists(plain(attribute)), negated=negated)

    def _asked(self, asked: Asked, *, negated: bool) -> _Shape:
        """Return the shape of a comparison of booleans, or of its opposite.

        What is absent is neither true nor false; what a denial of it comes to is not
        documented.
        """
        there = self._exists(asked.attribute, negated=False)
        absent = self._exists(asked.attribute, negated=True)
        denied = asked.negative is not negated
        known = self._atom(asked.is_true, negated=asked.value is denied)
        unknown = (
            self._atom(asked.question, negated=negated) if asked.negative else negated
        )
        ways = _Joined((there, known), False), _Joined((absent, unknown), False)
        return _Joined(ways, True)

    def _claims(self, comparison: Comparison) -> Claims | None:
        if len(self.numbers) >= MOST:
            return None
        return claims_of(comparison, self.there)

    def _claimed(self, found: Claims, *, negated: bool) -> _Shape:
        denied = found.negative is not negated
        parts = [
            not denied
            if each.is_any and self.there(each.attribute)
            else self._atom(each, negated=denied)
            for each in found.claims
        ]
        return _Joined(tuple(parts), found.every is negated)

    def _atom(self, atom: Atom | Claim, *, negated: bool) -> _Atom:
        return _Atom(self.numbers.setdefault(atom, len(self.numbers)), negated)


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
