from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.authorization.assigned_principals import (
    CHECKS,
    effective_unknown,
    orphan_assignment,
)
from checks.authorization.holders import app_owner_contrib
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import DirectoryObject, GroupMember
from scanner.model.machinelearning import Workspace
from scanner.model.resources import TENANT_TYPE

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
OBJECTS = f"/tenants/{TENANT}/providers/Microsoft.Graph/directoryObjects"

PASS, WARN, INFO = Status.PASS, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

ACCOUNT_BODY: Body = {"id": ACCOUNT, "kind": "OpenAI", "properties": {}}
HUB: Body = {
    "id": f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub",
    "kind": "Hub",
    "properties": {"storageAccount": STORAGE},
}

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def known(name: str, kind: str = "group", at: str = OBJECTS, **more: object) -> Body:
    properties = {"id": name, "displayName": name.title(), **more}
    return {"id": f"{at}/{name}", "kind": kind, "properties": properties}


def member(group: str, name: str) -> Body:
    return known(name, "user", f"{OBJECTS}/{group}/members")


ASKED = known("someone", "user")


@pytest.fixture
def granted(rbac: Any) -> tuple[Body, ...]:
    role = rbac.role("owner", actions=["*"])
    return ACCOUNT_BODY, role, rbac.grant("staff", "owner", GROUP, "Group")


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "rbac-effective-unknown",
        "rbac-orphan-assignment",
    ]


@each_check
def test_without_the_directory(
    verdicts: Verdicts, granted: Any, check: Check[Any]
) -> None:
    [result] = verdicts(check, *granted)
    assert result.status is UNREAD
    assert result.target.resource_type == TENANT_TYPE
    assert "1 assignment " in result.reason
    assert "--directory" in result.reason
    assert verdicts(check, ACCOUNT_BODY).only().status is NONE


@each_check
def test_what_the_directory_refused(
    verdicts: Verdicts, granted: Any, check: Check[Any]
) -> None:
    refused = [(DirectoryObject, f"/tenants/{TENANT}")]
    [result] = verdicts(check, *granted, ASKED, unread=refused)
    assert result.status is UNREAD
    assert "AuthorizationFailed" in result.reason
    assert result.target.resource_id == granted[-1]["id"]


@each_check
def test_nobody_is_named(verdicts: Verdicts, granted: Any, check: Check[Any]) -> None:
    *others, assignment = granted
    assignment["properties"]["principalId"] = None
    assert verdicts(check, *others, ASKED, assignment).only().status is UNREAD


@each_check
def test_refused(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, ACCOUNT_BODY, unread=[(RoleAssignment, SUBSCRIPTION)])
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)


# Members


def test_members(verdicts: Verdicts, granted: Any) -> None:
    people = [member("staff", name) for name in ("ann", "bob", "cid", "dee")]
    [result] = verdicts(effective_unknown, *granted, known("staff"), *people)
    assert result.status is INFO
    assert '"Staff" has 4 members: "Ann", "Bob", "Cid" and 1 more' in result.reason
    [result] = verdicts(effective_unknown, *granted, known("staff"))
    assert result.reason.endswith("has 0 members")


def test_a_group_that_is_gone(verdicts: Verdicts, granted: Any) -> None:
    [result] = verdicts(effective_unknown, *granted, ASKED)
    assert result.status is INFO
    assert "no such group" in result.reason


def test_members_that_were_refused(verdicts: Verdicts, granted: Any) -> None:
    refused = [(GroupMember, f"{OBJECTS}/staff")]
    bodies = *granted, known("staff")
    [result] = verdicts(effective_unknown, *bodies, unread=refused)
    assert result.status is UNREAD
    assert "AuthorizationFailed" in result.reason


@pytest.mark.parametrize(
    ("kind", "directory", "status"),
    [
        ("User", "user", NONE),
        ("ServicePrincipal", "servicePrincipal", NONE),
        (None, "user", NONE),
        (None, "group", INFO),
        ("ForeignGroup", None, UNREAD),
    ],
)
def test_who_may_have_members(
    verdicts: Verdicts, granted: Any, kind: Any, directory: Any, status: Status
) -> None:
    *others, assignment = granted
    assignment["properties"]["principalType"] = kind
    named = known("staff", directory) if directory else ASKED
    found = verdicts(effective_unknown, *others, assignment, named)
    assert found.only().status is status


# Orphans


def test_orphans(verdicts: Verdicts, granted: Any) -> None:
    [result] = verdicts(orphan_assignment, *granted, ASKED)
    assert result.status is WARN
    assert "no group staff" in result.reason
    assert "resource group rg" in result.reason
    assert verdicts(orphan_assignment, *granted, known("STAFF")).only().status is PASS


def test_a_name_that_the_directory_keeps_to_itself(
    verdicts: Verdicts, granted: Any
) -> None:
    nameless = known("staff", displayName=None)
    [result] = verdicts(orphan_assignment, *granted, nameless)
    assert (result.status, result.reason) == (PASS, 'the directory knows "staff"')


@pytest.mark.parametrize(
    ("at", "status"),
    [
        (SUBSCRIPTION, WARN),
        (GROUP, WARN),
        (ACCOUNT, WARN),
        (HUB["id"], WARN),
        (STORAGE.upper(), WARN),
        (f"{STORAGE}2", NONE),
        (f"{GROUP}2", NONE),
    ],
)
def test_the_estate(verdicts: Verdicts, rbac: Any, at: str, status: Status) -> None:
    assignment = rbac.grant("gone", "lost", at)
    found = verdicts(orphan_assignment, ACCOUNT_BODY, HUB, ASKED, assignment)
    assert found.only().status is status


@pytest.mark.parametrize("view", [CognitiveAccount, Workspace])
def test_an_estate_that_was_not_read_whole(
    verdicts: Verdicts, rbac: Any, view: Any
) -> None:
    inside = rbac.grant("gone", "lost", ACCOUNT)
    perhaps = rbac.grant("gone", "lost", f"{GROUP}2")
    bodies = [each for each in (ACCOUNT_BODY, HUB) if view.type not in each["id"]]
    granted = inside if view is Workspace else rbac.grant("gone", "lost", STORAGE)
    refused = [(view, SUBSCRIPTION)]
    results = verdicts(
        orphan_assignment, *bodies, ASKED, granted, perhaps, unread=refused
    )
    found = {each.target.resource_id: each.status for each in results}
    assert found == {granted["id"]: WARN, perhaps["id"]: UNREAD}


def test_groups_of_another_tenant(verdicts: Verdicts, rbac: Any) -> None:
    assignment = rbac.grant("gone", "lost", GROUP, "ForeignGroup")
    found = verdicts(orphan_assignment, ACCOUNT_BODY, ASKED, assignment)
    assert found.only().status is NONE


def test_the_directory_says_what_an_assignment_does_not(
    verdicts: Verdicts, rbac: Any
) -> None:
    role = rbac.role(BuiltIn.OWNER, actions=["*"])
    assignment = rbac.grant("app", BuiltIn.OWNER, GROUP, None)
    bodies = ACCOUNT_BODY, role, assignment
    assert verdicts(app_owner_contrib, *bodies).only().status is UNREAD
    app, person = known("app", "servicePrincipal"), known("app", "user")
    assert verdicts(app_owner_contrib, *bodies, app).only().status is Status.FAIL
    assert verdicts(app_owner_contrib, *bodies, person).only().status is NONE
