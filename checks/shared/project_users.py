"""The people who work in hubs and projects, told by the roles they have there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.shared.grants import access, require_settled
from checks.shared.principals import is_person
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Assignment, last_segment
from scanner.access.scopes import base_of
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace, is_hub_or_project
from scanner.model.resources import ManagementGroup, ResourceGroup, Subscription
from scanner.model.tenant import Tenant

PROJECT_ROLES = (
    BuiltIn.AI_DEVELOPER,
    BuiltIn.ML_DATA_SCIENTIST,
    BuiltIn.FOUNDRY_USER,
    BuiltIn.FOUNDRY_PROJECT_MANAGER,
)
"""The roles by which people work in a project, rather than run it."""


@dataclass(frozen=True, slots=True)
class ProjectUsers:
    """The project roles of people in a tenant, and the workspaces these reach."""

    by_workspace: Mapping[str, tuple[Assignment, ...]]
    """By the key of the workspace."""
    workspaces: Mapping[str, tuple[str, ...]]
    """The ids of workspaces, by the key of the assignment.

    With assignments that reach none, where workspaces they may reach were not read.
    """


def project_users(tenant: Tenant) -> ProjectUsers:
    """Return who works where, as far as it was read."""
    return tenant.once(_project_users)


def project_assignments(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return the assignments that make people users of some workspace."""
    return project_users(tenant).workspaces


def users_of(workspace: Workspace) -> Iterator[Assignment]:
    """Yield a role for each of the people who work in a workspace.

    Raises NotRead in the end if there may be more.
    """
    tenant, seen = workspace.tenant, set[str]()
    for assignment in project_users(tenant).by_workspace.get(workspace.key, ()):
        if assignment.principal_id.lower() not in seen:
            seen.add(assignment.principal_id.lower())
            yield assignment
    require_settled(access(tenant).holds("", PROJECT_ROLES, workspace.id).missing)


def _project_users(tenant: Tenant) -> ProjectUsers:
    known = access(tenant)
    at = defaultdict(list)
    for assignment in known.facts.assignments:
        if _makes_user(assignment, tenant):
            at[id_key(assignment.scope)].append(assignment)
    by_workspace = {}
    workspaces = {
        id_key(each.id): list[str]()
        for found in at.values()
        for each in found
        if may_reach_more(tenant, each.scope)
    }
    for workspace in _workspaces(tenant):
        scopes = known.scopes(workspace.id)
        reaching = tuple(each for scope in scopes for each in at.get(scope, ()))
        by_workspace[workspace.key] = reaching
        for each in reaching:
            workspaces.setdefault(id_key(each.id), []).append(workspace.id)
    return ProjectUsers(
        by_workspace, {key: tuple(found) for key, found in workspaces.items()}
    )


def require_workspaces(tenant: Tenant, scope: str) -> None:
    """Raise NotRead if a scope may have workspaces in it that were not read."""
    base = base_of(id_key(scope))
    if base.startswith("/subscriptions/"):
        tenant.within(Workspace, base).require_whole()
    else:
        tenant.all(Workspace).require_whole()


def may_reach_more(tenant: Tenant, scope: str) -> bool:
    """Whether a scope may have workspaces in it that were not read."""
    kind = ResourceId.parse(scope).type.lower()
    if kind.startswith("microsoft.") and kind not in _HOLDING:
        return False
    try:
        require_workspaces(tenant, scope)
    except NotRead:
        return True
    return False


_HOLDING = {
    ManagementGroup.type.lower(),
    Subscription.type.lower(),
    ResourceGroup.type.lower(),
    Workspace.type.lower(),
}


def _makes_user(assignment: Assignment, tenant: Tenant) -> bool:
    return (
        not assignment.eligible
        and assignment.managing_tenant is None
        and last_segment(assignment.role_definition_id) in PROJECT_ROLES
        and is_person(tenant, assignment.principal_id, assignment.principal_type)
    )


def _workspaces(tenant: Tenant) -> Iterator[Workspace]:
    """Yield the hubs and projects; one that does not say its kind is neither."""
    for workspace in tenant.all(Workspace).known():
        try:
            if is_hub_or_project(workspace):
                yield workspace
        except NotRead:
            continue
