"""From the tree of a condition to its text: one line, no comments, unambiguous."""

from __future__ import annotations

from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Not,
    Operand,
    Or,
    SubOperationMatches,
    ValueSet,
)


def to_text(expression: Expression) -> str:
    """Return an expression as text that parses back to the same."""
    match expression:
        case And(terms=terms):
            return " AND ".join(map(_grouped, terms))
        case Or(terms=terms):
            return " OR ".join(map(_grouped, terms))
        case Not(term=term):
            return f"!({to_text(term)})"
        case Literal(value=value):
            return "true" if value else "false"
        case ActionMatches(pattern=pattern):
            return f"ActionMatches{{'{pattern}'}}"
        case SubOperationMatches(pattern=pattern):
            return f"SubOperationMatches{{'{pattern}'}}"
        case Exists(attribute=attribute):
            return f"Exists {operand_text(attribute)}"
        case Comparison(left=left, operator=operator, right=right):
            return f"{operand_text(left)} {operator.text} {operand_text(right)}"
        case Call():
            return operand_text(expression)


def _grouped(term: Expression) -> str:
    text = to_text(term)
    return f"({text})" if isinstance(term, And | Or) else text


def operand_text(operand: Operand) -> str:
    """Return an operand as it is written."""
    match operand:
        case Attribute(text=text):
            return text
        case Constant(kind=Kind.TEXT, raw=raw):
            return f"'{raw}'"
        case Constant(raw=raw):
            return raw
        case ValueSet(members=members):
            return f"{{{', '.join(map(operand_text, members))}}}"
        case Call(name=name, arguments=arguments, braces=braces):
            inner = ", ".join(map(operand_text, arguments))
            return f"{name}{{{inner}}}" if braces else f"{name}({inner})"
