from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from checks.authorization.restrictions import CHECKS, deny_present, notaction_regranted
from scanner.access.builtin import BuiltIn
from scanner.access.facts import EVERYONE
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Status
from scanner.model.directory import member_id, object_id

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/ai"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

ACCOUNT_BODY: Body = {"id": ACCOUNT, "kind": "OpenAI", "properties": {}}


def keyless(rbac: Any, *, custom: bool = True) -> Body:
    role: Body = rbac.role(
        "keyless",
        custom=custom,
        actions=["Microsoft.CognitiveServices/*"],
        notActions=["*/listKeys/action"],
        dataActions=[f"{OPENAI}/*"],
        notDataActions=[f"{OPENAI}/files/*"],
    )
    return role


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "rbac-notaction-regranted",
        "rbac-deny-present",
    ]


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ({"actions": ["*"]}, FAIL),
        ({"actions": [LIST_KEYS.upper()]}, FAIL),
        ({"actions": ["Microsoft.CognitiveServices/*/action"]}, FAIL),
        ({"actions": ["*/listKeys/*"]}, FAIL),
        ({"actions": ["Microsoft.Storage/*"]}, PASS),
        ({"actions": ["*/read"]}, PASS),
        ({"actions": ["*"], "notActions": ["*/action"]}, PASS),
        ({"dataActions": [f"{OPENAI}/*"]}, FAIL),
        ({"dataActions": [f"{OPENAI}/files/import/action"]}, FAIL),
        ({"dataActions": [f"{OPENAI}/deployments/*"]}, PASS),
        ({"dataActions": [f"{OPENAI}/*"], "notDataActions": ["*/files/*"]}, PASS),
    ],
)
@pytest.mark.parametrize(
    ("at", "counts"),
    [(SUBSCRIPTION, True), (GROUP, True), ("", True), (ACCOUNT, False)],
)
def test_what_another_role_gives_back(
    verdicts: Verdicts, rbac: Any, block: Any, status: Status, at: str, counts: bool
) -> None:
    granted = rbac.grant("ann", "keyless", GROUP)
    other = rbac.grant("ANN", "other", at)
    other["properties"]["scope"] = at or "/"
    bodies = ACCOUNT_BODY, keyless(rbac), rbac.role("other", **block), granted, other
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert result.status is (status if counts else PASS)
    if result.status is FAIL:
        paths = {(each.resource_id, each.path) for each in result.evidence}
        assert (granted["id"], "properties.roleDefinitionId") in paths
        assert (other["id"], "properties.roleDefinitionId") in paths


