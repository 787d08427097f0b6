"""Whose an assignment is: a person's, an application's, or the platform's own."""

from __future__ import annotations

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


def may_be_application(assignment: RoleAssignment) -> bool:
    """Whether an assignment is an application's, or does not say whose it is."""
    kind = (assignment.principal_type or "serviceprincipal").lower()
    return kind == "serviceprincipal" and not is_platform(assignment)


def may_be_person(assignment: RoleAssignment) -> bool:
    """Whether an assignment is a person's or a group's, or does not say whose it is."""
    return (assignment.principal_type or "").lower() != "serviceprincipal"


def require_kind(assignment: RoleAssignment) -> None:
    """Raise NotRead if an assignment does not say what its principal is.

    Old assignments may lack the type, and then only the directory knows.
    """
    if not assignment.principal_type:
        raise assignment.unread("properties.principalType", "says nothing")
