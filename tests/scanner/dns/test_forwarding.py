"""Where rulesets send queries for private names, followed from network to network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.dns.forwarding import Turn, Way, forwarding_of, public_name
from scanner.model.coverage import NotRead
from scanner.model.dns import (
    ForwardingLink,
    ForwardingRule,
    ForwardingRuleset,
    PrivateResolver,
)
from scanner.model.ids import id_key

SUB = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
AT = f"{SUB}/resourceGroups/rg/providers/Microsoft.Network"
SPOKE, HUB, FAR = (f"{AT}/virtualNetworks/{each}" for each in ("spoke", "hub", "far"))
SPACES = {SPOKE: "10.1.0.0/16", HUB: "10.0.0.0/16", FAR: "10.2.0.0/16"}
RESOLVER = f"{AT}/dnsResolvers/one"
RULESET = f"{AT}/dnsForwardingRulesets/set"
ZONE = "privatelink.openai.azure.com"
NAME = "openai.azure.com."
IN_HUB, IN_FAR, OUT = "10.0.0.4", "10.2.0.4", "192.0.2.1"


def network(at: str) -> Any:
    peers = [{"properties": {"remoteVirtualNetwork": {"id": HUB}}}] if at != HUB else []
    space = {"addressPrefixes": [SPACES[at]]}
    body = {"addressSpace": space, "virtualNetworkPeerings": peers}
    return {"id": at, "location": "eastus", "properties": body}


def resolver(at: object = HUB) -> Any:
    return {"id": RESOLVER, "properties": {"virtualNetwork": {"id": at}}}


def ruleset(at: str = RULESET, *, endpoint: object = None) -> Any:
    found = {"id": endpoint or f"{RESOLVER}/outboundEndpoints/out"}
    return {"id": at, "properties": {"dnsResolverOutboundEndpoints": [found]}}


def rule(domain: object, *servers: object, of: str = RULESET, **more: object) -> Any:
    targets = [{"ipAddress": each, "port": 53} for each in servers]
    properties = {
        "domainName": domain,
        "forwardingRuleState": "Enabled",
        "targetDnsServers": targets,
        **more,
    }
    name = "-".join(map(str, (domain, *servers)))
    kept = {key: value for key, value in properties.items() if value is not ...}
    return {"id": f"{of}/forwardingRules/{name}", "properties": kept}


def link(to: object = SPOKE, of: str = RULESET, name: str = "one") -> Any:
    properties = {"virtualNetwork": {"id": to}}
    return {"id": f"{of}/virtualNetworkLinks/{name}", "properties": properties}


USUAL = (*map(network, SPACES), resolver(), ruleset())


def way(opened: Any, *bodies: Any, zone: str = ZONE, **options: Any) -> Way:
    tenant = opened(*USUAL, *bodies, **options)
    found: Way = tenant.once(forwarding_of).way(zone, [id_key(SPOKE)])
    return found


def keys(*networks: str) -> frozenset[str]:
    return frozenset(map(id_key, networks))


def test_the_rule_and_the_link_are_told(opened: Any) -> None:
    taken = rule(NAME, IN_HUB)
    found = way(opened, taken, link())
    assert found == Way(keys(HUB), (taken["id"],), (link()["id"],), ())


@pytest.mark.parametrize(
    ("given", "ends", "turns"),
    [
        ([], [SPOKE], []),
        ([rule(NAME, IN_HUB)], [HUB], []),
        ([rule("OpenAI.Azure.com", IN_HUB)], [HUB], []),
        ([rule("azure.com.", IN_HUB)], [HUB], []),
        ([rule("azure.com.", OUT), rule(NAME, IN_HUB)], [HUB], []),
        ([rule("azure.com.", IN_HUB), rule(NAME, OUT)], [], [Turn.OUTSIDE]),
        ([rule(NAME, OUT, IN_FAR, IN_HUB)], [HUB, FAR], []),
        ([rule(".", OUT)], [SPOKE], []),
        ([rule("xopenai.azure.com.", OUT)], [SPOKE], []),
        ([rule(NAME, IN_HUB, forwardingRuleState="Disabled")], [SPOKE], []),
        ([rule(NAME, IN_HUB, forwardingRuleState="disabled")], [SPOKE], []),
        ([rule(NAME, "10.1.0.4")], [], [Turn.BACK]),
        ([rule(NAME, IN_HUB), link(HUB, name="hub")], [], [Turn.BACK]),
        ([rule(ZONE, IN_HUB)], [SPOKE], [Turn.ALIAS]),
        ([rule(ZONE, OUT), rule(NAME, IN_HUB)], [HUB], []),
        ([rule(f"one.{NAME}", OUT)], [SPOKE], [Turn.BELOW]),
        ([rule(f"one.{NAME}", OUT), rule(NAME, IN_HUB)], [HUB], [Turn.BELOW]),
    ],
)
def test_ends(
    opened: Any, given: list[Any], ends: list[str], turns: list[Turn]
) -> None:
    found = way(opened, *given, link())
    assert (found.networks, found.turns) == (keys(*ends), tuple(turns))
    unlinked = way(opened, *(each for each in given if "Links" not in each["id"]))
    assert unlinked == Way(keys(SPOKE), (), (), ())


def test_rulesets_of_the_networks_on_the_way_are_followed(opened: Any) -> None:
    next_one = f"{RULESET}-2"
    onward = ruleset(next_one), rule(NAME, IN_FAR, of=next_one), link(HUB, next_one)
    given = (rule(NAME, IN_HUB), link(), *onward)
    assert way(opened, *given).networks == keys(FAR)


@pytest.mark.parametrize(
    ("given", "hub"),
    [
        (rule(NAME, IN_HUB, forwardingRuleState=...), False),
        (rule(NAME, IN_HUB, forwardingRuleState=None), False),
        (rule(NAME, IN_HUB, forwardingRuleState=5), False),
        (rule(..., IN_HUB), False),
        (rule(None, IN_HUB), False),
        (rule(5, IN_HUB), False),
        (rule(NAME), False),
        (rule(NAME, "hub"), False),
        (rule(NAME, 5), False),
        (rule(NAME, IN_HUB, targetDnsServers=...), False),
        (rule(NAME, IN_HUB, targetDnsServers=None), False),
        (link(None, name="other"), False),
        (link(5, name="other"), False),
        (link(SPOKE, RULESET + "2", "other"), False),
        (rule("corp.test.", targetDnsServers=...), True),
        (rule("corp.test.", "10.200.0.4"), True),
    ],
)
def test_what_says_too_little(opened: Any, given: Any, hub: bool) -> None:
    usual = (rule("azure.com.", IN_HUB), link())
    if hub:
        assert way(opened, *usual, given).networks == keys(HUB)
        return
    with pytest.raises(NotRead):
        way(opened, *usual, given)


@pytest.mark.parametrize(
    "unread",
    [
        (ForwardingRuleset, SUB),
        (ForwardingLink, RULESET),
        (ForwardingRule, RULESET),
    ],
)
def test_lists_that_were_not_read(opened: Any, unread: Any) -> None:
    with pytest.raises(NotRead):
        way(opened, rule(NAME, IN_HUB), link(), unread=[unread])


@pytest.mark.parametrize("at", [..., None, 5, FAR + "-away"])
def test_where_queries_leave_from_has_to_be_known(opened: Any, at: object) -> None:
    properties = {} if at is ... else {"virtualNetwork": {"id": at}}
    lost = {"id": RESOLVER, "properties": properties}
    for domain, known in ((NAME, False), ("corp.test.", True)):
        bodies = (*map(network, SPACES), lost, ruleset())
        tenant = opened(*bodies, rule(domain, IN_HUB), link())
        forwarding = tenant.once(forwarding_of)
        if known:
            assert forwarding.way(ZONE, [id_key(SPOKE)]).networks == keys(SPOKE)
        else:
            with pytest.raises(NotRead):
                forwarding.way(ZONE, [id_key(SPOKE)])


def test_resolvers_that_were_not_read(opened: Any) -> None:
    bodies = *map(network, SPACES), ruleset(), rule(NAME, IN_HUB), link()
    tenant = opened(*bodies, unread=[(PrivateResolver, SUB)])
    with pytest.raises(NotRead) as problem:
        tenant.once(forwarding_of).way(ZONE, [id_key(SPOKE)])
    assert problem.value.gap


def test_public_names() -> None:
    assert public_name(ZONE) == "openai.azure.com"
    assert public_name("privatelink.vaultcore.azure.net") == "vault.azure.net"
    assert public_name("privatelink.azurecr.io") == "azurecr.io"


LABELS = st.lists(st.sampled_from(["a", "b", "openai", "azure", "com"]), max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LABELS, max_size=6, unique_by=tuple), LABELS)
def test_the_longest_rule_counts(
    opened: Any, domains: list[list[str]], asked: list[str]
) -> None:
    """Of rules that lead to a network each, by labels compared from the end."""
    labels = [*asked, "com"]
    rules = [
        rule(".".join(each) + ".", f"10.0.0.{place}")
        for place, each in enumerate(domains, 4)
    ]
    zone = ".".join(["privatelink", *labels])
    found = way(opened, *rules, link(), zone=zone)
    matching = [
        (len(each), body["id"])
        for each, body in zip(domains, rules, strict=True)
        if each
        and labels[len(labels) - len(each) :] == each
        and len(each) <= len(labels)
    ]
    longest = (max(matching)[1],) if matching else ()
    assert found.rules == longest
    assert found.networks == keys(HUB if longest else SPOKE)
