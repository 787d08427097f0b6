"""Foundry workspaces and model accounts under a key of the customer's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.foundry_cmk.managed import has_private_endpoint
from checks.shared.encryption import (
    CONTROLS,
    KEEPING,
    NOUNS,
    TRIO,
    Method,
    managed,
    managed_group_id,
    method_of,
)
from checks.shared.links import hub_of
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
    not_applicable,
    passed,
)
from scanner.model.machinelearning import (
    Workspace,
    holds_work,
    is_encrypted,
    is_hub,
    keeps_itself,
)
from scanner.model.resources import ResourceGroup
from scanner.model.tenant import Tenant


def _is_encrypted_hub(workspace: Workspace) -> bool:
    return is_hub(workspace) and is_encrypted(workspace)


@check(
    id="foundry-cmk-required",
    title="Workspaces are encrypted with a customer's key where that is required",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=holds_work,
    guidance=Post.FOUNDRY_CMK,
    mapped=(
        initiatives.WORKSPACE_ENCRYPTION,
        initiatives.ACCOUNT_ENCRYPTION,
    ),
    controls=CONTROLS,
)
def cmk_required(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.encryption.status`.

    Absent, null and anything but Enabled mean Microsoft's key (workspace REST
    reference). A project is encrypted as its hub is, which `properties.hubResourceId`
    names. Unless `require_cmk` is set this tells a fact: both keys are in order.

    ## Why it matters
    Everything is encrypted at rest either way. A key of your own adds three things:
    you decide who may use it, you see when it is used, and you can take it away. It
    costs three more resources to pay for and leave alone, and a way to lose the data:
    so it is for those whom a rule asks for it, and the platform's key is for the rest.

    ## How to fix
    Make a new hub with the key and move the projects: encryption is chosen when a hub
    is created, and cannot be changed afterwards.

    ```sh
    az ml workspace create --kind hub --resource-group RG --name HUB \
      --file hub-with-customer-managed-key.yml
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: {
        enableServiceSideCMKEncryption: true
        encryption: {
          status: 'Enabled'
          keyVaultProperties: {
            keyVaultArmId: vault.id
            keyIdentifier: key.properties.keyUri
          }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      encryption {
        key_vault_id = azurerm_key_vault.cmk.id
        key_id       = azurerm_key_vault_key.hub.versionless_id
      }
    }
    ```

    Azure Policy has 7f40cee6 for workspaces. Give it Audit first: Deny is for
    workspaces to come.

    ## Settings
    `require_cmk` (false): whether a customer's key is required.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    - Azure Policy 7f40cee6
    """
    customer = _has_own_key(workspace)
    key = "a customer's key" if customer else "Microsoft's key"
    reason = f"encrypted with {key}"
    if not tenant.settings.require_cmk:
        return info(f"{reason}, which is in order: require_cmk is not set")
    return passed(reason) if customer else failed(f"{reason}: require_cmk is set")


def _has_own_key(workspace: Workspace) -> bool:
    """Whether a customer's key encrypts a workspace, or the hub that it is in."""
    if is_encrypted(workspace):
        return True
    hub = hub_of(workspace)
    return hub is not None and is_encrypted(hub)


