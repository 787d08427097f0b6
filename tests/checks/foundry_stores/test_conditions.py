from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.foundry_stores.conditions import (
    CHECKS,
    mi_abac_correct,
    mi_abac_present,
    umi_conditions,
)
from scanner.access.builtin import BuiltIn
from scanner.access.conditions import Request, Tri, evaluate, parse
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.machinelearning import Workspace
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
HUB, PROJECT = f"{WORKSPACES}/hub", f"{WORKSPACES}/project"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
USED = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
OWN_PRINCIPAL = "11111111-aaaa-4000-8000-000000000001"
USED_PRINCIPAL = "11111111-aaaa-4000-8000-000000000002"
OWN_ID = "3c1b6f0e-5a0f-4c1d-9a51-0d8f6f6c2b11"
HUB_ID = "f29e1f3a-77c0-4d9e-8f0b-5a1c3d2e4b60"
ABSENT = ...

OWN = {"type": "SystemAssigned", "principalId": OWN_PRINCIPAL}
ASSIGNED = {
    "type": "UserAssigned",
    "userAssignedIdentities": {USED: {"principalId": USED_PRINCIPAL}},
}

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
CORE = ("delete", "read", "write", "move/action", "add/action")
BLOB = BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR
OWNER = BuiltIn.STORAGE_BLOB_DATA_OWNER
READER = BuiltIn.STORAGE_BLOB_DATA_READER
CONTRIBUTOR = BuiltIn.CONTRIBUTOR

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def named(value: str, operator: str = "StringStartsWithIgnoreCase") -> str:
    return f"@Resource[{CONTAINERS}:name] {operator} '{value}'"


def condition(rest: str, *actions: str) -> str:
    """Return a condition as Foundry writes it: none of the actions, or the rest."""
    guards = " AND ".join(
        f"!(ActionMatches{{'{BLOBS}/{one}'}})" for one in actions or CORE
    )
    return f"(({guards}) OR ({rest}))"


FOUNDRY = condition(named(OWN_ID))


@pytest.fixture
def roles(rbac: Any) -> list[Body]:
    return [
        rbac.role(BLOB, dataActions=[f"{BLOBS}/{one}" for one in CORE]),
        rbac.role(OWNER, dataActions=[f"{BLOBS}/*"]),
        rbac.role(READER, dataActions=[f"{BLOBS}/read"]),
        rbac.role(CONTRIBUTOR, actions=["*"]),
        rbac.role("tagger", dataActions=[f"{BLOBS}/tags/write"]),
    ]


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(
    id: str = PROJECT,
    kind: str = "Project",
    identity: object = OWN,
    **changes: object,
) -> Body:
    properties = {
        "workspaceId": OWN_ID,
        "storageAccount": STORAGE,
        "hubResourceId": HUB if kind == "Project" else None,
    }
    return body(id, {**properties, **changes}, kind=kind, identity=identity)


ACCOUNT: Body = {"id": STORAGE, "properties": {}}


Grants = list[tuple[str, str, str | None]]
"""Roles, where, and under which condition: what one identity was granted."""


def granted(rbac: Any, grants: Grants, who: str = OWN_PRINCIPAL, **more: Any) -> Any:
    return [
        rbac.grant(who, role, at, "ServicePrincipal", condition=text, **more)
        for role, at, text in grants
    ]


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ([(BLOB, STORAGE, FOUNDRY)], PASS),
        ([(BLOB, STORAGE, FOUNDRY), (OWNER, GROUP, FOUNDRY)], PASS),
        ([(BLOB, STORAGE, FOUNDRY), (CONTRIBUTOR, GROUP, None)], PASS),
        ([(BLOB, STORAGE, "something else")], PASS),
        ([(BLOB, STORAGE, None)], FAIL),
        ([(BLOB, STORAGE, " ")], FAIL),
        ([(BLOB, STORAGE, FOUNDRY), (READER, SUBSCRIPTION, None)], FAIL),
        ([(BLOB, STORAGE, FOUNDRY), ("tagger", GROUP, None)], FAIL),
        ([(BLOB, STORAGE, FOUNDRY), (BLOB, f"{STORAGE}2", None)], PASS),
        ([(CONTRIBUTOR, GROUP, None)], NONE),
        ([], NONE),
    ],
)
def test_conditions_that_are_there(
    verdicts: Verdicts, rbac: Any, roles: Any, grants: Grants, status: Status
) -> None:
    bodies = *roles, *granted(rbac, grants), workspace(), ACCOUNT
    assert verdicts(mi_abac_present, *bodies).only(PROJECT).status is status


