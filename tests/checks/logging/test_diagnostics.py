from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.logging.diagnostics import (
    activity_log_exported,
    diag_audit,
    diag_enabled,
    diag_requestresponse,
    listkeys_alert,
)
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.insights import (
    ActivityLogAlert,
    DiagnosticCategory,
    DiagnosticSetting,
    QueryRule,
)
from scanner.model.resources import Subscription

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
WORKSPACE = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/central"
SETTINGS = "providers/microsoft.insights/diagnosticSettings"
ABSENT = ...

PASS, FAIL = Status.PASS, Status.FAIL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def account(name: str = "ai", kind: str = "OpenAI") -> Body:
    resource_id = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/{name}"
    return {"id": resource_id, "kind": kind, "properties": {}}


def group(name: str, enabled: object = True) -> Body:
    return {"category": None, "categoryGroup": name, "enabled": enabled}


def category(name: object, enabled: object = True) -> Body:
    return {"category": name, "categoryGroup": None, "enabled": enabled}


def setting(at: str, *logs: object, name: str = "s", **properties: object) -> Body:
    secure = {"workspaceId": WORKSPACE, "storageAccountId": None, "logs": list(logs)}
    return {"id": f"{at}/{SETTINGS}/{name}", "properties": {**secure, **properties}}


ACCOUNT_CHECKS = (diag_enabled, diag_audit, diag_requestresponse)
LOG_CHECKS: tuple[tuple[Check[Any], str], ...] = (
    *((check, ACCOUNT) for check in ACCOUNT_CHECKS),
    (activity_log_exported, SUBSCRIPTION),
)
each_log_check = pytest.mark.parametrize(
    ("check", "at"), LOG_CHECKS, ids=[check.id for check, _ in LOG_CHECKS]
)


@pytest.mark.parametrize(
    ("log", "enabled", "audit", "requests"),
    [
        (group("allLogs"), PASS, PASS, PASS),
        (group("ALLLOGS"), PASS, PASS, PASS),
        (group("audit"), PASS, PASS, FAIL),
        (category("Audit"), PASS, PASS, FAIL),
        (category("RequestResponse"), PASS, FAIL, PASS),
        (category("requestresponse"), PASS, FAIL, PASS),
        (category("Trace"), PASS, FAIL, FAIL),
        (category(None), PASS, FAIL, FAIL),
        ({"enabled": True}, PASS, FAIL, FAIL),
        (group("allLogs", enabled=False), FAIL, FAIL, FAIL),
        (group("allLogs", enabled=None), FAIL, FAIL, FAIL),
        ({"categoryGroup": "allLogs"}, FAIL, FAIL, FAIL),
        ({}, FAIL, FAIL, FAIL),
        (group("allLogs", enabled="true"), UNREAD, UNREAD, UNREAD),
        (category(["Audit"]), UNREAD, UNREAD, UNREAD),
        ("allLogs", UNREAD, UNREAD, UNREAD),
    ],
)
def test_logs_of_accounts(
    verdicts: Verdicts, log: object, enabled: Status, audit: Status, requests: Status
) -> None:
    for check, status in zip(ACCOUNT_CHECKS, (enabled, audit, requests), strict=True):
        results = verdicts(check, account(), setting(ACCOUNT, log))
        assert results.only(ACCOUNT).status is status


@pytest.mark.parametrize(
    ("log", "status"),
    [
        (category("Administrative"), PASS),
        (category("administrative"), PASS),
        (group("allLogs"), PASS),
        (group("audit"), FAIL),
        (category("Security"), FAIL),
        (category("Administrative", enabled=False), FAIL),
        (category("Administrative", enabled=None), FAIL),
        (category(None), FAIL),
        (category("Administrative", enabled=1), UNREAD),
    ],
)
def test_logs_of_subscriptions(verdicts: Verdicts, log: object, status: Status) -> None:
    for at in (SUBSCRIPTION, SUBSCRIPTION.strip("/")):
        results = verdicts(activity_log_exported, setting(at, log))
        assert results.only(SUBSCRIPTION).status is status


