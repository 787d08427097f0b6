from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_identity.identities import (
    CHECKS,
    hub_identity_system,
    hub_mi_kv,
    hub_mi_network,
    hub_mi_overprivileged,
    hub_mi_storage_mgmt,
    project_identity_system,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import member_id, object_id
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import (
    OutboundRule,
    Workspace,
    WorkspaceConnection,
)
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
PROJECT = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/project"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/kv"
FAR = f"{SUBSCRIPTION}/resourceGroups/far/providers"
SEARCH = f"{FAR}/Microsoft.Search/searchServices/search"
TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
HUB_ID = "11111111-0000-0000-0000-000000000001"
OTHER_ID = "22222222-0000-0000-0000-000000000002"
SHARED = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/shared"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(
    type: object = "SystemAssigned",
    id: str = HUB,
    *,
    kind: object = "Hub",
    principal: object = HUB_ID,
    **properties: object,
) -> Body:
    """Return a workspace; the type ABSENT leaves its identity out altogether."""
    own = ABSENT if type is ABSENT else {"type": type, "principalId": principal}
    return body(id, properties, kind=kind, identity=own)


def definition(role: BuiltIn, *actions: str, data: tuple[str, ...] = ()) -> Body:
    permissions = [{"actions": list(actions), "dataActions": list(data)}]
    properties = {"roleName": role.name.title(), "permissions": permissions}
    scope = f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
    return body(f"{scope}/roleDefinitions/{role}", properties)


ROLES = (
    definition(BuiltIn.OWNER, "*"),
    definition(BuiltIn.CONTRIBUTOR, "*"),
    definition(BuiltIn.READER, "*/read"),
    definition(BuiltIn.STORAGE_CONTRIBUTOR, "Microsoft.Storage/storageAccounts/*"),
    definition(
        BuiltIn.AI_ADMINISTRATOR,
        "Microsoft.Storage/storageAccounts/*",
        "Microsoft.KeyVault/*",
    ),
    definition(
        BuiltIn.NETWORK_CONNECTION_APPROVER,
        "Microsoft.Search/searchServices/privateEndpointConnections/write",
    ),
    definition(BuiltIn.KEY_VAULT_ADMINISTRATOR, data=("Microsoft.KeyVault/vaults/*",)),
    definition(
        BuiltIn.KEY_VAULT_CRYPTO_USER, data=("Microsoft.KeyVault/vaults/keys/*",)
    ),
)


def grant(role: BuiltIn, scope: str, principal: str = HUB_ID, **more: object) -> Body:
    provider = "providers/Microsoft.Authorization"
    properties = {
        "scope": scope,
        "roleDefinitionId": f"/{provider}/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "condition": None,
    }
    name = f"{role}-{principal[:8]}"
    at = f"{scope.removesuffix('/')}/{provider}/roleAssignments/{name}"
    return body(at, {**properties, **more})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_documentation_has_commands(check: Check[Any]) -> None:
    fix = check.documentation.sections["How to fix"]
    assert all(block in fix for block in ("```sh", "```bicep"))


BOTH = "SystemAssigned, UserAssigned"


@pytest.mark.parametrize(
    ("type", "hub", "wanted", "project"),
    [
        ("SystemAssigned", PASS, WARN, PASS),
        ("systemassigned", PASS, WARN, PASS),
        ("UserAssigned", WARN, PASS, FAIL),
        (BOTH, PASS, PASS, PASS),
        ("SystemAssigned,UserAssigned", PASS, PASS, PASS),
        ("None", FAIL, FAIL, FAIL),
        (None, FAIL, FAIL, FAIL),
        (ABSENT, FAIL, FAIL, FAIL),
        ("Borrowed", WARN, WARN, FAIL),
        (1, UNREAD, UNREAD, UNREAD),
    ],
)
def test_kinds_of_identity(
    verdicts: Verdicts, type: object, hub: Status, wanted: Status, project: Status
) -> None:
    user_assigned = Settings(user_assigned_hubs=True)
    one, other = workspace(type), workspace(type, kind="project")
    assert verdicts(hub_identity_system, one).only(HUB).status is hub
    asked = verdicts(hub_identity_system, one, settings=user_assigned)
    assert asked.only(HUB).status is wanted
    assert verdicts(project_identity_system, other).only(HUB).status is project


