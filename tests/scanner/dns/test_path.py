from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.dns.path import Route, holds, is_private, route, supernets

HOLDERS: Mapping[str, tuple[str, ...]] = {"10.1.0.4": ("/hub",), "10.1.0.5": ("/hub",)}


def found(server: str) -> tuple[str, ...]:
    return HOLDERS.get(server, ())


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ((), Route(own=True)),
        (("168.63.129.16",), Route(own=True)),
        (("10.2.0.4",), Route(own=True)),
        (("10.1.0.4", "10.1.0.5"), Route(own=False, networks=("/hub",))),
        (("9.9.9.9",), Route(own=False, outside=("9.9.9.9",))),
        (
            ("10.1.0.4", "10.2.0.4", "9.9.9.9"),
            Route(own=True, networks=("/hub",), outside=("9.9.9.9",)),
        ),
    ],
)
def test_route(servers: tuple[str, ...], expected: Route) -> None:
    assert route(servers, ("10.2.0.0/16",), found) == expected


def test_a_route_reaches_azure_unless_all_is_outside() -> None:
    assert Route(own=True).reaches_azure
    assert Route(own=False, networks=("/hub",)).reaches_azure
    assert not Route(own=False, outside=("9.9.9.9",)).reaches_azure


@pytest.mark.parametrize(
    ("server", "private"),
    [("10.0.0.4", True), ("fd00::1", True), ("8.8.8.8", False), ("127.0.0.1", True)],
)
def test_private(server: str, private: bool) -> None:
    assert is_private(server) is private


@settings(deadline=None)
@given(st.ip_addresses().map(str))
def test_every_supernet_holds_the_address(server: str) -> None:
    prefixes = list(supernets(server))
    assert len(prefixes) == ip_address(server).max_prefixlen + 1
    assert all(ip_address(server) in ip_network(prefix) for prefix in prefixes)


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_holding_is_containment(server: object, base: object, length: int) -> None:
    network = ip_network(f"{base}/{length}", strict=False)
    assert holds([str(network)], str(server)) is (ip_address(str(server)) in network)
