from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.roles import (
    CHECKS,
    endpoint_mi_storage_roles,
    hub_mi_storage_roles,
    project_mi_pe_reader,
    project_mi_storage_roles,
    umi_roles_preprovisioned,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.network import PrivateEndpoint
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
PROJECT = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/project"
ENDPOINT = f"{PROJECT}/onlineEndpoints/score"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
ENDPOINTS = f"{PROVIDERS}/Microsoft.Network/privateEndpoints"
USED = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
OWN_PRINCIPAL = "11111111-aaaa-4000-8000-000000000001"
USED_PRINCIPAL = "11111111-aaaa-4000-8000-000000000002"
ABSENT = ...

OWN = {"type": "SystemAssigned", "principalId": OWN_PRINCIPAL}
ASSIGNED = {
    "type": "UserAssigned",
    "userAssignedIdentities": {USED: {"principalId": USED_PRINCIPAL}},
}

BLOB, FILE = (
    BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR,
    BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_CONTRIBUTOR,
)
TABLE, MANAGE = BuiltIn.STORAGE_TABLE_DATA_CONTRIBUTOR, BuiltIn.STORAGE_CONTRIBUTOR
OWNER, READER = BuiltIn.STORAGE_BLOB_DATA_OWNER, BuiltIn.READER
CONTRIBUTOR, LOOKER = BuiltIn.CONTRIBUTOR, "looker"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


@pytest.fixture
def roles(rbac: Any) -> list[Body]:
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    files = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files"
    tables = "Microsoft.Storage/storageAccounts/tableServices/tables"
    return [
        rbac.role(BLOB, dataActions=[f"{blobs}/read", f"{blobs}/write"]),
        rbac.role(OWNER, dataActions=[f"{blobs}/*"]),
        rbac.role(FILE, dataActions=[f"{files}/read", f"{files}/write"]),
        rbac.role(TABLE, dataActions=[f"{tables}/entities/read"]),
        rbac.role(MANAGE, actions=["Microsoft.Storage/storageAccounts/*"]),
        rbac.role(CONTRIBUTOR, actions=["*"], notActions=["Microsoft.Authorization/*"]),
        rbac.role(READER, actions=["*/read"]),
        rbac.role(LOOKER, actions=["Microsoft.Network/privateEndpoints/read"]),
    ]


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(
    id: str = HUB, kind: str = "Hub", identity: object = OWN, **changes: object
) -> Body:
    made = changes.pop("made", "2025-04-08T08:00:00Z")
    properties = {"systemDatastoresAuthMode": "identity", "storageAccount": STORAGE}
    return body(
        id,
        {**properties, **changes},
        kind=kind,
        identity=identity,
        systemData={"createdAt": made},
    )


def project(identity: object = OWN, **changes: object) -> Body:
    return workspace(PROJECT, "Project", identity, **changes)


def storage(**properties: object) -> Body:
    return body(STORAGE, {"allowSharedKeyAccess": False, **properties})


def pe(name: str, group: str, state: str = "Approved") -> Body:
    link = {
        "privateLinkServiceId": STORAGE,
        "groupIds": [group],
        "privateLinkServiceConnectionState": {"status": state},
    }
    return body(
        f"{ENDPOINTS}/{name}", {"privateLinkServiceConnections": [{"properties": link}]}
    )


Granted = Sequence[tuple[str, str]]
"""Roles and where: what one identity was granted."""


def given(rbac: Any, granted: Granted, who: str = OWN_PRINCIPAL, **more: Any) -> Any:
    return [
        rbac.grant(who, role, at, "ServicePrincipal", **more) for role, at in granted
    ]


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ([(BLOB, STORAGE), (FILE, STORAGE)], PASS),
        ([(BLOB, GROUP), (FILE, SUBSCRIPTION)], PASS),
        ([(BLOB, STORAGE.upper()), (FILE, GROUP)], PASS),
        ([(OWNER, STORAGE), (FILE, STORAGE)], WARN),
        ([(OWNER, STORAGE), (BLOB, STORAGE), (FILE, STORAGE)], PASS),
        ([(BLOB, STORAGE)], FAIL),
        ([(FILE, STORAGE)], FAIL),
        ([(BLOB, f"{STORAGE}2"), (FILE, STORAGE)], FAIL),
        ([(BLOB, f"{STORAGE}/blobServices/default/containers/c"), (FILE, GROUP)], FAIL),
        ([(CONTRIBUTOR, GROUP)], FAIL),
        ([], FAIL),
    ],
)
def test_what_a_hub_holds(
    verdicts: Verdicts, rbac: Any, roles: Any, granted: Granted, status: Status
) -> None:
    bodies = *roles, *given(rbac, granted), workspace(), storage()
    assert verdicts(hub_mi_storage_roles, *bodies).only(HUB).status is status


BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


@pytest.mark.parametrize(
    ("action", "who", "status"),
    [
        ("*", OWN_PRINCIPAL, FAIL),
        (f"{BLOBS}/*", OWN_PRINCIPAL, FAIL),
        (f"{BLOBS}/write", OWN_PRINCIPAL, FAIL),
        (f"{BLOBS}/tags/write", OWN_PRINCIPAL, PASS),
        ("*/delete", OWN_PRINCIPAL, PASS),
        ("*", USED_PRINCIPAL, PASS),
    ],
)
def test_what_a_denial_takes_back(
    verdicts: Verdicts, rbac: Any, roles: Any, action: str, who: str, status: Status
) -> None:
    granted = [(BLOB, STORAGE), (FILE, STORAGE)]
    bodies = *roles, *given(rbac, granted), workspace(), storage()
    denial = rbac.denial(GROUP, action, (who, "ServicePrincipal"))
    results = verdicts(hub_mi_storage_roles, *bodies, denial)
    assert results.only(HUB).status is status
    unread = [(DenyAssignment, SUBSCRIPTION)]
    results = verdicts(hub_mi_storage_roles, *bodies, unread=unread)
    assert results.only(HUB).status is UNREAD


def test_an_action_that_a_denial_takes_back(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    reader = rbac.grant(OWN_PRINCIPAL, READER, SUBSCRIPTION, "ServicePrincipal")
    bodies = *roles, reader, project(), storage(), pe("blobs", "blob")
    assert verdicts(project_mi_pe_reader, *bodies).only(PROJECT).status is PASS
    action = "Microsoft.Network/privateEndpoints/read"
    denial = rbac.denial(GROUP, action, (OWN_PRINCIPAL, "ServicePrincipal"))
    results = verdicts(project_mi_pe_reader, *bodies, denial)
    assert results.only(PROJECT).status is FAIL


ALL = [(BLOB, STORAGE), (FILE, STORAGE), (TABLE, STORAGE), (MANAGE, STORAGE)]


@pytest.mark.parametrize("lacking", [None, *ALL])
def test_what_a_project_holds(
    verdicts: Verdicts, rbac: Any, roles: Any, lacking: tuple[str, str] | None
) -> None:
    granted = [each for each in ALL if each != lacking]
    bodies = *roles, *given(rbac, granted), project(), storage()
    result = verdicts(project_mi_storage_roles, *bodies).only(PROJECT)
    assert result.status is (FAIL if lacking else PASS)
    assert lacking is None or f"lacks {lacking[0]}" in result.reason


def test_a_project_with_a_broader_role(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    granted = [*ALL[:-1], (CONTRIBUTOR, GROUP)]
    bodies = *roles, *given(rbac, granted), project(), storage()
    result = verdicts(project_mi_storage_roles, *bodies).only(PROJECT)
    assert result.status is WARN
    assert f"where {MANAGE} would do" in result.reason


@pytest.mark.parametrize(
    ("keys", "noted"), [(True, True), (None, True), (ABSENT, True), (False, False)]
)
def test_keys_that_a_project_may_list(
    verdicts: Verdicts, rbac: Any, roles: Any, keys: object, noted: bool
) -> None:
    bodies = *roles, *given(rbac, ALL), project(), storage(allowSharedKeyAccess=keys)
    result = verdicts(project_mi_storage_roles, *bodies).only(PROJECT)
    assert result.status is PASS
    assert ("list the account's keys" in result.reason) is noted


OWN_CHECKS = [
    pytest.param(hub_mi_storage_roles, workspace, HUB, id="hub"),
    pytest.param(project_mi_storage_roles, project, PROJECT, id="project"),
]


@pytest.mark.parametrize(("check", "make", "id"), OWN_CHECKS)
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"systemDatastoresAuthMode": "accesskey"}, NONE),
        ({"systemDatastoresAuthMode": None}, NONE),
        ({"systemDatastoresAuthMode": "UserDelegationSAS"}, NONE),
        ({"systemDatastoresAuthMode": "Identity"}, FAIL),
        ({"systemDatastoresAuthMode": ABSENT}, UNREAD),
        ({"systemDatastoresAuthMode": 1}, UNREAD),
        ({"storageAccount": None}, NONE),
        ({"storageAccount": f"{STORAGE}gone"}, NONE),
        ({"storageAccount": STORAGE.replace(SUBSCRIPTION, ELSEWHERE)}, UNREAD),
        ({"identity": None}, NONE),
        ({"identity": ABSENT}, NONE),
        ({"identity": {"type": "None"}}, NONE),
        ({"identity": ASSIGNED}, NONE),
        ({"identity": {"type": "SystemAssigned"}}, UNREAD),
        ({"identity": {"type": ["SystemAssigned"]}}, UNREAD),
    ],
)
def test_whose_roles_are_asked_for(
    verdicts: Verdicts,
    roles: Any,
    check: Check[Any],
    make: Callable[..., Body],
    id: str,
    changes: Mapping[str, Any],
    status: Status,
) -> None:
    results = verdicts(check, *roles, make(**changes), storage())
    assert results.only(id).status is status


