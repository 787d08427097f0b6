from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.policies import (
    CHECKS,
    block_rule,
    diag_enabled,
    list_shadowing,
    rule_enabled,
)
from scanner.model.check import Check, Status
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.insights import DiagnosticSetting
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
RULE = f"{POLICY}/dnsSecurityRules/rule"
LISTS = f"{NETWORK}/dnsResolverDomainLists"
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(at: str, properties: Mapping[str, object]) -> Body:
    return {"id": at, "location": "eastus", "properties": {**properties}}


def policy(at: str = POLICY) -> Body:
    return body(at, {"provisioningState": "Succeeded"})


def rule(
    name: str = "rule",
    action: object = "Block",
    priority: object = 100,
    *lists: str,
    state: object = "Enabled",
    **more: object,
) -> Body:
    properties = {
        "priority": priority,
        "action": {"actionType": action},
        "dnsResolverDomainLists": [{"id": f"{LISTS}/{each}"} for each in lists],
        "managedDomainLists": [],
        "dnsSecurityRuleState": state,
    }
    return body(f"{POLICY}/dnsSecurityRules/{name}", {**properties, **more})


def domains(name: str, *entries: str, **more: object) -> Body:
    properties = {"domains": list(entries), "domainsUrl": None}
    return body(f"{LISTS}/{name}", {**properties, **more})


def bulk(name: str) -> Body:
    url = "https://lists.blob.core.windows.net/bulk/feed.txt?sig=secret"
    return domains(name, domains=None, domainsUrl=url)


def setting(*logs: Body, **destinations: object) -> Body:
    at = f"{POLICY}/providers/Microsoft.Insights/diagnosticSettings/logs"
    kept = destinations or {"workspaceId": f"{SUBSCRIPTION}/workspaces/w"}
    return body(at, {"logs": list(logs), **kept})


def log(
    category: object = "DnsResponse", group: object = None, enabled: object = True
) -> Body:
    return {"category": category, "categoryGroup": group, "enabled": enabled}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_documentation_is_whole(check: Check[Any]) -> None:
    page = check.documentation
    assert page.reads.startswith("Reads `properties.")
    assert {"Why it matters", "How to fix", "References"} <= set(page.sections)
    assert page.fix.endswith(".")
    assert all(block in page.sections["How to fix"] for block in ("```sh", "```bicep"))


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "dns-diag-enabled",
        "dns-block-rule",
        "dns-rule-enabled",
        "dns-list-shadowing",
    ]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ([setting(log())], PASS),
        ([setting(log("dnsresponse"))], PASS),
        ([setting(log(None, "allLogs"))], PASS),
        ([setting(log(None, "AllLogs"))], PASS),
        ([setting(log(None, "audit"))], FAIL),
        ([setting(log("Other"))], FAIL),
        ([setting(log(enabled=False))], FAIL),
        ([setting(log(enabled=None))], FAIL),
        ([setting(log(enabled=False), log(None, "allLogs"))], PASS),
        ([setting(log(), storageAccountId="/x")], PASS),
        ([setting(log(), eventHubAuthorizationRuleId="/x")], PASS),
        ([setting(log(), workspaceId=None)], FAIL),
        ([setting(log(enabled="true"))], UNREAD),
        ([setting(log(category=5))], UNREAD),
        ([setting()], FAIL),
        ([], FAIL),
    ],
)
def test_logging(verdicts: Verdicts, settings: list[Body], status: Status) -> None:
    result = verdicts(diag_enabled, policy(), *settings).only(POLICY)
    assert result.status is status


def test_logging_says_what_is_missing(verdicts: Verdicts) -> None:
    unsent = verdicts(diag_enabled, policy(), setting(log(), x="")).only(POLICY)
    assert "destination" in unsent.reason
    none = verdicts(diag_enabled, policy())
    assert none.evidence(POLICY)[POLICY, "Microsoft.Insights/diagnosticSettings"] == []


def test_logging_unread(verdicts: Verdicts) -> None:
    unread = [(DiagnosticSetting, POLICY)]
    assert verdicts(diag_enabled, policy(), unread=unread).only(POLICY).status is UNREAD