def test_identity_evidence(verdicts: Verdicts) -> None:
    results = verdicts(hub_identity_system, workspace("UserAssigned"))
    assert results.evidence(HUB)[HUB, "identity.type"] == "UserAssigned"
    assert "keep" in results.only(HUB).remediation.lower()


@pytest.mark.parametrize(
    ("principal", "status"), [(None, FAIL), (ABSENT, FAIL), ("", FAIL), (7, UNREAD)]
)
def test_a_project_without_a_principal(
    verdicts: Verdicts, principal: object, status: Status
) -> None:
    project = workspace(kind="Project", principal=principal)
    assert verdicts(project_identity_system, project).only(HUB).status is status


KINDS = [(hub_identity_system, "Hub"), (project_identity_system, "Project")]


@pytest.mark.parametrize(("check", "kind"), KINDS)
def test_a_stub_is_not_judged(verdicts: Verdicts, check: Check[Any], kind: str) -> None:
    stub = {"id": HUB, "kind": kind, "properties": None}
    assert verdicts(check, stub).only(HUB).status is UNREAD
    refused = verdicts(check, unread=[(Workspace, SUBSCRIPTION)])
    assert [each.status for each in refused] == [UNREAD]


@pytest.mark.parametrize(("check", "kind"), KINDS)
@pytest.mark.parametrize("other", ["Hub", "Project", "Default", "FeatureStore", ABSENT])
def test_other_kinds_of_workspace(
    verdicts: Verdicts, check: Check[Any], kind: str, other: object
) -> None:
    [result] = verdicts(check, workspace(kind=other))
    assert (result.target.resource_id == HUB) is (kind == other)


def storage() -> Body:
    return body(STORAGE, {})


def test_no_identity_holds_no_role(verdicts: Verdicts) -> None:
    hub = workspace(ABSENT, storageAccount=STORAGE)
    result = verdicts(hub_mi_storage_mgmt, *ROLES, hub, storage()).only(HUB)
    assert result.status is WARN


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (BuiltIn.STORAGE_CONTRIBUTOR, STORAGE, PASS),
        (BuiltIn.STORAGE_CONTRIBUTOR, GROUP.upper(), PASS),
        (BuiltIn.CONTRIBUTOR, SUBSCRIPTION, PASS),
        (BuiltIn.AI_ADMINISTRATOR, GROUP, PASS),
        (BuiltIn.OWNER, "/", PASS),
        (BuiltIn.READER, STORAGE, WARN),
        (BuiltIn.STORAGE_CONTRIBUTOR, f"{STORAGE}2", WARN),
        (BuiltIn.STORAGE_CONTRIBUTOR, HUB, WARN),
    ],
)
def test_who_configures_storage(
    verdicts: Verdicts, role: BuiltIn, scope: str, status: Status
) -> None:
    bodies = *ROLES, workspace(storageAccount=STORAGE), storage()
    held = verdicts(hub_mi_storage_mgmt, *bodies, grant(role, scope)).only(HUB)
    another = grant(role, scope, OTHER_ID)
    assert held.status is status
    assert verdicts(hub_mi_storage_mgmt, *bodies, another).only(HUB).status is WARN


def test_configuring_storage_by_a_user_assigned_identity(verdicts: Verdicts) -> None:
    hub = workspace("UserAssigned", storageAccount=STORAGE)
    hub["identity"]["userAssignedIdentities"] = {SHARED: {"principalId": OTHER_ID}}
    given = grant(BuiltIn.STORAGE_CONTRIBUTOR, STORAGE, OTHER_ID)
    results = verdicts(hub_mi_storage_mgmt, *ROLES, hub, storage(), given)
    result = results.only(HUB)
    assert result.status is PASS
    assert (given["id"], "properties.principalId") in results.evidence(HUB)


