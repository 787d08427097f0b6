"""What Foundry hubs are made of: endpoint, registry, vault, Search, isolation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from checks.shared.encryption import advice_on_policies, require_owners
from checks.shared.perimeters import but_for_rules, way_in
from checks.shared.scanned import failed_so_far, so_far
from checks.shared.wording import shown
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
from scanner.model.containerregistry import Registry
from scanner.model.coverage import NotRead
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import (
    Workspace,
    encrypted_by,
    is_hub,
    is_hub_or_project,
    keeps_secrets,
)
from scanner.model.network import PrivateEndpointConnection
from scanner.model.search import SearchService
from scanner.model.tenant import Tenant

NETWORK = (
    "MCSB:NS-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:SC-7",
    "ISO-27001-2022:A.8.20",
    "PCI-DSS-4.0.1:1.4.4",
)


def _is_approved(connections: tuple[PrivateEndpointConnection, ...]) -> bool:
    return any(connection.approved for connection in connections)


def _opening(
    service: KeyVault | SearchService, finding: Callable[[str], Verdict] = failed
) -> Verdict | None:
    """Return how public networks may get in; None where they are kept out.

    By the service itself, or by an enforced perimeter; `finding` is what it is where
    they surely do. Raises NotRead where a perimeter may decide otherwise that was not
    read.
    """
    way = way_in(service)
    if way is None:
        return None
    if not way.sure:
        return warned(str(way))
    access = service.public_network_access or "enabled"
    if access.lower() not in _KNOWN:
        said = f"publicNetworkAccess is {shown(access)}, which is not a known value"
        return warned(f"{said}; {way}", way.advice)
    return replace(finding(f"open to public networks: {way}"), advice=way.advice)


_KNOWN = {"enabled", "disabled", "securedbyperimeter"}


@check(
    id="foundry-hub-private-endpoint",
    title="Foundry hubs are reached by an approved private endpoint",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=(Post.FOUNDRY_BASICS, Post.FOUNDRY_CMK),
    mapped=(initiatives.WORKSPACE_PRIVATE_LINK,),
    controls=NETWORK,
)
def hub_private_endpoint(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.privateEndpointConnections` and `properties.publicNetworkAccess`.

    A connection counts when it is approved; a hub has one sub-resource, `amlworkspace`.
    An absent `publicNetworkAccess` means Enabled (Azure Policy 438c38d2). Its older
    twin `properties.allowPublicAccessWhenBehindVnet` (absent or null: false) lets
    public networks in all the same, and is told.

    ## Why it matters
    Projects are reached by their hub's private endpoint. A hub that is closed to public
    networks and has none is closed to everyone, or will be once the older switch is off
    too; one that is open and has none makes every user and every pipeline come over the
    Internet.

    ## How to fix
    Create a private endpoint for `amlworkspace`, approve it, and link the zones
    `privatelink.api.azureml.ms` and `privatelink.notebooks.azure.net`.

    ```sh
    az network private-endpoint create --resource-group RG --name pe-hub \
      --vnet-name VNET --subnet SUBNET --private-connection-resource-id "$HUB_ID" \
      --group-id amlworkspace --connection-name hub
    ```

    ```bicep
    resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
      properties: {
        subnet: { id: subnet.id }
        privateLinkServiceConnections: [
          {
            name: 'hub'
            properties: { privateLinkServiceId: hub.id, groupIds: [ 'amlworkspace' ] }
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_private_endpoint" "hub" {
      private_service_connection {
        name                           = "hub"
        private_connection_resource_id = azurerm_ai_foundry.hub.id
        subresource_names              = ["amlworkspace"]
        is_manual_connection           = false
      }
    }
    ```

    ## References
    - AI Foundry - The Basics
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: How to configure a private link for Foundry hubs
    """
    if _is_approved(hub.private_endpoint_connections):
        return passed("a private endpoint is approved")
    if (hub.public_network_access or "enabled").lower() == "disabled":
        closed = "closed to public networks"
        if hub.public_behind_vnet:
            closed = (
                "publicNetworkAccess is Disabled, allowPublicAccessWhenBehindVnet lets "
                "public networks in all the same"
            )
        return failed(f"{closed}, and no private endpoint is approved")
    return warned("no private endpoint is approved: everyone comes by public networks")


