"""Faults in what a condition asks of reading and listing blobs.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob
Storage".
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.conditions.analysis.catalogue import BLOB_READ
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.certain import is_always_there
from scanner.access.conditions.documented import (
    BLOB_LIST,
    BLOB_PATH,
    BLOB_PREFIX,
    TAGS,
)
from scanner.access.conditions.partial import Fact, addressed, assume, at_most, residual
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import (
    Attribute,
    Expression,
    SubOperationMatches,
)
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import attributes_of, nodes
from scanner.access.patterns import matches_action

CONTAINERS = "microsoft.storage/storageaccounts/blobservices/containers"


def is_tag(attribute: Attribute, source: str) -> bool:
    """Return whether an attribute is of the index tags of a blob, or of a request."""
    return attribute.source == source and attribute.path == TAGS


def reads_tags(expression: Expression, source: str) -> bool:
    """Return whether an expression reads index tags."""
    return any(is_tag(attribute, source) for attribute in attributes_of(expression))


def listing(subject: Subject) -> Iterator[Fault]:
    """Find listings that are open though reading is not, and ones that cannot work."""
    if not subject.has(BLOB_READ) or is_open(subject.residual(BLOB_READ)):
        return
    left = addressed(subject.left, BLOB_READ, BLOB_LIST)
    if _lists_freely(subject.residual(BLOB_READ, BLOB_LIST)):
        yield subject.fault(
            "abac-list-exposed",
            _list_clause(subject),
            "reading blobs is restricted but listing them is not: names and metadata "
            "of all blobs in scope can be enumerated",
        )
    elif may_hold(left) and not may_hold(assume(left, _without_path)):
        yield subject.fault(
            "abac-legacy-read-guard",
            subject.guard_of(BLOB_READ),
            "the block also guards listing (Blob.List), which has no blob path to "
            "compare: listing blobs always fails",
        )


def _lists_freely(left: Expression) -> bool:
    """Return whether what is asked of a list always holds.

    Without a prefix, which lists all, or else with any.
    """
    with_prefix = is_open(left, there=_is_there)
    return with_prefix or is_open(assume(left, _without_prefix))


def may_list_freely(expression: Expression) -> bool:
    """Return whether what is asked of a list may always hold, for all that is told."""
    left = assume(residual(expression, BLOB_READ, BLOB_LIST), _without_prefix)
    return is_open(at_most(left, unclear=_reads_prefix))


def _is_prefix(attribute: Attribute) -> bool:
    return attribute.source == "Request" and attribute.bare.lower() == BLOB_PREFIX


def _is_there(attribute: Attribute) -> bool:
    return is_always_there(attribute) or _is_prefix(attribute)


def _reads_prefix(atom: Expression) -> bool:
    return any(map(_is_prefix, attributes_of(atom)))


def _without_prefix(attribute: Attribute) -> Values | Fact:
    return Fact.ABSENT if _is_prefix(attribute) else Fact.FREE


def _list_clause(subject: Subject) -> int:
    return next(
        (
            node.start
            for node in nodes(subject.expression)
            if isinstance(node, SubOperationMatches)
            and matches_action(node.pattern, BLOB_LIST)
        ),
        subject.guard_of(BLOB_READ),
    )


def _without_path(attribute: Attribute) -> Values | Fact:
    """Return what listing knows of a blob: its path is none of it."""
    return Fact.ABSENT if attribute.bare.lower() == BLOB_PATH else Fact.FREE
