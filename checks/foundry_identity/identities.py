"""Identities of Foundry hubs and projects: of which kind, and what they may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.shared.citing import cite
from checks.shared.foundry_matrix import (
    CONFIGURE_STORAGE,
    KEEP_SECRETS,
    approve_endpoints,
)
from checks.shared.grants import access, bounded, named, require_settled
from checks.shared.links import keeps_key
from checks.shared.shortfall import Case, ids, shortfall
from checks.shared.vault_policies import no_policy, policies_for
from checks.shared.wording import shown
from checks.shared.workspaces import default_storage, working_identities
from scanner.access.answers import Grant
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Missing
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
from scanner.model.ids import ResourceId, id_key
from scanner.model.keyvault import AccessPolicy, KeyVault
from scanner.model.machinelearning import (
    Workspace,
    is_hub,
    is_hub_or_project,
    is_project,
)
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:IM-3",
    "NIST-800-53:IA-9",
    "ISO-27001-2022:A.5.16",
    "PCI-DSS-4.0.1:8.6.1",
)


@check(
    id="foundry-hub-identity-system",
    title="Foundry hubs use their system-assigned identity",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def hub_identity_system(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.type`.

    No identity, a null type and `None` mean the same: the hub cannot sign in (common
    types of Azure Resource Manager, ManagedServiceIdentity). A hub with identities of
    both kinds passes.

    ## Why it matters
    The hub's identity reads storage, opens private endpoints and fetches secrets for
    all of its projects. Azure grants a system-assigned identity what it needs and
    deletes it with the hub. What a user-assigned one needs is left to people, before
    the hub is made, and each role they forget shows up as an error that names neither
    role nor identity.

    ## How to fix
    Create hubs with a system-assigned identity. Where a user-assigned one is there on
    purpose, keep it, and grant the roles that `foundry-umi-roles-preprovisioned` and
    `foundry-missing-rbac` name.

    ```sh
    az ml workspace show --resource-group RG --name HUB --query identity
    az ml workspace create --kind hub --resource-group RG --name HUB
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      identity: { type: 'SystemAssigned' }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      identity {
        type = "SystemAssigned"
      }
    }
    ```

    The identity of a hub cannot be exchanged at will: projects, private endpoints and
    the key of an encrypted hub depend on the one it was made with.

    ## Exceptions
    Customer-managed keys and Azure Policy 5f0c7d88 ask for a user-assigned identity.

    ## Settings
    With `user_assigned_hubs` a user-assigned identity is what hubs are meant to have,
    and a system-assigned one alone warns.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Set up authentication between Azure Machine Learning and other
      services
    - Azure Policy 5f0c7d88
    """
    kinds = _kinds(hub)
    value = shown(hub.identity_type)
    if not kinds:
        return failed("the hub has no identity to sign in with")
    if not kinds <= _KNOWN:
        return warned(f"identity.type is {value}, which is not a known type")
    wanted = _USER if tenant.settings.user_assigned_hubs else _SYSTEM
    if wanted in kinds:
        return passed(f"identity.type is {value}")
    if wanted == _USER:
        return warned(f"identity.type is {value}: user_assigned_hubs wants another")
    return warned(f"identity.type is {value}: its roles are granted by hand", _KEEP)


_SYSTEM, _USER = "systemassigned", "userassigned"
_KNOWN = {_SYSTEM, _USER}

_KEEP = (
    "Keep the identity if the hub's key or a policy asks for it, and grant the roles "
    "that foundry-umi-roles-preprovisioned and foundry-missing-rbac find missing; "
    "otherwise make the hub's successor with a system-assigned identity."
)


def _kinds(workspace: Workspace) -> set[str]:
    """Return the kinds of identity a workspace has, in lower case.

    They lie beside `properties`, and a listing's stub, which tells of neither, is no
    workspace without an identity: this raises NotRead.
    """
    workspace.lookup("properties")
    kinds = (workspace.identity_type or "").lower().split(",")
    return {kind.strip() for kind in kinds} - {"", "none"}


