"""Where the DNS queries of networks go, and whether a security policy sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from itertools import chain, islice
from typing import Any

from checks.dns_security_policies.controls import LOGGING, REACH
from checks.shared.dns_routes import cite_askers, cite_route, cite_servers
from checks.shared.scanned import failed_so_far, require_all_scanned
from checks.shared.wording import CITED, count, shown, some
from scanner.dns.coverage import Region, Row
from scanner.dns.facts import Host, Kind
from scanner.dns.gather import dns_of
from scanner.dns.hosts import cite_host
from scanner.dns.reading import region_of, require_known
from scanner.dns.resolver import Resolver
from scanner.dns.routes import Where
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead, Unclear
from scanner.model.dns import InboundEndpoint, PolicyLink, ResolverPolicy
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import WIRE_SERVER, VirtualNetwork
from scanner.model.tenant import Tenant
from scanner.model.traffic import NetworkInterface


@check(
    id="dns-policy-per-region",
    title="Regions whose networks ask Azure's resolver have a DNS security policy",
    topic=Topic.DNS,
    severity=Severity.MEDIUM,
    on=VirtualNetwork,
    by_region=True,
    guidance=Post.DNS_POLICIES,
    controls=(*LOGGING, "NIST-800-53:SC-7"),
)
def policy_per_region(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `location` of the policies, and of the virtual networks that need one.

    Azure returns it for both: a policy where it is absent or null may lie anywhere.
    Networks need one whose queries reach Azure's resolver in the network itself:
    without `properties.dhcpOptions.dnsServers` (absent, null or empty: Network REST
    reference), with a server inside, or with a private resolver that others ask. A
    region where every network forwards to another region or out of Azure is not
    applicable, as all are in a cloud without DNS security policies. The tenant carries
    one answer for each region. In a narrowed scan a missing policy is a warning: it may
    lie in a subscription that was left out.

    ## Why it matters
    A policy is regional and links to networks of its region only. Whoever opens a
    second region and forgets the policy has a region whose queries nobody sees, while
    the first one looks well kept.

    ## How to fix
    Create a policy in the region, link the networks there that ask Azure's resolver,
    and send its log where the others go.

    ```sh
    az dns-resolver policy create --resource-group RG --name POLICY --location REGION
    ```

    ```bicep
    resource policy 'Microsoft.Network/dnsResolverPolicies@2025-05-01' = {
      name: 'dnspol-REGION'
      location: 'REGION'
      properties: {}
    }
    ```

    ```terraform
    resource "azapi_resource" "policy" {
      type      = "Microsoft.Network/dnsResolverPolicies@2025-05-01"
      name      = "dnspol-REGION"
      parent_id = azurerm_resource_group.dns.id
      location  = "REGION"
      body      = { properties = {} }
    }
    ```

    ## Exceptions
    Where Azure does not offer DNS security policies in the region yet, exempt it until
    it does.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    region = region_of(network)
    dns = tenant.once(dns_of)
    here = next(each for each in dns.regions() if each.location == region)
    if here.policies:
        _cite_policies(here, tenant)
        named = some(shown(ResourceId.parse(each.id).name) for each in here.policies)
        return passed(f"{here.location} has {named}")
    asking = _asking(here, tenant)
    if not asking:
        tenant.all(VirtualNetwork).require_whole()
        tenant.all(InboundEndpoint).require_whole()
        require_known(filter(None, [here.doubt]))
        require_known(chain.from_iterable(row.route.doubts for row in here.rows))
        every = dns.facts.networks.values()
        require_known(filter(None, (each.location_doubt for each in every)))
        require_all_scanned(tenant, f"networks of {here.location} that ask a resolver")
        return not_applicable(f"no network in {here.location} asks Azure's resolver")
    _cite_networks((row.network.id for row in asking), tenant)
    require_known(filter(None, [here.doubt]))
    tenant.trace.note(
        f"/tenants/{tenant.id}", ResolverPolicy.type, [], ResolverPolicy.api_version
    )
    networks = some(shown(ResourceId.parse(row.network.id).name) for row in asking)
    return _lacking(tenant, f"{here.location} has no policy for {networks}")


def _asking(region: Region, tenant: Tenant) -> list[Row]:
    """Return the networks of a region whose Azure resolver somebody asks."""
    hubs = tenant.once(_hubs)
    return [
        row for row in region.rows if row.route.here or id_key(row.network.id) in hubs
    ]


def _cite_policies(region: Region, tenant: Tenant) -> None:
    for policy in region.policies[:CITED]:
        found = tenant.known(ResolverPolicy, policy.id)
        if found:
            found.cite(ResolverPolicy.location)


def _cite_networks(ids: Iterable[str], tenant: Tenant) -> None:
    for each in islice(ids, CITED):
        found = tenant.known(VirtualNetwork, each)
        if found:
            found.cite(VirtualNetwork.location, VirtualNetwork.dns_servers)


def _lacking(tenant: Tenant, reason: str) -> Verdict:
    """Return what a policy or link that is missing comes to.

    Where the cloud has no DNS security policies there can be none.
    """
    if tenant.offers(ResolverPolicy):
        return failed_so_far(tenant, reason)
    tenant.trace.note(
        f"/tenants/{tenant.id}", ResolverPolicy.type, [], ResolverPolicy.api_version
    )
    return not_applicable("the cloud has no DNS security policies")


# Which network is judged by which check


def answering(tenant: Tenant) -> Mapping[str, tuple[Host, ...]]:
    """Return what answers DNS in each network, by the network's key.

    Inbound endpoints are there to; firewalls and interfaces where a network has one's
    address as a DNS server.
    """
    dns = tenant.once(dns_of)
    found: dict[str, dict[Host, None]] = defaultdict(dict)
    for host in chain.from_iterable(dns.facts.hosts.values()):
        if host.kind is Kind.ENDPOINT and host.network:
            found[host.network][host] = None
    for row in dns.covered().values():
        for stop in row.route.stops:
            if stop.host and stop.network:
                found[stop.network][stop.host] = None
    return {network: tuple(hosts) for network, hosts in found.items()}


def _hubs(tenant: Tenant) -> frozenset[str]:
    """Return the networks in which a DNS server is, for others or for itself."""
    dns = tenant.once(dns_of)
    own = (key for key, row in dns.covered().items() if _asks_inside(row))
    return frozenset(dns.hubs()).union(own)


def _asks_inside(row: Row) -> bool:
    return any(
        stop.where is Where.HERE and stop.server not in {None, WIRE_SERVER}
        for stop in row.route.stops
    )


def _is_hub(network: VirtualNetwork) -> bool:
    """Whether a DNS server is in a network; raises NotRead where a resolver may be."""
    if network.key in network.tenant.once(_hubs):
        return True
    network.tenant.all(InboundEndpoint).require_whole()
    return False


def _is_isolated(network: VirtualNetwork) -> bool:
    return not _is_hub(network) and not network.peers


def _is_spoke(network: VirtualNetwork) -> bool:
    return not _is_hub(network) and bool(network.peers)


@check(
    id="dns-vnet-linked",
    title="Peered networks send their DNS queries past a security policy",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=VirtualNetwork,
    where=_is_spoke,
    guidance=Post.DNS_POLICIES,
    controls=REACH,
)
def vnet_linked(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.dhcpOptions.dnsServers` and the policies' virtual network links.

    No servers (absent, null or empty) mean Azure's own resolver in this very network
    (Network REST reference), as does its address 168.63.129.16. A server inside the
    network's `properties.addressSpace.addressPrefixes` asks that resolver too; one
    inside another scanned network, peered ones first, asks the resolver there, and then
    that network needs the link. Where address spaces overlap, the inbound endpoint,
    firewall or network interface with the address tells which network it is. A link to
    a policy of another region is none, as policies see queries of their own region
    alone; where `location` of either is absent or null it may be one. A network
    whose servers are all elsewhere is not applicable: public ones, and those of no
    scanned network, which peers in another tenant may be, such as a virtual WAN's own
    network. One that asks a firewall in a virtual hub is not assessed, because the
    hub's policy says where that asks.
    In a narrowed scan a missing link is a warning: the policy may lie in a subscription
    that was left out. In a cloud without DNS security policies it is not applicable.

    Networks that host a DNS server, and those without peerings, have checks of their
    own: `dns-centralized-hub-linked` and `dns-distributed-linked`.

    ## Why it matters
    A policy sees only queries that reach Azure's resolver in a network it is linked to.
    Whatever runs in an unlinked network resolves any name unseen and unfiltered, so
    malware there finds its command server and DNS tunnels carry data out.

    ## How to fix
    Link the network where the queries reach Azure's resolver, which is the hub for
    spokes that forward to it, to the DNS security policy of its region.

    ```sh
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name VNET --location REGION --virtual-network "{id:VNET_ID}"
    ```

    ```bicep
    resource policy 'Microsoft.Network/dnsResolverPolicies@2025-05-01' existing = {
      name: 'POLICY'
      resource link 'virtualNetworkLinks' = {
        name: 'hub'
        location: location
        properties: { virtualNetwork: { id: network.id } }
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "link" {
      type      = "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks@2025-05-01"
      name      = "hub"
      parent_id = azapi_resource.policy.id
      location  = azurerm_virtual_network.hub.location
      body = {
        properties = { virtualNetwork = { id = azurerm_virtual_network.hub.id } }
      }
    }
    ```

    A network has one policy only, and the link puts its Block rules in force at once:
    try new lists with Alert first.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    return _of_way(network, tenant)


def _of_way(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    """Return whether a policy sees the queries wherever they reach Azure's resolver."""
    dns = tenant.once(dns_of)
    row = dns.covered()[network.key]
    cite_route(tenant, row.route)
    _cite_end(tenant, row)
    unlinked = [each.network for each in row.sights if each.seen is False]
    if unlinked:
        return _lacking(tenant, _unlinked(unlinked, row, dns))
    require_known(row.doubts)
    if not row.sights:
        return not_applicable(
            f"its DNS servers are in no scanned network: {some(row.route.outside)}"
        )
    if row.via:
        hubs = (each for each in row.route.asked if each != network.key)
        return passed(f"via hub {_names(hubs, dns)}, which a policy is linked to")
    return passed("a policy is linked to it")


