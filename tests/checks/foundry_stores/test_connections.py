from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.connections import (
    connection_error,
    connection_shared_entra,
    datastore_credentials,
    endpoint_key_auth,
    kv_access_policies,
    kv_minimal_use,
)
from scanner.model.check import Check, Status
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import (
    OnlineEndpoint,
    Workspace,
    WorkspaceConnection,
)

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
PROJECT = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/project"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/vault"
CONNECTION = f"{HUB}/connections/one"
STORE = f"{HUB}/datastores/blobs"
HUB_PRINCIPAL = "11111111-aaaa-4000-8000-000000000001"
PROJECT_PRINCIPAL = "11111111-aaaa-4000-8000-000000000002"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, MANUAL = Status.INFO, Status.MANUAL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(id: str = HUB, kind: object = "Hub", **changes: object) -> Body:
    own = {"type": "SystemAssigned", "principalId": HUB_PRINCIPAL}
    identity = changes.pop("identity", own)
    properties = {
        "systemDatastoresAuthMode": "identity",
        "storageAccount": STORAGE,
        "keyVault": VAULT.replace("KeyVault", "Keyvault"),
    }
    return body(id, {**properties, **changes}, kind=kind, identity=identity)


def project(**changes: object) -> Body:
    identity = {"type": "SystemAssigned", "principalId": PROJECT_PRINCIPAL}
    return workspace(PROJECT, "Project", **{"identity": identity, **changes})


def connection(**changes: object) -> Body:
    return body(CONNECTION, {"authType": "AAD", "isSharedToAll": True, **changes})


def store(kind: object, **changes: object) -> Body:
    return body(STORE, {"credentials": {"credentialsType": kind}, **changes})


def vault(rbac: object, *principals: str | None) -> Body:
    policies: list[Body] = [{"objectId": each} for each in principals]
    return body(VAULT, {"enableRbacAuthorization": rbac, "accessPolicies": policies})


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, INFO),
        ({"authType": "ManagedIdentity"}, INFO),
        ({"authType": "ApiKey"}, NONE),
        ({"authType": "None"}, NONE),
        ({"authType": "Telepathy"}, NONE),
        ({"isSharedToAll": False}, NONE),
        ({"isSharedToAll": None}, NONE),
        ({"isSharedToAll": ABSENT}, NONE),
        ({"isSharedToAll": "yes"}, UNREAD),
        ({"authType": None}, UNREAD),
        ({"authType": ABSENT}, UNREAD),
    ],
)
def test_shared_without_a_key(
    verdicts: Verdicts, changes: Mapping[str, object], status: Status
) -> None:
    results = verdicts(connection_shared_entra, workspace(), connection(**changes))
    assert results.only(CONNECTION).status is status


@pytest.mark.parametrize(
    ("kind", "in_identity_mode", "otherwise"),
    [
        ("None", PASS, PASS),
        ("none", PASS, PASS),
        ("AccountKey", FAIL, WARN),
        ("Sas", FAIL, WARN),
        ("ServicePrincipal", FAIL, WARN),
        ("certificate", FAIL, WARN),
        ("Kerberos", WARN, WARN),
        (None, UNREAD, UNREAD),
        ("", UNREAD, UNREAD),
        (1, UNREAD, UNREAD),
    ],
)
@pytest.mark.parametrize("mode", ["Identity", "accesskey", None, "UserDelegationSAS"])
def test_what_datastores_keep(
    verdicts: Verdicts,
    kind: object,
    mode: object,
    in_identity_mode: Status,
    otherwise: Status,
) -> None:
    hub = workspace(systemDatastoresAuthMode=mode)
    result = verdicts(datastore_credentials, hub, store(kind)).only(STORE)
    assert result.status is (in_identity_mode if mode == "Identity" else otherwise)


@pytest.mark.parametrize(
    ("kind", "status"), [("None", PASS), ("Sas", UNREAD), ("Kerberos", WARN)]
)
def test_datastores_of_an_unknown_mode(
    verdicts: Verdicts, kind: str, status: Status
) -> None:
    hub = workspace(systemDatastoresAuthMode=ABSENT)
    results = verdicts(datastore_credentials, hub, store(kind))
    assert results.only(STORE).status is status


