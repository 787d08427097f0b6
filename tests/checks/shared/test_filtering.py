"""What security groups let through, against a walk over single addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.shared.filtering import BY_DEFAULT, Place, openings, without
from scanner.model.cloud import Suffixes
from scanner.model.coverage import NotRead
from scanner.model.resource import Record
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory
from scanner.model.traffic import SecurityGroup

TO = IPv4Network("10.0.0.7/32")
PLACE = Place((TO,), 443)
NEAR = [f"10.0.0.{start}/{length}" for start in (0, 4, 7, 8) for length in (32,)]
PREFIXES = ["10.0.0.0/28", "10.0.0.0/29", "10.0.0.8/29", "10.0.0.4/30", *NEAR]
SOURCE_PORTS = {"*": range(65536), "443": range(443, 444), "0-65535": range(65536)}
TAGS = ["*", "VirtualNetwork", "Internet", "AzureLoadBalancer"]


TENANT = Inventory(
    "t",
    (),
    (),
    read_at=datetime(2026, 9, 1, tzinfo=UTC),
    suffixes=Suffixes(),
    whole_tenant=True,
).window(Settings())


def group(*rules: Mapping[str, Any]) -> SecurityGroup:
    body = {"properties": {"securityRules": list(rules)}}
    record = Record("/nsg", SecurityGroup.type, "/", "1", "list", b"{}")
    return SecurityGroup(record, body, TENANT)


def rule(number: int, **properties: object) -> dict[str, Any]:
    usual = {
        "priority": number,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
    }
    return {"name": f"r{number}", "properties": {**usual, **properties}}


rules = st.lists(
    st.fixed_dictionaries(
        {
            "priority": st.integers(100, 110),
            "access": st.sampled_from(["Allow", "deny"]),
            "direction": st.sampled_from(["Inbound", "Inbound", "Outbound"]),
            "protocol": st.sampled_from(["Tcp", "*", "Udp"]),
            "sourceAddressPrefixes": st.lists(
                st.sampled_from([*PREFIXES, *TAGS]), min_size=1, max_size=2
            ),
            "sourcePortRange": st.sampled_from([*SOURCE_PORTS]),
            "destinationAddressPrefix": st.sampled_from(["*", "10.0.0.7", *PREFIXES]),
            "destinationPortRange": st.sampled_from(["*", "443", "400-500", "80"]),
        }
    ),
    max_size=6,
    unique_by=lambda each: each["priority"],
)


def _meets(text: str, address: IPv4Address) -> bool:
    if text in ("*", "VirtualNetwork"):
        return True
    return "/" in text and address in IPv4Network(text, strict=False)


def _lets_in(drawn: list[dict[str, Any]], source: IPv4Address) -> bool:
    """Whether a sender gets in that tries every port of its own."""
    return any(_lets_in_from(drawn, source, port) for port in (80, 443, 50000))


def _lets_in_from(drawn: list[dict[str, Any]], source: IPv4Address, own: int) -> bool:
    for each in sorted(drawn, key=lambda one: one["priority"]):
        port = each["destinationPortRange"]
        to = each["destinationAddressPrefix"]
        if (
            each["direction"] == "Inbound"
            and each["protocol"] != "Udp"
            and port != "80"
            and own in SOURCE_PORTS[each["sourcePortRange"]]
            and (to == "10.0.0.7" or _meets(to, TO.network_address))
            and any(_meets(one, source) for one in each["sourceAddressPrefixes"])
        ):
            return bool(each["access"] == "Allow")
    return True


@settings(max_examples=150, deadline=None)
@given(rules)
def test_whoever_passes_passes_by_the_first_rule_that_matches(
    drawn: list[dict[str, Any]],
) -> None:
    made = [rule(each["priority"], sourceAddressPrefix="", **each) for each in drawn]
    found = [*openings(group(*made), PLACE)]
    for source in map(IPv4Address, ["10.0.0.0", "10.0.0.5", "10.0.0.7", "10.0.0.9"]):
        passes = any(source in one for each in found for one in each.ranges)
        assert passes is _lets_in(drawn, source)


def test_the_default_rule_is_last() -> None:
    assert [each.rule for each in openings(group(), PLACE)] == [BY_DEFAULT]
    closed = rule(4096, access="Deny", sourceAddressPrefix="VirtualNetwork")
    assert [*openings(group(closed), PLACE)] == []


def test_application_groups_are_named() -> None:
    closed = rule(4096, access="Deny")
    from_group = {"sourceApplicationSecurityGroups": [{"id": "/asg/a"}]}
    opened = rule(100, sourceAddressPrefix=None, **from_group)
    [found] = openings(group(closed, opened), PLACE)
    assert (found.grouped, found.ranges) == (True, ())
    to_group = {"destinationApplicationSecurityGroups": [{"id": "/asg/B"}]}
    opened = rule(100, destinationAddressPrefix=None, **to_group)
    assert [*openings(group(closed, opened), PLACE)] == []
    inside = Place((TO,), 443, frozenset({"/asg/b"}))
    assert [each.rule for each in openings(group(closed, opened), inside)] == ["r100"]


@pytest.mark.parametrize("field", ["priority", "direction", "access"])
def test_a_rule_that_does_not_say_what_it_does_is_not_judged(field: str) -> None:
    with pytest.raises(NotRead):
        [*openings(group(rule(100, **{field: None})), PLACE)]


@pytest.mark.parametrize(
    ("ports", "opened"),
    [
        ({"sourcePortRange": "443"}, [BY_DEFAULT]),
        ({"sourcePortRange": "*"}, []),
        ({"sourcePortRange": None, "sourcePortRanges": ["80", "443"]}, [BY_DEFAULT]),
        ({"sourcePortRange": None, "sourcePortRanges": ["0-65535"]}, []),
    ],
)
def test_who_is_denied_some_source_ports_uses_another(
    ports: Mapping[str, object], opened: list[str]
) -> None:
    denying = group(rule(100, access="Deny", **ports))
    assert [each.rule for each in openings(denying, PLACE)] == opened
    with pytest.raises(NotRead, match="sourcePortRange"):
        [*openings(group(rule(100, access="Deny", sourcePortRange=None)), PLACE)]


def test_a_rule_for_a_part_of_an_unknown_place_is_not_judged() -> None:
    partial = rule(100, destinationAddressPrefix="10.0.0.4/30")
    unknown = Place((IPv4Network("10.0.0.0/24"),), 443, unread=NotRead("no address"))
    with pytest.raises(NotRead, match="no address"):
        [*openings(group(partial), unknown)]
    whole = rule(100, destinationAddressPrefix="10.0.0.0/16", access="Deny")
    assert [*openings(group(whole), unknown)] == []


@given(st.sampled_from(PREFIXES), st.sampled_from(PREFIXES))
def test_ranges_without_others(one: str, other: str) -> None:
    first, second = (IPv4Network(each, strict=False) for each in (one, other))
    left = {ip for each in without((first,), (second,)) for ip in each}
    assert left == set(first) - set(second)
