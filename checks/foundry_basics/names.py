"""Private names: whether Foundry hubs and what they work with are found by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from checks.shared.links import connections_to
from checks.shared.zones import found_by_name
from scanner.model.check import Check, Post, Severity, Topic, Verdict, check
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import (
    Workspace,
    WorkspaceConnection,
    is_hub_or_project,
    keeps_secrets,
    keeps_work,
)
from scanner.model.network import PrivateEndpoint, PrivateLinkConnection
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant


def _is_foundry(resource: Resource) -> bool:
    return isinstance(resource, Workspace) and is_hub_or_project(resource)


def _is_store(resource: Resource) -> bool:
    return isinstance(resource, StorageAccount) and keeps_work(resource)


def _is_vault(resource: Resource) -> bool:
    return isinstance(resource, KeyVault) and keeps_secrets(resource)


def _is_registry(resource: Resource) -> bool:
    users = resource.tenant.referring(Workspace, "registry_id", resource.id)
    return any(map(is_hub_or_project, users))


def _is_connected(resource: Resource) -> bool:
    return any(True for _ in connections_to(resource, WorkspaceConnection))


_PARTS: Mapping[type[Resource], Callable[[Any], bool]] = {
    Workspace: _is_foundry,
    StorageAccount: _is_store,
    KeyVault: _is_vault,
    Registry: _is_registry,
    SearchService: _is_connected,
}
"""What Foundry is made of, and which of a type belongs to it.

Model accounts are not here: `aoai-private-dns-linked` answers for their endpoints.
"""
_VIEWS = {view.type.lower(): view for view in _PARTS}


def _leads_to_foundry(endpoint: PrivateEndpoint) -> bool:
    return any(True for _ in _parts_behind(endpoint))


def _parts_behind(
    endpoint: PrivateEndpoint,
) -> Iterator[tuple[PrivateLinkConnection, Resource]]:
    """Yield the parts of Foundry that an endpoint leads to, those of the scan."""
    for connection in (*endpoint.connections, *endpoint.manual_connections):
        target = connection.target_id or ""
        view = _VIEWS.get(ResourceId.parse(target).type.lower())
        found = _found(endpoint.tenant, view, target) if view else None
        if view and found and _PARTS[view](found):
            yield connection, found


def _found(tenant: Tenant, view: type[Resource], resource_id: str) -> Resource | None:
    """Return a resource, None outside the scan; raises NotRead for a gap."""
    try:
        return tenant.get(view, resource_id)
    except NotRead as problem:
        if problem.gap:
            raise
        return None


def _zones(connection: PrivateLinkConnection, part: Resource) -> Iterator[str]:
    """Yield the zones in which what a connection leads to is looked up."""
    suffixes = part.tenant.suffixes
    match part:
        case Workspace():
            yield f"privatelink.{suffixes.ml_api}"
            yield f"privatelink.{suffixes.ml_notebooks}"
        case StorageAccount():
            if not connection.group_ids:
                raise connection.unread("properties.groupIds", "says nothing")
            for group in connection.group_ids:
                service = group.lower().removesuffix("_secondary")
                yield f"privatelink.{service}.{suffixes.storage}"
        case KeyVault():
            core = suffixes.keyvault.removeprefix("vault.")
            yield f"privatelink.vaultcore.{core}"
        case Registry():
            yield f"privatelink.{suffixes.acr}"
        case _:
            yield f"privatelink.{suffixes.search}"


@check(
    id="foundry-private-dns",
    title="Private endpoints of hubs and their parts are found by their names",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=PrivateEndpoint,
    where=_leads_to_foundry,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:NS-2", "NIST-800-53:SC-20", "NIST-800-53:SC-7"),
)
def private_dns(endpoint: PrivateEndpoint, _: Tenant) -> Verdict:
    """
    Reads `properties.privateLinkServiceConnections` of the endpoint, and zone links.

    It answers for endpoints of hubs and projects, and of the storage accounts, vaults,
    registries and Search services they work with. A zone counts when it is linked to
    the network whose resolver the endpoint's network asks: its own, or that of a hub it
    sends DNS to, or that a forwarding rule for the public domain leads to (see
    `aoai-private-dns-linked`). Where queries leave Azure, only a person can tell. For a
    hub's own endpoint the zone groups are read too: only the zones they name count, for
    those have its records; without a group every linked zone does. A storage endpoint
    with absent or null `groupIds` is not assessed. Endpoints of model accounts are
    answered for by `aoai-private-dns-linked`.

    ## Why it matters
    A hub is called by several names, and each of its parts by one more. One zone that
    is not linked where clients ask is enough: the studio opens and notebooks do not, or
    a project works until it wants its storage. It looks like a missing role.

    ## How to fix
    Create the zones of the hub and of each part, and link them to the networks whose
    resolvers are asked.

    ```sh
    az network private-dns link vnet create --resource-group RG --name hub \
      --zone-name privatelink.api.azureml.ms --virtual-network "$HUB_NETWORK" \
      --registration-enabled false
    az network private-dns link vnet create --resource-group RG --name hub \
      --zone-name privatelink.notebooks.azure.net --virtual-network "$HUB_NETWORK" \
      --registration-enabled false
    ```

    ```bicep
    resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
      parent: zone
      name: 'hub'
      location: 'global'
      properties: { virtualNetwork: { id: hubNetwork.id }, registrationEnabled: false }
    }
    ```

    ```terraform
    resource "azurerm_private_dns_zone_virtual_network_link" "hub" {
      name                  = "hub"
      resource_group_name   = azurerm_resource_group.dns.name
      private_dns_zone_name = azurerm_private_dns_zone.api.name
      virtual_network_id    = azurerm_virtual_network.hub.id
    }
    ```

    A linked zone answers for every name below it: services of the same kind that have
    no endpoint there are not found any more from that network.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Azure private endpoint private DNS zone values
    - Microsoft Learn: Azure DNS Private Resolver endpoints and rulesets
    """
    parts = [*_parts_behind(endpoint)]
    needed = {zone for connection, part in parts for zone in _zones(connection, part)}
    kept = all(isinstance(part, Workspace) for _, part in parts)
    return found_by_name(endpoint, needed, kept=kept)


CHECKS: tuple[Check[Any], ...] = (private_dns,)
