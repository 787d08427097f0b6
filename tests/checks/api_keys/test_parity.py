from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.parity import local_auth_parity
from scanner.model.check import Status
from scanner.model.cognitive import ProjectConnection
from scanner.model.containerregistry import Registry
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
FOUNDRY = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/foundry"
PROJECT = f"{FOUNDRY}/projects/work"
SEARCH, STORAGE, COSMOS, REGISTRY = (
    f"{PROVIDERS}/{view.type}/one"
    for view in (SearchService, StorageAccount, CosmosAccount, Registry)
)
ABSENT = ...

PASS, FAIL = Status.PASS, Status.FAIL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def hub(**properties: object) -> Body:
    known = {"systemDatastoresAuthMode": "identity", **properties}
    return {**body(HUB, **known), "kind": "Hub"}


def owning(storage: str) -> Body:
    return body(FOUNDRY, userOwnedStorage=[{"resourceId": storage}])


ON = {"status": "Enabled"}


def connection(target: str, kind: object = "AAD", at: str = HUB) -> Body:
    metadata = {"ResourceId": target}
    return body(f"{at}/connections/c", authType=kind, metadata=metadata)


@pytest.mark.parametrize(
    ("id", "setting", "refusing", "absent"),
    [
        (SEARCH, "disableLocalAuth", True, FAIL),
        (COSMOS, "disableLocalAuth", True, FAIL),
        (STORAGE, "allowSharedKeyAccess", False, FAIL),
        (REGISTRY, "adminUserEnabled", False, PASS),
    ],
)
def test_settings(
    verdicts: Verdicts, id: str, setting: str, refusing: bool, absent: Status
) -> None:
    known = [(refusing, PASS), (not refusing, FAIL), (None, absent), (ABSENT, absent)]
    for value, status in [*known, ("yes", UNREAD), (1, UNREAD)]:
        target = body(id, **{setting: value})
        bodies = target, hub(), connection(id)
        result = verdicts(local_auth_parity, *bodies).only(id)
        assert result.status is status
        assert f"properties.{setting}" in {each.path for each in result.evidence}


@pytest.mark.parametrize("id", [SEARCH, STORAGE, COSMOS, REGISTRY])
def test_without_properties(verdicts: Verdicts, id: str) -> None:
    bodies = {"id": id, "properties": None}, hub(), connection(id)
    assert verdicts(local_auth_parity, *bodies).only(id).status is UNREAD


@pytest.mark.parametrize(
    ("id", "user", "name"),
    [
        (STORAGE, hub(storageAccount=STORAGE.upper()), "hub"),
        (REGISTRY, hub(containerRegistry=REGISTRY), "hub"),
        (STORAGE, {**hub(storageAccount=STORAGE), "kind": "Default"}, "hub"),
        (
            STORAGE,
            hub(workspaceHubConfig={"additionalWorkspaceStorageAccounts": [STORAGE]}),
            "hub",
        ),
        (
            STORAGE,
            {**owning(STORAGE), "kind": "OpenAI"},
            "foundry",
        ),
    ],
)
def test_what_works_for_ai(verdicts: Verdicts, id: str, user: Body, name: str) -> None:
    result = verdicts(local_auth_parity, body(id), user).only(id)
    assert f"{name} works with it" in result.reason


@pytest.mark.parametrize(
    ("at", "name"), [(HUB, "hub/c"), (FOUNDRY, "foundry/c"), (PROJECT, "work/c")]
)
def test_what_connections_lead_to(verdicts: Verdicts, at: str, name: str) -> None:
    parents = hub(), {**body(FOUNDRY), "kind": "AIServices"}, body(PROJECT)
    bodies = body(COSMOS), *parents, connection(COSMOS, at=at)
    result = verdicts(local_auth_parity, *bodies).only(COSMOS)
    assert (result.status, f"{name} works with it" in result.reason) == (FAIL, True)


@pytest.mark.parametrize(
    "user",
    [
        hub(),
        {**hub(storageAccount=STORAGE), "kind": "FeatureStore"},
        hub(storageAccount=f"{STORAGE}2"),
        {**owning(STORAGE), "kind": "SpeechServices"},
        {**body(FOUNDRY, userOwnedStorage=None), "kind": "OpenAI"},
    ],
)
def test_what_nothing_works_with_is_left_out(verdicts: Verdicts, user: Body) -> None:
    bodies = body(STORAGE), body(SEARCH), body(COSMOS), body(REGISTRY), user
    [result] = verdicts(local_auth_parity, *bodies)
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    ("view", "field", "inverse"),
    [
        (StorageAccount, "storageAccountResourceId", "foundry-cmk-storage-shared-key"),
        (SearchService, "searchAccountResourceId", "foundry-cmk-search-local-auth"),
        (CosmosAccount, "cosmosDbResourceId", "foundry-cmk-cosmos-local-auth"),
    ],
)
@pytest.mark.parametrize("how", ["named", "group", "name of the group"])
def test_what_encryption_needs(
    verdicts: Verdicts, view: Any, field: str, inverse: str, how: str
) -> None:
    group = "azureml-rg-hub_00000000-1111-2222-3333-444444444444"
    made = f"{SUBSCRIPTION}/resourceGroups/{group}/providers/{view.type}/made"
    owner = {
        "named": hub(encryption={**ON, field: made.upper()}),
        "group": hub(encryption=ON, serviceProvisionedResourceGroup=group),
        "name of the group": hub(encryption=ON),
    }[how]
    result = verdicts(local_auth_parity, body(made), owner).only(made)
    assert (result.status, inverse in result.reason) == (NONE, True)


