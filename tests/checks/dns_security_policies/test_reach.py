from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.reach import (
    CHECKS,
    centralized_hub_linked,
    distributed_linked,
    external_dns_unlogged,
    policy_per_region,
    vnet_linked,
)
from scanner.model.check import Check, Status
from scanner.model.dns import (
    InboundEndpoint,
    PolicyLink,
    PrivateResolver,
    ResolverPolicy,
)
from scanner.model.network import VirtualNetwork
from scanner.model.traffic import NetworkInterface

if TYPE_CHECKING:
    from tests.checks.conftest import Results, Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
VNETS = f"{NETWORK}/virtualNetworks"
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

LINK_CHECKS = vnet_linked, centralized_hub_linked, distributed_linked


def body(
    at: str, properties: Mapping[str, object], location: object = "eastus"
) -> Body:
    return {"id": at, "location": location, "properties": {**properties}}


def policy(at: str = POLICY, location: object = "eastus") -> Body:
    return body(at, {"provisioningState": "Succeeded"}, location)


def vnet(
    name: str,
    prefix: object = "10.0.0.0/16",
    servers: object = (),
    *peers: str,
    **more: object,
) -> Body:
    options = {"dnsServers": list(servers) if isinstance(servers, tuple) else servers}
    links = [{"properties": {"remoteVirtualNetwork": {"id": each}}} for each in peers]
    properties = {
        "addressSpace": {"addressPrefixes": [prefix]},
        "dhcpOptions": options,
        "virtualNetworkPeerings": links,
    }
    return body(f"{VNETS}/{name}", {**properties, **more})


def link(network: object, name: str = "link") -> Body:
    at = f"{POLICY}/virtualNetworkLinks/{name}"
    return body(at, {"virtualNetwork": {"id": network}})


def nic(name: str, network: str, *servers: str, **more: object) -> Body:
    subnet = {"id": f"{network}/subnets/default"}
    configuration = {"privateIPAddress": "10.2.0.9", "subnet": subnet}
    properties = {
        "ipConfigurations": [{"properties": configuration}],
        "dnsSettings": {"dnsServers": list(servers)},
    }
    return body(f"{NETWORK}/networkInterfaces/{name}", {**properties, **more})


def somewhere(network: Body, location: object) -> Body:
    return {**network, "location": location}


def resolver(network: str) -> tuple[Body, Body]:
    at = f"{NETWORK}/dnsResolvers/resolver"
    subnet = {"id": f"{network}/subnets/inbound"}
    address = {"privateIpAddress": "10.1.0.4", "subnet": subnet}
    return (
        body(at, {"virtualNetwork": {"id": network}}),
        body(f"{at}/inboundEndpoints/in", {"ipConfigurations": [address]}),
    )


def judged(verdicts: Verdicts, *bodies: Body, **more: Any) -> Results:
    """Return what the link checks say: one network, one of them."""
    results, *others = (verdicts(check, *bodies, **more) for check in LINK_CHECKS)
    for each in others:
        results += each
    targets = [each.target for each in results]
    networks = [
        at.resource_id for at in targets if at.resource_type == VirtualNetwork.type
    ]
    assert len(networks) == len(set(networks))
    return results


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "dns-policy-per-region",
        "dns-vnet-linked",
        "dns-centralized-hub-linked",
        "dns-distributed-linked",
        "dns-external-dns-unlogged",
    ]


HUB, SPOKE = f"{VNETS}/hub", f"{VNETS}/spoke"
WIRE = "168.63.129.16"


def hub(*servers: str) -> Body:
    return vnet("hub", "10.1.0.0/16", servers)


def spoke(*servers: str, peers: tuple[str, ...] = ()) -> Body:
    return vnet("spoke", "10.2.0.0/16", servers, *peers)


