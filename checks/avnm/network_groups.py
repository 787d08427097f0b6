"""Network groups of a tenant: who is in them, and which policies fill them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from checks.shared.assigned import (
    Assigned,
    Content,
    cite_content,
    contents,
    gravest,
    is_of_azure,
    resolved,
)
from checks.shared.grants import access
from checks.shared.policies import InForce, policies_on
from scanner.access.scopes import scope_at, scope_of
from scanner.avnm.membership import (
    Doubt,
    Facts,
    Group,
    Manager,
    Membership,
    Network,
    Rule,
)
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.listing import Listing
from scanner.model.network import VirtualNetwork
from scanner.model.networkmanager import NetworkGroup, NetworkManager
from scanner.model.policy import (
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
)
from scanner.model.resources import ManagementGroup, Subscription
from scanner.model.tenant import Tenant
from scanner.policy.conditions import Subject, parts_of

EFFECT = "addtonetworkgroup"
MODE = "Microsoft.Network.Data"

_GROUP_ID = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers"
    r"/Microsoft\.Network/networkManagers/[^/]+/networkGroups/[^/]+",
    re.IGNORECASE,
)


def membership(tenant: Tenant) -> Membership:
    """Return who is in which group; what a verdict takes from it is to be cited."""
    return tenant.once(_membership)


def require_known(doubts: tuple[Doubt, ...] | Iterator[Doubt]) -> None:
    """Raise NotRead if an answer is open; for the first gap, if there is one."""
    problem = gravest([NotRead(each.reason, each.gap) for each in doubts])
    if problem:
        raise problem


# Definitions


def is_group_id(text: str | None) -> bool:
    """Whether a text is the id of a network group, and no expression."""
    return _GROUP_ID.fullmatch(text or "") is not None


def effect_of(definition: PolicyDefinition) -> str:
    """Return the effect of a definition by itself, in lower case.

    Empty for an expression other than a parameter with a default.
    """
    return resolved(definition.effect or "", {}, definition.parameters).lower()


def fills(definition: PolicyDefinition) -> bool:
    """Whether a definition puts networks into a group, or may as it is assigned."""
    return effect_of(definition) == EFFECT or bool(definition.network_group_id)


def require_filling(definition: PolicyDefinition) -> None:
    """Raise NotRead where it is not told whether a definition is for a group."""
    fills(definition)


def _fills(tenant: Tenant, definition_id: str) -> bool:
    """Whether a definition puts networks into a group; Azure made none that does."""
    if is_of_azure(definition_id):
        return False
    definition = tenant.get(PolicyDefinition, definition_id)
    return definition is not None and fills(definition)


def filling(tenant: Tenant) -> frozenset[str]:
    """Return the definitions that put networks into groups, by key.

    With those of which that is not told. Make it once, by `Tenant.once`.
    """
    return frozenset(_picked(tenant, modes=False))


def of_networks(tenant: Tenant) -> frozenset[str]:
    """Return the definitions that are for network groups, by their effect or mode."""
    return frozenset(_picked(tenant, modes=True))


def _picked(tenant: Tenant, *, modes: bool) -> Iterator[str]:
    for definition in tenant.all(PolicyDefinition).known():
        if is_of_azure(definition.id):
            continue
        try:
            if fills(definition) or (modes and in_mode(definition)):
                yield definition.key
        except NotRead:
            yield definition.key


def in_mode(definition: PolicyDefinition) -> bool:
    """Whether a definition has the mode for network groups."""
    return (definition.mode or "").lower() == MODE.lower()


def group_named(tenant: Tenant, group_id: str) -> NetworkGroup | None:
    """Return a network group, or None if it is known not to exist in the tenant.

    Raises NotRead if it lies outside the scan or where the read has a gap.
    """
    known = tenant.known(NetworkGroup, group_id)
    if known or tenant.is_foreign(group_id):
        return known
    if tenant.get(NetworkManager, ResourceId.parse(group_id).parent) is None:
        return None
    return tenant.get(NetworkGroup, group_id)


def by_group(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return the definitions that name each group, by their keys, made once."""
    found = defaultdict[str, list[str]](list)
    for key in tenant.once(filling):
        definition = tenant.known(PolicyDefinition, key)
        try:
            named = definition.network_group_id if definition else None
        except NotRead:
            continue
        if named:
            found[id_key(named)].append(key)
    return {group: tuple(sorted(keys)) for group, keys in found.items()}


