"""Foundry datastores, vaults and connections: secrets kept, shared, or out of order."""

from __future__ import annotations

from typing import Any

from checks.foundry_stores.kept_secrets import STORED
from checks.shared.connections import stores_key, uses_entra
from checks.shared.encryption import advice_on_policies
from checks.shared.grants import access
from checks.shared.wording import count, quote, shown, some
from checks.shared.workspaces import mode_of
from scanner.model import initiatives
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.keyvault import KeyVault, policies_for_itself
from scanner.model.machinelearning import (
    Datastore,
    Endpoint,
    OnlineEndpoint,
    ServerlessEndpoint,
    Workspace,
    WorkspaceConnection,
    in_workspace,
    is_hub_or_project,
    keeps_secrets,
    vault_users,
)
from scanner.model.tenant import Tenant

_STORE_CONTROLS = (
    "MCSB:IM-1",
    "MCSB:IM-3",
    "NIST-800-53:AC-2",
    "NIST-800-53:IA-5",
    "ISO-27001-2022:A.5.17",
    "ISO-27001-2022:A.8.5",
    "PCI-DSS-4.0.1:8.6.1",
)
_VAULT_CONTROLS = (
    "MCSB:IM-8",
    "MCSB:PA-7",
    "NIST-800-53:AC-2(1)",
    "NIST-800-53:AC-3(7)",
    "CIS-Azure-3.0:3.3.6",
    "ISO-27001-2022:A.5.15",
    "PCI-DSS-4.0.1:7.2.4",
)


