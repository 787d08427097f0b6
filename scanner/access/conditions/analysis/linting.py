"""Every fault that a condition's text and its role's actions decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from scanner.access.conditions.analysis.catalogue import (
    granted_actions,
    misplaced,
    usual_actions,
)
from scanner.access.conditions.analysis.delegation import delegation
from scanner.access.conditions.analysis.guards import coverage, support, tautologies
from scanner.access.conditions.analysis.network import networks
from scanner.access.conditions.analysis.retagging import escalation
from scanner.access.conditions.analysis.storage import listing
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.analysis.tags import tag_faults
from scanner.access.conditions.analysis.windows import windows
from scanner.access.conditions.documented import is_documented_attribute
from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.evaluate import is_now, is_understood
from scanner.access.conditions.operators import COMPARATORS
from scanner.access.conditions.parser import parse
from scanner.access.conditions.syntax import (
    PRECEDENCE,
    SOURCES,
    Attribute,
    Call,
    Comparison,
    Condition,
    Expression,
    Operand,
    Operator,
)
from scanner.access.conditions.values import guid
from scanner.access.conditions.walk import attributes_of, nodes
from scanner.access.facts import Block

VERSION = "2.0"
"""The only version that is accepted ("Azure role assignment condition format")."""
LARGE, LARGEST = 6 * 1024, 8 * 1024
"""Bytes of a condition: when to begin to worry, and what Azure accepts at most."""

Find: TypeAlias = Callable[[Subject], Iterator[Fault]]
FAULTS: tuple[Find, ...] = (
    tautologies,
    coverage,
    support,
    listing,
    escalation,
    tag_faults,
    windows,
    networks,
    delegation,
)


def lint(
    condition: str | Condition,
    *,
    role: Sequence[Block] = (),
    version: str | None = VERSION,
    privileged: Collection[str] = (),
    now: datetime,
) -> tuple[Fault, ...]:
    """Return what is wrong with a condition, in the order of the text.

    `role` is what its role grants, wildcards and exceptions and all; without it the
    condition is judged for what it names and what the commonest role would grant.
    `privileged` are the ids of roles that nobody should be able to hand out.
    """
    text = condition if isinstance(condition, str) else condition.text
    wrong = version_fault(version)
    found = [*([wrong] if wrong else []), *_size(text)]
    try:
        whole = parse(condition) if isinstance(condition, str) else condition
    except ConditionError as error:
        return (*found, Fault("abac-parse", error.line, error.column, error.message))
    subject = _subject(whole, tuple(role), privileged, now)
    found += [*_undocumented(subject), *_precedence(whole)]
    found += [fault for find in FAULTS for fault in find(subject)]
    return tuple(sorted(found, key=lambda one: (one.line, one.column, one.check_id)))


def _subject(
    condition: Condition,
    role: tuple[Block, ...],
    privileged: Collection[str],
    now: datetime,
) -> Subject:
    expression = condition.expression
    subject = Subject(
        condition=condition,
        actions=usual_actions(expression),
        role=role,
        privileged=frozenset(digits for one in privileged if (digits := guid(one))),
        now=now,
    )
    if not subject.role_known:
        return subject
    return replace(subject, actions=granted_actions(expression, role))


def version_fault(version: str | None) -> Fault | None:
    """Return what is wrong with the version that an assignment gives its condition.

    Azure takes a condition without one to be of the only version that is accepted.
    """
    if not version or version == VERSION:
        return None
    message = f"the condition version is {version!r}; only {VERSION!r} is accepted"
    return Fault("abac-version", 1, 1, message, fails=True)


def _size(text: str) -> Iterator[Fault]:
    size = len(text.encode(errors="replace"))
    if size > LARGEST:
        message = f"{size} bytes: Azure accepts at most {LARGEST}"
    elif size > LARGE:
        message = f"{size} bytes of the {LARGEST} that Azure accepts"
    else:
        return
    yield Fault("abac-size", 1, 1, message)


def _undocumented(subject: Subject) -> Iterator[Fault]:
    """Find what is not in the documentation: what it asks cannot be told."""
    found: dict[str, int] = {}
    for name, start in _strangers(subject.expression):
        found.setdefault(name, start)
    if found:
        message = f"not documented, so what it asks is unknown: {_listed(found)}"
        yield subject.fault("abac-parse", min(found.values()), message)


def _listed(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first} and {len(rest)} more" if rest else first


def _strangers(expression: Expression) -> Iterator[tuple[str, int]]:
    for node in nodes(expression):
        match node:
            case Call(name=name, start=start):
                yield name, start
            case Comparison(operator=operator, left=left, right=right, start=start):
                calls = [one.name for one in (left, right) if isinstance(one, Call)]
                yield from ((name, start) for name in calls)
                if not calls and not is_understood(node):
                    yield _misused(operator, left), start
    for attribute in attributes_of(expression):
        if attribute.source not in SOURCES:
            yield f"@{attribute.source}", attribute.start
        elif not is_documented_attribute(attribute):
            yield attribute.text, attribute.start
    for attribute in misplaced(expression):
        yield f"{attribute.text} of the actions it is asked for", attribute.start


def _misused(operator: Operator, left: Operand) -> str:
    """Return how an operator is used in a way that is not documented."""
    is_known = operator.name.lower() in COMPARATORS
    if not isinstance(left, Attribute):
        return f"a value before {operator.text}"
    return f"{operator.text} of UtcNow" if is_known and is_now(left) else operator.text


def _precedence(condition: Condition) -> Iterator[Fault]:
    for note in condition.notes:
        if note.kind == PRECEDENCE:
            message = f"{note.message}: add parentheses, other parsers may differ"
            yield Fault("abac-precedence", note.line, note.column, message)