@pytest.mark.parametrize(
    ("network", "links", "status"),
    [
        (spoke(), [SPOKE], PASS),
        (spoke(), [SPOKE.upper()], PASS),
        (spoke(), [], FAIL),
        (spoke(), [HUB], FAIL),
        (spoke(), [None], UNREAD),
        (spoke(), [SPOKE, None], PASS),
        (somewhere(spoke(), "uksouth"), [SPOKE], FAIL),
        (somewhere(spoke(), None), [SPOKE], UNREAD),
        (somewhere(spoke(), None), [HUB], FAIL),
        (vnet("spoke", servers=None), [], FAIL),
        (vnet("spoke", dhcpOptions=ABSENT), [], FAIL),
        (vnet("spoke", dhcpOptions=None), [SPOKE], PASS),
        (spoke(WIRE), [SPOKE], PASS),
        (spoke(WIRE), [], FAIL),
        (spoke("10.2.0.4"), [SPOKE], PASS),
        (spoke("10.2.0.4"), [], FAIL),
        (spoke("10.1.0.4"), [HUB], PASS),
        (spoke("10.1.0.4"), [], FAIL),
        (spoke("10.1.0.4"), [SPOKE], FAIL),
        (spoke("10.1.0.4", peers=(HUB.lower(),)), [HUB], PASS),
        (spoke("10.1.0.4", "10.2.0.4"), [HUB], FAIL),
        (spoke("10.1.0.4", "10.2.0.4"), [HUB, SPOKE], PASS),
        (spoke("192.168.9.9"), [], NONE),
        (spoke("8.8.8.8", "192.168.9.9"), [SPOKE], NONE),
        (spoke("8.8.8.8", "10.1.0.4"), [HUB], PASS),
        (spoke("8.8.8.8", WIRE), [], FAIL),
        (spoke("fd00::1"), [], NONE),
        (spoke("dns.contoso.com"), [], UNREAD),
        (spoke("fe80::1%eth0"), [], UNREAD),
        (vnet("spoke", servers="10.1.0.4"), [HUB], UNREAD),
        (vnet("spoke", 10, ("10.1.0.4",)), [HUB], UNREAD),
    ],
)
def test_links(
    verdicts: Verdicts, network: Body, links: list[object], status: Status
) -> None:
    found = [link(each, f"link{number}") for number, each in enumerate(links)]
    results = judged(verdicts, hub(), network, policy(), *found)
    assert results.only(SPOKE).status is status


def test_links_of_a_hub_with_a_resolver(verdicts: Verdicts) -> None:
    results = judged(verdicts, hub("10.1.0.4"), policy(), link(HUB))
    assert results.only(HUB).status is PASS


def test_link_evidence(verdicts: Verdicts) -> None:
    bodies = hub(), spoke("10.1.0.4", peers=(HUB,)), policy(), link(HUB)
    results = judged(verdicts, *bodies)
    seen = results.evidence(SPOKE)
    assert "via hub" in results.only(SPOKE).reason
    assert seen[SPOKE, "properties.dhcpOptions.dnsServers"] == ["10.1.0.4"]
    assert seen[HUB, "properties.addressSpace.addressPrefixes"] == ["10.1.0.0/16"]
    path = "properties.virtualNetwork.id"
    assert seen[f"{POLICY}/virtualNetworkLinks/link", path] == HUB
    alone = judged(verdicts, *bodies[:-1])
    assert alone.only(SPOKE).status is FAIL
    assert alone.evidence(SPOKE)[HUB, PolicyLink.type] == []


def test_peered_network_comes_before_a_namesake(verdicts: Verdicts) -> None:
    twin = vnet("twin", "10.1.0.0/16")
    near = spoke("10.1.0.4", peers=(HUB,))
    results = judged(verdicts, hub(), twin, near, policy(), link(HUB))
    assert results.only(SPOKE).status is PASS


def test_which_of_two_unpeered_networks_cannot_be_told(verdicts: Verdicts) -> None:
    twin = vnet("twin", "10.1.0.0/16")
    results = judged(verdicts, hub(), twin, spoke("10.1.0.4"), policy(), link(HUB))
    assert results.only(SPOKE).status is UNREAD


@pytest.mark.parametrize("view", [PolicyLink, ResolverPolicy])
def test_links_unread(
    verdicts: Verdicts, view: type[PolicyLink] | type[ResolverPolicy]
) -> None:
    at = POLICY if view is PolicyLink else SUBSCRIPTION
    results = judged(verdicts, spoke(), policy(), unread=[(view, at)])
    assert results.only(SPOKE).status is UNREAD


