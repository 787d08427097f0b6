"""Foundry hubs and projects: the network around them and the storage beneath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.foundry_basics.instances import strangers
from checks.shared.perimeters import but_for_rules, way_in
from checks.shared.scanned import so_far
from checks.shared.wording import shown, some
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
from scanner.model.coverage import Unclear
from scanner.model.machinelearning import (
    Workspace,
    encrypted_by,
    is_hub,
    is_hub_or_project,
    keeps_work,
)
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

MODERN_TLS = {"tls1_2", "tls1_3"}


@check(
    id="foundry-managed-network-isolation",
    title="Foundry hubs allow only approved outbound traffic",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    mapped=(initiatives.WORKSPACE_ISOLATION,),
    controls=(
        "MCSB:NS-2",
        "NIST-800-53:SC-7",
        "NIST-800-53:AC-4",
        "ISO-27001-2022:A.8.20",
        "ISO-27001-2022:A.8.22",
        "PCI-DSS-4.0.1:1.4.4",
        "MCSB:NS-1",
    ),
)
def managed_network_isolation(hub: Workspace, _: Tenant) -> Verdict:
    r"""
    Reads `properties.managedNetwork.isolationMode`.

    Without a managed network (the object or the mode absent or null) there is no
    isolation, as with `Disabled` (workspace REST reference, 2025-12-01).

    ## Why it matters
    Compute, prompt flows and endpoints of the hub and all its projects run in the
    managed network. If that network may call any address, whoever gets code to run
    there, a poisoned package or a careless notebook, can carry training data and
    grounding documents to a server of their choice.

    ## How to fix
    Switch the hub's managed network to allow only approved outbound traffic, after
    adding an outbound rule for every destination that its projects need.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --managed-network allow_only_approved_outbound
    az ml workspace provision-network --resource-group RG --name HUB
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
      kind: 'Hub'
      properties: {
        managedNetwork: { isolationMode: 'AllowOnlyApprovedOutbound' }
      }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      managed_network {
        isolation_mode = "AllowOnlyApprovedOutbound"
      }
    }
    ```

    A hub without a managed network has to lose all its computes and managed endpoints
    before it can get one. Isolation cannot be switched off again. Package indexes and
    model sources that no rule names stop working at once, and FQDN rules bring a
    firewall that is billed.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    - Azure Policy 6ddb1705
    """
    mode = hub.isolation_mode or "Disabled"
    match mode.lower():
        case "allowonlyapprovedoutbound":
            return passed("isolationMode is AllowOnlyApprovedOutbound")
        case "allowinternetoutbound":
            return warned("isolationMode is AllowInternetOutbound: any host will do")
        case "disabled":
            return failed("the hub has no managed network isolation")
    return warned(f"isolationMode is {shown(mode)}, which is not a known mode")


@check(
    id="foundry-hub-public-disabled",
    title="Foundry hubs and projects are closed to public networks",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub_or_project,
    guidance=Post.FOUNDRY_BASICS,
    mapped=(initiatives.WORKSPACE_PUBLIC_ACCESS,),
    controls=(
        "MCSB:NS-2",
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-4",
        "NIST-800-53:SC-7",
        "NIST-800-53:SC-7(3)",
        "ISO-27001-2022:A.8.20",
        "PCI-DSS-4.0.1:1.4.4",
    ),
)
def hub_public_disabled(workspace: Workspace, _: Tenant) -> Verdict:
    r"""
    Reads `properties.publicNetworkAccess`.

    Also its older twin `properties.allowPublicAccessWhenBehindVnet`. An absent or null
    `publicNetworkAccess` means Enabled (Azure Policy 438c38d2); an absent or null twin
    means false (workspace REST reference).

    ## Why it matters
    The workspace API hands out datastores, connections and endpoints. While it answers
    on the Internet, a stolen token works from anywhere, and no network control stands
    between the thief and the estate. The older twin opens the same door even where
    the newer switch says Disabled.

    ## How to fix
    Give the hub a private endpoint for `amlworkspace`, check that people reach it that
    way, then set `publicNetworkAccess` to Disabled and
    `allowPublicAccessWhenBehindVnet` to false on the hub and its projects.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --public-network-access Disabled
    az resource update --ids HUB_ID --api-version 2025-06-01 \
      --set properties.allowPublicAccessWhenBehindVnet=false
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
      kind: 'Hub'
      properties: {
        publicNetworkAccess: 'Disabled'
        allowPublicAccessWhenBehindVnet: false
      }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      public_network_access = "Disabled"
    }
    ```

    Without the private endpoint and its DNS zones the portal and the SDK lose the
    workspace, deployment pipelines on hosted agents included.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to configure a private link for Foundry hubs
    - Azure Policy 438c38d2
    """
    access = workspace.public_network_access or "Enabled"
    if workspace.public_behind_vnet:
        return failed(
            "allowPublicAccessWhenBehindVnet is true "
            f"and publicNetworkAccess {shown(access)}"
        )
    match access.lower():
        case "disabled":
            return passed("publicNetworkAccess is Disabled")
        case "enabled":
            return failed("publicNetworkAccess is Enabled")
    return warned(
        f"publicNetworkAccess is {shown(access)}: whether that closes it was not judged"
    )


def _foundry_storage(account: StorageAccount) -> bool:
    return encrypted_by(account) is not None or keeps_work(account)


def _weak_settings(account: StorageAccount) -> Iterator[str]:
    """Yield what is wrong with an account's settings beside whom it lets in."""
    if account.blob_public_access is not False:
        yield "allowBlobPublicAccess is not false"
    tls = account.minimum_tls or "TLS1_0"
    if tls.lower() not in MODERN_TLS:
        yield f"minimumTlsVersion is {shown(tls)}"


