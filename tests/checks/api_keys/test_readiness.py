"""What the advice says of switching off the keys of one account."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.local_auth import local_auth_disabled
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.machinelearning import WorkspaceConnection

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNTS = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts"
ACCOUNT = f"{ACCOUNTS}/ai"
PROJECT = f"{ACCOUNTS}/foundry/projects/work"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
HOST = "https://ai.cognitiveservices.azure.com/"


def account(**properties: object) -> Body:
    known = {"customSubDomainName": "ai", **properties}
    return {"id": ACCOUNT, "kind": "AIServices", "properties": known}


def connection(at: str, name: str, **properties: object) -> Body:
    known = {"authType": "ApiKey", **properties}
    return {"id": f"{at}/connections/{name}", "properties": known}


@pytest.fixture
def advice(verdicts: Verdicts, rbac: Any) -> Callable[..., str]:
    def advise(*bodies: Body, unread: Any = ()) -> str:
        every = [
            rbac.role("owner", actions=["*"]),
            rbac.role("caller", dataActions=["Microsoft.CognitiveServices/*"]),
            {"id": HUB, "kind": "Hub", "properties": {}},
            {"id": PROJECT.rpartition("/projects")[0], "kind": "AIServices"},
            {"id": PROJECT, "properties": {}},
            *bodies,
        ]
        if not any(body["id"] == ACCOUNT for body in bodies):
            every.append(account())
        found = verdicts(local_auth_disabled, *every, unread=unread)
        result = found.only(ACCOUNT)
        assert result.status is Status.FAIL
        return result.remediation

    return advise


def test_nobody(advice: Any) -> None:
    text = advice()
    assert "everybody would be locked out" in text
    assert "Entra role" in text
    assert "connection" not in text
    assert "Then set disableLocalAuth to true." in text


def test_who_keeps_access_and_who_loses_it(advice: Any, rbac: Any) -> None:
    text = advice(
        rbac.grant("app", "caller", ACCOUNT, "ServicePrincipal"),
        rbac.grant("olga", "owner", SUBSCRIPTION),
        rbac.grant("cleo", "owner", SUBSCRIPTION),
        rbac.grant("cleo", "caller", SUBSCRIPTION),
    )
    keeping, losing, *_ = text.split(". ")
    assert "2 principals keep access" in keeping
    assert "service principal app (caller)" in keeping
    assert losing.startswith("1 that lists the keys would lose the data plane: ")
    assert "user olga (owner)" in losing
    assert "cleo" not in losing


def test_many_are_counted(advice: Any, rbac: Any) -> None:
    owners = [rbac.grant(f"owner{n}", "owner", SUBSCRIPTION) for n in range(40)]
    text = advice(*owners)
    assert "40 that list the keys" in text
    assert "and 37 more" in text
    assert len(text) < 700


@pytest.mark.parametrize(
    "target",
    [
        {"metadata": {"ResourceId": ACCOUNT.upper()}, "target": "https://elsewhere/"},
        {"metadata": {"ResourceId": f"{ACCOUNT}/projects/p"}, "target": "https://x/"},
        {"metadata": {"resourceId": ACCOUNT}},
        {"target": HOST},
        {"target": "https://AI.openai.azure.com/openai"},
        {"target": "ai.services.ai.azure.com", "metadata": {}},
        {"target": "https://ai.privatelink.openai.azure.com/", "metadata": None},
    ],
)
@pytest.mark.parametrize(
    ("at", "label"),
    [(HUB, "hub/c"), (f"{ACCOUNTS}/foundry", "foundry/c"), (PROJECT, "work/c")],
)
def test_connections_that_break(
    advice: Any, at: str, label: str, target: dict[str, object]
) -> None:
    assert f"1 connection that would break: {label}." in advice(
        connection(at, "c", **target)
    )


@pytest.mark.parametrize(
    "properties",
    [
        {"target": HOST, "authType": "AAD"},
        {"target": HOST, "metadata": {"ResourceId": f"{ACCOUNT}2"}},
        {"target": "https://ai2.openai.azure.com/"},
        {"target": "https://westeurope.api.cognitive.microsoft.com/"},
        {"target": "https://ai.search.windows.net/"},
        {"target": None},
    ],
)
def test_connections_that_do_not(advice: Any, properties: dict[str, object]) -> None:
    assert "connection" not in advice(connection(HUB, "c", **properties))


def test_several_connections_are_told_in_one_sentence(advice: Any) -> None:
    text = advice(*(connection(HUB, f"c{n}", target=HOST) for n in range(5)))
    assert "5 connections that would break: hub/c0, hub/c1, hub/c2 and 2 more." in text


def test_what_was_not_read_is_said_and_costs_no_verdict(advice: Any, rbac: Any) -> None:
    refused = [(WorkspaceConnection, HUB), (RoleAssignment, SUBSCRIPTION)]
    text = advice(rbac.grant("ann", "caller", SUBSCRIPTION), unread=refused)
    assert "Not all connections were read" in text
    assert "lower bound: role assignments were not all read" in text
    assert "Not all" in advice(connection(HUB, "c", target=HOST, authType=None))


@pytest.mark.parametrize(
    ("subdomain", "said"), [("ai", False), (None, True), ("", True), (7, False)]
)
def test_an_account_without_a_name(advice: Any, subdomain: object, said: bool) -> None:
    text = advice(account(customSubDomainName=subdomain))
    assert ("takes no tokens" in text) is said


def test_roles_that_are_not_in_force_are_not_counted(advice: Any, rbac: Any) -> None:
    text = advice(rbac.grant("eve", "caller", SUBSCRIPTION, eligible=True))
    assert "everybody would be locked out" in text
