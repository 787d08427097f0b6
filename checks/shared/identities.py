"""Which roles managed identities hold: how checks ask it and say it."""

from __future__ import annotations

from checks.shared.citing import cite
from checks.shared.grants import access
from scanner.access.answers import Holding
from scanner.access.builtin import BuiltIn
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant


def holds(
    tenant: Tenant, principal_id: str, resource: Resource, *roles: BuiltIn
) -> Holding:
    """Return by what a principal holds one of some roles on a resource.

    Here, or at any scope above; a role that allows all that one of them does counts as
    it, so that Storage Blob Data Owner will do for Contributor, and so will a custom
    role. What it does is the grants' conditions and theirs to judge: see
    `Grant.condition`. The grants are noted as evidence. Before saying that nothing is
    held, call `require_settled` with what is missing, or say `bounded`.
    """
    holding = access(tenant).holds(principal_id, roles, resource.id)
    cite(tenant, holding.grants, resource)
    return holding


def role_name(tenant: Tenant, role: BuiltIn) -> str:
    """Return what a built-in role is called, in the tenant where it was read."""
    read = access(tenant).facts.roles.get(role.value)
    return read.name if read else role.name.replace("_", " ").title()
