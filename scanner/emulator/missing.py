"""What Resource Manager says of what is not there, in its own words."""

from __future__ import annotations

from scanner.emulator.ask import Ask, Target, target_of
from scanner.emulator.estate import Tenant, group_of, list_path
from scanner.emulator.reply import Reply, arm_error, refusal

_MANAGEMENT_GROUP = "microsoft.management/managementgroups"
_RESOURCE_GROUP = "microsoft.resources/resourcegroups"


def missing_parent(tenant: Tenant, target: Target) -> Reply | None:
    """Refuse a list below a resource that is known not to exist."""
    parent = target.scope
    if "/providers/" not in parent or parent in tenant.resources:
        return None
    kind = target_of(parent).type
    if kind not in tenant.types or not target.type.startswith(f"{kind}/"):
        return None
    own = target.type.partition("/")[2]
    message = (
        f"Failed to perform 'read' on resource(s) of type '{own}', because the parent "
        f"resource '{parent}' could not be found."
    )
    return arm_error(404, "ParentResourceNotFound", message)


def missing_resource(ask: Ask, tenant: Tenant, target: Target) -> Reply:
    """Refuse a resource that no list held, as that list was refused if it was."""
    if ask.key in tenant.refused:
        return refusal(tenant.refused[ask.key])
    for path in _lists_of(ask, target):
        listing = tenant.listings.get(path)
        if listing is not None and listing.gap is not None:
            return refusal(listing.gap)
    if target.type == _MANAGEMENT_GROUP:
        return _forbidden_group(target.name)
    if target.type == _RESOURCE_GROUP:
        message = f"Resource group '{target.name}' could not be found."
        return arm_error(404, "ResourceGroupNotFound", message)
    group = group_of(ask.key).rpartition("/")[2]
    where = f" under resource group '{group}'" if group else ""
    message = (
        f"The Resource '{target.type}/{target.name}'{where} was not found. For more "
        "details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return arm_error(404, "ResourceNotFound", message)


def _lists_of(ask: Ask, target: Target) -> tuple[str, ...]:
    """Return the lists that would have held a resource."""
    subscription = f"/subscriptions/{ask.subscription}"
    return (
        list_path(target.type, target.scope or "/tenants/"),
        list_path(target.type, subscription),
    )


def _forbidden_group(name: str) -> Reply:
    """Return how a management group one cannot see and one that is not look alike."""
    message = (
        "The client does not have authorization to perform action "
        "'Microsoft.Management/managementGroups/read' over scope "
        f"'/providers/Microsoft.Management/managementGroups/{name}' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials."
    )
    return arm_error(403, "AuthorizationFailed", message)
