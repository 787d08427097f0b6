"""Attributes of a role assignment that are read where a call does not have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scanner.access.conditions.documented import ASSIGNMENT_ACTIONS, ASSIGNMENT_SOURCES
from scanner.access.conditions.partial import (
    addressed,
    replaced,
    without_missing,
    without_nowhere,
)
from scanner.access.conditions.solve import may_differ, may_hold
from scanner.access.conditions.syntax import (
    SOURCES,
    ActionMatches,
    Atom,
    Attribute,
    Comparison,
    Exists,
    Expression,
    Operand,
)
from scanner.access.conditions.walk import attributes_of, nodes
from scanner.access.patterns import matches_action

_ASSIGNMENTS = ASSIGNMENT_ACTIONS.lower().removesuffix("/")
_DONE = {"Request": "created", "Resource": "removed"}
"""What a call does to the assignment that it has in a source."""


def misread(expression: Expression, action: str) -> tuple[Attribute, ...]:
    """Return what an expression reads of a call in vain, if that matters.

    It does where more is allowed than if it were read where the call has it, or where
    nothing is any more of a call that is named. One block for both calls may read each
    in turn, and not matter.
    """
    asked = addressed(expression, action)
    missing = [each for each in attributes_of(asked) if _is_lost(each, action)]
    if not missing:
        return ()
    left = without_nowhere(without_missing(asked, action))
    meant = _as_meant(asked, action)
    is_denied = may_hold(meant) and not may_hold(left) and _names(expression, action)
    return tuple(missing) if is_denied or may_differ(left, meant) else ()


def _is_lost(attribute: Attribute, action: str) -> bool:
    """Return whether an attribute of an assignment is read where a call has none."""
    source = ASSIGNMENT_SOURCES.get(action.lower(), attribute.source)
    return attribute.path == _ASSIGNMENTS and attribute.source in {*SOURCES} - {source}


def in_vain(expression: Expression) -> Iterator[str]:
    """Yield what an expression reads in vain, of each call that it names."""
    for action in ASSIGNMENT_SOURCES:
        if _names(expression, action):
            for lost in misread(expression, action)[:1]:
                yield why_in_vain(lost, action)


def _names(expression: Expression, action: str) -> bool:
    return any(
        isinstance(node, ActionMatches) and matches_action(node.pattern, action)
        for node in nodes(expression)
    )


def why_in_vain(attribute: Attribute, action: str) -> str:
    """Return what is wrong with reading an attribute that a call does not have."""
    source = ASSIGNMENT_SOURCES[action.lower()]
    return (
        f"the condition reads @{attribute.source} where an assignment is "
        f"{_DONE[source]}: there is none, only @{source}"
    )


def _as_meant(expression: Expression, action: str) -> Expression:
    """Return an expression that reads of a call what it has."""
    source = ASSIGNMENT_SOURCES[action.lower()]

    def moved(operand: Operand) -> Operand:
        if isinstance(operand, Attribute) and _is_lost(operand, action):
            return replace(operand, source=source)
        return operand

    def made(atom: Atom) -> Expression:
        match atom:
            case Comparison(left=left, right=right):
                return replace(atom, left=moved(left), right=moved(right))
            case Exists(attribute=attribute) if _is_lost(attribute, action):
                return replace(atom, attribute=replace(attribute, source=source))
            case _:
                return atom

    return replaced(expression, made)