def test_a_role_that_must_be_activated_is_none(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    granted = given(rbac, ALL, eligible=True)
    bodies = *roles, *granted, workspace(), storage()
    assert verdicts(hub_mi_storage_roles, *bodies).only(HUB).status is FAIL


def test_a_group_may_hold_what_is_lacking(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    group = rbac.grant("staff", FILE, GROUP, "Group")
    bodies = *roles, *given(rbac, [(BLOB, STORAGE)]), group, workspace(), storage()
    result = verdicts(hub_mi_storage_roles, *bodies).only(HUB)
    assert result.status is FAIL
    assert "lower bound: the members of 1 group were not read" in result.reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_roles_unread(verdicts: Verdicts, roles: Any, check: Check[Any]) -> None:
    endpoint = body(ENDPOINT, {}, identity=OWN)
    bodies = (
        *(workspace(), project(), endpoint, storage(), pe("blob", "blob")),
        workspace(f"{HUB}2", "Default", ASSIGNED),
    )
    results = verdicts(check, *roles, *bodies, unread=[(RoleAssignment, SUBSCRIPTION)])
    assert {each.status for each in results} == {UNREAD}
    results = verdicts(check, *roles, *bodies, unread=[(StorageAccount, SUBSCRIPTION)])
    assert {each.status for each in results} == {UNREAD}


def test_what_is_held_is_cited(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    granted = given(rbac, [(BLOB, STORAGE), (FILE, GROUP)])
    results = verdicts(hub_mi_storage_roles, *roles, *granted, workspace(), storage())
    seen = {(each.resource_id, each.path) for each in results.only(HUB).evidence}
    for each in granted:
        assert (each["id"], "properties.roleDefinitionId") in seen


EARLY, LATE = "2025-04-07T10:00:00.1234567Z", "2025-04-08T08:00:01Z"


@pytest.mark.parametrize(
    ("blob", "file", "status"),
    [
        (EARLY, EARLY, PASS),
        (EARLY, LATE, WARN),
        (LATE, EARLY, WARN),
        ("2025-04-08T10:00:00+02:00", EARLY, PASS),
        (EARLY, None, UNREAD),
        (EARLY, "in spring", UNREAD),
        (EARLY, ABSENT, FAIL),
    ],
)
def test_when_roles_were_granted(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    blob: str,
    file: object,
    status: Status,
) -> None:
    granted = given(rbac, [(BLOB, STORAGE)], USED_PRINCIPAL, createdOn=blob)
    if file is not ABSENT:
        granted += given(rbac, [(FILE, GROUP)], USED_PRINCIPAL, createdOn=file)
    bodies = *roles, *granted, workspace(identity=ASSIGNED), storage()
    assert verdicts(umi_roles_preprovisioned, *bodies).only(HUB).status is status


def test_a_role_that_was_granted_again(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    granted = [
        *given(rbac, [(BLOB, STORAGE), (FILE, GROUP)], USED_PRINCIPAL, createdOn=EARLY),
        *given(rbac, [(BLOB, GROUP)], USED_PRINCIPAL, createdOn=LATE),
    ]
    bodies = *roles, *granted, workspace(identity=ASSIGNED), storage()
    assert verdicts(umi_roles_preprovisioned, *bodies).only(HUB).status is PASS


BOTH = {
    "type": "UserAssigned",
    "userAssignedIdentities": {
        USED: {"principalId": USED_PRINCIPAL},
        f"{USED}2": {"principalId": "another"},
    },
}
MIXED = {**BOTH, **OWN, "type": "SystemAssigned,UserAssigned"}


def opened_by(identity: str) -> Body:
    return {"identity": {"userAssignedIdentity": identity}}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"identity": BOTH, "primaryUserAssignedIdentity": USED.upper()}, PASS),
        ({"identity": BOTH, "primaryUserAssignedIdentity": f"{USED}2"}, FAIL),
        ({"identity": BOTH, "primaryUserAssignedIdentity": None}, FAIL),
        ({"identity": BOTH}, FAIL),
        ({"identity": BOTH, "encryption": opened_by(f"{USED}2".upper())}, PASS),
        ({"identity": BOTH, "encryption": opened_by(USED)}, FAIL),
        ({"encryption": opened_by(USED)}, PASS),
        ({"identity": MIXED}, NONE),
        ({"identity": MIXED, "encryption": opened_by(USED)}, NONE),
        ({"identity": MIXED, "primaryUserAssignedIdentity": USED}, PASS),
        ({"identity": MIXED, "primaryUserAssignedIdentity": f"{USED}2"}, FAIL),
        ({"identity": {**MIXED, "principalId": None}}, UNREAD),
        ({"systemDatastoresAuthMode": "accesskey"}, NONE),
        ({"systemDatastoresAuthMode": None}, NONE),
        ({"systemDatastoresAuthMode": ABSENT}, UNREAD),
        ({"storageAccount": None}, NONE),
        ({"made": None}, UNREAD),
        ({"made": "long ago"}, UNREAD),
        ({"kind": "Default"}, PASS),
        ({"kind": "Project"}, PASS),
    ],
)
def test_user_assigned_identities(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    changes: Mapping[str, Any],
    status: Status,
) -> None:
    wanted = [(BLOB, STORAGE), (FILE, STORAGE)]
    granted = given(rbac, wanted, USED_PRINCIPAL, createdOn=EARLY)
    one = workspace(**{"identity": ASSIGNED, **changes})
    results = verdicts(umi_roles_preprovisioned, *roles, *granted, one, storage())
    assert results.only(HUB).status is status


