"""Who may assign roles, and which: every grant of it in a tenant, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from checks.shared.condition_analysis import About
from checks.shared.conditions import Conditions
from checks.shared.grants import access
from scanner.access.conditions import as_of
from scanner.access.conditions.analysis.catalogue import ASSIGNMENT_WRITE
from scanner.access.conditions.analysis.guards import is_open, may_be_open
from scanner.access.engine import Access
from scanner.access.facts import ROOT, Assignment, Missing, Part, Role, last_segment
from scanner.access.restrictions import Ask
from scanner.access.roles import Way, narrowed, ways_of
from scanner.access.scopes import base_of, scope_of
from scanner.model.authorization import RoleAssignment, RoleDefinition
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:PA-1",
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:AC-5",
    "NIST-800-53:AC-6",
    "NIST-800-53:AC-6(1)",
    "NIST-800-53:AC-6(5)",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.5.18",
    "ISO-27001-2022:A.8.2",
    "PCI-DSS-4.0.1:7.2.1",
    "PCI-DSS-4.0.1:7.2.2",
)
"""What limits on delegation are for, by expert mapping."""

WRITING = Ask.of(ASSIGNMENT_WRITE)


class Reach(Enum):
    """Which roles someone may assign."""

    NONE = auto()
    BOUNDED = auto()
    """Those that a condition lets through."""
    ANY = auto()
    UNKNOWN = auto()
    """The role, or a condition, could not be read or evaluated."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """An assignment whose holder may assign roles, or may for all that is known."""

    assignment: Assignment
    role: Role | None
    reach: Reach

    @property
    def key(self) -> str:
        """The form of the assignment's id that compares."""
        return id_key(self.assignment.id)


class Delegations:
    """Every delegation in a tenant, by what it is and where."""

    def __init__(self, tenant: Tenant) -> None:
        known = access(tenant)
        self.by_key: dict[str, Delegation] = {}
        """Those in force; to be activated ones are counted apart."""
        self.at: dict[str, list[Delegation]] = defaultdict(list)
        self.inside: dict[str, list[Delegation]] = defaultdict(list)
        """Those at a subscription and below it."""
        self.eligible_at: dict[str, list[Delegation]] = defaultdict(list)
        self.malformed = _malformed(tenant, known)
        for each in _delegations(known, tenant.read_at):
            scope = id_key(each.assignment.scope)
            if each.assignment.eligible:
                self.eligible_at[scope].append(each)
            else:
                self.by_key[each.key] = each
                self.at[scope].append(each)
                self.inside[base_of(scope)].append(each)


def _malformed(tenant: Tenant, known: Access) -> frozenset[str]:
    """Return the assignments that say too little to be told what they are."""
    told = {id_key(each.id) for each in known.facts.assignments}
    return frozenset(map(id_key, tenant.all(RoleAssignment).ids())) - told


def _delegations(known: Access, now: datetime) -> Iterator[Delegation]:
    ways: dict[str, tuple[Way, ...]] = {}
    for key, role in known.facts.roles.items():
        ways[key] = ways_of(role.blocks, WRITING)
    for each in known.facts.assignments:
        key = last_segment(each.role_definition_id)
        reach = _reach(ways.get(key), each.condition, now)
        if reach is not Reach.NONE and each.managing_tenant is None:
            yield Delegation(each, known.facts.roles.get(key), reach)


def _reach(ways: tuple[Way, ...] | None, condition: str | None, now: datetime) -> Reach:
    if ways is None:
        return Reach.UNKNOWN
    if not ways:
        return Reach.NONE
    reaches = {reach_of(way, now) for way in narrowed(ways, condition, WRITING)}
    for reach in (Reach.ANY, Reach.UNKNOWN):
        if reach in reaches:
            return reach
    return Reach.BOUNDED


def reach_of(way: Way, now: datetime) -> Reach:
    """Return which roles may be assigned in one way; all its conditions must hold."""
    asked = [each.residual for each in way.restrictions if each.residual is not None]
    left = [as_of(each, now) for each in asked]
    if len(left) < len(way.restrictions):
        return Reach.UNKNOWN
    if all(map(is_open, left)):
        return Reach.ANY
    return Reach.UNKNOWN if all(map(may_be_open, left)) else Reach.BOUNDED


# Which resources


def delegating(tenant: Tenant) -> Container[str]:
    """Return the assignments whose holders may assign roles, for all that is known."""
    found = tenant.once(Delegations)
    return found.malformed.union(found.by_key)


def conditioned(tenant: Tenant) -> Container[str]:
    """Return those whose own condition says which roles their holders may assign.

    A role with a condition of its own is judged where it is defined.
    """
    conditions = tenant.once(Conditions)
    roles = access(tenant).facts.roles
    free = {key for key, role in roles.items() if _is_free(role, tenant.read_at)}
    keys = (
        key
        for key, analysis in conditions.by_assignment.items()
        if About.DELEGATION in analysis.about
        if analysis.role is None or last_segment(analysis.role.id) in free
    )
    return conditions.malformed.union(keys)


def _is_free(role: Role, now: datetime) -> bool:
    ways = ways_of(role.blocks, WRITING)
    return any(reach_of(way, now) is Reach.ANY for way in ways)


def at_root(tenant: Tenant) -> Container[str]:
    """Return the assignments at the root, above every management group."""
    known = access(tenant)
    keys = (id_key(each.id) for each in known.facts.assignments if each.scope == ROOT)
    malformed = _malformed(tenant, known)
    return frozenset(each for each in malformed if scope_of(each) == ROOT).union(keys)


def self_conditioned(tenant: Tenant) -> Container[str]:
    """Return the roles that say themselves which roles their holders may assign."""
    roles = access(tenant).facts.roles.values()
    told = {id_key(role.id) for role in roles}
    malformed = {id_key(each) for each in tenant.all(RoleDefinition).ids()} - told
    keys = (id_key(role.id) for role in roles if _has_own_condition(role))
    return malformed.union(keys)


def _has_own_condition(role: Role) -> bool:
    blocks = (block for block in role.blocks if (block.condition or "").strip())
    return any(ways_of((block,), WRITING) for block in blocks)


def reaching(tenant: Tenant, subscription: str) -> Iterable[Delegation]:
    """Yield the delegations that reach a subscription, or lie in it."""
    found = tenant.once(Delegations)
    key = id_key(subscription)
    yield from found.inside.get(key, ())
    for scope in dict.fromkeys(access(tenant).scopes(subscription)):
        if scope != key:
            yield from found.at.get(scope, ())


def unread_inside(tenant: Tenant, subscription: str) -> Iterator[Missing]:
    """Yield why there may be more delegations in a subscription, below its scope."""
    key = id_key(subscription)
    for scope, missing in access(tenant).facts.missing.items():
        if scope != key and base_of(scope) == key:
            yield from (each for each in missing if each.part is Part.ASSIGNMENTS)
