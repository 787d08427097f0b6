"""Microsoft.Authorization: who may do what, who may not, and who could."""

from __future__ import annotations

from scanner.collect.read import Every, Read, RestOperation, SdkOperation
from scanner.model.authorization import (
    DenyAssignment,
    Registration,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
)
from scanner.model.resources import ManagementGroup

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


ASSIGNMENTS_ABOVE = Read(
    of=RoleAssignment,
    at=ManagementGroup,
    operation=SdkOperation(
        client=_CLIENT,
        method="role_assignments.list_for_scope",
        scoped=True,
        filter="atScope()",
    ),
    action="Microsoft.Authorization/roleAssignments/read",
    context=True,
)
"""What is granted at a management group and above it, up to the root.

Made with the hierarchy, not with what lies in subscriptions.
"""

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
    Read(
        of=DenyAssignment,
        operation=SdkOperation(client=_CLIENT, method="deny_assignments.list"),
        action="Microsoft.Authorization/denyAssignments/read",
    ),
    Read(
        of=RoleEligibility,
        operation=SdkOperation(
            client=_CLIENT,
            method="role_eligibility_schedule_instances.list_for_scope",
            scoped=True,
        ),
        action="Microsoft.Authorization/roleEligibilityScheduleInstances/read",
        context=True,  # without an Entra ID P2 licence there is nothing to read
    ),
    Read(
        of=Registration,
        operation=RestOperation(
            path="providers/Microsoft.ManagedServices/registrationAssignments",
            query=(("$expandRegistrationDefinition", "true"),),
        ),
        action="Microsoft.ManagedServices/registrationAssignments/read",
    ),
)