@pytest.mark.parametrize(
    "changes", [{}, {"identity": None}, {"identity": ASSIGNED, "kind": "FeatureStore"}]
)
def test_other_identities_are_left_out(
    verdicts: Verdicts, changes: Mapping[str, Any]
) -> None:
    [result] = verdicts(umi_roles_preprovisioned, workspace(**changes), storage())
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize(
    ("identity", "own", "used", "status"),
    [
        (OWN, [(BLOB, STORAGE)], [], PASS),
        (OWN, [(OWNER, GROUP)], [], PASS),
        (OWN, [], [], WARN),
        (OWN, [(READER, GROUP)], [], WARN),
        (ASSIGNED, [], [(BLOB, SUBSCRIPTION)], PASS),
        (ASSIGNED, [(BLOB, STORAGE)], [], FAIL),
        ({**ASSIGNED, **OWN, "type": "SystemAssigned,UserAssigned"}, [], [], FAIL),
        (
            {**ASSIGNED, **OWN, "type": "SystemAssigned, UserAssigned"},
            [],
            [(BLOB, STORAGE)],
            WARN,
        ),
        (None, [], [], NONE),
        (ABSENT, [], [], NONE),
        ({"type": "None"}, [], [], NONE),
        ({"type": "UserAssigned", "userAssignedIdentities": "x"}, [], [], UNREAD),
    ],
)
@pytest.mark.parametrize("mode", ["identity", "accesskey", ABSENT])
def test_what_endpoints_hold(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    mode: object,
    identity: object,
    own: Granted,
    used: Granted,
    status: Status,
) -> None:
    granted = *given(rbac, own), *given(rbac, used, USED_PRINCIPAL)
    endpoint = body(ENDPOINT, {}, identity=identity)
    place = project(systemDatastoresAuthMode=mode)
    results = verdicts(
        endpoint_mi_storage_roles, *roles, *granted, place, storage(), endpoint
    )
    assert results.only(ENDPOINT).status is status


