from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.credentials import (
    CHECKS,
    connection_entra,
    connection_shared_key,
    credential_mode_broken,
    datastores_identity,
    identity_mode_keys_left,
    storage_pe_blob_file,
)
from scanner.model.check import Check, Status
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.network import PrivateEndpoint
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
CONNECTION = f"{HUB}/connections/search"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
ENDPOINTS = f"{PROVIDERS}/Microsoft.Network/privateEndpoints"
MODE = "properties.systemDatastoresAuthMode"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(mode: object = "identity", id: str = HUB, **changes: object) -> Body:
    properties = {"systemDatastoresAuthMode": mode, "storageAccount": STORAGE}
    kind = changes.pop("kind", "Hub")
    return body(id, {**properties, **changes}, kind=kind)


def storage(**properties: object) -> Body:
    secure = {"allowSharedKeyAccess": False, "publicNetworkAccess": "Disabled"}
    return body(STORAGE, {**secure, **properties})


def connection(**properties: object) -> Body:
    secure = {"authType": "AAD", "category": "CognitiveSearch", "isSharedToAll": False}
    return body(CONNECTION, {**secure, **properties})


def link(group: object, state: object = "Approved", target: str = STORAGE) -> Body:
    properties = {
        "privateLinkServiceId": target,
        "groupIds": group,
        "privateLinkServiceConnectionState": {"status": state},
    }
    return {"properties": properties}


def endpoint(name: str, *links: Body, manual: bool = False) -> Body:
    kind = "manualPrivateLinkServiceConnections"
    key = kind if manual else "privateLinkServiceConnections"
    return body(f"{ENDPOINTS}/{name}", {key: list(links)})


def own(name: str, state: str = "Approved", **more: object) -> Body:
    endpoint_id = name if name.startswith("/") else f"{ENDPOINTS}/{name}"
    properties = {
        "privateEndpoint": {"id": endpoint_id},
        "privateLinkServiceConnectionState": {"status": state},
    }
    return {"properties": {**properties, **more}}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_documentation_is_whole(check: Check[Any]) -> None:
    page = check.documentation
    assert page.reads.startswith("Reads `properties.")
    assert {"Why it matters", "How to fix", "References"} <= set(page.sections)
    assert page.fix.endswith(".")
    assert all(block in page.sections["How to fix"] for block in ("```sh", "```bicep"))


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "foundry-datastores-identity",
        "foundry-credential-mode-broken",
        "foundry-identity-mode-keys-left",
        "foundry-connection-entra",
        "foundry-connection-shared-key",
        "foundry-storage-pe-blob-file",
    ]


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("identity", PASS),
        ("Identity", PASS),
        ("accesskey", FAIL),
        ("AccessKey", FAIL),
        (None, FAIL),
        ("UserDelegationSAS", WARN),
        ("somethingnew", WARN),
        (ABSENT, UNREAD),
        (True, UNREAD),
    ],
)
def test_datastores(verdicts: Verdicts, mode: object, status: Status) -> None:
    results = verdicts(datastores_identity, workspace(mode))
    assert results.only(HUB).status is status
    assert (HUB, MODE) in results.evidence(HUB)


@pytest.mark.parametrize("kind", ["Project", "Default", "FeatureStore", ABSENT])
def test_datastores_are_about_hubs(verdicts: Verdicts, kind: object) -> None:
    [result] = verdicts(datastores_identity, workspace("accesskey", kind=kind))
    assert result.target.resource_id.startswith("/tenants/")


def test_datastores_without_properties(verdicts: Verdicts) -> None:
    hub = {"id": HUB, "kind": "Hub", "properties": None}
    assert verdicts(datastores_identity, hub).only(HUB).status is UNREAD


@pytest.mark.parametrize(
    ("mode", "keys", "broken", "left"),
    [
        ("accesskey", False, FAIL, NONE),
        ("AccessKey", True, PASS, NONE),
        (None, False, FAIL, NONE),
        (None, None, PASS, NONE),
        ("accesskey", ABSENT, PASS, NONE),
        ("accesskey", "no", UNREAD, NONE),
        ("identity", False, NONE, PASS),
        ("Identity", True, NONE, WARN),
        ("identity", None, NONE, WARN),
        ("identity", ABSENT, NONE, WARN),
        ("identity", "no", NONE, UNREAD),
        ("UserDelegationSAS", True, NONE, NONE),
        (ABSENT, False, UNREAD, UNREAD),
        (7, False, UNREAD, UNREAD),
    ],
)
@pytest.mark.parametrize("kind", ["Hub", "project", "Default", ABSENT])
def test_mode_and_keys(
    verdicts: Verdicts,
    kind: object,
    mode: object,
    keys: object,
    broken: Status,
    left: Status,
) -> None:
    bodies = workspace(mode, kind=kind), storage(allowSharedKeyAccess=keys)
    assert verdicts(credential_mode_broken, *bodies).only(HUB).status is broken
    assert verdicts(identity_mode_keys_left, *bodies).only(HUB).status is left


