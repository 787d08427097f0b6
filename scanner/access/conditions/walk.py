"""Everything in an expression, in the order it is written."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.conditions.syntax import (
    And,
    Attribute,
    Call,
    Comparison,
    Constant,
    Exists,
    Expression,
    Not,
    Operand,
    Or,
    ValueSet,
)


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all below it, in the order they are written."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Not(term=term):
                waiting.append(term)
            case And(terms=terms) | Or(terms=terms):
                waiting.extend(reversed(terms))


def operands(expression: Expression) -> Iterator[Operand]:
    """Yield every operand in an expression, in the order they are written."""
    for node in nodes(expression):
        match node:
            case Comparison(left=left, right=right):
                yield from (left, right)
            case Exists(attribute=attribute):
                yield attribute
            case Call(arguments=arguments):
                yield from arguments


def attributes_of(expression: Expression) -> tuple[Attribute, ...]:
    """Return the attributes an expression reads, each once, as first written."""
    found: dict[Attribute, None] = {}
    waiting = [*operands(expression)][::-1]
    while waiting:
        match waiting.pop():
            case Attribute() as attribute:
                found.setdefault(attribute)
            case Call(arguments=arguments):
                waiting.extend(reversed(arguments))
    return tuple(found)


def constants_of(operand: Operand) -> tuple[Constant, ...]:
    """Return what an operand holds that is written out: itself, or its members."""
    match operand:
        case Constant():
            return (operand,)
        case ValueSet(members=members):
            return members
        case _:
            return ()
