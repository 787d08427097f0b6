"""Roles on the default storage: what identities and people need to work in Foundry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from checks.shared.foundry_matrix import Need, On, Who, needs
from checks.shared.identities import role_name
from checks.shared.shortfall import Case, found, shortfall
from checks.shared.wording import shown, some
from checks.shared.workspaces import (
    default_storage,
    mode_of,
    primary_identities,
    working_identities,
    working_system_identity,
)
from scanner.access.answers import Grant
from scanner.access.builtin import BuiltIn, is_role
from scanner.model.authorization import RoleAssignment
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
from scanner.model.coverage import NotRead
from scanner.model.identity import ManagedIdentity
from scanner.model.machinelearning import (
    OnlineEndpoint,
    Workspace,
    holds_work,
    in_workspace,
    is_hub,
    is_project,
)
from scanner.model.resource import Resource
from scanner.model.storage import HUB_SERVICES, StorageAccount
from scanner.model.tenant import Tenant

HUB_NEEDS = needs(Who.HUB, On.STORAGE)
PROJECT_NEEDS = needs(Who.PROJECT, On.STORAGE)
ENDPOINT_NEEDS = needs(Who.ENDPOINT, On.STORAGE)
PRIVATE_ENDPOINT_NEEDS = needs(Who.PROJECT, On.STORAGE_ENDPOINT)

_CONTROLS = (
    "MCSB:IM-3",
    "MCSB:PA-7",
    "MCSB:AI-4",
    "NIST-800-53:AC-3",
    "NIST-800-53:AC-6",
    "NIST-800-53:IA-9",
    "ISO-27001-2022:A.5.16",
    "ISO-27001-2022:A.5.18",
    "PCI-DSS-4.0.1:7.2.5",
)


@check(
    id="foundry-hub-mi-storage-roles",
    title="Hub identities hold their data roles on the default storage",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def hub_mi_storage_roles(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.principalId`, and the role assignments that reach the storage.

    A hub in identity mode (`properties.systemDatastoresAuthMode`; null is `accesskey`,
    an absent key is not assessed) needs Storage Blob Data Contributor and Storage File
    Data Privileged Contributor for its system-assigned identity on the account in
    `properties.storageAccount`, there or at a scope above. A role that allows all that
    one of them does will do, and warns; one that a deny assignment takes back does not
    count. In any other mode, without a system-assigned identity, and where
    `properties.primaryUserAssignedIdentity` names another to work with
    (`foundry-umi-roles-preprovisioned`), the check is not applicable.

    ## Why it matters
    Azure grants both roles when it makes the hub, and nobody notices when a clean-up
    takes one away: uploads, prompt flow and jobs then fail with errors that name
    neither the identity nor the role, and a switch back to keys makes them work again.

    ## How to fix
    Grant the hub's identity the role that is missing on the default storage, the blob
    role with the condition that keeps it to the hub's containers.

    ```sh
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage File Data Privileged Contributor"
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Blob Data Contributor" --condition-version 2.0 \
      --condition "$(cat condition.txt)"
    ```

    ```bicep
    resource files 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: guid(storage.id, hub.id, 'files')
      properties: {
        principalId: hub.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '69566ab7-960f-475b-8e7c-b3118f30c6bd')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "files" {
      scope                = azurerm_storage_account.hub.id
      role_definition_name = "Storage File Data Privileged Contributor"
      principal_id         = azurerm_ai_foundry.hub.identity[0].principal_id
    }
    ```

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Set up service authentication for Azure Machine Learning
    """
    return _own_roles(hub, tenant, HUB_NEEDS)