def test_storage_that_cannot_be_seen(verdicts: Verdicts) -> None:
    far = STORAGE.replace("bbbbbbbb", "cccccccc")
    without = verdicts(hub_mi_storage_mgmt, workspace(storageAccount=None))
    outside = verdicts(hub_mi_storage_mgmt, workspace(storageAccount=far))
    gone = verdicts(hub_mi_storage_mgmt, workspace(storageAccount=STORAGE))
    assert without.only(HUB).status is NONE
    assert outside.only(HUB).status is UNREAD
    assert gone.only(HUB).status is NONE


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (BuiltIn.CONTRIBUTOR, GROUP, WARN),
        (BuiltIn.CONTRIBUTOR, SUBSCRIPTION, WARN),
        (BuiltIn.OWNER, GROUP, WARN),
        (BuiltIn.CONTRIBUTOR, HUB, PASS),
        (BuiltIn.CONTRIBUTOR, STORAGE, PASS),
        (BuiltIn.AI_ADMINISTRATOR, GROUP, PASS),
        (BuiltIn.READER, SUBSCRIPTION, PASS),
    ],
)
def test_more_than_a_hub_needs(
    verdicts: Verdicts, role: BuiltIn, scope: str, status: Status
) -> None:
    given = grant(role, scope)
    results = verdicts(hub_mi_overprivileged, *ROLES, workspace(), given)
    assert results.only(HUB).status is status
    if status is WARN:
        assert (given["id"], "properties.roleDefinitionId") in results.evidence(HUB)


def test_contributors_of_other_hubs_do_not_count(verdicts: Verdicts) -> None:
    given = grant(BuiltIn.CONTRIBUTOR, GROUP, OTHER_ID)
    result = verdicts(hub_mi_overprivileged, *ROLES, workspace(), given).only(HUB)
    assert result.status is PASS


def test_a_group_may_hold_what_a_hub_was_not_given(verdicts: Verdicts) -> None:
    given = grant(BuiltIn.CONTRIBUTOR, GROUP, OTHER_ID, principalType="Group")
    result = verdicts(hub_mi_overprivileged, *ROLES, workspace(), given).only(HUB)
    assert result.status is PASS
    assert "lower bound: the members of 1 group" in result.reason


NETWORK: Body = {"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}


def rule(name: str, type: object, destination: object) -> Body:
    properties = {"type": type, "destination": destination, "category": "UserDefined"}
    return body(f"{HUB}/outboundRules/{name}", properties)


def leads(target: object) -> Body:
    destination = {"serviceResourceId": target, "subresourceTarget": "searchService"}
    return rule("pe", "PrivateEndpoint", destination)


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (BuiltIn.NETWORK_CONNECTION_APPROVER, SEARCH, PASS),
        (BuiltIn.CONTRIBUTOR, SUBSCRIPTION, PASS),
        (BuiltIn.READER, SEARCH, WARN),
        (BuiltIn.CONTRIBUTOR, GROUP, WARN),
        (BuiltIn.STORAGE_CONTRIBUTOR, SEARCH, WARN),
    ],
)
def test_who_approves_endpoints(
    verdicts: Verdicts, role: BuiltIn, scope: str, status: Status
) -> None:
    bodies = *ROLES, workspace(**NETWORK), leads(SEARCH), grant(role, scope)
    result = verdicts(hub_mi_network, *bodies).only(HUB)
    assert result.status is status
    assert ("search" in result.reason) is (status is WARN)


@pytest.mark.parametrize(
    ("network", "rules", "status"),
    [
        ({}, [leads(SEARCH)], NONE),
        ({"managedNetwork": None}, [leads(SEARCH)], NONE),
        ({"managedNetwork": {"isolationMode": "disabled"}}, [leads(SEARCH)], NONE),
        ({"managedNetwork": {"isolationMode": 3}}, [leads(SEARCH)], UNREAD),
        (NETWORK, [], NONE),
        (NETWORK, [rule("fqdn", "FQDN", "pypi.org")], NONE),
        (NETWORK, [rule("tag", "ServiceTag", {"serviceTag": "Storage"})], NONE),
        (NETWORK, [rule("odd", None, None)], UNREAD),
        (NETWORK, [leads(HUB)], NONE),
        (NETWORK, [leads(None)], UNREAD),
        (NETWORK, [leads("")], UNREAD),
        (NETWORK, [rule("fqdn", "FQDN", "pypi.org"), leads(SEARCH)], WARN),
        (NETWORK, [leads(SEARCH.upper())], WARN),
        (NETWORK, [leads(5)], UNREAD),
        (NETWORK, [rule("pe", "PrivateEndpoint", "x")], UNREAD),
    ],
)
def test_endpoints_of_the_managed_network(
    verdicts: Verdicts, network: Body, rules: list[Body], status: Status
) -> None:
    bodies = *ROLES, workspace(**network), *rules
    assert verdicts(hub_mi_network, *bodies).only(HUB).status is status


