"""Every fault that a condition's text and its role's actions decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import TypeAlias

from scanner.access.conditions.analysis.catalogue import (
    granted_actions,
    usual_actions,
)
from scanner.access.conditions.analysis.delegation import delegation
from scanner.access.conditions.analysis.guards import coverage, tautologies
from scanner.access.conditions.analysis.network import networks
from scanner.access.conditions.analysis.storage import escalation, listing
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.analysis.tags import tag_faults
from scanner.access.conditions.analysis.windows import windows
from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.parser import parse
from scanner.access.conditions.syntax import PRECEDENCE, Condition
from scanner.access.conditions.values import guid

VERSION = "2.0"
"""The only version that is accepted ("Azure role assignment condition format")."""
LARGE, LARGEST = 6 * 1024, 8 * 1024
"""Bytes of a condition: when to begin to worry, and what Azure accepts at most."""

Find: TypeAlias = Callable[[Subject], Iterator[Fault]]
FAULTS: tuple[Find, ...] = (
    tautologies,
    coverage,
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
    actions: tuple[str, ...] = (),
    data_actions: tuple[str, ...] = (),
    version: str | None = VERSION,
    privileged: Collection[str] = (),
    now: datetime,
) -> tuple[Fault, ...]:
    """Return what is wrong with a condition, in the order of the text.

    `actions` and `data_actions` are those its role grants, wildcards and all; without
    either it is judged for what it names and what the commonest role would grant.
    `privileged` are the ids of roles that nobody should be able to hand out.
    """
    text = condition if isinstance(condition, str) else condition.text
    found = [*_version(version), *_size(text)]
    try:
        whole = parse(condition) if isinstance(condition, str) else condition
    except ConditionError as error:
        return (*found, Fault("abac-parse", error.line, error.column, error.message))
    subject = _subject(whole, actions, data_actions, privileged, now)
    found += [*_precedence(whole), *(one for find in FAULTS for one in find(subject))]
    return tuple(sorted(found, key=lambda one: (one.line, one.column, one.check_id)))


def _subject(
    condition: Condition,
    actions: tuple[str, ...],
    data_actions: tuple[str, ...],
    privileged: Collection[str],
    now: datetime,
) -> Subject:
    role_known = bool(actions or data_actions)
    expression = condition.expression
    judged = (
        granted_actions(expression, actions, data_actions)
        if role_known
        else usual_actions(expression)
    )
    ids = frozenset(digits for one in privileged if (digits := guid(one)))
    return Subject(
        condition=condition,
        actions=judged,
        role_known=role_known,
        privileged=ids,
        now=now,
    )


def _version(version: str | None) -> Iterator[Fault]:
    # Azure takes a condition without a version to be of this one.
    if version and version != VERSION:
        message = f"the condition version is {version!r}; only {VERSION!r} is accepted"
        yield Fault("abac-version", 1, 1, message)


def _size(text: str) -> Iterator[Fault]:
    size = len(text.encode(errors="replace"))
    if size > LARGEST:
        message = f"{size} bytes: Azure accepts at most {LARGEST}"
    elif size > LARGE:
        message = f"{size} bytes of the {LARGEST} that Azure accepts"
    else:
        return
    yield Fault("abac-size", 1, 1, message)


def _precedence(condition: Condition) -> Iterator[Fault]:
    for note in condition.notes:
        if note.kind == PRECEDENCE:
            message = f"{note.message}: add parentheses, other parsers may differ"
            yield Fault("abac-precedence", note.line, note.column, message)
