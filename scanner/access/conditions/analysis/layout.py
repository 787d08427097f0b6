"""Whether a condition is laid out as the visual editor of the portal writes it.

The editor writes blocks joined by AND; each lets the calls through that are not the
action it guards, or else asks an expression of them ("Add or edit Azure role assignment
conditions using the Azure portal").
"""

from __future__ import annotations

from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Condition,
    Expression,
    Literal,
    Not,
    Or,
    SubOperationMatches,
)
from scanner.access.conditions.walk import nodes


def is_as_edited(condition: Condition) -> bool:
    """Return whether the visual editor could have written a condition."""
    whole = condition.expression
    blocks = whole.terms if isinstance(whole, And) else (whole,)
    return not condition.notes and all(map(_is_block, blocks))


def _is_block(block: Expression) -> bool:
    match block:
        case Or(terms=(guard, *asked)):
            guards = guard.terms if isinstance(guard, And) else (guard,)
            return all(map(_is_guard, guards)) and not any(map(_names_calls, asked))
        case _:
            return False


def _is_guard(guard: Expression) -> bool:
    match guard:
        case Not(term=ActionMatches()):
            return True
        case Not(term=And(terms=(ActionMatches(), call))):
            return isinstance(_bare(call), SubOperationMatches)
        case _:
            return False


def _bare(call: Expression) -> Expression:
    return call.term if isinstance(call, Not) else call


def _names_calls(asked: Expression) -> bool:
    return any(
        isinstance(node, ActionMatches | SubOperationMatches | Literal)
        for node in nodes(asked)
    )