def test_a_link_that_is_known_answers(verdicts: Verdicts) -> None:
    other = f"{NETWORK}/dnsResolverPolicies/other"
    bodies = spoke(), policy(), policy(other), link(SPOKE)
    results = judged(verdicts, *bodies, unread=[(PolicyLink, other)])
    assert results.only(SPOKE).status is PASS


FAR = HUB.replace(SUBSCRIPTION, ELSEWHERE)


def test_server_in_a_network_outside_the_scan(verdicts: Verdicts) -> None:
    peered = spoke("192.168.9.9", peers=(FAR,))
    assert judged(verdicts, peered).only(SPOKE).status is NONE
    narrowed = judged(verdicts, peered, whole_tenant=False)
    assert narrowed.only(SPOKE).status is UNREAD
    gone = spoke("192.168.9.9", peers=(HUB,))
    assert judged(verdicts, gone).only(SPOKE).status is NONE


@pytest.mark.parametrize(
    ("server", "status"), [("192.168.9.9", UNREAD), ("8.8.8.8", NONE)]
)
def test_server_of_a_narrowed_scan(
    verdicts: Verdicts, server: str, status: Status
) -> None:
    results = judged(verdicts, spoke(server), whole_tenant=False)
    assert results.only(SPOKE).status is status


@pytest.mark.parametrize(
    "bodies",
    [(spoke(),), (hub(), spoke("10.1.0.4", peers=(HUB,))), (spoke(peers=(HUB,)),)],
    ids=["alone", "with a hub", "peered"],
)
def test_a_cloud_without_policies(verdicts: Verdicts, bodies: tuple[Body, ...]) -> None:
    results = judged(verdicts, *bodies, unoffered=[ResolverPolicy])
    of_region = verdicts(policy_per_region, *bodies, unoffered=[ResolverPolicy])
    told = [each for each in (*results, *of_region) if "cloud has no" in each.reason]
    assert {each.status for each in (*results, *of_region)} == {NONE}
    assert len(told) == len(bodies) + 1


def test_the_host_of_a_server_is_evidence(verdicts: Verdicts) -> None:
    at = f"{NETWORK}/azureFirewalls/firewall"
    subnet = {"id": f"{HUB}/subnets/AzureFirewallSubnet"}
    configuration = {"privateIPAddress": "10.1.0.4", "subnet": subnet}
    firewall = body(at, {"ipConfigurations": [{"properties": configuration}]})
    bodies = hub(), spoke("10.1.0.4"), firewall, policy(), link(HUB)
    results = judged(verdicts, *bodies)
    path = "properties.ipConfigurations[].properties.privateIPAddress"
    assert results.evidence(SPOKE)[at, path] == ["10.1.0.4"]


def test_a_firewall_in_a_virtual_hub(verdicts: Verdicts) -> None:
    at = f"{NETWORK}/azureFirewalls/firewall"
    firewall = body(at, {"hubIPAddresses": {"privateIPAddress": "10.60.0.4"}})
    result = judged(verdicts, spoke("10.60.0.4"), firewall).only(SPOKE)
    assert result.status is UNREAD
    assert "virtual hub" in result.reason


def test_networks_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(vnet_linked, unread=[(VirtualNetwork, SUBSCRIPTION)])
    assert result.status is UNREAD


def test_server_while_some_networks_are_unread(verdicts: Verdicts) -> None:
    second = {
        "id": ELSEWHERE,
        "subscriptionId": ELSEWHERE.rpartition("/")[2],
        "displayName": "Second",
        "state": "Enabled",
    }
    unread = [(VirtualNetwork, ELSEWHERE)]
    results = judged(verdicts, second, spoke("192.168.9.9"), unread=unread)
    assert results.only(SPOKE).status is UNREAD
    own = judged(verdicts, second, spoke(), unread=unread)
    assert own.only(SPOKE).status is FAIL


SPLIT = (
    ((spoke(),), distributed_linked),
    ((spoke(peers=(HUB,)), hub()), vnet_linked),
    ((spoke("10.2.0.4", peers=(HUB,)), hub()), centralized_hub_linked),
    ((spoke(peers=(HUB,)), hub("10.2.0.4")), centralized_hub_linked),
    ((spoke(WIRE, peers=(HUB,)), hub()), vnet_linked),
    ((spoke(), *resolver(SPOKE)), centralized_hub_linked),
)