def _cite_end(tenant: Tenant, row: Row) -> None:
    """Note the links to the networks whose resolver answers the queries of one."""
    for asked in row.route.asked:
        _cite_links(tenant, asked)


def _cite_links(tenant: Tenant, network: str) -> None:
    """Note the links to a network; that there are none is evidence too."""
    here = tenant.known(VirtualNetwork, network)
    if here is not None:
        with suppress(NotRead):
            here.cite(VirtualNetwork.location)
    links = tenant.referring(PolicyLink, "leads_to", network)
    for link in links.known():
        link.cite(PolicyLink.network_id)
        policy = tenant.known(ResolverPolicy, link.parts.parent)
        if policy:
            policy.cite(ResolverPolicy.location)
    if links.whole and not links:
        name = tenant.once(dns_of).id_of(network)
        tenant.trace.note(name, PolicyLink.type, [], PolicyLink.api_version)


def _unlinked(unlinked: Iterable[str], row: Row, dns: Resolver) -> str:
    if [*unlinked] == [id_key(row.network.id)]:
        reached = "its queries reach Azure's resolver"
        return f"{reached}, and no policy of its region is linked to it"
    hubs = _names(unlinked, dns)
    missing = "which no policy of its region is linked to"
    return f"its queries go to {hubs}, {missing}"