def test_a_registry_is_never_made_by_encryption(verdicts: Verdicts) -> None:
    bodies = (
        body(REGISTRY, adminUserEnabled=True),
        hub(
            encryption=ON,
            serviceProvisionedResourceGroup="rg",
            containerRegistry=REGISTRY,
        ),
    )
    assert verdicts(local_auth_parity, *bodies).only(REGISTRY).status is FAIL


@pytest.mark.parametrize(
    ("users", "named"),
    [
        ([hub(storageAccount=STORAGE, systemDatastoresAuthMode=None)], ["hub"]),
        ([hub(storageAccount=STORAGE), connection(STORAGE, "AccountKey")], ["hub/c"]),
        ([hub(storageAccount=STORAGE), connection(STORAGE, "AAD")], []),
        ([hub(storageAccount=STORAGE), connection(STORAGE, "ServicePrincipal")], []),
        ([hub(storageAccount=STORAGE), connection(STORAGE, None)], []),
        ([hub(storageAccount=STORAGE, systemDatastoresAuthMode=ABSENT)], []),
    ],
)
def test_what_would_break_is_told_first(
    verdicts: Verdicts, users: list[Body], named: list[str]
) -> None:
    result = verdicts(local_auth_parity, body(STORAGE), *users).only(STORAGE)
    assert result.status is FAIL
    assert bool(result.advice) is bool(named)
    assert all(name in result.advice for name in named)


@pytest.mark.parametrize(("kind", "said"), [("UsernamePassword", True), ("AAD", False)])
def test_credential_mode_is_about_storage_alone(
    verdicts: Verdicts, kind: str, said: bool
) -> None:
    own = hub(containerRegistry=REGISTRY, systemDatastoresAuthMode="accesskey")
    bodies = body(REGISTRY, adminUserEnabled=True), own, connection(REGISTRY, kind)
    result = verdicts(local_auth_parity, *bodies).only(REGISTRY)
    assert result.status is FAIL
    assert (result.advice[:35] == "1 user still needs the keys and wou") is said
    assert bool(result.advice) is said


def test_advice_in_a_tenant_that_was_not_read_whole(verdicts: Verdicts) -> None:
    bodies = body(STORAGE), hub(storageAccount=STORAGE), body(FOUNDRY), body(PROJECT)
    unread = [(WorkspaceConnection, HUB)]
    results = verdicts(local_auth_parity, *bodies, unread=unread)
    assert results.only(STORAGE).status is FAIL


@pytest.mark.parametrize("id", [SEARCH, STORAGE, COSMOS, REGISTRY])
def test_users_unread(verdicts: Verdicts, id: str) -> None:
    results = verdicts(local_auth_parity, body(id), unread=[(Workspace, SUBSCRIPTION)])
    assert results.only(id).status is UNREAD
    foundry = {**body(FOUNDRY), "kind": "AIServices"}
    bodies = body(id), foundry, body(PROJECT)
    refused = [(ProjectConnection, PROJECT)]
    results = verdicts(local_auth_parity, *bodies, unread=refused)
    assert results.only(id).status is UNREAD


@pytest.mark.parametrize(
    ("id", "status"),
    [(SEARCH, UNREAD), (STORAGE, UNREAD), (COSMOS, UNREAD), (REGISTRY, FAIL)],
)
def test_what_an_encrypted_workspace_may_need(
    verdicts: Verdicts, id: str, status: Status
) -> None:
    made = body(id, adminUserEnabled=True), {**body(FOUNDRY), "kind": "AIServices"}
    bodies = *made, connection(id, at=FOUNDRY)
    unread = [(Workspace, SUBSCRIPTION)]
    results = verdicts(local_auth_parity, *bodies, unread=unread)
    assert results.only(id).status is status


@pytest.mark.parametrize(
    "view", [SearchService, StorageAccount, CosmosAccount, Registry]
)
def test_resources_unread(verdicts: Verdicts, view: Any) -> None:
    [result] = verdicts(local_auth_parity, unread=[(view, SUBSCRIPTION)])
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)