@check(
    id="foundry-connection-shared-entra",
    title="Connections shared with everyone sign in as whoever uses them",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.INFORMATIONAL,
    on=WorkspaceConnection,
    where=in_workspace,
    guidance=Post.DATA_STORES,
    controls=("MCSB:IM-1", "NIST-800-53:AC-3", "ISO-27001-2022:A.5.15"),
)
def connection_shared_entra(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.isSharedToAll` and `properties.authType`.

    An absent or null `isSharedToAll` is false (an optional flag of the workspace
    connection REST reference); an absent or null `authType` is not assessed.
    Connections that are not shared, or sign in without Entra ID, are not applicable.

    ## Why it matters
    Sharing a connection that stores no secret gives nobody access: it only says where
    the service is, and each caller needs a role of their own on it. It is the one kind
    of connection that is safe to make once, on the hub, for every project.

    ## How to fix
    Nothing is wrong here. Where a call through the connection is refused, grant the
    person or identity that makes it a data role on the target, not a key.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL \
      --assignee-principal-type Group --scope TARGET_ID \
      --role "Cognitive Services OpenAI User"
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      properties: { authType: 'AAD', isSharedToAll: true }
    }
    ```

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    kind = connection.authentication
    if not uses_entra(connection):
        return not_applicable(f"authType is {shown(kind)}, not Entra ID")
    if not connection.shared_to_all:
        return not_applicable("the connection is not shared with all")
    return info(f"shared with all; authType is {kind}: callers need their own role")


@check(
    id="foundry-datastore-credentials",
    title="Datastores keep no credentials",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Datastore,
    where=in_workspace,
    guidance=Post.DATA_STORES,
    controls=_STORE_CONTROLS,
)
def datastore_credentials(store: Datastore, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.credentials.credentialsType`, and the mode of the workspace.

    `credentialsType` is the required discriminator of a datastore's credentials
    (datastore REST reference); a response without it, or with null, is not assessed. In
    a workspace whose `properties.systemDatastoresAuthMode` is `identity` stored
    credentials fail; null there means `accesskey`, the default, and an absent key
    leaves the answer open. An absent `properties.isDefault` is false.

    ## Why it matters
    A datastore with a key or a SAS token hands the same access to everyone who may use
    the workspace, whatever roles they hold on the storage. In a workspace that was set
    to identity mode it is the door that was left open: made by hand or before the
    switch, it goes on working with its key, and nobody looks for it there.

    ## How to fix
    Register the datastore again without credentials, after granting those who use it
    their data roles on the storage, then delete the secret's source: rotate the key.

    ```sh
    cat > datastore.yml <<EOF
    name: DATASTORE
    type: azure_blob
    account_name: ACCOUNT
    container_name: CONTAINER
    EOF
    az ml datastore create --resource-group RG --workspace-name HUB \
      --file datastore.yml
    ```

    ```bicep
    resource d 'Microsoft.MachineLearningServices/workspaces/datastores@2025-06-01' = {
      properties: {
        datastoreType: 'AzureBlob'
        accountName: 'ACCOUNT'
        containerName: 'CONTAINER'
        credentials: { credentialsType: 'None' }
        serviceDataAccessAuthIdentity: 'WorkspaceSystemAssignedIdentity'
      }
    }
    ```

    ```terraform
    resource "azurerm_machine_learning_datastore_blobstorage" "store" {
      service_data_auth_identity = "WorkspaceSystemAssignedIdentity"
    }
    ```

    Jobs and data assets name datastores: keep the name, or they lose their data. The
    four datastores that Azure makes with a workspace follow its mode and are changed
    with it, not by themselves.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Create datastores
    """
    kind = store.credentials
    if kind.lower() == "none":
        store.cite(Datastore.service_identity)
        return passed("no credentials are kept: callers use their own identity")
    if kind.lower() not in STORED:
        return warned(f"credentialsType is {shown(kind)}, which is not a known type")
    which = "the default datastore" if store.is_default else "the datastore"
    workspace = tenant.get(Workspace, store.parts.parent)
    if workspace is not None and mode_of(workspace) == "identity":
        return failed(f"{which} keeps {kind}, in a workspace that is in identity mode")
    return warned(f"{which} keeps {kind}")


@check(
    id="foundry-kv-access-policies",
    title="Vaults give hubs and projects their secrets through Azure RBAC",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=KeyVault,
    where=keeps_secrets,
    guidance=Post.DATA_STORES,
    mapped=(initiatives.VAULT_MODEL,),
    controls=_VAULT_CONTROLS,
)
def kv_access_policies(vault: KeyVault, _: Tenant) -> Verdict:
    r"""
    Reads `properties.enableRbacAuthorization` and `properties.accessPolicies`.

    An absent or null flag means access policies (Key Vault REST reference, before
    2026-02-01). Covered are vaults that a hub or project names in
    `properties.keyVault`; a policy concerns it when its `objectId` is a principal of
    the identities of that workspace, or a group that the directory, where the scan
    asked it, has them in, unless its `applicationId` or another `tenantId` keeps them
    out.

    ## Why it matters
    An access policy opens every secret of the vault, those of all other hubs and
    projects among them, and knows no conditions. It lies on the vault, where no list of
    role assignments shows it, and anyone who may write the vault can add one for
    themselves.

    ## How to fix
    Grant each hub and project identity Key Vault Secrets Officer on the vault, then
    switch the vault to Azure RBAC.

    ```sh
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope VAULT_ID \
      --role "Key Vault Secrets Officer"
    az keyvault update --resource-group RG --name VAULT \
      --enable-rbac-authorization true
    ```

    ```bicep
    resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
      properties: { enableRbacAuthorization: true }
    }
    ```

    ```terraform
    resource "azurerm_key_vault" "vault" {
      rbac_authorization_enabled = true
    }
    ```

    From the switch on the vault ignores every access policy: whoever else reads keys,
    secrets or certificates in it needs a role before. A vault that also holds the key
    of an encrypted hub may need its policies (`foundry-cmk-vault-model`).

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Migrate from vault access policy to an Azure role-based access
      control permission model
    """
    if vault.rbac_authorization:
        return passed("enableRbacAuthorization is true")
    allowed = {(each.object_id or "").lower() for each in policies_for_itself(vault)}
    named, unclear = _named_in(vault, allowed)
    if named:
        many = count(len(named), "hub or project", "hubs and projects")
        reason = f"access policies, not Azure RBAC, let in {many}: {some(named)}"
        return warned(reason, advice_on_policies(vault))
    unclear.settle()
    return passed("access policies, none of them for a hub or project")


def _named_in(vault: KeyVault, allowed: set[str]) -> tuple[list[str], Unclear]:
    """Return the users of a vault that an access policy names, and why more may be."""
    named, unclear = list[str](), Unclear()
    users = vault.tenant.referring(Workspace, "key_vault_id", vault.id)
    unclear.add(users.missing)
    for workspace in users.known():
        with unclear:
            let_in = any(
                allowed & access(vault.tenant).names(each.principal_id)
                for each in workspace.identities
            )
            if is_hub_or_project(workspace) and let_in:
                named.append(workspace.name)
    return named, unclear


@check(
    id="foundry-kv-minimal-use",
    title="Vaults of hubs that work with identities hold few secrets",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.LOW,
    on=KeyVault,
    where=keeps_secrets,
    guidance=Post.DATA_STORES,
    controls=("MCSB:IM-8", "NIST-800-53:IA-5", "ISO-27001-2022:A.5.17"),
)
def kv_minimal_use(vault: KeyVault, _: Tenant) -> Verdict:
    r"""
    Reads `properties.systemDatastoresAuthMode` and the connections of those who use it.

    Secrets are the vault's own data, which Azure Resource Manager does not show: where
    all hubs and projects of a vault are in identity mode and no connection of theirs
    stores a key, a person has to look. Elsewhere secrets are expected, and the check is
    not applicable. A null mode is `accesskey`, the default; an absent one, and a
    connection without `authType`, leave the answer open.

    ## Why it matters
    With identities in place the vault has little or nothing to do. A secret that is
    still read there is a connection or a script that went round the identities, or a
    key from before the switch that somebody kept.

    ## How to fix
    Send the vault's audit events to a workspace, see who reads which secret, and delete
    what nothing reads.

    ```sh
    az monitor log-analytics query --workspace WORKSPACE_GUID --analytics-query '
      AZKVAuditLogs
      | where OperationName in ("SecretGet", "SecretList")
      | summarize count() by tostring(Identity), RequestUri'
    ```

    Soft delete keeps a deleted secret for recovery, should something need it after all.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Monitor Azure Key Vault
    """
    for workspace in vault_users(vault):
        expected = _expects_secrets(workspace)
        if expected:
            return not_applicable(f"{workspace.name} {expected}: secrets are expected")
    return manual("identities everywhere: see whether the vault still holds secrets")


def _expects_secrets(workspace: Workspace) -> str:
    """Return why a workspace keeps secrets in its vault; empty if it need not."""
    mode = mode_of(workspace)
    if mode != "identity":
        return f"is in {shown(mode)} mode"
    keyed = any(stores_key(connection) for connection in workspace.connections)
    return "has connections with a stored key" if keyed else ""


@check(
    id="foundry-connection-error",
    title="Connections report no error",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.LOW,
    on=WorkspaceConnection,
    where=in_workspace,
    guidance=Post.DATA_STORES,
    controls=("MCSB:IM-3", "NIST-800-53:CM-6", "ISO-27001-2022:A.8.9"),
)
def connection_error(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.error`.

    Absent, null and empty mean that Azure has none to tell (workspace connection REST
    reference, 2025-12-01).

    ## Why it matters
    A connection that cannot reach its target, or may not read it, fails only when
    somebody runs a flow, and with a message that names neither the role nor the
    endpoint that is missing. The usual way out is to replace it by one with a key.

    ## How to fix
    Read the text: it names an identity that lacks a role on the target, or a network
    path that is closed. Grant the first Reader on the target, or open the second with
    a private endpoint.

    ```sh
    az ml connection show --resource-group RG --workspace-name HUB --name CONNECTION
    az role assignment create --assignee 0736f41a-0425-4b46-bdb5-1563eff02385 \
      --role Reader --scope TARGET_ID
    ```

    ```bicep
    resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: target
      name: guid(target.id, machineLearningPrincipalId)
      properties: {
        principalId: machineLearningPrincipalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          'acdd72a7-3385-48ef-bd42-f606fba81ae7')
      }
    }
    ```

    The application 0736f41a-0425-4b46-bdb5-1563eff02385 is Azure Machine Learning
    itself. Reader tells it about the target, and opens none of its data.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    error = (connection.error or "").strip()
    if not error:
        return passed("no error is reported")
    needs_read = MACHINE_LEARNING in error.lower()
    return warned(f"error: {quote(error)}", _GRANT_READ if needs_read else "")


MACHINE_LEARNING = "0736f41a-0425-4b46-bdb5-1563eff02385"
"""The application id of Azure Machine Learning, the same in every tenant."""

_GRANT_READ = (
    "Azure Machine Learning (application 0736f41a-0425-4b46-bdb5-1563eff02385) may not "
    "read the resource behind the connection: grant it Reader there."
)


@check(
    id="foundry-endpoint-key-auth",
    title="Endpoints of deployed models take Entra ID tokens, not keys",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=(OnlineEndpoint, ServerlessEndpoint),
    where=in_workspace,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_IDENTITY),
    controls=_STORE_CONTROLS,
    aliases=("foundry-endpoint-entra",),
)
def endpoint_key_auth(endpoint: Endpoint, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authMode`.

    Required of a managed online endpoint (online endpoint REST reference); a response
    without it, or with null, is not assessed. The token of Azure Machine Learning
    (`AMLToken`) expires but is no Entra ID token, and warns; a serverless endpoint that
    takes keys beside tokens fails.

    ## Why it matters
    The keys of an endpoint lie in the vault of the hub and are handed to whoever may
    list them. They open the model for anyone who has one, until someone renews them,
    and the endpoint's log knows no callers.

    ## How to fix
    Make a managed online endpoint with Entra ID authentication and grant its callers
    AzureML Data Scientist, or a role with the `score` action, on it.

    ```sh
    az ml online-endpoint create --resource-group RG --workspace-name PROJECT \
      --name ENDPOINT --auth-mode aad_token
    ```

    ```bicep
    // KIND is Microsoft.MachineLearningServices/workspaces/onlineEndpoints
    resource endpoint 'KIND@2025-06-01' = {
      properties: { authMode: 'AADToken' }
    }
    ```

    ```terraform
    resource "azapi_resource" "endpoint" {
      type = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2025-06-01"
      body = { properties = { authMode = "AADToken" } }
    }
    ```

    A serverless endpoint has other words for it, and names its model.

    ```sh
    az rest --method put \
      --url "$PROJECT_ID/serverlessEndpoints/ENDPOINT?api-version=2025-12-01" --body '{
        "location": "REGION", "sku": {"name": "Consumption"},
        "properties": {"authMode": "AAD", "modelSettings": {"modelId": "MODEL_ID"}}
      }'
    ```

    ```bicep
    // KIND is Microsoft.MachineLearningServices/workspaces/serverlessEndpoints
    resource endpoint 'KIND@2025-12-01' = {
      sku: { name: 'Consumption' }
      properties: { authMode: 'AAD', modelSettings: { modelId: modelId } }
    }
    ```

    Callers with a key are refused from then on: give them a role and a token first.

    ## Exceptions
    Models that are offered with keys alone. Keep the key in one caller's own vault, and
    accept the finding with an owner and an expiry.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Authenticate clients for online endpoints
    """
    mode = endpoint.auth_mode
    if not mode:
        raise endpoint.unread("properties.authMode", "says nothing")
    match mode.lower():
        case "aadtoken" | "aad":
            return passed(f"authMode is {mode}")
        case "key" | "keyandaad":
            return failed(f"authMode is {mode}")
        case "amltoken":
            return warned(f"authMode is {mode}: a token, but not of Entra ID")
    return warned(f"authMode is {shown(mode)}, which is not a known mode")


CHECKS: tuple[Check[Any], ...] = (
    connection_shared_entra,
    datastore_credentials,
    kv_access_policies,
    kv_minimal_use,
    endpoint_key_auth,
    connection_error,
)
