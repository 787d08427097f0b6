"""Facts about DNS from bare ARM bodies, and what is not known where they say little."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.dns.facts import Action, Host, Kind, Rule
from scanner.dns.resolver import Resolver
from scanner.dns.routes import Where
from scanner.model.dns import DomainList, PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.ids import id_key
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import VirtualNetwork
from scanner.model.traffic import Firewall

SUB = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
AT = f"{SUB}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{AT}/dnsResolverPolicies/policy"
RULE = f"{POLICY}/dnsSecurityRules/rule"
LISTS = f"{AT}/dnsResolverDomainLists"
VNET = f"{AT}/virtualNetworks/vnet"
ABSENT = object()


def body(at: str, location: object = "West Europe", **properties: object) -> Any:
    kept = {key: value for key, value in properties.items() if value is not ABSENT}
    return {"id": at, "location": location, "properties": kept}


def policy(**more: object) -> Any:
    return body(POLICY, provisioningState="Succeeded", **more)


def rule(*lists: object, **more: object) -> Any:
    properties = {
        "priority": 100,
        "action": {"actionType": "Block"},
        "dnsSecurityRuleState": "Enabled",
        "dnsResolverDomainLists": [{"id": each} for each in lists],
        "managedDomainLists": [],
        **more,
    }
    return body(RULE, **properties)


def domains(name: Any = "one", **properties: object) -> Any:
    return body(f"{LISTS}/{name}", **{"domainsUrl": None, **properties})


def vnet(**properties: object) -> Any:
    space = {"addressPrefixes": ["10.1.0.0/16"]}
    return body(VNET, **{"addressSpace": space, **properties})


def link(network: object = VNET, **more: object) -> Any:
    at = f"{POLICY}/virtualNetworkLinks/link"
    return body(at, virtualNetwork={"id": network}, **more)


def setting(**properties: object) -> Any:
    at = f"{POLICY}/providers/Microsoft.Insights/diagnosticSettings/log"
    log = {"category": "DnsResponse", "enabled": True}
    return body(at, **{"logs": [log], "workspaceId": "/w", **properties})


def only_rule(dns: Resolver) -> Rule:
    [found] = dns.facts.policies[id_key(POLICY)].rules
    return found


# Policies


def test_a_policy_as_azure_returns_it(gathered: Any) -> None:
    listed = f"{LISTS}/one".replace("resourceGroups", "resourcegroups")
    entries = ["Contoso.com.", "contoso.com", "."]
    bodies = policy(), rule(listed), domains(domains=entries), link(), vnet()
    dns = gathered(*bodies, setting())
    found = dns.facts.policies[id_key(POLICY)]
    assert (found.id, found.location, found.doubts) == (POLICY, "westeurope", ())
    assert (found.logged, found.logged_to) == (True, ("/w",))
    assert only_rule(dns) == Rule(
        id=RULE,
        priority=100,
        action=Action.BLOCK,
        enabled=True,
        lists=(id_key(listed),),
    )
    assert dns.facts.lists[id_key(listed)].entries == {"contoso.com", "."}
    assert dns.facts.links == {id_key(VNET): (id_key(POLICY),)}
    assert dns.facts.links_doubt is None
    answer = dns.resolve("www.contoso.com", VNET)
    assert (answer.action, answer.logged) == (Action.BLOCK, True)


@pytest.mark.parametrize(
    ("given", "entries", "doubtful"),
    [
        ({"domains": ["a.com"]}, {"a.com"}, False),
        ({"domains": []}, set(), False),
        ({"domains": None}, set(), False),
        ({}, set(), False),
        ({"domains": None, "domainsUrl": "/bulk"}, set(), True),
        ({"domainsUrl": "https://x/?sig=secret"}, set(), True),
        ({"domains": ["a.com"], "domainsUrl": "/bulk"}, {"a.com"}, True),
        ({"domains": "a.com"}, set(), True),
        ({"domains": [1]}, set(), True),
        ({"domains": ["a.com"], "domainsUrl": 5}, {"a.com"}, True),
    ],
)
def test_lists(
    gathered: Any, given: dict[str, object], entries: set[str], doubtful: bool
) -> None:
    found = gathered(domains(**given)).facts.lists[id_key(f"{LISTS}/one")]
    assert found.entries == entries
    assert bool(found.doubt) is doubtful
    assert "secret" not in str(found.doubt)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"priority": ABSENT}, {"priority": None}),
        ({"priority": "100"}, {"priority": None}),
        ({"action": ABSENT}, {"action": Action.UNKNOWN}),
        ({"action": {"actionType": "Reroute"}}, {"action": Action.UNKNOWN}),
        ({"action": {"actionType": "none"}}, {"action": Action.UNKNOWN}),
        ({"dnsSecurityRuleState": None}, {"enabled": None}),
        ({"dnsSecurityRuleState": True}, {"enabled": None}),
        ({"dnsResolverDomainLists": {}}, {"lists": ()}),
        ({"managedDomainLists": "x"}, {}),
    ],
)
def test_rules_that_say_too_little(
    gathered: Any, more: dict[str, object], expected: dict[str, object]
) -> None:
    found = only_rule(gathered(policy(), rule(**more)))
    assert {key: getattr(found, key) for key in expected} == expected
    assert [each.managed for each in found.doubts] == [False]


@pytest.mark.parametrize(
    "more",
    [
        {"dnsResolverDomainLists": None},
        {"managedDomainLists": ABSENT},
        {"dnsSecurityRuleState": "disabled"},
        {"action": {"actionType": "ALERT"}},
    ],
)
def test_rules_that_say_enough(gathered: Any, more: dict[str, object]) -> None:
    assert only_rule(gathered(policy(), rule(**more))).doubts == ()


def test_a_list_of_microsofts(gathered: Any) -> None:
    bodies = policy(), rule(managedDomainLists=["AzureDnsThreatIntel"])
    [doubt] = only_rule(gathered(*bodies)).doubts
    assert doubt.managed
    assert "AzureDnsThreatIntel" in doubt.reason


def test_lists_that_are_gone_or_outside_the_scan(gathered: Any) -> None:
    gone = only_rule(gathered(policy(), rule(f"{LISTS}/gone")))
    assert (gone.lists, gone.doubts) == ((), ())
    far = f"{LISTS}/far".replace(SUB, ELSEWHERE)
    outside = only_rule(gathered(policy(), rule(far)))
    assert outside.lists == ()
    assert "outside the scan" in outside.doubts[0].reason
    unread = [(DomainList, SUB)]
    refused = only_rule(gathered(policy(), rule(f"{LISTS}/gone"), unread=unread))
    assert refused.doubts[0].gap


@pytest.mark.parametrize(
    ("bodies", "logged"),
    [
        ((setting(),), True),
        ((setting(logs=[{"categoryGroup": "allLogs", "enabled": True}]),), True),
        ((setting(logs=[{"category": "DnsResponse", "enabled": False}]),), False),
        ((setting(logs=[{"category": "DnsResponse"}]),), False),
        ((setting(workspaceId=None),), False),
        ((setting(logs=5),), None),
        ((), False),
    ],
)
def test_logs(gathered: Any, bodies: tuple[Any, ...], logged: bool | None) -> None:
    found = gathered(policy(), *bodies).facts.policies[id_key(POLICY)]
    assert found.logged is logged


def test_what_was_refused(gathered: Any) -> None:
    bodies = policy(), rule(f"{LISTS}/one"), domains(domains=["."]), link(), vnet()

    def without(view: Any, scope: str = POLICY) -> Resolver:
        dns: Resolver = gathered(*bodies, unread=[(view, scope)])
        return dns

    rules = without(SecurityRule).resolve("x.com", VNET)
    assert (rules.action, rules.rule) == (Action.UNKNOWN, None)
    logs = without(DiagnosticSetting).resolve("x.com", VNET)
    assert (logs.action, logs.logged) == (Action.BLOCK, None)
    for view, scope in ((PolicyLink, POLICY), (ResolverPolicy, SUB)):
        links = without(view, scope)
        assert links.facts.links_doubt
        assert links.facts.links_doubt.gap
        assert links.covered()[id_key(VNET)].covered is True
    assert without(ResolverPolicy, SUB).facts.policies_doubt
    assert without(VirtualNetwork, SUB).facts.networks_doubt


@pytest.mark.parametrize("network", [None, "", 5])
def test_a_link_that_names_no_network_may_be_to_any(
    gathered: Any, network: object
) -> None:
    dns = gathered(policy(), vnet(), link(network))
    assert (dns.facts.links, bool(dns.facts.links_doubt)) == ({}, True)
    assert dns.resolve("x.com", VNET).action is Action.UNKNOWN


@pytest.mark.parametrize(
    ("of_network", "of_policy", "seen"),
    [
        ("West Europe", "westeurope", True),
        ("northeurope", "westeurope", False),
        (None, "westeurope", None),
        (5, "westeurope", None),
        ("westeurope", None, None),
        ("westeurope", [], None),
    ],
)
def test_a_link_reaches_networks_of_the_region_of_its_policy(
    gathered: Any, of_network: object, of_policy: object, seen: bool | None
) -> None:
    network = {**vnet(), "location": of_network}
    other = {**vnet(), "id": f"{VNET}2"}
    bodies = {**policy(), "location": of_policy}, network, other, link()
    dns = gathered(*bodies)
    assert dns.sight(VNET).seen is seen
    assert dns.sight(f"{VNET}2").seen is False


def test_a_link_that_failed_is_one(gathered: Any) -> None:
    dns = gathered(policy(), vnet(), link(provisioningState="Failed"))
    assert dns.sight(VNET).seen is True


def test_a_link_of_a_network_that_was_not_read(gathered: Any) -> None:
    far = VNET.replace(SUB, ELSEWHERE)
    dns = gathered(policy(), vnet(), link(far))
    assert (dns.sight(far).seen, dns.sight(VNET).seen) == (None, False)


# Networks


@pytest.mark.parametrize(
    ("servers", "where"),
    [
        (ABSENT, Where.HERE),
        (None, Where.HERE),
        ({}, Where.HERE),
        ({"dnsServers": []}, Where.HERE),
        ({"dnsServers": ["168.63.129.16"]}, Where.HERE),
        ({"dnsServers": ["10.1.255.255"]}, Where.HERE),
        ({"dnsServers": ["9.9.9.9"]}, Where.OUTSIDE),
        ({"dnsServers": ["2001:DB8::1"]}, Where.OUTSIDE),
        ({"dnsServers": ["dns.example"]}, Where.UNKNOWN),
        ({"dnsServers": ["fe80::1%eth0"]}, Where.UNKNOWN),
        ({"dnsServers": "9.9.9.9"}, Where.UNKNOWN),
        ({"dnsServers": [5]}, Where.UNKNOWN),
        ([], Where.UNKNOWN),
    ],
)
def test_servers(gathered: Any, servers: object, where: Where) -> None:
    [stop] = gathered(vnet(dhcpOptions=servers)).route(VNET).stops
    assert stop.where is where
    assert bool(stop.doubt and stop.doubt.gap) is (where is Where.UNKNOWN)


@pytest.mark.parametrize("prefix", ["10.1.0.0/33", "x", "", 10])
def test_an_address_space_that_is_none_may_hold_anything(
    gathered: Any, prefix: object
) -> None:
    odd = vnet(addressSpace={"addressPrefixes": [prefix]})
    other = {
        **vnet(dhcpOptions={"dnsServers": ["192.168.9.9"]}),
        "id": f"{VNET}2",
    }
    [stop] = gathered(odd, other).route(f"{VNET}2").stops
    assert stop.where is Where.UNKNOWN


def test_prefixes_compare_however_they_are_written(gathered: Any) -> None:
    space = {"addressPrefixes": ["FD00:0DB8::/48", "10.1.2.3/16"]}
    found = gathered(vnet(addressSpace=space)).facts.networks[id_key(VNET)]
    assert found.prefixes == ("fd00:db8::/48", "10.1.0.0/16")


@pytest.mark.parametrize(
    ("peering", "known"),
    [
        ({"remoteVirtualNetwork": {"id": f"{VNET}9"}}, True),
        ({"remoteVirtualNetwork": {"id": VNET.replace(SUB, ELSEWHERE)}}, True),
        ({"remoteVirtualNetwork": {"id": 5}}, False),
        ({"remoteVirtualNetwork": None}, True),
    ],
)
def test_peers(gathered: Any, peering: object, known: bool) -> None:
    peerings = [{"properties": peering}]
    dns = gathered(vnet(virtualNetworkPeerings=peerings))
    assert (dns.facts.networks[id_key(VNET)].peers_doubt is None) is known


def test_a_peer_may_lie_where_a_narrowed_scan_did_not_look(gathered: Any) -> None:
    far = {"remoteVirtualNetwork": {"id": VNET.replace(SUB, ELSEWHERE)}}
    network = vnet(virtualNetworkPeerings=[{"properties": far}])
    dns = gathered(network, whole_tenant=False)
    assert dns.facts.networks[id_key(VNET)].peers_doubt


def test_places_without_a_name(gathered: Any) -> None:
    for location in (None, 5):
        odd = {**vnet(), "location": location}, {**policy(), "location": location}
        facts = gathered(*odd).facts
        for found in (facts.networks[id_key(VNET)], facts.policies[id_key(POLICY)]):
            assert (found.location, bool(found.location_doubt)) == ("", True)
        assert facts.policies_doubt
        assert not facts.networks_doubt


# What has addresses

ENDPOINT = f"{AT}/dnsResolvers/resolver/inboundEndpoints/in"
SUBNET = f"{VNET}/subnets/dns"


def resolver() -> Any:
    at = ENDPOINT.rpartition("/inboundEndpoints/")[0]
    return body(at, virtualNetwork={"id": VNET}, dnsResolverState="Connected")


def endpoint(address: object = "10.1.0.4", subnet: object = SUBNET) -> Any:
    placed = {"subnet": {"id": subnet}, "privateIpAddress": address}
    return body(ENDPOINT, ipConfigurations=[placed])


def placed(kind: str, address: object, subnet: object = SUBNET, **more: object) -> Any:
    properties = {"privateIPAddress": address, "subnet": {"id": subnet}}
    configurations = [{"name": "one", "properties": properties}]
    return body(f"{AT}/{kind}/it", **{"ipConfigurations": configurations, **more})


def asking(*servers: str) -> Any:
    options = {"dnsServers": list(servers)}
    space = {"addressPrefixes": ["10.2.0.0/16"]}
    return {**vnet(addressSpace=space, dhcpOptions=options), "id": f"{VNET}2"}


@pytest.mark.parametrize(
    ("bodies", "kind"),
    [
        ((resolver(), endpoint()), Kind.ENDPOINT),
        ((placed("azureFirewalls", "10.1.0.4"),), Kind.FIREWALL),
        ((placed("networkInterfaces", "10.1.0.4"),), Kind.INTERFACE),
    ],
)
def test_hosts(gathered: Any, bodies: tuple[Any, ...], kind: Kind) -> None:
    dns = gathered(vnet(), asking("10.1.0.4"), *bodies)
    [stop] = dns.route(f"{VNET}2").stops
    assert stop.host == Host(kind, bodies[-1]["id"], id_key(VNET))
    assert (stop.where, stop.network) == (Where.THERE, id_key(VNET))


def test_interfaces_that_nobody_asks_are_left_out(gathered: Any) -> None:
    interface = placed("networkInterfaces", "10.1.0.4")
    firewall = placed("azureFirewalls", "10.1.0.5")
    hosts = gathered(vnet(), asking("10.1.0.9"), interface, firewall).facts.hosts
    assert set(hosts) == {"10.1.0.5"}


def test_a_host_tells_apart_networks_that_overlap(gathered: Any) -> None:
    twin = {**vnet(), "id": f"{VNET}3"}
    bodies = vnet(), twin, asking("10.1.0.4"), resolver(), endpoint()
    [stop] = gathered(*bodies).route(f"{VNET}2").stops
    assert stop.network == id_key(VNET)


def test_a_firewall_in_a_virtual_hub(gathered: Any) -> None:
    hub = body(
        f"{AT}/azureFirewalls/hub", hubIPAddresses={"privateIPAddress": "10.60.0.4"}
    )
    [stop] = gathered(asking("10.60.0.4"), hub).route(f"{VNET}2").stops
    assert stop.where is Where.UNKNOWN


@pytest.mark.parametrize(
    ("address", "subnet"),
    [(5, SUBNET), ("x", SUBNET), (None, SUBNET), ("10.1.0.4", 5), ("10.1.0.4", "/x")],
)
def test_hosts_that_say_too_little(
    gathered: Any, address: object, subnet: object
) -> None:
    dns = gathered(vnet(), asking("10.1.0.4"), resolver(), endpoint(address, subnet))
    assert dns.facts.hosts == {}
    [stop] = dns.route(f"{VNET}2").stops
    assert (stop.where, stop.host) == (Where.THERE, None)


def test_firewalls_that_were_refused_may_be_in_virtual_hubs(gathered: Any) -> None:
    dns = gathered(asking("10.60.0.4"), unread=[(Firewall, SUB)])
    [stop] = dns.route(f"{VNET}2").stops
    assert stop.where is Where.UNKNOWN
    assert stop.doubt
    assert stop.doubt.gap