@each_log_check
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"workspaceId": ABSENT}, FAIL),
        ({"workspaceId": None}, FAIL),
        ({"workspaceId": ""}, FAIL),
        ({"workspaceId": None, "storageAccountId": "/sa"}, PASS),
        ({"workspaceId": None, "eventHubAuthorizationRuleId": "/rule"}, PASS),
        ({"workspaceId": None, "serviceBusRuleId": "/rule"}, PASS),
        ({"workspaceId": None, "marketplacePartnerId": "/partner"}, PASS),
        ({"workspaceId": 7}, UNREAD),
        ({"logs": ABSENT}, FAIL),
        ({"logs": None}, FAIL),
        ({"logs": []}, FAIL),
        ({"logs": {}}, UNREAD),
    ],
)
def test_settings(
    verdicts: Verdicts, check: Check[Any], at: str, changes: Body, status: Status
) -> None:
    logs = (group("allLogs"), category("Administrative"))
    results = verdicts(check, account(), setting(at, *logs, **changes))
    assert results.only(at).status is status


@each_log_check
def test_no_setting(verdicts: Verdicts, check: Check[Any], at: str) -> None:
    result = verdicts(check, account()).only(at)
    assert result.status is FAIL
    assert "0 diagnostic settings" in result.reason
    [read] = result.evidence
    assert (read.resource_id, read.path) == (at, DiagnosticSetting.type)
    assert read.value == []


@each_log_check
def test_any_setting_is_enough(verdicts: Verdicts, check: Check[Any], at: str) -> None:
    results = verdicts(
        check,
        account(),
        setting(at, category("Security", enabled=False), name="a"),
        setting(at, group("allLogs"), name="b"),
    )
    assert results.only(at).status is PASS


@each_log_check
def test_split_over_settings_does_not_count(
    verdicts: Verdicts, check: Check[Any], at: str
) -> None:
    results = verdicts(
        check,
        account(),
        setting(at, group("allLogs", enabled=False), name="a"),
        setting(at, group("allLogs"), name="b", workspaceId=None),
    )
    result = results.only(at)
    assert result.status is FAIL
    assert "2 diagnostic settings" in result.reason


@each_log_check
@pytest.mark.parametrize("body", [{}, {"properties": None}])
def test_a_setting_without_properties(
    verdicts: Verdicts, check: Check[Any], at: str, body: Body
) -> None:
    stub = {"id": f"{at}/{SETTINGS}/s", **body}
    assert verdicts(check, account(), stub).only(at).status is UNREAD


@each_log_check
def test_refused_settings(verdicts: Verdicts, check: Check[Any], at: str) -> None:
    refused = [(DiagnosticSetting, at)]
    result = verdicts(check, account(), unread=refused).only(at)
    assert result.status is UNREAD
    assert "AuthorizationFailed" in result.reason


@each_log_check
def test_evidence_of_settings(verdicts: Verdicts, check: Check[Any], at: str) -> None:
    body = setting(at, group("allLogs"))
    values = verdicts(check, account(), body).evidence(at)
    assert values[body["id"], "properties.workspaceId"] == WORKSPACE
    assert values[body["id"], "properties.logs[0].categoryGroup"] == "allLogs"
    assert values[body["id"], "properties.logs[0].enabled"] is True


@pytest.mark.parametrize("check", ACCOUNT_CHECKS, ids=lambda check: check.id)
def test_accounts_judged(verdicts: Verdicts, check: Check[Any]) -> None:
    assert verdicts(check, account(kind="aiservices")).only(ACCOUNT).status is FAIL
    for kind in ("Face", "SpeechServices", ""):
        [result] = verdicts(check, account(kind=kind))
        assert result.target.resource_id.startswith("/tenants/")
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    [result] = verdicts(check, account(), unread=refused)
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)


OPERATION = "Microsoft.CognitiveServices/accounts/listKeys/action"
KEY_READS = {"field": "operationName", "equals": OPERATION}
ADMINISTRATIVE = {"field": "category", "equals": "Administrative"}
CALLER = {"field": "caller", "equals": "someone@example.com"}
ACTION = {"actionGroupId": f"{PROVIDERS}/Microsoft.Insights/actionGroups/soc"}


