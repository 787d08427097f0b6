"""Roles that nobody should be able to hand out, from a tenant's own definitions."""

from __future__ import annotations

from collections.abc import Mapping

from checks.shared.grants import access
from scanner.access.builtin import BuiltIn
from scanner.access.conditions.analysis.catalogue import ASSIGNMENT_WRITE
from scanner.access.facts import Role
from scanner.access.patterns import WILDCARD
from scanner.access.restrictions import Ask
from scanner.access.roles import ways_of
from scanner.model.tenant import Tenant

LIST_KEYS = (
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.Search/searchServices/listAdminKeys/action",
    "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
)
"""The keys of AI services and of what they keep data in: past roles and conditions."""

_ALWAYS = {
    BuiltIn.OWNER: "Owner",
    BuiltIn.CONTRIBUTOR: "Contributor",
    BuiltIn.USER_ACCESS_ADMINISTRATOR: "User Access Administrator",
    BuiltIn.RBAC_ADMINISTRATOR: "Role Based Access Control Administrator",
}
"""Privileged whether or not their definitions were read."""


def privileged(tenant: Tenant) -> Mapping[str, str]:
    """Return the privileged roles of a tenant by id, and what makes each one."""
    return tenant.once(_privileged)


def _privileged(tenant: Tenant) -> Mapping[str, str]:
    found: dict[str, str] = {str(role): name for role, name in _ALWAYS.items()}
    for key, role in access(tenant).facts.roles.items():
        power = _power(role)
        if power and key not in found:
            found[key] = f"{role.name} ({power})"
    return found


def _power(role: Role) -> str:
    """Return what makes a role privileged; empty where nothing does."""
    if any(
        WILDCARD in (*block.actions, *block.data_actions) and not block.condition
        for block in role.blocks
    ):
        return "allows everything"
    ways = ways_of(role.blocks, Ask.of(ASSIGNMENT_WRITE))
    if any(not way.restrictions for way in ways):
        return "assigns roles"
    if any(ways_of(role.blocks, Ask.of(action)) for action in LIST_KEYS):
        return "reads keys"
    return ""
