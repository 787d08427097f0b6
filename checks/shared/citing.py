"""What access consists of, as evidence: assignments, roles, denials, names."""

from __future__ import annotations

from collections.abc import Iterable

from checks.shared.wording import CITED
from scanner.access.answers import Grant, Refused
from scanner.access.facts import Denial, Role
from scanner.model.authorization import (
    DenyAssignment,
    Permission,
    Registration,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
    RoleGrant,
)
from scanner.model.directory import (
    DirectoryObject,
    GroupMember,
    Named,
    member_id,
    object_id,
)
from scanner.model.ids import ResourceId
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

_GRANTORS: dict[str, type[RoleGrant]] = {
    view.type.lower(): view for view in (RoleAssignment, RoleEligibility)
}


def cite(
    tenant: Tenant,
    grants: Iterable[Grant],
    resource: Resource,
    refused: Iterable[Refused] = (),
) -> None:
    """Note what grants consist of, and what takes others back.

    That a resource has none of either is evidence too.
    """
    cited, lost = tuple(grants)[:CITED], tuple(refused)[:CITED]
    for grant in (*cited, *(each.grant for each in lost)):
        _cite(tenant, grant)
    denials = (denial for each in cited for denial in each.contested_by)
    cite_denials(tenant, (*(each.denial for each in lost), *denials))
    if not cited and not lost:
        version = RoleAssignment.api_version
        tenant.trace.note(resource.id, RoleAssignment.type, [], version)


def cite_denials(tenant: Tenant, denials: Iterable[Denial]) -> None:
    """Note what deny assignments forbid, and to whom; the first few of them."""
    every = {denial.id: denial for denial in denials}
    for denial_id in tuple(every)[:CITED]:
        found = tenant.known(DenyAssignment, denial_id)
        if found:
            found.cite(DenyAssignment.deny_name, DenyAssignment.scope)
            found.cite(DenyAssignment.principals, DenyAssignment.excluded)
            found.cite(DenyAssignment.own_scope_only, DenyAssignment.condition)
            cite_permissions(found.permissions)


def cite_definition(tenant: Tenant, role: Role) -> None:
    """Note what a role is called, and all that it allows and excepts."""
    definition = tenant.known(RoleDefinition, role.id)
    if definition:
        definition.cite(RoleDefinition.role_name)
        cite_permissions(definition.permissions)


def cite_permissions(blocks: Iterable[Permission]) -> None:
    """Note what permission blocks allow, or forbid, and what they except."""
    for block in blocks:
        block.cite(Permission.actions, Permission.not_actions)
        block.cite(Permission.data_actions, Permission.not_data_actions)
        block.cite(Permission.condition)


def _cite(tenant: Tenant, grant: Grant) -> None:
    cite_assignment(tenant, grant.assignment_id)
    role = tenant.known(RoleDefinition, grant.role.id) if grant.role else None
    if role:
        role.cite(RoleDefinition.role_name)
        _cite_pattern(role, grant)
    _cite_named(tenant.known(DirectoryObject, object_id(tenant.id, grant.principal_id)))
    if grant.via_group:
        name = member_id(tenant.id, grant.via_group, grant.principal_id)
        _cite_named(tenant.known(GroupMember, name))
        _cite_named(
            tenant.known(DirectoryObject, object_id(tenant.id, grant.via_group))
        )


def cite_assignment(tenant: Tenant, assignment_id: str) -> None:
    """Note what an assignment, eligibility or delegation gives, and to whom."""
    kind = ResourceId.parse(assignment_id).type.lower()
    view = _GRANTORS.get(kind)
    found = tenant.known(view, assignment_id) if view else None
    if found:
        found.cite(RoleGrant.scope, RoleGrant.principal_id, RoleGrant.principal_type)
        found.cite(RoleGrant.role_definition_id, RoleGrant.condition)
    if kind == Registration.type.lower():
        delegation = tenant.known(Registration, assignment_id)
        if delegation:
            delegation.cite(Registration.managing_tenant, Registration.authorizations)
            delegation.cite(Registration.eligible_authorizations)


def _cite_named(found: Named | None) -> None:
    if found:
        found.cite(Named.kind, Named.display_name)


def _cite_pattern(role: RoleDefinition, grant: Grant) -> None:
    path = grant.role and grant.pattern and grant.role.path_of(grant.pattern)
    if not path:
        return
    role.note(path, grant.pattern)
    for block in role.permissions:
        if path.startswith(f"{block.base_path}actions"):
            block.cite(Permission.not_actions)
        elif path.startswith(block.base_path):
            block.cite(Permission.not_data_actions)
