"""Findings that deny assignments may take back, by members of groups, known or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.access import key_readers, key_regenerators
from checks.authorization.holders import (
    app_role_least,
    foundry_user_listkeys,
    listkeys_role_assigned,
)
from checks.authorization.reach import deploy_models, keys_over_entra
from checks.foundry_stores.people import (
    connection_secret_readers,
    default_storage_key_holders,
)
from scanner.access.builtin import BuiltIn
from scanner.access.facts import EVERYONE
from scanner.model.authorization import DenyAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import GroupMember, member_id, object_id

if TYPE_CHECKING:
    from tests.checks.conftest import Body, Results, Verdicts

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
BODIES: tuple[Body, ...] = (
    {
        "id": f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai",
        "kind": "OpenAI",
        "properties": {"customSubDomainName": "ai"},
    },
    {"id": HUB, "kind": "Hub", "properties": {"storageAccount": STORAGE}},
    {"id": f"{HUB}/connections/c", "properties": {"authType": "ApiKey"}},
    {"id": STORAGE, "properties": {}},
)
ANYTHING = {"actions": ["*"], "dataActions": ["*"]}
STAFF, TEAM, ANN, BOB = (f"cccccccc-0000-0000-0000-00000000000{n}" for n in range(4))
EVERYBODY = (EVERYONE, "SystemDefined")

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, UNREAD = Status.INFO, Status.NOT_ASSESSED

CHECKS: dict[Check[Any], tuple[Status, Status]] = {
    key_readers: (FAIL, WARN),
    key_regenerators: (WARN, WARN),
    listkeys_role_assigned: (FAIL, WARN),
    foundry_user_listkeys: (WARN, WARN),
    deploy_models: (INFO, INFO),
    connection_secret_readers: (FAIL, WARN),
    default_storage_key_holders: (WARN, WARN),
}
"""What each says of a grant in force, and of one that may be denied."""

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def judged(
    verdicts: Verdicts,
    rbac: Any,
    check: Check[Any],
    holder: tuple[str, str],
    *denied: tuple[str, str],
    spared: tuple[tuple[str, str], ...] = (),
    bodies: tuple[Body, ...] = (),
    **more: Any,
) -> Results:
    """Return what a check says of a holder of everything, denied everything."""
    denial = rbac.denial(GROUP, "*", *denied)
    denial["properties"]["excludePrincipals"] = [
        {"id": one, "type": kind} for one, kind in spared
    ]
    grant = rbac.grant(holder[0], BuiltIn.FOUNDRY_USER, GROUP, holder[1])
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    return verdicts(check, *BODIES, role, grant, denial, *bodies, **more)


def group(name: str, *members: str) -> tuple[Body, ...]:
    """Return what the directory has of a group."""
    return (
        {"id": object_id(TENANT, name), "kind": "group", "properties": {}},
        *(
            {"id": member_id(TENANT, name, each), "kind": "user", "properties": {}}
            for each in members
        ),
    )


@each_check
@pytest.mark.parametrize(
    ("denied", "spared"),
    [((TEAM, "Group"), ()), (EVERYBODY, ((TEAM, "Group"),))],
    ids=["named", "spared"],
)
def test_members_that_were_not_read_may_be_denied(
    verdicts: Verdicts, rbac: Any, check: Check[Any], denied: Any, spared: Any
) -> None:
    ann = (ANN, "User")
    [result] = judged(verdicts, rbac, check, ann, denied, spared=spared)
    assert result.status is CHECKS[check][1]
    assert "unless a deny assignment takes it back" in result.reason
    assert "lower bound: the members of 1 group were not read" in result.reason
    # known members settle it, and a gap where they were asked for leaves it open
    inside = group(TEAM, ANN)
    other = group(TEAM, BOB)
    for known, hit in ((inside, denied != EVERYBODY), (other, denied == EVERYBODY)):
        [result] = judged(
            verdicts, rbac, check, ann, denied, spared=spared, bodies=known
        )
        assert result.status is (PASS if hit else CHECKS[check][0])
        assert "unless" not in result.reason
    gap = [(GroupMember, object_id(TENANT, TEAM))]
    [result] = judged(
        verdicts, rbac, check, ann, denied, spared=spared, bodies=inside, unread=gap
    )
    assert result.status is UNREAD


@each_check
def test_a_group_is_denied_what_each_of_its_members_is(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    staff, spared = (STAFF, "Group"), ((ANN, "User"),)
    for members, status in (((ANN, BOB), CHECKS[check][0]), ((BOB,), PASS)):
        known = group(STAFF, *members)
        [result] = judged(
            verdicts, rbac, check, staff, EVERYBODY, spared=spared, bodies=known
        )
        assert result.status is status
    [result] = judged(verdicts, rbac, check, staff, EVERYBODY)
    assert result.status is PASS
    [result] = judged(verdicts, rbac, check, staff, EVERYBODY, spared=spared)
    assert result.status is UNREAD
    assert f"the members of group {STAFF} were not read" in result.reason


@each_check
def test_denials_that_were_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    grant = rbac.grant(ANN, BuiltIn.FOUNDRY_USER, GROUP)
    unread = [(DenyAssignment, SUBSCRIPTION)]
    assert verdicts(check, *BODIES, role, grant).only().status is CHECKS[check][0]
    [result] = verdicts(check, *BODIES, role, grant, unread=unread)
    assert result.status is UNREAD


def test_an_application_that_may_be_denied(verdicts: Verdicts, rbac: Any) -> None:
    app, user = (ANN, "ServicePrincipal"), (rbac.role(BuiltIn.OPENAI_USER),)
    for denied, status in (
        ((TEAM, "Group"), WARN),
        ((BOB, "User"), FAIL),
        ((ANN, "ServicePrincipal"), WARN),
    ):
        [result] = judged(verdicts, rbac, app_role_least, app, denied, bodies=user)
        assert result.status is status
        assert ("unless" in result.reason) is (denied[0] == TEAM)


def test_a_data_role_that_may_be_denied(verdicts: Verdicts, rbac: Any) -> None:
    ann = (ANN, "User")
    for denied, status in (
        ((TEAM, "Group"), WARN),
        ((BOB, "User"), PASS),
        ((ANN, "User"), FAIL),
    ):
        [result] = judged(verdicts, rbac, keys_over_entra, ann, denied)
        assert result.status is status


@each_check
def test_what_a_role_without_permissions_allows_is_not_known(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    silent = rbac.role(BuiltIn.FOUNDRY_USER)
    del silent["properties"]["permissions"]
    grant = rbac.grant(ANN, BuiltIn.FOUNDRY_USER, GROUP)
    results = verdicts(check, *BODIES, silent, grant)
    assert {each.status for each in results} == {UNREAD}
