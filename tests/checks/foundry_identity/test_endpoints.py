from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_identity.endpoints import (
    CHECKS,
    compute_acrpull,
    compute_connection_roles,
    compute_secrets_reader,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.machinelearning import (
    Compute,
    OnlineEndpoint,
    Workspace,
    WorkspaceConnection,
)

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
HUB, PROJECT = f"{WORKSPACES}/hub", f"{WORKSPACES}/pro"
ENDPOINT, COMPUTE = f"{PROJECT}/onlineEndpoints/score", f"{PROJECT}/computes/box"
REGISTRY = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/images"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/model"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/documents"
SHARED = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/shared"
OWN_ID = "11111111-0000-0000-0000-000000000001"
SHARED_ID = "22222222-0000-0000-0000-000000000002"
ABSENT = ...

PASS, WARN = Status.PASS, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def definition(role: BuiltIn, *actions: str, data: tuple[str, ...] = ()) -> Body:
    permissions = [{"actions": list(actions), "dataActions": list(data)}]
    properties = {"roleName": role.name.title(), "permissions": permissions}
    scope = f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
    return body(f"{scope}/roleDefinitions/{role}", properties)


PULL = "Microsoft.ContainerRegistry/registries/pull/read"
CONTENT = "Microsoft.ContainerRegistry/registries/repositories/content/read"
SECRETS = "Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
DOCUMENTS = "Microsoft.Search/searchServices/indexes/documents"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ROLES = (
    definition(BuiltIn.CONTRIBUTOR, "*"),
    definition(BuiltIn.READER, "*/read"),
    definition(BuiltIn.ACR_PULL, PULL),
    definition(BuiltIn.ACR_REPOSITORY_READER, data=(CONTENT,)),
    definition(BuiltIn.ML_CONNECTION_SECRETS_READER, SECRETS),
    definition(
        BuiltIn.AI_DEVELOPER,
        "Microsoft.MachineLearningServices/workspaces/*",
        data=(f"{OPENAI}/*",),
    ),
    definition(BuiltIn.OPENAI_USER, data=(f"{OPENAI}/deployments/*",)),
    definition(BuiltIn.SEARCH_INDEX_DATA_READER, data=(f"{DOCUMENTS}/read",)),
    definition(BuiltIn.STORAGE_BLOB_DATA_READER, data=(f"{BLOBS}/read",)),
)


def grant(role: BuiltIn, scope: str, principal: str = OWN_ID) -> Body:
    provider = "providers/Microsoft.Authorization"
    properties = {
        "scope": scope,
        "roleDefinitionId": f"/{provider}/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "condition": None,
    }
    return body(f"{scope}/{provider}/roleAssignments/{role}", properties)


def hub(**properties: object) -> Body:
    return body(HUB, properties, kind="Hub")


def project(kind: object = "Project", **properties: object) -> Body:
    return body(PROJECT, {"hubResourceId": HUB, **properties}, kind=kind)


OWN: Body = {"type": "SystemAssigned", "principalId": OWN_ID}
USED: Body = {
    "type": "UserAssigned",
    "userAssignedIdentities": {SHARED: {"principalId": SHARED_ID}},
}


def endpoint(identity: object = OWN) -> Body:
    return body(ENDPOINT, {"authMode": "AADToken"}, identity=identity)


def compute(type: object = "ComputeInstance", identity: object = OWN) -> Body:
    return body(COMPUTE, {"computeType": type}, identity=identity)


RUNNERS = [(endpoint(), ENDPOINT), (compute(), COMPUTE)]
both = pytest.mark.parametrize(("runner", "id"), RUNNERS, ids=["endpoint", "compute"])


def connection(
    leads_to: str = SEARCH, type: object = "AAD", of: str = HUB, **more: Any
) -> Body:
    name = f"{leads_to.rpartition('/')[2]}-{type}"
    named = {"metadata": {"ResourceId": leads_to}, "isSharedToAll": True}
    return body(f"{of}/connections/{name}", {"authType": type, **named, **more})


def registry(**properties: object) -> Body:
    return body(REGISTRY, properties)


REPOSITORIES = {"roleAssignmentMode": "AbacRepositoryPermissions"}
LEGACY = {"roleAssignmentMode": "LegacyRegistryPermissions"}


@both
@pytest.mark.parametrize(
    ("role", "scope", "mode", "status"),
    [
        (BuiltIn.ACR_PULL, REGISTRY, {}, PASS),
        (BuiltIn.ACR_PULL, GROUP, LEGACY, PASS),
        (BuiltIn.ACR_PULL, REGISTRY, {"roleAssignmentMode": None}, PASS),
        (BuiltIn.CONTRIBUTOR, SUBSCRIPTION, LEGACY, PASS),
        (BuiltIn.ACR_PULL, REGISTRY, REPOSITORIES, WARN),
        (BuiltIn.CONTRIBUTOR, REGISTRY, REPOSITORIES, WARN),
        (BuiltIn.ACR_REPOSITORY_READER, REGISTRY, REPOSITORIES, PASS),
        (BuiltIn.ACR_REPOSITORY_READER, REGISTRY, LEGACY, WARN),
        (BuiltIn.READER, f"{REGISTRY}2", {}, WARN),
        (BuiltIn.ACR_PULL, REGISTRY, {"roleAssignmentMode": 1}, UNREAD),
    ],
)
def test_who_pulls_images(
    verdicts: Verdicts,
    runner: Body,
    id: str,
    role: BuiltIn,
    scope: str,
    mode: Body,
    status: Status,
) -> None:
    bodies = *ROLES, hub(containerRegistry=REGISTRY), project(), registry(**mode)
    results = verdicts(compute_acrpull, *bodies, runner, grant(role, scope))
    assert results.only(id).status is status


@pytest.mark.parametrize(
    ("above", "own", "status"),
    [
        (REGISTRY, None, WARN),
        (None, REGISTRY, WARN),
        (None, None, NONE),
        (ABSENT, ABSENT, NONE),
        (f"{REGISTRY}2", None, NONE),
        (REGISTRY.replace("bbbbbbbb", "cccccccc"), None, UNREAD),
        (7, None, UNREAD),
    ],
)
def test_registries_of_workspaces(
    verdicts: Verdicts, above: object, own: object, status: Status
) -> None:
    shells = hub(containerRegistry=above), project(containerRegistry=own)
    results = verdicts(compute_acrpull, *shells, registry(), endpoint())
    assert results.only(ENDPOINT).status is status


BEHIND = (
    hub(),
    project(),
    body(SEARCH, {}),
    body(ACCOUNT, {}, kind="AIServices"),
    body(STORAGE, {}),
)


@both
@pytest.mark.parametrize(
    ("leads_to", "role"),
    [
        (SEARCH, BuiltIn.SEARCH_INDEX_DATA_READER),
        (ACCOUNT, BuiltIn.OPENAI_USER),
        (STORAGE, BuiltIn.STORAGE_BLOB_DATA_READER),
    ],
)
def test_roles_behind_connections(
    verdicts: Verdicts, runner: Body, id: str, leads_to: str, role: BuiltIn
) -> None:
    bodies = *ROLES, *BEHIND, connection(leads_to), runner
    check = compute_connection_roles
    held = verdicts(check, *bodies, grant(role, leads_to)).only(id)
    managing = grant(BuiltIn.CONTRIBUTOR, leads_to)
    assert held.status is PASS
    assert verdicts(check, *bodies).only(id).status is WARN
    assert verdicts(check, *bodies, managing).only(id).status is WARN


@pytest.mark.parametrize(
    ("links", "status"),
    [
        ([], NONE),
        ([connection(of=PROJECT, isSharedToAll=False)], WARN),
        ([connection(isSharedToAll=False)], NONE),
        ([connection(type="ApiKey")], NONE),
        ([connection(type="UserEntraToken")], NONE),
        ([connection(type="ManagedIdentity")], WARN),
        ([connection(type=None)], UNREAD),
        ([connection(type=None), connection(ACCOUNT)], WARN),
        ([connection(SEARCH.replace("bbbbbbbb", "cccccccc"))], UNREAD),
        ([connection(f"{SEARCH}2")], NONE),
        ([connection(REGISTRY)], NONE),
    ],
)
def test_connections_that_need_roles(
    verdicts: Verdicts, links: list[Body], status: Status
) -> None:
    results = verdicts(compute_connection_roles, *BEHIND, *links, endpoint())
    assert results.only(ENDPOINT).status is status


def test_accounts_without_models_need_no_role(verdicts: Verdicts) -> None:
    vision = body(ACCOUNT, {}, kind="ComputerVision")
    bodies = hub(), project(), vision, connection(ACCOUNT), endpoint()
    assert verdicts(compute_connection_roles, *bodies).only(ENDPOINT).status is NONE


READS, ALL = BuiltIn.ML_CONNECTION_SECRETS_READER, BuiltIn.AI_DEVELOPER


@both
@pytest.mark.parametrize(
    ("role", "scope", "keyed", "without"),
    [
        (READS, PROJECT, PASS, WARN),
        (READS, GROUP, PASS, WARN),
        (READS, HUB, WARN, PASS),
        (ALL, PROJECT, WARN, WARN),
        (BuiltIn.READER, PROJECT, WARN, PASS),
    ],
)
def test_who_reads_secrets(
    verdicts: Verdicts,
    runner: Body,
    id: str,
    role: BuiltIn,
    scope: str,
    keyed: Status,
    without: Status,
) -> None:
    bodies = *ROLES, *BEHIND, runner, grant(role, scope)
    check = compute_secrets_reader
    assert verdicts(check, *bodies, connection(type="ApiKey")).only(id).status is keyed
    assert verdicts(check, *bodies, connection()).only(id).status is without


def test_secrets_that_a_denial_keeps_from_a_reader(
    verdicts: Verdicts, rbac: Any
) -> None:
    denial = rbac.denial(PROJECT, SECRETS, (OWN_ID, "ServicePrincipal"))
    reader = grant(BuiltIn.ML_CONNECTION_SECRETS_READER, PROJECT)
    bodies = *ROLES, *BEHIND, endpoint(), reader, connection(), denial
    assert verdicts(compute_secrets_reader, *bodies).only(ENDPOINT).status is PASS


@pytest.mark.parametrize(
    ("links", "status"),
    [
        ([], PASS),
        ([connection(type="SAS", isSharedToAll=None)], PASS),
        ([connection(type="SAS", of=PROJECT, isSharedToAll=None)], WARN),
        ([connection(type=ABSENT)], UNREAD),
        ([connection(type=ABSENT), connection(type="PAT")], WARN),
    ],
)
def test_connections_with_keys(
    verdicts: Verdicts, links: list[Body], status: Status
) -> None:
    results = verdicts(compute_secrets_reader, *ROLES, *BEHIND, *links, endpoint())
    assert results.only(ENDPOINT).status is status


FULL = (
    *ROLES,
    hub(containerRegistry=REGISTRY),
    *BEHIND[1:],
    registry(),
    connection(),
    connection(type="ApiKey"),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
class TestEvery:
    def test_without_an_identity(self, verdicts: Verdicts, check: Check[Any]) -> None:
        for identity in ({"type": "None"}, None, ABSENT):
            result = verdicts(check, *FULL, endpoint(identity)).only(ENDPOINT)
            assert result.status is WARN
            [other] = verdicts(check, *FULL, compute(identity=identity))
            assert other.target.resource_id.startswith("/tenants/")

    def test_a_user_assigned_identity(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        own = [
            grant(BuiltIn.ACR_PULL, REGISTRY, SHARED_ID),
            grant(BuiltIn.SEARCH_INDEX_DATA_READER, SEARCH, SHARED_ID),
            grant(READS, PROJECT, SHARED_ID),
        ]
        result = verdicts(check, *FULL, endpoint(USED), *own).only(ENDPOINT)
        assert result.status is PASS
        result = verdicts(check, *FULL, endpoint(OWN), *own).only(ENDPOINT)
        assert result.status is WARN

    def test_a_principal_that_is_not_told(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        untold = {"type": "SystemAssigned", "principalId": None}
        of_endpoint = verdicts(check, *FULL, endpoint(untold))
        of_compute = verdicts(check, *FULL, compute(identity=untold))
        assert of_endpoint.only(ENDPOINT).status is UNREAD
        assert of_compute.only(COMPUTE).status is UNREAD

    @pytest.mark.parametrize("type", ["Kubernetes", "Databricks", None, ABSENT])
    def test_other_computes(
        self, verdicts: Verdicts, check: Check[Any], type: object
    ) -> None:
        [result] = verdicts(check, *FULL, compute(type))
        assert result.status is NONE
        assert result.target.resource_id.startswith("/tenants/")

    def test_a_compute_that_is_malformed(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        assert verdicts(check, *FULL, compute(3)).only(COMPUTE).status is UNREAD

    def test_feature_stores(self, verdicts: Verdicts, check: Check[Any]) -> None:
        store = [each for each in FULL if each["id"] != PROJECT]
        bodies = *store, project("FeatureStore"), endpoint()
        [result] = verdicts(check, *bodies)
        assert result.target.resource_id.startswith("/tenants/")

    def test_what_was_refused_is_not_judged(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        for refused in (RoleAssignment, SUBSCRIPTION), (Workspace, SUBSCRIPTION):
            results = verdicts(check, *FULL, endpoint(), unread=[refused])
            assert results.only(ENDPOINT).status is UNREAD
        for view, scope in (OnlineEndpoint, PROJECT), (Compute, HUB):
            results = verdicts(check, *FULL, unread=[(view, scope)])
            assert results.only(scope).status is UNREAD


@pytest.mark.parametrize("check", [compute_connection_roles, compute_secrets_reader])
@pytest.mark.parametrize("of", [HUB, PROJECT])
def test_connections_that_were_not_read(
    verdicts: Verdicts, check: Check[Any], of: str
) -> None:
    refused = [(WorkspaceConnection, of)]
    results = verdicts(check, *ROLES, *BEHIND, endpoint(), unread=refused)
    assert results.only(ENDPOINT).status is UNREAD
