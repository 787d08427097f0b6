from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.people import (
    CHECKS,
    connection_secret_readers,
    default_storage_key_holders,
    user_storage_roles,
    ws_readers_use_creds,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import (
    Datastore,
    Workspace,
    WorkspaceConnection,
)
from scanner.model.resources import Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
ELSEWHERE = f"{SUBSCRIPTION}/resourceGroups/other"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
PROJECT = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/project"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
ABSENT = ...

LEARNING = "Microsoft.MachineLearningServices/workspaces"
DEVELOPER, SCIENTIST = BuiltIn.AI_DEVELOPER, BuiltIn.ML_DATA_SCIENTIST
SECRETS = BuiltIn.ML_CONNECTION_SECRETS_READER
READER, MANAGER, OWNER = BuiltIn.READER, BuiltIn.STORAGE_CONTRIBUTOR, BuiltIn.OWNER
BLOB, FILE = (
    BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR,
    BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_CONTRIBUTOR,
)
READ_BLOB, READ_FILE = (
    BuiltIn.STORAGE_BLOB_DATA_READER,
    BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_READER,
)

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, UNREAD, NONE = Status.INFO, Status.NOT_ASSESSED, Status.NOT_APPLICABLE


@pytest.fixture
def roles(rbac: Any) -> list[Body]:
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    files = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files"
    return [
        rbac.role(OWNER, actions=["*"]),
        rbac.role(READER, actions=["*/read"]),
        rbac.role(DEVELOPER, actions=[f"{LEARNING}/*/action", f"{LEARNING}/*/read"]),
        rbac.role(SECRETS, actions=[f"{LEARNING}/connections/listsecrets/action"]),
        rbac.role("looker", actions=[f"{LEARNING}/read"]),
        rbac.role(MANAGER, actions=["Microsoft.Storage/storageAccounts/*"]),
        rbac.role(BLOB, dataActions=[f"{blobs}/read", f"{blobs}/write"]),
        rbac.role(FILE, dataActions=[f"{files}/read", f"{files}/write"]),
        rbac.role(READ_BLOB, dataActions=[f"{blobs}/read"]),
        rbac.role(READ_FILE, dataActions=[f"{files}/read"]),
    ]


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(mode: object = "identity", id: str = HUB, **changes: object) -> Body:
    properties = {"systemDatastoresAuthMode": mode, "storageAccount": STORAGE}
    kind = changes.pop("kind", "Hub")
    return body(id, {**properties, **changes}, kind=kind)


def connection(kind: object = "ApiKey", of: str = HUB, **changes: object) -> Body:
    return body(f"{of}/connections/one", {"authType": kind, **changes})


def store(kind: object = "AccountKey", of: str = HUB) -> Body:
    return body(f"{of}/datastores/one", {"credentials": {"credentialsType": kind}})


def storage(keys: object = True) -> Body:
    return body(STORAGE, {"allowSharedKeyAccess": keys})


def nothing(results: list[Result]) -> bool:
    [result] = results
    return result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    ("role", "at", "keepers", "status"),
    [
        (DEVELOPER, HUB, [connection()], FAIL),
        (DEVELOPER, GROUP, [connection()], FAIL),
        (OWNER, SUBSCRIPTION, [connection()], FAIL),
        (OWNER, SUBSCRIPTION, [store()], FAIL),
        (SECRETS, HUB, [connection("SAS")], FAIL),
        (SECRETS, HUB, [store()], PASS),
        (SECRETS, HUB, [connection("AAD"), store("None")], PASS),
        (DEVELOPER, HUB, [connection("None"), store("none")], PASS),
        (DEVELOPER, HUB, [], PASS),
        (DEVELOPER, HUB, [connection(None)], UNREAD),
        (DEVELOPER, HUB, [connection(None), store("Sas")], FAIL),
        (DEVELOPER, HUB, [store(7)], UNREAD),
    ],
)
def test_who_reads_secrets(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    role: str,
    at: str,
    keepers: list[Body],
    status: Status,
) -> None:
    grant = rbac.grant("ann", role, at)
    results = verdicts(connection_secret_readers, *roles, grant, workspace(), *keepers)
    assert results.only(grant["id"]).status is status


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("User", FAIL),
        ("Group", FAIL),
        ("ForeignGroup", FAIL),
        (None, FAIL),
        ("ServicePrincipal", INFO),
    ],
)
def test_whose_reading_is_a_finding(
    verdicts: Verdicts, rbac: Any, roles: Any, kind: str, status: Status
) -> None:
    grant = rbac.grant("ann", DEVELOPER, HUB, kind)
    bodies = *roles, grant, workspace(), connection()
    results = verdicts(connection_secret_readers, *bodies)
    assert results.only(grant["id"]).status is (status)
    for settings in (
        Settings(approved_principals=("ANN",)),
        Settings(break_glass_principals=("ann",)),
    ):
        results = verdicts(connection_secret_readers, *bodies, settings=settings)
        assert results.only(grant["id"]).status is PASS


