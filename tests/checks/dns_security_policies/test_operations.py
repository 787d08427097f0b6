from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.operations import (
    CHECKS,
    block_response,
    byodns_review,
    log_retention,
    policy_writers,
)
from checks.dns_security_policies.rules import wildcard_allow_cost
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.insights import DiagnosticSetting
from scanner.model.loganalytics import DataCollectionRule, LogTable, LogWorkspace
from scanner.model.network import VirtualNetwork
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
TABLE = f"{WORKSPACE}/tables/DNSQueryLogs"
LIST = f"{NETWORK}/dnsResolverDomainLists/all"
VNET = f"{NETWORK}/virtualNetworks/vnet"
NIC = f"{NETWORK}/networkInterfaces/dns"
FIREWALL = f"{NETWORK}/azureFirewalls/firewall"

PASS, WARN, MANUAL = Status.PASS, Status.WARN, Status.MANUAL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def resource(at: str, **properties: object) -> Body:
    return {"id": at, "location": "eastus", "properties": properties}


def setting(workspace: object = WORKSPACE, category: str = "DnsResponse") -> Body:
    at = f"{POLICY}/providers/Microsoft.Insights/diagnosticSettings/logs"
    logs = [{"category": category, "enabled": True}]
    return resource(at, logs=logs, workspaceId=workspace, storageAccountId="/s")


def rule(action: object = "Block", state: object = "Enabled") -> Body:
    return resource(
        f"{POLICY}/dnsSecurityRules/rule",
        priority=100,
        action={"actionType": action},
        dnsSecurityRuleState=state,
        dnsResolverDomainLists=[{"id": LIST}],
    )


def table(**properties: object) -> Body:
    return resource(TABLE, **properties)


LOGGED = resource(POLICY), setting(), resource(WORKSPACE)


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "dns-log-retention",
        "dns-byodns-review",
        "dns-block-response",
        "dns-policy-writers",
    ]


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"totalRetentionInDays": 90, "retentionInDays": 30}, PASS),
        ({"totalRetentionInDays": 730, "plan": "Basic"}, PASS),
        ({"totalRetentionInDays": 89, "retentionInDays": 90}, WARN),
        ({"totalRetentionInDays": 731}, WARN),
        ({"retentionInDays": 180}, PASS),
        ({"totalRetentionInDays": None, "retentionInDays": 30}, WARN),
        ({"retentionInDays": None}, UNREAD),
        ({}, UNREAD),
        ({"totalRetentionInDays": "180"}, UNREAD),
        ({"totalRetentionInDays": 180, "plan": 5}, UNREAD),
    ],
)
def test_retention(
    verdicts: Verdicts, properties: Mapping[str, object], status: Status
) -> None:
    results = verdicts(log_retention, *LOGGED, table(**properties))
    assert results.only(TABLE).status is status


RULE = f"{GROUP}/providers/Microsoft.Insights/dataCollectionRules/own"
STREAM = "Microsoft-Table-DNSQueryLogs"
FILTER = "source | where QueryType == 'A'"


@pytest.mark.parametrize(
    ("flows", "said"),
    [
        ([{"streams": [STREAM.lower()], "transformKql": FILTER}], "transformed before"),
        ([{"streams": [STREAM], "transformKql": "source"}], ""),
        ([{"streams": [STREAM]}], ""),
        ([{"streams": ["Microsoft-Syslog"], "transformKql": FILTER}], ""),
        (None, ""),
        (7, "transforms not read"),
    ],
)
def test_what_a_workspace_transforms_is_told(
    verdicts: Verdicts, flows: object, said: str
) -> None:
    named = resource(WORKSPACE, defaultDataCollectionRuleResourceId=RULE)
    bodies = resource(POLICY), setting(), named, table(totalRetentionInDays=180)
    own = resource(RULE, dataFlows=flows)
    result = verdicts(log_retention, *bodies, own).only(TABLE)
    assert result.status is PASS
    assert result.reason == (
        f"rows are kept for 180 days (plan not set{f', {said}' if said else ''})"
    )
    unread = [(DataCollectionRule, RULE)]
    unknown = verdicts(log_retention, *bodies, own, unread=unread).only(TABLE)
    assert "transforms not read" in unknown.reason