@check(
    id="foundry-acr-attached",
    title="Foundry hubs bring a container registry of their own",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AM-2", "NIST-800-53:CM-2"),
)
def acr_attached(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.containerRegistry`.

    Absent or null means that none is attached yet: Azure makes one when the first
    custom image is built (workspace REST reference).

    ## Why it matters
    The registry that Azure makes on demand has the admin user switched on, is open to
    public networks and follows none of your naming, network and logging rules. One that
    you deploy and attach has them from the first image on.

    ## How to fix
    Deploy a Premium registry with a private endpoint and the admin user off, and attach
    it to the hub.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --container-registry "$REGISTRY_ID"
    ```

    ```bicep
    properties: { containerRegistry: registry.id }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      container_registry_id = azurerm_container_registry.this.id
    }
    ```

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Manage a container registry of a workspace
    """
    if hub.registry_id:
        return passed(f"the registry is {shown(hub.registry_id.rpartition('/')[2])}")
    return warned("no registry is attached: the first custom image brings Azure's own")


def _hub_registry(registry: Registry) -> bool:
    users = registry.tenant.referring(Workspace, "registry_id", registry.id)
    return any(is_hub_or_project(workspace) for workspace in users)


@check(
    id="foundry-acr-hardened",
    title="Container registries of Foundry hubs are closed and without an admin user",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=Registry,
    where=_hub_registry,
    guidance=Post.FOUNDRY_BASICS,
    mapped=(
        initiatives.REGISTRY_KEYS,
        initiatives.REGISTRY_NETWORK,
    ),
    controls=(*NETWORK, "MCSB:IM-1", "NIST-800-53:IA-2"),
)
def acr_hardened(registry: Registry, _: Tenant) -> Verdict:
    """
    Reads `properties.adminUserEnabled`, `properties.publicNetworkAccess`, `sku.name`.

    Also `properties.privateEndpointConnections`, and for the record
    `properties.roleAssignmentMode`. Absent means no admin user and an open network
    (registries REST reference). With `properties.networkRuleSet.defaultAction` Deny the
    registry is open to addresses of its rules alone, and fails too.

    ## Why it matters
    Who can push to the registry runs code with the identity of every compute that
    pulls from it. The admin user is one shared password for that, which logs nobody;
    Premium is the tier that has private endpoints.

    ## How to fix
    Move to Premium, switch the admin user off, create a private endpoint and close
    public access.

    ```sh
    az acr update --name REGISTRY --sku Premium --admin-enabled false \
      --public-network-enabled false
    ```

    ```bicep
    sku: { name: 'Premium' }
    properties: { adminUserEnabled: false, publicNetworkAccess: 'Disabled' }
    ```

    ```terraform
    resource "azurerm_container_registry" "this" {
      sku                           = "Premium"
      admin_enabled                 = false
      public_network_access_enabled = false
    }
    ```

    Images that are built by tasks need a private agent pool once the network is closed,
    and identities that pulled with the admin user need AcrPull.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Best practices for Azure Container Registry
    """
    faults = list(_registry_faults(registry))
    registry.cite(Registry.role_assignment_mode)
    if faults:
        return failed("; ".join(faults))
    return passed("Premium, no admin user, closed, with a private endpoint")


def _registry_faults(registry: Registry) -> Iterator[str]:
    if registry.admin_user_enabled:
        yield "the admin user is on"
    access = registry.public_network_access or "Enabled"
    if access.lower() == "enabled":
        denies = (registry.network_default_action or "").lower() == "deny"
        whom = "the addresses of its IP rules" if denies else "public networks"
        yield f"open to {whom}"
    elif access.lower() != "disabled":
        yield f"publicNetworkAccess is {shown(access)}, not Disabled"
    if (registry.sku or "").lower() != "premium":
        yield f"the tier is {shown(registry.sku)}, not Premium"
    if not _is_approved(registry.private_endpoint_connections):
        yield "no private endpoint is approved"


@check(
    id="foundry-kv-hardened",
    title="Key vaults of Foundry hubs are closed, protected and under Azure RBAC",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=KeyVault,
    where=keeps_secrets,
    guidance=Post.FOUNDRY_BASICS,
    mapped=(
        initiatives.VAULT_MODEL,
        initiatives.VAULT_NETWORK,
    ),
    controls=(
        *NETWORK,
        "MCSB:DP-8",
        "NIST-800-53:SC-12",
        "CIS-Azure-3.0:3.3.7",
        "CIS-Azure-4.0:9.3.7",
    ),
)
def kv_hardened(vault: KeyVault, tenant: Tenant) -> Verdict:
    """
    Reads `properties.publicNetworkAccess` and `properties.networkAcls.defaultAction`.

    Also `properties.privateEndpointConnections`, `properties.enablePurgeProtection` and
    `properties.enableRbacAuthorization`. Absent means Enabled and Allow (Azure Policy
    55615ac9), no purge protection, and access policies. A firewall that denies does not
    close a vault while one of `properties.networkAcls.ipRules` is wider than /16; other
    rules, and those for subnets, are told. An enforced network security
    perimeter decides whatever the vault says: it closes it, unless an inbound rule is
    too wide. Such a rule in transition mode opens a vault that is closed; a vault that
    leaves access to a perimeter warns while none is known to enforce it.

    ## Why it matters
    The hub's vault holds the keys of its connections: default storage, model endpoints,
    Search. Who reads it has them all. Without purge protection, whoever may delete it
    can take every project down for good.

    ## How to fix
    Set the default action to Deny, keep the exception for trusted Azure services, add a
    private endpoint, and switch purge protection and Azure RBAC on.

    ```sh
    az keyvault update --name VAULT --default-action Deny --bypass AzureServices \
      --enable-purge-protection true --enable-rbac-authorization true
    ```

    ```bicep
    properties: {
      enablePurgeProtection: true
      enableRbacAuthorization: true
      networkAcls: { defaultAction: 'Deny', bypass: 'AzureServices' }
    }
    ```

    ```terraform
    resource "azurerm_key_vault" "this" {
      purge_protection_enabled   = true
      rbac_authorization_enabled = true
      network_acls {
        default_action = "Deny"
        bypass         = "AzureServices"
      }
    }
    ```

    Give the hub's and projects' identities a Key Vault role before you switch from
    access policies, and keep the trusted-services exception where the vault also holds
    an encryption key. Hubs with customer-managed keys are documented to need access
    policies; the purge protection cannot be switched off again.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Azure Key Vault security
    """
    opening = _opening(vault)
    if opening is not None:
        advice = filter(None, (opening.advice, _hardening(vault)))
        return replace(opening, advice=" ".join(advice))
    weak = list(_vault_weaknesses(vault))
    if weak:
        return warned("; ".join(weak), _hardening(vault))
    closed = f"closed{but_for_rules(vault)}"
    reason = f"{closed}, with a private endpoint, purge protection and Azure RBAC"
    return passed(so_far(tenant, reason))


def _hardening(vault: KeyVault) -> str:
    """Return how to harden a vault that may need access policies; empty for others."""
    with suppress(NotRead):
        if vault.rbac_authorization:
            return ""
    policies = advice_on_policies(vault)
    return policies and (
        f"{policies} All else can be hardened: set the default action to Deny with the "
        "exception for trusted Azure services, add a private endpoint, and switch "
        "purge protection on."
    )


def _vault_weaknesses(vault: KeyVault) -> Iterator[str]:
    if not _is_approved(vault.private_endpoint_connections):
        yield "no private endpoint is approved"
    if not vault.purge_protection:
        yield "purge protection is off"
    if not vault.rbac_authorization:
        yield "access policies decide, not Azure RBAC"


@check(
    id="foundry-search-hardened",
    title="Search services are closed to public networks and refuse keys",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=SearchService,
    guidance=Post.FOUNDRY_BASICS,
    mapped=(initiatives.SEARCH_NETWORK,),
    controls=(*NETWORK, "MCSB:IM-1", "NIST-800-53:IA-2"),
)
def search_hardened(service: SearchService, tenant: Tenant) -> Verdict:
    """
    Reads `properties.publicNetworkAccess` and `properties.disableLocalAuth`.

    Also `properties.privateEndpointConnections` and `sku.name`. Absent means an open
    network and keys that are accepted (Search management 2025-05-01). A network that is
    open to `properties.networkRuleSet.ipRules` alone fails too. An enforced
    network security perimeter decides whatever the service says: it closes it, unless
    an inbound rule is too wide. Such a rule in transition mode opens a service that is
    closed; one that leaves access to a perimeter warns while none is known to enforce
    it. A service that Azure made for an encrypted workspace is not applicable: to close
    it breaks the workspace. One that no workspace is known to have is not assessed
    while there may be more workspaces than were read.

    ## Why it matters
    An index holds the documents that answers are grounded on, cut into handy pieces.
    Who can query it reads them all; who can write it decides what the model says. An
    admin key does both, from anywhere the network lets it.

    ## How to fix
    Create a private endpoint, close public access, and switch keys off once callers
    have Search roles. Private endpoints need the Basic tier or above.

    ```sh
    az search service update --resource-group RG --name SEARCH \
      --public-access disabled --disable-local-auth true
    ```

    ```bicep
    properties: { publicNetworkAccess: 'disabled', disableLocalAuth: true }
    ```

    ```terraform
    resource "azurerm_search_service" "this" {
      public_network_access_enabled = false
      local_authentication_enabled  = false
    }
    ```

    Connections that hold a key break when keys are switched off, and so does the portal
    for people outside the network when it is closed.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Secure your Azure AI Search service
    """
    owner = encrypted_by(service)
    if owner is not None:
        return not_applicable(
            f"managed for the encryption of {shown(owner.name)}: "
            "see foundry-cmk-search-public-open"
        )
    require_owners(service)
    # A hub outside a narrowed scan may need it as it is, for its encryption.
    opening = _opening(service, partial(failed_so_far, tenant))
    if opening is not None:
        return opening
    weak = list(_search_weaknesses(service))
    if weak:
        return warned("; ".join(weak))
    return passed(so_far(tenant, "closed, and keys are refused"))


def _search_weaknesses(service: SearchService) -> Iterator[str]:
    if not _is_approved(service.private_endpoint_connections):
        yield "no private endpoint is approved"
    if not service.local_auth_disabled:
        yield "keys are accepted"
    if (service.sku or "").lower() == "free":
        yield "the free tier has no private endpoints"


@check(
    id="foundry-data-isolation",
    title="Foundry hubs and projects isolate their data",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub_or_project,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:PA-7", "NIST-800-53:AC-3", "ISO-27001-2022:A.8.3"),
)
def data_isolation(workspace: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.enableDataIsolation`.

    Absent or null means off, as for a plain workspace (workspace REST reference).

    ## Why it matters
    With isolation, hub and projects keep their work in containers named by their own
    workspace id, and the conditions on their identities' roles keep them there. Without
    it they share containers, and every project's identity reads what the others keep.

    ## How to fix
    Create a new hub and new projects with data isolation and move the work there: it
    can only be chosen at creation. Hubs that the portal and recent tools make have it.

    ```sh
    az ml workspace create --resource-group RG --name HUB --kind hub \
      --enable-data-isolation
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
      kind: 'Hub'
      properties: { enableDataIsolation: true }
    }
    ```

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Data isolation in Foundry hubs
    """
    if workspace.data_isolation:
        return passed("enableDataIsolation is true")
    return failed(f"enableDataIsolation is {shown(workspace.data_isolation)}")


CHECKS: tuple[Check[Any], ...] = (
    hub_private_endpoint,
    acr_attached,
    acr_hardened,
    kv_hardened,
    search_hardened,
    data_isolation,
)