MODE_CHECKS = (credential_mode_broken, identity_mode_keys_left)


def test_mode_and_keys_evidence(verdicts: Verdicts) -> None:
    hub = workspace(None, storageAccount=STORAGE.upper())
    seen = verdicts(credential_mode_broken, hub, storage()).evidence(HUB)
    assert seen[HUB, MODE] is None
    assert seen[STORAGE, "properties.allowSharedKeyAccess"] is False


@pytest.mark.parametrize("check", MODE_CHECKS, ids=lambda check: check.id)
def test_feature_stores_are_left_out(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(kind="FeatureStore"), storage())
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    ("check", "mode", "gone"),
    [
        (credential_mode_broken, "accesskey", FAIL),
        (identity_mode_keys_left, "identity", NONE),
    ],
)
def test_storage_that_cannot_be_seen(
    verdicts: Verdicts, check: Check[Any], mode: str, gone: Status
) -> None:
    hub, refused = workspace(mode), [(StorageAccount, SUBSCRIPTION)]
    far = workspace(mode, storageAccount=STORAGE.replace(SUBSCRIPTION, ELSEWHERE))
    assert verdicts(check, hub, unread=refused).only(HUB).status is UNREAD
    assert verdicts(check, far).only(HUB).status is UNREAD
    assert verdicts(check, hub).only(HUB).status is gone
    without = workspace(mode, storageAccount=None)
    assert verdicts(check, without).only(HUB).status is NONE


def test_keys_that_another_workspace_needs(verdicts: Verdicts) -> None:
    other = workspace("AccessKey", id=f"{HUB}2")
    older = workspace(ABSENT, id=f"{HUB}3")
    account = storage(allowSharedKeyAccess=True)
    alone = verdicts(identity_mode_keys_left, workspace(), account).only(HUB)
    results = verdicts(identity_mode_keys_left, workspace(), account, other, older)
    shared = results.only(HUB)
    assert alone.advice == ""
    assert "hub2" in shared.advice
    assert shared.status is WARN


def datastore(kind: object, account: object = "DATA") -> Body:
    kept = {"credentials": {"credentialsType": kind}, "accountName": account}
    return body(f"{HUB}/datastores/raw", kept)


LEADING = {"metadata": {"ResourceId": STORAGE.upper()}}


@pytest.mark.parametrize(
    ("user", "named"),
    [
        (connection(authType="AccountKey", **LEADING), "connection with a key"),
        (connection(authType="SAS", **LEADING), "hub/search"),
        (connection(authType="AAD", **LEADING), ""),
        (connection(authType="ServicePrincipal", **LEADING), ""),
        (connection(authType=None, **LEADING), ""),
        (connection(authType="AccountKey", target="https://x.example"), ""),
        (datastore("AccountKey"), "datastore with a key"),
        (datastore("Sas"), "hub/raw"),
        (datastore("Certificate"), ""),
        (datastore("AccountKey", "other"), ""),
        (datastore("AccountKey", None), ""),
        (datastore(None), ""),
        (
            workspace(
                None,
                id=f"{HUB}2",
                storageAccount=f"{STORAGE}2",
                workspaceHubConfig={"additionalWorkspaceStorageAccounts": [STORAGE]},
            ),
            "hub2",
        ),
    ],
)
def test_whatever_needs_the_keys_is_named(
    verdicts: Verdicts, user: Body, named: str
) -> None:
    account = storage(allowSharedKeyAccess=True)
    result = verdicts(identity_mode_keys_left, workspace(), account, user).only(HUB)
    assert named in result.advice
    assert bool(result.advice) is bool(named)


