"""What the traffic of a network meets: interfaces, security groups, routes, firewalls.

Of addresses, prefixes and ports Azure returns either the singular or the plural field.
"""

from __future__ import annotations

from scanner.model.fields import Number, Part, Parts, Text, Texts
from scanner.model.network import WIRE_SERVER, is_address
from scanner.model.resource import Resource

API_VERSION = "2024-05-01"


class NetworkInterface(Resource):
    """A network interface; its own DNS servers go before those of its network."""

    type = "Microsoft.Network/networkInterfaces"
    api_version = API_VERSION

    dns_servers = Texts("properties.dnsSettings.dnsServers")
    addresses = Texts(
        "properties.ipConfigurations[].properties.privateIPAddress", sparse=True
    )
    """What gets its address from Azure has none until it is given out."""
    subnet_ids = Texts("properties.ipConfigurations[].properties.subnet.id")

    def resolvers(self) -> tuple[str, ...]:
        """Return its own DNS servers; raises NotRead where one is no IP address.

        None where it has those of its network. `AzureProvidedDNS` stands alone, for
        Azure's own resolver (Network REST reference).
        """
        servers = self.dns_servers or ()
        if [each.lower() for each in servers] == ["azureprovideddns"]:
            return (WIRE_SERVER,)
        if not all(map(is_address, servers)):
            path = "properties.dnsSettings.dnsServers"
            raise self.malformed(path, "IP addresses", list(servers))
        return servers


class SecurityGroupRule(Part):
    """A rule of a network security group: the lowest priority that matches decides."""

    name = Text("name")
    priority = Number("properties.priority")
    direction = Text("properties.direction")
    access = Text("properties.access")
    protocol = Text("properties.protocol")
    source = Text("properties.sourceAddressPrefix")
    sources = Texts("properties.sourceAddressPrefixes")
    source_group_ids = Texts("properties.sourceApplicationSecurityGroups[].id")
    source_port = Text("properties.sourcePortRange")
    source_ports = Texts("properties.sourcePortRanges")
    destination = Text("properties.destinationAddressPrefix")
    destinations = Texts("properties.destinationAddressPrefixes")
    destination_group_ids = Texts(
        "properties.destinationApplicationSecurityGroups[].id"
    )
    port = Text("properties.destinationPortRange")
    ports = Texts("properties.destinationPortRanges")


class SecurityGroup(Resource):
    """A network security group, by its own rules."""

    type = "Microsoft.Network/networkSecurityGroups"
    api_version = API_VERSION

    rules = Parts("properties.securityRules", SecurityGroupRule)


class Route(Part):
    """A route: where traffic for a prefix goes next."""

    prefix = Text("properties.addressPrefix")
    next_hop_type = Text("properties.nextHopType")
    next_hop_address = Text("properties.nextHopIpAddress")


class RouteTable(Resource):
    """A route table."""

    type = "Microsoft.Network/routeTables"
    api_version = API_VERSION

    routes = Parts("properties.routes", Route)


class Firewall(Resource):
    """An Azure Firewall; in a virtual hub it has no IP configurations."""

    type = "Microsoft.Network/azureFirewalls"
    api_version = API_VERSION

    addresses = Texts(
        "properties.ipConfigurations[].properties.privateIPAddress", sparse=True
    )
    """Like the subnet, of the first configuration: others only add a public address."""
    subnet_ids = Texts(
        "properties.ipConfigurations[].properties.subnet.id", sparse=True
    )
    hub_address = Text("properties.hubIPAddresses.privateIPAddress")
