"""Connections whose targets refuse the way that they sign in."""

from __future__ import annotations

from typing import Any

from checks.shared.connections import stores_key_of_target, target, uses_entra
from checks.shared.links import KINDS, connections_to
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import shown
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
from scanner.model.connections import Connection
from scanner.model.containerregistry import Registry
from scanner.model.coverage import Unclear
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import WorkspaceConnection, in_workspace
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_CONTROLS = ("MCSB:IM-3", "NIST-800-53:IA-5", "NIST-800-53:CM-6")


@check(
    id="foundry-search-accepts-entra",
    title="Search services accept the Entra tokens of the connections to them",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.HIGH,
    on=SearchService,
    guidance=(Post.FOUNDRY_IDENTITY, Post.DATA_STORES),
    controls=_CONTROLS,
)
def search_accepts_entra(service: SearchService, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.authOptions` and `properties.disableLocalAuth`.

    Absent or null options are `apiKeyOnly`, which refuses tokens, unless keys are
    switched off; an absent or null `disableLocalAuth` is false (Search management REST
    reference, 2025-05-01). The question arises where a connection of a workspace, a
    Foundry account or a project leads here with Entra ID
    (`properties.authType` of the connection).

    ## Why it matters
    A Search service takes keys and nothing else until it is told otherwise. A
    connection with Entra ID then fails whatever roles are granted, with the same error
    as a missing role, and people grant more and more of them.

    ## How to fix
    Let the service accept tokens beside keys, move the last users of keys, then switch
    keys off.

    ```sh
    az search service update --resource-group RG --name SEARCH \
      --auth-options aadOrApiKey --aad-auth-failure-mode http401WithBearerChallenge
    az search service update --resource-group RG --name SEARCH \
      --disable-local-auth true
    ```

    ```bicep
    resource search 'Microsoft.Search/searchServices@2025-05-01' = {
      properties: {
        authOptions: {
          aadOrApiKey: { aadAuthFailureMode: 'http401WithBearerChallenge' }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_search_service" "search" {
      local_authentication_enabled = true
      authentication_failure_mode  = "http401WithBearerChallenge"
    }
    ```

    Accepting tokens breaks nobody. Switching keys off does: whoever still holds one is
    refused from then on.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Enable or disable role-based access control in Azure AI Search
    """
    leading = _with_entra(service)
    if leading is None:
        require_all_scanned(tenant, "connections that lead here")
        return not_applicable("no connection leads here with Entra ID")
    if service.local_auth_disabled:
        return passed("keys are switched off: tokens are accepted")
    if service.keys_or_tokens is not None:
        return passed("authOptions is aadOrApiKey")
    name = shown(leading.name)
    return failed(f"broken: connection {name} has a token, the service takes keys only")


def _with_entra(service: SearchService) -> Connection | None:
    """Return a connection that leads to a service with Entra ID; raises NotRead."""
    unclear = Unclear()
    for connection in connections_to(service, *KINDS):
        with unclear:
            if uses_entra(connection):
                return connection
    unclear.settle()
    return None


def _in_working_space(connection: Connection) -> bool:
    """Whether it is of a Foundry account, or of a workspace but a feature store."""
    of_workspace = isinstance(connection, WorkspaceConnection)
    return not of_workspace or in_workspace(connection)


@check(
    id="foundry-key-connection-target-open",
    title="What connections hold keys of still accepts keys",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.HIGH,
    on=KINDS,
    where=_in_working_space,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def key_connection_target_open(connection: Connection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authType` of a connection, and whether its target takes keys.

    `authType` is required (workspace connection REST reference): a connection without
    it is not assessed. The target is the resource in `properties.metadata.ResourceId`,
    or the one that answers at the host in `properties.target`. Keys are off where a
    Search service or a Cosmos DB account has `properties.disableLocalAuth` true, a
    storage account `properties.allowSharedKeyAccess` false, a registry
    `properties.adminUserEnabled` absent or false (their REST references). Connections
    to model accounts are judged by `aoai-key-in-connection`.

    ## Why it matters
    Someone did the right thing and switched the keys of a service off; the connection
    that lived on one of them was forgotten. Flows and agents that use it fail, and the
    quickest repair is to switch the keys on again.

    ## How to fix
    Recreate the connection with Entra ID and grant the identities that use it a data
    role on the target; leave the keys of the target off.

    ```sh
    cat > connection.yml <<EOF
    name: CONNECTION
    type: azure_ai_search
    endpoint: https://SEARCH.search.windows.net
    EOF
    az ml connection create --resource-group RG --workspace-name HUB \
      --file connection.yml
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      properties: {
        category: 'CognitiveSearch'
        target: 'https://SEARCH.search.windows.net'
        authType: 'AAD'
      }
    }
    ```

    ## Exceptions
    A registry also takes the passwords of repository tokens, which outlive its admin
    user: accept the finding for a connection that holds one.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    kind = connection.authentication
    if not stores_key_of_target(connection):
        return not_applicable(f"authType is {shown(kind)}: no key of the target")
    found = target(connection, SearchService, StorageAccount, CosmosAccount, Registry)
    if found is None:
        return not_applicable("it leads to no Search, storage, Cosmos DB or registry")
    if _takes_keys(found):
        return passed(f"authType is {kind}, and {shown(found.name)} takes keys")
    return failed(f"broken: authType is {kind}, and {shown(found.name)} takes no keys")


def _takes_keys(found: Resource) -> bool:
    match found:
        case SearchService() | CosmosAccount():
            return not found.local_auth_disabled
        case StorageAccount():
            return found.shared_key_allowed is not False
        case Registry():
            return bool(found.admin_user_enabled)
    raise AssertionError(found.type)


CHECKS: tuple[Check[Any], ...] = (
    search_accepts_entra,
    key_connection_target_open,
)
