"""What logs are good for: where they go, who is in them, what is beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.logging import CHECKS
from scanner.model.activity import OBJECT_ID, ActivityEvent
from scanner.model.apimanagement import ApiService
from scanner.model.check import Status
from scanner.model.insights import DiagnosticSetting
from scanner.model.loganalytics import LogWorkspace
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/oai"
LOGS = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/logs"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/find"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/store"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/vault"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE, ASKED = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL
BY_ID = {check.id: check for check in CHECKS}


def account(**properties: Any) -> Body:
    usual = {"endpoint": "https://oai.openai.azure.com/"}
    return {"id": ACCOUNT, "kind": "OpenAI", "properties": {**usual, **properties}}


def setting(of: str = ACCOUNT, **properties: Any) -> Body:
    usual = {
        "workspaceId": LOGS,
        "logs": [{"categoryGroup": "allLogs", "enabled": True}],
    }
    return {
        "id": f"{of}/providers/Microsoft.Insights/diagnosticSettings/one",
        "properties": {**usual, **properties},
    }


def read_by(caller: str, number: int = 1) -> Body:
    return {
        "id": f"{ACCOUNT}/events/e{number}/ticks/{number}",
        "resourceId": ACCOUNT,
        "operationName": {
            "value": "Microsoft.CognitiveServices/accounts/listKeys/action"
        },
        "caller": caller,
        "correlationId": f"c{number}",
    }


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(BY_ID[check], *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


@pytest.mark.parametrize(
    "check", ["aoai-diag-trace", "aoai-diag-metrics", "aoai-diag-new-categories"]
)
def test_what_is_only_told(check: str, verdicts: Verdicts) -> None:
    workspace: Body = {"id": LOGS, "properties": {}}
    assert status_of(verdicts, check, account(), setting(), workspace) is INFO
    unread = [(DiagnosticSetting, ACCOUNT)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({}, INFO),
        ({"logAnalyticsDestinationType": "Dedicated"}, INFO),
        ({"workspaceId": None}, NONE),
        ({"logs": [], "metrics": [{"category": "AllMetrics", "enabled": True}]}, NONE),
        ({"logs": [{"categoryGroup": "allLogs", "enabled": False}]}, NONE),
        ({"logAnalyticsDestinationType": 7}, UNREAD),
    ],
)
def test_the_table_of_the_logs(
    properties: Body, status: Status, verdicts: Verdicts
) -> None:
    given = (account(), setting(**properties))
    assert status_of(verdicts, "aoai-diag-table", *given) is status


def test_logs_are_in_no_workspace_that_is_gone(verdicts: Verdicts) -> None:
    given = {
        "aoai-diag-table": (account(), setting()),
        "foundry-diag-dependencies": (hub(), setting(HUB)),
    }
    workspace: Body = {"id": LOGS, "properties": {}}
    unread = [(LogWorkspace, SUBSCRIPTION)]
    for check, bodies in given.items():
        about = bodies[0]["id"]
        lost = verdicts(BY_ID[check], *bodies).only(about)
        assert "set to be sent" in lost.reason
        assert 'a destination is gone: "logs"' in lost.reason
        for found in (
            verdicts(BY_ID[check], *bodies, workspace),
            verdicts(BY_ID[check], *bodies, unread=unread),
        ):
            assert found.only(about).status is lost.status
            assert "gone" not in found.only(about).reason


def test_where_logs_go(verdicts: Verdicts) -> None:
    check = "aoai-diag-destination-valid"
    workspace: Body = {"id": LOGS, "properties": {}}
    assert status_of(verdicts, check, account(), setting(), workspace) is PASS
    assert status_of(verdicts, check, account(), setting()) is FAIL
    abroad = setting(workspaceId=LOGS.replace("bbbb", "cccc"))
    assert status_of(verdicts, check, account(), abroad) is WARN
    assert status_of(verdicts, check, account(), abroad, whole_tenant=False) is UNREAD
    assert status_of(verdicts, check, account(), setting(workspaceId=None)) is NONE
    assert status_of(verdicts, check, account(), setting(workspaceId=7)) is UNREAD
    hub = f"{PROVIDERS}/Microsoft.EventHub/namespaces/siem/authorizationRules/send"
    stream: Body = {"workspaceId": None, "eventHubAuthorizationRuleId": hub}
    assert status_of(verdicts, check, account(), setting(**stream)) is PASS
    stream["eventHubAuthorizationRuleId"] = hub.replace("bbbb", "cccc")
    assert status_of(verdicts, check, account(), setting(**stream)) is WARN
    beside = {**setting(**stream), "id": setting()["id"].replace("one", "another")}
    given = (account(), beside, setting())
    assert status_of(verdicts, check, *given, whole_tenant=False) is FAIL


def test_a_setting_that_sends_no_log_has_no_destination(verdicts: Verdicts) -> None:
    metrics = [{"category": "AllMetrics", "enabled": True}]
    off = [{"category": "Audit", "enabled": False}]
    for logs in [], None, off:
        silent = setting(logs=logs, metrics=metrics)
        check = "aoai-diag-destination-valid"
        assert status_of(verdicts, check, account(), silent) is NONE


@pytest.mark.parametrize("whole", [True, False])
def test_approved_destinations(verdicts: Verdicts, whole: bool) -> None:
    check, abroad = "aoai-diag-destination-valid", LOGS.replace("bbbb", "cccc")
    ids = (abroad.split("/")[2].upper(), LOGS.split("/")[2])
    told: dict[str, Any] = {
        "whole_tenant": whole,
        "settings": Settings(approved_destinations=ids),
    }
    sent = account(), setting(workspaceId=abroad)
    assert status_of(verdicts, check, *sent, **told) is PASS
    assert status_of(verdicts, check, account(), setting(), **told) is FAIL
    other = account(), setting(workspaceId=LOGS.replace("bbbb", "dddd"))
    expected = WARN if whole else UNREAD
    assert status_of(verdicts, check, *other, **told) is expected


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"disableLocalAuth": True}, PASS),
        ({"disableLocalAuth": False}, WARN),
        ({"disableLocalAuth": None}, WARN),
        ({}, WARN),
        ({"disableLocalAuth": "no"}, UNREAD),
    ],
)
def test_callers_with_keys_have_no_name(
    properties: Body, status: Status, verdicts: Verdicts
) -> None:
    check = "aoai-entra-for-traceability"
    assert status_of(verdicts, check, account(**properties)) is status


def test_without_a_gateway(verdicts: Verdicts) -> None:
    assert status_of(verdicts, "aoai-apim-front", account()) is INFO
    assert status_of(verdicts, "aoai-requestresponse-gap", account()) is ASKED
    assert status_of(verdicts, "aoai-locked-to-front", account()) is NONE
    unread = [(ApiService, SUBSCRIPTION)]
    for check in (
        "aoai-apim-front",
        "aoai-requestresponse-gap",
        "aoai-locked-to-front",
    ):
        assert status_of(verdicts, check, account(), unread=unread) is UNREAD


def test_who_read_the_keys(verdicts: Verdicts) -> None:
    check = "listkeys-observed"
    assert status_of(verdicts, check, account()) is PASS
    given = (account(), read_by("ann@example.org"), read_by("app", 2))
    assert status_of(verdicts, check, *given) is WARN
    known = Settings(approved_principals=("ANN@example.org", "app"))
    assert status_of(verdicts, check, *given, settings=known) is PASS
    unread = [(ActivityEvent, SUBSCRIPTION)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD
    odd = {**read_by("x"), "caller": ["x"]}
    assert status_of(verdicts, check, account(), odd) is UNREAD


def test_people_who_read_the_keys_are_approved_by_object_id(verdicts: Verdicts) -> None:
    check = "listkeys-observed"
    event = read_by("ann@example.org")
    event["claims"] = {OBJECT_ID: "11111111-0000-0000-0000-00000000000a"}
    started = {**read_by(""), "id": f"{ACCOUNT}/events/e0/ticks/0", "caller": None}
    known = Settings(approved_principals=("11111111-0000-0000-0000-00000000000A",))
    given = (account(), started, event)
    assert status_of(verdicts, check, *given, settings=known) is PASS
    assert status_of(verdicts, check, *given) is WARN


def test_who_was_refused_the_keys_did_not_read_them(verdicts: Verdicts) -> None:
    check = "listkeys-observed"

    def event(number: int, status: str) -> Body:
        one = {**read_by("eve@example.org"), "status": {"value": status}}
        return {**one, "id": f"{ACCOUNT}/events/e{number}/ticks/{number}"}

    refused = (event(1, "Started"), event(2, "Failed"))
    assert status_of(verdicts, check, account(), *refused) is PASS
    again = event(3, "Succeeded")
    assert status_of(verdicts, check, account(), *refused, again) is WARN


def test_callers_share_a_correlation_id(verdicts: Verdicts) -> None:
    check = "listkeys-observed"
    known = Settings(approved_principals=("ann@example.org",))

    def event(number: int, caller: str, status: str = "Succeeded") -> Body:
        one = {**read_by(caller, number), "status": {"value": status}}
        return {**one, "correlationId": "c"}

    ann, eve = event(1, "ann@example.org"), event(2, "eve@example.org")
    again = event(3, "Ann@example.org")
    for given in ((ann, eve), (eve, ann), (event(1, "ann@example.org", "Failed"), eve)):
        found = status_of(verdicts, check, account(), *given, settings=known)
        assert found is WARN
    found = status_of(verdicts, check, account(), ann, again, settings=known)
    assert found is PASS
    refused = event(2, "eve@example.org", "Failed")
    found = status_of(verdicts, check, account(), ann, refused, settings=known)
    assert found is PASS


def test_what_foundry_leans_on_is_logged(verdicts: Verdicts) -> None:
    check = "foundry-diag-dependencies"
    search: Body = {"id": SEARCH, "properties": {}}
    kept = {"authType": "AAD", "metadata": {"ResourceId": SEARCH}}
    connection = {"id": f"{HUB}/connections/c", "properties": kept}
    used = (search, hub(), connection)
    assert status_of(verdicts, check, *used, setting(SEARCH)) is PASS
    off = setting(SEARCH, logs=[{"category": "OperationLogs", "enabled": False}])
    assert status_of(verdicts, check, *used, off) is FAIL
    assert status_of(verdicts, check, *used) is FAIL
    assert status_of(verdicts, check, *used, setting(SEARCH, logs="odd")) is UNREAD
    unread = [(DiagnosticSetting, SEARCH)]
    assert status_of(verdicts, check, *used, unread=unread) is UNREAD
    for lonely in (VAULT, SEARCH):
        bodies = ({"id": lonely, "properties": {}}, hub())
        found = verdicts(BY_ID[check], *bodies)
        assert all(each.target.resource_id != lonely for each in found)


@pytest.mark.parametrize(
    ("kind", "leans"),
    [("Hub", True), ("DEFAULT", True), (None, True), ("FeatureStore", False)],
)
def test_what_workspaces_of_each_kind_lean_on(
    verdicts: Verdicts, kind: str | None, leans: bool
) -> None:
    named = {"keyVault": VAULT, "storageAccount": STORAGE}
    blobs, files = f"{STORAGE}/blobServices/default", f"{STORAGE}/fileServices/default"
    others = [{"id": each, "properties": {}} for each in (VAULT, blobs, files)]
    store = {"id": STORAGE, "kind": "StorageV2", "properties": {}}
    given = ({**hub(**named), "kind": kind}, store, *others)
    found = verdicts(BY_ID["foundry-diag-dependencies"], *given)
    failing = {each.target.resource_id for each in found if each.status is FAIL}
    assert failing == ({HUB, VAULT, STORAGE} if leans else set())


def test_what_azure_made_for_an_encrypted_workspace_is_logged(
    verdicts: Verdicts,
) -> None:
    check, blobs = "foundry-diag-dependencies", f"{STORAGE}/blobServices/default"
    made = hub(
        encryption={"status": "Enabled", "keyVaultProperties": {}},
        serviceProvisionedResourceGroup="rg",
    )
    store = {"id": STORAGE, "kind": "StorageV2", "properties": {}}
    used = (made, store, {"id": blobs, "properties": {}})
    assert verdicts(BY_ID[check], *used).only(STORAGE).status is FAIL
    kept = verdicts(BY_ID[check], *used, setting(blobs))
    assert kept.only(STORAGE).status is PASS


@pytest.mark.parametrize(
    ("groups", "missing"),
    [(["audit", "allLogs"], False), (["Audit"], False), ([], True), (None, True)],
)
def test_a_newer_category_is_kept_by_its_groups(
    groups: list[str] | None, missing: bool, verdicts: Verdicts
) -> None:
    name = "AzureOpenAIRequestUsage"
    category: Body = {
        "id": f"{ACCOUNT}/providers/Microsoft.Insights"
        f"/diagnosticSettingsCategories/{name}",
        "properties": {"categoryGroups": groups},
    }
    audit = setting(logs=[{"categoryGroup": "audit", "enabled": True}])
    [result] = verdicts(BY_ID["aoai-diag-new-categories"], account(), audit, category)
    assert (name in result.reason) is missing


def hub(**properties: object) -> Body:
    return {"id": HUB, "kind": "Hub", "properties": properties}


def test_both_services_of_default_storage_are_logged(verdicts: Verdicts) -> None:
    check = "foundry-diag-dependencies"
    blobs, files = f"{STORAGE}/blobServices/default", f"{STORAGE}/fileServices/default"
    parts = [{"id": each, "properties": {}} for each in (blobs, files)]
    store = {"id": STORAGE, "kind": "StorageV2", "properties": {}}
    used = (store, *parts, hub(storageAccount=STORAGE))
    assert status_of(verdicts, check, *used, setting(blobs), setting(files)) is PASS
    assert status_of(verdicts, check, *used, setting(blobs)) is FAIL
    assert status_of(verdicts, check, *used, setting(STORAGE)) is FAIL
    unread = [(DiagnosticSetting, files)]
    given = (*used, setting(blobs))
    assert status_of(verdicts, check, *given, unread=unread) is UNREAD
    premium = {**store, "kind": "BlockBlobStorage"}
    used = (premium, parts[0], hub(storageAccount=STORAGE))
    assert status_of(verdicts, check, *used, setting(blobs)) is PASS
    assert status_of(verdicts, check, *used) is FAIL
    found = verdicts(BY_ID[check], store, *parts, hub())
    assert all(each.target.resource_id != STORAGE for each in found)