@check(
    id="foundry-storage-hardened",
    title="Storage of Foundry hubs and projects is hardened",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=StorageAccount,
    where=_foundry_storage,
    guidance=(Post.FOUNDRY_BASICS, Post.DATA_STORES),
    mapped=(initiatives.STORAGE_NETWORK,),
    controls=(
        "MCSB:NS-2",
        "NIST-800-53:AC-4",
        "NIST-800-53:AC-17",
        "NIST-800-53:SC-7",
        "NIST-800-53:SC-7(3)",
        "CIS-Azure-3.0:4.7",
        "CIS-Azure-3.0:4.9",
        "ISO-27001-2022:A.8.20",
        "ISO-27001-2022:A.8.22",
        "CIS-Azure-3.0:4.6",
    ),
)
def storage_hardened(account: StorageAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.publicNetworkAccess` and the account's other doors.

    Absent and null mean the same, after the Storage REST reference:
    `properties.publicNetworkAccess` Enabled, `properties.networkAcls.defaultAction`
    Allow, `properties.allowBlobPublicAccess` allowed (accounts older than the flag
    still serve anonymous blobs), `properties.minimumTlsVersion` TLS 1.0. The private
    endpoints for `blob` and `file` are told from the endpoints themselves and from
    `properties.privateEndpointConnections`; only approved ones count, and a `kind` with
    one of the services needs one for that. The check covers accounts that a hub or
    project names in `properties.storageAccount` or
    `properties.workspaceHubConfig.additionalWorkspaceStorageAccounts`; one that Azure
    made for a workspace with customer-managed keys is not applicable. A firewall that
    denies does not close an account while one of `properties.networkAcls.ipRules` is
    wider than /16; other rules, and those for subnets, are told. So are resources that
    `properties.networkAcls.resourceAccessRules` let in, which they do with public
    access off as well (Microsoft Learn, "Set the default public network access rule of
    an Azure Storage account"): those of another tenant warn, and a `*` for all of a
    type beyond the account's own resource group. An enforced network security
    perimeter decides whatever the account says: it closes it, unless an inbound rule is
    too wide. Such a rule in transition mode opens an account that is closed. One that
    leaves access to a perimeter warns while none is known to enforce it.

    ## Why it matters
    One account holds the logs, flows, uploaded documents and artefacts of the hub and
    of every project under it. If it answers public networks, one leaked key or token
    reads the whole estate from anywhere, and with anonymous blobs allowed it takes no
    credential at all.

    ## How to fix
    Create private endpoints for `blob` and `file` first, then close the account to
    public networks, forbid anonymous blobs and require TLS 1.2.

    ```sh
    az storage account update --resource-group RG --name ACCOUNT \
      --public-network-access Disabled --default-action Deny \
      --allow-blob-public-access false --min-tls-version TLS1_2
    ```

    ```bicep
    resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
      properties: {
        publicNetworkAccess: 'Disabled'
        networkAcls: { defaultAction: 'Deny', bypass: 'AzureServices' }
        allowBlobPublicAccess: false
        minimumTlsVersion: 'TLS1_2'
      }
    }
    ```

    ```terraform
    resource "azurerm_storage_account" "account" {
      public_network_access_enabled   = false
      allow_nested_items_to_be_public = false
      min_tls_version                 = "TLS1_2"
      network_rules {
        default_action = "Deny"
        bypass         = ["AzureServices"]
      }
    }
    ```

    Closing the account before both endpoints are approved and resolvable stops prompt
    flows, uploads and jobs of every project. Leave `allowSharedKeyAccess` alone while
    the hub is in credential mode: switch the hub to identity mode and grant the roles
    first, or it breaks.

    ## Exceptions
    The storage account of a workspace with customer-managed keys belongs to Azure and
    breaks when hardened; `foundry-cmk-storage-trusted` and
    `foundry-cmk-storage-shared-key` judge it instead. Resource access rules for the
    workspace are fine.

    ## References
    - AI Foundry - The Basics
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Configure Azure Storage firewalls and virtual networks
    - Microsoft Learn: Set the default public network access rule of an Azure Storage
      account
    """
    owner = encrypted_by(account)
    if owner is not None:
        return _exempt(owner)
    reach, faults = account.private_reach, [*_weak_settings(account)]
    way, unclear = None, Unclear()
    with unclear:
        way = way_in(account)
    is_open, narrow = way is not None and way.sure, way.advice if way else ""
    if narrow and faults:
        narrow = f"{narrow} {_OTHER_SETTINGS}"
    if is_open:
        faults.insert(0, str(way))
    if faults and not reach.whole:
        return failed(_sentence(faults), narrow)
    reached = set(reach)
    wanted = account.hub_services
    if lacking := [service for service in wanted if service not in reached]:
        faults.append(f"no approved private endpoint for {' or '.join(lacking)}")
        advice = _ENDPOINTS_FIRST if unclear.problem or is_open else ""
        return failed(_sentence(faults), f"{narrow} {advice}".strip())
    if faults:
        return failed(_sentence(faults), narrow)
    unclear.settle()
    if way is not None:
        return warned(str(way))
    named = " and ".join(wanted)
    closed = f"closed to public networks{but_for_rules(account)}"
    strange = strangers(account)
    if strange:
        return warned(f"{closed}: in comes {some(strange)}", _NARROW_INSTANCES)
    reason = f"{closed}, private endpoints for {named}"
    return passed(so_far(account.tenant, reason))


_OTHER_SETTINGS = "Forbid anonymous blobs and require TLS 1.2 as well."
_NARROW_INSTANCES = (
    "Let in by id the resources of this tenant that use the account, and no others: "
    "add a resource access rule for each, then remove the wide or foreign ones."
)
_ENDPOINTS_FIRST = (
    "Create and approve the missing private endpoints and link their DNS zones before "
    "closing this account to public networks: the workspaces that keep data in it "
    "would lose it otherwise."
)


def _exempt(owner: Workspace) -> Verdict:
    """Return why the storage of an encrypted workspace is not to be hardened."""
    return not_applicable(
        f"made for the customer-managed keys of workspace {shown(owner.name)}: "
        "foundry-cmk-storage-trusted and foundry-cmk-storage-shared-key judge it"
    )


def _sentence(faults: list[str]) -> str:
    return "; ".join(faults)


CHECKS: tuple[Check[Any], ...] = (
    managed_network_isolation,
    hub_public_disabled,
    storage_hardened,
)
