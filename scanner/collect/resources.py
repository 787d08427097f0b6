"""Subscriptions, management groups and resource groups."""

from __future__ import annotations

from scanner.collect.read import Every, Read, SdkOperation
from scanner.model.resources import (
    Descendant,
    ManagementGroup,
    ResourceGroup,
    Subscription,
)

SUBSCRIPTIONS = Read(
    of=Subscription,
    operation=SdkOperation(
        client="azure.mgmt.resource.subscriptions:SubscriptionClient",
        method="subscriptions.list",
    ),
    action="Microsoft.Resources/subscriptions/read",
    every=Every.TENANT,
)

MANAGEMENT_GROUPS = Read(
    of=ManagementGroup,
    operation=SdkOperation(
        client="azure.mgmt.managementgroups:ManagementGroupsMgmtClient",
        method="management_groups.list",
    ),
    action="Microsoft.Management/managementGroups/read",
    every=Every.TENANT,
)

DESCENDANTS = Read(
    of=Descendant,
    at=ManagementGroup,
    operation=SdkOperation(
        client="azure.mgmt.managementgroups:ManagementGroupsMgmtClient",
        method="management_groups.get_descendants",
    ),
    action="Microsoft.Management/managementGroups/descendants/read",
)

HIERARCHY = (SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS)
"""What tells where to scan."""

READS = (
    Read(
        of=ResourceGroup,
        operation=SdkOperation(
            client="azure.mgmt.resource.resources:ResourceManagementClient",
            method="resource_groups.list",
        ),
        action="Microsoft.Resources/subscriptions/resourceGroups/read",
    ),
)