@check(
    id="foundry-project-identity-system",
    title="Foundry projects have a system-assigned identity",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_project,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def project_identity_system(project: Workspace, _: Tenant) -> Verdict:
    r"""
    Reads `identity.type` and `identity.principalId`.

    No identity, a null type and `None` mean the same: the project cannot sign in
    (common types of Azure Resource Manager, ManagedServiceIdentity). A type without a
    principal is no identity that a role could be granted to.

    ## Why it matters
    Azure gives each project an identity of its own, with roles on the hub's storage and
    conditions that keep it to the project's containers. A project that works with a
    shared identity, or with none, has lost that fence: what one may open, all who share
    the identity may.

    ## How to fix
    Recreate the project with a system-assigned identity, and move what is in it.

    ```sh
    az ml workspace create --kind project --resource-group RG --name PROJECT \
      --hub-id HUB_ID
    ```

    ```bicep
    resource project 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Project'
      identity: { type: 'SystemAssigned' }
      properties: { hubResourceId: hub.id }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry_project" "project" {
      ai_services_hub_id = azurerm_ai_foundry.hub.id
      identity {
        type = "SystemAssigned"
      }
    }
    ```

    Datastores, flows and endpoints of the old project do not move by themselves, and
    role assignments to its identity end with it.

    ## Exceptions
    Newer versions accept a user-assigned identity for a project. Accept the finding
    where no other project uses that identity and its roles are conditioned.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    value = shown(project.identity_type)
    if _SYSTEM not in _kinds(project):
        return failed(f"identity.type is {value}, without a system-assigned identity")
    if not project.principal_id:
        return failed(f"identity.type is {value}, but identity.principalId names none")
    return passed(f"identity.type is {value}")


@check(
    id="foundry-hub-mi-kv",
    title="Hubs and projects can keep the secrets of their connections",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub_or_project,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=(*_CONTROLS, "MCSB:IM-8", "NIST-800-53:IA-5"),
)
def hub_mi_kv(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.accessPolicies` of the vault, or the roles that reach it.

    The vault is the one in `properties.keyVault`. Where its
    `properties.enableRbacAuthorization` is true, one of the workspace's identities
    (the one in `properties.primaryUserAssignedIdentity`, where it names one) must hold
    Key Vault Administrator, Key Vault Secrets Officer or another role that sets
    secrets; where it is absent, null or false (vaults REST reference), a policy must
    name one of them, or a group that it is in, and let it read secrets, with no
    `applicationId` and of no other `tenantId`, by which an identity does not get in.
    Who is in a group is known where the scan asked the directory. The question arises
    where a connection of the workspace, or one that its hub shares, holds a key.

    ## Why it matters
    The key of a connection lies in the hub's vault, and the identity of hub or project
    puts it there and fetches it. Locked out of the vault it can neither make such a
    connection nor use it, and flows fail with an error that speaks of the target and
    not of the vault.

    ## How to fix
    Move the connections to Entra ID. Where a key must stay, grant the identity Key
    Vault Secrets Officer, or add an access policy if the vault works with policies.

    ```sh
    az role assignment create --assignee-object-id WORKSPACE_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope VAULT_ID \
      --role "Key Vault Secrets Officer"
    az keyvault set-policy --name VAULT --object-id WORKSPACE_PRINCIPAL \
      --secret-permissions get list set delete
    ```

    ```bicep
    resource officer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(vault.id, hub.id, keyVaultSecretsOfficer)
      scope: vault
      properties: {
        principalId: hub.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: keyVaultSecretsOfficer
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "officer" {
      scope                = azurerm_key_vault.vault.id
      role_definition_name = "Key Vault Secrets Officer"
      principal_id         = azurerm_ai_foundry.hub.identity[0].principal_id
    }
    ```

    Who reads the vault reads the keys of every project of the hub: no connection with a
    key is the better end of this. Switching a vault from policies to roles locks out
    everyone whom only a policy lets in.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    if not keeps_key(workspace):
        return not_applicable("no connection that it can use holds a key")
    if not workspace.key_vault_id:
        return not_applicable("the workspace names no vault")
    vault = tenant.get(KeyVault, workspace.key_vault_id)
    if vault is None:
        return failed("the vault that should keep its secrets does not exist any more")
    if not vault.rbac_authorization:
        return _by_policy(workspace, vault)
    own = ids(working_identities(workspace))
    case = Case("the workspace", own, (KEEP_SECRETS,), vault)
    short = shortfall(tenant, [case])
    if short.lacks:
        return failed(f"its secrets are out of reach: {short.said()}")
    short.settle()
    return passed("a role lets the workspace keep secrets in its vault")


def _by_policy(workspace: Workspace, vault: KeyVault) -> Verdict:
    """Return whether an access policy lets a workspace fetch its secrets."""
    for identity in ids(working_identities(workspace)):
        if any(map(_lets_read, policies_for(identity, vault))):
            return passed("an access policy of the vault lets the workspace in")
    reason = f"no access policy of {shown(vault.name)} lets it read secrets"
    return no_policy(reason, vault, _lets_read)


def _lets_read(policy: AccessPolicy) -> bool:
    return bool({each.lower() for each in policy.secrets or ()} & {"all", "get"})


@check(
    id="foundry-hub-mi-network",
    title="Hubs can approve the private endpoints of their managed network",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def hub_mi_network(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.destination.serviceResourceId` of private endpoint rules.

    And, for the hub's identities (the one in `properties.primaryUserAssignedIdentity`,
    where it names one), the role assignments that reach each of these resources: by one
    of them the hub must be able to write private endpoint connections there, as Azure
    AI Enterprise Network Connection Approver, Azure AI Administrator and Contributor
    can. A rule that does not say where it leads, or leads out of the scan, is not
    assessed. An absent or null `properties.managedNetwork.isolationMode` means Disabled
    (workspace REST reference, 2025-12-01): without a managed network there is nothing
    to approve.

    ## Why it matters
    The hub asks for its managed private endpoints as itself, and as itself it approves
    them on the other side. In its own resource group Azure gave it the right. On a
    Search service, a model account or a registry of another group it has none, so the
    endpoint stays pending, and in an approved-outbound network so does all that needs
    it.

    ## How to fix
    Grant the hub's identity Azure AI Enterprise Network Connection Approver on the
    resources that its outbound rules lead to.

    ```sh
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope TARGET_ID \
      --role "Azure AI Enterprise Network Connection Approver"
    ```

    ```bicep
    resource approver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(target.id, hub.id, approverRole)
      scope: target
      properties: {
        principalId: hub.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: approverRole
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "approver" {
      scope                = azurerm_search_service.search.id
      role_definition_name = "Azure AI Enterprise Network Connection Approver"
      principal_id         = azurerm_ai_foundry.hub.identity[0].principal_id
    }
    ```

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: How to set up a managed network for Azure AI Foundry hubs
    """
    if (hub.isolation_mode or "Disabled").lower() == "disabled":
        return not_applicable("the hub has no managed network")
    short = shortfall(tenant, _approvals(hub))
    if short.lacks:
        return warned(f"endpoints cannot be approved: {short.said()}")
    short.settle()
    if not short.looked:
        return not_applicable("no outbound rule is a private endpoint")
    return passed(f"the hub can approve all of its {short.looked} endpoints")


def _approvals(hub: Workspace) -> Iterator[Case]:
    """Yield what a hub must hold on each resource that its endpoints lead to."""
    seen = {hub.key}
    for rule in hub.outbound_rules:
        if rule.kind != "privateendpoint":
            continue
        target_id = rule.target_id
        if not target_id:
            raise rule.unread("properties.destination", "says not where it leads")
        if id_key(target_id) not in seen:
            seen.add(id_key(target_id))
            need = approve_endpoints(ResourceId.parse(target_id).type)
            yield Case("the hub", ids(working_identities(hub)), (need,), hub, target_id)


@check(
    id="foundry-hub-mi-storage-mgmt",
    title="Hubs can configure their default storage",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def hub_mi_storage_mgmt(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.storageAccount` and who may configure that account.

    One of the hub's identities (the one in `properties.primaryUserAssignedIdentity`,
    where it names one) must hold Storage Account Contributor, Contributor or Azure AI
    Administrator there, on the account or above it, or another role that lets it write
    the account's blob service. A null `properties.storageAccount` names no account
    (workspace REST reference).

    ## Why it matters
    Before the portal can show files from a browser, the hub sets the cross-origin rules
    of the account, and it does so as itself. Without a role of the control plane on the
    account this fails quietly: data looks broken to people although their own roles
    are in order.

    ## How to fix
    Grant the hub's identity Storage Account Contributor on its default storage.

    ```sh
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope STORAGE_ID \
      --role "Storage Account Contributor"
    ```

    ```bicep
    resource manager 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, hub.id, storageAccountContributor)
      scope: account
      properties: {
        principalId: hub.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: storageAccountContributor
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "manager" {
      scope                = azurerm_storage_account.account.id
      role_definition_name = "Storage Account Contributor"
      principal_id         = azurerm_ai_foundry.hub.identity[0].principal_id
    }
    ```

    The role lists the account's keys too. Switch shared keys off where all workspaces
    of the account are in identity mode.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    account = default_storage(hub, tenant)
    if account is None:
        return not_applicable("the hub has no default storage")
    case = Case("the hub", ids(working_identities(hub)), (CONFIGURE_STORAGE,), account)
    short = shortfall(tenant, [case])
    if short.lacks:
        return warned(f"cross-origin rules cannot be set: {short.said()}")
    short.settle()
    return passed("the hub may configure its default storage")


@check(
    id="foundry-hub-mi-overprivileged",
    title="The identities of hubs are no contributors to resource groups",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=(*_CONTROLS, "MCSB:PA-7", "NIST-800-53:AC-6", "MCSB:AI-4"),
)
def hub_mi_overprivileged(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` of assignments to the hub's identities.

    Those at the hub's resource group and above it count, if they are of Owner,
    Contributor or a role that allows as much; what is granted on single resources does
    not. The system-assigned identity of a hub lies in `identity.principalId`.

    ## Why it matters
    Hubs made before 19 November 2024 were given Contributor on their whole resource
    group, and nothing takes it away again. Code that gets to run as the hub may then
    change or delete whatever else lies in the group, and read most of its keys.

    ## How to fix
    Grant the hub's identity Azure AI Administrator on the group, check that projects,
    connections and endpoints still work, then remove Contributor.

    ```sh
    az role assignment create --assignee-object-id HUB_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope GROUP_ID \
      --role "Azure AI Administrator"
    az role assignment delete --ids CONTRIBUTOR_ASSIGNMENT_ID
    ```

    ```bicep
    resource administrator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(resourceGroup().id, hub.id, azureAiAdministrator)
      properties: {
        principalId: hub.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: azureAiAdministrator
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "administrator" {
      scope                = azurerm_resource_group.group.id
      role_definition_name = "Azure AI Administrator"
      principal_id         = azurerm_ai_foundry.hub.identity[0].principal_id
    }
    ```

    Without either role the hub can no longer make projects, endpoints and private
    links: never remove the old one first. Azure AI Administrator also lists the keys of
    everything in the group, so keep other workloads out of it.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    place = hub.parts
    group = f"/subscriptions/{place.subscription}/resourceGroups/{place.resource_group}"
    held, missing = list[Grant](), list[Missing]()
    for principal in ids(hub.identities):
        wide = BuiltIn.OWNER, BuiltIn.CONTRIBUTOR
        holding = access(tenant).holds(principal, wide, group)
        held += holding.active
        missing += holding.missing
    cite(tenant, held, hub)
    if held:
        return warned(f"the hub is more than it needs: {named(held)}")
    require_settled(missing)
    return passed(bounded("the hub is no contributor to its group", missing))


CHECKS: tuple[Check[Any], ...] = (
    hub_identity_system,
    project_identity_system,
    hub_mi_kv,
    hub_mi_network,
    hub_mi_storage_mgmt,
    hub_mi_overprivileged,
)
