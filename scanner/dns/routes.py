"""Where the queries of a virtual network go, told from its DNS servers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import lru_cache
from ipaddress import ip_address, ip_network

from scanner.dns.facts import Doubt, Facts, Host, Network
from scanner.model.ids import id_key
from scanner.model.network import WIRE_SERVER


@unique
class Where(StrEnum):
    """Where a DNS server leads the queries that it is asked."""

    HERE = "here"
    """To Azure's resolver in the very network."""
    THERE = "there"
    """To Azure's resolver in another network, where the server is."""
    OUTSIDE = "outside"
    """To a server in no network of Azure that is known."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stop:
    """One DNS server of a network, and where queries go from it."""

    where: Where
    server: str | None = None
    """Its address; None where the network names none, so that Azure's is asked."""
    network: str | None = None
    """The key of the network whose Azure resolver is asked."""
    host: Host | None = None
    """What is known to have the address."""
    doubt: Doubt | None = None
    """Why it is not known where queries go."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the queries of a network go: several ways where it has several servers."""

    network: Network
    stops: tuple[Stop, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """The keys of the networks whose Azure resolver is asked, each once."""
        return tuple(dict.fromkeys(each.network for each in self.stops if each.network))

    @property
    def here(self) -> bool:
        """Whether Azure's resolver is asked in the very network."""
        return any(each.where is Where.HERE for each in self.stops)

    @property
    def outside(self) -> tuple[str, ...]:
        """The servers that are in no known network."""
        stops = (each for each in self.stops if each.where is Where.OUTSIDE)
        return tuple(each.server for each in stops if each.server)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Why it is not known of some server where it leads."""
        return tuple(each.doubt for each in self.stops if each.doubt)


class Routes:
    """The networks of a tenant by the addresses they hold."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._holders: dict[str, list[str]] = defaultdict(list)
        for key, network in facts.networks.items():
            for prefix in network.prefixes:
                self._holders[prefix].append(key)

    def route(self, network: Network) -> Route:
        """Return where the queries of a network go.

        No servers mean Azure's own resolver (Network REST reference). A server inside
        a network is taken to forward to Azure's resolver there, as an inbound endpoint
        always does and a firewall's proxy or a machine usually.
        """
        if network.servers_doubt:
            return Route(network, (Stop(Where.UNKNOWN, doubt=network.servers_doubt),))
        if not network.servers:
            own = Stop(Where.HERE, network=id_key(network.id))
            return Route(network, (own,))
        return self.via(network, network.servers)

    def via(self, network: Network, servers: Iterable[str]) -> Route:
        """Return where queries go from a network by servers of one's own choice.

        A network interface may name its own, which then count for its machine.
        """
        return Route(network, tuple(self._stop(network, each) for each in servers))

    def _stop(self, network: Network, server: str) -> Stop:
        own = id_key(network.id)
        hosts = self._facts.hosts.get(server, ())
        if server == WIRE_SERVER or holds(network.prefixes, server):
            host = next((each for each in hosts if each.network == own), None)
            return Stop(Where.HERE, server, own, host)
        around = self._around(server, hosts)
        near = around & network.peers
        if near:
            return self._one(server, near, hosts)
        return self._far(network, server, around, hosts)

    def _around(self, server: str, hosts: Iterable[Host]) -> frozenset[str]:
        """Return the networks that an address may be in."""
        held = (
            key for each in supernets(server) for key in self._holders.get(each, ())
        )
        return frozenset(held) | {each.network for each in hosts if each.network}

    def _far(
        self,
        network: Network,
        server: str,
        around: frozenset[str],
        hosts: Sequence[Host],
    ) -> Stop:
        """Return where an address leads that no known peer holds.

        Networks reach each other without a peering too, by gateways or a virtual WAN.
        A public address is no peer's.
        """
        doubt = self._facts.networks_doubt
        if is_private(server):
            doubt = network.peers_doubt or doubt
        if not around:
            doubt = doubt or self._lost(server, hosts)
        if doubt:
            return Stop(Where.UNKNOWN, server, doubt=doubt)
        if around:
            return self._one(server, around, hosts)
        return Stop(Where.OUTSIDE, server)

    def _lost(self, server: str, hosts: Sequence[Host]) -> Doubt | None:
        """Return why an address in no known network may lead to one all the same."""
        if hosts:
            hub = f"{server} is a firewall's in a virtual hub"
            return Doubt(f"{hub}, which asks what its policy says")
        if not is_private(server):
            return None
        if not self._facts.whole:
            return Doubt(f"{server} may lie outside the scan")
        return self._facts.hubs_doubt

    def _one(self, server: str, around: frozenset[str], hosts: Iterable[Host]) -> Stop:
        """Return the way by the one network an address is in, if there is just one.

        Where address spaces overlap, what is known to have the address decides.
        """
        inside = [each for each in hosts if each.network in around]
        networks = {each.network for each in inside if each.network} or around
        if len(networks) > 1:
            doubt = Doubt(f"{server} may be in any of {len(networks)} networks")
            return Stop(Where.UNKNOWN, server, doubt=doubt)
        [only] = networks
        return Stop(Where.THERE, server, only, inside[0] if inside else None)


def is_private(server: str) -> bool:
    """Whether an address may lie in a network of the organisation."""
    return not ip_address(server).is_global


@lru_cache(maxsize=4096)
def supernets(server: str) -> tuple[str, ...]:
    """Return every prefix that holds an address, the narrowest first.

    Looked up by text, they find the network of an address among thousands.
    """
    address = ip_address(server)
    lengths = range(address.max_prefixlen, -1, -1)
    return tuple(str(ip_network((address, each), strict=False)) for each in lengths)


def holds(prefixes: Collection[str], server: str) -> bool:
    """Whether an address space holds an address."""
    return any(prefix in prefixes for prefix in supernets(server))
