"""Microsoft.Network: networks, private endpoints, and what traffic meets."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.collect.read import Body, Read, RestOperation, SdkOperation, properties_of
from scanner.model.ids import ResourceId
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.privatedns import PrivateZone, ZoneGroup, ZoneLink
from scanner.model.resource import Resource
from scanner.model.traffic import (
    Firewall,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
)

_SERVED = {
    "microsoft.cognitiveservices/accounts",
    "microsoft.machinelearningservices/workspaces",
}
"""The types whose names have to resolve to their endpoints."""


_CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


def _targets(endpoint: Body) -> Iterator[str]:
    """Yield the ids of what a private endpoint leads to."""
    for kind in _CONNECTIONS:
        connections = properties_of(endpoint).get(kind)
        for each in connections if isinstance(connections, list) else ():
            if isinstance(each, dict):
                yield str(properties_of(each).get("privateLinkServiceId"))


def _leads_to_models(endpoint: Body) -> bool:
    types = (ResourceId.parse(each).type.lower() for each in _targets(endpoint))
    return any(each in _SERVED for each in types)


def _is_for_endpoints(zone: Body) -> bool:
    """Whether a zone is one that Azure's services are found in privately."""
    return str(zone.get("name")).lower().startswith("privatelink.")


def _all(of: type[Resource], method: str) -> Read:
    """Return the read of all resources of a type in a subscription."""
    return Read(
        of=of,
        operation=SdkOperation(
            client="azure.mgmt.network:NetworkManagementClient", method=method
        ),
        action=f"{of.type}/read",
        indexed=True,
    )


READS = (
    _all(VirtualNetwork, "virtual_networks.list_all"),
    _all(PrivateEndpoint, "private_endpoints.list_by_subscription"),
    Read(
        of=ZoneGroup,
        at=PrivateEndpoint,
        # The SDK's list takes the endpoint's name before that of its group.
        operation=RestOperation(path="privateDnsZoneGroups"),
        action=f"{ZoneGroup.type}/read",
        where=_leads_to_models,
    ),
    Read(
        of=PrivateZone,
        operation=RestOperation(path=f"providers/{PrivateZone.type}"),
        action=f"{PrivateZone.type}/read",
        indexed=True,
    ),
    Read(
        of=ZoneLink,
        at=PrivateZone,
        operation=RestOperation(path="virtualNetworkLinks"),
        action=f"{ZoneLink.type}/read",
        where=_is_for_endpoints,
    ),
    _all(NetworkInterface, "network_interfaces.list_all"),
    _all(SecurityGroup, "network_security_groups.list_all"),
    _all(RouteTable, "route_tables.list_all"),
    _all(Firewall, "azure_firewalls.list_all"),
)
