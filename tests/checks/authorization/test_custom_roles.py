from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.authorization.custom_roles import (
    CHECKS,
    custom_assignable_scopes,
    custom_role_listkeys,
    custom_role_notactions,
    custom_role_notdataactions,
    custom_wildcard,
    human_custom_role,
)
from scanner.model.authorization import RoleAssignment, RoleDefinition
from scanner.model.check import Check, Status
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
METRICS = "Microsoft.Insights/metrics/read"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "rbac-human-custom-role",
        "rbac-custom-role-listkeys",
        "rbac-custom-role-notactions",
        "rbac-custom-role-notdataactions",
        "rbac-custom-assignable-scopes",
        "rbac-custom-wildcard",
    ]


# What is covered


@each_check
def test_built_in_roles_are_left_out(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    role = rbac.role("owner", actions=["*"], notActions=["x"], dataActions=["*"])
    assert verdicts(check, role).only().status is NONE


@each_check
@pytest.mark.parametrize("kind", [None, 7, ""])
def test_a_role_of_unknown_kind(
    verdicts: Verdicts, rbac: Any, check: Check[Any], kind: object
) -> None:
    role = rbac.role("some", custom=True, actions=["*"])
    role["properties"]["type"] = kind
    assert verdicts(check, role).only().status is UNREAD


@each_check
def test_a_role_in_several_subscriptions_is_one(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    second = SUBSCRIPTION.replace("bbbbbbbb", "cccccccc")
    role = rbac.role("some", custom=True, dataActions=[f"{OPENAI}/*"])
    role["properties"]["assignableScopes"] = [SUBSCRIPTION, second]
    again = {**role, "id": role["id"].replace(SUBSCRIPTION, second)}
    place = {"id": second, "displayName": "Second", "state": "Enabled"}
    [result] = verdicts(check, place, role, again)
    assert result.target.resource_id == role["id"]


@each_check
@pytest.mark.parametrize("permissions", [None, "x", [7], [{"actions": "*"}]])
def test_what_a_role_allows_is_not_said(
    verdicts: Verdicts, rbac: Any, check: Check[Any], permissions: object
) -> None:
    role = rbac.role("some", custom=True)
    role["properties"]["permissions"] = permissions
    if check is custom_role_notdataactions and permissions == [{"actions": "*"}]:
        pytest.skip("it looks at data actions alone")
    if check is custom_role_notactions and permissions == [{"actions": "*"}]:
        pytest.skip("it looks at exceptions alone")
    assert verdicts(check, role).only().status is UNREAD
    del role["properties"]["permissions"]
    assert verdicts(check, role).only().status is UNREAD


@each_check
def test_no_properties(verdicts: Verdicts, rbac: Any, check: Check[Any]) -> None:
    role = {**rbac.role("some", custom=True), "properties": None}
    assert verdicts(check, role).only().status is UNREAD


@each_check
def test_refused(verdicts: Verdicts, rbac: Any, check: Check[Any]) -> None:
    [result] = verdicts(check, unread=[(RoleDefinition, SUBSCRIPTION)])
    assert result.status is UNREAD
    assert result.target.resource_id == SUBSCRIPTION


# What roles allow


@pytest.mark.parametrize(
    ("block", "listing", "wildcard"),
    [
        ({}, PASS, PASS),
        ({"actions": None, "dataActions": None}, PASS, PASS),
        ({"actions": ["*"]}, FAIL, FAIL),
        ({"actions": ["*"], "notActions": [LIST_KEYS.lower()]}, PASS, FAIL),
        ({"actions": ["*"], "notActions": ["*/keys/action"]}, FAIL, FAIL),
        ({"actions": ["*/*"]}, FAIL, FAIL),
        ({"actions": ["*/*/*"]}, FAIL, FAIL),
        ({"actions": ["*/action"]}, FAIL, PASS),
        ({"actions": ["*/read"]}, PASS, PASS),
        ({"actions": ["Microsoft.CognitiveServices/*"]}, FAIL, WARN),
        ({"actions": ["Microsoft.CognitiveServices/*/*"]}, FAIL, WARN),
        ({"actions": ["Microsoft.CognitiveServices/*/write"]}, PASS, PASS),
        ({"actions": ["microsoft.cognitive*"]}, FAIL, WARN),
        ({"actions": ["Microsoft.CognitiveServices/accounts/*"]}, FAIL, PASS),
        ({"actions": ["Microsoft.CognitiveServices/accounts/read"]}, PASS, PASS),
        ({"dataActions": ["*"]}, PASS, FAIL),
        ({"dataActions": ["Microsoft.CognitiveServices/*"]}, PASS, WARN),
        ({"dataActions": [f"{OPENAI}/*"]}, PASS, PASS),
    ],
)
def test_patterns(
    verdicts: Verdicts, rbac: Any, block: Any, listing: Status, wildcard: Status
) -> None:
    role = rbac.role("some", custom=True, **block)
    assert verdicts(custom_role_listkeys, role).only().status is listing
    assert verdicts(custom_wildcard, role).only().status is wildcard


def test_an_exception_takes_from_its_own_block_alone(
    verdicts: Verdicts, rbac: Any
) -> None:
    role = rbac.role("some", custom=True)
    role["properties"]["permissions"] = [
        {"actions": ["Microsoft.CognitiveServices/*"], "notActions": [LIST_KEYS]},
        {"actions": [LIST_KEYS]},
    ]
    [result] = verdicts(custom_role_listkeys, role)
    assert result.status is FAIL
    paths = {each.path for each in result.evidence}
    assert "properties.permissions[1].actions" in paths


@pytest.mark.parametrize(
    ("check", "field", "other"),
    [
        (custom_role_notactions, "notActions", "notDataActions"),
        (custom_role_notdataactions, "notDataActions", "notActions"),
    ],
)
def test_exceptions(
    verdicts: Verdicts, rbac: Any, check: Check[Any], field: str, other: str
) -> None:
    for patterns, status in (
        (["a/b"], WARN),
        ([], PASS),
        (None, PASS),
        ("a/b", UNREAD),
    ):
        role = rbac.role("some", custom=True, **{field: patterns})
        assert verdicts(check, role).only().status is status
    role = rbac.role("some", custom=True, **{other: ["a/b"]})
    assert verdicts(check, role).only().status is PASS


# Where roles may be used


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        ([SUBSCRIPTION], PASS),
        ([f"{SUBSCRIPTION}/resourceGroups/{each}" for each in "abcdefgh"], PASS),
        ([f"/subscriptions/{each}" for each in "abcde"], PASS),
        ([f"/subscriptions/{each}/resourceGroups/g" for each in "abcdef"], WARN),
        (["/providers/Microsoft.Management/managementGroups/top"], WARN),
        ([SUBSCRIPTION, "/providers/microsoft.management/managementgroups/m"], WARN),
        (["/"], WARN),
        ([], UNREAD),
        (None, UNREAD),
        ("/", UNREAD),
    ],
)
@pytest.mark.parametrize("block", [{"dataActions": ["*"]}, {"actions": ["*"]}])
def test_assignable_scopes(
    verdicts: Verdicts, rbac: Any, scopes: object, status: Status, block: Any
) -> None:
    role = rbac.role("some", custom=True, **block)
    role["properties"]["assignableScopes"] = scopes
    assert verdicts(custom_assignable_scopes, role).only().status is status