BAD = domains("bad", "bad.contoso.com")


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((rule("r", "Block", 100, "bad"), BAD), PASS),
        ((rule("r", "block", 100, "bad", state="enabled"), BAD), PASS),
        ((rule("r", "Block", 100, "bad", "empty"), domains("empty"), BAD), PASS),
        ((rule("r", "Block", 100, "BAD"), BAD), PASS),
        ((rule("r", "Block", 100, "bulk"), bulk("bulk")), PASS),
        ((rule("r", managedDomainLists=["AzureDnsThreatIntel"]),), PASS),
        ((rule("r", dnsResolverDomainLists=ABSENT, managedDomainLists=["X"]),), PASS),
        ((rule("r", "Block", 100, "bad", state="Disabled"), BAD), WARN),
        ((rule("r", "Alert", 100, "bad"), BAD), WARN),
        ((rule("r", "Allow", 100, "bad"), BAD), WARN),
        ((rule("r", "Block", 100, "empty"), domains("empty")), WARN),
        ((rule("r", "Block", 100, "null"), domains("null", domains=None)), WARN),
        ((rule("r", "Block", 100, "gone"),), WARN),
        ((rule("r", "Block", 100), BAD), WARN),
        ((), WARN),
        ((rule("r", None, 100, "bad"), BAD), UNREAD),
        ((rule("r", "Block", 100, "bad", state=ABSENT), BAD), UNREAD),
        ((rule("r", "Block", 100, "bad"), domains("bad", domains="x.com")), UNREAD),
    ],
)
def test_blocking(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(block_rule, policy(), *bodies).only(POLICY).status is status


def test_blocking_by_a_list_that_was_not_read(verdicts: Verdicts) -> None:
    outside = f"{LISTS}/bad".replace(SUBSCRIPTION, ELSEWHERE)
    far = rule("r1", dnsResolverDomainLists=[{"id": outside}])
    near = rule("r2", "Block", 200, "bad")
    assert verdicts(block_rule, policy(), far).only(POLICY).status is UNREAD
    assert verdicts(block_rule, policy(), far, near, BAD).only(POLICY).status is PASS


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ((), "there is no enabled Block rule with domains"),
        ((rule("r", "Allow", 100, "bad"),), "with domains among its 1 rule"),
        (
            (rule("r", "Allow", 100, "bad"), rule("s", "Alert", 110, "bad")),
            "with domains among its 2 rules",
        ),
    ],
)
def test_how_many_rules_block_nothing(
    verdicts: Verdicts, bodies: tuple[Body, ...], told: str
) -> None:
    found = verdicts(block_rule, policy(), BAD, *bodies).only(POLICY)
    assert found.reason.endswith(told)


def test_blocking_is_a_setting(verdicts: Verdicts) -> None:
    settings = Settings(dns_filtering_expected=False)
    assert verdicts(block_rule, policy(), settings=settings).only(POLICY).status is NONE


def test_blocking_unread(verdicts: Verdicts) -> None:
    rules = verdicts(block_rule, policy(), unread=[(SecurityRule, POLICY)])
    assert rules.only(POLICY).status is UNREAD
    blocked = policy(), rule("r", "Block", 100, "bad")
    lists = verdicts(block_rule, *blocked, unread=[(DomainList, SUBSCRIPTION)])
    assert lists.only(POLICY).status is UNREAD


def test_the_signature_of_a_bulk_list_is_no_evidence(verdicts: Verdicts) -> None:
    bodies = policy(), rule("r", "Block", 100, "bulk"), bulk("bulk")
    seen = verdicts(block_rule, *bodies).evidence(POLICY)
    url = seen[f"{LISTS}/bulk", "properties.domainsUrl"]
    assert url == "https://lists.blob.core.windows.net/bulk/feed.txt"


@pytest.mark.parametrize(
    ("action", "state", "status"),
    [
        ("Block", "Enabled", PASS),
        ("Allow", "enabled", PASS),
        ("Block", "Disabled", WARN),
        ("block", "disabled", WARN),
        ("Allow", "Disabled", INFO),
        ("Alert", "Disabled", INFO),
        ("Block", ABSENT, UNREAD),
        ("Block", None, UNREAD),
        ("Block", True, UNREAD),
        (None, "Disabled", UNREAD),
    ],
)
def test_enabled(
    verdicts: Verdicts, action: object, state: object, status: Status
) -> None:
    bodies = policy(), rule("rule", action, state=state)
    results = verdicts(rule_enabled, *bodies)
    assert results.only(RULE).status is status
    assert (RULE, "properties.dnsSecurityRuleState") in results.evidence(RULE)