@pytest.mark.parametrize("credentials", [ABSENT, None, {}, "AccountKey"])
def test_datastores_that_say_nothing(verdicts: Verdicts, credentials: object) -> None:
    one = store("None", credentials=credentials)
    result = verdicts(datastore_credentials, workspace(), one).only(STORE)
    assert result.status is UNREAD


def test_what_is_cited_of_a_datastore(verdicts: Verdicts) -> None:
    one = store("AccountKey", isDefault=True)
    results = verdicts(datastore_credentials, workspace(), one)
    seen = results.evidence(STORE)
    assert "the default datastore" in results.only(STORE).reason
    assert seen[STORE, "properties.credentials.credentialsType"] == "AccountKey"
    assert seen[HUB, "properties.systemDatastoresAuthMode"] == "identity"


@pytest.mark.parametrize(
    ("rbac", "principals", "status"),
    [
        (True, [HUB_PRINCIPAL], PASS),
        (True, [], PASS),
        (False, [], PASS),
        (False, ["someone else"], PASS),
        (False, [HUB_PRINCIPAL.upper()], WARN),
        (None, [PROJECT_PRINCIPAL], WARN),
        (ABSENT, ["else", None, PROJECT_PRINCIPAL], WARN),
        ("no", [], UNREAD),
        (False, [7], UNREAD),
    ],
)
def test_vault_policies(
    verdicts: Verdicts, rbac: object, principals: list[str | None], status: Status
) -> None:
    bodies = workspace(), project(), vault(rbac, *principals)
    result = verdicts(kv_access_policies, *bodies).only(VAULT)
    assert result.status is status


def test_vault_policies_for_user_assigned_identities(verdicts: Verdicts) -> None:
    used = {"/ids/one": {"principalId": PROJECT_PRINCIPAL}}
    identity = {"type": "UserAssigned", "userAssignedIdentities": used}
    hub, both = workspace(identity=identity), vault(False, PROJECT_PRINCIPAL)
    assert verdicts(kv_access_policies, hub, both).only(VAULT).status is WARN


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({"applicationId": None, "tenantId": TENANT.upper()}, WARN),
        ({"applicationId": "app"}, PASS),
        ({"tenantId": "another"}, PASS),
        ({"tenantId": 7}, UNREAD),
    ],
)
def test_vault_policies_that_let_no_hub_in(
    verdicts: Verdicts, named: Body, status: Status
) -> None:
    policy = {"objectId": HUB_PRINCIPAL, **named}
    one = body(VAULT, {"accessPolicies": [policy]})
    result = verdicts(kv_access_policies, workspace(), one).only(VAULT)
    assert result.status is status