@pytest.mark.parametrize(
    ("mode", "named"),
    [
        ("UserDelegationSAS", ""),
        ("accesskey", "1 workspace in credential mode (such as hub2) would"),
        ("identity", "1 datastore with a key (such as hub2/workspaceBlobStore) would"),
        (ABSENT, "1 datastore with a key (such as hub2/workspaceBlobStore) would"),
    ],
)
def test_datastores_that_azure_makes_go_with_the_mode(
    verdicts: Verdicts, mode: object, named: str
) -> None:
    made = {**datastore("Sas"), "id": f"{HUB}2/datastores/workspaceBlobStore"}
    bodies = storage(allowSharedKeyAccess=True), workspace(mode, id=f"{HUB}2"), made
    result = verdicts(identity_mode_keys_left, workspace(), *bodies).only(HUB)
    assert named in result.advice
    assert bool(result.advice) is bool(named)


KEYS = [
    "ApiKey",
    "AccountKey",
    "AccessKey",
    "SAS",
    "PAT",
    "UsernamePassword",
    "CustomKeys",
    "ServicePrincipal",
    "apikey",
]
ENTRA = [
    "AAD",
    "aad",
    "ManagedIdentity",
    "ProjectManagedIdentity",
    "AccountManagedIdentity",
    "UserEntraToken",
    "AgenticIdentityToken",
]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *((kind, PASS) for kind in ENTRA),
        *((kind, FAIL) for kind in KEYS),
        ("OAuth2", WARN),
        ("DelegatedSAS", WARN),
        ("None", WARN),
        ("AgenticUser", WARN),
        ("AgentUserImpersonation", WARN),
        ("Telepathy", WARN),
        (None, UNREAD),
        (ABSENT, UNREAD),
        ("", UNREAD),
        (["AAD"], UNREAD),
    ],
)
def test_connection_types(verdicts: Verdicts, kind: object, status: Status) -> None:
    results = verdicts(connection_entra, workspace(), connection(authType=kind))
    result = results.only(CONNECTION)
    assert result.status is status
    if status is WARN:
        assert str(kind) in result.reason


@pytest.mark.parametrize(
    ("category", "status"),
    [
        ("AzureOpenAI", FAIL),
        ("CognitiveSearch", FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        ("Serp", WARN),
        ("BingLLMSearch", WARN),
        ("Salesforce", WARN),
        ("groundingwithbingsearch", WARN),
        ("CustomKeys", WARN),
        (3, UNREAD),
    ],
)
def test_connection_categories(
    verdicts: Verdicts, category: object, status: Status
) -> None:
    one = connection(authType="ApiKey", category=category)
    result = verdicts(connection_entra, workspace(), one).only(CONNECTION)
    assert result.status is status
    assert ("exemption" in result.advice) is (status is WARN)


MODELS = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
NAMED = {"metadata": {"resourceid": MODELS}}
CALLED = {"target": "https://AI.openai.azure.com/"}
BING = {"metadata": {"ResourceId": f"{PROVIDERS}/Microsoft.Bing/accounts/web"}}


@pytest.mark.parametrize(
    ("category", "leading", "status"),
    [
        ("CustomKeys", NAMED, FAIL),
        ("ModelGateway", NAMED, FAIL),
        ("ApiKey", CALLED, FAIL),
        ("OpenAI", CALLED, FAIL),
        ("apikey", {**CALLED, "metadata": {"ResourceId": "?"}}, FAIL),
        ("ApiKey", BING, WARN),
        ("CustomKeys", {"target": "https://crm.example/api"}, WARN),
        ("CustomKeys", {"metadata": {"ResourceId": 7}}, UNREAD),
        ("Serp", CALLED, WARN),
    ],
)
def test_categories_that_fit_any_service(
    verdicts: Verdicts, category: str, leading: Body, status: Status
) -> None:
    one = connection(authType="CustomKeys", category=category, **leading)
    account = body(MODELS, {"customSubDomainName": "ai"}, kind="AIServices")
    result = verdicts(connection_entra, workspace(), one, account).only(CONNECTION)
    assert result.status is status


SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/index"


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (body(SEARCH, {}), "authOptions"),
        (body(SEARCH, {"authOptions": {"apiKeyOnly": {}}}), "authOptions"),
        (body(SEARCH, {"authOptions": {"aadOrApiKey": {}}}), ""),
        (body(SEARCH, {"disableLocalAuth": True}), ""),
        (body(SEARCH, {"disableLocalAuth": "?"}), ""),
        (body(MODELS, {}, kind="AIServices"), "subdomain"),
        (body(MODELS, {"customSubDomainName": "ai"}, kind="AIServices"), ""),
    ],
)
def test_the_target_must_accept_tokens_first(
    verdicts: Verdicts, target: Body, named: str
) -> None:
    one = connection(authType="ApiKey", metadata={"ResourceId": target["id"]})
    result = verdicts(connection_entra, workspace(), one, target).only(CONNECTION)
    assert result.status is FAIL
    assert named in result.advice
    assert bool(result.advice) is bool(named)
    gone = verdicts(connection_entra, workspace(), one).only(CONNECTION)
    assert (gone.status, gone.advice) == (FAIL, "")