def test_rules_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(rule_enabled, policy(), unread=[(SecurityRule, POLICY)])
    assert result.status is UNREAD


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("Allow", "Block", FAIL),
        ("allow", "BLOCK", FAIL),
        ("Allow", "Alert", WARN),
        ("Block", "Allow", WARN),
        ("Alert", "Block", WARN),
        ("Alert", "Allow", WARN),
        ("Block", "Alert", WARN),
        ("Block", "Block", INFO),
        ("Alert", "alert", INFO),
    ],
)
@pytest.mark.parametrize(
    ("covering", "entry"),
    [
        ("contoso.com", "bad.contoso.com"),
        ("Contoso.COM.", "contoso.com"),
        ("contoso.com", "a.b.contoso.com."),
        (".", "bad.contoso.com"),
        (".", "."),
        ("bücher.example", "www.XN--BCHER-KVA.example"),
    ],
)
def test_shadowing(
    verdicts: Verdicts,
    first: str,
    second: str,
    status: Status,
    covering: str,
    entry: str,
) -> None:
    bodies = (
        rule("before", first, 100, "broad"),
        rule("rule", second, 110, "narrow"),
        domains("broad", covering),
        domains("narrow", entry),
    )
    result = verdicts(list_shadowing, policy(), *bodies).only(RULE)
    assert result.status is status
    assert "before (100)" in result.reason
    earlier = verdicts(list_shadowing, policy(), *bodies).only(f"{RULE[:-4]}before")
    assert earlier.status is PASS


