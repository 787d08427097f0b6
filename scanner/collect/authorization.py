"""Microsoft.Authorization: who may do what."""

from __future__ import annotations

from scanner.collect.read import Every, Read, SdkOperation
from scanner.model.authorization import RoleAssignment, RoleDefinition

_CLIENT = "azure.mgmt.authorization:AuthorizationManagementClient"


def _definitions(kind: str, every: Every) -> Read:
    """Return the read of one kind of role: built-in ones are the same everywhere."""
    return Read(
        of=RoleDefinition,
        operation=SdkOperation(
            client=_CLIENT,
            method="role_definitions.list",
            scoped=True,
            filter=f"type eq '{kind}'",
        ),
        action="Microsoft.Authorization/roleDefinitions/read",
        every=every,
    )


READS = (
    Read(
        of=RoleAssignment,
        operation=SdkOperation(
            client=_CLIENT, method="role_assignments.list_for_subscription"
        ),
        action="Microsoft.Authorization/roleAssignments/read",
    ),
    _definitions("CustomRole", Every.SCOPE),
    _definitions("BuiltInRole", Every.TENANT),
)