@pytest.mark.parametrize(
    ("version", "status"),
    [("2.0", PASS), (None, PASS), ("1.0", FAIL), (2, UNREAD)],
)
def test_versions(
    verdicts: Verdicts, rbac: Any, roles: Any, version: object, status: Status
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, FOUNDRY)], conditionVersion=version)
    bodies = *roles, *grants, workspace(), ACCOUNT
    assert verdicts(mi_abac_present, *bodies).only(PROJECT).status is status


def test_groups_that_may_undo_a_condition(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, FOUNDRY)])
    group = rbac.grant("staff", BLOB, GROUP, "Group")
    bodies = *roles, *grants, workspace(), ACCOUNT
    alone = verdicts(mi_abac_present, *bodies).only(PROJECT)
    beside = verdicts(mi_abac_present, *bodies, group).only(PROJECT)
    assert alone.status is beside.status is PASS
    assert "the members of 1 group" not in alone.reason
    assert "the members of 1 group" in beside.reason


def test_an_eligible_role_is_none(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, None)], eligible=True)
    results = verdicts(mi_abac_present, *roles, *grants, workspace(), ACCOUNT)
    assert results.only(PROJECT).status is NONE


PRIVATE = "@Environment[isPrivateLink] BoolEquals true"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (FOUNDRY, PASS),
        (FOUNDRY.replace(OWN_ID, OWN_ID.upper()), PASS),
        (condition(named(OWN_ID, "StringStartsWith")), PASS),
        (condition(named(f"{OWN_ID}-azureml", "StringStartsWith")), PASS),
        (condition(named(f"{OWN_ID}*", "StringLike")), PASS),
        (condition(named(f"{OWN_ID}-azureml-blobstore", "StringEquals")), PASS),
        (condition(f"{named(OWN_ID)} AND {named('*-agents', 'StringLike')}"), PASS),
        (condition(f"{named(HUB_ID)} AND {named(OWN_ID)}"), PASS),
        (condition("false"), PASS),
        (f"!(ActionMatches{{'{BLOBS}/*'}}) OR {named(OWN_ID)}", PASS),
        (named(OWN_ID), PASS),
        (condition(named(HUB_ID)), FAIL),
        (condition(f"{named(OWN_ID)} OR {named(HUB_ID)}"), FAIL),
        (condition(named(OWN_ID[:-1])), FAIL),
        (condition(named("")), FAIL),
        (condition(named("*", "StringLike")), FAIL),
        (condition(named(f"*{OWN_ID}", "StringLike")), FAIL),
        (condition(named(OWN_ID, "StringNotEquals")), FAIL),
        (condition(f"!({named(OWN_ID)})"), FAIL),
        (
            condition(
                f"{named(OWN_ID)} OR @Environment[isPrivateLink] BoolEquals true"
            ),
            FAIL,
        ),
        (condition("@Environment[isPrivateLink] BoolEquals true"), FAIL),
        (condition(named(OWN_ID), "read", "write", "delete", "add/action"), FAIL),
        (condition(named(OWN_ID), "tags/read"), FAIL),
        (
            f"({condition(named(OWN_ID))}) OR ({condition(named(OWN_ID), 'read')})",
            FAIL,
        ),
        (
            condition(named(OWN_ID)).replace(
                f"!(ActionMatches{{'{BLOBS}/read'}})",
                f"!(ActionMatches{{'{BLOBS}/read'}} AND "
                "!SubOperationMatches{'Blob.List'})",
            ),
            FAIL,
        ),
        ("(((", UNREAD),
    ],
)
def test_conditions_that_are_right(
    verdicts: Verdicts, rbac: Any, roles: Any, text: str, status: Status
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, text)])
    results = verdicts(mi_abac_correct, *roles, *grants, workspace(), ACCOUNT)
    assert results.only(PROJECT).status is status


