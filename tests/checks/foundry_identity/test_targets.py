from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_identity.targets import (
    key_connection_target_open,
    search_accepts_entra,
)
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.cognitive import AccountConnection
from scanner.model.machinelearning import WorkspaceConnection
from scanner.model.search import SearchService

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/model"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/documents"
COSMOS = f"{PROVIDERS}/Microsoft.DocumentDB/databaseAccounts/threads"
REGISTRY = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/images"
ABSENT = ...

PASS, FAIL = Status.PASS, Status.FAIL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(kind: str = "Hub") -> Body:
    return body(HUB, {}, kind=kind)


def connection(leads_to: str, type: object = "AAD", of: str = HUB, **more: Any) -> Body:
    name = f"{leads_to.rpartition('/')[2]}-{type}"
    named = {"metadata": {"ResourceId": leads_to}, "isSharedToAll": True}
    return body(f"{of}/connections/{name}", {"authType": type, **named, **more})


def search(**properties: object) -> Body:
    return body(SEARCH, properties)


def account(kind: str = "OpenAI", **properties: object) -> Body:
    return body(ACCOUNT, properties, kind=kind)


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"disableLocalAuth": True, "authOptions": None}, PASS),
        ({"authOptions": {"aadOrApiKey": {"aadAuthFailureMode": "http403"}}}, PASS),
        ({"authOptions": {"aadOrApiKey": {}}, "disableLocalAuth": False}, PASS),
        ({"authOptions": {"apiKeyOnly": {}}, "disableLocalAuth": False}, FAIL),
        ({"authOptions": None, "disableLocalAuth": None}, FAIL),
        ({}, FAIL),
        ({"disableLocalAuth": "true"}, UNREAD),
        ({"authOptions": "aadOrApiKey"}, UNREAD),
    ],
)
def test_search_that_takes_tokens(
    verdicts: Verdicts, properties: Body, status: Status
) -> None:
    bodies = workspace(), search(**properties), connection(SEARCH)
    result = verdicts(search_accepts_entra, *bodies).only(SEARCH)
    assert result.status is status
    keyed = workspace(), search(**properties), connection(SEARCH, "ApiKey")
    assert verdicts(search_accepts_entra, *keyed).only(SEARCH).status is NONE


def test_tokens_of_foundry_accounts_and_projects(verdicts: Verdicts) -> None:
    below = f"{ACCOUNT}/projects/one"
    own = body(below, {}, name="model/one")
    for of in (ACCOUNT, below):
        bodies = search(), account(), own, connection(SEARCH, of=of)
        assert verdicts(search_accepts_entra, *bodies).only(SEARCH).status is FAIL


def test_search_by_its_host(verdicts: Verdicts) -> None:
    found: Body = {"metadata": None, "target": "https://SEARCH.search.windows.net/"}
    bodies = workspace(), search(), connection(SEARCH, **found)
    assert verdicts(search_accepts_entra, *bodies).only(SEARCH).status is FAIL


@pytest.mark.parametrize(
    ("unread", "links", "status"),
    [
        ((WorkspaceConnection, HUB), [], UNREAD),
        ((AccountConnection, ACCOUNT), [], UNREAD),
        ((AccountConnection, ACCOUNT), [connection(SEARCH)], FAIL),
        ((RoleAssignment, SUBSCRIPTION), [connection(SEARCH, None)], UNREAD),
        ((RoleAssignment, SUBSCRIPTION), [connection(SEARCH, metadata=3)], UNREAD),
    ],
)
def test_connections_that_were_not_read(
    verdicts: Verdicts, unread: Any, links: list[Body], status: Status
) -> None:
    foundry = account("AIServices", allowProjectManagement=True)
    bodies = workspace(), search(), foundry, *links
    results = verdicts(search_accepts_entra, *bodies, unread=[unread])
    assert results.only(SEARCH).status is status


@pytest.mark.parametrize(
    ("target", "type", "properties", "status"),
    [
        (SEARCH, "ApiKey", {"disableLocalAuth": True}, FAIL),
        (SEARCH, "apikey", {"disableLocalAuth": False}, PASS),
        (SEARCH, "CustomKeys", {"disableLocalAuth": None}, PASS),
        (SEARCH, "ApiKey", {}, PASS),
        (SEARCH, "ApiKey", {"disableLocalAuth": "yes"}, UNREAD),
        (COSMOS, "AccountKey", {"disableLocalAuth": True}, FAIL),
        (COSMOS, "AccountKey", {}, PASS),
        (STORAGE, "AccountKey", {"allowSharedKeyAccess": False}, FAIL),
        (STORAGE, "SAS", {"allowSharedKeyAccess": False}, FAIL),
        (STORAGE, "AccountKey", {"allowSharedKeyAccess": None}, PASS),
        (STORAGE, "AccountKey", {}, PASS),
        (STORAGE, "ServicePrincipal", {"allowSharedKeyAccess": False}, NONE),
        (STORAGE, "DelegatedSAS", {"allowSharedKeyAccess": False}, NONE),
        (REGISTRY, "UsernamePassword", {"adminUserEnabled": False}, FAIL),
        (REGISTRY, "UsernamePassword", {}, FAIL),
        (REGISTRY, "UsernamePassword", {"adminUserEnabled": True}, PASS),
        (ACCOUNT, "ApiKey", {"disableLocalAuth": True}, NONE),
        (SEARCH, "AAD", {"disableLocalAuth": True}, NONE),
        (SEARCH, "Telepathy", {"disableLocalAuth": True}, NONE),
        (SEARCH, None, {"disableLocalAuth": True}, UNREAD),
        (SEARCH, ABSENT, {"disableLocalAuth": True}, UNREAD),
    ],
)
def test_keys_of_closed_targets(
    verdicts: Verdicts, target: str, type: object, properties: Body, status: Status
) -> None:
    one = connection(target, type)
    bodies = workspace(), body(target, properties), one
    results = verdicts(key_connection_target_open, *bodies)
    assert results.only(one["id"]).status is status


def test_keys_of_what_cannot_be_seen(verdicts: Verdicts) -> None:
    far = connection(SEARCH.replace("bbbbbbbb", "cccccccc"), "ApiKey")
    near, hub = connection(SEARCH, "ApiKey"), workspace()
    refused = [(SearchService, SUBSCRIPTION)]
    check = key_connection_target_open
    outside = verdicts(check, hub, far).only(far["id"])
    unread = verdicts(check, hub, near, unread=refused).only(near["id"])
    gone = verdicts(check, hub, near).only(near["id"])
    assert (outside.status, unread.status, gone.status) == (UNREAD, UNREAD, NONE)


def test_keys_in_every_kind_of_connection(verdicts: Verdicts) -> None:
    below = f"{ACCOUNT}/projects/one"
    ones = [connection(SEARCH, "ApiKey", of) for of in (HUB, ACCOUNT, below)]
    bodies = workspace(), account(), body(below, {}), search(disableLocalAuth=True)
    results = verdicts(key_connection_target_open, *bodies, *ones)
    assert [results.only(each["id"]).status for each in ones] == [FAIL] * 3


def test_connections_of_feature_stores_are_left_out(verdicts: Verdicts) -> None:
    store = workspace(kind="FeatureStore")
    one = connection(SEARCH, "ApiKey")
    [result] = verdicts(key_connection_target_open, store, search(), one)
    assert result.target.resource_id.startswith("/tenants/")
