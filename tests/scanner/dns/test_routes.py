"""Where the queries of networks go."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dns.facts import Doubt, Facts, Host, Kind, Network
from scanner.dns.routes import (
    Route,
    Routes,
    Stop,
    Where,
    holds,
    is_private,
    supernets,
)

HUB = Network(id="/hub", location="eastus", prefixes=("10.1.0.0/16",))
TWIN = replace(HUB, id="/twin")
SPOKE = Network(id="/spoke", location="eastus", prefixes=("10.2.0.0/16",))
SERVER = "10.1.0.4"
ENDPOINT = Host(Kind.ENDPOINT, "/endpoint", "/hub")
DOUBT = Doubt("was not read")
WIRE = "168.63.129.16"


def spoke(*servers: str, peers: Any = (), **more: object) -> Network:
    return replace(SPOKE, servers=servers, peers=frozenset(peers), **more)  # type: ignore[arg-type]


def routed(network: Network, *others: Network, **more: object) -> Route:
    networks = {each.id: each for each in (network, *others)}
    facts = Facts(networks=networks, **more)  # type: ignore[arg-type]
    return Routes(facts).route(network)


def stop(network: Network, *others: Network, **more: object) -> Stop:
    [only] = routed(network, *others, **more).stops
    return only


def test_no_servers_mean_azures_own_resolver() -> None:
    assert stop(spoke()) == Stop(Where.HERE, None, "/spoke")


@pytest.mark.parametrize("server", [WIRE, "10.2.0.4"])
def test_servers_in_the_very_network(server: str) -> None:
    assert stop(spoke(server), HUB) == Stop(Where.HERE, server, "/spoke")


def test_what_has_the_address_is_named() -> None:
    own = Host(Kind.FIREWALL, "/firewall", "/spoke")
    hosts = {"10.2.0.4": (own,), SERVER: (ENDPOINT,)}
    assert stop(spoke("10.2.0.4"), hosts=hosts).host is own
    found = stop(spoke(SERVER), HUB, hosts=hosts)
    assert found == Stop(Where.THERE, SERVER, "/hub", ENDPOINT)


def test_a_server_in_another_network() -> None:
    for near in (spoke(SERVER, peers=("/hub",)), spoke(SERVER)):
        assert stop(near, HUB) == Stop(Where.THERE, SERVER, "/hub")


def test_a_peer_comes_before_a_namesake() -> None:
    near = spoke(SERVER, peers=("/hub",))
    assert stop(near, HUB, TWIN).network == "/hub"


def test_which_of_two_that_are_no_peers_is_told_by_what_has_the_address() -> None:
    found = stop(spoke(SERVER), HUB, TWIN)
    assert (found.where, found.network) == (Where.UNKNOWN, None)
    assert found.doubt
    assert "2 networks" in found.doubt.reason
    known = stop(spoke(SERVER), HUB, TWIN, hosts={SERVER: (ENDPOINT,)})
    assert known.network == "/hub"


def test_a_host_in_a_network_that_was_not_read() -> None:
    found = stop(spoke(SERVER), hosts={SERVER: (ENDPOINT,)})
    assert (found.where, found.network) == (Where.THERE, "/hub")


@pytest.mark.parametrize("server", ["192.168.9.9", "8.8.8.8", "fd00::1"])
def test_a_server_in_no_network(server: str) -> None:
    assert stop(spoke(server), HUB) == Stop(Where.OUTSIDE, server)


@pytest.mark.parametrize(
    "unread",
    [
        {"networks_doubt": DOUBT},
        {"peers_doubt": DOUBT},
        {"servers_doubt": DOUBT},
    ],
)
def test_what_was_not_read_leaves_it_open(unread: dict[str, Doubt]) -> None:
    of_network = {key: each for key, each in unread.items() if key != "networks_doubt"}
    of_tenant = {key: each for key, each in unread.items() if key not in of_network}
    found = stop(spoke("192.168.9.9", **of_network), HUB, **of_tenant)
    assert (found.where, found.doubt) == (Where.UNKNOWN, DOUBT)


def test_a_known_peer_settles_it_though_others_were_not_read() -> None:
    near = spoke(SERVER, peers=("/hub", "/x"), peers_doubt=DOUBT)
    assert stop(near, HUB, networks_doubt=DOUBT).network == "/hub"
    own = spoke("10.2.0.4", peers_doubt=DOUBT)
    assert stop(own, networks_doubt=DOUBT).where is Where.HERE


@pytest.mark.parametrize(
    ("server", "where"), [("192.168.9.9", Where.UNKNOWN), ("8.8.8.8", Where.OUTSIDE)]
)
def test_a_private_address_may_lie_outside_a_narrowed_scan(
    server: str, where: Where
) -> None:
    assert stop(spoke(server), whole=False).where is where


def test_a_firewall_in_a_virtual_hub_asks_what_is_not_known() -> None:
    hosts = {"10.9.0.4": (Host(Kind.FIREWALL, "/firewall", None),)}
    found = stop(spoke("10.9.0.4"), HUB, hosts=hosts)
    assert found.where is Where.UNKNOWN
    assert found.doubt
    assert "virtual hub" in found.doubt.reason


@pytest.mark.parametrize(
    ("server", "where"), [("10.9.0.4", Where.UNKNOWN), ("8.8.8.8", Where.OUTSIDE)]
)
def test_virtual_hubs_that_were_not_read(server: str, where: Where) -> None:
    assert stop(spoke(server), HUB, hubs_doubt=DOUBT).where is where


def test_a_public_server_is_no_peers() -> None:
    found = stop(spoke("8.8.8.8", peers=("/x",), peers_doubt=DOUBT), HUB)
    assert found.where is Where.OUTSIDE


def test_several_servers() -> None:
    route = routed(spoke(SERVER, "10.1.0.5", "10.2.0.4", "9.9.9.9"), HUB)
    assert route.asked == ("/hub", "/spoke")
    assert (route.here, route.outside, route.doubts) == (True, ("9.9.9.9",), ())
    away = routed(spoke(SERVER, "9.9.9.9"), HUB, networks_doubt=DOUBT)
    assert (away.here, away.asked, away.doubts) == (False, (), (DOUBT, DOUBT))


def test_servers_that_a_machine_names_itself() -> None:
    routes = Routes(Facts(networks={"/spoke": SPOKE, "/hub": HUB}))
    assert routes.via(SPOKE, ["8.8.8.8"]).outside == ("8.8.8.8",)
    assert routes.via(SPOKE, [SERVER]).asked == ("/hub",)


@pytest.mark.parametrize(
    ("server", "private"),
    [("10.0.0.4", True), ("fd00::1", True), ("8.8.8.8", False), ("127.0.0.1", True)],
)
def test_private(server: str, private: bool) -> None:
    assert is_private(server) is private


@given(st.ip_addresses().map(str))
def test_every_supernet_holds_the_address(server: str) -> None:
    prefixes = list(supernets(server))
    assert len(prefixes) == ip_address(server).max_prefixlen + 1
    assert all(ip_address(server) in ip_network(prefix) for prefix in prefixes)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_holding_is_containment(server: object, base: object, length: int) -> None:
    network = ip_network(f"{base}/{length}", strict=False)
    assert holds([str(network)], str(server)) is (ip_address(str(server)) in network)


ADDRESSES = st.sampled_from(
    [WIRE, "8.8.8.8", *(f"10.{a}.{b}.4" for a in range(3) for b in range(3))]
)
PREFIXES = st.sampled_from(
    ["10.0.0.0/8", *(f"10.{a}.0.0/16" for a in range(3)), "10.1.1.0/24", "10.2.1.0/24"]
)
IDS = ("/a", "/b", "/c", "/d")


@st.composite
def tenants(draw: st.DrawFn) -> Facts:
    networks = {
        key: Network(
            id=key,
            location=draw(st.sampled_from(["eastus", "westus"])),
            prefixes=tuple(draw(st.lists(PREFIXES, max_size=2))),
            servers=tuple(draw(st.lists(ADDRESSES, max_size=2))),
            peers=frozenset(draw(st.lists(st.sampled_from(IDS), max_size=2))) - {key},
        )
        for key in IDS
    }
    return Facts(networks=networks, whole=draw(st.booleans()))


def walked(network: Network, server: str, facts: Facts) -> tuple[Where, str | None]:
    """Return where a server leads by asking every network in turn."""

    def inside(each: Network) -> bool:
        return any(ip_address(server) in ip_network(one) for one in each.prefixes)

    if server == WIRE or inside(network):
        return Where.HERE, network.id
    others = [each for each in facts.networks.values() if inside(each)]
    peers = [each for each in others if each.id in network.peers]
    choice = {each.id for each in peers or others}
    if len(choice) == 1:
        return Where.THERE, choice.pop()
    if choice or (not facts.whole and ip_address(server).is_private):
        return Where.UNKNOWN, None
    return Where.OUTSIDE, None


@given(tenants())
def test_routes_are_those_of_a_naive_walk(facts: Facts) -> None:
    routes = Routes(facts)
    for network in facts.networks.values():
        found = [(each.where, each.network) for each in routes.route(network).stops]
        walk = [walked(network, each, facts) for each in network.servers]
        assert found == (walk or [(Where.HERE, network.id)])
