"""What has the addresses that networks may name as DNS servers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

from scanner.dns.facts import Doubt, Host, Kind, Network
from scanner.dns.reading import asked, unread
from scanner.model.dns import InboundEndpoint
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import VirtualNetwork
from scanner.model.tenant import Tenant
from scanner.model.traffic import Firewall, NetworkInterface

_VIEWS: Mapping[Kind, type[InboundEndpoint | Firewall | NetworkInterface]] = {
    Kind.ENDPOINT: InboundEndpoint,
    Kind.FIREWALL: Firewall,
    Kind.INTERFACE: NetworkInterface,
}


def hosts_of(
    tenant: Tenant, networks: Iterable[Network]
) -> tuple[Mapping[str, tuple[Host, ...]], Doubt | None]:
    """Return what has which address, and why there may be more in virtual hubs.

    One that says too little is left out: the address space tells of most where they
    are. Of network interfaces, of which there are many, those whose addresses some
    network names.
    """
    named = {server for each in networks for server in each.servers}
    found: dict[str, list[Host]] = defaultdict(list)
    for address, host in _hosts(tenant):
        if host.kind is not Kind.INTERFACE or address in named:
            found[address].append(host)
    hosts = {address: tuple(each) for address, each in found.items()}
    return hosts, unread(tenant.all(Firewall))


def cite_host(tenant: Tenant, host: Host) -> None:
    """Note where a host is as evidence."""
    view = _VIEWS[host.kind]
    found = tenant.known(view, host.id)
    if found is not None:
        found.cite(view.addresses, view.subnet_ids)


def _hosts(tenant: Tenant) -> Iterator[tuple[str, Host]]:
    for kind, view in _VIEWS.items():
        for found in tenant.all(view).known():
            yield from _placed(found, kind)
    for firewall in tenant.all(Firewall).known():
        yield from _in_hub(firewall)


def _placed(
    found: InboundEndpoint | Firewall | NetworkInterface, kind: Kind
) -> Iterator[tuple[str, Host]]:
    """Yield the addresses of what is in a network: all its subnets are in the same."""
    subnets = asked([], lambda: found.subnet_ids) or ()
    networks = {
        id_key(ResourceId.parse(each).parent) for each in filter(_is_subnet, subnets)
    }
    if len(networks) == 1:
        host = Host(kind, found.id, networks.pop())
        for address in asked([], lambda: found.addresses) or ():
            yield from _at(address, host)


def _is_subnet(resource_id: str) -> bool:
    kind = ResourceId.parse(resource_id).type
    return kind.lower() == f"{VirtualNetwork.type}/subnets".lower()


def _in_hub(firewall: Firewall) -> Iterator[tuple[str, Host]]:
    address = asked([], lambda: firewall.hub_address)
    if address:
        yield from _at(address, Host(Kind.FIREWALL, firewall.id, None))


def _at(address: str, host: Host) -> Iterator[tuple[str, Host]]:
    """Yield a host at an address as addresses are compared, if it is one."""
    try:
        yield str(ip_address(address)), host
    except ValueError:
        return