def test_endpoints_without_storage(verdicts: Verdicts) -> None:
    bodies = project(storageAccount=None), body(ENDPOINT, {}, identity=OWN)
    assert verdicts(endpoint_mi_storage_roles, *bodies).only(ENDPOINT).status is NONE


PRIVATE = pe("one", "blob"), pe("two", "File")


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ([(READER, f"{ENDPOINTS}/one"), (READER, f"{ENDPOINTS}/two")], PASS),
        ([(READER, GROUP)], PASS),
        ([(CONTRIBUTOR, GROUP)], PASS),
        ([(LOOKER, SUBSCRIPTION)], PASS),
        ([(READER, f"{ENDPOINTS}/one")], FAIL),
        ([(READER, STORAGE)], FAIL),
        ([(MANAGE, GROUP)], FAIL),
    ],
)
def test_who_may_read_private_endpoints(
    verdicts: Verdicts, rbac: Any, roles: Any, granted: Granted, status: Status
) -> None:
    bodies = *roles, *given(rbac, granted), project(), storage(), *PRIVATE
    assert verdicts(project_mi_pe_reader, *bodies).only(PROJECT).status is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((project(), storage()), NONE),
        ((project(), storage(), pe("one", "table")), NONE),
        ((project(), storage(), pe("one", "blob", "Pending")), NONE),
        ((project(), storage(), pe("one", "blob")), FAIL),
        ((project(None), storage(), pe("one", "blob")), NONE),
        ((project(storageAccount=None), storage(), pe("one", "blob")), NONE),
        ((project(ASSIGNED), storage(), pe("one", "blob")), FAIL),
        ((project(systemDatastoresAuthMode=ABSENT), storage(), *PRIVATE), FAIL),
        ((project({"type": "SystemAssigned"}), storage(), *PRIVATE), UNREAD),
    ],
)
def test_which_private_endpoints(
    verdicts: Verdicts, roles: Any, bodies: tuple[Body, ...], status: Status
) -> None:
    results = verdicts(project_mi_pe_reader, *roles, *bodies)
    assert results.only(PROJECT).status is status


@pytest.mark.parametrize(
    ("primary", "status"),
    [(USED, PASS), (USED.upper(), PASS), (f"{USED}2", FAIL), (None, FAIL)],
)
def test_only_the_primary_identity_needs_roles(
    verdicts: Verdicts, rbac: Any, roles: Any, primary: str | None, status: Status
) -> None:
    granted = given(rbac, [(READER, GROUP)], USED_PRINCIPAL)
    bodies = *roles, *granted, storage(), pe("one", "blob")
    one = project(MIXED, primaryUserAssignedIdentity=primary)
    results = verdicts(project_mi_pe_reader, *bodies, one)
    assert results.only(PROJECT).status is status
    results = verdicts(project_mi_storage_roles, *bodies, one)
    assert results.only(PROJECT).status is (NONE if primary else FAIL)
    hub = workspace(identity=MIXED, primaryUserAssignedIdentity=primary)
    result = verdicts(hub_mi_storage_roles, *bodies, hub).only(HUB)
    assert result.status is (NONE if primary else FAIL)


@pytest.mark.parametrize(
    ("endpoint", "whole", "status"),
    [
        (f"{ENDPOINTS}/one", True, PASS),
        (f"{ENDPOINTS}/gone", True, PASS),
        (f"{ELSEWHERE}/managed/privateEndpoints/one", True, PASS),
        (f"{ELSEWHERE}/managed/privateEndpoints/one", False, UNREAD),
        (None, True, UNREAD),
    ],
)
def test_private_endpoints_of_others(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    endpoint: str | None,
    whole: bool,
    status: Status,
) -> None:
    connection = {
        "privateEndpoint": {"id": endpoint} if endpoint else None,
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    account = storage(privateEndpointConnections=[{"properties": connection}])
    reader = given(rbac, [(READER, GROUP)])
    bodies = *roles, *reader, project(), account, pe("one", "blob")
    results = verdicts(project_mi_pe_reader, *bodies, whole_tenant=whole)
    assert results.only(PROJECT).status is status


def test_private_endpoints_unread(verdicts: Verdicts, roles: Any) -> None:
    unread = [(PrivateEndpoint, SUBSCRIPTION)]
    results = verdicts(
        project_mi_pe_reader, *roles, project(), storage(), unread=unread
    )
    assert results.only(PROJECT).status is UNREAD
