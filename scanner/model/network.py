"""Networks: virtual networks, private endpoints, and their connections."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from scanner.model.fields import Pairs, Part, Parts, Text, Texts
from scanner.model.ids import id_key
from scanner.model.privatedns import ZoneGroup
from scanner.model.resource import Children, Resource

API_VERSION = "2024-05-01"

WIRE_SERVER = "168.63.129.16"
"""Azure's own resolver, at the same address in every virtual network."""


class Connection(Part):
    """One side of a private link connection."""

    group_ids = Texts("properties.groupIds")
    status = Text("properties.privateLinkServiceConnectionState.status")

    @property
    def approved(self) -> bool:
        """Whether traffic may flow; a pending connection is no connection."""
        return (self.status or "").lower() == "approved"


class PrivateEndpointConnection(Connection):
    """A private endpoint as the resource it leads to sees it."""

    id = Text("id")
    endpoint_id = Text("properties.privateEndpoint.id")


class PrivateLinkConnection(Connection):
    """What a private endpoint leads to, and as which sub-resource."""

    target_id = Text("properties.privateLinkServiceId")


class PrivateEndpoint(Resource):
    """A private endpoint: a network interface that leads to one service."""

    type = "Microsoft.Network/privateEndpoints"
    api_version = API_VERSION

    connections = Parts(
        "properties.privateLinkServiceConnections", PrivateLinkConnection
    )
    manual_connections = Parts(
        "properties.manualPrivateLinkServiceConnections", PrivateLinkConnection
    )
    target_ids = Texts(
        "properties.privateLinkServiceConnections[].properties.privateLinkServiceId"
    )
    manual_target_ids = Texts(
        "properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId"
    )
    subnet_id = Text("properties.subnet.id")
    interface_ids = Texts("properties.networkInterfaces[].id")
    application_group_ids = Texts("properties.applicationSecurityGroups[].id")

    zone_groups = Children(ZoneGroup)

    def connections_to(self, resource_id: str) -> Iterator[PrivateLinkConnection]:
        """Yield its connections to a resource, asked for either way."""
        for connection in (*self.connections, *self.manual_connections):
            if id_key(connection.target_id or "") == id_key(resource_id):
                yield connection


class PrivateReach:
    """The sub-resources of a resource that approved private endpoints lead to.

    Iterating yields those known, in lower case, then raises NotRead if there may be
    more: an endpoint that was not read names its sub-resources to nobody else.
    """

    def __init__(
        self, target: Resource, connections: tuple[PrivateEndpointConnection, ...]
    ) -> None:
        self._target = target
        self._connections = connections
        self._listings = [
            target.tenant.referring(PrivateEndpoint, field, target.id)
            for field in ("target_ids", "manual_target_ids")
        ]

    def __iter__(self) -> Iterator[str]:
        yield from self.known()
        for listing in self._listings:
            yield from (group for endpoint in listing for group in self._of(endpoint))
        for connection in self._opaque():
            self._require(connection)

    def known(self) -> Iterator[str]:
        """Yield what is known, be it everything or not."""
        for connection in self._connections:
            if connection.approved:
                yield from (group.lower() for group in connection.group_ids or ())
        for endpoint in self._endpoints():
            yield from self._of(endpoint)

    def endpoints(self, *groups: str) -> Iterator[PrivateEndpoint]:
        """Yield the endpoints known to lead to one of some sub-resources, approved."""
        for endpoint in self._endpoints():
            if not set(groups).isdisjoint(self._of(endpoint)):
                yield endpoint

    def require_own(self) -> None:
        """Raise NotRead if the tenant may have more endpoints than are known.

        Those that Azure makes in its own subscriptions do not count.
        """
        for listing in self._listings:
            listing.require_whole()
        tenant, read = self._target.tenant, {each.key for each in self._endpoints()}
        for connection in self._connections:
            endpoint_id = connection.endpoint_id or ""
            known = id_key(endpoint_id) in read or not connection.approved
            if not known and not tenant.is_foreign(endpoint_id):
                self._require(connection)

    @property
    def whole(self) -> bool:
        """Whether there can be no more than what is known."""
        listed = all(listing.whole for listing in self._listings)
        return listed and not any(True for _ in self._opaque())

    def _endpoints(self) -> Iterator[PrivateEndpoint]:
        for listing in self._listings:
            yield from listing.known()

    def _of(self, endpoint: PrivateEndpoint) -> Iterator[str]:
        """Yield where an endpoint leads; the target's own word on approval counts."""
        own = {
            connection.approved
            for connection in self._connections
            if id_key(connection.endpoint_id or "") == endpoint.key
        }
        for connection in endpoint.connections_to(self._target.id):
            if connection.approved if len(own) != 1 else True in own:
                yield from (group.lower() for group in connection.group_ids or ())

    def _opaque(self) -> Iterator[PrivateEndpointConnection]:
        """Yield approved connections of which nobody says where they lead."""
        read = {endpoint.key for endpoint in self._endpoints()}
        for connection in self._connections:
            known = connection.group_ids or id_key(connection.endpoint_id or "") in read
            if connection.approved and not known:
                yield connection

    def _require(self, connection: PrivateEndpointConnection) -> None:
        """Raise NotRead unless the endpoint of a connection is known to be gone."""
        if connection.endpoint_id is None:
            raise connection.unread("properties.privateEndpoint.id", "says nothing")
        self._target.tenant.get(PrivateEndpoint, connection.endpoint_id)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address, and no address of a single link."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


class Peering(Part):
    """A peering of a virtual network with another."""

    remote_id = Text("properties.remoteVirtualNetwork.id")
    state = Text("properties.peeringState")


class Subnet(Part):
    """A subnet of a virtual network."""

    id = Text("id")
    prefix = Text("properties.addressPrefix")
    prefixes = Texts("properties.addressPrefixes")
    security_group_id = Text("properties.networkSecurityGroup.id")
    route_table_id = Text("properties.routeTable.id")
    endpoint_policies = Text("properties.privateEndpointNetworkPolicies")
    delegations = Texts("properties.delegations[].properties.serviceName")


class VirtualNetwork(Resource):
    """A virtual network."""

    type = "Microsoft.Network/virtualNetworks"
    api_version = API_VERSION

    dns_servers = Texts("properties.dhcpOptions.dnsServers")
    address_prefixes = Texts("properties.addressSpace.addressPrefixes")
    pool_ids = Texts("properties.addressSpace.ipamPoolPrefixAllocations[].pool.id")
    tags = Pairs("tags")
    peerings = Parts("properties.virtualNetworkPeerings", Peering)
    subnets = Parts("properties.subnets", Subnet)

    def resolvers(self) -> tuple[str, ...]:
        """Return its DNS servers; raises NotRead where one is no IP address."""
        servers = self.dns_servers or ()
        if not all(map(is_address, servers)):
            path = "properties.dhcpOptions.dnsServers"
            raise self.malformed(path, "IP addresses", list(servers))
        return servers

    @property
    def peers(self) -> frozenset[str]:
        """The networks it is peered with, in the form of their ids that compares."""
        return frozenset(
            id_key(peering.remote_id) for peering in self.peerings if peering.remote_id
        )