def alert(name: str = "key-reads", **properties: object) -> Body:
    given = {
        "enabled": True,
        "scopes": [SUBSCRIPTION],
        "condition": {"allOf": [ADMINISTRATIVE, KEY_READS]},
        "actions": {"actionGroups": [ACTION]},
        **properties,
    }
    resource_id = f"{PROVIDERS}/microsoft.insights/activityLogAlerts/{name}"
    return {"id": resource_id, "location": "Global", "properties": given}


def all_of(*clauses: object) -> Body:
    return {"condition": {"allOf": list(clauses)}}


def either(*clauses: object) -> Body:
    return {"anyOf": list(clauses)}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"enabled": ABSENT}, PASS),
        ({"enabled": None}, PASS),
        ({"enabled": False}, FAIL),
        ({"enabled": "true"}, UNREAD),
        ({"actions": ABSENT}, FAIL),
        ({"actions": {"actionGroups": []}}, FAIL),
        ({"actions": {"actionGroups": None}}, FAIL),
        ({"actions": {"actionGroups": [{}]}}, FAIL),
        ({"actions": {"actionGroups": [{"actionGroupId": ""}]}}, FAIL),
        ({"actions": {"actionGroups": [{}, ACTION]}}, PASS),
        ({"actions": {"actionGroups": "soc"}}, UNREAD),
        ({"scopes": [SUBSCRIPTION.upper() + "/"]}, PASS),
        ({"scopes": [SUBSCRIPTION.strip("/")]}, PASS),
        ({"scopes": [f"{SUBSCRIPTION}/resourceGroups/RG"]}, PASS),
        ({"scopes": [ACCOUNT]}, PASS),
        ({"scopes": [f"{SUBSCRIPTION}/resourceGroups/r"]}, FAIL),
        ({"scopes": ["/subscriptions/bbbbbbbb"]}, FAIL),
        ({"scopes": [f"{ACCOUNT}2"]}, FAIL),
        ({"scopes": [""]}, FAIL),
        ({"scopes": []}, FAIL),
        ({"scopes": None}, FAIL),
        ({"scopes": ABSENT}, FAIL),
        ({"scopes": SUBSCRIPTION}, UNREAD),
        ({"condition": ABSENT}, FAIL),
        ({"condition": None}, FAIL),
        ({"condition": {"allOf": None}}, FAIL),
        (all_of(), FAIL),
        (all_of(KEY_READS), PASS),
        (all_of({"field": "OPERATIONNAME", "equals": OPERATION.upper()}), PASS),
        (all_of({"field": "operationName", "containsAny": ["x", OPERATION]}), PASS),
        (all_of({**KEY_READS, "containsAny": None}), PASS),
        (all_of(either(KEY_READS, CALLER)), PASS),
        (all_of(ADMINISTRATIVE), FAIL),
        (all_of({"field": "operationName", "equals": None}), FAIL),
        (all_of({"field": "resourceType", "equals": OPERATION}), FAIL),
        (all_of({"field": None, "equals": OPERATION}), FAIL),
        (all_of({}), FAIL),
        (all_of({"field": "operationName", "equals": "listKeys"}), FAIL),
        (all_of(KEY_READS, CALLER), FAIL),
        (all_of(KEY_READS, {"field": "resourceGroup", "equals": "RG"}), PASS),
        (all_of(KEY_READS, {"field": "resourceGroup", "equals": "rg2"}), FAIL),
        (all_of(KEY_READS, {"field": "resourceId", "equals": ACCOUNT.upper()}), PASS),
        (all_of(KEY_READS, {"field": "resourceId", "equals": f"{ACCOUNT}2"}), FAIL),
        (all_of(KEY_READS, {"field": "resourceId", "equals": None}), FAIL),
        (all_of(KEY_READS, either(CALLER)), FAIL),
        (all_of(KEY_READS, {"field": "category", "equals": "Security"}), FAIL),
        (all_of(KEY_READS, {"field": "level", "equals": "Error"}), FAIL),
        (all_of(KEY_READS, {"field": "status", "equals": "Failed"}), FAIL),
        (all_of(KEY_READS, {"field": "status", "equals": "Succeeded"}), PASS),
        (all_of(KEY_READS, {"field": "status", "equals": "Started"}), PASS),
        (
            all_of(KEY_READS, {"field": "level", "containsAny": ["Informational"]}),
            PASS,
        ),
        ({"condition": {"allOf": KEY_READS}}, UNREAD),
        (all_of(OPERATION), UNREAD),
        (all_of({"field": "operationName", "equals": [OPERATION]}), UNREAD),
        (all_of({"anyOf": "x"}), UNREAD),
    ],
)
def test_alert(verdicts: Verdicts, changes: Body, status: Status) -> None:
    result = verdicts(listkeys_alert, account(), alert(**changes)).only(SUBSCRIPTION)
    assert result.status is status