def test_connection_evidence(verdicts: Verdicts) -> None:
    results = verdicts(connection_entra, workspace(), connection(authType="ApiKey"))
    seen = results.evidence(CONNECTION)
    assert seen[CONNECTION, "properties.authType"] == "ApiKey"
    assert seen[CONNECTION, "properties.category"] == "CognitiveSearch"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"isSharedToAll": True}, FAIL),
        ({"isSharedToAll": False}, PASS),
        ({"isSharedToAll": None}, PASS),
        ({"isSharedToAll": ABSENT}, PASS),
        ({"isSharedToAll": False, "sharedUserList": ["ann"]}, PASS),
        ({"isSharedToAll": True, "sharedUserList": []}, FAIL),
        ({"isSharedToAll": True, "sharedUserList": ["ann"]}, WARN),
        ({"isSharedToAll": "true"}, UNREAD),
        ({"isSharedToAll": True, "authType": ABSENT}, UNREAD),
        ({"isSharedToAll": True, "authType": None}, UNREAD),
        ({"isSharedToAll": True, "authType": "AAD"}, NONE),
        ({"isSharedToAll": True, "authType": "None"}, NONE),
        ({"isSharedToAll": True, "authType": "Telepathy"}, WARN),
        ({"isSharedToAll": True, "category": "Serp"}, FAIL),
    ],
)
def test_shared_keys(
    verdicts: Verdicts, changes: Mapping[str, object], status: Status
) -> None:
    one = connection(**{"authType": "ApiKey", **changes})
    result = verdicts(connection_shared_key, workspace(), one).only(CONNECTION)
    assert result.status is status


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_type_is_a_key_when_shared(verdicts: Verdicts, kind: str) -> None:
    one = connection(authType=kind, isSharedToAll=True)
    result = verdicts(connection_shared_key, workspace(), one).only(CONNECTION)
    assert result.status is FAIL


CONNECTION_CHECKS = (connection_entra, connection_shared_key)


@pytest.mark.parametrize("check", CONNECTION_CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize("kind", ["Hub", "Project", "Default", ABSENT])
def test_connections_of_workspaces(
    verdicts: Verdicts, check: Check[Any], kind: object
) -> None:
    one = connection(authType="ApiKey", isSharedToAll=True)
    results = verdicts(check, workspace(kind=kind), one)
    assert results.only(CONNECTION).status is FAIL


@pytest.mark.parametrize("check", CONNECTION_CHECKS, ids=lambda check: check.id)
def test_connections_of_feature_stores(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(kind="FeatureStore"), connection())
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize("check", CONNECTION_CHECKS, ids=lambda check: check.id)
def test_connections_unread(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(), unread=[(WorkspaceConnection, HUB)])
    assert result.status is UNREAD
    assert result.target.resource_id == HUB


@pytest.mark.parametrize("check", CONNECTION_CHECKS, ids=lambda check: check.id)
def test_connections_without_properties(verdicts: Verdicts, check: Check[Any]) -> None:
    result = verdicts(check, workspace(), {"id": CONNECTION}).only(CONNECTION)
    assert result.status is UNREAD


BLOB, FILE = endpoint("blob", link(["blob"])), endpoint("file", link(["file"]))


@pytest.mark.parametrize(
    ("endpoints", "whole"),
    [
        ((BLOB, FILE), True),
        ((endpoint("both", link(["blob"]), link(["file"])),), True),
        ((BLOB, endpoint("file", link(["File"], "approved"), manual=True)), True),
        ((endpoint("b", link(["blob"], target=STORAGE.upper())), FILE), True),
        ((BLOB, endpoint("file", link(["file"], "Pending"))), False),
        ((BLOB, endpoint("file", link(["file"], "Rejected"), manual=True)), False),
        ((BLOB, endpoint("file", link(["file"], None))), False),
        ((BLOB, endpoint("dfs", link(["dfs"]))), False),
        ((BLOB, endpoint("file", link(["file"], target=f"{STORAGE}2"))), False),
        ((BLOB, endpoint("file", link(None))), False),
        ((BLOB,), False),
        ((), False),
    ],
)
@pytest.mark.parametrize(
    ("access", "status"),
    [("Disabled", FAIL), ("Enabled", WARN), (ABSENT, WARN), (None, WARN)],
)
def test_endpoints(
    verdicts: Verdicts,
    endpoints: tuple[Body, ...],
    whole: bool,
    access: object,
    status: Status,
) -> None:
    bodies = workspace(), storage(publicNetworkAccess=access), *endpoints
    result = verdicts(storage_pe_blob_file, *bodies).only(STORAGE)
    assert result.status is (PASS if whole else status)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("BlockBlobStorage", PASS),
        ("BlobStorage", PASS),
        ("StorageV2", FAIL),
        (7, UNREAD),
    ],
)
def test_kinds_without_files(verdicts: Verdicts, kind: object, status: Status) -> None:
    account = {**storage(publicNetworkAccess="Disabled"), "kind": kind}
    result = verdicts(storage_pe_blob_file, workspace(), account, BLOB).only(STORAGE)
    assert result.status is status