def test_how_many_subscriptions_are_many(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role("some", custom=True, actions=[LIST_KEYS])
    role["properties"]["assignableScopes"] = ["/subscriptions/a", "/subscriptions/b"]
    few = Settings(custom_role_subscription_warning=1)
    assert verdicts(custom_assignable_scopes, role, settings=few).only().status is WARN


def test_roles_on_other_things_may_be_used_anywhere(
    verdicts: Verdicts, rbac: Any
) -> None:
    role = rbac.role("some", custom=True, actions=["*/read"])
    role["properties"]["assignableScopes"] = ["/"]
    assert verdicts(custom_assignable_scopes, role).only().status is NONE


# A role for people


FITTING = {"actions": [METRICS], "dataActions": [f"{OPENAI}/*"]}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (FITTING, "fits people, and has 2 assignments"),
        ({"actions": ["*/read"], "dataActions": ["*"]}, "fits people"),
        ({**FITTING, "actions": [METRICS, LIST_KEYS]}, "it lists keys"),
        ({**FITTING, "actions": []}, "it reads no metrics"),
        ({**FITTING, "dataActions": [f"{OPENAI}/*/read"]}, "not all"),
        ({**FITTING, "notDataActions": [f"{OPENAI}/files/*"]}, "not all"),
    ],
)
def test_a_role_for_people(
    verdicts: Verdicts, rbac: Any, block: Any, reason: str
) -> None:
    role = rbac.role("some", custom=True, **block)
    grants = [rbac.grant(who, "SOME", SUBSCRIPTION) for who in ("ann", "bob")]
    [result] = verdicts(human_custom_role, role, *grants)
    assert result.status is INFO
    assert reason in result.reason


def test_a_role_that_nobody_has(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role("some", custom=True, **FITTING)
    [result] = verdicts(human_custom_role, role)
    assert "0 assignments" in result.reason
    refused = [(RoleAssignment, SUBSCRIPTION)]
    assert verdicts(human_custom_role, role, unread=refused).only().status is UNREAD


def test_a_role_without_data_actions(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role("some", custom=True, actions=["*"])
    assert verdicts(human_custom_role, role).only().status is NONE