def test_retention_is_a_setting(verdicts: Verdicts) -> None:
    kept = table(totalRetentionInDays=30)
    settings = Settings(dns_log_min_days=7, dns_log_max_days=30)
    results = verdicts(log_retention, *LOGGED, kept, settings=settings)
    assert results.only(TABLE).status is PASS


def test_retention_unread(verdicts: Verdicts) -> None:
    bodies = *LOGGED, table(totalRetentionInDays=180)
    [result] = verdicts(log_retention, *bodies, unread=[(LogTable, TABLE)])
    assert result.status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ((table(totalRetentionInDays=180, plan="Basic"),), "plan Basic, kept 180 days"),
        ((table(retentionInDays=1, plan="Basic"),), "plan Basic, kept 1 day)"),
        ((table(plan="Basic"),), "(plan Basic)"),
        ((table(plan=5),), "workspace logs"),
        ((), "workspace logs"),
    ],
)
def test_what_everything_costs_is_told(
    verdicts: Verdicts, bodies: tuple[Body, ...], told: str
) -> None:
    everything = resource(LIST, domains=["."])
    found = *LOGGED, *bodies, everything, rule("Allow")
    [result] = verdicts(wildcard_allow_cost, *found)
    assert result.status is WARN
    assert told in result.reason


def vnet(*servers: str) -> Body:
    return resource(
        VNET,
        addressSpace={"addressPrefixes": ["10.0.0.0/16"]},
        dhcpOptions={"dnsServers": list(servers)},
    )


def host(at: str, address: object) -> Body:
    subnet = {"id": f"{VNET}/subnets/dns"}
    configuration = {"privateIPAddress": address, "subnet": subnet}
    return resource(at, ipConfigurations=[{"properties": configuration}])


@pytest.mark.parametrize(
    ("bodies", "asked"),
    [
        ((vnet("10.0.0.4"), host(NIC, "10.0.0.4")), {NIC}),
        ((vnet("10.0.0.4"), host(FIREWALL, "10.0.0.4")), {FIREWALL}),
        ((vnet("10.0.0.4"), host(NIC, "10.0.0.5")), set()),
        ((vnet(), host(NIC, "10.0.0.4")), set()),
        (
            (
                vnet("10.9.0.4"),
                resource(FIREWALL, hubIPAddresses={"privateIPAddress": "10.9.0.4"}),
            ),
            {FIREWALL},
        ),
    ],
)
def test_servers_of_ones_own(
    verdicts: Verdicts, bodies: tuple[Body, ...], asked: set[str]
) -> None:
    results = verdicts(byodns_review, *bodies)
    found = {each.target.resource_id for each in results if each.status is MANUAL}
    assert found == asked
    assert asked or [each.status for each in results] == [NONE]