def _names(networks: Iterable[str], dns: Resolver) -> str:
    return some(shown(ResourceId.parse(dns.id_of(each)).name) for each in networks)


@check(
    id="dns-centralized-hub-linked",
    title="Networks that answer DNS for others are linked to a security policy",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=VirtualNetwork,
    where=_is_hub,
    guidance=Post.DNS_POLICIES,
    controls=REACH,
)
def centralized_hub_linked(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.virtualNetwork.id` of the policies' links, for DNS hubs.

    A network is one when it has the inbound endpoint of a private resolver, or an
    address that a scanned network names in `properties.dhcpOptions.dnsServers`: of a
    firewall, of a machine, or just within its address space. Whatever answers there is
    taken to ask Azure's resolver in that network, where only a policy linked to it
    sees the query. An absent link means none does, and so does one to a policy of
    another region. In a narrowed scan it is a warning: a policy may lie in a
    subscription that was left out. In a cloud without DNS security policies it is not
    applicable.

    ## Why it matters
    In a centralised design all spokes ask one place, and one link covers them all. If
    it is missing they are all blind at once, and links on the spokes do not help: no
    query reaches Azure's resolver there.

    ## How to fix
    Link the network with the private resolver, firewall or DNS machines to the policy
    of its region.

    ```sh
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name HUB --location REGION --virtual-network "{id:HUB_ID}"
    ```

    ```bicep
    resource policy 'Microsoft.Network/dnsResolverPolicies@2025-05-01' existing = {
      name: 'POLICY'
      resource link 'virtualNetworkLinks' = {
        name: 'hub'
        location: location
        properties: { virtualNetwork: { id: hub.id } }
      }
    }
    ```

    The policy's Block rules are in force for every spoke from then on: try new lists
    with Alert first.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    dns = tenant.once(dns_of)
    for host in tenant.once(answering).get(network.key, ())[:CITED]:
        cite_host(tenant, host)
    network.cite(VirtualNetwork.dns_servers, VirtualNetwork.address_prefixes)
    _cite_links(tenant, network.key)
    sight = dns.sight(network.id)
    others = dns.hubs().get(network.key, ())
    asked = f"asked by {count(len(others), 'other network', 'other networks')}"
    cite_askers(tenant, others)
    if sight.seen is False:
        missing = "no policy of its region is linked to it"
        return _lacking(tenant, f"it answers DNS, {asked}, and {missing}")
    require_known(filter(None, [sight.doubt]))
    return passed(f"it answers DNS, {asked}, and a policy is linked to it")


@check(
    id="dns-distributed-linked",
    title="Networks without peerings are linked to a DNS security policy",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=VirtualNetwork,
    where=_is_isolated,
    guidance=Post.DNS_POLICIES,
    controls=REACH,
)
def distributed_linked(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.virtualNetworkPeerings`, `properties.dhcpOptions.dnsServers`.

    And the links of the policies. A network without peerings (absent, null or empty)
    that names no DNS servers asks Azure's resolver in itself (Network REST reference),
    so it needs a link of its own; one that reaches a server in another scanned network
    all the same, by a gateway or a virtual WAN, needs the link there. A link to a
    policy of another region is none. Servers that are all outside Azure make it not
    applicable, as is a missing link in a cloud without DNS security policies. In a
    narrowed scan it is a warning: the policy may lie in a subscription that was left
    out.

    ## Why it matters
    A network that stands alone is often called safe for it. Azure's resolver answers it
    for any name on the Internet all the same, and DNS queries are enough to carry data
    out, without any route.

    ## How to fix
    Link the network to the policy of its region.

    ```sh
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name VNET --location REGION --virtual-network "{id:VNET_ID}"
    ```

    ```bicep
    resource policy 'Microsoft.Network/dnsResolverPolicies@2025-05-01' existing = {
      name: 'POLICY'
      resource link 'virtualNetworkLinks' = {
        name: 'isolated'
        location: location
        properties: { virtualNetwork: { id: network.id } }
      }
    }
    ```

    Isolated networks often need few names: a policy of their own that allows those and
    blocks `.` is stricter still.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    return _of_way(network, tenant)


@check(
    id="dns-external-dns-unlogged",
    title="DNS queries do not bypass Azure's resolver",
    topic=Topic.DNS,
    severity=Severity.MEDIUM,
    on=VirtualNetwork,
    guidance=Post.DNS_POLICIES,
    controls=LOGGING,
)
def external_dns_unlogged(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.dhcpOptions.dnsServers`, and interfaces with servers of their own.

    Servers are outside when no scanned network holds their address, those in a peered
    network of another tenant too; absent, null or empty is Azure's resolver (Network
    REST reference). A network interface goes by its
    `properties.dnsSettings.dnsServers` where it has any, whatever its network says;
    `AzureProvidedDNS` there is Azure's resolver. A network is a warning when all its
    servers, or all those of an interface in it, are outside; where only some are, that
    is told as a fact.

    ## Why it matters
    DNS security policies sit in front of Azure's resolver. A machine that asks a public
    or on-premises server never meets it: nothing is logged, nothing is blocked, and the
    links look as if all was in order.

    ## How to fix
    Give the network the resolver of its hub (or none, for Azure's own) as DNS server,
    and take servers off the interfaces.

    ```sh
    az network vnet update --ids VNET_ID --dns-servers HUB_RESOLVER_ADDRESS
    az network nic update --ids NIC_ID --dns-servers null
    ```

    ```bicep
    resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
      properties: { dhcpOptions: { dnsServers: ['HUB_RESOLVER_ADDRESS'] } }
    }
    ```

    ```terraform
    resource "azurerm_virtual_network_dns_servers" "spoke" {
      virtual_network_id = azurerm_virtual_network.spoke.id
      dns_servers        = ["HUB_RESOLVER_ADDRESS"]
    }
    ```

    Names that only the other server knows stop resolving: forward their zones from the
    hub's resolver first. Machines take the change when they renew their lease or
    restart. Forbid port 53 to the Internet too, or a program simply asks elsewhere.

    ## Exceptions
    An on-premises server that forwards all it is asked to the hub's inbound endpoint is
    seen there, with its own address as the client: exempt the network and say so.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Name resolution for resources in Azure virtual networks
    """
    dns = tenant.once(dns_of)
    row = dns.covered()[network.key]
    cite_servers(tenant, row.route)
    outside = row.route.outside
    if outside and len(outside) == len(row.route.stops):
        asks = f"it asks {some(outside)}"
        return warned(f"no policy of the tenant sees its queries: {asks}")
    unclear = Unclear()
    astray = list(_astray(row, tenant, unclear))
    if astray:
        each = some(f"{shown(nic.name)} ({some(nic.resolvers())})" for nic in astray)
        many = count(len(astray), "interface bypasses", "interfaces bypass")
        return warned(f"{many} the DNS servers of the network: {each}")
    unclear.settle()
    require_known(row.route.doubts)
    _require_interfaces(tenant)
    if outside:
        return info(f"some of its DNS servers are outside Azure: {some(outside)}")
    return passed("its queries reach Azure's resolver")


def _astray(row: Row, tenant: Tenant, unclear: Unclear) -> Iterator[NetworkInterface]:
    """Yield the interfaces in a network whose own DNS servers are all outside.

    Why there may be more of them is kept.
    """
    own = tenant.once(_with_servers).get(id_key(row.network.id), ())
    for nic in filter(None, (tenant.known(NetworkInterface, each) for each in own)):
        with unclear:
            servers = [str(ip_address(each)) for each in nic.resolvers()]
            route = tenant.once(dns_of).routes.via(row.network, servers)
            require_known(route.doubts)
            if len(route.outside) == len(route.stops):
                nic.cite(NetworkInterface.subnet_ids)
                yield nic


def _require_interfaces(tenant: Tenant) -> None:
    """Raise NotRead if some interface with DNS servers may be in any network."""
    tenant.all(NetworkInterface).require_whole()
    for lost in tenant.once(_with_servers).get("", ()):
        nic = tenant.known(NetworkInterface, lost)
        if nic:
            nic.cite(NetworkInterface.subnet_ids)


def _with_servers(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return the interfaces with DNS servers of their own, by their network's key."""
    found: dict[str, list[str]] = defaultdict(list)
    for nic in tenant.all(NetworkInterface).known():
        for network in _networks_of(nic):
            found[network].append(nic.id)
    return {network: tuple(ids) for network, ids in found.items()}


def _networks_of(nic: NetworkInterface) -> frozenset[str]:
    """Return where an interface with DNS servers is; empty where it cannot be read.

    Servers that cannot be read count: whoever judges the network is to say so.
    """
    try:
        servers = bool(nic.dns_servers)
    except NotRead:
        servers = True
    try:
        subnets = nic.subnet_ids or () if servers else ()
    except NotRead:
        return frozenset({""})
    return frozenset(id_key(ResourceId.parse(each).parent) for each in subnets)


CHECKS: tuple[Check[Any], ...] = (
    policy_per_region,
    vnet_linked,
    centralized_hub_linked,
    distributed_linked,
    external_dns_unlogged,
)
