from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.access import (
    CHECKS,
    key_readers,
    key_regenerators,
    local_auth_writers,
)
from scanner.model.authorization import DenyAssignment, RoleAssignment, RoleDefinition
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import member_id, object_id
from scanner.model.policy import PolicyAssignment, PolicyExemption
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
ACTIONS = {
    key_readers.id: "Microsoft.CognitiveServices/accounts/listKeys/action",
    key_regenerators.id: "Microsoft.CognitiveServices/accounts/regenerateKey/action",
    local_auth_writers.id: "Microsoft.CognitiveServices/accounts/write",
}

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
JUDGED = {key_readers.id: True, key_regenerators.id: True, local_auth_writers.id: False}
"""Whether a check judges accounts with keys, or those without."""
FOUND = {key_readers.id: FAIL, key_regenerators.id: WARN, local_auth_writers.id: WARN}

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def account(properties: object, kind: str = "OpenAI") -> Body:
    return {"id": ACCOUNT, "kind": kind, "properties": properties}


def judged(check: Check[Any]) -> Body:
    return account({"disableLocalAuth": not JUDGED[check.id]})


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "aoai-key-readers",
        "aoai-key-regenerators",
        "aoai-local-auth-writers",
    ]


@pytest.mark.parametrize(
    ("properties", "keys"),
    [
        ({"disableLocalAuth": True}, False),
        ({"disableLocalAuth": False}, True),
        ({"disableLocalAuth": None}, True),
        ({}, True),
        ({"disableLocalAuth": "true"}, None),
        (None, None),
    ],
)
@each_check
def test_keys(
    verdicts: Verdicts,
    rbac: Any,
    check: Check[Any],
    properties: object,
    keys: bool | None,
) -> None:
    bodies = account(properties), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", SUBSCRIPTION)
    [result] = verdicts(check, *bodies, granted)
    if keys is None:
        assert result.status is UNREAD
    elif keys is JUDGED[check.id]:
        assert result.status is FOUND[check.id]
        assert "user ann (owner by * at subscription" in result.reason
    else:
        assert result.status is (NONE if check is local_auth_writers else INFO)


@pytest.mark.parametrize(
    ("block", "holds"),
    [
        ({"actions": ["ACTION"]}, True),
        ({"actions": ["*"]}, True),
        ({"actions": ["Microsoft.CognitiveServices/*"]}, True),
        ({"actions": ["*"], "notActions": ["ACTION"]}, False),
        ({"actions": ["*/read"]}, False),
        ({"dataActions": ["*"]}, False),
        ({"actions": ["Microsoft.CognitiveServices/accounts/usages/*"]}, False),
    ],
)
@each_check
def test_roles(
    verdicts: Verdicts, rbac: Any, check: Check[Any], block: Any, holds: bool
) -> None:
    action = ACTIONS[check.id].lower()
    own = {
        key: [each.replace("ACTION", action) for each in found]
        for key, found in block.items()
    }
    bodies = judged(check), rbac.role("some", custom=True, **own)
    [result] = verdicts(check, *bodies, rbac.grant("ann", "some", SUBSCRIPTION))
    assert result.status is (FOUND[check.id] if holds else PASS)
    [result] = verdicts(check, *bodies)
    assert (result.status, "0 principals" in result.reason) == (PASS, True)


@pytest.mark.parametrize("kind", ["User", "Group", "ServicePrincipal", ""])
@pytest.mark.parametrize(
    "settings",
    [Settings(approved_principals=("ANN",)), Settings(break_glass_principals=("ANN",))],
)
@each_check
def test_approved(
    verdicts: Verdicts, rbac: Any, check: Check[Any], settings: Settings, kind: str
) -> None:
    owner = rbac.role("owner", actions=["*"])
    bodies = [judged(check), owner, rbac.grant("ann", "owner", SUBSCRIPTION, kind)]
    [result] = verdicts(check, *bodies, settings=settings)
    assert result.status is PASS
    bodies.append(rbac.grant("bob", "owner", ACCOUNT, kind))
    [result] = verdicts(check, *bodies, settings=settings)
    assert result.status is FOUND[check.id]
    assert "2 principals can" in result.reason
    assert "1 of them not approved" in result.reason
    assert "bob" in result.reason
    assert "ann" not in result.reason.partition("approved")[2]


def test_too_many_readers(verdicts: Verdicts, rbac: Any) -> None:
    names = ("a", "b", "c", "d")
    owner = rbac.role("owner", actions=["*"])
    bodies = account({}), owner, *(rbac.grant(n, "owner", ACCOUNT) for n in names)
    [result] = verdicts(
        key_readers, *bodies, settings=Settings(approved_principals=names)
    )
    assert (result.status, "more than 3" in result.reason) == (WARN, True)
    [result] = verdicts(
        key_readers,
        *bodies,
        settings=Settings(approved_principals=names, key_reader_warning=4),
    )
    assert result.status is PASS


