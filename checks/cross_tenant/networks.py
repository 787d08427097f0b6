"""Network managers and address pools that more than one tenant uses."""

from __future__ import annotations

from typing import Any

from checks.shared.tenancy import is_ours, unreviewed, unreviewed_managers
from checks.shared.wording import count, printable, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId
from scanner.model.network import VirtualNetwork
from scanner.model.networkmanager import (
    Consent,
    CrossTenantScope,
    IpamPool,
    ManagerConnection,
    NetworkManager,
    ScopeConnection,
)
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:CA-3",
    "ISO-27001-2022:A.5.19",
    "ISO-27001-2022:A.5.23",
)


@check(
    id="xt-avnm-scope-connection",
    title="Network managers reach only approved tenants, with consent on both sides",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=(ScopeConnection, ManagerConnection),
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def scope_connection(consent: Consent, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.connectionState`, and `properties.tenantId` or `networkManagerId`.

    A scope connection lies at a network manager here and names the other tenant and, in
    `properties.resourceId`, what is to be managed there. A network manager connection
    lies at a subscription or management group here and names the manager that may
    manage it; which tenant that is in, Azure does not say, so it is told from whether
    its subscription was in a scan of the whole tenant. Azure returns these properties
    for every connection (Network REST reference, 2024-05-01): one without them is not
    assessed. Each scan sees the half of one tenant only.

    ## Why it matters
    A manager that both sides have consented to puts its security rules in front of the
    other tenant's own, and draws its networks into its topology. A consent that nobody
    remembers is a way in; one that waits, or was given on one side only, is a change
    that somebody believes was made.

    ## How to fix
    Remove connections that nobody needs, complete the others on the side that is
    missing, and list who may be connected in `posture.toml`.

    ```sh
    az network manager connection subscription delete --name "$NAME"
    az network manager scope-connection delete --resource-group "$GROUP" \
      --network-manager-name "$MANAGER" --name "$NAME"
    ```

    ```bicep
    resource consent 'Microsoft.Network/networkManagerConnections@2024-05-01' = {
      name: 'partner'
      properties: { networkManagerId: managerId }
    }
    ```

    ```terraform
    resource "azurerm_network_manager_subscription_connection" "partner" {
      name               = "partner"
      subscription_id    = data.azurerm_subscription.current.id
      network_manager_id = var.manager_id
    }
    ```

    Networks lose the peerings, rules and routes that the manager gave them when a
    connection is removed.

    ## Settings
    `approved_tenants` has the ids of tenants that may be managed from here,
    `approved_network_managers` the resource ids of managers that may manage what is
    here. While a list is empty, what it would be about is a warning, not a failure.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Cross-tenant support in Azure Virtual Network Manager
    """
    finding = _party(consent, tenant)
    if finding is not None and finding.status is Status.FAIL:
        return finding
    if not consent.state:
        raise consent.unread(Consent.state.path, "says nothing")
    if consent.state.lower() != "connected":
        return warned(f"connectionState is {shown(consent.state)}: it is not in force")
    return finding or passed(
        "connectionState is Connected, and the other side is known"
    )


def _party(consent: Consent, tenant: Tenant) -> Verdict | None:
    """Return the finding on whom a connection is with, None where that is approved."""
    if isinstance(consent, ScopeConnection):
        consent.cite(ScopeConnection.resource_id)
        if not consent.tenant_id:
            raise consent.unread(ScopeConnection.tenant_id.path, "says nothing")
        return unreviewed(tenant, "manages what is of tenant", [consent.tenant_id])
    manager = consent.manager_id if isinstance(consent, ManagerConnection) else None
    if not manager:
        raise consent.unread(ManagerConnection.manager_id.path, "says nothing")
    if is_ours(tenant, manager):
        return None
    return unreviewed_managers(tenant, "is managed by the foreign manager", [manager])


@check(
    id="xt-avnm-scopes",
    title="Network managers manage approved tenants only",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=NetworkManager,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def avnm_scopes(manager: NetworkManager, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.networkManagerScopes.crossTenantScopes[]`.

    Of each scope it reads `tenantId`, `managementGroups` and `subscriptions`; one
    without a tenant is not assessed. An absent, null or empty list means that the
    manager manages nothing in another tenant (Network REST reference, 2024-05-01).

    ## Why it matters
    What a manager decides for a group of networks holds in all of them. With another
    tenant in its scope, a mistake made here becomes theirs, and whoever takes over this
    manager sets security rules in their networks.

    ## How to fix
    Take scopes of tenants that you no longer work with out of the manager, and list the
    others in `approved_tenants`.

    ```sh
    az network manager scope-connection delete --resource-group "$GROUP" \
      --network-manager-name "$MANAGER" --name "$NAME"
    ```

    ```bicep
    resource manager 'Microsoft.Network/networkManagers@2024-05-01' = {
      properties: {
        networkManagerScopes: { subscriptions: [subscription().id] }
      }
    }
    ```

    Scopes follow the connections that both tenants have made. What was deployed to
    networks of the other tenant is taken back from them.

    ## Settings
    `approved_tenants` has the ids of tenants that may be managed from here. While it is
    empty, a tenant is a warning, not a failure.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Cross-tenant support in Azure Virtual Network Manager
    """
    scopes = manager.cross_tenant_scopes
    for scope in scopes:
        scope.cite(CrossTenantScope.management_groups, CrossTenantScope.subscriptions)
    named = [scope.tenant_id for scope in scopes]
    finding = unreviewed(tenant, "manages what is of tenant", named)
    if finding is not None and (finding.status is Status.FAIL or all(named)):
        return finding
    for scope in scopes:
        if not scope.tenant_id:
            raise scope.unread(CrossTenantScope.tenant_id.path, "says nothing")
    if not scopes:
        return passed("manages nothing in another tenant")
    return passed(f"manages {count(len(scopes), 'scope', 'scopes')} of known tenants")


@check(
    id="xt-vnet-foreign-pool",
    title="Virtual networks draw addresses from pools of their own tenant",
    topic=Topic.CROSS_TENANT,
    severity=Severity.LOW,
    on=VirtualNetwork,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def vnet_foreign_pool(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.addressSpace.ipamPoolPrefixAllocations[].pool.id`.

    Absent, null or empty means that the network's addresses come from no pool (Network
    REST reference; API versions before 2024-05-01 leave the property out, and it is
    read with a later one). A pool is foreign if its subscription was not in a scan of
    the whole tenant.

    ## Why it matters
    One pool for several tenants keeps their addresses from overlapping, and that is a
    good reason. But who runs it decides which addresses this network may have, knows
    its address plan, and can be asked about neither here.

    ## How to fix
    Agree with the other tenant on the pool and list its network manager in
    `approved_network_managers`, or give the network addresses from a pool of your own.

    ```sh
    az network vnet show --ids "$NETWORK_ID" \
      --query 'addressSpace.ipamPoolPrefixAllocations[].pool.id'
    ```

    Who deploys such a network needs a token of both tenants: Azure answers
    LinkedAuthorizationFailed unless the second one comes in the header
    `x-ms-authorization-auxiliary`, with at most three tokens, all valid. Keep the
    secret of the application that signs in off the command line of the pipeline.

    ## Settings
    `approved_network_managers` has the resource ids of managers whose pools may be
    used. Once it names any, a pool of another one is a finding.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Use IP address management across tenants
    """
    if not network.pool_ids:
        return not_applicable("its addresses come from no pool")
    foreign, unclear = _foreign(network, tenant)
    finding = unreviewed_managers(tenant, "draws addresses from foreign pool", foreign)
    if finding is not None:
        reviewed = bool(tenant.settings.approved_network_managers)
        return (warned if reviewed else info)(finding.reason)
    unclear.settle()
    if foreign:
        return passed("its pools are its own tenant's or of approved managers")
    return passed("its pools are of its own tenant")


def _foreign(network: VirtualNetwork, tenant: Tenant) -> tuple[list[str], Unclear]:
    """Return the pools of other tenants, and why there may be more of them."""
    found, unclear = [], Unclear()
    for pool_id in dict.fromkeys(network.pool_ids or ()):
        with unclear:
            if not is_ours(tenant, pool_id):
                found.append(pool_id)
    return found, unclear


@check(
    id="xt-ipam-region",
    title="Virtual networks draw addresses from pools of their region",
    topic=Topic.CROSS_TENANT,
    severity=Severity.LOW,
    on=VirtualNetwork,
    guidance=Post.CROSS_TENANT,
    controls=("NIST-800-53:CM-6", "ISO-27001-2022:A.8.9", "ISO-27001-2022:A.8.20"),
)
def ipam_region(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `location` of the network and of the pools its addresses come from.

    The pools are those in `properties.addressSpace.ipamPoolPrefixAllocations[].pool.id`
    (absent, null or empty: none). One of another tenant, or outside the scan, cannot be
    read, and leaves the network not assessed unless another pool is found to be of a
    different region.

    ## Why it matters
    A pool serves the networks of its own region. A network that draws from elsewhere
    could not be deployed again as it is, and its addresses say the wrong thing about
    where it lies, to people and to routes that sum addresses up by region.

    ## How to fix
    Make a pool in the region of the network, below the same root pool, and give the
    network its addresses from there.

    ```sh
    az network manager ipam-pool create --resource-group "$GROUP" --name "$POOL" \
      --network-manager-name "$MANAGER" --location "$REGION" \
      --address-prefixes "['10.40.0.0/16']" --parent-pool-name "$ROOT_POOL"
    ```

    ```bicep
    resource pool 'Microsoft.Network/networkManagers/ipamPools@2024-05-01' = {
      parent: manager
      name: 'pool-neu'
      location: network.location
      properties: { addressPrefixes: ['10.40.0.0/16'], parentPoolName: 'root' }
    }
    ```

    A network that gets other addresses has to be built again with all that is in it.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: IP address management in Azure Virtual Network Manager
    """
    if not network.pool_ids:
        return not_applicable("its addresses come from no pool")
    elsewhere, unclear = [], Unclear()
    for pool_id in dict.fromkeys(network.pool_ids):
        with unclear:
            region = _region(_pool(tenant, pool_id))
            if region != _region(network):
                elsewhere.append(f"{ResourceId.parse(pool_id).name} in {region}")
    if elsewhere:
        pools = some(printable(each) for each in elsewhere)
        return warned(f"a network in {shown(network.location)} draws from {pools}")
    unclear.settle()
    return passed(f"the network and its pools are in {shown(network.location)}")


def _pool(tenant: Tenant, pool_id: str) -> IpamPool:
    pool = tenant.get(IpamPool, pool_id)
    if pool is None:
        raise NotRead(f"{pool_id}: no such pool was read")
    return pool


def _region(resource: VirtualNetwork | IpamPool) -> str:
    if not resource.location:
        raise resource.unread("location", "says nothing")
    return resource.location.replace(" ", "").lower()


@check(
    id="xt-no-cross-tenant-template",
    title="What refers to another tenant is deployed by what can do so",
    topic=Topic.CROSS_TENANT,
    severity=Severity.INFORMATIONAL,
    on=VirtualNetwork,
    guidance=Post.CROSS_TENANT,
    controls=("NIST-800-53:CM-2", "ISO-27001-2022:A.5.23", "ISO-27001-2022:A.8.9"),
)
def no_cross_tenant_template(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.addressSpace.ipamPoolPrefixAllocations[].pool.id`.

    Asks a question about each virtual network that draws addresses from a pool of
    another tenant, because no API tells how a resource is deployed; absent, null or
    empty means that there is no pool, and the check does not apply. A pool is foreign
    if its subscription was not in a scan of the whole tenant.

    ## Why it matters
    ARM templates and Bicep cannot refer to resources outside the tenant they are
    deployed in. A network of this kind was made by a request with tokens of two
    tenants, often by hand: nobody can make it again from code, and the next deployment
    of the template may fail or drop the reference.

    ## How to fix
    Find out what deploys the network, and keep it as code that can send an auxiliary
    token: an `az rest` call in a pipeline, or a provider for Terraform that does.

    ```sh
    az rest --method put --url "$NETWORK_ID?api-version=2024-05-01" \
      --headers @headers.json --body @network.json
    ```

    The file of headers has `x-ms-authorization-auxiliary` with `Bearer` and the other
    tenant's token. Hand tokens and secrets over in files, never on the command line,
    where the process list and the shell's history keep them.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Authenticate requests across tenants
    """
    foreign, unclear = _foreign(network, tenant)
    if foreign:
        names = some(shown(ResourceId.parse(each).name) for each in foreign)
        return manual(
            f"refers to {names} of another tenant, which no ARM template can do",
            "Ask its owner what deploys this network, and whether that can be run "
            "again: which code, which identity, and where its secret is kept.",
        )
    unclear.settle()
    return not_applicable("it draws addresses from no pool of another tenant")


CHECKS: tuple[Check[Any], ...] = (
    scope_connection,
    avnm_scopes,
    vnet_foreign_pool,
    ipam_region,
    no_cross_tenant_template,
)
