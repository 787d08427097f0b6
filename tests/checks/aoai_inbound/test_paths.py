"""The private ways into accounts: who is let in, whose they are, whether they work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.aoai_inbound.paths import CHECKS
from checks.api_keys.use import apim_loss_accepted
from scanner.model.apimanagement import ApiService
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.dns import ForwardingLink, ForwardingRule, ForwardingRuleset
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.perimeter import AccessRule
from scanner.model.privatedns import PrivateZone, ZoneLink
from scanner.model.search import SearchService
from scanner.model.settings import Settings
from scanner.model.traffic import Firewall, NetworkInterface, RouteTable, SecurityGroup

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
FOREIGN = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/oai"
NETWORK = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/net"
HUB = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/hub"
ENDPOINT = f"{PROVIDERS}/Microsoft.Network/privateEndpoints/pe"
SUBNET = f"{NETWORK}/subnets/inside"
ZONE = f"{PROVIDERS}/Microsoft.Network/privateDnsZones/privatelink.openai.azure.com"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE, ASKED = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL
BY_ID = {check.id: check for check in (*CHECKS, apim_loss_accepted)}


def account(kind: str = "OpenAI", **properties: Any) -> Body:
    usual = {"networkAcls": {"defaultAction": "Deny"}}
    return {"id": ACCOUNT, "kind": kind, "properties": {**usual, **properties}}


def acls(**more: object) -> Mapping[str, object]:
    return {"defaultAction": "Deny", **more}


def connection(status: object = "Approved", id: object = ENDPOINT) -> Body:
    state = {"privateLinkServiceConnectionState": {"status": status}}
    return {"properties": {**state, "privateEndpoint": {"id": id}}}


def network(id: str = NETWORK, servers: object = None, **subnet: Any) -> Body:
    inside = {"id": f"{id}/subnets/inside", "name": "inside", "properties": subnet}
    spaces = {NETWORK: "10.1.0.0/16", HUB: "10.0.0.0/16"}
    return {
        "id": id,
        "location": "eastus",
        "properties": {
            "addressSpace": {"addressPrefixes": [spaces[id]]},
            "dhcpOptions": {"dnsServers": servers},
            "subnets": [inside],
            "virtualNetworkPeerings": [
                {
                    "properties": {
                        "remoteVirtualNetwork": {"id": each},
                        "peeringState": "Connected",
                    }
                }
                for each in spaces
                if each != id
            ],
        },
    }


def endpoint(subnet: str = SUBNET, leads_to: str = ACCOUNT) -> Body:
    lead = {
        "privateLinkServiceId": leads_to,
        "groupIds": ["account"],
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    return {
        "id": ENDPOINT,
        "properties": {
            "subnet": {"id": subnet},
            "privateLinkServiceConnections": [{"properties": lead}],
        },
    }


def link(to: object = NETWORK, name: str = "one") -> Body:
    properties = {"virtualNetwork": {"id": to}, "virtualNetworkLinkState": "Completed"}
    return {"id": f"{ZONE}/virtualNetworkLinks/{name}", "properties": properties}


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(BY_ID[check], *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([{"id": SUBNET, "state": "Succeeded"}], PASS),
        ([{"id": SUBNET}], PASS),
        ([{"id": SUBNET, "state": "Failed"}], WARN),
        ([{"id": f"{NETWORK}/subnets/gone"}], WARN),
        ([{"id": SUBNET.replace(SUBSCRIPTION, FOREIGN)}], WARN),
        ([{"state": "Succeeded"}], WARN),
        ([], NONE),
        (None, NONE),
        ("odd", UNREAD),
    ],
)
def test_subnets_that_are_let_in(
    rules: object, status: Status, verdicts: Verdicts
) -> None:
    given = account(networkAcls=acls(virtualNetworkRules=rules))
    assert status_of(verdicts, "aoai-vnet-rules", given, network()) is status


def test_a_rule_that_is_wrong_decides_whatever_else_was_not_read(
    verdicts: Verdicts,
) -> None:
    rules = [{"id": SUBNET}, {"id": f"{NETWORK}/subnets/b", "state": "Failed"}]
    given = account(networkAcls=acls(virtualNetworkRules=rules))
    unread = [(VirtualNetwork, SUBSCRIPTION)]
    assert status_of(verdicts, "aoai-vnet-rules", given, unread=unread) is WARN


def test_networks_that_were_not_read_leave_rules_open(verdicts: Verdicts) -> None:
    given = account(networkAcls=acls(virtualNetworkRules=[{"id": SUBNET}]))
    unread = [(VirtualNetwork, SUBSCRIPTION)]
    assert status_of(verdicts, "aoai-vnet-rules", given, unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["Approved"], PASS),
        (["Approved", "pending"], WARN),
        (["Approved", "Rejected"], INFO),
        ([], NONE),
        ([7], UNREAD),
        (["Approved", None], UNREAD),
        ([None, "Pending"], WARN),
    ],
)
def test_requests_that_wait(
    states: list[object], status: Status, verdicts: Verdicts
) -> None:
    given = account(privateEndpointConnections=[connection(each) for each in states])
    assert status_of(verdicts, "aoai-pe-not-pending", given) is status


def test_whose_endpoints_they_are(verdicts: Verdicts) -> None:
    check = "aoai-pe-foreign"
    theirs = ENDPOINT.replace(SUBSCRIPTION, FOREIGN)

    def at(*ids: object) -> Body:
        return account(privateEndpointConnections=[connection(id=each) for each in ids])

    assert status_of(verdicts, check, at(ENDPOINT)) is PASS
    assert status_of(verdicts, check, at(ENDPOINT, theirs)) is WARN
    denied = Settings(denied_subscriptions=(FOREIGN.rpartition("/")[2].upper(),))
    assert status_of(verdicts, check, at(theirs), settings=denied) is FAIL
    assert status_of(verdicts, check, at(theirs), whole_tenant=False) is UNREAD
    assert status_of(verdicts, check, at(None)) is UNREAD
    assert status_of(verdicts, check, account()) is NONE


@pytest.mark.parametrize(
    ("bypass", "status"),
    [("None", PASS), (None, PASS), ("AzureServices", WARN), (7, UNREAD)],
)
def test_services_that_are_let_by(
    bypass: object, status: Status, verdicts: Verdicts
) -> None:
    given = account(networkAcls=acls(bypass=bypass))
    assert status_of(verdicts, "aoai-bypass-reviewed", given) is status


FIND: Body = {
    "id": f"{PROVIDERS}/Microsoft.Search/searchServices/find",
    "identity": {"type": "SystemAssigned", "principalId": "find"},
    "properties": {},
}
CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/*"


@pytest.mark.parametrize(
    ("bypass", "properties", "status"),
    [
        ("AzureServices", {}, INFO),
        ("None", {}, WARN),
        (None, {"privateEndpointConnections": [connection("Rejected")]}, WARN),
        (None, {"privateEndpointConnections": [connection()]}, PASS),
    ],
)
def test_services_that_mean_to_come(
    bypass: object, properties: Body, status: Status, verdicts: Verdicts, rbac: Any
) -> None:
    given = account(networkAcls=acls(bypass=bypass), **properties)
    role = rbac.role("user", dataActions=[CHAT])
    grant = rbac.grant("find", "user", ACCOUNT, "ServicePrincipal")
    bodies = (given, FIND, role, grant)
    assert status_of(verdicts, "aoai-bypass-reviewed", *bodies) is status


def test_a_service_whose_time_is_over_does_not_mean_to_come(
    verdicts: Verdicts, rbac: Any
) -> None:
    given = account(networkAcls=acls(bypass="AzureServices"))
    over = "@Environment[UtcNow] DateTimeLessThan '2025-01-01T00:00:00.0Z'"
    role = rbac.role("user", dataActions=[CHAT])
    grant = rbac.grant("find", "user", ACCOUNT, "ServicePrincipal", condition=over)
    bodies = (given, FIND, role, grant)
    assert status_of(verdicts, "aoai-bypass-reviewed", *bodies) is WARN


@pytest.mark.parametrize("bypass", ["AzureServices", "None"])
def test_services_that_were_not_read_may_mean_to_come(
    bypass: str, verdicts: Verdicts
) -> None:
    given = account(networkAcls=acls(bypass=bypass))
    for view in (SearchService, RoleAssignment):
        unread = [(view, SUBSCRIPTION)]
        check = "aoai-bypass-reviewed"
        assert status_of(verdicts, check, given, unread=unread) is UNREAD


def test_without_a_firewall_nothing_is_bypassed(verdicts: Verdicts) -> None:
    check = "aoai-bypass-reviewed"
    assert status_of(verdicts, check, account(networkAcls=None)) is NONE
    opened = account(networkAcls={"defaultAction": "Allow", "bypass": "AzureServices"})
    assert status_of(verdicts, check, opened) is NONE


@pytest.mark.parametrize(
    ("acls", "alone", "used"),
    [
        ({"defaultAction": "Deny", "bypass": "AzureServices"}, WARN, INFO),
        ({"defaultAction": "Allow", "bypass": "AzureServices"}, WARN, INFO),
        ({"defaultAction": "Deny", "bypass": "None"}, PASS, WARN),
        (None, PASS, WARN),
    ],
)
def test_a_closed_account_lets_services_by_as_well(
    acls: object, alone: Status, used: Status, verdicts: Verdicts, rbac: Any
) -> None:
    given = account(publicNetworkAccess="Disabled", networkAcls=acls)
    role = rbac.role("user", dataActions=[CHAT])
    grant = rbac.grant("find", "user", ACCOUNT, "ServicePrincipal")
    check = "aoai-bypass-reviewed"
    assert status_of(verdicts, check, given) is alone
    assert status_of(verdicts, check, given, FIND, role, grant) is used


def test_names_lead_to_the_endpoint(verdicts: Verdicts) -> None:
    check = "aoai-private-dns-linked"
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    usual = (endpoint(), account(), network(), network(HUB))
    assert status_of(verdicts, check, *usual, zone, link()) is PASS
    assert status_of(verdicts, check, *usual, zone, link(HUB)) is WARN
    assert status_of(verdicts, check, *usual, zone) is WARN
    assert status_of(verdicts, check, *usual) is WARN
    for lost in (None, ..., 5):
        assert status_of(verdicts, check, *usual, zone, link(lost)) is UNREAD
        told = link(lost), link(name="two")
        assert status_of(verdicts, check, *usual, zone, *told) is PASS
    both = (endpoint(), account("AIServices"), network(), zone, link())
    assert status_of(verdicts, check, *both) is WARN

    forwarding = (endpoint(), account(), network(servers=["10.0.0.4"]), network(HUB))
    assert status_of(verdicts, check, *forwarding, zone, link(HUB)) is PASS
    away = (endpoint(), account(), network(servers=["192.0.2.1"]), zone, link())
    assert status_of(verdicts, check, *away) is ASKED


RESOLVER = f"{PROVIDERS}/Microsoft.Network/dnsResolvers/one"
RULESET = f"{PROVIDERS}/Microsoft.Network/dnsForwardingRulesets/one"
OPENAI = "openai.azure.com."


def forwarded(domain: str, server: str = "10.0.0.4") -> list[Body]:
    """Return a ruleset of the hub, with one rule, that the network is linked to."""
    out = {"id": f"{RESOLVER}/outboundEndpoints/out"}
    rule = {
        "domainName": domain,
        "forwardingRuleState": "Enabled",
        "targetDnsServers": [{"ipAddress": server, "port": 53}],
    }
    links = f"{RULESET}/virtualNetworkLinks"
    return [
        {"id": RESOLVER, "properties": {"virtualNetwork": {"id": HUB}}},
        {"id": RULESET, "properties": {"dnsResolverOutboundEndpoints": [out]}},
        {"id": f"{RULESET}/forwardingRules/openai", "properties": rule},
        {"id": f"{links}/net", "properties": {"virtualNetwork": {"id": NETWORK}}},
    ]


@pytest.mark.parametrize(
    ("given", "linked", "status"),
    [
        (forwarded(OPENAI), [HUB], PASS),
        (forwarded(OPENAI), [HUB, NETWORK], PASS),
        (forwarded(OPENAI), [], WARN),
        (forwarded(OPENAI), [NETWORK], ASKED),
        (forwarded(OPENAI, "192.0.2.1"), [HUB], ASKED),
        (forwarded(OPENAI, "192.0.2.1"), [NETWORK], ASKED),
        (forwarded("privatelink.openai.azure.com."), [HUB], ASKED),
        (forwarded("privatelink.openai.azure.com."), [NETWORK], PASS),
        (forwarded("search.windows.net."), [HUB], WARN),
        (forwarded("."), [HUB], WARN),
        (forwarded("."), [NETWORK], PASS),
        (forwarded(OPENAI)[:3], [HUB], WARN),
        (forwarded(OPENAI)[1:], [HUB], UNREAD),
    ],
)
def test_forwarding_rules_lead_to_the_endpoint(
    verdicts: Verdicts, given: list[Body], linked: list[str], status: Status
) -> None:
    check = "aoai-private-dns-linked"
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    links = [link(to, to.rpartition("/")[2]) for to in linked]
    usual = (endpoint(), account(), network(), network(HUB), zone, *links)
    assert status_of(verdicts, check, *usual, *given) is status


def test_custom_servers_are_asked_before_rulesets(verdicts: Verdicts) -> None:
    check = "aoai-private-dns-linked"
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    usual = (endpoint(), account(), network(servers=["10.0.0.4"]), network(HUB), zone)
    away = forwarded(OPENAI, "192.0.2.1")
    assert status_of(verdicts, check, *usual, link(HUB), *away) is PASS


def test_rulesets_that_were_not_read_may_forward(verdicts: Verdicts) -> None:
    check = "aoai-private-dns-linked"
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    usual = (endpoint(), account(), network(), network(HUB), zone, link())
    assert status_of(verdicts, check, *usual, unoffered=[ForwardingRuleset]) is PASS
    lists = [(ForwardingRuleset, SUBSCRIPTION)]
    assert status_of(verdicts, check, *usual, unread=lists) is UNREAD
    given = (*usual, *forwarded("search.windows.net."))
    assert status_of(verdicts, check, *given) is PASS
    for view in (ForwardingRule, ForwardingLink):
        refused = [(view, RULESET)]
        assert status_of(verdicts, check, *given, unread=refused) is UNREAD


def test_the_rule_that_leads_to_the_zone_is_evidence(verdicts: Verdicts) -> None:
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    usual = (endpoint(), account(), network(), network(HUB), zone, link(HUB))
    found = verdicts(BY_ID["aoai-private-dns-linked"], *usual, *forwarded(OPENAI))
    cited = found.evidence(ENDPOINT)
    rule, linked = f"{RULESET}/forwardingRules/openai", ForwardingLink.network_id.path
    assert cited[rule, ForwardingRule.domain.path] == OPENAI
    assert cited[rule, ForwardingRule.servers.path] == ["10.0.0.4"]
    assert cited[f"{RULESET}/virtualNetworkLinks/net", linked] == NETWORK


def kept_in(zone: str) -> Body:
    config = {"properties": {"privateDnsZoneId": zone}}
    return {
        "id": f"{ENDPOINT}/privateDnsZoneGroups/default",
        "properties": {"privateDnsZoneConfigs": [config]},
    }


def test_zones_elsewhere_may_be_linked(verdicts: Verdicts) -> None:
    check = "aoai-private-dns-linked"
    usual = (endpoint(), account(), network())
    theirs = kept_in(ZONE.replace(SUBSCRIPTION, FOREIGN))
    assert status_of(verdicts, check, *usual, theirs) is ASKED
    for group in ([theirs], []):
        found = status_of(verdicts, check, *usual, *group, whole_tenant=False)
        assert found is UNREAD
    ours = kept_in(ZONE)
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    given = (*usual, zone, ours)
    assert status_of(verdicts, check, *given, whole_tenant=False) is WARN
    [said] = verdicts(BY_ID[check], *given, whole_tenant=False)
    assert "lower bound" in said.reason


def test_only_the_zone_with_the_records_answers(verdicts: Verdicts) -> None:
    check, namesake = "aoai-private-dns-linked", ZONE.rpartition("/")[2]
    elsewhere = ZONE.replace("/resourceGroups/rg/", "/resourceGroups/other/")
    linked: list[Body] = [{"id": ZONE, "name": namesake, "properties": {}}, link()]
    far = {**link(HUB), "id": f"{elsewhere}/virtualNetworkLinks/one"}
    other: list[Body] = [{"id": elsewhere, "name": namesake, "properties": {}}, far]
    usual = (endpoint(), account(), network(), network(HUB), *linked)
    assert status_of(verdicts, check, *usual, kept_in(ZONE)) is PASS
    assert status_of(verdicts, check, *usual, *other, kept_in(elsewhere)) is WARN
    assert status_of(verdicts, check, *usual, kept_in(elsewhere)) is WARN
    theirs = kept_in(ZONE.replace(SUBSCRIPTION, FOREIGN))
    assert status_of(verdicts, check, *usual, theirs) is ASKED
    assert status_of(verdicts, check, *usual, theirs, whole_tenant=False) is UNREAD
    links = [(ZoneLink, elsewhere)]
    given = (*usual, *other)
    assert status_of(verdicts, check, *given, kept_in(ZONE), unread=links) is PASS
    found = status_of(verdicts, check, *given, kept_in(elsewhere), unread=links)
    assert found is UNREAD


def test_zones_that_were_not_read_may_be_linked(verdicts: Verdicts) -> None:
    check, usual = "aoai-private-dns-linked", (endpoint(), account(), network())
    unread = [(PrivateZone, SUBSCRIPTION)]
    assert status_of(verdicts, check, *usual, unread=unread) is UNREAD
    zone: Body = {"id": ZONE, "name": ZONE.rpartition("/")[2], "properties": {}}
    links = [(ZoneLink, ZONE)]
    assert status_of(verdicts, check, *usual, zone, link(), unread=links) is UNREAD


@pytest.mark.parametrize("check", ["aoai-private-dns-linked", "aoai-pe-nsg-effective"])
def test_accounts_and_networks_that_were_not_read(
    verdicts: Verdicts, check: str
) -> None:
    usual = (endpoint(), account(), network())
    for view in (CognitiveAccount, VirtualNetwork):
        unread = [(view, SUBSCRIPTION)]
        assert status_of(verdicts, check, *usual, unread=unread) is UNREAD
    assert status_of(verdicts, check, endpoint(), account()) is UNREAD


@pytest.mark.parametrize("check", ["aoai-private-dns-linked", "aoai-pe-nsg-effective"])
def test_endpoints_of_accounts_outside_the_scan_are_not_left_out(
    verdicts: Verdicts, check: str
) -> None:
    far = endpoint(leads_to=ACCOUNT.replace(SUBSCRIPTION, FOREIGN))
    for whole in (True, False):
        found = verdicts(BY_ID[check], far, network(), whole_tenant=whole)
        result = found.only(ENDPOINT)
        assert (result.status, "outside the scan" in result.reason) == (UNREAD, True)


GROUP = {"networkSecurityGroup": {"id": "/nsg"}}
POLICIES = "privateEndpointNetworkPolicies"


@pytest.mark.parametrize(
    ("subnet", "status"),
    [
        ({POLICIES: "Enabled", **GROUP}, PASS),
        ({POLICIES: "NetworkSecurityGroupEnabled", **GROUP}, PASS),
        ({POLICIES: "RouteTableEnabled", **GROUP}, FAIL),
        ({POLICIES: "Enabled"}, FAIL),
        (GROUP, FAIL),
        ({POLICIES: None}, FAIL),
        ({POLICIES: ["Enabled"]}, UNREAD),
    ],
)
def test_security_groups_apply(
    subnet: Mapping[str, Any], status: Status, verdicts: Verdicts
) -> None:
    bodies = (endpoint(), account(), network(**subnet))
    assert status_of(verdicts, "aoai-pe-nsg-effective", *bodies) is status


def test_a_subnet_that_is_not_there_decides_nothing(verdicts: Verdicts) -> None:
    gone = endpoint(f"{NETWORK}/subnets/gone")
    for check in ("aoai-pe-nsg-effective",):
        assert status_of(verdicts, check, gone, account(), network()) is UNREAD
        assert status_of(verdicts, check, endpoint(), account()) is UNREAD


RULED = {"networkAcls": acls(ipRules=[{"value": "198.51.100.1"}])}


@pytest.mark.parametrize(
    ("check", "properties", "status"),
    [
        ("aoai-only-apim-reaches", {"networkAcls": None}, WARN),
        ("aoai-only-apim-reaches", {}, NONE),
        ("aoai-only-apim-reaches", RULED, ASKED),
        ("aoai-only-apim-reaches", {"networkAcls": acls(bypass="None")}, NONE),
        (
            "aoai-only-apim-reaches",
            {"networkAcls": acls(bypass="AzureServices")},
            ASKED,
        ),
        (
            "aoai-only-apim-reaches",
            {"networkAcls": acls(virtualNetworkRules=[{"id": SUBNET}])},
            ASKED,
        ),
        (
            "aoai-only-apim-reaches",
            {"publicNetworkAccess": "SecuredByPerimeter"},
            ASKED,
        ),
        ("aoai-only-apim-reaches", {"publicNetworkAccess": "Disabled"}, NONE),
        (
            "aoai-only-apim-reaches",
            {
                "publicNetworkAccess": "Disabled",
                "networkAcls": acls(bypass="AzureServices"),
            },
            ASKED,
        ),
        ("aoai-only-apim-reaches", {"publicNetworkAccess": 7}, UNREAD),
        ("aoai-studio-direct-path", {}, NONE),
        ("aoai-studio-direct-path", RULED, ASKED),
        ("aoai-studio-direct-path", {"networkAcls": None}, ASKED),
        ("aoai-studio-direct-path", {"publicNetworkAccess": "Disabled"}, NONE),
        (
            "aoai-studio-direct-path",
            {
                "publicNetworkAccess": "Disabled",
                "networkAcls": acls(ipRules=[{"value": "198.51.100.1"}]),
                "privateEndpointConnections": [connection("Rejected")],
            },
            NONE,
        ),
        ("aoai-studio-direct-path", {"privateEndpointConnections": 7}, UNREAD),
        ("aoai-jump-host", {}, ASKED),
    ],
)
def test_what_a_person_has_to_say(
    check: str, properties: dict[str, Any], status: Status, verdicts: Verdicts
) -> None:
    assert status_of(verdicts, check, account(**properties)) is status


GROUP_ID = f"{PROVIDERS}/Microsoft.Network/networkSecurityGroups/nsg"
SERVICE = f"{PROVIDERS}/Microsoft.ApiManagement/service/apim"
INTERFACE = f"{PROVIDERS}/Microsoft.Network/networkInterfaces/nic"
TABLE = f"{PROVIDERS}/Microsoft.Network/routeTables/table"
SECOND = f"{NETWORK}/subnets/apim2"
FIREWALL = f"{PROVIDERS}/Microsoft.Network/azureFirewalls/fw"


def rule(number: int, source: object = "VirtualNetwork", **more: object) -> Body:
    usual = {
        "priority": number,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
    }
    return {"name": f"r{number}", "properties": {**usual, **more}}


GATEWAY = rule(100, "10.1.9.0/27")
NOBODY = rule(4096, access="Deny", protocol="*", destinationPortRange="*")


def firewall() -> Body:
    at = {"properties": {"privateIPAddress": "10.1.200.4"}}
    return {"id": FIREWALL, "properties": {"ipConfigurations": [at]}}


def behind(*rules: Body, subnet: Mapping[str, Any] | None = None) -> list[Body]:
    """Return an account that a gateway fronts, behind an endpoint with rules."""
    usual = {
        "addressPrefix": "10.1.0.0/24",
        "privateEndpointNetworkPolicies": "Enabled",
        "networkSecurityGroup": {"id": GROUP_ID},
    }
    net = network(**(usual if subnet is None else subnet))
    apim = {"addressPrefix": "10.1.9.0/27", "routeTable": {"id": TABLE}}
    net["properties"]["subnets"].append(
        {"id": f"{NETWORK}/subnets/apim", "name": "apim", "properties": apim}
    )
    way = endpoint()
    way["properties"]["networkInterfaces"] = [{"id": INTERFACE}]
    at = {"properties": {"privateIPAddress": "10.1.0.7"}}
    return [
        account(
            publicNetworkAccess="Disabled",
            customSubDomainName="oai",
            privateEndpointConnections=[connection()],
        ),
        way,
        net,
        {"id": GROUP_ID, "properties": {"securityRules": list(rules)}},
        {"id": INTERFACE, "properties": {"ipConfigurations": [at]}},
        {"id": TABLE, "properties": {"routes": []}},
        {
            "id": SERVICE,
            "properties": {
                "virtualNetworkConfiguration": {
                    "subnetResourceId": f"{NETWORK}/subnets/apim"
                }
            },
        },
        {
            "id": f"{SERVICE}/backends/models",
            "properties": {"url": "https://oai.openai.azure.com/openai"},
        },
    ]


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([GATEWAY, NOBODY], PASS),
        ([NOBODY], PASS),
        ([GATEWAY], WARN),
        ([], WARN),
        ([rule(100, "10.1.0.0/16"), NOBODY], WARN),
        ([NOBODY, rule(4000, "10.1.4.0/24")], WARN),
        ([rule(90, access="Deny"), rule(4000, "10.1.4.0/24")], PASS),
        ([GATEWAY, rule(110, "10.2.0.4"), NOBODY], WARN),
        ([GATEWAY, rule(110, "Internet"), NOBODY], PASS),
        ([rule(110, destinationPortRange="80"), NOBODY], PASS),
        ([rule(110, destinationAddressPrefix="10.1.0.8/29"), NOBODY], PASS),
        ([rule(110, destinationAddressPrefix="10.1.0.0/29"), NOBODY], WARN),
        ([GATEWAY, rule(200, access="Deny", protocol="Udp")], WARN),
        (
            [rule(100, None, sourceApplicationSecurityGroups=[{"id": "/a"}]), NOBODY],
            ASKED,
        ),
        ([GATEWAY, rule(110, "10.1.200.4"), NOBODY], ASKED),
        ([rule(100, access=None), NOBODY], UNREAD),
        ([rule(100, destinationPortRange="web"), NOBODY], UNREAD),
        (["odd"], UNREAD),
    ],
)
def test_what_rules_leave(rules: list[Any], status: Status, verdicts: Verdicts) -> None:
    given = [*behind(*rules), firewall()]
    assert status_of(verdicts, "aoai-only-apim-reaches", *given) is status


@pytest.mark.parametrize(
    ("subnet", "status"),
    [
        ({"addressPrefix": "10.1.0.0/24"}, WARN),
        ({"privateEndpointNetworkPolicies": "Enabled"}, WARN),
        ({"networkSecurityGroup": {"id": GROUP_ID}}, WARN),
        ({"networkSecurityGroup": 7}, UNREAD),
    ],
)
def test_rules_that_do_not_apply_leave_everyone(
    subnet: Mapping[str, Any], status: Status, verdicts: Verdicts
) -> None:
    given = behind(GATEWAY, NOBODY, subnet=subnet)
    assert status_of(verdicts, "aoai-only-apim-reaches", *given) is status


def test_a_gateway_that_is_expected_is_the_only_one(verdicts: Verdicts) -> None:
    *given, backend = behind(GATEWAY, NOBODY)
    check = "aoai-only-apim-reaches"
    assert status_of(verdicts, check, *given) is ASKED
    expected = Settings(expected_gateways=(SERVICE,))
    assert status_of(verdicts, check, *given, settings=expected) is PASS
    other = Settings(expected_gateways=(f"{SERVICE}2",))
    elsewhere = {"id": f"{SERVICE}2", "properties": {}}
    for bodies in (given, [*given, backend]):
        result = status_of(verdicts, check, *bodies, elsewhere, settings=other)
        assert result is ASKED
    assert status_of(verdicts, check, *given, settings=other) is UNREAD


def test_every_way_in_counts(verdicts: Verdicts) -> None:
    check = "aoai-only-apim-reaches"
    given, *rest = behind(GATEWAY, NOBODY)
    foreign = connection(id=ENDPOINT.replace(SUBSCRIPTION, FOREIGN))
    mine = [connection(), foreign]
    both = {**given["properties"], "privateEndpointConnections": mine}
    account_ = {**given, "properties": both}
    assert status_of(verdicts, check, account_, *rest) is WARN
    assert status_of(verdicts, check, account_, *rest, whole_tenant=False) is UNREAD
    public = {**given["properties"], "publicNetworkAccess": "Enabled"}
    for rules, expected in (({}, PASS), (RULED, ASKED)):
        account_ = {**given, "properties": {**public, **rules}}
        assert status_of(verdicts, check, account_, *rest) is expected


def test_a_person_tells_which_gateway_and_who_is_behind_appliances(
    verdicts: Verdicts,
) -> None:
    check = "aoai-only-apim-reaches"
    *given, service, _ = behind(GATEWAY, NOBODY)
    assert status_of(verdicts, check, *given, service) is ASKED
    hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    everywhere = [(each, PASS) for each in ("0.0.0.0/0", "0.0.0.0/1")]
    for prefix, status in (("10.1.0.0/24", ASKED), *everywhere):
        route = {"properties": {"addressPrefix": prefix, **hop}}
        bodies = behind(GATEWAY, NOBODY)
        table = next(each for each in bodies if each["id"] == TABLE)
        table["properties"]["routes"] = [route]
        assert status_of(verdicts, check, *bodies) is status


@pytest.mark.parametrize(
    ("regions", "status"),
    [
        ([{"virtualNetworkConfiguration": {"subnetResourceId": SECOND}}], PASS),
        ([{"virtualNetworkConfiguration": None}], WARN),
        ([{}], WARN),
        (None, WARN),
        ([{"virtualNetworkConfiguration": {"subnetResourceId": f"{SECOND}2"}}], UNREAD),
        ([{"virtualNetworkConfiguration": {"subnetResourceId": 7}}], UNREAD),
    ],
)
def test_a_gateway_comes_from_each_of_its_regions(
    regions: object, status: Status, verdicts: Verdicts
) -> None:
    given = behind(GATEWAY, rule(110, "10.1.10.0/27"), NOBODY)
    by_id = {each["id"]: each["properties"] for each in given}
    by_id[SERVICE]["additionalLocations"] = regions
    second = {"id": SECOND, "properties": {"addressPrefix": "10.1.10.0/27"}}
    by_id[NETWORK]["subnets"].append(second)
    assert status_of(verdicts, "aoai-only-apim-reaches", *given) is status


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/nsp"
OFFICE: Body = {"addressPrefixes": ["203.0.113.0/24"]}


def perimeter(mode: str = "Learning", **more: object) -> list[Body]:
    """Return a perimeter that the account is in, with a rule."""
    inside = {
        "privateLinkResource": {"id": ACCOUNT},
        "profile": {"id": f"{PERIMETER}/profiles/p"},
        "accessMode": mode,
        "hasProvisioningIssues": "no",
    }
    way = {"direction": "Inbound", **more}
    return [
        {"id": PERIMETER, "properties": {}},
        {"id": f"{PERIMETER}/profiles/p", "properties": {}},
        {"id": f"{PERIMETER}/profiles/p/accessRules/partner", "properties": way},
        {"id": f"{PERIMETER}/resourceAssociations/a", "properties": inside},
    ]


@pytest.mark.parametrize("mode", ["Learning", "Enforced"])
@pytest.mark.parametrize(
    ("way", "named"),
    [
        (OFFICE, "203.0.113.0/24"),
        ({"subscriptions": [{"id": FOREIGN}]}, f"subscription {FOREIGN[15:]}"),
        ({"serviceTags": ["AzureDevOps"]}, "AzureDevOps"),
        ({"emailAddresses": ["x@example.com"]}, "rule partner"),
        ({**OFFICE, "direction": "Outbound"}, ""),
    ],
)
def test_whom_a_perimeter_lets_in_a_person_has_to_say(
    mode: str, way: dict[str, Any], named: str, verdicts: Verdicts
) -> None:
    beside = perimeter(mode, **way)
    checks = "aoai-only-apim-reaches", "aoai-apim-loss-accepted"
    for check, closed in zip(checks, (PASS, NONE), strict=True):
        [result] = verdicts(BY_ID[check], *behind(GATEWAY, NOBODY), *beside)
        assert result.status is (ASKED if named else closed)
        assert named in result.reason
    for access in ("Disabled", "SecuredByPerimeter"):
        alone = account(publicNetworkAccess=access)
        found = status_of(verdicts, "aoai-studio-direct-path", alone, *beside)
        assert found is (ASKED if named else NONE)


@pytest.mark.parametrize(
    ("check", "shut"),
    [("aoai-only-apim-reaches", PASS), ("aoai-apim-loss-accepted", NONE)],
)
def test_services_let_by_come_past_the_gateway(
    check: str, shut: Status, verdicts: Verdicts
) -> None:
    given = behind(GATEWAY, NOBODY)
    for bypass, status in (("None", shut), ("AzureServices", ASKED)):
        given[0]["properties"]["networkAcls"] = acls(bypass=bypass)
        assert status_of(verdicts, check, *given) is status


@pytest.mark.parametrize(
    "check",
    ["aoai-only-apim-reaches", "aoai-apim-loss-accepted", "aoai-studio-direct-path"],
)
def test_perimeters_that_were_not_read_are_not_closed(
    check: str, verdicts: Verdicts
) -> None:
    given = behind(GATEWAY, NOBODY)
    if check == "aoai-studio-direct-path":
        given[0] = account(publicNetworkAccess="Disabled")
    unread = [(AccessRule, f"{PERIMETER}/profiles/p")]
    bodies = [*given, *perimeter(**OFFICE)]
    assert status_of(verdicts, check, *bodies, unread=unread) is UNREAD


@pytest.mark.parametrize(
    "view",
    [PrivateEndpoint, VirtualNetwork, SecurityGroup, RouteTable, ApiService, Firewall],
)
def test_ways_that_were_not_read_are_not_closed(
    view: type[Any], verdicts: Verdicts
) -> None:
    given = [*behind(GATEWAY, rule(110, "10.1.200.4"), NOBODY), firewall()]
    unread = [(view, SUBSCRIPTION)]
    found = status_of(verdicts, "aoai-only-apim-reaches", *given, unread=unread)
    assert found is UNREAD


@pytest.mark.parametrize("address", ["", "x", "10.1.0.7/24", "10.0.0.0/33"])
def test_what_is_no_address_is_not_read(address: str, verdicts: Verdicts) -> None:
    part = rule(110, "10.1.0.0/16", destinationAddressPrefix="10.1.0.7")
    for rules, at in (
        ([GATEWAY, part, NOBODY], INTERFACE),
        ([GATEWAY, rule(110, "10.1.200.4"), NOBODY], FIREWALL),
    ):
        given = [*behind(*rules), firewall()]
        [odd] = [each for each in given if each["id"] == at]
        [configuration] = odd["properties"]["ipConfigurations"]
        configuration["properties"]["privateIPAddress"] = address
        assert status_of(verdicts, "aoai-only-apim-reaches", *given) is UNREAD


def test_an_unknown_address_matters_to_rules_for_a_part_of_the_subnet(
    verdicts: Verdicts,
) -> None:
    check, unread = "aoai-only-apim-reaches", [(NetworkInterface, SUBSCRIPTION)]
    whole, part = (
        behind(GATEWAY, NOBODY),
        rule(110, destinationAddressPrefix="10.1.0.8/29"),
    )
    assert status_of(verdicts, check, *whole, unread=unread) is PASS
    assert status_of(verdicts, check, *behind(part, NOBODY), unread=unread) is UNREAD