@pytest.mark.parametrize(("bodies", "check"), SPLIT)
def test_one_network_one_of_the_three(
    verdicts: Verdicts, bodies: tuple[Body, ...], check: Check[Any]
) -> None:
    assert judged(verdicts, *bodies).only(SPOKE).check is check


def test_a_resolver_that_was_not_read_may_make_it_a_hub(verdicts: Verdicts) -> None:
    alone, peered = vnet("alone"), vnet("peered", "10.1.0.0/16", (), f"{VNETS}/alone")
    unread = [(PrivateResolver, SUBSCRIPTION)]
    for check in LINK_CHECKS:
        results = verdicts(check, alone, peered, unread=unread)
        assert {each.status for each in results} == {UNREAD}


def test_peerings_that_cannot_be_read(verdicts: Verdicts) -> None:
    network = vnet("spoke", virtualNetworkPeerings="none")
    for check in (vnet_linked, distributed_linked):
        assert verdicts(check, network).only(SPOKE).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((hub(), spoke("10.1.0.4"), policy(), link(HUB)), PASS),
        ((hub(), spoke("10.1.0.4"), policy(), link(SPOKE)), FAIL),
        ((hub(), spoke("10.1.0.4"), policy(location="uksouth"), link(HUB)), FAIL),
        ((hub(), spoke("10.1.0.4"), policy(location=None), link(HUB)), UNREAD),
        ((hub(), *resolver(HUB), policy(), link(HUB)), PASS),
        ((hub(), *resolver(HUB), policy()), FAIL),
        ((hub(), *resolver(HUB)), FAIL),
        ((hub("192.168.9.9"), *resolver(HUB)), FAIL),
    ],
)
def test_hubs(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    result = verdicts(centralized_hub_linked, *bodies).only(HUB)
    assert result.status is status


def test_hubs_unread(verdicts: Verdicts) -> None:
    bodies = hub(), *resolver(HUB), policy()
    for view, at in ((PolicyLink, POLICY), (ResolverPolicy, SUBSCRIPTION)):
        results = verdicts(centralized_hub_linked, *bodies, unread=[(view, at)])
        assert results.only(HUB).status is UNREAD


def test_hub_evidence(verdicts: Verdicts) -> None:
    bodies = hub(), *resolver(HUB), policy(), link(HUB)
    seen = verdicts(centralized_hub_linked, *bodies).evidence(HUB)
    endpoint = f"{NETWORK}/dnsResolvers/resolver/inboundEndpoints/in"
    path = InboundEndpoint.addresses.path
    assert seen[endpoint, path] == ["10.1.0.4"]


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((spoke(),), PASS),
        ((vnet("spoke", dhcpOptions=ABSENT),), PASS),
        ((vnet("spoke", servers=None),), PASS),
        ((spoke(WIRE),), PASS),
        ((hub(), spoke("10.1.0.4")), PASS),
        ((spoke("192.168.9.9"),), WARN),
        ((spoke("192.168.9.9", "8.8.8.8"),), WARN),
        ((spoke("8.8.8.8", WIRE),), INFO),
        ((spoke("dns.contoso.com"),), UNREAD),
        ((vnet("spoke", servers="8.8.8.8"),), UNREAD),
        ((spoke(), nic("n", SPOKE, "9.9.9.9")), WARN),
        ((spoke(), nic("n", SPOKE.upper(), "9.9.9.9")), WARN),
        ((spoke(), nic("n", SPOKE, "9.9.9.9", WIRE)), PASS),
        ((spoke(), nic("n", SPOKE, "AzureProvidedDNS")), PASS),
        ((spoke(), nic("n", SPOKE)), PASS),
        ((spoke(), nic("n", SPOKE, dnsSettings=None)), PASS),
        ((spoke(), nic("n", SPOKE, dnsSettings={"dnsServers": None})), PASS),
        ((spoke(), hub(), nic("n", HUB, "9.9.9.9")), PASS),
        ((spoke(), hub(), nic("n", SPOKE, "10.1.0.4")), PASS),
        ((spoke(), nic("n", SPOKE, "dns.contoso.com")), UNREAD),
        ((spoke(), nic("n", SPOKE, dnsSettings={"dnsServers": "9.9.9.9"})), UNREAD),
        ((spoke(), nic("n", SPOKE, "9.9.9.9", ipConfigurations=5)), UNREAD),
    ],
)
def test_external_servers(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(external_dns_unlogged, *bodies).only(SPOKE).status is status


def test_interfaces_unread(verdicts: Verdicts) -> None:
    unread = [(NetworkInterface, SUBSCRIPTION)]
    results = verdicts(external_dns_unlogged, spoke(), unread=unread)
    assert results.only(SPOKE).status is UNREAD
    known = verdicts(external_dns_unlogged, spoke("8.8.8.8"), unread=unread)
    assert known.only(SPOKE).status is WARN


@pytest.mark.parametrize("server", ["x", "10.9.9.9"])
def test_a_bypass_beside_an_interface_that_is_unclear(
    verdicts: Verdicts, server: str
) -> None:
    unclear, sure = nic("a", SPOKE, server), nic("b", SPOKE, "9.9.9.9")
    alone = verdicts(external_dns_unlogged, spoke(), unclear, whole_tenant=False)
    assert alone.only(SPOKE).status is UNREAD
    bodies = spoke(), unclear, sure
    both = verdicts(external_dns_unlogged, *bodies, whole_tenant=False).only(SPOKE)
    assert both.status is WARN
    assert "b (9.9.9.9)" in both.reason


def test_a_bypass_is_evidence(verdicts: Verdicts) -> None:
    results = verdicts(external_dns_unlogged, spoke(), nic("n", SPOKE, "9.9.9.9"))
    at, path = f"{NETWORK}/networkInterfaces/n", "properties.dnsSettings.dnsServers"
    assert results.evidence(SPOKE)[at, path] == ["9.9.9.9"]
    assert "n (9.9.9.9)" in results.only(SPOKE).reason


FAR_POLICY = f"{NETWORK}/dnsResolverPolicies/far"


@pytest.mark.parametrize(
    ("bodies", "statuses"),
    [
        ((spoke(), policy()), {"eastus": PASS}),
        ((spoke(), policy(location="East US")), {"eastus": PASS}),
        ((spoke(),), {"eastus": FAIL}),
        ((spoke(), policy(location="uksouth")), {"eastus": FAIL}),
        (
            (spoke(), somewhere(hub(), "uksouth"), policy()),
            {"eastus": PASS, "uksouth": FAIL},
        ),
        (
            (
                spoke("10.1.0.4"),
                somewhere(hub(), "uksouth"),
                policy(location="uksouth"),
            ),
            {"eastus": NONE, "uksouth": PASS},
        ),
        ((spoke("8.8.8.8"),), {"eastus": NONE}),
        ((hub("8.8.8.8"), *resolver(HUB)), {"eastus": FAIL}),
        ((vnet("spoke", servers="8.8.8.8"),), {"eastus": UNREAD}),
        ((spoke(), policy(location=None)), {"eastus": UNREAD}),
        ((spoke(), policy(location=["eastus"])), {"eastus": UNREAD}),
        ((spoke("8.8.8.8"), policy(location=None)), {"eastus": UNREAD}),
        (
            (spoke("8.8.8.8"), somewhere(hub(), None)),
            {"eastus": UNREAD, "": UNREAD},
        ),
        ((somewhere(spoke(), None),), {"": UNREAD}),
        ((somewhere(spoke(), 5),), {"": UNREAD}),
    ],
)
def test_regions(
    verdicts: Verdicts, bodies: tuple[Body, ...], statuses: dict[str, Status]
) -> None:
    results = verdicts(policy_per_region, *bodies)
    assert not [each for each in results if "internal error" in each.reason]
    assert {each.target.location: each.status for each in results} == statuses
    assert all(each.target.resource_id.startswith("/tenants/") for each in results)


def test_regions_unread(verdicts: Verdicts) -> None:
    unread: list[Any] = [(ResolverPolicy, SUBSCRIPTION)]
    [result] = verdicts(policy_per_region, spoke(), unread=unread)
    assert result.status is UNREAD
    [hidden] = verdicts(policy_per_region, unread=[(VirtualNetwork, SUBSCRIPTION)])
    assert hidden.status is UNREAD
    assert hidden.target.resource_id == SUBSCRIPTION