def test_no_alert(verdicts: Verdicts) -> None:
    result = verdicts(listkeys_alert, account()).only(SUBSCRIPTION)
    assert result.status is FAIL
    assert '"ai": there is none on that operation' in result.reason
    noted = {(each.resource_id, each.path): each.value for each in result.evidence}
    assert noted[SUBSCRIPTION, ActivityLogAlert.type] == []
    assert noted[ACCOUNT, "kind"] == "OpenAI"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"enabled": False}, "is disabled"),
        ({"actions": {}}, "has no action group"),
        (all_of(KEY_READS, CALLER), 'also filters on "caller"'),
        (all_of(KEY_READS, either(CALLER)), 'also filters on "anyOf"'),
        (all_of(KEY_READS, {"field": "\x1b[2J"}), 'also filters on "\\u001b[2J"'),
        ({"scopes": []}, "does not cover it"),
    ],
)
def test_why_an_alert_does_not_count(
    verdicts: Verdicts, changes: Body, why: str
) -> None:
    result = verdicts(listkeys_alert, account(), alert(**changes)).only(SUBSCRIPTION)
    assert result.status is FAIL
    assert f'"key-reads" {why}' in result.reason


def test_evidence_of_alerts(verdicts: Verdicts) -> None:
    result = verdicts(listkeys_alert, account(), alert()).only(SUBSCRIPTION)
    values = {each.path: each.value for each in result.evidence}
    assert values["properties.condition.allOf[1].equals"] == OPERATION
    assert values["properties.scopes"] == [SUBSCRIPTION]
    assert values["properties.enabled"] is True


def test_alerts_cover_accounts_between_them(verdicts: Verdicts) -> None:
    accounts = (account("a"), account("b", "AIServices"), account("c", "Face"))
    first = alert("a", scopes=[accounts[0]["id"]])
    second = alert("b", scopes=[accounts[1]["id"]])
    both = verdicts(listkeys_alert, *accounts, first, second)
    assert both.only(SUBSCRIPTION).status is PASS
    one = verdicts(listkeys_alert, *accounts, first).only(SUBSCRIPTION)
    assert one.status is FAIL
    assert '"b"' in one.reason


def test_a_subscription_without_model_hosts(verdicts: Verdicts) -> None:
    for bodies in ((), (account(kind="Face"),)):
        result = verdicts(listkeys_alert, *bodies).only(SUBSCRIPTION)
        assert result.status is NONE


@pytest.mark.parametrize("view", [CognitiveAccount, ActivityLogAlert])
def test_refused_reads(verdicts: Verdicts, view: type[Any]) -> None:
    refused = [(view, SUBSCRIPTION)]
    results = verdicts(listkeys_alert, account(), alert(), unread=refused)
    assert results.only(SUBSCRIPTION).status is UNREAD


RULE = f"{PROVIDERS}/microsoft.insights/scheduledQueryRules/asked"
QUERY = f'AzureActivity | where OperationNameValue =~ "{OPERATION.upper()}"'


def asked(**changes: object) -> Body:
    usual = {
        "scopes": [WORKSPACE.upper()],
        "criteria": {"allOf": [{"query": QUERY}]},
        "actions": {"actionGroups": [f"{PROVIDERS}/microsoft.insights/actionGroups/a"]},
    }
    return {"id": RULE, "properties": {**usual, **changes}}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"enabled": None}, PASS),
        ({"enabled": False}, FAIL),
        ({"actions": {}}, FAIL),
        ({"scopes": [WORKSPACE.replace("central", "other")]}, FAIL),
        ({"scopes": [SUBSCRIPTION]}, PASS),
        ({"criteria": {"allOf": [{"query": "AzureActivity"}]}}, FAIL),
        ({"criteria": None}, FAIL),
        ({"criteria": {"allOf": "odd"}}, UNREAD),
        ({"enabled": "yes"}, UNREAD),
    ],
)
def test_an_alert_by_log_query(
    verdicts: Verdicts, changes: Body, status: Status
) -> None:
    exported = setting(SUBSCRIPTION, category("Administrative"))
    bodies = (account(), exported, asked(**changes))
    assert verdicts(listkeys_alert, *bodies).only(SUBSCRIPTION).status is status