def test_servers_of_unread_networks(verdicts: Verdicts) -> None:
    bodies, unread = (vnet(), host(NIC, "10.0.0.4")), [(VirtualNetwork, SUBSCRIPTION)]
    assert verdicts(byodns_review, *bodies, unread=unread)[0].status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((rule(), setting()), MANUAL),
        ((rule(), setting(None)), NONE),
        ((rule(), setting(category="Other")), NONE),
        ((rule(),), NONE),
        ((rule("Alert"), setting()), NONE),
        ((rule(state="Disabled"), setting()), NONE),
        ((rule(None), setting()), UNREAD),
        ((rule(), setting(5)), UNREAD),
    ],
)
def test_denials(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    results = verdicts(block_response, resource(POLICY), *bodies)
    assert results.only(POLICY).status is status


def test_denials_sent_to_what_is_gone(verdicts: Verdicts) -> None:
    bodies = (resource(POLICY), rule(), setting())
    for there, said in (((), True), ((resource(WORKSPACE),), False)):
        reason = verdicts(block_response, *bodies, *there).only(POLICY).reason
        assert ("logs, which is gone" in reason) is said
    unread = [(LogWorkspace, SUBSCRIPTION)]
    found = verdicts(block_response, *bodies, unread=unread).only(POLICY)
    assert "gone" not in found.reason


@pytest.mark.parametrize("view", [SecurityRule, DiagnosticSetting])
def test_denials_unread(verdicts: Verdicts, view: Any) -> None:
    bodies = [resource(POLICY), *([rule()] if view is DiagnosticSetting else [])]
    results = verdicts(block_response, *bodies, unread=[(view, POLICY)])
    assert results.only(POLICY).status is UNREAD


WRITE = "Microsoft.Network/dnsResolverPolicies/write"
UNLINK = "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks/delete"
LISTS = "Microsoft.Network/dnsResolverDomainLists/write"


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (WRITE, WARN),
        (UNLINK, WARN),
        (LISTS, WARN),
        ("Microsoft.Network/*", WARN),
        ("*", WARN),
        ("Microsoft.Network/dnsResolvers/*", PASS),
        ("*/read", PASS),
    ],
)
def test_writers(verdicts: Verdicts, rbac: Any, action: str, status: Status) -> None:
    bodies = (
        resource(POLICY),
        rule(),
        resource(LIST),
        rbac.role("role", actions=[action]),
        rbac.grant("ann", "role", GROUP),
        rbac.grant("bob", "role", SUBSCRIPTION),
        rbac.grant("eve", "role", GROUP, eligible=True),
    )
    few = Settings(dns_writer_warning=1)
    assert verdicts(policy_writers, *bodies, settings=few).only(POLICY).status is status
    more = Settings(dns_writer_warning=2)
    assert verdicts(policy_writers, *bodies, settings=more).only(POLICY).status is PASS


SHARED = f"{SUBSCRIPTION}/resourceGroups/lists"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"


def shared(at: str = SHARED) -> str:
    return f"{at}/providers/Microsoft.Network/dnsResolverDomainLists/block"


@pytest.mark.parametrize(
    ("named", "unread", "status"),
    [
        (shared().upper(), [], WARN),
        (None, [], PASS),
        (f"{shared()}-gone", [], PASS),
        (shared(f"{ELSEWHERE}/resourceGroups/x"), [], PASS),
        (shared(), [(DomainList, SUBSCRIPTION)], UNREAD),
        (shared(), [(SecurityRule, POLICY)], UNREAD),
        (4, [], UNREAD),
    ],
)
def test_writers_of_lists_that_lie_elsewhere(
    verdicts: Verdicts, rbac: Any, named: object, unread: Any, status: Status
) -> None:
    taking = rule()
    taking["properties"]["dnsResolverDomainLists"] = named and [{"id": named}]
    bodies = (
        resource(POLICY),
        taking,
        resource(shared()),
        rbac.role("role", actions=[LISTS]),
        rbac.grant("ann", "role", SHARED),
        rbac.grant("bob", "role", SHARED),
    )
    few = Settings(dns_writer_warning=1)
    results = verdicts(policy_writers, *bodies, settings=few, unread=unread)
    assert results.only(POLICY).status is status


def test_a_writer_counts_once(verdicts: Verdicts, rbac: Any) -> None:
    bodies = (
        resource(POLICY),
        rbac.role("role", actions=["*"]),
        rbac.grant("ann", "role", GROUP),
        rbac.grant("ann", "role", SUBSCRIPTION),
    )
    few = Settings(dns_writer_warning=1)
    result = verdicts(policy_writers, *bodies, settings=few).only(POLICY)
    assert result.status is PASS
    assert "1 principal can" in result.reason


def test_writers_unread(verdicts: Verdicts, rbac: Any) -> None:
    bodies = resource(POLICY), rbac.role("role", actions=["*"])
    unread = [(RoleAssignment, SUBSCRIPTION)]
    results = verdicts(policy_writers, *bodies, unread=unread)
    assert results.only(POLICY).status is UNREAD


@pytest.mark.parametrize("check", CHECKS[2:], ids=lambda check: check.id)
def test_policies_unread(verdicts: Verdicts, check: Any) -> None:
    [result] = verdicts(check, unread=[(ResolverPolicy, SUBSCRIPTION)])
    assert result.status is UNREAD