def test_the_secrets_and_the_grant_are_cited(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    grant = rbac.grant("ann", DEVELOPER, GROUP)
    bodies = *roles, grant, workspace(), connection(), store()
    result = verdicts(connection_secret_readers, *bodies).only(grant["id"])
    seen = {(each.resource_id, each.path) for each in result.evidence}
    assert "2 secrets of hub" in result.reason
    assert (f"{HUB}/connections/one", "properties.authType") in seen
    assert (grant["id"], "properties.roleDefinitionId") in seen


@pytest.mark.parametrize(
    ("role", "at", "more"),
    [
        (READER, SUBSCRIPTION, {}),
        (DEVELOPER, ELSEWHERE, {}),
        (DEVELOPER, HUB, {"eligible": True}),
    ],
)
def test_whoever_reads_no_secret_is_left_out(
    verdicts: Verdicts, rbac: Any, roles: Any, role: str, at: str, more: Any
) -> None:
    grant = rbac.grant("ann", role, at, **more)
    bodies = *roles, grant, workspace(), connection()
    assert nothing(verdicts(connection_secret_readers, *bodies))


@pytest.mark.parametrize(
    ("shared", "at", "status"),
    [
        (True, PROJECT, FAIL),
        (True, GROUP, FAIL),
        (False, PROJECT, PASS),
        (None, PROJECT, PASS),
        (ABSENT, PROJECT, PASS),
        ("yes", PROJECT, UNREAD),
    ],
)
def test_a_project_shows_what_its_hub_shares(
    verdicts: Verdicts, rbac: Any, roles: Any, shared: object, at: str, status: Status
) -> None:
    grant, project = rbac.grant("ann", SECRETS, at), {"hubResourceId": HUB}
    keepers = connection(isSharedToAll=shared), store(of=PROJECT)
    bodies = *roles, grant, workspace(), workspace(id=PROJECT, **project), *keepers
    result = verdicts(connection_secret_readers, *bodies).only(grant["id"])
    assert result.status is status
    assert ("1 secret of hub" in result.reason) is (status is FAIL)


def test_a_hub_that_was_not_read_may_share_secrets(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    grant, project = rbac.grant("ann", DEVELOPER, PROJECT), {"hubResourceId": HUB}
    bodies = *roles, grant, workspace(), workspace(id=PROJECT, **project)
    unread = [(WorkspaceConnection, HUB)]
    results = verdicts(connection_secret_readers, *bodies, unread=unread)
    assert results.only(grant["id"]).status is UNREAD


@pytest.mark.parametrize(
    ("role", "keeper", "status"),
    [
        (DEVELOPER, connection(), FAIL),
        (DEVELOPER, store(), FAIL),
        (DEVELOPER, connection("AAD"), PASS),
        (SECRETS, store(), PASS),
        (DEVELOPER, connection(None), UNREAD),
        ("lost", connection(), UNREAD),
    ],
)
def test_who_reads_one_secret(
    verdicts: Verdicts, rbac: Any, roles: Any, role: str, keeper: Body, status: Status
) -> None:
    grant = rbac.grant("ann", role, keeper["id"])
    other = body(f"{HUB}/connections/other", {"authType": "ApiKey"})
    bodies = *roles, grant, workspace(), keeper, other
    result = verdicts(connection_secret_readers, *bodies).only(grant["id"])
    assert result.status is status


@pytest.mark.parametrize(
    ("view", "at"), [(WorkspaceConnection, HUB), (Workspace, SUBSCRIPTION)]
)
def test_one_secret_unread(
    verdicts: Verdicts, rbac: Any, roles: Any, view: Any, at: str
) -> None:
    grant = rbac.grant("ann", DEVELOPER, connection()["id"])
    bodies = (*roles, grant, *([workspace()] if at == HUB else []))
    results = verdicts(connection_secret_readers, *bodies, unread=[(view, at)])
    assert results.only(grant["id"]).status is UNREAD


@pytest.mark.parametrize("kind", ["FeatureStore", "Default"])
def test_which_workspaces_keep_secrets(
    verdicts: Verdicts, rbac: Any, roles: Any, kind: str
) -> None:
    grant = rbac.grant("ann", OWNER, GROUP)
    bodies = *roles, grant, workspace(kind=kind), connection()
    results = verdicts(connection_secret_readers, *bodies)
    assert nothing(results) is (kind == "FeatureStore")


def test_a_denial_takes_secrets_back(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    grant, other = rbac.grant("ann", OWNER, GROUP), rbac.grant("bob", OWNER, GROUP)
    denial = rbac.denial(HUB, f"{LEARNING}/*/action", ("ann", "User"))
    bodies = *roles, grant, other, denial, workspace(), connection()
    results = verdicts(connection_secret_readers, *bodies)
    assert results.only(grant["id"]).status is PASS
    assert results.only(other["id"]).status is FAIL


def test_a_role_that_was_not_read(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    grant = rbac.grant("ann", "lost", HUB)
    bodies = *roles, grant, workspace(), connection(), storage()
    for check in (connection_secret_readers, default_storage_key_holders):
        results = verdicts(check, *bodies, rbac.grant("bob", "lost", ELSEWHERE))
        if check is connection_secret_readers:
            assert results.only(grant["id"]).status is UNREAD
        else:
            assert nothing(results)


@pytest.mark.parametrize("view", [WorkspaceConnection, Datastore])
def test_secrets_unread(verdicts: Verdicts, rbac: Any, roles: Any, view: Any) -> None:
    grant = rbac.grant("ann", DEVELOPER, GROUP)
    bodies = *roles, grant, workspace()
    unread = [(view, HUB)]
    results = verdicts(connection_secret_readers, *bodies, unread=unread)
    assert results.only(grant["id"]).status is UNREAD


@pytest.mark.parametrize(
    ("check", "role"),
    [
        (connection_secret_readers, DEVELOPER),
        (user_storage_roles, DEVELOPER),
        (default_storage_key_holders, MANAGER),
    ],
)
def test_workspaces_unread(
    verdicts: Verdicts, rbac: Any, roles: Any, check: Check[Any], role: str
) -> None:
    grant = rbac.grant("ann", role, GROUP)
    unread = [(Workspace, SUBSCRIPTION)]
    results = verdicts(check, *roles, grant, storage(), unread=unread)
    assert results.only(grant["id"]).status is UNREAD


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_assignments_unread(verdicts: Verdicts, roles: Any, check: Check[Any]) -> None:
    unread = [(RoleAssignment, SUBSCRIPTION)]
    bodies = *roles, workspace("accesskey"), storage()
    results = verdicts(check, *bodies, unread=unread)
    assert {each.status for each in results} == {UNREAD}


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([workspace("accesskey")], WARN),
        ([workspace(None)], WARN),
        ([workspace("AccessKey"), connection("AAD")], WARN),
        ([workspace(), connection()], WARN),
        ([workspace(), connection("AAD")], NONE),
        ([workspace()], NONE),
        ([workspace("UserDelegationSAS")], NONE),
        ([workspace(ABSENT)], UNREAD),
        ([workspace(ABSENT), connection()], WARN),
        ([workspace(5)], UNREAD),
        ([workspace(), connection(None)], UNREAD),
    ],
)
def test_who_uses_credentials(
    verdicts: Verdicts, rbac: Any, roles: Any, bodies: list[Body], status: Status
) -> None:
    readers = [rbac.grant(f"user {one}", READER, GROUP) for one in range(11)]
    results = verdicts(ws_readers_use_creds, *roles, *readers, *bodies)
    assert results.only(HUB).status is status


def test_who_uses_credentials_in_a_subscription_that_was_not_listed(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    bodies = *roles, rbac.grant("ann", READER, GROUP), workspace(), connection()
    assert verdicts(ws_readers_use_creds, *bodies).only(HUB).status is PASS
    unlisted = [(Subscription, f"/tenants/{TENANT}")]
    results = verdicts(ws_readers_use_creds, *bodies, unread=unlisted)
    assert results.only(HUB).status is UNREAD


def test_credentials_that_a_hub_shares(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    readers = [rbac.grant(f"user {one}", READER, PROJECT) for one in range(11)]
    shared = connection(isSharedToAll=True)
    project = workspace(id=PROJECT, kind="Project", hubResourceId=HUB)
    bodies = *roles, *readers, workspace(), project, shared
    assert verdicts(ws_readers_use_creds, *bodies).only(PROJECT).status is WARN


@pytest.mark.parametrize(
    ("role", "number", "limit", "status"),
    [
        (READER, 10, 10, PASS),
        (READER, 3, 2, WARN),
        ("looker", 20, 10, PASS),
        (OWNER, 11, 10, WARN),
    ],
)
def test_how_many_are_many(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    role: str,
    number: int,
    limit: int,
    status: Status,
) -> None:
    readers = [rbac.grant(f"user {one}", role, GROUP) for one in range(number)]
    others = (
        rbac.grant("USER 0", READER, SUBSCRIPTION),
        rbac.grant("ann", role, ELSEWHERE),
        rbac.grant("eve", OWNER, GROUP, eligible=True),
    )
    result = verdicts(
        ws_readers_use_creds,
        *(*roles, *readers, *others, workspace("accesskey")),
        settings=Settings(workspace_reader_warning=limit),
    ).only(HUB)
    assert result.status is status
    assert result.reason.startswith(f"{1 if role == 'looker' else number} principal")


def test_who_is_known_to_be_no_person(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    """Where an assignment says no type: by the directory, or by what signs in so."""
    signed = {"type": "SystemAssigned", "principalId": "HUB"}
    app = body(object_id(TENANT, "app"), {}, kind="servicePrincipal")
    works = [rbac.grant(each, DEVELOPER, HUB, None) for each in ("ann", "app", "hub")]
    hub = {**workspace(), "identity": signed}
    bodies = *roles, *works, hub, storage(), connection(), app
    results = verdicts(user_storage_roles, *bodies)
    assert results.only().target.resource_id == works[0]["id"]
    results = verdicts(connection_secret_readers, *bodies)
    found = [results.only(each["id"]).status for each in works]
    assert found == [FAIL, INFO, INFO]


@pytest.mark.parametrize("members", [None, [], ["ann"], ["ann", "bob"]])
def test_a_group_is_as_many_as_its_members(
    verdicts: Verdicts, rbac: Any, roles: Any, members: list[str] | None
) -> None:
    bodies = [*roles, rbac.grant("team", READER, GROUP, "Group")]
    if members is not None:
        ids = [object_id(TENANT, "team")]
        ids += [member_id(TENANT, "team", each) for each in members]
        kinds = ["group", *("user" for _ in members)]
        bodies += [
            {"id": each, "kind": kind, "properties": {}}
            for each, kind in zip(ids, kinds, strict=True)
        ]
    number = 1 if members is None else len(members)
    result = verdicts(
        ws_readers_use_creds,
        *(*bodies, workspace("accesskey")),
        settings=Settings(workspace_reader_warning=0),
    ).only(HUB)
    assert result.status is (WARN if number else PASS)
    assert result.reason.startswith(f"{number} principal")


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ([(BLOB, STORAGE), (FILE, STORAGE)], PASS),
        ([(BLOB, GROUP), (FILE, SUBSCRIPTION)], PASS),
        ([(READ_BLOB, STORAGE), (READ_FILE, STORAGE)], PASS),
        ([(READ_BLOB, STORAGE), (FILE, STORAGE)], WARN),
        ([(READ_BLOB, STORAGE)], WARN),
        ([(BLOB, STORAGE), (READ_FILE, STORAGE)], WARN),
        ([(BLOB, STORAGE)], WARN),
        ([(FILE, STORAGE)], WARN),
        ([(OWNER, STORAGE)], WARN),
        ([], WARN),
    ],
)
@pytest.mark.parametrize("kind", ["User", "Group"])
def test_what_people_hold(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    kind: str,
    granted: list[tuple[str, str]],
    status: Status,
) -> None:
    member = rbac.grant("ann", DEVELOPER, HUB, kind)
    held = [rbac.grant("ann", role, at, kind) for role, at in granted]
    results = verdicts(
        user_storage_roles, *roles, member, *held, workspace(), storage()
    )
    assert results.only(member["id"]).status is status


TEAM, APP, UNIT = "team", "app", "unit"


@pytest.mark.parametrize(
    ("members", "granted", "said"),
    [
        ({}, [], (NONE, "no person is in the group")),
        ({}, [(TEAM, BLOB), (TEAM, FILE)], (NONE, "no person is in the group")),
        ({APP: "servicePrincipal", UNIT: "group"}, [], (NONE, "no person")),
        ({"ann": "user"}, [("ann", BLOB), ("ann", FILE)], (PASS, "")),
        ({"ann": "user"}, [("ann", BLOB), (TEAM, FILE)], (PASS, "")),
        ({"ann": "user"}, [(TEAM, BLOB), (TEAM, FILE)], (PASS, "")),
        ({"ann": "user"}, [("ann", BLOB)], (WARN, f"user ann lacks {FILE} on")),
        ({"ann": "user"}, [(TEAM, READ_BLOB), (TEAM, READ_FILE)], (PASS, "")),
        (
            {"ann": "user"},
            [(TEAM, READ_BLOB), (TEAM, READ_FILE), ("ann", BLOB)],
            (WARN, f"user ann lacks {FILE} on"),
        ),
        (
            {"ann": "user", "bob": "user", APP: "servicePrincipal", UNIT: "group"},
            [("ann", BLOB), ("ann", FILE)],
            (WARN, f"user bob lacks {BLOB} and {FILE} on"),
        ),
    ],
)
def test_what_people_in_a_group_hold(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    members: Mapping[str, str],
    granted: list[tuple[str, str]],
    said: tuple[Status, str],
) -> None:
    works = rbac.grant(TEAM, DEVELOPER, HUB, "Group")
    bodies = [
        body(object_id(TENANT, TEAM), {}, kind="group"),
        *(
            body(member_id(TENANT, TEAM, each), {}, kind=kind)
            for each, kind in members.items()
        ),
        *(
            rbac.grant(one, role, STORAGE, "Group" if one == TEAM else "User")
            for one, role in granted
        ),
    ]
    results = verdicts(
        user_storage_roles, *roles, works, *bodies, workspace(), storage()
    )
    status, part = said
    result = results.only(works["id"])
    assert result.status is status
    assert part in result.reason
    assert "team" not in result.reason


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([workspace("accesskey"), storage()], NONE),
        ([workspace(None), storage()], NONE),
        ([workspace(ABSENT), storage()], UNREAD),
        ([workspace(ABSENT), workspace(id=PROJECT, kind="Project"), storage()], WARN),
        ([workspace(storageAccount=None)], NONE),
        ([workspace()], NONE),
        ([workspace(storageAccount=STORAGE.replace("bbbb", "cccc"))], UNREAD),
    ],
)
def test_where_people_work(
    verdicts: Verdicts, rbac: Any, roles: Any, bodies: list[Body], status: Status
) -> None:
    member = rbac.grant("ann", SCIENTIST, GROUP)
    results = verdicts(user_storage_roles, *roles, member, *bodies)
    assert results.only(member["id"]).status is status


def test_other_principals_and_roles_are_left_out(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    bodies = (
        rbac.grant("app", DEVELOPER, HUB, "ServicePrincipal"),
        rbac.grant("ann", OWNER, HUB),
        rbac.grant("ann", DEVELOPER, ELSEWHERE),
        rbac.grant("bob", DEVELOPER, HUB, eligible=True),
    )
    results = verdicts(user_storage_roles, *roles, *bodies, workspace(), storage())
    assert nothing(results)


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        (True, WARN),
        (None, WARN),
        (ABSENT, WARN),
        (False, PASS),
        ("no", UNREAD),
    ],
)
@pytest.mark.parametrize(
    ("role", "kind"), [(OWNER, "User"), (MANAGER, "ServicePrincipal")]
)
def test_who_lists_storage_keys(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    role: str,
    kind: str,
    keys: object,
    status: Status,
) -> None:
    grant = rbac.grant("ann", role, STORAGE, kind)
    bodies = *roles, grant, workspace(storageAccount=STORAGE.upper()), storage(keys)
    result = verdicts(default_storage_key_holders, *bodies).only(grant["id"])
    assert result.status is status
    settings = Settings(approved_principals=("ann",))
    results = verdicts(default_storage_key_holders, *bodies, settings=settings)
    expected = PASS if status is WARN else status
    assert results.only(grant["id"]).status is expected