def knows_definitions(tenant: Tenant) -> bool:
    """Whether everything that is defined was read, management groups included."""
    above = tenant.all(ManagementGroup).known()
    return (
        tenant.whole
        and tenant.all(PolicyDefinition).whole
        and all(tenant.within(PolicyDefinition, each.id).whole for each in above)
        and all(
            access(tenant).knows_above(each.id)
            for each in tenant.all(Subscription).known()
        )
    )


def assigned(tenant: Tenant) -> Mapping[str, Content]:
    """Return the assignments that fill groups, by key; make it once."""
    return contents(tenant, _fills)


def assigned_at(tenant: Tenant) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the assignments that fill groups by definition and scope, made once.

    All by key; those whose scope is malformed are left out.
    """
    found = defaultdict[tuple[str, str], dict[str, None]](dict)
    for key, content in tenant.once(assigned).items():
        assignment = tenant.known(PolicyAssignment, key)
        with suppress(NotRead):
            scope = id_key(scope_at(assignment)) if assignment else ""
            for each in content.found:
                found[id_key(each.definition_id), scope][key] = None
    return {place: tuple(keys) for place, keys in found.items()}


def cite_given(definition: PolicyDefinition, assignment_key: str) -> None:
    """Note what a definition says, with what an assignment gives its parameters."""
    tenant = definition.tenant
    every = tenant.once(assigned)[assignment_key].found
    of_it = (each for each in every if id_key(each.definition_id) == definition.key)
    cite_content(tenant, of_it)


# Facts


def _membership(tenant: Tenant) -> Membership:
    doubts = list(_unread(tenant.all(NetworkManager)))
    managers = dict(_managers(tenant, doubts))
    guarded = {each.key: _guarded(each) for each in tenant.all(NetworkManager).known()}
    groups = {
        each.key: _group(each, guarded) for each in tenant.all(NetworkGroup).known()
    }
    rules = _Rules(tenant)
    networks = {
        each.key: _network(each, rules) for each in tenant.all(VirtualNetwork).known()
    }
    return Membership(Facts(managers, groups, networks, tuple(doubts)))


def manager_of(manager: NetworkManager) -> Manager:
    """Return what a manager manages; raises NotRead where that is malformed.

    One without features manages nothing (2024-05-01: they are optional).
    """
    known = access(manager.tenant)
    named = (*(manager.management_groups or ()), *(manager.subscriptions or ()))
    scopes = frozenset(map(id_key, named))
    above = frozenset(scope for each in scopes for scope in known.scopes(each))
    return Manager(
        id=manager.id,
        scopes=scopes,
        above=above - scopes,
        features=frozenset(each.lower() for each in manager.features or ()),
        knows_above=all(map(known.knows_above, scopes)),
        doubts=tuple(_unread(manager.groups)),
    )


def _managers(tenant: Tenant, doubts: list[Doubt]) -> Iterator[tuple[str, Manager]]:
    """Yield the managers by key; note those that may manage anything."""
    for manager in tenant.all(NetworkManager).known():
        try:
            yield manager.key, manager_of(manager)
        except NotRead as problem:
            doubts.append(_doubt(problem))


def _group(group: NetworkGroup, guarded: Mapping[str, _Guarded]) -> Group:
    listing = group.static_members
    members, doubts = set(), list(_unread(listing))
    for each in listing.known():
        try:
            members.add(id_key(each.resource_id or ""))
        except NotRead as problem:
            doubts.append(_doubt(problem))
    manager = id_key(group.parts.parent)
    applies = guarded[manager].applies(group.key) if manager in guarded else None
    return Group(group.id, manager, frozenset(members), applies, tuple(doubts))


@dataclass(frozen=True, slots=True)
class _Guarded:
    """The groups that security admin rules of a manager apply to, by key."""

    groups: frozenset[str]
    whole: bool
    """Whether there can be no more of them."""

    def applies(self, group: str) -> bool | None:
        """Whether rules apply to a group, None where that is not known."""
        if group in self.groups:
            return True
        return False if self.whole else None


def _guarded(manager: NetworkManager) -> _Guarded:
    found, unclear = set[str](), Unclear()
    configurations = manager.admin_configurations
    unclear.add(configurations.missing)
    for configuration in configurations.known():
        collections = configuration.rule_collections
        unclear.add(collections.missing)
        for collection in collections.known():
            with unclear:
                if collection.rules:
                    found.update(map(id_key, collection.group_ids or ()))
    return _Guarded(frozenset(found), unclear.problem is None)


def _network(network: VirtualNetwork, rules: _Rules) -> Network:
    known, subject = access(network.tenant), Subject(network.id)
    doubts: list[Doubt] = []
    found: tuple[Rule, ...] = ()
    try:
        subject = Subject(network.id, network.location, network.tags)
        found = tuple(rules.on(network, doubts))
    except NotRead as problem:
        doubts.append(_doubt(problem))
    return Network(
        subject=subject,
        scopes=frozenset(known.scopes(network.id)),
        knows_above=known.knows_above(network.id),
        rules=found,
        doubts=tuple(doubts),
    )


class _Rules:
    """What the policies that fill groups ask for, each looked at once."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._assigned = tenant.once(assigned)
        self._known: dict[int, Rule | None] = {}
        self._alike = self._are_alike()
        self._on_group: dict[str, InForce] = {}

    def on(self, network: VirtualNetwork, doubts: list[Doubt]) -> Iterator[Rule]:
        """Yield the policies in force on a network; note why there may be more."""
        found = self._policies(network)
        for policy in found.policies:
            if not policy.holds:
                continue
            if policy.effect == EFFECT:
                rule = self._of(policy.assigned)
                if rule:
                    yield rule
            elif not policy.effect:
                what = policy.assigned.definition_id
                doubts.append(Doubt(f"the effect that {what} is given is not known"))
        if found.unread:
            doubts.append(_doubt(found.unread))

    def _policies(self, network: VirtualNetwork) -> InForce:
        """Return the policies on a network, which is that on its group if it can be.

        A thousand policies, each looked at for each of many networks, take minutes.
        """
        group = network.key.partition("/providers/")[0]
        found = self._on_group.get(group)
        if found is None:
            found = policies_on(network, self._assigned)
            if self._alike and not found.unread:
                self._on_group[group] = found
        return found

    def _are_alike(self) -> bool:
        """Whether policies tell no networks of one resource group apart."""
        known = (self._tenant.known(PolicyAssignment, key) for key in self._assigned)
        every = self._tenant.all(PolicyExemption).known()
        try:
            return not any(
                each.overrides or each.resource_selectors or any(map(_is_one, scopes))
                for each in filter(None, known)
                for scopes in [_scopes_of(each)]
            ) and not any(
                each.resource_selectors or _is_one(scope_of(each.id)) for each in every
            )
        except NotRead:
            return False

    def _of(self, policy: Assigned) -> Rule | None:
        if id(policy) not in self._known:
            self._known[id(policy)] = self._made(policy)
        return self._known[id(policy)]

    def _made(self, policy: Assigned) -> Rule | None:
        """Return what a definition asks for, by the parameters it is given.

        None where it names no group there is, or works in another mode.
        """
        definition = self._tenant.known(PolicyDefinition, policy.definition_id)
        if definition is None:
            return None
        try:
            named = definition.network_group_id
            if not named or not is_group_id(named) or not in_mode(definition):
                return None
            definition.cite(PolicyDefinition.condition)
        except NotRead as problem:
            return Rule(definition.id, "", None, _doubt(problem))
        condition = parts_of(policy.rule).get("if")
        try:
            exists = group_named(self._tenant, named) is not None
        except NotRead as problem:
            return Rule(definition.id, id_key(named), condition, _doubt(problem))
        return Rule(definition.id, id_key(named), condition) if exists else None


def _scopes_of(assignment: PolicyAssignment) -> tuple[str, ...]:
    """Return what an assignment is made at, and what it leaves out."""
    return (scope_at(assignment), *(assignment.not_scopes or ()))


def _is_one(scope: str) -> bool:
    """Whether a scope is that of a resource."""
    return "/providers/" in id_key(scope).partition("/resourcegroups/")[2]


def _unread(listing: Listing[Any]) -> Iterator[Doubt]:
    if listing.missing:
        yield _doubt(listing.missing)


def _doubt(problem: NotRead) -> Doubt:
    return Doubt(problem.reason, problem.gap)
