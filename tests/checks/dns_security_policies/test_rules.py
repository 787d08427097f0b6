from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.rules import (
    CHECKS,
    allow_final_log,
    priority_range,
    rule_count,
    rule_domainlist_exists,
    wildcard_allow_cost,
    wildcard_block,
)
from scanner.model.check import Status
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.documentdb import CosmosAccount
from scanner.model.insights import DiagnosticSetting
from scanner.model.search import SearchService
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
OTHER = f"{NETWORK}/dnsResolverPolicies/other"
RULE = f"{POLICY}/dnsSecurityRules/rule"
LISTS = f"{NETWORK}/dnsResolverDomainLists"
WORKSPACE = "/w/providers/Microsoft.OperationalInsights/workspaces/logs"
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def resource(at: str, location: object = "eastus", **properties: object) -> Body:
    return {"id": at, "location": location, "properties": properties}


def policy(at: str = POLICY) -> Body:
    return resource(at)


def rule(
    action: object,
    priority: object,
    *lists: str,
    name: str = "rule",
    of: str = POLICY,
    state: object = "Enabled",
    **more: object,
) -> Body:
    properties: dict[str, object] = {
        "priority": priority,
        "action": {"actionType": action},
        "dnsResolverDomainLists": [{"id": f"{LISTS}/{each}"} for each in lists],
        "dnsSecurityRuleState": state,
    }
    return resource(f"{of}/dnsSecurityRules/{name}", **{**properties, **more})


def domains(name: str, *entries: str, location: str = "eastus", **more: object) -> Body:
    properties = {"domains": list(entries), "domainsUrl": None, **more}
    return resource(f"{LISTS}/{name}", location, **properties)


def logging(category: str = "DnsResponse", **destination: object) -> Body:
    at = f"{POLICY}/providers/Microsoft.Insights/diagnosticSettings/logs"
    return resource(at, logs=[{"category": category, "enabled": True}], **destination)


ALL, SOME = domains("all", "."), domains("some", "contoso.com")
BULK = domains("bulk", domains=None, domainsUrl="https://lists/bulk?sig=secret")
TAKES_ALL = rule("Allow", 65000, "all")
BY_NAME = {check.id: check for check in CHECKS}


