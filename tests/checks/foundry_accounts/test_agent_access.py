"""Roles of Foundry projects on what their agents keep, and how far they reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_accounts import agent_access as foundry_agent_access
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.cognitive import ProjectCapabilityHost, ProjectConnection
from scanner.model.documentdb import SqlRoleAssignment

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/account"
PROJECT = f"{ACCOUNT}/projects/project"
COSMOS = f"{PROVIDERS}/Microsoft.DocumentDB/databaseAccounts/cosmos"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/storage"
OWN = "0f8fad5b-d9cb-469f-a165-70867728950e"
BOXES = f"{STORAGE}/blobServices/default/containers/{OWN}"
FILES, AGENTS = f"{BOXES}-azureml-blobstore", f"{BOXES}-agents-blobstore"
SELF = "cccccccc-0000-0000-0000-000000000001"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
ABSENT = ...

CHECKS = {check.id: check for check in foundry_agent_access.CHECKS}
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
TARGETS = {"t": COSMOS, "v": SEARCH, "s": STORAGE}
KEPT: Body = {
    "threadStorageConnections": ["t"],
    "vectorStoreConnections": ["v"],
    "storageConnections": ["s"],
}


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def project(internal: object = OWN.replace("-", ""), **identity: object) -> Body:
    own = identity or {"type": "SystemAssigned", "principalId": SELF}
    return body(PROJECT, {"internalId": internal}, identity=own)


def host(kept: Mapping[str, object] = KEPT) -> Body:
    return body(f"{PROJECT}/capabilityHosts/h", kept)


def connection(name: str, of: str = PROJECT) -> Body:
    metadata = {"ResourceId": TARGETS[name]}
    properties = {"authType": "AAD", "metadata": metadata}
    return body(f"{of}/connections/{name}", properties)


def role(rbac: Any, of: BuiltIn, *, blobs: bool = False) -> Body:
    block = {"dataActions": [f"{BLOBS}/*"]} if blobs else {"actions": [f"x/{of}"]}
    made: Body = rbac.role(of.value, **block)
    return made


def inside(role_id: int = 2, who: str = SELF, scope: str = f"{COSMOS}/dbs/x") -> Body:
    name = f"00000000-0000-0000-0000-{role_id:012}"
    properties = {
        "roleDefinitionId": f"{COSMOS}/sqlRoleDefinitions/{name}",
        "principalId": who,
        "scope": scope,
    }
    return body(f"{COSMOS}/sqlRoleAssignments/a", properties)


MEMORY = f"{COSMOS}/dbs/enterprise_memory"
WIDE = {BuiltIn.STORAGE_BLOB_DATA_OWNER, BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR}
GRANTS = {
    (BuiltIn.COSMOS_OPERATOR, COSMOS),
    (BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR, SEARCH),
    (BuiltIn.SEARCH_CONTRIBUTOR, SEARCH),
    (BuiltIn.STORAGE_CONTRIBUTOR, STORAGE),
    (BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR, FILES),
    (BuiltIn.STORAGE_BLOB_DATA_OWNER, AGENTS),
}
ESTATE = (
    host(),
    body(ACCOUNT, {}, kind="AIServices"),
    *map(connection, TARGETS),
    *(body(each, {}, kind="GlobalDocumentDB") for each in TARGETS.values()),
)


def granted(
    rbac: Any, *grants: tuple[BuiltIn, str], **properties: object
) -> list[Body]:
    roles = {each for each, _ in GRANTS}
    made = [role(rbac, each, blobs=each in WIDE) for each in sorted(roles)]
    kind = "ServicePrincipal"
    return made + [
        rbac.grant(SELF, each.value, at, kind, **properties)
        for each, at in sorted(grants)
    ]


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(CHECKS[check], *bodies, **options)
    result = found.only(PROJECT)
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


# Roles


def test_all_roles_are_held(verdicts: Verdicts, rbac: Any) -> None:
    check, held = "fdp-agent-rbac", granted(rbac, *GRANTS)
    given = (project(), *ESTATE, *held)
    for scope in (MEMORY, COSMOS):
        assert status_of(verdicts, check, *given, inside(scope=scope)) is PASS
    assert status_of(verdicts, check, *given, *in_collections(OWN)) is PASS


def in_collections(prefix: str) -> list[Body]:
    ends = ("thread-message-store", "system-thread-message-store", "agent-entity-store")
    made = [inside(scope=f"{MEMORY}/colls/{prefix}-{end}") for end in ends]
    return [{**each, "id": f"{each['id']}{n}"} for n, each in enumerate(made)]


def test_a_part_of_the_threads_is_not_enough(verdicts: Verdicts, rbac: Any) -> None:
    check, given = "fdp-agent-rbac", (project(), *ESTATE, *granted(rbac, *GRANTS))
    own = in_collections(OWN)
    for held in (own[:1], own[1:], in_collections(OWN[::-1])):
        assert status_of(verdicts, check, *given, *held) is FAIL
    one = inside(scope=f"{MEMORY}/colls/threads")
    assert status_of(verdicts, check, *given, one) is FAIL


@pytest.mark.parametrize("lacking", sorted(GRANTS))
def test_a_role_is_lacking(
    lacking: tuple[BuiltIn, str], verdicts: Verdicts, rbac: Any
) -> None:
    held = granted(rbac, *GRANTS - {lacking})
    given = (project(), *ESTATE, *held, inside(scope=MEMORY))
    assert status_of(verdicts, "fdp-agent-rbac", *given) is FAIL


def test_all_that_is_lacking_is_told_at_once(verdicts: Verdicts, rbac: Any) -> None:
    held = granted(rbac, *GRANTS - {(BuiltIn.SEARCH_CONTRIBUTOR, SEARCH)})
    given = (project(), *ESTATE, *held)
    check = CHECKS["fdp-agent-rbac"]
    said = verdicts(check, *given).only(PROJECT).reason
    assert BuiltIn.SEARCH_CONTRIBUTOR.value in said
    assert "Cosmos DB Built-in Data Contributor" in said
    lost = [each for each in given if each["id"] != COSMOS]
    result = verdicts(check, *lost).only(PROJECT)
    assert BuiltIn.SEARCH_CONTRIBUTOR.value in result.reason
    assert "leads to nothing that exists" in result.reason
    assert result.advice.startswith("Make anew what the connection leads to")
    unread = verdicts(check, *given, unread=[(SqlRoleAssignment, COSMOS)]).only(PROJECT)
    assert unread.status is FAIL


def test_blob_data_contributor_on_the_account_will_do(
    verdicts: Verdicts, rbac: Any
) -> None:
    wide = (BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR, STORAGE)
    kept = GRANTS - {
        (BuiltIn.STORAGE_CONTRIBUTOR, STORAGE),
        (BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR, FILES),
    }
    given = (project(), *ESTATE, *granted(rbac, *kept, wide), inside(scope=MEMORY))
    assert status_of(verdicts, "fdp-agent-rbac", *given) is PASS


@pytest.mark.parametrize(
    ("assignment", "status"),
    [
        (inside(scope=MEMORY), PASS),
        (inside(scope=f"{MEMORY}_old"), FAIL),
        (inside(scope=f"{COSMOS}/dbs/other"), FAIL),
        (inside(1, scope=COSMOS), FAIL),
        (inside(9, scope=COSMOS), WARN),
        (inside(who="somebody", scope=COSMOS), FAIL),
        (None, FAIL),
        (body(f"{COSMOS}/sqlRoleAssignments/a", {"scope": 7}), UNREAD),
    ],
)
def test_roles_inside_cosmos(
    assignment: Body | None, status: Status, verdicts: Verdicts, rbac: Any
) -> None:
    given = [project(), *ESTATE, *granted(rbac, *GRANTS)]
    given += [assignment] if assignment else []
    assert status_of(verdicts, "fdp-agent-rbac", *given) is status


def test_a_project_without_an_identity_lacks_all(verdicts: Verdicts) -> None:
    given = (project(type="None"), *ESTATE)
    assert status_of(verdicts, "fdp-agent-rbac", *given) is FAIL


@pytest.mark.parametrize("internal", [None, ABSENT, "not a guid", 7])
def test_containers_of_unknown_names(
    internal: object, verdicts: Verdicts, rbac: Any
) -> None:
    check, project_ = "fdp-agent-rbac", project(internal)
    given = (project_, *ESTATE, inside(scope=MEMORY))
    assert status_of(verdicts, check, *given, *granted(rbac, *GRANTS)) is UNREAD
    assert status_of(verdicts, check, *given, *granted(rbac)) is FAIL


def test_a_connection_to_nothing(verdicts: Verdicts, rbac: Any) -> None:
    held = [*granted(rbac, *GRANTS), inside(scope=MEMORY)]
    estate = [each for each in ESTATE if each["id"] != SEARCH]
    assert status_of(verdicts, "fdp-agent-rbac", project(), *estate, *held) is FAIL
    estate = [each for each in ESTATE if not each["id"].endswith("/connections/v")]
    given = (project(), *estate, *held)
    assert status_of(verdicts, "fdp-agent-rbac", *given) is FAIL
    shared = connection("v", ACCOUNT)
    assert status_of(verdicts, "fdp-agent-rbac", *given, shared) is PASS


@pytest.mark.parametrize("name", ["gone", f"{PROJECT}/connections/gone"])
def test_a_host_that_names_no_connection(name: str, verdicts: Verdicts) -> None:
    estate = [each for each in ESTATE if "capabilityHosts" not in each["id"]]
    given = (project(), *estate, host(dict.fromkeys(KEPT, (name,))))
    assert status_of(verdicts, "fdp-agent-rbac", *given) is FAIL
    assert status_of(verdicts, "fdp-agent-storage-condition", *given) is NONE


@pytest.mark.parametrize("check", CHECKS)
def test_a_host_that_names_nothing(check: str, verdicts: Verdicts) -> None:
    estate = [each for each in ESTATE if "capabilityHosts" not in each["id"]]
    given = (project(), *estate, host(dict.fromkeys(KEPT, ("/",))))
    assert status_of(verdicts, check, *given) is UNREAD


@pytest.mark.parametrize("check", CHECKS)
def test_without_stores_there_is_nothing_to_hold(
    check: str, verdicts: Verdicts
) -> None:
    account = body(ACCOUNT, {}, kind="AIServices")
    assert status_of(verdicts, check, project(), account) is NONE
    assert status_of(verdicts, check, project(), account, host({})) is NONE
    unread = [(ProjectCapabilityHost, PROJECT)]
    assert status_of(verdicts, check, project(), account, unread=unread) is UNREAD


@pytest.mark.parametrize(
    ("check", "view", "scope"),
    [
        ("fdp-agent-rbac", RoleAssignment, SUBSCRIPTION),
        ("fdp-agent-rbac", SqlRoleAssignment, COSMOS),
        ("fdp-agent-rbac", ProjectConnection, PROJECT),
        ("fdp-agent-storage-condition", RoleAssignment, SUBSCRIPTION),
        ("fdp-agent-storage-condition", ProjectConnection, PROJECT),
    ],
)
def test_what_was_not_read_decides_nothing(
    check: str, view: Any, scope: str, verdicts: Verdicts, rbac: Any
) -> None:
    held = [] if view is RoleAssignment else granted(rbac, *GRANTS)
    held += [] if view is SqlRoleAssignment else [inside(scope=MEMORY)]
    given = (project(), *ESTATE, *held)
    assert status_of(verdicts, check, *given, unread=[(view, scope)]) is UNREAD


# Conditions

NAME = "Microsoft.Storage/storageAccounts/blobServices/containers:name"
OWNER = BuiltIn.STORAGE_BLOB_DATA_OWNER
CONTRIBUTOR = BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR


def only(prefix: str) -> str:
    return (
        f"(!(ActionMatches{{'{BLOBS}/*'}})) OR "
        f"(@Resource[{NAME}] StringStartsWithIgnoreCase '{prefix}')"
    )


@pytest.mark.parametrize(
    ("grant", "condition", "status"),
    [
        ((OWNER, STORAGE), only(OWN), PASS),
        ((OWNER, SUBSCRIPTION), only(OWN.upper()), PASS),
        ((OWNER, STORAGE), None, FAIL),
        ((OWNER, SUBSCRIPTION), ABSENT, FAIL),
        ((OWNER, STORAGE), only("another"), FAIL),
        ((CONTRIBUTOR, STORAGE), only(OWN[:8]), FAIL),
        ((CONTRIBUTOR, STORAGE), None, WARN),
        ((CONTRIBUTOR, STORAGE), only(OWN), PASS),
        ((OWNER, STORAGE), "(@Resource[", UNREAD),
        ((OWNER, STORAGE), 7, UNREAD),
        ((OWNER, AGENTS), None, NONE),
    ],
)
def test_conditions(
    grant: tuple[BuiltIn, str],
    condition: object,
    status: Status,
    verdicts: Verdicts,
    rbac: Any,
) -> None:
    given = (project(), *ESTATE, *granted(rbac, grant, condition=condition))
    assert status_of(verdicts, "fdp-agent-storage-condition", *given) is status


OTHER = STORAGE + "/blobServices/default/containers/" + OWN.replace("0f8", "1f8")


@pytest.mark.parametrize(
    ("grants", "status", "said"),
    [
        ([(OWNER, AGENTS), (OWNER, f"{OTHER}-agents-blobstore")], FAIL, "of others"),
        ([(CONTRIBUTOR, f"{OTHER}-azureml-blobstore")], FAIL, "of others"),
        ([(CONTRIBUTOR, f"{BOXES}-azureml-blobstore".upper())], NONE, ""),
        ([(OWNER, f"{BOXES[:-36]}own-files")], NONE, 'whose "own-files" is'),
        ([(OWNER, f"{STORAGE}/blobServices/default")], FAIL, "no condition"),
        ([(OWNER, f"{STORAGE}2{OTHER.removeprefix(STORAGE)}")], NONE, "no role"),
        ([(OWNER, f"{STORAGE}/fileServices/default")], NONE, "no role"),
    ],
)
def test_grants_of_single_containers(
    grants: list[tuple[BuiltIn, str]],
    status: Status,
    said: str,
    verdicts: Verdicts,
    rbac: Any,
) -> None:
    given = (project(), *ESTATE, *granted(rbac, *grants))
    result = verdicts(CHECKS["fdp-agent-storage-condition"], *given).only(PROJECT)
    assert (result.status, said in result.reason) == (status, True)


def test_groups_may_hold_containers_of_others(verdicts: Verdicts, rbac: Any) -> None:
    held = granted(rbac, (OWNER, STORAGE), condition=only(OWN))
    check = CHECKS["fdp-agent-storage-condition"]
    for at in (STORAGE, OTHER):
        group = rbac.grant("team", OWNER, at, "Group")
        result = verdicts(check, project(), *ESTATE, *held, group).only(PROJECT)
        assert (result.status, "the members of 1 group" in result.reason) == (
            PASS,
            True,
        )


def test_a_condition_for_a_project_of_unknown_name(
    verdicts: Verdicts, rbac: Any
) -> None:
    held = granted(rbac, (OWNER, STORAGE), condition=only(OWN))
    check = "fdp-agent-storage-condition"
    assert status_of(verdicts, check, project(None), *ESTATE, *held) is UNREAD
