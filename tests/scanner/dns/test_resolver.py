"""What sees the queries of networks, and what becomes of a name in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.dns.facts import (
    Action,
    Doubt,
    Facts,
    Host,
    Kind,
    Names,
    Network,
    Policy,
    Rule,
)
from scanner.dns.names import normalised
from scanner.dns.resolver import Resolver

ALLOW, BLOCK, NONE, UNKNOWN = Action.ALLOW, Action.BLOCK, Action.NONE, Action.UNKNOWN
DOUBT = Doubt("was not read")
OUTSIDE = "192.168.9.9"

LISTS = {"/bad": Names("/bad", normalised(["bad.example"]))}
BAD = Rule(id="/east/bad", priority=100, action=BLOCK, lists=("/bad",))
EAST = Policy(id="/east", location="eastus", rules=(BAD,), logged_to=("/log",))
WEST = Policy(id="/west", location="westus", rules=(replace(BAD, action=ALLOW),))
HUB = Network(id="/hub", location="eastus", prefixes=("10.1.0.0/16",))
WING = Network(id="/wing", location="westus", prefixes=("10.3.0.0/16",))
SPOKE = Network(id="/spoke", location="eastus", prefixes=("10.2.0.0/16",))


def asking(*servers: str, **more: object) -> Network:
    return replace(SPOKE, servers=servers, **more)  # type: ignore[arg-type]


def resolver(
    *networks: Network, links: Mapping[str, tuple[str, ...]], **more: object
) -> Resolver:
    known = {
        "networks": {each.id: each for each in networks},
        "policies": {"/east": EAST, "/west": WEST},
        "lists": LISTS,
        "links": links,
    }
    return Resolver(Facts(**{**known, **more}))  # type: ignore[arg-type]


# What sees the queries


@pytest.mark.parametrize(
    ("servers", "links", "covered", "policy", "via"),
    [
        ((), {"/spoke": ("/east",)}, True, "/east", None),
        ((), {"/hub": ("/east",)}, False, None, None),
        (("10.1.0.4",), {"/hub": ("/east",)}, True, "/east", "/hub"),
        (("10.1.0.4",), {"/spoke": ("/east",)}, False, None, "/hub"),
        (("10.1.0.4", OUTSIDE), {"/hub": ("/east",)}, True, "/east", "/hub"),
        (("10.1.0.4", "10.3.0.4"), {"/hub": ("/east",)}, False, None, "/hub"),
        (
            ("10.1.0.4", "10.3.0.4"),
            {"/hub": ("/east",), "/wing": ("/west",)},
            True,
            "/east",
            "/hub",
        ),
        (("10.1.0.4", "10.2.0.4"), {"/spoke": ("/east",)}, False, None, None),
        ((OUTSIDE,), {"/spoke": ("/east",)}, False, None, None),
        ((), {"/spoke": ("/east", "/west")}, True, None, None),
        (
            ("10.1.0.4", "10.2.0.4"),
            {"/hub": ("/west",), "/spoke": ("/east",)},
            True,
            "/east",
            None,
        ),
    ],
)
def test_a_network_is_covered_where_its_queries_reach_azure(
    servers: tuple[str, ...],
    links: dict[str, tuple[str, ...]],
    covered: bool,
    policy: str | None,
    via: str | None,
) -> None:
    row = resolver(asking(*servers), HUB, WING, links=links).covered()["/spoke"]
    assert row.covered is covered
    assert (row.policy.id if row.policy else None, row.via) == (policy, via)


def test_coverage_that_is_not_known() -> None:
    unread = resolver(SPOKE, links={}, links_doubt=DOUBT).covered()["/spoke"]
    assert (unread.covered, unread.policy, unread.doubts) == (None, None, (DOUBT,))
    linked = resolver(SPOKE, links={"/spoke": ("/east",)}, links_doubt=DOUBT)
    assert linked.covered()["/spoke"].covered is True
    one = resolver(SPOKE, HUB, links={}, link_doubts={"/spoke": DOUBT}).covered()
    assert (one["/spoke"].covered, one["/hub"].covered) == (None, False)
    lost = asking(OUTSIDE, "10.1.0.4", peers_doubt=DOUBT)
    networks = lost, HUB
    assert resolver(*networks, links={}).covered()["/spoke"].covered is None


def test_regions() -> None:
    far = Network(id="/far", location="uksouth")
    away = replace(WING, id="/away", location="norwayeast", servers=("10.1.0.4",))
    networks = HUB, asking(), WING, far, away
    dns = resolver(*networks, links={"/hub": ("/east",)})
    found = {each.location: each for each in dns.regions()}
    assert {key: each.covered for key, each in found.items()} == {
        "eastus": True,  # has a policy, though one network is not linked
        "norwayeast": True,  # its one network asks the hub in another region
        "uksouth": False,
        "westus": True,
    }
    asked = {key: [one.id for one in each.asking] for key, each in found.items()}
    assert asked["norwayeast"] == []
    assert asked["eastus"] == ["/hub", "/spoke"]
    assert [each.id for each in found["eastus"].policies] == ["/east"]


def test_a_region_that_is_not_known() -> None:
    far = Network(id="/far", location="uksouth")
    [region] = resolver(far, links={}, policies_doubt=DOUBT).regions()
    assert region.covered is None
    nowhere = replace(far, location="", location_doubt=DOUBT)
    policies = {"/east": replace(EAST, location="")}
    [region] = resolver(nowhere, links={}, policies=policies).regions()
    assert (region.location, region.policies, region.covered) == ("", (), None)


def test_hubs_are_those_that_others_ask_or_can_ask() -> None:
    idle = {"10.3.0.4": (Host(Kind.ENDPOINT, "/e", "/wing"),)}
    unasked = {"10.2.0.9": (Host(Kind.FIREWALL, "/f", "/spoke"),)}
    dns = resolver(asking("10.1.0.4"), HUB, WING, links={}, hosts=idle | unasked)
    assert dns.hubs() == {"/hub": ("/spoke",), "/wing": ()}


# What becomes of a name


def test_a_name_in_a_network() -> None:
    dns = resolver(asking("10.1.0.4"), HUB, links={"/hub": ("/east",)})
    answer = dns.resolve("very.bad.example", "/SPOKE")
    assert (answer.reaches_wire_server, answer.action) == (True, BLOCK)
    assert (answer.policy, answer.rule, answer.logged) == (EAST, BAD, True)
    other = dns.resolve("good.example", "/spoke")
    assert (other.action, other.rule, other.logged) == (NONE, None, True)


@pytest.mark.parametrize(
    ("servers", "links", "reaches", "action", "logged"),
    [
        ((), {}, True, NONE, False),
        ((), {"/spoke": ("/west",)}, True, ALLOW, False),
        ((), {"/spoke": ("/east", "/west")}, True, UNKNOWN, None),
        ((OUTSIDE,), {"/spoke": ("/east",)}, False, NONE, False),
        (("10.1.0.4", "10.1.0.5"), {"/hub": ("/east",)}, True, BLOCK, True),
        (("10.1.0.4", OUTSIDE), {"/hub": ("/east",)}, None, UNKNOWN, None),
        (
            ("10.1.0.4", "10.3.0.4"),
            {"/hub": ("/east",), "/wing": ("/west",)},
            True,
            UNKNOWN,
            None,
        ),
    ],
)
def test_what_all_servers_agree_on_is_the_answer(
    servers: tuple[str, ...],
    links: dict[str, tuple[str, ...]],
    reaches: bool | None,
    action: Action,
    logged: bool | None,
) -> None:
    dns = resolver(asking(*servers), HUB, WING, links=links)
    answer = dns.resolve("bad.example", "/spoke")
    assert (answer.reaches_wire_server, answer.action) == (reaches, action)
    assert answer.logged is logged
    if action is UNKNOWN:
        assert (answer.policy, answer.rule) == (None, None)


def test_what_is_not_known_of_a_name() -> None:
    lost = resolver(asking("10.9.0.4"), links={}, whole=False)
    answer = lost.resolve("bad.example", "/spoke")
    assert (answer.reaches_wire_server, answer.action) == (None, UNKNOWN)
    assert (answer.policy, answer.logged) == (None, None)
    unread = resolver(SPOKE, links={}, links_doubt=DOUBT)
    answer = unread.resolve("bad.example", "/spoke")
    assert (answer.reaches_wire_server, answer.action) == (True, UNKNOWN)
    assert (answer.policy, answer.logged) == (None, None)


@pytest.mark.parametrize(
    ("logged_to", "doubt", "logged"),
    [(("/log",), DOUBT, True), ((), DOUBT, None), ((), None, False)],
)
def test_logging(
    logged_to: tuple[str, ...], doubt: Doubt | None, logged: bool | None
) -> None:
    assert replace(EAST, logged_to=logged_to, log_doubt=doubt).logged is logged


def test_what_is_not_there() -> None:
    dns = resolver(SPOKE, links={})
    for ask in (dns.route, lambda each: dns.resolve("x", each)):
        with pytest.raises(KeyError):
            ask("/none")
    for ask_policy in (dns.shadowed, lambda each: dns.decide("x", each)):
        with pytest.raises(KeyError):
            ask_policy("/none")
    assert dns.id_of("/none") == "/none"


# Against a naive walk

SERVERS = st.sampled_from(
    ["10.1.0.4", "10.2.0.4", "10.3.0.4", "168.63.129.16", OUTSIDE]
)
LINKS = st.sampled_from([(), (), ("/east",), ("/west",), ("/east", "/west")])
HELD = {"10.1.": "/hub", "10.2.": "/spoke", "10.3.": "/wing"}


@given(
    st.lists(SERVERS, max_size=3),
    st.fixed_dictionaries({"/hub": LINKS, "/spoke": LINKS, "/wing": LINKS}),
    st.booleans(),
)
def test_coverage_is_that_of_a_naive_walk(
    servers: list[str], links: dict[str, tuple[str, ...]], read: bool
) -> None:
    doubt = None if read else DOUBT
    networks = asking(*servers), HUB, WING
    dns = resolver(*networks, links=links, links_doubt=doubt)
    reached = [HELD.get(each[:5], "/spoke") for each in servers if each != OUTSIDE] or (
        [] if servers else ["/spoke"]
    )
    row = dns.covered()["/spoke"]
    assert {each.network for each in row.sights} == set(reached)
    if not reached:
        assert row.covered is False
    elif all(links[each] for each in reached):
        assert row.covered is True
        near = links["/spoke" if "/spoke" in reached else reached[0]]
        assert tuple(each.id for each in row.policies) == near
        assert row.policy == (row.policies[0] if len(near) == 1 else None)
    else:
        assert row.covered is (False if read else None)
        assert row.policy is None
