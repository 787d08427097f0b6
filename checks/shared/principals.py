"""Whose an assignment is: a person's, an application's, or the platform's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from checks.shared.grants import access
from checks.shared.wording import CITED
from scanner.access.scopes import scope_at
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import Project
from scanner.model.coverage import Unclear
from scanner.model.identity import Identified
from scanner.model.ids import id_key
from scanner.model.machinelearning import Compute, OnlineEndpoint, Workspace, is_hub
from scanner.model.search import SearchService
from scanner.model.tenant import Tenant

_PLATFORM: tuple[type[Identified], ...] = (
    Workspace,
    OnlineEndpoint,
    Compute,
    Project,
    SearchService,
)
_APPLICATION = "serviceprincipal"
_PEOPLE = {"user", "group", "foreigngroup", ""}


@dataclass(frozen=True, slots=True)
class PlatformIdentities:
    """The principals that hubs, projects and Search services sign in as."""

    known: Mapping[str, tuple[type[Identified], str]]
    """By their ids in lower case, the first resource that signs in so: type and id."""
    unclear: Unclear
    """Why there may be more of them."""


def platform_identities(tenant: Tenant) -> PlatformIdentities:
    """Return whose roles checks of their own judge, not those on applications."""
    known: dict[str, tuple[type[Identified], str]] = {}
    unclear = Unclear()
    for view in _PLATFORM:
        resources = tenant.all(view)
        for resource in resources.known():
            with unclear:
                for each in resource.identities:
                    known.setdefault(each.principal_id.lower(), (view, resource.id))
        unclear.add(resources.missing)
    return PlatformIdentities(known, unclear)


def cite_platform(tenant: Tenant, principals: Iterable[str]) -> None:
    """Note the identities of resources that sign in as some principals."""
    known = tenant.once(platform_identities).known
    places = dict.fromkeys(known[each] for each in principals if each in known)
    for view, resource_id in islice(places, CITED):
        resource = tenant.known(view, resource_id)
        if resource is not None:
            _ = resource.identities  # to read them is to note them


@dataclass(frozen=True, slots=True)
class HubIdentities:
    """The principals that hubs sign in as, and what lies over the hubs."""

    over: Mapping[str, frozenset[str]]
    """Their resource groups and all above, by the principal's id in lower case."""
    unclear: Unclear
    """Why there may be more of them."""


def hub_identities(tenant: Tenant) -> HubIdentities:
    """Return whose roles over resource groups a check on hubs judges."""
    over, unclear = defaultdict[str, frozenset[str]](frozenset), Unclear()
    hubs = tenant.all(Workspace)
    for hub in hubs.known():
        with unclear:
            scopes = access(tenant).scopes(_group_of(hub)) if is_hub(hub) else ()
            for each in hub.identities if scopes else ():
                over[each.principal_id.lower()] |= frozenset(scopes)
    unclear.add(hubs.missing)
    return HubIdentities(over, unclear)


def _group_of(hub: Workspace) -> str:
    place = hub.parts
    return f"/subscriptions/{place.subscription}/resourceGroups/{place.resource_group}"


def is_hub_over_its_group(assignment: RoleAssignment) -> bool:
    """Whether an assignment is a hub's, at its own resource group or above.

    Raises NotRead where it may be that of one that was not read.
    """
    hubs = assignment.tenant.once(hub_identities)
    principal = (assignment.principal_id or "").lower()
    if id_key(scope_at(assignment)) in hubs.over.get(principal, ()):
        return True
    hubs.unclear.settle()
    return False


def is_platform(assignment: RoleAssignment) -> bool:
    """Whether an assignment is that of a hub, a project or a Search service.

    Raises NotRead where it may be that of one that was not read.
    """
    if not may_be_service(assignment):
        return False
    identities = assignment.tenant.once(platform_identities)
    if (assignment.principal_id or "").lower() in identities.known:
        return True
    identities.unclear.settle()
    return False


def kind_of(assignment: RoleAssignment) -> str:
    """Return what a principal is, in lower case; empty where nothing says it."""
    said = assignment.principal_type or ""
    return type_of(assignment.tenant, assignment.principal_id or "", said)


def type_of(tenant: Tenant, principal_id: str, said: str) -> str:
    """Return what a principal is, in lower case; empty where nothing says it.

    Old assignments may lack the type: then the directory knows it, or the resource
    that signs in so.
    """
    if said:
        return said.lower()
    key = principal_id.lower()
    named = access(tenant).facts.principals.get(key)
    if named and named.type:
        return named.type.lower()
    return _APPLICATION if key in tenant.once(platform_identities).known else ""


def is_person(tenant: Tenant, principal_id: str, said: str) -> bool:
    """Whether a principal is a user or group, or nothing says what it is."""
    return type_of(tenant, principal_id, said) in _PEOPLE


def may_be_application(assignment: RoleAssignment) -> bool:
    """Whether an assignment is an application's, or nothing says whose it is."""
    return may_be_service(assignment) and not is_platform(assignment)


def may_be_service(assignment: RoleAssignment) -> bool:
    """Whether an assignment is of a service principal, or nothing says whose it is.

    Managed identities are service principals, those of the platform too.
    """
    return kind_of(assignment) in ("", _APPLICATION)


def may_be_person(assignment: RoleAssignment) -> bool:
    """Whether an assignment is a person's or a group's, or nothing says whose it is."""
    return kind_of(assignment) != _APPLICATION


def require_kind(assignment: RoleAssignment) -> None:
    """Raise NotRead if nothing says what the principal of an assignment is."""
    if not kind_of(assignment):
        raise assignment.unread("properties.principalType", "says nothing")