def test_each_storage_that_workspaces_need_the_keys_of_is_named(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    other, grant = f"{STORAGE}2", rbac.grant("ann", OWNER, GROUP)
    hubs = workspace("accesskey"), workspace(None, f"{HUB}2", storageAccount=other)
    bodies = *roles, grant, *hubs, storage(), {**storage(), "id": other}
    advice = verdicts(default_storage_key_holders, *bodies).only(grant["id"]).advice
    needed = "1 workspace in credential mode (such as {}) would break without them."
    for name, hub in (("data", "hub"), ("data2", "hub2")):
        assert f"Leave the keys of {name} on for now: {needed.format(hub)}" in advice
    assert advice.count("Switch workspaces to identity mode") == 1


def test_key_holders_elsewhere(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    grants = (
        rbac.grant("ann", OWNER, ELSEWHERE),
        rbac.grant("bob", READER, STORAGE),
        rbac.grant("cid", OWNER, HUB),
        rbac.grant("dan", OWNER, STORAGE, eligible=True),
    )
    bodies = *roles, *grants, workspace(), storage()
    assert nothing(verdicts(default_storage_key_holders, *bodies))
    other = *roles, rbac.grant("ann", OWNER, STORAGE), workspace(storageAccount=None)
    assert nothing(verdicts(default_storage_key_holders, *other, storage()))


def test_storage_unread(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    grant = rbac.grant("ann", OWNER, GROUP)
    unread = [(StorageAccount, SUBSCRIPTION)]
    bodies = *roles, grant, workspace()
    results = verdicts(default_storage_key_holders, *bodies, unread=unread)
    assert results.only(grant["id"]).status is UNREAD
