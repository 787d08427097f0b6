"""Whose an assignment is: a person's, an application's, or the platform's own."""

from __future__ import annotations

from dataclasses import dataclass

from checks.shared.grants import access
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import Project
from scanner.model.coverage import Unclear
from scanner.model.identity import Identified
from scanner.model.machinelearning import Compute, OnlineEndpoint, Workspace
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


@dataclass(frozen=True, slots=True)
class PlatformIdentities:
    """The principals that hubs, projects and Search services sign in as."""

    known: frozenset[str]
    """Their ids, in lower case."""
    unclear: Unclear
    """Why there may be more of them."""


def platform_identities(tenant: Tenant) -> PlatformIdentities:
    """Return whose roles checks of their own judge, not those on applications."""
    known: set[str] = set()
    unclear = Unclear()
    for view in _PLATFORM:
        resources = tenant.all(view)
        for resource in resources.known():
            with unclear:
                known.update(each.principal_id.lower() for each in resource.identities)
        unclear.add(resources.missing)
    return PlatformIdentities(frozenset(known), unclear)


def is_platform(assignment: RoleAssignment) -> bool:
    """Whether an assignment is that of a hub, a project or a Search service.

    Raises NotRead where it may be that of one that was not read.
    """
    if kind_of(assignment) not in ("", _APPLICATION):
        return False
    identities = assignment.tenant.once(platform_identities)
    if (assignment.principal_id or "").lower() in identities.known:
        return True
    identities.unclear.settle()
    return False


def kind_of(assignment: RoleAssignment) -> str:
    """Return what a principal is, in lower case; empty where nothing says it.

    Old assignments may lack the type, and then only the directory knows.
    """
    said = assignment.principal_type
    if not said and assignment.principal_id:
        named = access(assignment.tenant).facts.principals
        known = named.get(assignment.principal_id.lower())
        said = known.type if known else ""
    return (said or "").lower()


def may_be_application(assignment: RoleAssignment) -> bool:
    """Whether an assignment is an application's, or nothing says whose it is."""
    kind = kind_of(assignment) or _APPLICATION
    return kind == _APPLICATION and not is_platform(assignment)


def may_be_person(assignment: RoleAssignment) -> bool:
    """Whether an assignment is a person's or a group's, or nothing says whose it is."""
    return kind_of(assignment) != _APPLICATION


def require_kind(assignment: RoleAssignment) -> None:
    """Raise NotRead if nothing says what the principal of an assignment is."""
    if not kind_of(assignment):
        raise assignment.unread("properties.principalType", "says nothing")
