"""What is left of a condition once something about the request is known.

Folding keeps to Kleene's logic: what is left evaluates as the whole does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum, unique
from typing import TypeAlias

from scanner.access.conditions.documented import is_missing, is_nowhere
from scanner.access.conditions.evaluate import (
    compare,
    exists,
    is_documented,
    is_over_all,
    is_sub_operation_of,
    is_understood,
)
from scanner.access.conditions.operators import COMPARATORS, CROSSES, absent
from scanner.access.conditions.request import Request, is_sub_operation
from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Atom,
    Attribute,
    Call,
    Comparison,
    Exists,
    Expression,
    Literal,
    Not,
    Operand,
    Or,
    SubOperationMatches,
)
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Values
from scanner.access.patterns import matches_action

Decide: TypeAlias = Callable[[Atom], Tri]
"""What is known of an atom; one that is unknown stays in the expression."""


@unique
class Fact(Enum):
    """What can be known of an attribute besides its values."""

    FREE = "free"
    """Nothing is."""
    ABSENT = "absent"


Facts: TypeAlias = Callable[[Attribute], Values | Fact]


def residual(
    expression: Expression, action: str, sub_operation: str | None = None
) -> Expression:
    """Return what an expression asks of one action.

    `Literal(True)` is an action that is not restricted, `Literal(False)` one that is
    denied; without a suboperation the call is none that has a name. Attributes that
    the call never has are absent.
    """
    asked = addressed(expression, action, sub_operation)
    return without_missing(asked, action, sub_operation)


def addressed(
    expression: Expression, action: str, sub_operation: str | None = None
) -> Expression:
    """Return what is left once it is known which call is made, and nothing of it."""
    request = Request(action, sub_operation)
    return rewrite(expression, lambda atom: _by_call(atom, request))


def without_missing(
    expression: Expression, action: str, sub_operation: str | None = None
) -> Expression:
    """Return what is left of an expression without attributes that a call never has.

    A denial of what is absent becomes one of `Absent(...)`, which is not documented.
    """

    def is_lost(operand: Operand) -> bool:
        if not isinstance(operand, Attribute):
            return False
        return is_missing(operand, action, sub_operation)

    def facts(attribute: Attribute) -> Fact:
        return Fact.ABSENT if is_lost(attribute) else Fact.FREE

    def marked(operand: Operand) -> Operand:
        lost = is_lost(operand)
        return Call("Absent", (operand,), start=operand.start) if lost else operand

    def made(atom: Atom) -> Expression:
        left = _decided(atom, _by_facts(atom, facts))
        if not isinstance(left, Comparison):
            return left
        return replace(left, left=marked(left.left), right=marked(left.right))

    return replaced(expression, made)


def without_nowhere(expression: Expression) -> Expression:
    """Return what is left of an expression without attributes that no call has."""

    def facts(attribute: Attribute) -> Fact:
        return Fact.ABSENT if is_nowhere(attribute) else Fact.FREE

    return assume(expression, facts)


def _by_call(atom: Atom, request: Request) -> Tri:
    """Return what the action and suboperation of a request say of an atom."""
    match atom:
        case ActionMatches(pattern=pattern):
            return Tri.of(matches_action(pattern, request.action))
        case SubOperationMatches(pattern=pattern):
            return Tri.of(is_sub_operation_of(pattern, request.sub_operation))
        case Comparison(left=left, right=right) if _is_fixed(left, right):
            return compare(atom, request.read)
        case Exists(attribute=attribute) if is_sub_operation(attribute):
            return exists(attribute, request.read)
        case _:
            return Tri.UNKNOWN


def _is_fixed(*operands: Operand) -> bool:
    """Return whether nothing of the request but its suboperation is read."""
    return all(
        is_sub_operation(operand)
        for operand in operands
        if isinstance(operand, Attribute)
    )


def assume(expression: Expression, facts: Facts) -> Expression:
    """Return what is left of an expression when some attributes are known."""
    return rewrite(expression, lambda atom: _by_facts(atom, facts))


def _by_facts(atom: Atom, facts: Facts) -> Tri:
    """Return what is known of an atom when some attributes are."""

    def read(attribute: Attribute) -> Values | None:
        found = facts(attribute)
        return None if isinstance(found, Fact) else found

    match atom:
        case Exists(attribute=attribute) if facts(attribute) is not Fact.FREE:
            return exists(attribute, read)
        case Comparison(left=left, right=right):
            sides = [side for side in (left, right) if isinstance(side, Attribute)]
            known = [facts(side) for side in sides]
            if Fact.FREE not in known:
                return compare(atom, read)
            gone = [
                isinstance(side, Attribute) and facts(side) is Fact.ABSENT
                for side in (left, right)
            ]
            return _without(atom, *gone) if any(gone) else Tri.UNKNOWN
        case _:
            return Tri.UNKNOWN


def _without(comparison: Comparison, left: bool, right: bool) -> Tri:
    """Return how a comparison ends when the left side or the right one is absent."""
    comparator = COMPARATORS.get(comparison.operator.name.lower())
    if comparator is None or not is_understood(comparison):
        return Tri.UNKNOWN
    cross = CROSSES.get(comparison.operator.cross.lower())
    return absent(comparator, over_all=is_over_all(cross, left, right))


def at_most(
    expression: Expression,
    *,
    allowing: bool = True,
    unclear: Callable[[Expression], bool] = lambda _: False,
) -> Expression:
    """Return the most that an expression may allow, whatever is not documented.

    Without `allowing` the least; `unclear` are atoms to treat as not documented.
    """
    match expression:
        case And(terms=terms, start=start):
            every = [
                at_most(each, allowing=allowing, unclear=unclear) for each in terms
            ]
            return conjunction(every, start)
        case Or(terms=terms, start=start):
            every = [
                at_most(each, allowing=allowing, unclear=unclear) for each in terms
            ]
            return disjunction(every, start)
        case Not(term=term, start=start):
            found = at_most(term, allowing=not allowing, unclear=unclear)
            return negation(found, start)
        case _ if is_documented(expression) and not unclear(expression):
            return expression
        case _:
            return Literal(allowing, expression.start)


def rewrite(expression: Expression, decide: Decide) -> Expression:
    """Return an expression with what is decided folded away."""
    return replaced(expression, lambda atom: _decided(atom, decide(atom)))


def replaced(expression: Expression, make: Callable[[Atom], Expression]) -> Expression:
    """Return an expression with others in the place of its atoms."""
    match expression:
        case And(terms=terms, start=start):
            return conjunction([replaced(term, make) for term in terms], start)
        case Or(terms=terms, start=start):
            return disjunction([replaced(term, make) for term in terms], start)
        case Not(term=term, start=start):
            return negation(replaced(term, make), start)
        case Literal():
            return expression
        case _:
            return make(expression)


def _decided(atom: Atom, truth: Tri) -> Expression:
    if truth is Tri.UNKNOWN:
        return atom
    return Literal(truth is Tri.TRUE, atom.start)


def conjunction(terms: Iterable[Expression], start: int = 0) -> Expression:
    """Return terms that all hold, each once, as simple as can be."""
    kept: dict[Expression, None] = {}
    for term in terms:
        kept.update(dict.fromkeys(term.terms if isinstance(term, And) else (term,)))
    kept.pop(Literal(True), None)
    if Literal(False) in kept:
        return Literal(False, start)
    left = tuple(kept)
    return (
        left[0]
        if len(left) == 1
        else And(left, start)
        if left
        else Literal(True, start)
    )


def disjunction(terms: Iterable[Expression], start: int = 0) -> Expression:
    """Return terms of which one holds, each once, as simple as can be."""
    kept: dict[Expression, None] = {}
    for term in terms:
        kept.update(dict.fromkeys(term.terms if isinstance(term, Or) else (term,)))
    kept.pop(Literal(False), None)
    if Literal(True) in kept:
        return Literal(True, start)
    left = tuple(kept)
    return (
        left[0]
        if len(left) == 1
        else Or(left, start)
        if left
        else Literal(False, start)
    )


def negation(term: Expression, start: int = 0) -> Expression:
    """Return the opposite of a term, as simple as can be."""
    match term:
        case Literal(value=value):
            return Literal(not value, start)
        case Not(term=inner):
            return inner
        case _:
            return Not(term, start)