@check(
    id="foundry-cmk-method",
    title="How workspaces are encrypted with a customer's key is known",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.INFORMATIONAL,
    on=Workspace,
    where=keeps_itself,
    guidance=Post.FOUNDRY_CMK,
    controls=CONTROLS,
)
def cmk_method(workspace: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.enableServiceSideCMKEncryption`.

    For information only, of hubs and workspaces whose `properties.encryption.status` is
    Enabled; projects are encrypted with their hub. Where the flag is absent or null, as
    older api-versions leave it, `properties.serviceProvisionedResourceGroup`, one of
    the resources that `properties.encryption` names, or a group that is called
    `azureml-rg-NAME_GUID` (Microsoft Learn) tell the same; where nothing does, it is
    not assessed.

    ## Why it matters
    With the first method Azure makes a storage account, a Search service and a database
    in a resource group of your subscription, where your policies, your automation and
    your colleagues reach them. With the second the data stays on Azure's side, and
    there is nothing of yours to break. The checks beside this one are about the first.

    ## How to fix
    Nothing needs fixing. For a new hub prefer the encryption on the service side, which
    `enableServiceSideCMKEncryption` asks for at its creation.

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: { enableServiceSideCMKEncryption: true }
    }
    ```

    It came as a preview in which keys could not be rotated: see what holds today.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    return info(f"encrypted with a customer's key, {method_of(workspace).value}")


@check(
    id="foundry-cmk-managed-rg-found",
    title="What Azure keeps for encrypted workspaces is still there",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=Workspace,
    where=keeps_itself,
    guidance=Post.FOUNDRY_CMK,
    controls=(*KEEPING, "NIST-800-53:CP-9"),
)
def managed_rg_found(workspace: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `properties.serviceProvisionedResourceGroup` and what encryption names.

    That is `properties.encryption.storageAccountResourceId`, `searchAccountResourceId`
    and `cosmosDbResourceId`. Where one is absent or null, a resource of that type in
    the managed group counts; where the group is, one called `azureml-rg-NAME_GUID`
    (Microsoft Learn). Groups and resources that the scanner may not list look as if
    they were gone: it needs Reader on the subscription.

    ## Why it matters
    The group looks like a leftover: nobody remembers making it, and nothing protects
    it. Without one of the three resources the workspace has lost its files, its indexes
    or its conversations, and no setting brings them back.

    ## How to fix
    Restore the storage account, which can be undeleted for a while, or the database
    from its backup with the help of Microsoft, under the same names.

    ```sh
    az resource list --resource-group "$MANAGED_GROUP" --output table
    az cosmosdb restorable-database-account list --output table
    ```

    If that is too late, make a new hub and move what is left of the projects. A lock
    that forbids deleting keeps it from happening again (`foundry-cmk-rg-lock`).

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    if method_of(workspace) is Method.SERVICE_SIDE:
        return not_applicable("encrypted on the service side: nothing is kept here")
    group_id = managed_group_id(workspace)
    if group_id is None:
        return failed("broken: there is no managed resource group")
    if tenant.get(ResourceGroup, group_id) is None:
        return failed("broken: the managed resource group is gone")
    if gone := list(_gone(workspace)):
        lost = " and no ".join(gone)
        return failed(f"broken: there is no {lost} in the managed resource group")
    return passed("storage account, Search service and database are there")


def _gone(workspace: Workspace) -> Iterator[str]:
    for view in TRIO:
        if managed(workspace, view) is None:
            yield NOUNS[view]


@check(
    id="foundry-cmk-hub-private-endpoint",
    title="How encrypted hubs reach their database is known",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.INFORMATIONAL,
    on=Workspace,
    where=_is_encrypted_hub,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def hub_private_endpoint(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.privateEndpointConnections` of the hub.

    For information only, of hubs with managed resources in the subscription; on the
    service side there are none, and it is not applicable. Only approved connections
    count; absent and null mean that there is none.

    ## Why it matters
    The database of a hub with a private endpoint logged callers from private addresses:
    Azure has an endpoint of its own on it, which no list in your subscription shows.
    Whoever reads these logs, or is asked why public access is enabled, should know.

    ## How to fix
    Nothing needs fixing. The addresses in the database's log are in its category
    DataPlaneRequests, which `foundry-cmk-managed-diag` asks for.

    ```sh
    az monitor log-analytics query --workspace "$WORKSPACE_GUID" --analytics-query \
      'CDBDataPlaneRequests | summarize count() by ClientIpAddress'
    ```

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: How to configure a private link for Foundry hubs
    """
    if method_of(hub) is Method.SERVICE_SIDE:
        return not_applicable("encrypted on the service side: no database is kept here")
    if has_private_endpoint(hub):
        return info(
            "a private endpoint: its database is called over one of Azure's own"
        )
    return info("no private endpoint: its database is called at its public address")


@check(
    id="foundry-cmk-cost",
    title="What encryption with a customer's key costs is known",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.INFORMATIONAL,
    on=Workspace,
    where=keeps_itself,
    guidance=Post.FOUNDRY_CMK,
    controls=CONTROLS,
)
def cmk_cost(workspace: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.enableServiceSideCMKEncryption`.

    For information only, of hubs and workspaces whose `properties.encryption.status` is
    Enabled. Absent and null are as `foundry-cmk-method` says.

    ## Why it matters
    A customer's key is free for most services. Here it brings a storage account, a
    Search service and a database that exist for this workspace alone and are billed
    whether or not anybody works in it; on the service side Azure bills its own.

    ## How to fix
    Nothing needs fixing. Find the workspaces that nobody uses any more: what encryption
    needs is billed for as long as they exist, and goes with them.

    ```sh
    az consumption usage list --query "[?contains(instanceId, 'azureml-rg-')]" \
      --output table
    ```

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    if method_of(workspace) is Method.SERVICE_SIDE:
        return info("the resources that encryption needs are billed by use")
    return info("a storage account, a Search service and a database are billed for it")


CHECKS: tuple[Check[Any], ...] = (
    cmk_required,
    cmk_method,
    managed_rg_found,
    hub_private_endpoint,
    cmk_cost,
)
