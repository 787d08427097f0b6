"""Whether a request satisfies a condition: true, false, or not to be told.

Source: "Azure role assignment condition format and syntax". What is not documented
(other functions, operators and sources) is unknown rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

from scanner.access.conditions.documented import UTC_NOW, is_documented_attribute
from scanner.access.conditions.operators import (
    COMPARATORS,
    CROSSES,
    Cross,
    absent,
    single,
)
from scanner.access.conditions.request import Request
from scanner.access.conditions.syntax import (
    SOURCES,
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Constant,
    Exists,
    Expression,
    Literal,
    Not,
    Operand,
    Operator,
    Or,
    SubOperationMatches,
    ValueSet,
)
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import attributes_of
from scanner.access.patterns import matches_action

Read: TypeAlias = Callable[[Attribute], Values | None]


def evaluate(expression: Expression, request: Request) -> Tri:
    """Return whether a request satisfies an expression."""
    match expression:
        case And(terms=terms):
            return reduce(Tri.and_, [evaluate(term, request) for term in terms])
        case Or(terms=terms):
            return reduce(Tri.or_, [evaluate(term, request) for term in terms])
        case Not(term=term):
            return evaluate(term, request).not_()
        case Literal(value=value):
            return Tri.of(value)
        case ActionMatches(pattern=pattern):
            return Tri.of(matches_action(pattern, request.action))
        case SubOperationMatches(pattern=pattern):
            return Tri.of(is_sub_operation_of(pattern, request.sub_operation))
        case Exists(attribute=attribute):
            return exists(attribute, request.read)
        case Comparison():
            return compare(expression, request.read)
        case Call():
            return Tri.UNKNOWN


def is_sub_operation_of(pattern: str, sub_operation: str | None) -> bool:
    """Return whether a pattern means a suboperation; it never means a call without."""
    return sub_operation is not None and matches_action(pattern, sub_operation)


def exists(attribute: Attribute, read: Read) -> Tri:
    """Return whether an attribute is there."""
    if attribute.source not in SOURCES:
        return Tri.UNKNOWN
    return Tri.of(read(attribute) is not None)


def compare(comparison: Comparison, read: Read) -> Tri:
    """Return whether a comparison holds, with attributes as they are read."""
    operator = comparison.operator
    comparator = COMPARATORS.get(operator.name.lower())
    cross = CROSSES.get(operator.cross.lower())
    if comparator is None or not is_understood(comparison):
        return Tri.UNKNOWN
    left, right = _values(comparison.left, read), _values(comparison.right, read)
    if left is None or right is None:
        empty = (left is None, right is None)
        return absent(comparator, over_all=is_over_all(cross, *empty))
    if cross is None:
        return single(comparator, left, right)
    return cross.compare(comparator, left, right)


def is_over_all(cross: Cross | None, left: bool, right: bool) -> bool:
    """Return whether a comparison asks something of all the values of a side."""
    return cross is not None and (
        (cross.all_left and left) or (cross.all_right and right)
    )


def is_documented(atom: Expression) -> bool:
    """Return whether what an atom asks is documented, and that calls have it."""
    every = all(map(is_documented_attribute, attributes_of(atom)))
    return every and is_understood(atom)


def is_understood(atom: Expression) -> bool:
    """Return whether how an atom asks is documented, so that it can be evaluated."""
    match atom:
        case Call():
            return False
        case Exists(attribute=attribute):
            return attribute.source in SOURCES
        case Comparison(left=left, operator=operator, right=right):
            return _is_in_order(left, right) and _is_operator(operator, left, right)
        case _:
            return True


def _is_operator(operator: Operator, *sides: Operand) -> bool:
    """Return whether an operator is documented, with its cross product, for operands.

    The time is only ever before or after a moment.
    """
    name, cross = operator.name.lower(), operator.cross.lower()
    comparator = COMPARATORS.get(name)
    if comparator is None:
        return False
    if any(map(is_now, sides)):
        return name in _TIMES and not cross
    return not cross or (cross in CROSSES and comparator.crosses)


_TIMES = ("datetimegreaterthan", "datetimelessthan")


def is_now(operand: Operand) -> bool:
    """Return whether an operand is the time of the call."""
    match operand:
        case Attribute(source="Environment", bare=name):
            return name.lower() == UTC_NOW
        case _:
            return False


def _is_in_order(left: Operand, right: Operand) -> bool:
    """Return whether operands are known, and no value is before an attribute.

    Two values may be compared, as the documentation of cross products does.
    """
    match left, right:
        case (Call(), _) | (_, Call()):
            return False
        case (Constant() | ValueSet(), Attribute()):
            return False
        case _:
            sides = (each for each in (left, right) if isinstance(each, Attribute))
            return all(each.source in SOURCES for each in sides)


def _values(operand: Operand, read: Read) -> Values | None:
    match operand:
        case Attribute():
            return read(operand)
        case Constant():
            return (operand.value,)
        case ValueSet(members=members):
            return tuple(member.value for member in members)
        case Call():
            return None
