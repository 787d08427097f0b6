"""Foundry accounts: connections, identities, traces, and what tags tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_accounts import accounts as foundry_accounts
from scanner.model.check import Status
from scanner.model.cognitive import (
    AccountConnection,
    Project,
    ProjectConnection,
)
from scanner.model.machinelearning import Workspace

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/account"
PROJECT = f"{ACCOUNT}/projects/project"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
INFO, MANUAL = Status.INFO, Status.MANUAL
ABSENT = ...

CHECKS = {check.id: check for check in foundry_accounts.CHECKS}


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def account(**top: object) -> Body:
    return body(ACCOUNT, {}, **{"kind": "AIServices", **top})


def project(**top: object) -> Body:
    return body(PROJECT, {}, **top)


def connection(of: str = ACCOUNT, **properties: object) -> Body:
    usual = {"authType": "AAD", "category": "CognitiveSearch", "target": "https://t/"}
    return body(f"{of}/connections/c", {**usual, **properties})


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(CHECKS[check], *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


# Connections


@pytest.mark.parametrize("of", [ACCOUNT, PROJECT])
@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"authType": "AAD"}, PASS),
        ({"authType": "accountManagedIdentity"}, PASS),
        ({"authType": "ApiKey"}, FAIL),
        ({"authType": "AccountKey", "category": ABSENT}, FAIL),
        ({"authType": "ApiKey", "category": "AppInsights"}, WARN),
        ({"authType": "ApiKey", "category": "ModelGateway"}, WARN),
        ({"authType": "CustomKeys", "category": "RemoteA2A"}, WARN),
        ({"authType": "ApiKey", "category": "GroundingWithBingSearch"}, WARN),
        ({"authType": "OAuth2"}, WARN),
        ({"authType": "Surprise"}, WARN),
        ({"authType": None}, UNREAD),
        ({"authType": ABSENT}, UNREAD),
        ({"authType": ["AAD"]}, UNREAD),
    ],
)
def test_how_connections_sign_in(
    of: str, properties: Body, status: Status, verdicts: Verdicts
) -> None:
    given = (connection(of, **properties), account(), project())
    assert status_of(verdicts, "fdp-connection-entra", *given) is status


@pytest.mark.parametrize("of", [ACCOUNT, PROJECT])
@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"authType": "ApiKey", "isSharedToAll": True}, FAIL),
        ({"authType": "ApiKey", "isSharedToAll": True, "sharedUserList": ["u"]}, WARN),
        ({"authType": "Surprise", "isSharedToAll": True}, WARN),
        ({"authType": "ApiKey", "isSharedToAll": False}, PASS),
        ({"authType": "ApiKey", "isSharedToAll": None}, PASS),
        ({"authType": "ApiKey"}, PASS),
        ({"authType": "ApiKey", "isSharedToAll": "yes"}, UNREAD),
        ({"authType": "AAD", "isSharedToAll": True}, NONE),
        ({"authType": None, "isSharedToAll": True}, UNREAD),
    ],
)
def test_who_may_use_a_key(
    of: str, properties: Body, status: Status, verdicts: Verdicts
) -> None:
    given = (connection(of, **properties), account(), project())
    assert status_of(verdicts, "fdp-connection-shared-key", *given) is status


def test_connections_that_were_not_read_are_not_judged(verdicts: Verdicts) -> None:
    for check in ("fdp-connection-entra", "fdp-connection-shared-key"):
        for view, scope in ((AccountConnection, ACCOUNT), (ProjectConnection, PROJECT)):
            unread = [(view, scope)]
            found = verdicts(CHECKS[check], account(), project(), unread=unread)
            assert UNREAD in {each.status for each in found}


@pytest.mark.parametrize(
    ("connections", "unread", "status"),
    [
        ([connection(category="AzureKeyVault")], [(ProjectConnection, PROJECT)], INFO),
        ([connection(PROJECT, authType="ApiKey")], [], MANUAL),
        ([connection(authType="SAS"), connection(PROJECT)], [], MANUAL),
        ([connection(), connection(PROJECT)], [], INFO),
        ([], [], INFO),
        ([connection(category=7)], [], UNREAD),
        ([connection(PROJECT, authType=None)], [], UNREAD),
        ([connection()], [(ProjectConnection, PROJECT)], UNREAD),
        ([], [(AccountConnection, ACCOUNT)], UNREAD),
        ([], [(Project, ACCOUNT)], UNREAD),
    ],
)
def test_where_secrets_lie(
    connections: list[Body],
    unread: list[tuple[Any, str]],
    status: Status,
    verdicts: Verdicts,
) -> None:
    projects = [] if (Project, ACCOUNT) in unread else [project()]
    given = (account(), *projects, *connections)
    check = "fdp-connection-byo-keyvault"
    assert status_of(verdicts, check, *given, unread=unread) is status


@pytest.mark.parametrize(
    ("connections", "unread", "status"),
    [
        ([connection(category="appInsights")], [(ProjectConnection, PROJECT)], PASS),
        ([connection(PROJECT, category="AppInsights")], [], PASS),
        ([connection(), connection(PROJECT)], [], INFO),
        ([connection(category=None)], [], INFO),
        ([connection(category=ABSENT)], [], INFO),
        ([connection(category=["AppInsights"])], [], UNREAD),
        ([], [(ProjectConnection, PROJECT)], UNREAD),
        ([], [(AccountConnection, ACCOUNT)], UNREAD),
    ],
)
def test_traces(
    connections: list[Body],
    unread: list[tuple[Any, str]],
    status: Status,
    verdicts: Verdicts,
) -> None:
    given = (account(), project(), *connections)
    check = "fdp-appinsights-connection"
    assert status_of(verdicts, check, *given, unread=unread) is status


def test_an_account_without_projects_has_no_traces(verdicts: Verdicts) -> None:
    check = "fdp-appinsights-connection"
    assert status_of(verdicts, check, account()) is NONE
    unread = [(Project, ACCOUNT)]
    assert status_of(verdicts, check, account(), unread=unread) is UNREAD


# Projects, hubs


@pytest.mark.parametrize(
    ("identity", "status"),
    [
        ({"type": "SystemAssigned"}, PASS),
        ({"type": "userassigned"}, PASS),
        ({"type": "None"}, FAIL),
        ({"type": None}, FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        ({"type": 7}, UNREAD),
        ("SystemAssigned", UNREAD),
    ],
)
def test_identities_of_projects(
    identity: object, status: Status, verdicts: Verdicts
) -> None:
    given = (project(identity=identity), account())
    assert status_of(verdicts, "fdp-project-identity", *given) is status


def test_projects_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(Project, ACCOUNT)]
    [result] = verdicts(CHECKS["fdp-project-identity"], account(), unread=unread)
    assert result.status is UNREAD


def test_accounts_of_other_kinds_are_no_foundry(verdicts: Verdicts) -> None:
    for kind in ("OpenAI", "FormRecognizer", None, ABSENT):
        [result] = verdicts(CHECKS["fdp-account-homogeneous"], account(kind=kind))
        assert result.status is NONE
        assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("Hub", INFO), ("hub", INFO), ("Project", PASS), (None, PASS), (7, UNREAD)],
)
def test_hubs_are_told(kind: object, status: Status, verdicts: Verdicts) -> None:
    [result] = verdicts(CHECKS["fdp-hub-legacy"], body(HUB, {}, kind=kind))
    assert result.target.resource_id == SUBSCRIPTION
    assert result.status is status
    assert ("1 hub" in result.reason) is (status is INFO)


def test_hubs_of_a_cloud_without_projects(verdicts: Verdicts) -> None:
    bodies = [account(), body(HUB, {}, kind="Hub")]
    for check, carrier in (
        ("fdp-hub-legacy", SUBSCRIPTION),
        ("fdp-account-homogeneous", ACCOUNT),
    ):
        found = verdicts(CHECKS[check], *bodies, unoffered=[Project])
        assert found.only(carrier).status is NONE


def test_hubs_that_were_not_read(verdicts: Verdicts) -> None:
    [result] = verdicts(CHECKS["fdp-hub-legacy"])
    assert result.status is PASS
    assert result.evidence
    unread = [(Workspace, SUBSCRIPTION)]
    [result] = verdicts(CHECKS["fdp-hub-legacy"], unread=unread)
    assert result.status is UNREAD


# Tags

CLAIMS = {"environment": "production", "businessUnit": "claims"}


@pytest.mark.parametrize(
    ("of_account", "of_project", "status"),
    [
        (CLAIMS, {"env": "Prod", "cost-center": "Claims"}, PASS),
        ({"env": "dev", "bu": "a"}, {"env": "test", "bu": "a"}, PASS),
        (CLAIMS, {"env": "dev", "businessUnit": "claims"}, FAIL),
        (CLAIMS, {"env": "dev"}, FAIL),
        (CLAIMS, {"env": "prod", "businessUnit": "motor"}, WARN),
        (CLAIMS, {"businessUnit": "motor"}, WARN),
        (CLAIMS, {"env": "prod-eu", "businessUnit": "claims"}, MANUAL),
        (CLAIMS, {"env": "prod"}, MANUAL),
        (CLAIMS, None, MANUAL),
        (ABSENT, ABSENT, MANUAL),
        (CLAIMS, "odd", UNREAD),
        (["odd"], CLAIMS, UNREAD),
    ],
)
def test_what_tags_tell(
    of_account: object, of_project: object, status: Status, verdicts: Verdicts
) -> None:
    given = (account(tags=of_account), project(tags=of_project))
    assert status_of(verdicts, "fdp-account-homogeneous", *given) is status


def test_an_account_alone_mixes_nothing(verdicts: Verdicts) -> None:
    check, given = "fdp-account-homogeneous", account(tags=CLAIMS)
    assert status_of(verdicts, check, given) is NONE
    unread = [(Project, ACCOUNT)]
    assert status_of(verdicts, check, given, unread=unread) is UNREAD


def test_a_project_may_be_named_as_its_account(verdicts: Verdicts) -> None:
    other = body(f"{ACCOUNT}/projects/account", {}, tags={"env": "dev"})
    given = (account(tags=CLAIMS), other)
    assert status_of(verdicts, "fdp-account-homogeneous", *given) is FAIL
