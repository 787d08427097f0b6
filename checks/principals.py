"""Whose an assignment is: a person's, an application's, or the platform's own."""

from __future__ import annotations

from checks.grants import access
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import Project
from scanner.model.coverage import NotRead
from scanner.model.identity import Identified, ManagedIdentity
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


def platform_identities(tenant: Tenant) -> frozenset[str]:
    """Return the principals that hubs, projects and Search services sign in as.

    Which roles these need is said by checks of their own. What cannot be read of one
    leaves its principal an application like any other.
    """
    return frozenset(
        identity.principal_id.lower()
        for view in _PLATFORM
        for resource in tenant.all(view).known()
        for identity in _identities(resource)
    )


def _identities(resource: Identified) -> tuple[ManagedIdentity, ...]:
    try:
        return resource.identities
    except NotRead:
        return ()


def is_platform(assignment: RoleAssignment) -> bool:
    """Whether an assignment is that of a hub, a project or a Search service."""
    principal = (assignment.principal_id or "").lower()
    return principal in assignment.tenant.once(platform_identities)


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
    kind = kind_of(assignment) or "serviceprincipal"
    return kind == "serviceprincipal" and not is_platform(assignment)


def may_be_person(assignment: RoleAssignment) -> bool:
    """Whether an assignment is a person's or a group's, or nothing says whose it is."""
    return kind_of(assignment) != "serviceprincipal"


def require_kind(assignment: RoleAssignment) -> None:
    """Raise NotRead if nothing says what the principal of an assignment is."""
    if not kind_of(assignment):
        raise assignment.unread("properties.principalType", "says nothing")
