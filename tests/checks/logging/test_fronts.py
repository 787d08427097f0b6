"""Gateways in front of accounts: what they log, and who goes past them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.logging.fronts import CHECKS
from checks.shared.wording import CITED
from scanner.model.apimanagement import GatewayDiagnostic
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.insights import DiagnosticSetting
from scanner.model.results import Result
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/oai"
SERVICE = f"{PROVIDERS}/Microsoft.ApiManagement/service/apim"
LOGS = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/logs"

PASS, WARN, INFO = Status.PASS, Status.WARN, Status.INFO
UNREAD, NONE, ASKED = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL
BY_ID = {check.id: check for check in CHECKS}
FRONT, GAP = "aoai-apim-front", "aoai-requestresponse-gap"
LOCKED = "aoai-locked-to-front"


def account(**properties: Any) -> Body:
    usual = {
        "customSubDomainName": "oai",
        "endpoint": "https://oai.openai.azure.com/",
        "publicNetworkAccess": "Disabled",
        "disableLocalAuth": True,
    }
    return {"id": ACCOUNT, "kind": "OpenAI", "properties": {**usual, **properties}}


APIM: Body = {
    "id": SERVICE,
    "identity": {"type": "SystemAssigned", "principalId": "apim"},
    "properties": {},
}
BACKEND: Body = {
    "id": f"{SERVICE}/backends/models",
    "properties": {"url": "https://oai.openai.azure.com/openai"},
}
INSIGHTS: Body = {
    "id": f"{SERVICE}/diagnostics/applicationinsights",
    "properties": {"loggerId": f"{SERVICE}/loggers/ai"},
}


def logs(*names: str, **properties: Any) -> Body:
    usual = {
        "workspaceId": LOGS,
        "logs": [{"category": each, "enabled": True} for each in names],
    }
    return {
        "id": f"{SERVICE}/providers/Microsoft.Insights/diagnosticSettings/one",
        "properties": {**usual, **properties},
    }


def result_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Result:
    found = verdicts(BY_ID[check], *bodies, **options)
    return found.only(ACCOUNT)


@pytest.mark.parametrize(
    ("kept", "front", "gap"),
    [
        ([], INFO, ASKED),
        ([logs("GatewayLogs")], INFO, ASKED),
        ([logs("GatewayLogs", "GatewayLlmLogs")], PASS, NONE),
        ([logs("GatewayLogs", "GatewayLlmLogs", workspaceId=None)], INFO, ASKED),
        ([logs(logs=[{"categoryGroup": "allLogs", "enabled": True}])], PASS, NONE),
        ([INSIGHTS], PASS, NONE),
        ([{**INSIGHTS, "id": f"{SERVICE}/diagnostics/azuremonitor"}], INFO, ASKED),
        ([{**INSIGHTS, "properties": {}}], INFO, ASKED),
        ([logs(logs="odd")], UNREAD, UNREAD),
    ],
)
def test_what_a_gateway_keeps(
    kept: list[Body], front: Status, gap: Status, verdicts: Verdicts
) -> None:
    bodies = (account(), APIM, BACKEND, *kept)
    assert result_of(verdicts, FRONT, *bodies).status is front
    assert result_of(verdicts, GAP, *bodies).status is gap


def sampled(name: str, percentage: object) -> Body:
    sampling = {"samplingType": "fixed", "percentage": percentage}
    usual = INSIGHTS["properties"]
    return {
        "id": f"{SERVICE}/diagnostics/{name}",
        "properties": {**usual, "sampling": sampling},
    }


@pytest.mark.parametrize(
    ("percentage", "front", "gap", "told"),
    [
        (0, INFO, ASKED, "keeps no log"),
        (0.0, INFO, ASKED, "keeps no log"),
        (0.5, PASS, NONE, "(0.5 % of calls)"),
        (50, PASS, NONE, "(50 % of calls)"),
        (100.0, PASS, NONE, "logged by"),
        (None, PASS, NONE, "logged by"),
        ("all", UNREAD, UNREAD, ""),
    ],
)
@pytest.mark.parametrize("name", ["applicationinsights", "AzureMonitor"])
def test_how_much_of_the_calls_is_kept(
    name: str,
    percentage: object,
    front: Status,
    gap: Status,
    told: str,
    verdicts: Verdicts,
) -> None:
    to_monitor = logs("GatewayLogs", "GatewayLlmLogs")
    kept = [to_monitor] if name == "AzureMonitor" else []
    bodies = (account(), APIM, BACKEND, sampled(name, percentage), *kept)
    result = result_of(verdicts, FRONT, *bodies)
    assert (result.status, told in result.reason) == (front, True)
    assert ("%" in result.reason) == ("%" in told)
    assert result_of(verdicts, GAP, *bodies).status is gap


def test_logs_that_were_not_read_may_be_kept(verdicts: Verdicts) -> None:
    for view in (DiagnosticSetting, GatewayDiagnostic):
        for check in (FRONT, GAP):
            bodies, unread = (account(), APIM, BACKEND), [(view, SERVICE)]
            assert result_of(verdicts, check, *bodies, unread=unread).status is UNREAD


def test_what_leads_to_an_account_is_shown(verdicts: Verdicts) -> None:
    found = verdicts(BY_ID[FRONT], account(), APIM, BACKEND).evidence(ACCOUNT)
    assert found[BACKEND["id"], "properties.url"] == BACKEND["properties"]["url"]
    names = {"properties.customSubDomainName", "properties.endpoint"}
    assert names <= {path for owner, path in found if owner == ACCOUNT}


def test_of_many_backends_a_few_are_shown(verdicts: Verdicts) -> None:
    backends = [{**BACKEND, "id": f"{SERVICE}/backends/{each}"} for each in range(50)]
    found = verdicts(BY_ID[FRONT], account(), APIM, *backends).evidence(ACCOUNT)
    assert sum(path == "properties.url" for _, path in found) == CITED


@pytest.mark.parametrize("name", ["oai", None, 7])
def test_that_nothing_leads_to_an_account_is_shown_by_its_names(
    name: object, verdicts: Verdicts
) -> None:
    given = account(customSubDomainName=name)
    found = verdicts(BY_ID[FRONT], given, APIM)
    assert found.only(ACCOUNT).status is INFO
    assert found.evidence(ACCOUNT)[ACCOUNT, "properties.customSubDomainName"] == name


def roles(rbac: Any, *holders: str) -> list[Body]:
    kinds = {"apim": "ServicePrincipal"}
    user = rbac.role("user", dataActions=["Microsoft.CognitiveServices/accounts/*"])
    grants = [rbac.grant(e, "user", ACCOUNT, kinds.get(e, "User")) for e in holders]
    return [user, *grants]


@pytest.mark.parametrize(
    ("holders", "properties", "status", "told"),
    [
        (["apim"], {}, PASS, ""),
        ([], {}, PASS, ""),
        (["apim", "ann"], {}, WARN, "1 principal holds"),
        (["apim"], {"disableLocalAuth": None}, WARN, "keys are accepted"),
        (["apim"], {"publicNetworkAccess": None}, WARN, "public networks"),
        (
            ["apim"],
            {
                "publicNetworkAccess": "Enabled",
                "networkAcls": {"defaultAction": "deny"},
            },
            PASS,
            "",
        ),
        (
            ["apim"],
            {
                "publicNetworkAccess": "Enabled",
                "networkAcls": {
                    "defaultAction": "deny",
                    "ipRules": [{"value": "198.51.100.1"}],
                },
            },
            ASKED,
            "who is let in",
        ),
        (
            ["apim"],
            {"networkAcls": {"defaultAction": "deny", "bypass": "AzureServices"}},
            ASKED,
            "who is let in",
        ),
        (["apim"], {"disableLocalAuth": "x"}, UNREAD, ""),
    ],
)
def test_who_goes_past_the_gateway(
    holders: list[str],
    properties: Body,
    status: Status,
    told: str,
    verdicts: Verdicts,
    rbac: Any,
) -> None:
    given = (account(**properties), APIM, BACKEND, *roles(rbac, *holders))
    result = result_of(verdicts, LOCKED, *given)
    assert result.status is status
    assert told in result.reason


@pytest.mark.parametrize(
    ("allowed", "kind", "status"),
    [
        ("SpeechServices/*", "OpenAI", PASS),
        ("SpeechServices/*", "AIServices", WARN),
        ("aiservices/agents/read", "AIServices", PASS),
        ("SpeechServices/*/read", "AIServices", PASS),
    ],
)
def test_a_role_for_a_service_the_account_lacks_does_not_go_past(
    allowed: str, kind: str, status: Status, verdicts: Verdicts, rbac: Any
) -> None:
    action = f"Microsoft.CognitiveServices/accounts/{allowed}"
    other = rbac.role("other", dataActions=[action])
    given = (other, rbac.grant("app", "other", SUBSCRIPTION, "ServicePrincipal"))
    mine = {**account(), "kind": kind}
    bodies = (mine, APIM, BACKEND, *roles(rbac, "apim"), *given)
    assert result_of(verdicts, LOCKED, *bodies).status is status


def test_who_may_activate_a_role_goes_past(verdicts: Verdicts, rbac: Any) -> None:
    bodies = (account(), APIM, BACKEND, *roles(rbac, "apim"))
    eligible = rbac.grant("ann", "user", ACCOUNT, eligible=True)
    result = result_of(verdicts, LOCKED, *bodies, eligible)
    assert (result.status, "once activated" in result.reason) == (WARN, True)
    too = rbac.grant("ann", "user", SUBSCRIPTION)
    assert "activated" not in result_of(verdicts, LOCKED, *bodies, eligible, too).reason
    own = rbac.grant("apim", "user", SUBSCRIPTION, "ServicePrincipal", eligible=True)
    assert result_of(verdicts, LOCKED, *bodies, own).status is PASS


def test_an_endpoint_that_is_not_known_may_be_a_way_past(
    verdicts: Verdicts, rbac: Any
) -> None:
    endpoint = f"{PROVIDERS}/Microsoft.Network/privateEndpoints/pe"
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    connection = {"properties": {**state, "privateEndpoint": {"id": endpoint}}}
    given = account(privateEndpointConnections=[connection])
    bodies = (given, APIM, BACKEND, *roles(rbac, "apim"))
    assert result_of(verdicts, LOCKED, *bodies).status is UNREAD
    theirs = {"privateEndpoint": {"id": endpoint.replace("bbbb", "cccc")}}
    foreign = account(privateEndpointConnections=[{"properties": {**state, **theirs}}])
    bodies = (foreign, APIM, BACKEND, *roles(rbac, "apim"))
    assert result_of(verdicts, LOCKED, *bodies).status is WARN


def test_roles_and_identities_that_were_not_read(verdicts: Verdicts, rbac: Any) -> None:
    bodies = (account(), APIM, BACKEND, *roles(rbac, "apim"))
    unread = [(RoleAssignment, SUBSCRIPTION)]
    assert result_of(verdicts, LOCKED, *bodies, unread=unread).status is UNREAD
    unclear = {**APIM, "identity": {"type": "SystemAssigned"}}
    bodies = (account(), unclear, BACKEND, *roles(rbac, "apim"))
    assert result_of(verdicts, LOCKED, *bodies).status is UNREAD


ELSEWHERE = SERVICE.replace("apim", "other")
EXPECTED = Settings(expected_gateways=(SERVICE.upper(),))


def test_a_gateway_that_is_expected(verdicts: Verdicts, rbac: Any) -> None:
    kept = logs("GatewayLogs", "GatewayLlmLogs")
    bodies = (account(), APIM, BACKEND, kept, *roles(rbac, "apim"))
    for check in (FRONT, LOCKED):
        result = result_of(verdicts, check, *bodies, settings=EXPECTED)
        assert result.status is PASS
    other = Settings(expected_gateways=(ELSEWHERE,))
    result = result_of(verdicts, FRONT, *bodies, settings=other)
    assert (result.status, "no gateway that is expected" in result.reason) == (
        INFO,
        True,
    )
    second = {**APIM, "id": ELSEWHERE, "identity": {}}
    result = result_of(verdicts, LOCKED, *bodies, second, settings=other)
    assert (result.status, "1 principal holds" in result.reason) == (WARN, True)


def test_a_gateway_that_is_expected_need_not_lead_there_by_name(
    verdicts: Verdicts, rbac: Any
) -> None:
    bodies = (account(), APIM, *roles(rbac, "apim"))
    assert result_of(verdicts, LOCKED, *bodies).status is NONE
    assert result_of(verdicts, LOCKED, *bodies, settings=EXPECTED).status is PASS
    lost = (account(), *roles(rbac, "apim"))
    assert result_of(verdicts, LOCKED, *lost, settings=EXPECTED).status is UNREAD