@check(
    id="foundry-project-mi-storage-roles",
    title="Project identities hold their roles on the default storage",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_project,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def project_mi_storage_roles(project: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.principalId`, and the role assignments that reach the storage.

    A project in identity mode (`properties.systemDatastoresAuthMode`; null is
    `accesskey`, an absent key is not assessed) needs four roles for its system-assigned
    identity on the account in `properties.storageAccount`, there or at a scope above:
    Storage Account Contributor, Storage Blob Data Contributor, Storage File Data
    Privileged Contributor and Storage Table Data Contributor. A role that allows all
    that one of them does will do, and warns. In any other mode, without a
    system-assigned identity, and where `properties.primaryUserAssignedIdentity` names
    another to work with (`foundry-umi-roles-preprovisioned`), the check is not
    applicable.

    ## Why it matters
    The project's identity works in its own containers, file share and tables of the
    hub's storage. Azure grants the roles when it makes the project; with one of them
    gone, what fails is a feature here and a job there, and the message does not say
    whose role is missing where.

    ## How to fix
    Grant the project's identity the role that is missing, the blob role with the
    condition that keeps it to the project's containers.

    ```sh
    az role assignment create --assignee-object-id PROJECT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Table Data Contributor"
    ```

    ```bicep
    resource tables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: guid(storage.id, project.id, 'tables')
      properties: {
        principalId: project.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "tables" {
      scope                = azurerm_storage_account.hub.id
      role_definition_name = "Storage Table Data Contributor"
      principal_id         = azurerm_ai_foundry_project.project.identity[0].principal_id
    }
    ```

    Storage Account Contributor may list the keys of the account, and keys know no
    conditions: switch them off (`foundry-identity-mode-keys-left`).

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    return _own_roles(project, tenant, PROJECT_NEEDS)


def _own_roles(
    workspace: Workspace, tenant: Tenant, wanted: tuple[Need, ...]
) -> Verdict:
    """Judge what roles a workspace's own identity holds on its default storage."""
    mode = mode_of(workspace)
    if mode != "identity":
        return not_applicable(f"datastores are in {shown(mode)} mode, not identity")
    identity = working_system_identity(workspace)
    if identity is None:
        return not_applicable("the workspace uses no system-assigned identity")
    storage = default_storage(workspace, tenant)
    if storage is None:
        return not_applicable("the workspace has no default storage")
    case = _case(identity, wanted, storage)
    short = shortfall(tenant, [case])
    if short.lacks:
        return failed(short.said())
    short.settle()
    broader = list(_broader(case))
    note = _note(wanted, storage)
    if broader:
        return warned(f"{case.who} holds {some(broader)}{note}")
    return passed(f"{case.who} holds {_names(tenant, wanted)} on {storage.name}{note}")


def _case(
    identity: ManagedIdentity, wanted: tuple[Need, ...], resource: Resource
) -> Case:
    return Case(identity.name, (identity.principal_id,), wanted, resource)


def _names(tenant: Tenant, wanted: Iterable[Need]) -> str:
    """Return the roles to grant first, as a sentence lists them."""
    return ", ".join(role_name(tenant, need.roles[0]) for need in wanted)


def _broader(case: Case) -> Iterator[str]:
    """Yield what is held of broader roles alone, and the role that would do."""
    tenant = case.resource.tenant
    for need in case.needs:
        grants, _ = found(tenant, case, need)
        if not any(is_role(grant, need.roles[0]) for grant in grants):
            yield f"{grants[0].why} where {_names(tenant, [need])} would do"


def _note(wanted: tuple[Need, ...], storage: StorageAccount) -> str:
    """Return what a role comes to while the account accepts keys."""
    manages = any(BuiltIn.STORAGE_CONTRIBUTOR in need.roles for need in wanted)
    if not manages or storage.shared_key_allowed is False:
        return ""
    return "; it may list the account's keys, which are accepted"


def _uses_assigned_identity(workspace: Workspace) -> bool:
    """Whether a workspace that holds work signs in with a user-assigned identity."""
    return holds_work(workspace) and any(True for _ in workspace.user_identities)


@check(
    id="foundry-umi-roles-preprovisioned",
    title="User-assigned identities had their storage roles before the workspace",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=Workspace,
    where=_uses_assigned_identity,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_IDENTITY),
    controls=_CONTROLS,
)
def umi_roles_preprovisioned(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.userAssignedIdentities`, and their roles on the default storage.

    Of several identities, the one in `properties.primaryUserAssignedIdentity` is
    judged. Where that is absent or null, a workspace with a system-assigned identity
    works with that one by default (Microsoft Learn, "Set up authentication between
    Azure Machine Learning and other services"), and is not applicable; in others all
    are judged but the one in `properties.encryption.identity.userAssignedIdentity`,
    which opens the encryption key, unless it is alone. In identity mode
    (`properties.systemDatastoresAuthMode`; null is `accesskey`, an absent key is not
    assessed) each needs Storage Blob Data Contributor and Storage File Data Privileged
    Contributor on the account in `properties.storageAccount` or above. A role granted
    (`properties.createdOn`) after the workspace was made (`systemData.createdAt`)
    warns; either date absent is not assessed. Other modes are not applicable.

    ## Why it matters
    Azure grants roles to the identity it makes itself, and to no other. A workspace
    made with a user-assigned identity that has none yet is set up half: its containers
    and file shares could not be made, and roles that come later do not finish the work.

    ## How to fix
    Grant the identity both roles on the storage before the workspace is made. For one
    that is there already, grant what is missing, then try uploads and prompt flow.

    ```sh
    az role assignment create --assignee-object-id IDENTITY_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Blob Data Contributor"
    az role assignment create --assignee-object-id IDENTITY_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage File Data Privileged Contributor"
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      identity: {
        type: 'UserAssigned'
        userAssignedIdentities: { '${identity.id}': {} }
      }
      properties: { primaryUserAssignedIdentity: identity.id }
      dependsOn: [blobRole, fileRole]
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      primary_user_assigned_identity = azurerm_user_assigned_identity.hub.id
      depends_on = [azurerm_role_assignment.blobs, azurerm_role_assignment.files]
    }
    ```

    Such an identity also needs rights on the vault, the registry and the workspace
    itself, which this check does not look at (`foundry-missing-rbac`).

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Set up authentication between Azure Machine Learning and other
      services
    """
    mode = mode_of(workspace)
    if mode != "identity":
        return not_applicable(f"datastores are in {shown(mode)} mode, not identity")
    storage = default_storage(workspace, tenant)
    if storage is None:
        return not_applicable("the workspace has no default storage")
    cases = [_case(each, HUB_NEEDS, storage) for each in primary_identities(workspace)]
    if not cases:
        return not_applicable("the workspace works with its system-assigned identity")
    short = shortfall(tenant, cases)
    if short.lacks:
        return failed(short.said())
    short.settle()
    late = [said for case in cases for said in _late(case, workspace)]
    if late:
        return warned(f"granted after the workspace was made: {some(late)}")
    return passed(f"{_names(tenant, HUB_NEEDS)} on {storage.name} were granted before")


def _late(case: Case, workspace: Workspace) -> Iterator[str]:
    """Yield the roles that an identity only got when the workspace was there."""
    tenant, made = workspace.tenant, workspace.created_at
    if made is None:
        raise workspace.unread("systemData.createdAt", "says nothing")
    for need in case.needs:
        grants, _ = found(tenant, case, need)
        if all(_granted_on(tenant, each) > made for each in grants):
            yield f"{_names(tenant, [need])} to {case.who}"


def _granted_on(tenant: Tenant, grant: Grant) -> datetime:
    """Return when a grant was made; raises NotRead where that is not told."""
    assignment = tenant.get(RoleAssignment, grant.assignment_id)
    if assignment is None or assignment.created_on is None:
        raise NotRead(f"{grant.assignment_id} does not say when it was made")
    return assignment.created_on


@check(
    id="foundry-endpoint-mi-storage-roles",
    title="Endpoint identities hold their data roles on the default storage",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.HIGH,
    on=OnlineEndpoint,
    where=in_workspace,
    guidance=Post.DATA_STORES,
    controls=_CONTROLS,
)
def endpoint_mi_storage_roles(endpoint: OnlineEndpoint, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.type`, and the role assignments that reach the storage.

    Each identity of a managed online endpoint needs Storage Blob Data Contributor,
    which allows all that Storage Blob Data Reader does, on the account in its
    workspace's `properties.storageAccount`, there or at a scope above. What a
    user-assigned identity lacks fails; what a system-assigned one lacks warns, for
    Azure grants it when it makes the endpoint. Without an identity, which an absent or
    null `identity.type` means too, the check is not applicable.

    ## Why it matters
    The endpoint fetches the model and its code from the default storage under its own
    identity. Without the role a deployment fails while it is set up, and what is shown
    is a container that does not start.

    ## How to fix
    Grant the endpoint's identity Storage Blob Data Contributor on the default storage;
    for a user-assigned one, before the endpoint is made.

    ```sh
    az role assignment create --assignee-object-id ENDPOINT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Blob Data Contributor"
    ```

    ```bicep
    resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: storage
      name: guid(storage.id, endpointIdentity.id, 'blobs')
      properties: {
        principalId: endpointIdentity.properties.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "blobs" {
      scope                = azurerm_storage_account.hub.id
      role_definition_name = "Storage Blob Data Contributor"
      principal_id         = azurerm_user_assigned_identity.endpoint.principal_id
    }
    ```

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Access Azure resources from an online endpoint with a managed
      identity
    """
    identities = endpoint.identities
    if not identities:
        return not_applicable("the endpoint has no identity")
    workspace = tenant.get(Workspace, endpoint.parts.parent)
    storage = default_storage(workspace, tenant) if workspace else None
    if storage is None:
        return not_applicable("the endpoint's workspace has no default storage")
    own = shortfall(tenant, _of(identities, storage, system=True))
    assigned = shortfall(tenant, _of(identities, storage, system=False))
    if assigned.lacks:
        return failed(assigned.said())
    assigned.settle()
    if own.lacks:
        return warned(own.said())
    own.settle()
    return passed(f"{_names(tenant, ENDPOINT_NEEDS)} on {storage.name}")


def _of(
    identities: Iterable[ManagedIdentity], storage: StorageAccount, *, system: bool
) -> list[Case]:
    kind = [each for each in identities if each.is_system is system]
    return [_case(each, ENDPOINT_NEEDS, storage) for each in kind]


@check(
    id="foundry-project-mi-pe-reader",
    title="Project identities may read the private endpoints of their storage",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_project,
    guidance=(Post.DATA_STORES, Post.FOUNDRY_IDENTITY),
    controls=_CONTROLS,
)
def project_mi_pe_reader(project: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.type`, and who may read the private endpoints of the storage.

    Each identity of the project needs `Microsoft.Network/privateEndpoints/read` on
    every approved private endpoint that leads to `blob` or `file` of the account in
    `properties.storageAccount`; Reader gives it. Where the project names one that it
    works with in `properties.primaryUserAssignedIdentity`, that is the only one that
    does. Endpoints in a subscription that is
    not the tenant's are left out: Azure makes them in its managed network and grants
    what they need. Without an identity, which an absent or null `identity.type` means
    too, or without an endpoint, the check is not applicable.

    ## Why it matters
    It is the one role that Azure never grants by itself. Without it uploads and
    previews in the portal fail with errors about permissions that all seem to be there,
    as soon as the storage is closed to public networks.

    ## How to fix
    Grant the project's identity Reader on both private endpoints of the storage.

    ```sh
    az role assignment create --assignee-object-id PROJECT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope ENDPOINT_ID --role Reader
    ```

    ```bicep
    resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: blobEndpoint
      name: guid(blobEndpoint.id, project.id)
      properties: {
        principalId: project.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          'acdd72a7-3385-48ef-bd42-f606fba81ae7')
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "reader" {
      scope                = azurerm_private_endpoint.blob.id
      role_definition_name = "Reader"
      principal_id         = azurerm_ai_foundry_project.project.identity[0].principal_id
    }
    ```

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    identities = working_identities(project)
    storage = default_storage(project, tenant)
    if not identities or storage is None:
        lacks = "default storage" if identities else "identity"
        return not_applicable(f"the project has no {lacks}")
    reach = storage.private_reach
    endpoints = list(reach.endpoints(*HUB_SERVICES))
    cases = [
        _case(identity, PRIVATE_ENDPOINT_NEEDS, endpoint)
        for identity in identities
        for endpoint in endpoints
    ]
    short = shortfall(tenant, cases)
    if short.lacks:
        return failed(short.said())
    short.settle()
    reach.require_own()
    if not endpoints:
        return not_applicable(f"no private endpoint leads to {storage.name}")
    return passed(f"may read {some(endpoint.name for endpoint in endpoints)}")


CHECKS: tuple[Check[Any], ...] = (
    hub_mi_storage_roles,
    project_mi_storage_roles,
    umi_roles_preprovisioned,
    endpoint_mi_storage_roles,
    project_mi_pe_reader,
)