@pytest.mark.parametrize(
    ("connections", "endpoints", "status"),
    [
        ([own("b", groupIds=["blob"]), own("f", groupIds=["file"])], (), PASS),
        (
            [own("b", groupIds=["blob"]), own("f", "Pending", groupIds=["file"])],
            (),
            FAIL,
        ),
        ([own("blob"), own("FILE")], (BLOB, FILE), PASS),
        ([own("blob"), own("file", "Disconnected")], (BLOB, FILE), FAIL),
        ([own("gone")], (BLOB,), FAIL),
        ([own(f"{ELSEWHERE}/x/privateEndpoints/managed")], (BLOB,), UNREAD),
        ([own(f"{ELSEWHERE}/x/privateEndpoints/managed")], (BLOB, FILE), PASS),
        ([own(f"{ELSEWHERE}/x/privateEndpoints/managed", "Pending")], (BLOB,), FAIL),
        (
            [
                {
                    "properties": {
                        "privateLinkServiceConnectionState": {"status": "Approved"}
                    }
                }
            ],
            (BLOB,),
            UNREAD,
        ),
        ("none", (BLOB,), UNREAD),
        ([], (BLOB, FILE), PASS),
    ],
)
def test_what_the_account_says(
    verdicts: Verdicts,
    connections: object,
    endpoints: tuple[Body, ...],
    status: Status,
) -> None:
    account = storage(privateEndpointConnections=connections)
    results = verdicts(storage_pe_blob_file, workspace(), account, *endpoints)
    assert results.only(STORAGE).status is status


def test_endpoints_unread(verdicts: Verdicts) -> None:
    unread = [(PrivateEndpoint, SUBSCRIPTION)]
    results = verdicts(storage_pe_blob_file, workspace(), storage(), unread=unread)
    assert results.only(STORAGE).status is UNREAD


def test_endpoints_evidence(verdicts: Verdicts) -> None:
    results = verdicts(storage_pe_blob_file, workspace(), storage(), BLOB, FILE)
    seen = results.evidence(STORAGE)
    path = "properties.privateLinkServiceConnections[0].properties.groupIds"
    assert seen[f"{ENDPOINTS}/blob", path] == ["blob"]


@pytest.mark.parametrize("kind", ["Default", "FeatureStore", ABSENT])
def test_endpoints_of_other_storage(verdicts: Verdicts, kind: object) -> None:
    [result] = verdicts(storage_pe_blob_file, workspace(kind=kind), storage())
    assert result.target.resource_id.startswith("/tenants/")


def test_storage_of_unread_workspaces(verdicts: Verdicts) -> None:
    unread = [(Workspace, SUBSCRIPTION)]
    results = verdicts(storage_pe_blob_file, storage(), BLOB, FILE, unread=unread)
    assert results.only(STORAGE).status is UNREAD


def test_what_is_kept_by_other_ways_to_sign_in(verdicts: Verdicts) -> None:
    for kind, said in (
        ("OAuth2", "keeps a client's secret"),
        ("None", "nobody signs in"),
        ("AgenticUser", "an agent acts"),
    ):
        results = verdicts(connection_entra, workspace(), connection(authType=kind))
        assert said in results.only(CONNECTION).reason