def test_nobody_else_counts(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("ann", "keyless", GROUP)
    bob = rbac.role("owner", actions=["*"]), rbac.grant("bob", "owner", GROUP)
    found = verdicts(notaction_regranted, ACCOUNT_BODY, keyless(rbac), granted, *bob)
    assert found.only(granted["id"]).status is PASS


@pytest.mark.parametrize("change", ["eligible", "condition", "block"])
def test_what_is_not_certain_is_a_warning(
    verdicts: Verdicts, rbac: Any, change: str
) -> None:
    condition = f"(!(ActionMatches{{'{ASSIGN}'}}))"
    granted = rbac.grant("ann", "keyless", GROUP)
    other = rbac.grant("ann", "other", GROUP, eligible=change == "eligible")
    role = rbac.role("other", actions=["*"])
    if change == "condition":
        other["properties"]["condition"] = condition
    if change == "block":
        role["properties"]["permissions"][0]["condition"] = condition
    bodies = ACCOUNT_BODY, keyless(rbac), role, granted, other
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert result.status is WARN


@pytest.mark.parametrize(
    ("block", "status"), [({"actions": ["*"]}, FAIL), ({"dataActions": ["*"]}, WARN)]
)
def test_data_actions_that_a_built_in_role_excepts(
    verdicts: Verdicts, rbac: Any, block: Any, status: Status
) -> None:
    granted, other = (rbac.grant("ann", each, GROUP) for each in ("keyless", "other"))
    role = keyless(rbac, custom=False)
    bodies = ACCOUNT_BODY, role, rbac.role("other", **block), granted, other
    assert verdicts(notaction_regranted, *bodies).only(granted["id"]).status is status


def test_groups_make_a_lower_bound(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("ann", "keyless", GROUP)
    staff = (
        rbac.role("owner", actions=["*"]),
        rbac.grant("staff", "owner", SUBSCRIPTION, "Group"),
    )
    readers = (
        rbac.role("reader", actions=["*/read"]),
        rbac.grant("others", "reader", SUBSCRIPTION, "Group"),
    )
    bodies = ACCOUNT_BODY, keyless(rbac), granted, *staff, *readers
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert result.status is PASS
    assert "the members of 1 group were not read" in result.reason


def directory(**groups: Sequence[str]) -> Iterator[Body]:
    for group, members in groups.items():
        yield {"id": object_id(TENANT, group), "kind": "group", "properties": {}}
        for each in members:
            name = member_id(TENANT, group, each)
            yield {"id": name, "kind": "user", "properties": {}}


@pytest.mark.parametrize(
    ("groups", "holder", "at", "status", "word"),
    [
        ({"team": ["ann", "bob"]}, "bob", SUBSCRIPTION, FAIL, "its member user bob"),
        ({"team": ["ann"], "others": ["ann"]}, "others", GROUP, FAIL, "user ann"),
        ({"team": ["ann"], "others": ["eve"]}, "others", GROUP, PASS, "nothing"),
        ({"team": ["ann"]}, "bob", GROUP, PASS, "nothing"),
        ({"team": ["ann"]}, "ann", ACCOUNT, PASS, "nothing"),
        ({"team": []}, "ann", GROUP, PASS, "nothing"),
        ({}, "ann", GROUP, PASS, "the members of 1 group were not read"),
    ],
)
def test_what_a_member_of_the_group_has_back(
    verdicts: Verdicts,
    rbac: Any,
    groups: Any,
    holder: str,
    at: str,
    status: Status,
    word: str,
) -> None:
    granted = rbac.grant("team", "keyless", GROUP, "Group")
    kind = "Group" if holder == "others" else "User"
    other = rbac.role("owner", actions=["*"]), rbac.grant(holder, "owner", at, kind)
    bodies = ACCOUNT_BODY, keyless(rbac), granted, *other, *directory(**groups)
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert (result.status, word in result.reason) == (status, True)
    assert ("members" in result.reason) is (not groups)


def test_a_role_of_a_member_that_was_not_read(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("team", "keyless", GROUP, "Group")
    other = rbac.grant("ann", "lost", GROUP)
    bodies = ACCOUNT_BODY, keyless(rbac), granted, other, *directory(team=["ann"])
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert "role definitions were not all read" in result.reason


def test_assignments_that_were_not_read(verdicts: Verdicts, rbac: Any) -> None:
    """An assignment above may be known where those of the subscription are not."""
    granted = rbac.grant("ann", "keyless", "")
    granted["properties"]["scope"] = "/"
    second = SUBSCRIPTION.replace("bbbbbbbb", "cccccccc")
    place = {"id": second, "displayName": "Second", "state": "Enabled"}
    low = rbac.grant("ann", "keyless", GROUP)
    bodies = place, ACCOUNT_BODY, keyless(rbac), granted, low
    results = verdicts(
        notaction_regranted, *bodies, unread=[(RoleAssignment, SUBSCRIPTION)]
    )
    assert results.only(granted["id"]).status is PASS
    unread = [each for each in results if each.status is UNREAD]
    assert [each.target.resource_id for each in unread] == [SUBSCRIPTION]


def test_a_role_of_the_principal_that_was_not_read(
    verdicts: Verdicts, rbac: Any
) -> None:
    granted, other = (rbac.grant("ann", each, GROUP) for each in ("keyless", "lost"))
    results = verdicts(notaction_regranted, ACCOUNT_BODY, keyless(rbac), granted, other)
    assert "role definitions were not all read" in results.only(granted["id"]).reason
    assert results.only(other["id"]).status is UNREAD


@pytest.mark.parametrize("exceptions", [{}, {"notActions": None}, {"notActions": []}])
def test_roles_without_exceptions_are_left_out(
    verdicts: Verdicts, rbac: Any, exceptions: Any
) -> None:
    role = rbac.role("some", custom=True, dataActions=["*"], **exceptions)
    granted = rbac.grant("ann", "some", GROUP)
    [result] = verdicts(notaction_regranted, ACCOUNT_BODY, role, granted)
    assert result.status is NONE


def test_two_built_in_roles(verdicts: Verdicts, rbac: Any) -> None:
    contributor = rbac.role(
        BuiltIn.CONTRIBUTOR,
        actions=["*"],
        notActions=["Microsoft.Authorization/*/Write"],
    )
    admin = rbac.role(
        BuiltIn.USER_ACCESS_ADMINISTRATOR,
        actions=["*/read", "Microsoft.Authorization/*"],
    )
    granted = rbac.grant("ann", BuiltIn.CONTRIBUTOR, GROUP)
    other = rbac.grant("ann", BuiltIn.USER_ACCESS_ADMINISTRATOR, SUBSCRIPTION)
    bodies = ACCOUNT_BODY, contributor, admin, granted, other
    result = verdicts(notaction_regranted, *bodies).only(granted["id"])
    assert result.status is FAIL
    assert "Microsoft.Authorization/*/Write" in result.reason


# Deny assignments


@pytest.mark.parametrize(
    ("at", "accounts"), [(ACCOUNT, 1), (GROUP, 1), (f"{GROUP}2", 0)]
)
def test_deny_assignments(
    verdicts: Verdicts, rbac: Any, at: str, accounts: int
) -> None:
    denial = rbac.denial(at, "*/delete", ("ann", "User"), ("bob", "User"))
    denial["properties"]["excludePrincipals"] = [{"id": "cid", "type": "User"}]
    [result] = verdicts(deny_present, ACCOUNT_BODY, denial)
    assert result.status is INFO
    for phrase in (
        '"no"',
        f"with {accounts} model",
        '"*/delete"',
        "2 principals, but not to 1",
    ):
        assert phrase in result.reason


@pytest.mark.parametrize("missing", [{}, {"permissions": None}, {"principals": None}])
def test_a_deny_assignment_that_says_nothing(
    verdicts: Verdicts, rbac: Any, missing: Any
) -> None:
    denial = rbac.denial(GROUP, "*")
    denial["properties"] = {**denial["properties"], **missing} if missing else {}
    assert verdicts(deny_present, denial).only().status is UNREAD


@pytest.mark.parametrize("more", [{}, {"excludePrincipals": None, "scope": None}])
def test_a_deny_assignment_that_says_little(
    verdicts: Verdicts, rbac: Any, more: Any
) -> None:
    properties = {"permissions": [], "principals": [], **more}
    denial = {**rbac.denial(GROUP, "*"), "properties": properties}
    [result] = verdicts(deny_present, denial)
    assert result.status is INFO
    assert "denies nothing to 0 principals" in result.reason
    assert "resource group rg" in result.reason


@pytest.mark.parametrize(
    ("key", "value"),
    [("permissions", {}), ("principals", "x"), ("isSystemProtected", "yes")],
)
def test_a_deny_assignment_that_is_malformed(
    verdicts: Verdicts, rbac: Any, key: str, value: object
) -> None:
    denial = rbac.denial(GROUP, "*")
    denial["properties"][key] = value
    [result] = verdicts(deny_present, denial)
    assert result.status is UNREAD


def test_deny_assignments_that_were_not_read(verdicts: Verdicts) -> None:
    [result] = verdicts(deny_present, unread=[(DenyAssignment, SUBSCRIPTION)])
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)


def test_a_denial_to_everybody_is_no_denial_to_one(
    verdicts: Verdicts, rbac: Any
) -> None:
    denial = rbac.denial(ACCOUNT, "*/delete", (EVERYONE, "SystemDefined"))
    [result] = verdicts(deny_present, ACCOUNT_BODY, denial)
    assert result.reason.endswith("to everybody")
