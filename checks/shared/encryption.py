"""Workspaces that a customer's key encrypts, and what Azure keeps for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum

from checks.shared.wording import shown
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId, id_key
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import (
    MADE_BY_ENCRYPTION,
    MANAGED_GROUP,
    Workspace,
    encrypted_by,
    keeps_itself,
    served_by_group,
)
from scanner.model.resource import Resource
from scanner.model.resources import ResourceGroup
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:DP-5",
    "NIST-800-53:SC-12",
    "NIST-800-53:SC-13",
    "NIST-800-53:SC-28(1)",
    "ISO-27001-2022:A.8.24",
    "PCI-DSS-4.0.1:3.6.1",
)
"""What encryption with a key of one's own supports (azure-facts, 8.3)."""

KEEPING = ("NIST-800-53:SC-12", "NIST-800-53:CM-6", "ISO-27001-2022:A.8.9")
"""What keeping the resources that encryption needs in working order supports."""

TRIO: tuple[type[Resource], ...] = (StorageAccount, SearchService, CosmosAccount)
"""What Azure makes in the managed group of an encrypted workspace."""

NOUNS: Mapping[type[Resource], str] = {
    StorageAccount: "storage account",
    SearchService: "Search service",
    CosmosAccount: "Cosmos DB account",
}


class Method(Enum):
    """The two ways of encrypting a workspace with a key of one's own."""

    OWN_RESOURCES = "with managed resources in the subscription"
    SERVICE_SIDE = "on the service side"


def method_of(workspace: Workspace) -> Method:
    """Return how an encrypted workspace is encrypted.

    Where `enableServiceSideCMKEncryption` is absent (older api-versions), its managed
    group tells. Raises NotRead if there is none.
    """
    service_side = workspace.service_side_encryption
    if service_side is not None:
        return Method.SERVICE_SIDE if service_side else Method.OWN_RESOURCES
    if managed_group_id(workspace):
        return Method.OWN_RESOURCES
    path = Workspace.service_side_encryption.path
    raise workspace.unread(path, "says nothing, and there is no managed group")


def has_managed_resources(workspace: Workspace) -> bool:
    """Whether Azure made resources in the subscription to encrypt a workspace."""
    return method_of(workspace) is Method.OWN_RESOURCES


def _named(workspace: Workspace, view: type[Resource]) -> str | None:
    """Return the id by which a workspace names what Azure made for it."""
    name: str | None = getattr(workspace, MADE_BY_ENCRYPTION[view.type.lower()])
    return name


def managed_group_id(workspace: Workspace) -> str | None:
    """Return the id of a workspace's managed group, None where there is none.

    `serviceProvisionedResourceGroup` holds its id or its name; without it, the group
    of the resources that the workspace names, or one that is called as Azure calls
    them. Raises NotRead where that is not known.
    """
    scope = f"/subscriptions/{workspace.parts.subscription}"
    if named := workspace.managed_resource_group:
        return named if "/" in named else f"{scope}/resourceGroups/{named}"
    for resource_id in filter(None, (_named(workspace, view) for view in TRIO)):
        parts = ResourceId.parse(resource_id)
        at = f"/subscriptions/{parts.subscription}"
        return f"{at}/resourceGroups/{parts.resource_group}"
    for group in workspace.tenant.within(ResourceGroup, scope):
        match = MANAGED_GROUP.fullmatch(group.name)
        if match and match["workspace"].lower() == workspace.name.lower():
            return group.id
    return None


def managed(workspace: Workspace, view: type[Resource]) -> Resource | None:
    """Return a workspace's managed resource of a type, None if it is known to be gone.

    Raises NotRead where that is not known.
    """
    tenant = workspace.tenant
    if named := _named(workspace, view):
        return tenant.get(view, named)
    group = managed_group_id(workspace)
    if group is None:
        return None
    scope = f"/subscriptions/{ResourceId.parse(group).subscription}"
    for resource in tenant.within(view, scope):
        if resource.key.startswith(f"{id_key(group)}/"):
            return resource
    return None


def is_managed(resource: Resource) -> bool:
    """Whether Azure made a resource for an encrypted workspace.

    Raises NotRead where its group is called like a managed one and the workspaces of
    the subscription are not all known.
    """
    if encrypted_by(resource) is not None:
        return True
    require_workspaces(resource)
    return False


def is_managed_group(group: ResourceGroup) -> bool:
    """Whether a resource group was made for an encrypted workspace; as `is_managed`."""
    if served_by_group(group) is not None:
        return True
    require_workspaces(group)
    return False


def require_workspaces(resource: Resource) -> None:
    """Raise NotRead if a workspace may be that a resource was made to encrypt for.

    That is so where its group is called like a managed one, and not all workspaces of
    the subscription were read.
    """
    parts = resource.parts
    if MANAGED_GROUP.fullmatch(parts.resource_group):
        scope = f"/subscriptions/{parts.subscription}"
        resource.tenant.within(Workspace, scope).require_whole()


def require_owners(resource: Resource) -> None:
    """Raise NotRead if a workspace may be that a resource was made to encrypt for.

    Call it before advice to harden a resource that no workspace is known to need as it
    is: one may name it from any subscription.
    """
    if resource.type.lower() in MADE_BY_ENCRYPTION:
        resource.tenant.all(Workspace).require_whole()


def advice_on_policies(vault: KeyVault) -> str:
    """Return what to mind before a vault leaves access policies; empty for nothing.

    Workspaces that a key in it encrypts may need them.
    """
    users = vault.tenant.referring(Workspace, "cmk_vault_id", vault.id).known()
    first = next(filter(_may_keep_itself, users), None)
    if first is None:
        return ""
    return (
        f"The key of {shown(first.name)} lies in this vault, and its encryption may "
        "work with access policies only: move the secrets of the other hubs to a vault "
        "of their own, switch that one to Azure RBAC, and leave access policies on in "
        "this one."
    )


def _may_keep_itself(workspace: Workspace) -> bool:
    """Whether a workspace is encrypted itself, as far as it is known."""
    with suppress(NotRead):
        return keeps_itself(workspace)
    return True


def encrypted(tenant: Tenant) -> Iterator[Workspace]:
    """Yield the workspaces with managed resources, as far as they were read."""
    for workspace in tenant.all(Workspace).known():
        if keeps_itself(workspace) and has_managed_resources(workspace):
            yield workspace