def test_endpoints_that_lead_out_of_the_scan(verdicts: Verdicts) -> None:
    far = SEARCH.replace("bbbbbbbb", "cccccccc")
    assert far != SEARCH
    bodies = *ROLES, workspace(**NETWORK), leads(far)
    left_out = {"whole_tenant": False, "left_out": [far.split("/")[2]]}
    result = verdicts(hub_mi_network, *bodies, **left_out).only(HUB)
    assert result.status is UNREAD
    assert "outside the scan" in result.reason
    assert verdicts(hub_mi_network, *bodies).only(HUB).status is WARN


def connection(type: object, of: str = HUB, *, shared: object = False) -> Body:
    properties = {"authType": type, "category": "ApiKey", "isSharedToAll": shared}
    return body(f"{of}/connections/key", properties)


def vault(*, roles: object = ABSENT, policies: object = ABSENT) -> Body:
    found = {"enableRbacAuthorization": roles, "accessPolicies": policies}
    return body(VAULT, found)


def policy(secrets: object, principal: object = HUB_ID) -> Body:
    return {"objectId": principal, "permissions": {"secrets": secrets}}


BY_APPLICATION = {**policy(["get"]), "applicationId": "app"}


@pytest.mark.parametrize(
    ("found", "role", "status"),
    [
        ({"roles": True}, BuiltIn.KEY_VAULT_ADMINISTRATOR, PASS),
        ({"roles": True}, BuiltIn.KEY_VAULT_CRYPTO_USER, FAIL),
        ({"roles": True}, BuiltIn.AI_ADMINISTRATOR, FAIL),
        ({"roles": True, "policies": [policy(["all"])]}, BuiltIn.READER, FAIL),
        ({"roles": False, "policies": [policy(["Get", "list"])]}, BuiltIn.READER, PASS),
        ({"policies": [policy(["all"], HUB_ID.upper())]}, BuiltIn.READER, PASS),
        ({"roles": None, "policies": [policy(["all"])]}, BuiltIn.READER, PASS),
        ({"policies": [policy(["list"])]}, BuiltIn.KEY_VAULT_ADMINISTRATOR, FAIL),
        ({"policies": [policy(["get"], OTHER_ID)]}, BuiltIn.READER, FAIL),
        ({"policies": [policy(None)]}, BuiltIn.READER, FAIL),
        ({"policies": [BY_APPLICATION]}, BuiltIn.READER, FAIL),
        ({"policies": [BY_APPLICATION, policy(["get"])]}, BuiltIn.READER, PASS),
        ({"policies": [policy(["get"], None)]}, BuiltIn.READER, FAIL),
        ({"policies": None}, BuiltIn.READER, FAIL),
        ({}, BuiltIn.READER, FAIL),
        ({"policies": "all"}, BuiltIn.READER, UNREAD),
        ({"policies": [policy("get")]}, BuiltIn.READER, UNREAD),
        ({"roles": "yes"}, BuiltIn.KEY_VAULT_ADMINISTRATOR, UNREAD),
    ],
)
@pytest.mark.parametrize("kind", ["Hub", "project"])
def test_who_keeps_secrets(
    verdicts: Verdicts, kind: str, found: Body, role: BuiltIn, status: Status
) -> None:
    hub = workspace(kind=kind, keyVault=VAULT)
    bodies = *ROLES, hub, connection("ApiKey"), vault(**found), grant(role, VAULT)
    assert verdicts(hub_mi_kv, *bodies).only(HUB).status is status


