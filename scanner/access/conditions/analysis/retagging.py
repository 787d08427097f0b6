"""Readers who are held back by blob index tags and may set them.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob
Storage".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations, islice

from scanner.access.conditions.analysis.catalogue import (
    BLOB_READ,
    BLOB_TAGS_WRITE,
    BLOB_WRITE,
)
from scanner.access.conditions.analysis.storage import is_tag
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.analysis.tags import (
    OTHER,
    WORLDS,
    tag_keys,
    tag_values,
)
from scanner.access.conditions.certain import is_always_there, is_tag_value
from scanner.access.conditions.documented import BLOB_WRITE_WITH_TAGS
from scanner.access.conditions.partial import (
    Fact,
    assume,
    at_most,
    conjunction,
    negation,
    replaced,
)
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import (
    Atom,
    Attribute,
    Comparison,
    Exists,
    Expression,
    Operand,
)
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
    asked = {
        action: at_most(subject.residual(action, call), allowing=False)
        for action, call in TAG_WRITES
        if subject.has(action)
    }
    free = [action for action, left in asked.items() if leaves_tags(left, read)]
    ways = free or [action for action, left in asked.items() if opens(left, read)]
    if ways:
        yield subject.fault(
            "abac-tag-self-escalation",
            tags[0].start,
            f"reading depends on blob index tags, and {' and '.join(ways)} of the same "
            + ("role is not limited in the tags it sets: " if free else _OPENS)
            + "who may not read a blob can retag it",
            fails=bool(free),
        )


_OPENS = "role may replace the tags that hold a reader back by those that do not: "


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
    values = (OTHER, *tag_values(left, "Request"))[:WORLDS]
    return any(
        all(_Sent(key, one, (key, *others)).may_pass(left) for one in values)
        for others in _sets(named, key)
    )


def _sets(named: Iterable[str], key: str = "") -> Iterator[tuple[str, ...]]:
    """Yield sets of keys to be sent: none and all that are named first, then some.

    With a key that is not named, and without.
    """
    every = tuple(named)
    more = () if key == OTHER else (OTHER,)
    sizes = (combinations(every, size) for size in range(1, len(every)))
    first = ((), more, every, (*every, *more))
    some = islice(chain.from_iterable(sizes), WORLDS - len(first))
    yield from dict.fromkeys((*first, *some))


@lru_cache(maxsize=4096)
def opens(left: Expression, read: Expression) -> bool:
    """Return whether tags that a call may set let a blob be read that could not be.

    What is asked of the call may hold for such a blob, with the tags that it has in
    `@Resource`. All but its tags stays as it is.
    """
    after = at_most(replaced(read, _as_sent), allowing=False)
    whole = conjunction([left, after, negation(at_most(read))])
    if not may_hold(whole):
        return False
    keys = [*tag_keys(whole, "Resource"), *tag_keys(whole, "Request")]
    named = tuple(dict.fromkeys(keys))
    return any(
        may_hold(assume(whole, _Retagged(had, sent).facts), there=_is_there)
        for had in ((*named, OTHER), ())
        for sent in _sets(named)
    )


def _as_sent(atom: Atom) -> Expression:
    """Return what an atom asks of the tags of a blob as it asks it of those sent."""
    match atom:
        case Comparison(left=left, right=right):
            return replace(atom, left=_sent(left), right=_sent(right))
        case Exists(attribute=attribute) if is_tag(attribute, "Resource"):
            return replace(atom, attribute=replace(attribute, source="Request"))
        case _:
            return atom


def _sent(operand: Operand) -> Operand:
    if isinstance(operand, Attribute) and is_tag(operand, "Resource"):
        return replace(operand, source="Request")
    return operand


def _is_there(attribute: Attribute) -> bool:
    """Whether an attribute has a value, where absent tags are folded away."""
    return is_always_there(attribute) or is_tag_value(attribute)


@dataclass(frozen=True, slots=True)
class _Retagged:
    """The keys of the tags that a blob has, and of those that replace them."""

    had: tuple[str, ...]
    sent: tuple[str, ...]

    def facts(self, attribute: Attribute) -> Values | Fact:
        """Return what is known of an attribute: which tags there are."""
        if is_tag(attribute, "Resource"):
            return _known(attribute, self.had)
        if is_tag(attribute, "Request"):
            return _known(attribute, self.sent)
        return Fact.FREE


def _known(attribute: Attribute, keys: tuple[str, ...]) -> Values | Fact:
    if attribute.is_keys:
        return keys or Fact.ABSENT
    key = attribute.key
    if attribute.is_case_sensitive:
        return Fact.FREE if key in keys else Fact.ABSENT
    folded = {each.lower() for each in keys}
    return Fact.FREE if key.lower() in folded else Fact.ABSENT


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
        if not is_tag(attribute, "Request"):
            return Fact.FREE
        if attribute.is_keys or not self._sets(attribute):
            return _known(attribute, self.keys)
        return (self.value,)

    def _is_asked(self, atom: Expression) -> bool:
        return any(map(self._sets, attributes_of(atom)))

    def _sets(self, attribute: Attribute) -> bool:
        if not is_tag(attribute, "Request"):
            return False
        key = attribute.key
        is_missed = attribute.is_case_sensitive and key != self.key
        return attribute.is_keys or (key.lower() == self.key.lower() and not is_missed)
