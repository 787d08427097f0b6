"""Where connections of hubs and projects lead: to resources of one's own, or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.shared.connections import listings, owners
from checks.shared.hostnames import is_regional
from checks.shared.hosts import Owner, owner_of, plain_host
from checks.shared.wording import quote
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    manual,
    not_applicable,
    passed,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import Workspace, WorkspaceConnection, in_workspace
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant


@check(
    id="foundry-connection-target-known",
    title="Connections lead to resources of this tenant",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=WorkspaceConnection,
    where=in_workspace,
    guidance=(Post.DATA_STORES, Post.OUTBOUND_ACCESS),
    controls=(
        "MCSB:NS-2",
        "MCSB:DP-2",
        "NIST-800-53:AC-4",
        "NIST-800-53:SC-7",
        "ISO-27001-2022:A.8.12",
    ),
)
def connection_target_known(connection: WorkspaceConnection, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.metadata.ResourceId` and `properties.target`.

    The id, where there is one (its key is compared without case), must be of a resource
    that was read, and the host in `target` one that the same resource answers at;
    without an id the host must be some resource's of this tenant. A resource or host
    of another tenant, or of none, fails. What the scan cannot tell, third parties'
    hosts, addresses and types that are not read, is left to a person. A target without
    a letter or digit stands for none, as `_` does; a connection with neither, as absent
    and null have it, is not applicable.

    ## Why it matters
    What a connection leads to reads the prompts and documents that are sent there, and
    answers with what the model then takes for true. A Search service of a stranger, or
    a name that was let go and can be taken by anyone, is a way out for data and a way
    in for lies.

    ## How to fix
    Find out who made the connection and what for, delete it where nobody knows, and
    make it again to a resource of your own where it is needed.

    ```sh
    az ml connection show --resource-group RG --workspace-name HUB --name CONNECTION
    az ml connection delete --resource-group RG --workspace-name HUB --name CONNECTION
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      properties: {
        category: 'CognitiveSearch'
        target: 'https://${search.name}.search.windows.net'
        authType: 'AAD'
        metadata: { ApiType: 'Azure', ResourceId: search.id }
      }
    }
    ```

    Flows and agents that use the connection stop when it goes.

    ## Settings
    `approved_fqdns` lists the hosts of others that connections may lead to.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    host = plain_host(connection.target or "")
    calls = any(map(str.isalnum, host))
    named = connection.target_id
    if not named:
        if not calls:
            return not_applicable("names neither a resource nor a host")
        return _by_host(connection, host, None)
    parts = ResourceId.parse(named)
    what = f"{parts.type.rpartition('/')[2]} {quote(parts.name)}".strip()
    if tenant.is_foreign(named):
        return failed(f"leads to {what}, in no subscription of this tenant")
    view = _READ.get(parts.type.lower())
    if view is None:
        return manual(f"leads to {what}, of a type that is not read")
    resource = tenant.get(view, named)
    if resource is None:
        return failed(f"leads to {what}, which does not exist")
    if not calls or (view is CognitiveAccount and is_regional(host)):
        return passed(f"leads to {resource.name}")
    return _by_host(connection, host, resource)


_READ: Mapping[str, type[Resource]] = {
    view.type.lower(): view
    for view in (
        CognitiveAccount,
        SearchService,
        StorageAccount,
        CosmosAccount,
        Registry,
        KeyVault,
        Workspace,
    )
}
"""The types that connections lead to and that are read whole."""


def _by_host(
    connection: WorkspaceConnection, host: str, resource: Resource | None
) -> Verdict:
    """Return what the host of a connection says of where it leads."""
    shown_host = quote(host)
    match owner_of(host, connection.tenant):
        case Owner.APPROVED:
            return passed(f"{shown_host} is approved")
        case Owner.OURS:
            return _by_owner(connection, shown_host, resource)
        case Owner.NOBODY_HERE:
            return failed(f"{shown_host} is no resource's of this tenant")
        case Owner.NOT_FOUND:
            for listing in listings(connection):
                listing.require_whole()
            raise NotRead(f"whose {shown_host} is lies outside the scan")
    return manual(f"whose {shown_host} is cannot be told from the scan")


def _by_owner(
    connection: WorkspaceConnection, host: str, resource: Resource | None
) -> Verdict:
    found = list(owners(connection))
    if resource is None or any(each.key == resource.key for each in found):
        return passed(f"{host} is {found[0].name}'s")
    return failed(f"names {resource.name}, but {host} is {found[0].name}'s")


CHECKS: tuple[Check[Any], ...] = (connection_target_known,)
