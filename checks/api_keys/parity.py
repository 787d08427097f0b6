"""Keys of the services that AI accounts and workspaces work with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from checks.shared.account_keys import advice_on_keys
from checks.shared.connections import label_of, stores_key_of_target
from checks.shared.encryption import require_owners
from checks.shared.links import KINDS, connections_to
from checks.shared.wording import count, shown, some
from scanner.model import initiatives
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import Workspace, encrypted_by, holds_work
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

INVERSE = {
    StorageAccount.type: "foundry-cmk-storage-shared-key",
    SearchService.type: "foundry-cmk-search-local-auth",
    CosmosAccount.type: "foundry-cmk-cosmos-local-auth",
}
"""The checks that want keys left on where Azure itself needs them."""

_REFERRING: dict[str, tuple[str, ...]] = {
    StorageAccount.type: ("storage_account_id", "additional_storage_ids"),
    Registry.type: ("registry_id",),
}


def _users(resource: Resource) -> Iterator[Resource]:
    """Yield what works with a resource: workspaces, accounts, and connections to it.

    Raises NotRead in the end if there may be more.
    """
    lists = [
        resource.tenant.referring(Workspace, field, resource.id)
        for field in _REFERRING.get(resource.type, ())
    ]
    for workspaces in lists:
        yield from filter(holds_work, workspaces.known())
    yield from _owning_accounts(resource)
    yield from connections_to(resource, *KINDS)
    for workspaces in lists:
        workspaces.require_whole()


def _owning_accounts(resource: Resource) -> Iterator[CognitiveAccount]:
    """Yield the accounts that host models and keep their data in a storage account."""
    if isinstance(resource, StorageAccount):
        field = "user_owned_storage_ids"
        accounts = resource.tenant.referring(CognitiveAccount, field, resource.id)
        yield from filter(hosts_models, accounts)


def _works_for_ai(resource: Resource) -> bool:
    """Whether an account or workspace works with a resource, or was given it."""
    made_for = encrypted_by(resource)
    return made_for is not None or any(True for _ in _users(resource))


@check(
    id="paas-local-auth-parity",
    title="What AI accounts and workspaces work with refuses keys too",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=(SearchService, StorageAccount, CosmosAccount, Registry),
    where=_works_for_ai,
    guidance=Post.API_KEYS,
    mapped=(
        initiatives.STORAGE_KEYS,
        initiatives.COSMOS_KEYS,
        initiatives.REGISTRY_KEYS,
    ),
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:AC-2",
        "NIST-800-53:IA-2",
        "NIST-800-53:IA-5",
        "ISO-27001-2022:A.5.17",
        "ISO-27001-2022:A.8.5",
        "PCI-DSS-4.0.1:7.2.1",
    ),
)
def local_auth_parity(resource: Resource, _: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`, `allowSharedKeyAccess` or `adminUserEnabled`.

    Search services, storage accounts, Cosmos DB accounts and registries count that a
    workspace names as its own, that a connection leads to, or that an account that
    hosts models keeps its data in. Absent and null mean that keys are accepted:
    `disableLocalAuth` is false (Search and Cosmos DB REST references),
    `allowSharedKeyAccess` is true (Storage REST reference); a registry's absent
    `adminUserEnabled` is false, that is, off. What Azure made for a workspace that is
    encrypted with the customer's key is not applicable: it needs its keys. What no
    workspace names is not assessed while there may be more workspaces than were read.

    ## Why it matters
    These services have the same two doors as Azure OpenAI. Shutting the door of the
    model and leaving that of the index, the files or the threads open moves the leak
    by one hop: their keys open all of the data, name nobody and never expire.

    ## How to fix
    Give the identities that use the service their data roles, move connections to
    Entra ID, then switch the keys off.

    ```sh
    az search service update --resource-group RG --name SEARCH \
      --disable-local-auth true
    az storage account update --resource-group RG --name ACCOUNT \
      --allow-shared-key-access false
    az resource update --ids COSMOS_ID --set properties.disableLocalAuth=true
    az acr update --name REGISTRY --admin-enabled false
    ```

    ```bicep
    resource search 'Microsoft.Search/searchServices@2025-05-01' = {
      properties: { disableLocalAuth: true }
    }
    resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
      properties: { allowSharedKeyAccess: false }
    }
    resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' = {
      properties: { disableLocalAuth: true }
    }
    resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
      properties: { adminUserEnabled: false }
    }
    ```

    ```terraform
    resource "azurerm_search_service" "this" {
      local_authentication_enabled = false
    }
    resource "azurerm_storage_account" "this" {
      shared_access_key_enabled = false
    }
    resource "azurerm_cosmosdb_account" "this" {
      local_authentication_disabled = true
    }
    resource "azurerm_container_registry" "this" {
      admin_enabled = false
    }
    ```

    Workspaces in credential mode, connections that hold a key, function apps and
    scripts with a connection string stop working at once. A Search service that takes
    keys only refuses tokens: let it take both first, then move its callers.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    owner = encrypted_by(resource)
    if owner is not None:
        name = shown(owner.name)
        inverse = INVERSE[resource.type]
        return not_applicable(f"encryption of {name} needs its keys: see {inverse}")
    user = next(_users(resource))
    if not isinstance(user, Workspace):
        require_owners(resource)
    accepts_keys, setting = _keys_of(resource)
    reason = f"{setting}; {_called(user)} works with it"
    if accepts_keys:
        return failed(f"keys are accepted: {reason}", _moves(resource))
    return passed(reason)


def _keys_of(resource: Resource) -> tuple[bool, str]:
    """Return whether a resource accepts keys, and by which setting."""
    match resource:
        case StorageAccount():
            allowed = resource.shared_key_allowed
            return allowed is not False, f"allowSharedKeyAccess is {shown(allowed)}"
        case Registry():
            admin = resource.admin_user_enabled
            return bool(admin), f"adminUserEnabled is {shown(admin)}"
        case SearchService() | CosmosAccount():
            disabled = resource.local_auth_disabled
            return not disabled, f"disableLocalAuth is {shown(disabled)}"
    raise TypeError(resource.type)


def _moves(resource: Resource) -> str:
    """Return what to move before the keys of a resource go; empty for nothing known."""
    if isinstance(resource, StorageAccount):
        return advice_on_keys(resource)
    needing = list(_keyed(resource))
    if not needing:
        return ""
    keyed = count(len(needing), "user still needs", "users still need")
    return (
        f"{keyed} the keys and would break: {some(needing)}. Move them to Entra ID and "
        "grant the data roles first, then switch the keys off."
    )


def _keyed(resource: Resource) -> Iterator[str]:
    """Yield the connections that keep a key of a resource, as far as is known.

    Workspaces do not: their credential mode is about storage.
    """
    with suppress(NotRead):
        for connection in connections_to(resource, *KINDS):
            with suppress(NotRead):
                if stores_key_of_target(connection):
                    yield label_of(connection)


def _called(user: Resource) -> str:
    return label_of(user) if isinstance(user, KINDS) else shown(user.name)


CHECKS: tuple[Check[Any], ...] = (local_auth_parity,)