@pytest.mark.parametrize(
    ("grants", "status"),
    [
        ([(BLOB, STORAGE, FOUNDRY)], PASS),
        ([(BLOB, STORAGE, None)], NONE),
        ([(BLOB, STORAGE, FOUNDRY), (READER, GROUP, None)], PASS),
        ([(BLOB, STORAGE, FOUNDRY), (READER, GROUP, condition(named("x")))], FAIL),
        ([(OWNER, STORAGE, FOUNDRY)], WARN),
        ([("tagger", STORAGE, FOUNDRY)], WARN),
        ([(OWNER, STORAGE, condition(named(OWN_ID), "*"))], PASS),
        ([(CONTRIBUTOR, STORAGE, FOUNDRY)], NONE),
        ([], NONE),
    ],
)
def test_what_the_role_has_besides(
    verdicts: Verdicts, rbac: Any, roles: Any, grants: Grants, status: Status
) -> None:
    bodies = *roles, *granted(rbac, grants), workspace(), ACCOUNT
    assert verdicts(mi_abac_correct, *bodies).only(PROJECT).status is status


def test_whose_containers_are_open(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    hub = workspace(HUB, "Hub", None, workspaceId=HUB_ID)
    grants = granted(rbac, [(BLOB, STORAGE, condition(named(HUB_ID)))])
    results = verdicts(mi_abac_correct, *roles, *grants, workspace(), hub, ACCOUNT)
    assert results.only(PROJECT).reason.endswith("lead to containers of hub")
    grants = granted(rbac, [(BLOB, STORAGE, condition(named("x\n")))])
    results = verdicts(mi_abac_correct, *roles, *grants, workspace(), hub, ACCOUNT)
    assert r'names that begin with "x\n"' in results.only(PROJECT).reason


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (condition(named(HUB_ID)), PASS),
        (condition(f"{named(HUB_ID)} OR {named(OWN_ID)}"), PASS),
        (condition(named(OWN_ID)), PASS),
        (condition(f"{named(HUB_ID)} OR {named('9999')}"), FAIL),
    ],
)
def test_a_hub_may_reach_its_projects(
    verdicts: Verdicts, rbac: Any, roles: Any, text: str, status: Status
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, text)])
    hub = workspace(HUB, "Hub", workspaceId=HUB_ID)
    bodies = *roles, *grants, hub, workspace(identity=None), ACCOUNT
    assert verdicts(mi_abac_correct, *bodies).only(HUB).status is status
    vague = workspace(f"{PROJECT}2", hubResourceId=[HUB], identity=None)
    result = verdicts(mi_abac_correct, *bodies, vague).only(HUB)
    assert result.status is (UNREAD if status is FAIL else status)


CONTAINER = f"{STORAGE}/blobServices/default/containers"
OF_OWN, OF_HUB = f"{CONTAINER}/{OWN_ID}-azureml-blobstore", f"{CONTAINER}/{HUB_ID}-x"


@pytest.mark.parametrize(
    ("grant", "correct", "present", "assigned"),
    [
        ((BLOB, OF_HUB, None), FAIL, FAIL, WARN),
        ((READER, OF_HUB.upper(), None), FAIL, FAIL, WARN),
        ((BLOB, f"{CONTAINER}/azureml-blobstore-{HUB_ID}", None), FAIL, FAIL, WARN),
        (("tagger", OF_HUB, None), WARN, FAIL, WARN),
        ((BLOB, OF_HUB, condition(named(HUB_ID))), FAIL, PASS, PASS),
        ((BLOB, OF_HUB, FOUNDRY), PASS, PASS, PASS),
        ((BLOB, OF_OWN, None), PASS, PASS, PASS),
        ((BLOB, f"{CONTAINER}/training", None), PASS, PASS, PASS),
        ((BLOB, f"{STORAGE}/blobServices/default", None), PASS, FAIL, WARN),
        ((BLOB, OF_HUB.replace("/data/", "/other/"), None), PASS, PASS, PASS),
    ],
)
def test_grants_of_single_containers(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    grant: tuple[str, str, str | None],
    correct: Status,
    present: Status,
    assigned: Status,
) -> None:
    usual = (BLOB, STORAGE, FOUNDRY)
    own = *roles, *granted(rbac, [usual, grant]), workspace(), ACCOUNT
    results = [verdicts(mi_abac_correct, *own), verdicts(mi_abac_present, *own)]
    used = granted(rbac, [usual, grant], USED_PRINCIPAL)
    theirs = *roles, *used, workspace(identity=ASSIGNED), ACCOUNT
    results.append(verdicts(umi_conditions, *theirs))
    found = [each.only(PROJECT) for each in results]
    assert [each.status for each in found] == [correct, present, assigned]
    told = {'nothing tells whose "training" is' in each.reason for each in found}
    assert told == {"training" in grant[1]}


