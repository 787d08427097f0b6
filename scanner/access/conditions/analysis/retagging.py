"""Readers who are held back by blob index tags and may set them.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob
Storage".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice

from scanner.access.conditions.analysis.catalogue import (
    BLOB_READ,
    BLOB_TAGS_WRITE,
    BLOB_WRITE,
    BLOB_WRITE_WITH_TAGS,
)
from scanner.access.conditions.analysis.storage import is_tag
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.analysis.tags import (
    OTHER,
    WORLDS,
    tag_keys,
    tag_values,
)
from scanner.access.conditions.partial import Fact, assume, at_most
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import Attribute, Expression
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import attributes_of

TAG_WRITES = ((BLOB_TAGS_WRITE, None), (BLOB_WRITE, BLOB_WRITE_WITH_TAGS))
"""The calls that set the tags of a blob."""


def escalation(subject: Subject) -> Iterator[Fault]:
    """Find readers held back by tags that the same role lets them change."""
    if not subject.role_known or not subject.has(BLOB_READ):
        return
    read = subject.residual(BLOB_READ)
    tags = [one for one in attributes_of(read) if is_tag(one, "Resource")]
    if not tags:
        return
    ways = [
        action
        for action, call in TAG_WRITES
        if subject.has(action)
        and leaves_tags(at_most(subject.residual(action, call), allowing=False), read)
    ]
    if ways:
        yield subject.fault(
            "abac-tag-self-escalation",
            tags[0].start,
            f"reading depends on blob index tags, and {' and '.join(ways)} of the same "
            "role is not limited in the tags it sets: who may not read a blob can "
            "retag it",
            fails=True,
        )


def leaves_tags(left: Expression, read: Expression) -> bool:
    """Return whether what is asked of a call that sets tags leaves one to the caller.

    One that reading depends on, and with whatever value. A call that is never allowed
    leaves none.
    """
    keys = tag_keys(read, "Resource") or (OTHER,)
    return any(_leaves(left, key) for key in keys)


def _leaves(left: Expression, key: str) -> bool:
    """Return whether a tag may be set to every value, with some other tags or none."""
    named = [one for one in tag_keys(left, "Request") if one != key]
    sizes = (combinations(named, size) for size in range(len(named) + 1))
    values = (OTHER, *tag_values(left, "Request"))[:WORLDS]
    return any(
        all(_Sent(key, one, (key, *others)).may_pass(left) for one in values)
        for others in islice(chain.from_iterable(sizes), WORLDS)
    )


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call that sets a tag, and the keys of all that it sets."""

    key: str
    value: str
    keys: tuple[str, ...]

    def may_pass(self, left: Expression) -> bool:
        """Return whether what is asked may let the call pass.

        A comparison of the tag that cannot be told, such as with an attribute of the
        principal, is one that the caller has to meet.
        """
        known = assume(left, self._facts)
        return may_hold(at_most(known, allowing=False, unclear=self._is_asked))

    def _facts(self, attribute: Attribute) -> Values | Fact:
        if not self._sets(attribute):
            return Fact.FREE
        return self.keys if attribute.is_keys else (self.value,)

    def _is_asked(self, atom: Expression) -> bool:
        return any(map(self._sets, attributes_of(atom)))

    def _sets(self, attribute: Attribute) -> bool:
        if not is_tag(attribute, "Request"):
            return False
        key = attribute.key
        is_missed = attribute.is_case_sensitive and key != self.key
        return attribute.is_keys or (key.lower() == self.key.lower() and not is_missed)