@pytest.mark.parametrize(
    ("approved", "status"), [(("team",), PASS), (("ann", "bob"), PASS), ((), None)]
)
@each_check
def test_members_of_a_group(
    verdicts: Verdicts,
    rbac: Any,
    check: Check[Any],
    approved: tuple[str, ...],
    status: Status | None,
) -> None:
    group = {"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}
    people = (
        {"id": member_id(TENANT, "team", each), "kind": "user", "properties": {}}
        for each in ("ann", "bob")
    )
    granted = rbac.grant("team", "owner", SUBSCRIPTION, "Group")
    owner = rbac.role("owner", actions=["*"])
    settings = Settings(approved_principals=approved)
    bodies = judged(check), owner, granted, group, *people
    [result] = verdicts(check, *bodies, settings=settings)
    assert result.status is (status or FOUND[check.id])
    assert "2 principals can" in result.reason


@each_check
def test_eligible_ones_are_told_and_not_counted(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    eligible = rbac.grant("eve", "owner", SUBSCRIPTION, eligible=True)
    bodies = judged(check), rbac.role("owner", actions=["*"]), eligible
    [result] = verdicts(check, *bodies)
    assert (result.status, "1 more once activated" in result.reason) == (PASS, True)


@each_check
def test_denied_ones_are_not_counted(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    bodies = judged(check), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", SUBSCRIPTION)
    denial = rbac.denial(ACCOUNT, ACTIONS[check.id], ("ann", "User"))
    [result] = verdicts(check, *bodies, granted, denial)
    assert result.status is PASS


@pytest.mark.parametrize("view", [RoleAssignment, DenyAssignment])
@each_check
def test_unread(verdicts: Verdicts, check: Check[Any], view: Any) -> None:
    [result] = verdicts(check, judged(check), unread=[(view, SUBSCRIPTION)])
    assert result.status is UNREAD
    assert "AuthorizationFailed" in result.reason


@each_check
def test_a_finding_stands_whatever_else_was_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    bodies = judged(check), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", ACCOUNT)
    unread = [(RoleDefinition, SUBSCRIPTION)]
    [result] = verdicts(check, *bodies, granted, unread=unread)
    assert result.status is FOUND[check.id]


@each_check
def test_a_finding_needs_to_know_what_is_denied(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    bodies = judged(check), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", ACCOUNT)
    unread = [(DenyAssignment, SUBSCRIPTION)]
    [result] = verdicts(check, *bodies, granted, unread=unread)
    assert result.status is UNREAD


@pytest.mark.parametrize("check", [key_readers, key_regenerators])
def test_facts_are_whole_too(verdicts: Verdicts, check: Check[Any]) -> None:
    keyless, unread = (
        account({"disableLocalAuth": True}),
        (RoleAssignment, SUBSCRIPTION),
    )
    [result] = verdicts(check, keyless, unread=[unread])
    assert result.status is UNREAD


@each_check
def test_evidence(verdicts: Verdicts, rbac: Any, check: Check[Any]) -> None:
    granted = rbac.grant("ann", "some", SUBSCRIPTION)
    bodies = judged(check), rbac.role("some", actions=["*"]), granted
    read = verdicts(check, *bodies).evidence()
    assert read[granted["id"], "properties.principalId"] == "ann"
    assert read[bodies[1]["id"], "properties.permissions[0].actions[0]"] == "*"


@each_check
def test_model_accounts_alone(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, account({}, "Face"))
    assert result.target.resource_id.startswith("/tenants/")
    [result] = verdicts(check, account({}), unread=[(CognitiveAccount, SUBSCRIPTION)])
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)


@pytest.mark.parametrize(("effect", "status"), [("deny", PASS), ("audit", WARN)])
def test_a_policy_outdoes_who_may_write(
    verdicts: Verdicts, rbac: Any, effect: str, status: Status
) -> None:
    built_in = "71ef260a-8f18-47b7-abcb-62d0673d94dc"
    definitions = "/providers/Microsoft.Authorization/policyDefinitions"
    then = {"policyRule": {"then": {"effect": effect}}}
    definition = {"id": f"{definitions}/{built_in}", "properties": then}
    assignment = {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/no",
        "properties": {"policyDefinitionId": definition["id"], "scope": SUBSCRIPTION},
    }
    bodies = judged(local_auth_writers), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", SUBSCRIPTION)
    given = *bodies, granted, definition, assignment
    [result] = verdicts(local_auth_writers, *given)
    assert result.status is status
    assert ("1 principal can" in result.reason) is (status is WARN)
    for view in (PolicyAssignment, PolicyExemption):
        [result] = verdicts(local_auth_writers, *given, unread=[(view, SUBSCRIPTION)])
        assert result.status is UNREAD
