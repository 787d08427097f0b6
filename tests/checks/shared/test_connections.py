from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.shared.connections import (
    ENTRA,
    KEYS,
    NEITHER,
    SECRETS_OF_ENTRA,
    stores_key,
    target,
    uses_entra,
)
from scanner.model.check import (
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
)
from scanner.model.cognitive import CognitiveAccount
from scanner.model.machinelearning import WorkspaceConnection
from scanner.model.results import Result
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
WORKSPACE = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
CONNECTION = f"{WORKSPACE}/connections/one"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/model"
ELSEWHERE = STORAGE.replace("bbbbbbbb", "cccccccc")

INFO, NONE, UNREAD = Status.INFO, Status.NOT_APPLICABLE, Status.NOT_ASSESSED


@check(
    id="where-it-leads",
    title="Where a connection leads",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.LOW,
    on=WorkspaceConnection,
    guidance=Post.DATA_STORES,
)
def where_it_leads(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    """Reads `properties.target`."""
    found = target(connection, StorageAccount, CognitiveAccount)
    return info(found.id) if found else not_applicable("nothing of these types")


BODIES: tuple[Body, ...] = (
    {"id": WORKSPACE, "kind": "Hub", "properties": {}},
    {"id": STORAGE, "properties": {}},
    {"id": ACCOUNT, "properties": {"endpoint": "https://model.openai.azure.com/"}},
)


def found(verdicts: Verdicts, *, bare: bool = False, **properties: object) -> Result:
    one = {"id": CONNECTION, "properties": properties}
    bodies = BODIES[:1] if bare else BODIES
    [result] = verdicts(where_it_leads, *bodies, one)
    assert "internal error" not in result.reason
    return result


def named(spelling: str, value: object) -> Body:
    return {"ApiType": "Azure", spelling: value}


@pytest.mark.parametrize(
    ("properties", "status", "reason"),
    [
        ({"metadata": named("ResourceId", STORAGE)}, INFO, STORAGE),
        ({"metadata": named("resourceId", STORAGE.upper())}, INFO, STORAGE),
        ({"metadata": named("RESOURCEID", ACCOUNT)}, INFO, ACCOUNT),
        (
            {
                "metadata": named("ResourceId", ACCOUNT),
                "target": "https://data.blob.core.windows.net/",
            },
            INFO,
            ACCOUNT,
        ),
        ({"metadata": named("ResourceId", f"{STORAGE}2")}, NONE, "nothing"),
        ({"metadata": named("ResourceId", WORKSPACE)}, NONE, "nothing"),
        ({"metadata": named("ResourceId", ELSEWHERE)}, UNREAD, "outside the scan"),
        ({"metadata": named("ResourceId", 7)}, UNREAD, "malformed"),
        ({"metadata": "ResourceId"}, UNREAD, "malformed"),
        ({"target": "https://model.openai.azure.com/"}, INFO, ACCOUNT),
        ({"target": "https://DATA.blob.core.windows.net/box?x=1"}, INFO, STORAGE),
        ({"metadata": {}, "target": "data.dfs.core.windows.net"}, INFO, STORAGE),
        ({"target": "https://gone.openai.azure.com"}, NONE, "nothing"),
        ({"target": "https://crm.example/api"}, NONE, "nothing"),
        ({"target": "https://[half"}, NONE, "nothing"),
        ({"metadata": None, "target": None}, NONE, "nothing"),
        ({}, NONE, "nothing"),
        ({"target": 7}, UNREAD, "malformed"),
    ],
)
def test_where_a_connection_leads(
    verdicts: Verdicts, properties: Body, status: Status, reason: str
) -> None:
    result = found(verdicts, **properties)
    assert result.status is status
    assert reason in result.reason


def test_a_host_that_nobody_here_has(verdicts: Verdicts) -> None:
    one = {"id": CONNECTION, "properties": {"target": "https://x.openai.azure.com"}}
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    [unread] = verdicts(where_it_leads, *BODIES, one, unread=refused)
    [narrow] = verdicts(where_it_leads, *BODIES, one, whole_tenant=False)
    assert unread.status is UNREAD
    assert narrow.status is UNREAD
    assert found(verdicts, bare=True, target="x.openai.azure.com").status is NONE


def test_no_way_to_sign_in_is_of_two_kinds() -> None:
    assert not ENTRA & KEYS
    assert not NEITHER & (ENTRA | KEYS)
    assert SECRETS_OF_ENTRA < KEYS


@check(
    id="how-it-signs-in",
    title="How a connection signs in",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.LOW,
    on=WorkspaceConnection,
    guidance=Post.DATA_STORES,
)
def how_it_signs_in(connection: WorkspaceConnection, _: Tenant) -> Verdict:
    """Reads `properties.authType`."""
    return info(f"{uses_entra(connection)} {stores_key(connection)}")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("AAD", "True False"),
        ("ApiKey", "False True"),
        ("OAuth2", "False False"),
        ("Telepathy", "False False"),
    ],
)
def test_how_a_connection_signs_in(verdicts: Verdicts, kind: str, reason: str) -> None:
    one = {"id": CONNECTION, "properties": {"authType": kind}}
    [result] = verdicts(how_it_signs_in, *BODIES, one)
    assert result.reason == reason


@pytest.mark.parametrize("properties", [{}, {"authType": None}, {"authType": 1}])
def test_a_connection_that_does_not_say(verdicts: Verdicts, properties: Body) -> None:
    one = {"id": CONNECTION, "properties": properties}
    [result] = verdicts(how_it_signs_in, *BODIES, one)
    assert result.status is UNREAD