def test_a_single_container_may_be_that_of_who_shares_the_identity(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    used = granted(rbac, [(BLOB, OF_HUB, None)], USED_PRINCIPAL)
    bodies = *roles, *used, workspace(identity=ASSIGNED), ACCOUNT
    hub = workspace(HUB, "Hub", ASSIGNED, workspaceId=HUB_ID)
    assert verdicts(umi_conditions, *bodies).only(PROJECT).status is WARN
    assert verdicts(umi_conditions, *bodies, hub).only(PROJECT).status is NONE
    assert verdicts(mi_abac_correct, *bodies, hub).only(PROJECT).status is NONE
    other = workspace(HUB, "Hub", None, workspaceId=HUB_ID)
    result = verdicts(mi_abac_correct, *bodies, other).only(PROJECT)
    assert result.reason.endswith("lead to containers of hub")


@pytest.mark.parametrize("given_id", [None, ABSENT, "", 7])
def test_a_workspace_without_its_id(
    verdicts: Verdicts, rbac: Any, roles: Any, given_id: object
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, FOUNDRY)])
    one = workspace(workspaceId=given_id)
    results = verdicts(mi_abac_correct, *roles, *grants, one, ACCOUNT)
    assert results.only(PROJECT).status is UNREAD


@pytest.mark.parametrize(
    ("grants", "identity", "status"),
    [
        ([(BLOB, STORAGE, FOUNDRY)], ASSIGNED, PASS),
        ([(BLOB, STORAGE, None)], ASSIGNED, WARN),
        ([(BLOB, STORAGE, FOUNDRY), (READER, GROUP, None)], ASSIGNED, WARN),
        ([], ASSIGNED, NONE),
        ([(CONTRIBUTOR, GROUP, None)], ASSIGNED, NONE),
        ([(BLOB, STORAGE, None)], {**ASSIGNED, "userAssignedIdentities": 1}, UNREAD),
    ],
)
@pytest.mark.parametrize("kind", ["Hub", "Project"])
def test_user_assigned_identities(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    kind: str,
    grants: Grants,
    identity: object,
    status: Status,
) -> None:
    held = granted(rbac, grants, USED_PRINCIPAL)
    one = workspace(kind=kind, identity=identity)
    results = verdicts(umi_conditions, *roles, *held, one, ACCOUNT)
    assert results.only(PROJECT).status is status