@pytest.mark.parametrize(("members", "status"), [([HUB_ID], PASS), ([], FAIL)])
def test_a_policy_for_a_group_lets_its_members_keep_secrets(
    verdicts: Verdicts, members: list[str], status: Status
) -> None:
    group = {"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}
    inside = (
        {"id": member_id(TENANT, "team", each), "properties": {}} for each in members
    )
    found = workspace(keyVault=VAULT), connection("ApiKey")
    opened = vault(policies=[policy(["get"], "team")])
    result = verdicts(hub_mi_kv, *ROLES, *found, opened, group, *inside).only(HUB)
    assert (result.status, "lower bound" in result.reason) == (status, False)
    result = verdicts(hub_mi_kv, *ROLES, *found, opened).only(HUB)
    assert result.status is FAIL
    assert "another has one, and may be a group it is in" in result.reason


@pytest.mark.parametrize(
    ("connections", "hub", "project"),
    [
        ([], NONE, NONE),
        ([connection("AAD", shared=True)], NONE, NONE),
        ([connection("ApiKey")], FAIL, NONE),
        ([connection("ApiKey", shared=None)], FAIL, NONE),
        ([connection("ApiKey", shared=True)], FAIL, FAIL),
        ([connection("AccountKey", PROJECT)], NONE, FAIL),
        ([connection(ABSENT, shared=True)], UNREAD, UNREAD),
        ([connection(None), connection("SAS", PROJECT)], UNREAD, FAIL),
    ],
)
def test_connections_that_need_a_vault(
    verdicts: Verdicts, connections: list[Body], hub: Status, project: Status
) -> None:
    below = workspace(id=PROJECT, kind="Project", keyVault=VAULT, hubResourceId=HUB)
    bodies = workspace(keyVault=VAULT), below, vault(), *connections
    results = verdicts(hub_mi_kv, *bodies)
    assert results.only(HUB).status is hub
    assert results.only(PROJECT).status is project


def test_vaults_that_cannot_be_seen(verdicts: Verdicts) -> None:
    far = VAULT.replace("bbbbbbbb", "cccccccc")
    key = connection("ApiKey")
    none = verdicts(hub_mi_kv, workspace(keyVault=None), key)
    gone = verdicts(hub_mi_kv, workspace(keyVault=VAULT), key)
    outside = verdicts(hub_mi_kv, workspace(keyVault=far), key)
    refused = verdicts(
        hub_mi_kv, workspace(keyVault=VAULT), key, unread=[(KeyVault, SUBSCRIPTION)]
    )
    assert none.only(HUB).status is NONE
    assert gone.only(HUB).status is FAIL
    assert outside.only(HUB).status is UNREAD
    assert refused.only(HUB).status is UNREAD


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (hub_mi_kv, (RoleAssignment, SUBSCRIPTION)),
        (hub_mi_kv, (WorkspaceConnection, HUB)),
        (hub_mi_network, (RoleAssignment, SUBSCRIPTION)),
        (hub_mi_network, (OutboundRule, HUB)),
        (hub_mi_storage_mgmt, (RoleAssignment, SUBSCRIPTION)),
        (hub_mi_overprivileged, (RoleAssignment, SUBSCRIPTION)),
    ],
)
def test_what_was_refused_is_not_judged(
    verdicts: Verdicts, check: Check[Any], refused: Any
) -> None:
    hub = workspace(storageAccount=STORAGE, keyVault=VAULT, **NETWORK)
    kept = storage(), vault(roles=True)
    held = connection("AAD" if refused[0] is WorkspaceConnection else "ApiKey")
    bodies = *ROLES, hub, *kept, held, leads(SEARCH)
    assert verdicts(check, *bodies, unread=[refused]).only(HUB).status is UNREAD


@pytest.mark.parametrize(
    "check", [hub_mi_kv, hub_mi_network, hub_mi_storage_mgmt, hub_mi_overprivileged]
)
def test_a_principal_that_is_not_told(verdicts: Verdicts, check: Check[Any]) -> None:
    hub = workspace(principal=None, storageAccount=STORAGE, keyVault=VAULT, **NETWORK)
    bodies = hub, storage(), vault(), connection("ApiKey"), leads(SEARCH)
    assert verdicts(check, *bodies).only(HUB).status is UNREAD
