"""What shows where the DNS queries of a network go."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from checks.shared.wording import CITED
from scanner.dns.forwarding import Way
from scanner.dns.hosts import cite_host
from scanner.dns.routes import Route
from scanner.model.dns import ForwardingLink, ForwardingRule
from scanner.model.network import VirtualNetwork
from scanner.model.tenant import Tenant


def cite_route(tenant: Tenant, route: Route) -> None:
    """Note the DNS servers of a network, and what has or holds their addresses.

    Raises NotRead where one of these values is malformed.
    """
    cite_servers(tenant, route)
    for stop in route.stops[:CITED]:
        if stop.host is not None:
            cite_host(tenant, stop.host)


def cite_servers(tenant: Tenant, route: Route) -> None:
    """Note the DNS servers of a network, and the networks that hold their addresses."""
    network = tenant.known(VirtualNetwork, route.network.id)
    if network is not None:
        network.cite(VirtualNetwork.dns_servers)
    for asked in islice(route.asked if route.network.servers else (), CITED):
        found = tenant.known(VirtualNetwork, asked)
        if found is not None:
            found.cite(VirtualNetwork.address_prefixes)


def cite_askers(tenant: Tenant, networks: Iterable[str]) -> None:
    """Note the DNS servers of some networks, given by their keys."""
    for each in islice(networks, CITED):
        network = tenant.known(VirtualNetwork, each)
        if network is not None:
            network.cite(VirtualNetwork.dns_servers)


def cite_forwarding(tenant: Tenant, way: Way) -> None:
    """Note the forwarding rules that a name is taken by, and why they apply."""
    for link_id in way.links[:CITED]:
        link = tenant.known(ForwardingLink, link_id)
        if link is not None:
            link.cite(ForwardingLink.network_id)
    for rule_id in way.rules[:CITED]:
        rule = tenant.known(ForwardingRule, rule_id)
        if rule is not None:
            rule.cite(ForwardingRule.domain, ForwardingRule.servers)
