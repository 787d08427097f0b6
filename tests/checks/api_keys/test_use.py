from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.use import few_direct_users, key_in_connection
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.cognitive import (
    AccountConnection,
    CognitiveAccount,
    Project,
    ProjectConnection,
)
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
IDLE = "cccccccc-0000-0000-0000-000000000009"
ELSEWHERE = f"/subscriptions/{IDLE}"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNTS = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts"
ACCOUNT = f"{ACCOUNTS}/ai"
FOUNDRY = f"{ACCOUNTS}/foundry"
PROJECT = f"{FOUNDRY}/projects/work"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
CONNECTION = f"{HUB}/connections/c"
HOST = "https://ai.openai.azure.com/"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def account(keyless: object = True, **content: object) -> Body:
    properties = {"disableLocalAuth": keyless, "customSubDomainName": "ai", **content}
    return {"id": ACCOUNT, "kind": "OpenAI", "properties": properties}


PARENTS = (
    {"id": HUB, "kind": "Hub", "properties": {}},
    {"id": FOUNDRY, "kind": "AIServices", "properties": {}},
    {"id": PROJECT, "properties": {}},
)


def connection(at: str = HUB, /, **properties: object) -> Body:
    known = {"authType": "ApiKey", "target": HOST, **properties}
    return {"id": f"{at}/connections/c", "properties": known}


@pytest.mark.parametrize("at", [HUB, FOUNDRY, PROJECT])
@pytest.mark.parametrize(
    ("kind", "keyless", "status"),
    [
        ("ApiKey", True, FAIL),
        ("apikey", True, FAIL),
        ("AccountKey", True, FAIL),
        ("CustomKeys", True, FAIL),
        ("AAD", True, PASS),
        ("ProjectManagedIdentity", True, PASS),
        ("None", True, PASS),
        ("ApiKey", False, NONE),
        ("ApiKey", None, NONE),
        ("AAD", False, NONE),
        ("ApiKey", "true", UNREAD),
        (None, True, UNREAD),
        ("", True, UNREAD),
        (["ApiKey"], True, UNREAD),
    ],
)
def test_connections(
    verdicts: Verdicts, at: str, kind: object, keyless: object, status: Status
) -> None:
    bodies = account(keyless), *PARENTS, connection(at, authType=kind)
    results = verdicts(key_in_connection, *bodies)
    assert results.only(f"{at}/connections/c").status is status


def test_an_account_that_says_nothing_of_keys_accepts_them(verdicts: Verdicts) -> None:
    silent = {
        "id": ACCOUNT,
        "kind": "OpenAI",
        "properties": {"customSubDomainName": "ai"},
    }
    bodies = silent, *PARENTS, connection()
    assert verdicts(key_in_connection, *bodies).only(CONNECTION).status is NONE


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ({"metadata": {"ResourceId": ACCOUNT.upper()}, "target": None}, FAIL),
        ({"metadata": {"resourceId": ACCOUNT}, "target": "https://x.example"}, FAIL),
        ({"target": "https://AI.cognitiveservices.azure.com/openai/"}, FAIL),
        ({"target": "ai.services.ai.azure.com", "metadata": None}, FAIL),
        ({"metadata": {"ResourceId": f"{ACCOUNT}/projects/p"}}, FAIL),
        ({"metadata": {"ResourceId": f"{ACCOUNT}/projects/p/deployments/d/"}}, FAIL),
        ({"metadata": {"ResourceId": f"{ACCOUNT}-gone"}}, FAIL),
        ({"metadata": {"ResourceId": f"{ACCOUNT}-gone"}, "authType": "AAD"}, NONE),
        ({"metadata": {"ResourceId": ACCOUNT.replace("bbbb", "cccc")}}, UNREAD),
        ({"metadata": {"ResourceId": 7}}, UNREAD),
        ({"metadata": "none"}, UNREAD),
        ({"target": 7}, UNREAD),
        ({"target": "https://other.openai.azure.com/"}, NONE),
    ],
)
def test_which_account(
    verdicts: Verdicts, where: dict[str, object], status: Status
) -> None:
    bodies = account(), *PARENTS, connection(**where)
    assert verdicts(key_in_connection, *bodies).only(CONNECTION).status is status


@pytest.mark.parametrize("scan", [{"whole_tenant": False}, {"left_out": [IDLE]}])
def test_an_account_of_others_needs_the_whole_tenant(
    verdicts: Verdicts, scan: dict[str, Any]
) -> None:
    bodies = account(), *PARENTS, connection(target="https://other.openai.azure.com/")
    results = verdicts(key_in_connection, *bodies, **scan)
    assert results.only(CONNECTION).status is UNREAD


@pytest.mark.parametrize(
    "where",
    [
        {"target": "https://srch.search.windows.net"},
        {"target": "https://api.bing.microsoft.com/"},
        {"target": None},
        {"metadata": {"ResourceId": f"{PROVIDERS}/Microsoft.Search/searchServices/s"}},
    ],
)
def test_other_targets_are_left_out(
    verdicts: Verdicts, where: dict[str, object]
) -> None:
    [result] = verdicts(key_in_connection, account(), *PARENTS, connection(**where))
    assert result.target.resource_id.startswith("/tenants/")


