"""What network security groups let through to a place, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.traffic import SecurityGroup, SecurityGroupRule

Ranges = tuple[IPv4Network, ...]

ANYWHERE = (IPv4Network("0.0.0.0/0"),)
"""Also what `VirtualNetwork` stands for here: all that private traffic comes from."""
BY_DEFAULT = "AllowVnetInBound"
"""The default rule that every group ends with: networks get through, and no others."""

_ALL = {"*", "any", "virtualnetwork"}
_ALL_PORTS = {"*", "0-65535"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where private traffic goes: addresses or ranges of one subnet, and a port."""

    ranges: Ranges
    port: int
    group_ids: frozenset[str] = frozenset()
    """The application security groups it is in, in the form that compares."""
    unread: NotRead | None = None
    """Why it may be only a part of these ranges, None where it is all of them."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A rule that lets traffic through, and where that comes from."""

    rule: str
    ranges: Ranges
    grouped: bool = False
    """Whether it is also for application security groups, of whose members ARM lists
    none with the group."""


def openings(group: SecurityGroup, place: Place) -> Iterator[Opening]:
    """Yield what lets private traffic through to a place, first rules first.

    The lowest priority that matches decides, and what no rule of the group's own
    matches is let through from networks (azure-docs, "Network security groups"). A
    rule for a part of the place, or for some source ports, lets through, and denies
    nothing: who sends chooses the port. Raises NotRead where a rule does not say what
    it does, or whether it is for the place.
    """
    denied: Ranges = ()
    for rule in _inbound(group):
        if (rule.protocol or "*").lower() not in {"*", "tcp"} or not _at(rule, place):
            continue
        to = _destinations(rule, place)
        if not overlap(to, place.ranges):
            continue
        partial = bool(without(place.ranges, to))
        if partial and place.unread:
            raise place.unread
        ranges, grouped = _sources(rule), bool(rule.source_group_ids)
        left = without(ranges, denied)
        if not _allows(rule):
            denied += ranges if not partial and _from_every_port(rule) else ()
        elif left or grouped:
            yield Opening(rule.name or "a rule", left, grouped)
    left = without(ANYWHERE, denied)
    if left:
        yield Opening(BY_DEFAULT, left)


def _inbound(group: SecurityGroup) -> list[SecurityGroupRule]:
    rules = [each for each in group.rules if _comes_in(each)]
    return sorted(rules, key=_priority)


def _comes_in(rule: SecurityGroupRule) -> bool:
    if not rule.direction:
        raise rule.unread("properties.direction", "says nothing")
    return rule.direction.lower() == "inbound"


def _priority(rule: SecurityGroupRule) -> int:
    if rule.priority is None:
        raise rule.unread("properties.priority", "says nothing")
    return rule.priority


def _allows(rule: SecurityGroupRule) -> bool:
    if not rule.access:
        raise rule.unread("properties.access", "says nothing")
    return rule.access.lower() == "allow"


def _at(rule: SecurityGroupRule, place: Place) -> bool:
    """Whether a rule is about the port of a place."""
    named = [*filter(None, (rule.port, *(rule.ports or ())))]
    for text in named:
        first, _, last = text.partition("-")
        if text == "*":
            return True
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise rule.malformed("properties.destinationPortRange", "ports", text)
        if int(first) <= place.port <= int(last or first):
            return True
    return False


def _from_every_port(rule: SecurityGroupRule) -> bool:
    """Whether a rule is for whatever port traffic comes from."""
    named = {*filter(None, (rule.source_port, *(rule.source_ports or ())))}
    if not named:
        raise rule.unread("properties.sourcePortRange", "says nothing")
    return not _ALL_PORTS.isdisjoint(named)


def _sources(rule: SecurityGroupRule) -> Ranges:
    """Return where a rule says that private traffic comes from.

    Service tags stand for public addresses, of which there are none in it.
    """
    return _ranges((rule.source, *(rule.sources or ())))


def _destinations(rule: SecurityGroupRule, place: Place) -> Ranges:
    """Return where a rule says that traffic goes, all of a place for its groups."""
    wanted = {id_key(each) for each in rule.destination_group_ids or ()}
    if wanted & place.group_ids:
        return place.ranges
    return _ranges((rule.destination, *(rule.destinations or ())))


def _ranges(named: Iterable[str | None]) -> Ranges:
    texts = [each for each in named if each]
    if any(each.lower() in _ALL for each in texts):
        return ANYWHERE
    return tuple(found for each in texts if (found := _range(each)))


def _range(text: str) -> IPv4Network | None:
    """Return the range that an address or prefix is, None for a service tag."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def overlap(one: Sequence[IPv4Network], other: Sequence[IPv4Network]) -> bool:
    """Whether two sets of ranges have an address in common."""
    return any(a.overlaps(b) for a in one for b in other)


def without(ranges: Iterable[IPv4Network], removed: Iterable[IPv4Network]) -> Ranges:
    """Return ranges without the addresses of others."""
    left = [*collapse_addresses(ranges)]
    for each in removed:
        left = [part for one in left for part in _outside(one, each)]
    return tuple(left)


def _outside(one: IPv4Network, other: IPv4Network) -> Iterator[IPv4Network]:
    if not one.overlaps(other):
        yield one
    elif not one.subnet_of(other):
        yield from one.address_exclude(other)