def test_the_catalogue() -> None:
    assert list(BY_NAME) == [
        "dns-priority-range",
        "dns-rule-count",
        "dns-wildcard-allow-cost",
        "dns-wildcard-block",
        "dns-allow-final-log",
        "dns-rule-domainlist-exists",
    ]


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((rule("Block", 100),), PASS),
        ((rule("Block", 65000),), PASS),
        ((rule("Block", 99),), FAIL),
        ((rule("Block", 65001),), FAIL),
        ((rule("Block", 100), rule("Allow", 100, name="b")), FAIL),
        ((rule("Block", 100), rule("Allow", 101, name="b")), PASS),
        ((rule("Block", 100), rule("Allow", 100, of=OTHER), policy(OTHER)), PASS),
        ((rule("Block", 100), rule("Allow", None, name="b")), UNREAD),
        (
            (
                rule("Block", 100),
                rule("Allow", None, name="b"),
                rule("Allow", 100, name="c"),
            ),
            FAIL,
        ),
        ((rule("Block", ABSENT),), UNREAD),
        ((rule("Block", None),), UNREAD),
        ((rule("Block", "100"),), UNREAD),
        ((rule("Block", 100.5),), UNREAD),
    ],
)
def test_priorities(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(priority_range, policy(), *bodies).only(RULE).status is status


@pytest.mark.parametrize(("number", "status"), [(0, PASS), (7, PASS), (8, INFO)])
def test_counts(verdicts: Verdicts, number: int, status: Status) -> None:
    rules = [rule("Block", 100 + each, name=f"r{each}") for each in range(number)]
    settings = Settings(dns_rule_limit=10)
    results = verdicts(rule_count, policy(), *rules, settings=settings)
    assert results.only(POLICY).status is status


def test_counts_unread(verdicts: Verdicts) -> None:
    results = verdicts(rule_count, policy(), unread=[(SecurityRule, POLICY)])
    assert results.only(POLICY).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((TAKES_ALL, ALL, logging(workspaceId=WORKSPACE)), WARN),
        ((rule("Alert", 100, "all"), ALL, logging(workspaceId=WORKSPACE)), WARN),
        ((rule("Allow", 100, "all", "gone"), ALL, logging(workspaceId="/w")), WARN),
        ((TAKES_ALL, ALL, logging(storageAccountId="/s")), PASS),
        ((TAKES_ALL, ALL, logging("Other", workspaceId=WORKSPACE)), PASS),
        ((TAKES_ALL, ALL), PASS),
        ((rule("Allow", 100, "some"), SOME, logging(workspaceId=WORKSPACE)), PASS),
        ((rule("Allow", 100, "gone"), logging(workspaceId=WORKSPACE)), PASS),
        ((rule("Allow", 100, "all", state="Disabled"), ALL), NONE),
        ((rule("Allow", 100, "all", state=None), ALL), UNREAD),
        ((rule(None, 100, "all"), ALL), UNREAD),
        ((rule("Allow", 100, "bulk"), BULK), UNREAD),
        ((rule("Allow", 100, "bad"), domains("bad", domains="x")), UNREAD),
    ],
)
def test_costs(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(wildcard_allow_cost, policy(), *bodies).only(RULE).status is status


@pytest.mark.parametrize(
    "unread",
    [(DiagnosticSetting, POLICY), (ResolverPolicy, SUBSCRIPTION)],
    ids=["settings", "policies"],
)
def test_costs_unread(verdicts: Verdicts, unread: Any) -> None:
    results = verdicts(wildcard_allow_cost, policy(), TAKES_ALL, ALL, unread=[unread])
    assert results.only(RULE).status is UNREAD


PLATFORM = domains(
    "platform",
    "openai.azure.com.",
    "Services.AI.azure.com",
    "core.windows.net",
    "vaultcore.azure.net",
    "vault.azure.net",
    "cognitiveservices.azure.com",
    "login.microsoftonline.com",
)
PRIVATE = domains(
    "platform",
    "privatelink.openai.azure.com",
    "privatelink.cognitiveservices.azure.com",
    "privatelink.services.ai.azure.com",
    "privatelink.blob.core.windows.net",
    "privatelink.vaultcore.azure.net",
)
AZURE = domains("platform", "azure.com", "azure.net", "windows.net")
BOTH = (*PLATFORM["properties"]["domains"], "search.windows.net")
UNSIGNED = domains("platform", *PLATFORM["properties"]["domains"][:-1])
SHUT = rule("Block", 1000, "all")


def early(
    action: object = "Allow", *lists: str, priority: int = 200, **more: Any
) -> Body:
    return rule(action, priority, *(lists or ("platform",)), name="early", **more)


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((SHUT, ALL), FAIL),
        ((SHUT, ALL, early(), PLATFORM), PASS),
        ((SHUT, ALL, early("Alert"), PLATFORM), PASS),
        ((SHUT, ALL, early(), domains("platform", "openai.azure.com")), FAIL),
        ((SHUT, ALL, early(), PRIVATE), FAIL),
        ((SHUT, ALL, early("Block"), AZURE), FAIL),
        ((SHUT, ALL, early("Block", "all")), FAIL),
        ((SHUT, ALL, early("Block", "bulk"), BULK), FAIL),
        ((SHUT, ALL, early("Deny"), AZURE), UNREAD),
        ((SHUT, ALL, early(None), AZURE), UNREAD),
        ((SHUT, ALL, early(priority=1000), AZURE), UNREAD),
        ((SHUT, ALL, early(state="Disabled"), PLATFORM), FAIL),
        ((SHUT, ALL, early(priority=2000), PLATFORM), FAIL),
        ((SHUT, ALL, early("Allow", "all")), PASS),
        ((SHUT, ALL, early("Allow", "bulk"), BULK), UNREAD),
        ((rule("Block", 100, "some"), SOME), PASS),
        ((rule("Block", 100, "all", state="Disabled"), ALL), NONE),
        ((rule("Block", 100, "bulk"), BULK), UNREAD),
        ((rule("Block", 100, "all", state=5), ALL), UNREAD),
    ],
)
def test_lockouts(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(wildcard_block, policy(), *bodies).only(RULE).status is status


SEARCH = {
    "id": f"{GROUP}/providers/Microsoft.Search/searchServices/s",
    "properties": {},
}


@pytest.mark.parametrize(
    ("bodies", "unread", "status", "said"),
    [
        ((UNSIGNED,), [], FAIL, "allows login.microsoftonline.com"),
        ((PLATFORM, SEARCH), [], FAIL, "none before it allows search.windows.net"),
        ((PRIVATE,), [], FAIL, "blob.core.windows.net, vault.azure.net"),
        ((SEARCH, domains("platform", *BOTH)), [], PASS, ""),
        ((PLATFORM,), [(SearchService, SUBSCRIPTION)], UNREAD, "Microsoft.Search"),
        ((AZURE,), [(CosmosAccount, SUBSCRIPTION)], FAIL, "login"),
        ((domains("platform", *BOTH),), [(SearchService, SUBSCRIPTION)], PASS, ""),
    ],
)
def test_what_the_estate_has_is_spared(
    verdicts: Verdicts, bodies: tuple[Body, ...], unread: Any, status: Status, said: str
) -> None:
    whole = policy(), SHUT, ALL, early(), *bodies
    result = verdicts(wildcard_block, *whole, unread=unread).only(RULE)
    assert (result.status, said in result.reason) == (status, True), result.reason


def test_what_spares_the_platform_is_evidence(verdicts: Verdicts) -> None:
    bodies = SHUT, ALL, early(), PLATFORM
    shown = verdicts(wildcard_block, policy(), *bodies).only(RULE).evidence
    assert (PLATFORM["id"], "properties.domains") in {
        (each.resource_id, each.path) for each in shown
    }


def test_threat_lists_hold_no_zone_of_the_platform(verdicts: Verdicts) -> None:
    threats = rule("Block", 150, name="t", managedDomainLists=["AzureDnsThreatIntel"])
    open_ = verdicts(
        wildcard_block, policy(), SHUT, ALL, threats, early(), PLATFORM
    ).only(RULE)
    assert open_.status is PASS
    shut = verdicts(wildcard_block, policy(), SHUT, ALL, threats).only(RULE)
    assert shut.status is FAIL


def test_lockouts_unread(verdicts: Verdicts) -> None:
    bodies = policy(), SHUT, ALL, early(), PLATFORM
    unread = [(ResolverPolicy, SUBSCRIPTION)]
    assert verdicts(wildcard_block, *bodies, unread=unread).only(RULE).status is UNREAD


THREATS: dict[str, Any] = {"managedDomainLists": ["AzureDnsThreatIntel"]}


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((TAKES_ALL, ALL), INFO),
        ((TAKES_ALL, ALL, rule("Block", 100, "some", name="b")), INFO),
        ((rule("Allow", 100, "all"), ALL, rule("Block", 200, name="b")), NONE),
        (
            (
                rule("Allow", 100, "all"),
                ALL,
                rule("Block", 200, name="b", state="Disabled"),
            ),
            INFO,
        ),
        ((rule("Allow", 100, "bulk"), BULK), UNREAD),
        ((rule("Allow", None, "all"), ALL), UNREAD),
    ],
)
def test_last_rules(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(allow_final_log, policy(), *bodies).only(RULE).status is status


FAR = f"{LISTS}/far".replace(SUBSCRIPTION, ELSEWHERE)


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((rule("Block", 100, "some"), SOME), PASS),
        ((rule("Block", 100, "SOME"), SOME), PASS),
        ((rule("Block", 100, "some"), domains("some", location="East US")), PASS),
        ((rule("Block", 100, "some", "gone"), SOME), FAIL),
        ((rule("Block", 100, "some"), domains("some", location="uksouth")), FAIL),
        ((rule("Block", 100),), FAIL),
        ((rule("Block", 100, dnsResolverDomainLists=None),), FAIL),
        ((rule("Block", 100, dnsResolverDomainLists=ABSENT),), FAIL),
        ((rule("Block", 100, **THREATS),), PASS),
        ((rule("Block", 100, dnsResolverDomainLists=[{"id": FAR}]),), FAIL),
        ((rule("Block", 100, dnsResolverDomainLists="x"),), UNREAD),
        ((rule("Block", 100, "some"), {**SOME, "location": None}), UNREAD),
        ((rule("Block", 100, "some", "gone"), {**SOME, "location": None}), FAIL),
    ],
)
def test_lists_of_rules(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    results = verdicts(rule_domainlist_exists, policy(), *bodies)
    assert results.only(RULE).status is status


def test_lists_outside_a_narrowed_scan(verdicts: Verdicts) -> None:
    far = rule("Block", 100, dnsResolverDomainLists=[{"id": FAR}])
    results = verdicts(rule_domainlist_exists, policy(), far, whole_tenant=False)
    assert results.only(RULE).status is UNREAD


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("dns-wildcard-allow-cost", rule("Allow", 100, "some")),
        ("dns-wildcard-block", rule("Block", 100, "some")),
        ("dns-rule-domainlist-exists", rule("Block", 100, "some")),
        ("dns-allow-final-log", rule("Allow", 100, "some")),
    ],
)
def test_lists_unread(verdicts: Verdicts, name: str, body: Body) -> None:
    unread = [(DomainList, SUBSCRIPTION)]
    results = verdicts(BY_NAME[name], policy(), body, SOME, unread=unread)
    assert results.only(RULE).status is UNREAD