def test_a_query_asks_where_the_activity_log_goes(verdicts: Verdicts) -> None:
    for logs in (category("Administrative", False), category("Policy")):
        bodies = (account(), setting(SUBSCRIPTION, logs), asked())
        result = verdicts(listkeys_alert, *bodies).only(SUBSCRIPTION)
        assert result.status is FAIL
        assert "asked" in result.reason


@pytest.mark.parametrize(
    ("destination", "told"),
    [
        ("eventHubAuthorizationRuleId", "an event hub"),
        ("serviceBusRuleId", "an event hub"),
        ("marketplacePartnerId", "a partner solution"),
        ("storageAccountId", ""),
    ],
)
def test_who_reads_the_activity_log_elsewhere_is_asked(
    verdicts: Verdicts, destination: str, told: str
) -> None:
    exported = setting(SUBSCRIPTION, category("Administrative"))
    properties = exported["properties"]
    properties |= {"workspaceId": None, destination: f"{PROVIDERS}/x/y/z"}
    result = verdicts(listkeys_alert, account(), exported).only(SUBSCRIPTION)
    assert result.status is (Status.MANUAL if told else FAIL)
    assert told in result.reason
    both = account(), exported, alert()
    assert verdicts(listkeys_alert, *both).only(SUBSCRIPTION).status is PASS
    properties["logs"] = [category("Administrative", False)]
    off = verdicts(listkeys_alert, account(), exported).only(SUBSCRIPTION)
    assert off.status is FAIL


def test_queries_that_were_not_read_may_ask_for_keys(verdicts: Verdicts) -> None:
    refused = [(QueryRule, SUBSCRIPTION)]
    results = verdicts(listkeys_alert, account(), unread=refused)
    assert results.only(SUBSCRIPTION).status is UNREAD
    watched = verdicts(listkeys_alert, account(), alert(), unread=refused)
    assert watched.only(SUBSCRIPTION).status is PASS


@pytest.mark.parametrize(
    ("groups", "status"),
    [(["audit", "allLogs"], PASS), (["allLogs"], FAIL), (None, FAIL), ("x", UNREAD)],
)
def test_what_the_group_audit_stands_for(
    verdicts: Verdicts, groups: object, status: Status
) -> None:
    at = f"{ACCOUNT}/providers/microsoft.insights/diagnosticSettingsCategories"
    told: Body = {
        "id": f"{at}/RequestResponse",
        "properties": {"categoryType": "Logs", "categoryGroups": groups},
    }
    bodies = (account(), setting(ACCOUNT, group("audit")), told)
    assert verdicts(diag_requestresponse, *bodies).only(ACCOUNT).status is status
    if status is PASS:
        unread = [(DiagnosticCategory, ACCOUNT)]
        results = verdicts(diag_requestresponse, *bodies, unread=unread)
        assert results.only(ACCOUNT).status is UNREAD


@pytest.mark.parametrize("body", [{}, {"properties": None}])
def test_an_alert_without_properties(verdicts: Verdicts, body: Body) -> None:
    stub = {"id": alert()["id"], **body}
    result = verdicts(listkeys_alert, account(), stub).only(SUBSCRIPTION)
    assert result.status is UNREAD


@pytest.mark.parametrize(
    "check", [activity_log_exported, listkeys_alert], ids=lambda check: check.id
)
def test_every_subscription_is_judged(verdicts: Verdicts, check: Check[Any]) -> None:
    other = "/subscriptions/cccccccc-0000-0000-0000-000000000002"
    body = {"id": other, "subscriptionId": other[15:], "displayName": "Two"}
    results = verdicts(check, body)
    assert [each.target.resource_id for each in results] == [SUBSCRIPTION, other]
    assert {each.target.resource_type for each in results} == {Subscription.type}