def test_conditions_of_user_assigned_identities_are_judged(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    wrong = condition(named(HUB_ID))
    held = granted(rbac, [(BLOB, STORAGE, wrong)], USED_PRINCIPAL)
    bodies = *roles, *held, workspace(identity=ASSIGNED), ACCOUNT
    assert verdicts(mi_abac_correct, *bodies).only(PROJECT).status is FAIL
    assert verdicts(mi_abac_present, *bodies).only(PROJECT).status is NONE


@pytest.mark.parametrize(
    ("identity", "text", "status"),
    [
        (ASSIGNED, f"{named(HUB_ID)} OR {named(OWN_ID)}", PASS),
        (ASSIGNED, named(HUB_ID), PASS),
        (ASSIGNED, f"{named(HUB_ID)} OR {named('9999')}", FAIL),
        (OWN, named(HUB_ID), FAIL),
    ],
)
def test_workspaces_may_share_an_identity(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    identity: Body,
    text: str,
    status: Status,
) -> None:
    principal = OWN_PRINCIPAL if identity is OWN else USED_PRINCIPAL
    grants = granted(rbac, [(BLOB, STORAGE, condition(text))], principal)
    other = workspace(f"{PROJECT}2", identity=ASSIGNED, workspaceId=HUB_ID)
    bodies = *roles, *grants, workspace(identity=identity), other, ACCOUNT
    assert verdicts(mi_abac_correct, *bodies).only(PROJECT).status is status
    vague = workspace(f"{PROJECT}3", identity={**ASSIGNED, "userAssignedIdentities": 1})
    result = verdicts(mi_abac_correct, *bodies, vague).only(PROJECT)
    open_end = status is FAIL and identity is ASSIGNED
    assert result.status is (UNREAD if open_end else status)


BOTH = {
    "type": "UserAssigned",
    "userAssignedIdentities": {
        USED: {"principalId": USED_PRINCIPAL},
        f"{USED}2": {"principalId": OWN_PRINCIPAL},
    },
}


@pytest.mark.parametrize(
    ("condition_of_other", "status"), [(FOUNDRY, PASS), (None, WARN)]
)
@pytest.mark.parametrize("primary", [USED, f"{USED}2", None])
def test_every_assigned_identity_is_judged(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    primary: str | None,
    condition_of_other: str | None,
    status: Status,
) -> None:
    held = (
        *granted(rbac, [(BLOB, STORAGE, FOUNDRY)], USED_PRINCIPAL),
        *granted(rbac, [(BLOB, STORAGE, condition_of_other)]),
    )
    key = {"identity": {"userAssignedIdentity": f"{USED}2"}}
    one = workspace(identity=BOTH, primaryUserAssignedIdentity=primary, encryption=key)
    results = verdicts(umi_conditions, *roles, *held, one, ACCOUNT)
    assert results.only(PROJECT).status is status


@pytest.mark.parametrize("identity", [None, ABSENT, OWN, {"type": "None"}])
def test_workspaces_without_assigned_identities_are_left_out(
    verdicts: Verdicts, identity: object
) -> None:
    [result] = verdicts(umi_conditions, workspace(identity=identity), ACCOUNT)
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("view", "storage", "status"),
    [
        (RoleAssignment, STORAGE, {UNREAD}),
        (StorageAccount, STORAGE, {UNREAD}),
        (None, None, {NONE}),
        (None, f"{STORAGE}gone", {NONE}),
        (None, 5, {UNREAD}),
    ],
)
def test_what_cannot_be_seen(
    verdicts: Verdicts,
    roles: Any,
    check: Check[Any],
    view: Any,
    storage: object,
    status: set[Status],
) -> None:
    identity = ASSIGNED if check is umi_conditions else OWN
    unread = [(view, SUBSCRIPTION)] if view else []
    one = workspace(identity=identity, storageAccount=storage)
    results = verdicts(check, *roles, one, ACCOUNT, unread=unread)
    assert {each.status for each in results} == status


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_plain_workspaces_are_left_out(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, workspace(kind="Default", identity=ASSIGNED), ACCOUNT)
    assert result.target.resource_id.startswith("/tenants/")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_workspaces_unread(verdicts: Verdicts, check: Check[Any]) -> None:
    results = verdicts(check, ACCOUNT, unread=[(Workspace, SUBSCRIPTION)])
    assert {each.status for each in results} == {UNREAD}


NAMES = (OWN_ID, HUB_ID, OWN_ID[:8], f"{OWN_ID}-azureml", "")
OPERATORS = (
    "StringStartsWithIgnoreCase",
    "StringEquals",
    "StringLike",
    "StringNotLike",
)

comparisons = st.builds(
    lambda name, star, operator: named(
        name + ("*" if star and "Like" in operator else ""), operator
    ),
    st.sampled_from(NAMES),
    st.booleans(),
    st.sampled_from(OPERATORS),
)
guards = st.sampled_from([f"ActionMatches{{'{BLOBS}/{one}'}}" for one in (*CORE, "*")])
listing = st.just("SubOperationMatches{'Blob.List'}")
texts = st.recursive(
    st.one_of(comparisons, guards, listing),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} OR {two[1]})"),
    ),
    max_leaves=8,
)
conditions = st.one_of(
    texts, texts.map(condition), texts.map(lambda one: f"{FOUNDRY} AND ({one})")
)


def leads_outside(text: str) -> bool:
    """Whether some request for another's container satisfies a condition."""
    expression = parse(text).expression
    others = (f"{HUB_ID}-azureml", "logs", f"{OWN_ID[:8]}-x", HUB_ID, OWN_ID[:8])
    calls = product(CORE, (None, "Blob.List"), others)
    return any(
        evaluate(
            expression,
            Request(f"{BLOBS}/{action}", call, resource={f"{CONTAINERS}:name": name}),
        )
        is not Tri.FALSE
        for action, call, name in calls
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=conditions)
def test_no_condition_that_leads_outside_passes(
    verdicts: Verdicts, rbac: Any, roles: Any, text: str
) -> None:
    grants = granted(rbac, [(BLOB, STORAGE, text)])
    results = verdicts(mi_abac_correct, *roles, *grants, workspace(), ACCOUNT)
    result = results.only(PROJECT)
    if leads_outside(text):
        assert result.status is FAIL, text
