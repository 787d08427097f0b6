"""Security admin rules that decide the same traffic, each in its own way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

ANY = frozenset({"*", "any", "0.0.0.0/0", "::/0", "0-65535"})
"""What stands for all there is, in lower case."""


@dataclass(frozen=True, slots=True)
class AdminRule:
    """What a security admin rule matches, and what it does with it.

    No ports, sources or destinations are all of them (Network REST, 2024-05-01).
    """

    id: str
    access: str
    direction: str
    protocol: str
    ports: tuple[str, ...]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    source_ports: tuple[str, ...]


def clashing(
    rules: Iterable[AdminRule], others: Iterable[AdminRule]
) -> list[tuple[AdminRule, AdminRule]]:
    """Return the pairs of rules, one of each, that treat some traffic differently."""
    return [pair for pair in product(rules, others) if _clash(*pair)]


def _clash(rule: AdminRule, other: AdminRule) -> bool:
    return (
        _denies(rule) is not _denies(other)
        and rule.direction.lower() == other.direction.lower()
        and _meet((rule.protocol,), (other.protocol,))
        and _ports_meet(_all(rule.ports), _all(other.ports))
        and _ports_meet(_all(rule.source_ports), _all(other.source_ports))
        and _meet(_all(rule.sources), _all(other.sources))
        and _meet(_all(rule.destinations), _all(other.destinations))
    )


def _denies(rule: AdminRule) -> bool:
    return rule.access.lower() == "deny"


def _all(named: tuple[str, ...]) -> tuple[str, ...]:
    return named or ("*",)


def _meet(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two lists name the same, by their texts, or one of them everything."""
    one, two = set(map(str.lower, some)), set(map(str.lower, others))
    return bool(one & two or one & ANY or two & ANY)


def _ports_meet(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two lists of ports and ranges have one in common."""
    pairs = product(map(_ports, some), map(_ports, others))
    return any(low <= last and first <= high for (low, high), (first, last) in pairs)


def _ports(text: str) -> tuple[int, int]:
    """Return a port or range of ports; all of them for what is neither."""
    low, _, high = text.partition("-")
    if low.isdecimal() and (not high or high.isdecimal()):
        return int(low), int(high or low)
    return 0, 65535
