"""Foundry datastores and connections: keys that are kept, or identities instead."""

from __future__ import annotations

from typing import Any

from checks.shared.account_keys import advice_on_keys
from checks.shared.connection_keys import shared_key, sign_in
from checks.shared.wording import shown
from checks.shared.workspaces import default_storage, mode_of
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
    warned,
)
from scanner.model.machinelearning import (
    Workspace,
    WorkspaceConnection,
    holds_work,
    in_workspace,
    is_hub,
    keeps_work,
)
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_CREDENTIAL_CONTROLS = (
    "MCSB:IM-1",
    "MCSB:IM-3",
    "NIST-800-53:AC-2",
    "NIST-800-53:IA-2",
    "NIST-800-53:IA-5",
    "ISO-27001-2022:A.5.17",
    "ISO-27001-2022:A.8.5",
    "PCI-DSS-4.0.1:7.2.1",
    "PCI-DSS-4.0.1:8.6.1",
)


@check(
    id="foundry-datastores-identity",
    title="Foundry hubs reach their default storage with identities, not keys",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=Post.DATA_STORES,
    controls=_CREDENTIAL_CONTROLS,
)
def datastores_identity(hub: Workspace, _: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode`.

    Null means `accesskey`, the default (workspace REST reference, 2025-12-01);
    api-versions before 2024-10-01-preview leave the key out, so an absent key is not
    assessed.

    ## Why it matters
    In credential mode the hub keeps the account key of its default storage and works
    with it for everyone. Whoever can use the workspace then acts as the storage account
    itself, outside role assignments and conditions, and the storage log names a key
    where it should name a person.

    ## How to fix
    Grant the hub, its projects and the people who work in them their blob and file
    data roles on the default storage, then set the hub to identity mode.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --system-datastores-auth-mode identity
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: { systemDatastoresAuthMode: 'Identity' }
    }
    ```

    ```terraform
    resource "azapi_update_resource" "hub" {
      type        = "Microsoft.MachineLearningServices/workspaces@2025-12-01"
      resource_id = azurerm_ai_foundry.hub.id
      body        = { properties = { systemDatastoresAuthMode = "Identity" } }
    }
    ```

    People without Storage Blob Data Contributor and Storage File Data Privileged
    Contributor on the account lose uploads and prompt flow at the switch. Switch the
    keys of the account off only afterwards.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Set up service authentication for Azure Machine Learning
    """
    mode = mode_of(hub)
    match mode:
        case "identity":
            return passed("systemDatastoresAuthMode is identity")
        case "accesskey":
            return failed("systemDatastoresAuthMode is accesskey: the hub keeps a key")
        case "userdelegationsas":
            return warned(
                "systemDatastoresAuthMode is UserDelegationSAS: bearer tokens"
            )
    return warned(
        f"systemDatastoresAuthMode is {shown(mode)}, which is not a known mode"
    )


@check(
    id="foundry-credential-mode-broken",
    title="Workspaces in credential mode can still use their storage's keys",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=holds_work,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=("MCSB:IM-3", "NIST-800-53:IA-5", "NIST-800-53:CM-6"),
)
def credential_mode_broken(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode`, and the keys of the default storage.

    A null mode is `accesskey`, an absent one is not assessed (workspace REST
    reference). On the account in `properties.storageAccount` an absent or null
    `properties.allowSharedKeyAccess` means that keys are accepted (Storage REST
    reference). A workspace in another mode is not applicable: it needs no key.

    ## Why it matters
    A workspace in credential mode reaches its files with the account key. When a policy
    or a well-meant hardening switches keys off, every upload, flow and job of the
    workspace fails with an authorization error that names neither cause, and the
    pressure is to loosen the storage again.

    ## How to fix
    Switch the workspace to identity mode and grant the storage roles, rather than
    switching the keys of the account on again.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --system-datastores-auth-mode identity
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Blob Data Contributor"
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage File Data Privileged Contributor"
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: { systemDatastoresAuthMode: 'Identity' }
    }
    ```

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    if mode_of(workspace) != "accesskey":
        return not_applicable("not in credential mode, which alone needs storage keys")
    if not workspace.storage_account_id:
        return not_applicable("the workspace names no default storage")
    account = default_storage(workspace, tenant)
    if account is None:
        return failed("broken: the default storage account does not exist any more")
    if account.shared_key_allowed is False:
        return failed(
            "broken: credential mode, and allowSharedKeyAccess is false on its storage"
        )
    return passed("credential mode, and its storage still accepts keys")


@check(
    id="foundry-identity-mode-keys-left",
    title="Storage keys are off where workspaces use identities",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=holds_work,
    guidance=(Post.DATA_STORES, Post.API_KEYS),
    mapped=(initiatives.STORAGE_KEYS,),
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:AC-2",
        "NIST-800-53:IA-2",
        "ISO-27001-2022:A.8.5",
        "PCI-DSS-4.0.1:7.2.1",
    ),
)
def identity_mode_keys_left(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode`, and the keys of the default storage.

    A null mode is `accesskey`, an absent one is not assessed (workspace REST
    reference). On the account in `properties.storageAccount` an absent or null
    `properties.allowSharedKeyAccess` means that keys are accepted (Azure Policy
    8c6a50c6). Workspaces that are not in identity mode are not applicable.

    ## Why it matters
    The workspace no longer needs the account key, but the key still opens everything in
    the account. A copy in an old script, or anyone who may list keys, reads every
    project's data past all role assignments and conditions, and the log cannot tell
    who.

    ## How to fix
    Set `allowSharedKeyAccess` to false on the default storage once the logs show that
    nothing else signs in with its keys or with SAS tokens made of them.

    ```sh
    az storage account update --resource-group RG --name ACCOUNT \
      --allow-shared-key-access false
    ```

    ```bicep
    resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
      properties: { allowSharedKeyAccess: false }
    }
    ```

    ```terraform
    resource "azurerm_storage_account" "account" {
      shared_access_key_enabled = false
    }
    ```

    Other workspaces in credential mode, connections and datastores with a key, function
    apps and file share mounts that use this account stop working with the keys.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    mode = mode_of(workspace)
    if mode != "identity":
        return not_applicable(
            f"systemDatastoresAuthMode is {shown(mode)}, not identity"
        )
    account = default_storage(workspace, tenant)
    if account is None:
        return not_applicable("the workspace has no default storage")
    if account.shared_key_allowed is False:
        return passed("identity mode, and allowSharedKeyAccess is false")
    advice = advice_on_keys(account)
    return warned("identity mode, but its storage still accepts keys", advice)


@check(
    id="foundry-connection-entra",
    title="Connections of hubs and projects use Entra ID",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=WorkspaceConnection,
    where=in_workspace,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_IDENTITY),
    controls=_CREDENTIAL_CONTROLS,
)
def connection_entra(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authType` and `properties.category`.

    `authType` is the required discriminator of a connection (workspace connection REST
    reference); a response without it, or with null, is not assessed. A known type that
    is neither a stored secret nor Entra ID warns, as does one that is not known. An
    absent category names no service without Entra support. One that fits any service,
    such as `CustomKeys` or `ApiKey`, excuses no key to a model account, a Search
    service, a store, a vault or a registry: the id in `properties.metadata` names it,
    or it is known to answer at the host in `properties.target`.

    ## Why it matters
    A key in a connection is handed to whoever may use the workspace, and what it opens
    neither knows the person nor can limit them. It lies in the hub's vault until
    someone rotates it, and an answer to "who queried that index" ends at the key.

    ## How to fix
    Recreate the connection with Entra ID (`authType` AAD or a managed identity) and
    grant the workspace identity, and the people who use it, a data role on the target.

    ```sh
    cat > connection.yml <<EOF
    name: CONNECTION
    type: azure_open_ai
    azure_endpoint: https://ACCOUNT.openai.azure.com/
    EOF
    az ml connection create --resource-group RG --workspace-name HUB \
      --file connection.yml
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      properties: {
        category: 'AzureOpenAI'
        target: 'https://ACCOUNT.openai.azure.com/'
        authType: 'AAD'
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "connection" {
      type      = "Microsoft.MachineLearningServices/workspaces/connections@2025-06-01"
      name      = "CONNECTION"
      parent_id = azurerm_ai_foundry.hub.id
      body = {
        properties = {
          category = "AzureOpenAI"
          target   = "https://ACCOUNT.openai.azure.com/"
          authType = "AAD"
        }
      }
    }
    ```

    Grant the roles first: flows and agents that use the connection fail from the moment
    it changes until the role assignments take effect. A Search service that takes keys
    only, and an account without a custom subdomain, refuse every token: change that
    before.

    ## Exceptions
    Bing, Serp and third-party services take no Entra token. Keep such a connection to
    the one project that needs it, rotate its key, and accept the finding with an owner
    and an expiry.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    return sign_in(connection)


@check(
    id="foundry-connection-shared-key",
    title="Key connections are not shared with everyone in the workspace",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=WorkspaceConnection,
    where=in_workspace,
    guidance=Post.DATA_STORES,
    controls=(*_CREDENTIAL_CONTROLS, "NIST-800-53:AC-6", "ISO-27001-2022:A.5.15"),
)
def connection_shared_key(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.isSharedToAll`, `authType` and `sharedUserList`.

    An absent or null `isSharedToAll` is false (an optional flag of the workspace
    connection REST reference); an absent or null `authType` is not assessed.
    Connections that store no secret are not applicable.

    ## Why it matters
    Reading the workspace is enough to use a connection that is shared with all, so each
    reader of the hub or project holds the key's whole reach over the target. Nothing
    records which of them used it.

    ## How to fix
    Move the connection to Entra ID, or recreate it unshared in the one project that
    needs it (`isSharedToAll` false).

    ```sh
    az ml connection update --resource-group RG --workspace-name PROJECT \
      --name CONNECTION --set is_shared=false
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      parent: project
      name: 'models'
      properties: {
        category: 'AzureOpenAI'
        target: endpoint
        authType: 'ApiKey'
        credentials: { key: key }
        isSharedToAll: false
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "connection" {
      type      = "Microsoft.MachineLearningServices/workspaces/connections@2025-06-01"
      name      = "models"
      parent_id = azurerm_ai_foundry_project.project.id
      body = {
        properties = {
          category      = "AzureOpenAI"
          target        = var.endpoint
          authType      = "ApiKey"
          isSharedToAll = false
        }
      }
      sensitive_body = { properties = { credentials = { key = var.key } } }
    }
    ```

    Azure returns no secret, so whoever writes the connection has to give it again.
    Projects that used the hub's shared connection lose it: recreate it where it is
    needed before the shared one goes.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    return shared_key(connection)


@check(
    id="foundry-storage-pe-blob-file",
    title="Storage of hubs and projects has private endpoints for blob and file",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=StorageAccount,
    where=keeps_work,
    guidance=Post.DATA_STORES,
    mapped=(initiatives.STORAGE_NETWORK,),
    controls=(
        "MCSB:NS-2",
        "NIST-800-53:AC-4",
        "NIST-800-53:AC-17",
        "NIST-800-53:SC-7",
        "NIST-800-53:SC-7(3)",
        "CIS-Azure-3.0:4.9",
        "ISO-27001-2022:A.8.20",
    ),
)
def storage_pe_blob_file(account: StorageAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.privateEndpointConnections` and the private endpoints themselves.

    An endpoint says in `properties.privateLinkServiceConnections[].properties.groupIds`
    (or `manualPrivateLinkServiceConnections`) which services of the account it leads
    to. Only approved connections count; an approved endpoint that was not scanned
    leaves the answer open. An account whose `kind` has no files, or no blobs, needs one
    endpoint only. An absent or null `properties.publicNetworkAccess` means Enabled
    (Storage REST reference).

    ## Why it matters
    Foundry keeps documents and artefacts as blobs and flows and code as files, so both
    must be reachable. With public access off and one of the endpoints missing, uploads
    or prompt flow fail; with it on, that half of the traffic takes the public path.

    ## How to fix
    Create a private endpoint for each of `blob` and `file` on the account, approve it,
    and link its privatelink DNS zone to the networks that work with the hub.

    ```sh
    az network private-endpoint create --resource-group RG --name ACCOUNT-file \
      --vnet-name VNET --subnet SUBNET --connection-name file \
      --private-connection-resource-id STORAGE_ID --group-id file
    ```

    ```bicep
    resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
      properties: {
        subnet: { id: subnetId }
        privateLinkServiceConnections: [
          {
            name: 'file'
            properties: { privateLinkServiceId: storageId, groupIds: ['file'] }
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_private_endpoint" "file" {
      private_service_connection {
        name                           = "file"
        private_connection_resource_id = azurerm_storage_account.account.id
        subresource_names              = ["file"]
        is_manual_connection           = false
      }
    }
    ```

    A privatelink zone that is linked before the endpoint exists makes the name resolve
    to nothing in that network: create the endpoint with its zone group.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Use private endpoints for Azure Storage
    """
    wanted, reached = account.hub_services, set[str]()
    for group in account.private_reach:
        reached.add(group)
        if reached.issuperset(wanted):
            return passed(f"approved private endpoints for {' and '.join(wanted)}")
    lacking = " or ".join(service for service in wanted if service not in reached)
    access = account.public_network_access or "Enabled"
    if access.lower() == "disabled":
        return failed(f"public access is Disabled, no approved endpoint for {lacking}")
    return warned(
        f"no approved endpoint for {lacking}; publicNetworkAccess is {shown(access)}"
    )


CHECKS: tuple[Check[Any], ...] = (
    datastores_identity,
    credential_mode_broken,
    identity_mode_keys_left,
    connection_entra,
    connection_shared_key,
    storage_pe_blob_file,
)
