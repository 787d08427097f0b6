"""Where the queries of a virtual network go, told from its DNS servers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

WIRE_SERVER = ip_address("168.63.129.16")
"""Azure's own resolver, at the same address in every virtual network."""


def is_private(server: str) -> bool:
    """Whether an address may lie in a network of the organisation."""
    return not ip_address(server).is_global


def supernets(server: str) -> Iterator[str]:
    """Yield every prefix that holds an address, the narrowest first.

    Looked up by text, this finds the network of an address among thousands.
    """
    address = ip_address(server)
    for length in range(address.max_prefixlen, -1, -1):
        yield str(ip_network((address, length), strict=False))


def holds(prefixes: Collection[str], server: str) -> bool:
    """Whether an address space holds an address."""
    return any(prefix in prefixes for prefix in supernets(server))


@dataclass(frozen=True, slots=True)
class Route:
    """Where queries go: several ways where there are several DNS servers."""

    own: bool
    """To Azure's resolver in this very network, directly or by a server in it."""
    networks: tuple[str, ...] = ()
    """To servers in these other networks, whose resolver forwards them to Azure's."""
    outside: tuple[str, ...] = ()
    """To these servers, which are in no known network."""

    @property
    def reaches_azure(self) -> bool:
        """Whether any known network's Azure resolver is asked."""
        return self.own or bool(self.networks)


def route(
    servers: Sequence[str],
    prefixes: Collection[str],
    holders: Callable[[str], Sequence[str]],
) -> Route:
    """Return where a network's queries go.

    `holders` answers which other networks hold an address; no servers mean Azure's.
    """
    own, networks, outside = not servers, dict[str, None](), list[str]()
    for server in servers:
        if ip_address(server) == WIRE_SERVER or holds(prefixes, server):
            own = True
        elif found := holders(server):
            networks.update(dict.fromkeys(found))
        else:
            outside.append(server)
    return Route(own, tuple(networks), tuple(outside))
