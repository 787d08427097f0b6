"""Private DNS: zones, the networks they are linked to, the endpoints in them."""

from __future__ import annotations

from scanner.model.fields import Text, Texts
from scanner.model.resource import Children, Resource

API_VERSION = "2024-06-01"


class NetworkLink(Resource):
    """A link of something to a virtual network that it is for."""

    network_id = Text("properties.virtualNetwork.id")

    @property
    def leads_to(self) -> str:
        """The network it is to; Azure always returns one."""
        if not self.network_id:
            path = f"properties.virtualNetwork.id of {self.name}"
            raise self.unread(path, "says nothing")
        return self.network_id


class ZoneLink(NetworkLink):
    """A link of a zone to a virtual network whose queries it answers."""

    type = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
    api_version = API_VERSION

    state = Text("properties.virtualNetworkLinkState")


class PrivateZone(Resource):
    """A private DNS zone; its name is the domain."""

    type = "Microsoft.Network/privateDnsZones"
    api_version = API_VERSION

    links = Children(ZoneLink)


class ZoneGroup(Resource):
    """The zones in which Azure keeps the records of a private endpoint."""

    type = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
    api_version = "2024-05-01"

    zone_ids = Texts("properties.privateDnsZoneConfigs[].properties.privateDnsZoneId")