ALLOW = rule("before", "Allow", 100, "broad")
BROAD = domains("broad", "contoso.com")
NARROW = domains("narrow", "bad.contoso.com", "fabrikam.com")
LATER = rule("rule", "Block", 110, "narrow")
EVERY = domains("all", ".")
THREATS = rule("rule", "Block", 110, managedDomainLists=["AzureDnsThreatIntel"])


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((ALLOW, BROAD, LATER, NARROW), FAIL),
        ((ALLOW, BROAD, LATER, domains("narrow", "notcontoso.com")), PASS),
        (
            (
                ALLOW,
                domains("broad", "bad.contoso.com"),
                LATER,
                domains("narrow", "contoso.com"),
            ),
            PASS,
        ),
        ((LATER, NARROW), PASS),
        ((rule("before", "Allow", 200, "broad"), BROAD, LATER, NARROW), PASS),
        (
            (
                rule("before", "Allow", 90, "broad", state="Disabled"),
                BROAD,
                LATER,
                NARROW,
            ),
            PASS,
        ),
        ((rule("rule", "Block", 110, "narrow", state="Disabled"), NARROW), NONE),
        ((rule("rule", "Block", 110, "narrow", state=ABSENT), NARROW), UNREAD),
        ((rule("rule", "Block", ABSENT, "narrow"), NARROW), UNREAD),
        ((rule("rule", "Block", None, "narrow"), NARROW), UNREAD),
        ((rule("rule", "Block", "110", "narrow"), NARROW), UNREAD),
        ((rule("rule", None, 110, "narrow"), NARROW), UNREAD),
        ((rule("before", "Allow", None, "broad"), BROAD, LATER, NARROW), UNREAD),
        ((LATER, bulk("narrow")), UNREAD),
        ((rule("before", "Allow", 100, "bulk"), bulk("bulk"), LATER, NARROW), UNREAD),
        ((rule("before", "Allow", 200, "bulk"), bulk("bulk"), LATER, NARROW), PASS),
        ((LATER, domains("narrow")), NONE),
        ((LATER, domains("narrow", domains=None)), NONE),
        ((LATER, domains("narrow", "", " ")), NONE),
        ((LATER,), NONE),
        ((rule("before", "Allow", 100, "gone"), LATER, NARROW), PASS),
        ((rule("rule", "Block", 110, "narrow", "gone"), NARROW), PASS),
        ((THREATS,), PASS),
        ((rule("before", "Allow", 100, "all"), EVERY, THREATS), FAIL),
        ((rule("before", "Alert", 100, "all"), EVERY, THREATS), WARN),
        ((rule("before", "Allow", 100, "broad"), BROAD, THREATS), PASS),
        (
            (
                rule("b", "Allow", 100, managedDomainLists=["azurednsTHREATINTEL"]),
                THREATS,
            ),
            FAIL,
        ),
        (
            (
                rule("b", "Block", 100, managedDomainLists=["AzureDnsThreatIntel"]),
                THREATS,
            ),
            INFO,
        ),
        ((rule("b", "Allow", 100, managedDomainLists=["Other"]), THREATS), PASS),
        ((LATER, domains("narrow", domains=[1])), UNREAD),
    ],
)
def test_shadowing_edges(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    assert verdicts(list_shadowing, policy(), *bodies).only(RULE).status is status


def test_shadowing_says_what_does_not_exist(verdicts: Verdicts) -> None:
    missing = rule("rule", "Block", 110, "narrow", "gone")
    result = verdicts(list_shadowing, policy(), missing, NARROW).only(RULE)
    assert "1 of its lists" in result.reason


def test_certain_shadow_before_a_bulk_list(verdicts: Verdicts) -> None:
    feed = rule("feed", "Block", 105, "bulk")
    bodies = ALLOW, BROAD, feed, bulk("bulk"), LATER, NARROW
    assert verdicts(list_shadowing, policy(), *bodies).only(RULE).status is FAIL
    early = rule("feed", "Block", 95, "bulk")
    hidden = ALLOW, BROAD, early, bulk("bulk"), LATER, NARROW
    assert verdicts(list_shadowing, policy(), *hidden).only(RULE).status is UNREAD


def test_the_first_match_decides(verdicts: Verdicts) -> None:
    bodies = (
        rule("first", "Block", 100, "narrow"),
        rule("second", "Allow", 105, "broad"),
        LATER,
        BROAD,
        domains("narrow", "bad.contoso.com"),
    )
    result = verdicts(list_shadowing, policy(), *bodies).only(RULE)
    assert result.status is INFO
    assert "first (100)" in result.reason


def test_worst_shadow_is_reported(verdicts: Verdicts) -> None:
    bodies = (
        rule("same", "Block", 90, "fabrikam"),
        domains("fabrikam", "fabrikam.com"),
        ALLOW,
        BROAD,
        LATER,
        domains("narrow", "fabrikam.com", *(f"h{n}.contoso.com" for n in range(5))),
    )
    result = verdicts(list_shadowing, policy(), *bodies).only(RULE)
    assert result.status is FAIL
    assert "5 entries" in result.reason
    assert "and 2 more" in result.reason
    assert "fabrikam" not in result.reason


def test_equal_priorities_are_in_no_order(verdicts: Verdicts) -> None:
    bodies = rule("a", "Allow", 110, "broad"), BROAD, LATER, NARROW
    results = verdicts(list_shadowing, policy(), *bodies)
    assert results.only(RULE).status is UNREAD
    assert results.only(f"{RULE[:-4]}a").status is UNREAD
    alike = verdicts(list_shadowing, policy(), rule("a", "Block", 110), LATER, NARROW)
    assert alike.only(RULE).status is PASS


def test_shadowing_stays_within_a_policy(verdicts: Verdicts) -> None:
    other = f"{NETWORK}/dnsResolverPolicies/other"
    foreign = {**ALLOW, "id": f"{other}/dnsSecurityRules/before"}
    bodies = policy(), policy(other), foreign, BROAD, LATER, NARROW
    assert verdicts(list_shadowing, *bodies).only(RULE).status is PASS


def test_shadowing_without_its_policy(verdicts: Verdicts) -> None:
    policies = [(ResolverPolicy, SUBSCRIPTION)]
    bodies = policy(), ALLOW, BROAD, LATER, NARROW
    results = verdicts(list_shadowing, *bodies, unread=policies)
    assert results.only(RULE).status is UNREAD


def test_shadowing_lists_unread(verdicts: Verdicts) -> None:
    bodies = policy(), ALLOW, LATER
    results = verdicts(list_shadowing, *bodies, unread=[(DomainList, SUBSCRIPTION)])
    assert results.only(RULE).status is UNREAD


def test_shadowing_evidence(verdicts: Verdicts) -> None:
    results = verdicts(list_shadowing, policy(), ALLOW, BROAD, LATER, NARROW)
    seen = results.evidence(RULE)
    assert seen[RULE, "properties.priority"] == 110
    assert seen[f"{LISTS}/broad", "properties.domains"] == ["contoso.com"]
    assert seen[f"{POLICY}/dnsSecurityRules/before", "properties.priority"] == 100


def test_hostile_entries_stay_out_of_sight(verdicts: Verdicts) -> None:
    nasty = "\x1b[2J" + "x" * 500
    bodies = ALLOW, domains("broad", "."), LATER, domains("narrow", nasty)
    reason = verdicts(list_shadowing, policy(), *bodies).only(RULE).reason
    assert "\x1b" not in reason
    assert len(reason) < 200
