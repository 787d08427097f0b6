"""Faults in conditions on blob index tags, found by asking about a few blobs.

Each world fixes the tags of one blob and leaves everything else open; what a
condition asks there is compared from world to world.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scanner.access.conditions.analysis.catalogue import BLOBS
from scanner.access.conditions.analysis.storage import is_tag
from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.partial import Fact, assume, at_most
from scanner.access.conditions.solve import may_differ
from scanner.access.conditions.syntax import (
    Attribute,
    Comparison,
    Constant,
    Exists,
    Expression,
    Operand,
    ValueSet,
)
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import attributes_of, nodes

OTHER = "\N{REPLACEMENT CHARACTER}"
"""A value that no condition names."""
WORLDS = 24
"""How many of the values that a condition names are tried."""


@dataclass(frozen=True, slots=True)
class World:
    """One blob: the value its tags have, and how their keys are spelt."""

    keys: tuple[str, ...]
    value: str = OTHER
    is_tagged: bool = True
    other_case: bool = False

    def facts(self, attribute: Attribute) -> Values | Fact:
        """Return what is known of an attribute of the blob."""
        if not is_tag(attribute, "Resource"):
            return Fact.FREE
        if not self.is_tagged:
            return Fact.ABSENT
        if attribute.is_keys:
            return tuple(map(respelt, self.keys)) if self.other_case else self.keys
        is_missed = self.other_case and attribute.is_case_sensitive
        if is_missed and attribute.key != respelt(attribute.key):
            return Fact.ABSENT
        return (self.value,)


def respelt(key: str) -> str:
    """Return a key in another case, where it has letters."""
    return key.lower() if key != key.lower() else key.upper()


def tag_faults(subject: Subject) -> Iterator[Fault]:
    """Find what blobs without tags, or with keys in another case, are let through."""
    reported = set[str]()
    actions: dict[Expression, list[str]] = {}
    for action in subject.actions:
        for left in subject.residuals(action):
            actions.setdefault(left, []).append(action)
    for left, asked in actions.items():
        for fault in _faults(subject, left, asked):
            if fault.check_id not in reported:
                reported.add(fault.check_id)
                yield fault


def _faults(
    subject: Subject, left: Expression, actions: Iterable[str]
) -> Iterator[Fault]:
    if not _tags_in(left):
        return
    world = World(tag_keys(left, "Resource"))
    yield from _untagged(subject, left, world, actions)
    yield from _key_case(subject, left, world)


def _untagged(
    subject: Subject, left: Expression, world: World, actions: Iterable[str]
) -> Iterator[Fault]:
    bare = assume(left, replace(world, is_tagged=False).facts)
    values = (OTHER, *tag_values(left, "Resource"))[:WORLDS]
    worlds = (*(replace(world, value=one) for one in values), World((OTHER,)))
    tagged = [assume(left, one.facts) for one in worlds]
    sure = at_most(bare, allowing=False, unclear=_compares_tags)
    what = f"{', '.join(map(_short, actions))} of what was never tagged"
    if any(may_differ(sure, other) for other in tagged):
        said = (
            "a blob without the tag is let through where one with another value is "
            f"not: {what} is open to everyone in scope"
        )
    elif any(may_differ(bare, other) for other in tagged):
        said = (
            "how this compares with the tags of a blob that has none is not "
            f"documented: {what} may be open to everyone in scope"
        )
    else:
        return
    yield subject.fault("abac-untagged-open", _opening(left), said)


def _short(action: str) -> str:
    """Return an action without the blobs that it is on."""
    is_on_blobs = action.lower().startswith(BLOBS.prefix.lower())
    return action[len(BLOBS.prefix) :] if is_on_blobs else action


def _opening(left: Expression) -> int:
    """Return where the alternative starts that lets untagged blobs through."""
    comparisons = [one for one in nodes(left) if _compares_tags(one)]
    keys = [one for one in comparisons if any(side.is_keys for side in _tags_in(one))]
    return (keys or comparisons or [left])[0].start


def _key_case(subject: Subject, left: Expression, world: World) -> Iterator[Fault]:
    misspelt = replace(world, other_case=True)
    found = _case_sensitive(left)
    if found is None:
        return
    if may_differ(assume(left, misspelt.facts), assume(left, world.facts)):
        ending = "is let through as one without the tag"
    elif _shuts_out(left, world):
        ending = "is refused as one without the tag"
    else:
        return
    key = next(iter(world.keys), "")
    yield subject.fault(
        "abac-tag-key-case",
        found.start,
        f"the key compares with case: a blob tagged {respelt(key)} instead of {key} "
        + ending,
    )


def _shuts_out(left: Expression, world: World) -> bool:
    """Return whether a value that lets a blob through no longer does."""
    right, wrong = world, replace(world, other_case=True)
    return any(
        may_differ(
            assume(left, replace(right, value=one).facts),
            assume(left, replace(wrong, value=one).facts),
        )
        for one in tag_values(left, "Resource")[:WORLDS]
    )


def _case_sensitive(left: Expression) -> Comparison | None:
    """Return the first comparison in which the case of a key counts, keys first."""
    found = [one for one in nodes(left) if isinstance(one, Comparison) and _minds(one)]
    found.sort(key=lambda one: not _tests_keys(one))
    return found[0] if found else None


def _minds(comparison: Comparison) -> bool:
    ignores = comparison.operator.name.endswith("IgnoreCase")
    return any(
        side.is_case_sensitive or (side.is_keys and not ignores)
        for side in _tags_in(comparison)
    )


def _tests_keys(comparison: Comparison) -> bool:
    return any(side.is_keys for side in _tags_in(comparison))


def _compares_tags(node: Expression) -> bool:
    return isinstance(node, Comparison | Exists) and bool(_tags_in(node))


def _tags_in(node: Expression, source: str = "Resource") -> list[Attribute]:
    return [one for one in attributes_of(node) if is_tag(one, source)]


def tag_keys(left: Expression, source: str) -> tuple[str, ...]:
    """Return the keys that an expression names, in a set of keys or as attributes."""
    found = [one.key for one in _tags_in(left, source) if one.key]
    compared = _compared(left, source, keys=True)
    return tuple(dict.fromkeys([*found, *compared]))


def tag_values(left: Expression, source: str) -> tuple[str, ...]:
    """Return the values that an expression compares tags with."""
    return tuple(dict.fromkeys(_compared(left, source, keys=False)))


def _compared(left: Expression, source: str, *, keys: bool) -> Iterator[str]:
    """Yield what an expression compares sets of keys with, or else values."""
    for node in nodes(left):
        if not isinstance(node, Comparison):
            continue
        tags = _tags_in(node, source)
        if tags and any(one.is_keys for one in tags) is keys:
            yield from _texts(node.left)
            yield from _texts(node.right)


def _texts(operand: Operand) -> Iterator[str]:
    match operand:
        case Constant(value=value):
            yield str(value)
        case ValueSet(members=members):
            yield from (str(member.value) for member in members)