def test_vault_policies_for_groups_that_hubs_are_in(verdicts: Verdicts) -> None:
    group = {"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}
    inside = {"id": member_id(TENANT, "team", HUB_PRINCIPAL), "properties": {}}
    bodies = workspace(), vault(False, "team"), group
    assert verdicts(kv_access_policies, *bodies).only(VAULT).status is PASS
    assert verdicts(kv_access_policies, *bodies, inside).only(VAULT).status is WARN


def test_vault_policies_for_identities_that_are_not_told(verdicts: Verdicts) -> None:
    vague = project(identity={"type": "SystemAssigned"})
    policies = vault(False, HUB_PRINCIPAL)
    results = verdicts(kv_access_policies, vague, policies)
    assert results.only(VAULT).status is UNREAD
    both = verdicts(kv_access_policies, vague, workspace(), policies)
    assert both.only(VAULT).status is WARN


@pytest.mark.parametrize("policies", ["all", [7], {"objectId": HUB_PRINCIPAL}])
def test_malformed_policies(verdicts: Verdicts, policies: object) -> None:
    one = body(VAULT, {"accessPolicies": policies})
    result = verdicts(kv_access_policies, workspace(), one).only(VAULT)
    assert result.status is UNREAD


def test_policies_that_encryption_may_need(verdicts: Verdicts) -> None:
    used, policies = {"keyVaultArmId": VAULT.upper()}, vault(False, HUB_PRINCIPAL)
    for status, needed in (
        ("Enabled", True),
        ("Disabled", False),
        (None, False),
        (7, True),
    ):
        hub = workspace(encryption={"status": status, "keyVaultProperties": used})
        result = verdicts(kv_access_policies, hub, policies).only(VAULT)
        said = "leave access policies on in this one" in result.advice
        assert (said, bool(result.advice)) == (needed, needed)


VAULT_CHECKS = (kv_access_policies, kv_minimal_use)


@pytest.mark.parametrize("check", VAULT_CHECKS, ids=lambda check: check.id)
def test_vaults_of_others(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(kind="Default"), vault(False, HUB_PRINCIPAL))
    assert result.target.resource_id.startswith("/tenants/")
    refused = [(Workspace, SUBSCRIPTION)]
    results = verdicts(check, vault(False), unread=refused)
    assert results.only(VAULT).status is UNREAD


@pytest.mark.parametrize(
    ("hub", "keys", "status"),
    [
        ("identity", False, MANUAL),
        ("Identity", True, NONE),
        ("accesskey", False, NONE),
        (None, False, NONE),
        ("UserDelegationSAS", False, NONE),
        (ABSENT, False, UNREAD),
    ],
)
def test_secrets_that_are_expected(
    verdicts: Verdicts, hub: object, keys: bool, status: Status
) -> None:
    one = connection(authType="ApiKey" if keys else "AAD")
    bodies = workspace(systemDatastoresAuthMode=hub), project(), one, vault(True)
    assert verdicts(kv_minimal_use, *bodies).only(VAULT).status is status


def test_connections_of_a_vault_s_users_unread(verdicts: Verdicts) -> None:
    unread = [(WorkspaceConnection, HUB)]
    results = verdicts(kv_minimal_use, workspace(), vault(True), unread=unread)
    assert results.only(VAULT).status is UNREAD


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ABSENT, PASS),
        (None, PASS),
        ("", PASS),
        (" ", PASS),
        ("no route to host", WARN),
        ({"code": "x"}, UNREAD),
    ],
)
def test_errors(verdicts: Verdicts, error: object, status: Status) -> None:
    results = verdicts(connection_error, workspace(), connection(error=error))
    result = results.only(CONNECTION)
    assert result.status is status
    assert result.advice == ""


def test_an_error_of_machine_learning_itself(verdicts: Verdicts) -> None:
    text = "App 0736F41A-0425-4B46-BDB5-1563EFF02385 may not read\n\x1b[31mit"
    results = verdicts(connection_error, workspace(), connection(error=text))
    result = results.only(CONNECTION)
    assert "grant it Reader" in result.advice
    assert "\x1b" not in result.reason


CONNECTION_CHECKS = (connection_shared_entra, connection_error)


@pytest.mark.parametrize("check", CONNECTION_CHECKS, ids=lambda check: check.id)
def test_connections_of_feature_stores(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(kind="FeatureStore"), connection())
    assert result.target.resource_id.startswith("/tenants/")


ENDPOINTS = [f"{PROJECT}/onlineEndpoints/one", f"{PROJECT}/serverlessEndpoints/one"]


@pytest.mark.parametrize("id", ENDPOINTS)
@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("AADToken", PASS),
        ("aadtoken", PASS),
        ("AAD", PASS),
        ("Key", FAIL),
        ("KeyAndAAD", FAIL),
        ("AMLToken", WARN),
        ("Telepathy", WARN),
        (None, UNREAD),
        (ABSENT, UNREAD),
        ("", UNREAD),
        (1, UNREAD),
    ],
)
def test_endpoints(verdicts: Verdicts, id: str, mode: object, status: Status) -> None:
    endpoint = body(id, {"authMode": mode})
    assert verdicts(endpoint_key_auth, project(), endpoint).only(id).status is status


def test_endpoints_unread(verdicts: Verdicts) -> None:
    results = verdicts(endpoint_key_auth, project(), unread=[(OnlineEndpoint, PROJECT)])
    assert UNREAD in {each.status for each in results}