def test_connections_of_feature_stores_are_left_out(verdicts: Verdicts) -> None:
    store = {"id": HUB, "kind": "FeatureStore", "properties": {}}
    [result] = verdicts(key_in_connection, account(), store, connection())
    assert result.target.resource_id.startswith("/tenants/")


def test_evidence_of_both_ends(verdicts: Verdicts) -> None:
    results = verdicts(key_in_connection, account(), *PARENTS, connection())
    read = results.evidence(CONNECTION)
    assert read[CONNECTION, "properties.authType"] == "ApiKey"
    assert read[ACCOUNT, "properties.disableLocalAuth"] is True
    assert "ai has none" in results.only(CONNECTION).reason


@pytest.mark.parametrize(
    ("refused", "at"),
    [
        ((WorkspaceConnection, HUB), HUB),
        ((AccountConnection, FOUNDRY), FOUNDRY),
        ((ProjectConnection, PROJECT), PROJECT),
        ((Project, FOUNDRY), FOUNDRY),
        ((Workspace, SUBSCRIPTION), SUBSCRIPTION),
    ],
)
def test_connections_unread(verdicts: Verdicts, refused: Any, at: str) -> None:
    bodies = [account(), *PARENTS]
    [result] = verdicts(key_in_connection, *bodies, unread=[refused])
    assert (result.status, result.target.resource_id) == (UNREAD, at)


def test_accounts_unread(verdicts: Verdicts) -> None:
    unread = [(CognitiveAccount, SUBSCRIPTION)]
    results = verdicts(key_in_connection, PARENTS[0], connection(), unread=unread)
    assert results.only(CONNECTION).status is UNREAD


# Direct users


def people(rbac: Any, number: int, kind: str) -> list[Body]:
    return [rbac.grant(f"{kind}{n}", "caller", ACCOUNT, kind) for n in range(number)]


def caller(rbac: Any) -> Body:
    body: Body = rbac.role("caller", dataActions=["Microsoft.CognitiveServices/*"])
    return body


@pytest.mark.parametrize(
    ("kind", "number", "status"),
    [
        ("User", 0, PASS),
        ("User", 10, PASS),
        ("User", 11, WARN),
        ("", 11, WARN),
        ("Group", 2, PASS),
        ("Group", 3, WARN),
        ("ForeignGroup", 3, WARN),
        ("ServicePrincipal", 30, PASS),
    ],
)
def test_direct_users(
    verdicts: Verdicts, rbac: Any, kind: str, number: int, status: Status
) -> None:
    bodies = account(), caller(rbac), *people(rbac, number, kind)
    [result] = verdicts(few_direct_users, *bodies)
    assert result.status is status
    groups = "group" in kind.lower()
    users = 0 if groups or kind == "ServicePrincipal" else number
    assert f"{users} users" in result.reason
    assert ("members" in result.reason) is (kind in ("Group", "ForeignGroup", ""))


def test_a_person_with_several_roles_is_one(verdicts: Verdicts, rbac: Any) -> None:
    roles = caller(rbac), rbac.role("owner", actions=["*"])
    scopes = ACCOUNT, SUBSCRIPTION
    granted = [rbac.grant("ann", "caller", each) for each in scopes]
    other = rbac.grant("olga", "owner", SUBSCRIPTION)
    [result] = verdicts(few_direct_users, account(), *roles, *granted, other)
    assert (result.status, "1 user and" in result.reason) == (PASS, True)


def test_the_thresholds_are_settings(verdicts: Verdicts, rbac: Any) -> None:
    bodies = (
        account(),
        caller(rbac),
        *people(rbac, 2, "User"),
        *people(rbac, 1, "Group"),
    )
    for settings in (Settings(direct_user_warning=1), Settings(direct_group_warning=0)):
        [result] = verdicts(few_direct_users, *bodies, settings=settings)
        assert result.status is WARN


def test_eligible_people_do_not_count(verdicts: Verdicts, rbac: Any) -> None:
    eligible = [
        rbac.grant(f"u{n}", "caller", SUBSCRIPTION, eligible=True) for n in range(20)
    ]
    [result] = verdicts(few_direct_users, account(), caller(rbac), *eligible)
    assert result.status is PASS


def test_people_whose_time_is_over_do_not_count(verdicts: Verdicts, rbac: Any) -> None:
    over = "@Environment[UtcNow] DateTimeLessThan '2025-01-01T00:00:00.0Z'"
    past = [
        rbac.grant(f"u{n}", "caller", SUBSCRIPTION, condition=over) for n in range(20)
    ]
    [result] = verdicts(few_direct_users, account(), caller(rbac), *past)
    assert (result.status, result.reason[:7]) == (PASS, "0 users")


def test_direct_users_unread(verdicts: Verdicts, rbac: Any) -> None:
    unread = [(RoleAssignment, SUBSCRIPTION)]
    [result] = verdicts(few_direct_users, account(), unread=unread)
    assert result.status is UNREAD


@pytest.mark.parametrize("kind", ["Face", ""])
def test_direct_users_of_model_accounts(verdicts: Verdicts, kind: str) -> None:
    other = {**account(), "kind": kind}
    [result] = verdicts(few_direct_users, other)
    assert result.target.resource_id.startswith("/tenants/")
