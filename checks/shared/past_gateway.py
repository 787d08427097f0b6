"""The ways into an account that is closed beside the gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from checks.shared.filtering import (
    ANYWHERE,
    Opening,
    Place,
    Ranges,
    openings,
    overlap,
    without,
)
from checks.shared.fronting import expected, fronting, gateways_of
from checks.shared.perimeters import anything, let_in
from checks.shared.subnets import ranges_of, require_subnet
from checks.shared.wording import quote, shown, some
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import PrivateEndpoint, Subnet
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant
from scanner.model.traffic import (
    Firewall,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
)

PORT = 443
"""What an account listens on."""
FILTERED = frozenset({"enabled", "networksecuritygroupenabled"})
"""Values of `privateEndpointNetworkPolicies` with which security groups apply."""


@dataclass(slots=True)
class Ways:
    """Who gets to an account beside the gateway, by its endpoints or a perimeter."""

    open: list[str] = field(default_factory=list)
    """Ways that somebody else has, as a sentence names them."""
    asked: list[str] = field(default_factory=list)
    """What only a person can tell."""
    unclear: Unclear = field(default_factory=Unclear)
    """Why there may be more."""


@dataclass(frozen=True, slots=True)
class _Gateway:
    """The gateways in front of an account, as far as they have subnets."""

    ranges: Ranges
    subnets: tuple[Subnet, ...]


def ways_beside(account: CognitiveAccount) -> Ways:
    """Return the ways to an account beside the gateway that its firewall leaves.

    That is by its private endpoints, and by the rules of a perimeter.
    """
    ways, tenant = Ways(), account.tenant
    approved = [each for each in account.private_endpoint_connections if each.approved]
    gateway = _Gateway((), ())
    with ways.unclear:
        gateway = _gateway(account)
    for connection in approved:
        with ways.unclear:
            _judge(connection.endpoint_id or "", gateway, ways, tenant)
    with ways.unclear:
        opening = let_in(account, anything)
        ways.asked += [f"who comes in where {opening}?"] if opening else []
    return ways


def _gateway(account: CognitiveAccount) -> _Gateway:
    found, tenant = fronting(account), account.tenant
    subnets = tuple(
        require_subnet(tenant, subnet_id, service.name)
        for service in gateways_of(account, found)
        for subnet_id in (service.subnet_id, *(service.other_subnet_ids or ()))
        if subnet_id
    )
    if not subnets and found.unread and not expected(account):
        raise found.unread
    return _Gateway(tuple(one for each in subnets for one in ranges_of(each)), subnets)


def _judge(endpoint_id: str, gateway: _Gateway, ways: Ways, tenant: Tenant) -> None:
    name = quote(ResourceId.parse(endpoint_id).name)
    if tenant.is_foreign(endpoint_id):
        ways.open.append(f"{name} lies in a subscription of others")
        return
    endpoint = tenant.get(PrivateEndpoint, endpoint_id) if endpoint_id else None
    if endpoint is None:
        raise NotRead(f"the endpoint {name} was not read")
    subnet = require_subnet(tenant, endpoint.subnet_id, endpoint.name)
    group_id = subnet.security_group_id
    policies = subnet.endpoint_policies or "Disabled"
    if policies.lower() not in FILTERED or not group_id:
        said = f"leaves it unfiltered ({shown(policies)})"
        ways.open.append(
            f"the subnet of {name} {said if group_id else 'has no security group'}"
        )
        return
    group = tenant.get(SecurityGroup, group_id)
    if group is None:
        raise NotRead(f"the security group of {name} is not there")
    for opening in openings(group, _place(endpoint, subnet)):
        _sort(opening, gateway, ways, tenant)
    ways.asked += _detours(gateway, subnet, tenant)


def _place(endpoint: PrivateEndpoint, subnet: Subnet) -> Place:
    groups = frozenset(map(id_key, endpoint.application_group_ids or ()))
    try:
        return Place(tuple(_addresses(endpoint)), PORT, groups)
    except NotRead as problem:
        return Place(ranges_of(subnet), PORT, groups, problem.light())


def _addresses(endpoint: PrivateEndpoint) -> Iterator[IPv4Network]:
    named = endpoint.interface_ids or ()
    if not named:
        raise endpoint.unread("properties.networkInterfaces", "names none")
    for each in named:
        interface = endpoint.tenant.get(NetworkInterface, each)
        if interface is None or not interface.addresses:
            raise NotRead(f"the address of {endpoint.name} was not read")
        path = NetworkInterface.addresses.path
        yield from _each_alone(interface.addresses, interface, path)


def _each_alone(
    addresses: Iterable[str], owner: Resource, path: str
) -> Iterator[IPv4Network]:
    """Yield the IPv4 addresses as ranges; raises NotRead where one is no address."""
    for each in addresses:
        if ":" not in each:
            try:
                yield IPv4Network(IPv4Address(each))
            except ValueError:
                raise owner.malformed(path, "an IP address", each) from None


def _sort(opening: Opening, gateway: _Gateway, ways: Ways, tenant: Tenant) -> None:
    """Put an opening where it belongs: to nobody, to somebody, or to a question."""
    rule = shown(opening.rule)
    beside = without(opening.ranges, gateway.ranges)
    if opening.grouped:
        ways.asked.append(f"who is in the application security groups of {rule}?")
    if not beside:
        return
    named = _named(beside)
    if beside == ANYWHERE or (gateway.ranges and not _through(beside, tenant)):
        ways.open.append(f"rule {rule} lets {named} through")
    elif gateway.ranges:
        ways.asked.append(f"who comes through the firewall that {rule} lets through?")
    else:
        ways.asked.append(f"is the gateway all that {rule} lets through, {named}?")


def _named(ranges: Ranges) -> str:
    if ranges == ANYWHERE:
        return "every network"
    return some(map(str, ranges))


def _through(ranges: Ranges, tenant: Tenant) -> bool:
    """Whether ranges hold no more than addresses of firewalls.

    Raises NotRead if they hold more, and there may be more firewalls.
    """
    firewalls = tenant.all(Firewall)
    known, unclear = list[IPv4Network](), Unclear()
    for firewall in firewalls.known():
        with unclear:
            known += _of_firewall(firewall)
    if not without(ranges, known):
        return True
    unclear.settle()
    firewalls.require_whole()
    return False


def _of_firewall(firewall: Firewall) -> Iterator[IPv4Network]:
    inside, in_hub = Firewall.addresses.path, Firewall.hub_address.path
    yield from _each_alone(firewall.addresses or (), firewall, inside)
    yield from _each_alone(filter(None, [firewall.hub_address]), firewall, in_hub)


def _detours(gateway: _Gateway, subnet: Subnet, tenant: Tenant) -> Iterator[str]:
    """Yield appliances on the way from the gateway, which hide where traffic is from.

    A default route is none, nor its halves: Azure's own for networks are narrower.
    """
    for each in gateway.subnets:
        table_id = each.route_table_id
        table = tenant.get(RouteTable, table_id) if table_id else None
        for route in table.routes if table else ():
            appliance = (route.next_hop_type or "").lower() == "virtualappliance"
            if appliance and _leads_to(route.prefix or "", subnet):
                hop = shown(route.next_hop_address)
                yield f"who else comes through the appliance {hop} before it?"


def _leads_to(prefix: str, subnet: Subnet) -> bool:
    try:
        range_ = IPv4Network(prefix)
    except ValueError:
        return False
    return range_.prefixlen > 1 and overlap((range_,), ranges_of(subnet))
