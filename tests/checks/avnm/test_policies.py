"""Policies that put virtual networks into network groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.avnm.assignments import CHECKS as OF_ASSIGNMENTS
from checks.avnm.assignments import membership_pending, policy_assigned
from checks.avnm.policies import (
    CHECKS,
    networkgroup_exists,
    networkgroup_literal,
    one_definition_per_group,
    policy_mode,
    type_filter,
)
from scanner.model.check import Status
from scanner.model.networkmanager import NetworkGroup, NetworkManager, StaticMember
from scanner.model.policy import (
    PolicyAssignment,
    PolicyDefinition,
    PolicySetDefinition,
    PolicyState,
)

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000001"
MANAGED = "/providers/Microsoft.Management/managementGroups"
TOP, ZONES, OTHER = f"{MANAGED}/{TENANT}", f"{MANAGED}/zones", f"{MANAGED}/other"
PARENTS = {SUBSCRIPTION: ZONES, ZONES: TOP, OTHER: TOP}
GROUPS = tuple({"id": each, "properties": {}} for each in (TOP, ZONES, OTHER))
MANAGER = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/nm"
)
GROUP = f"{MANAGER}/networkGroups/spokes"
PROVIDER = "/providers/Microsoft.Authorization"
ID = f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/join"
SET = f"{SUBSCRIPTION}{PROVIDER}/policySetDefinitions/all"
MODE = "Microsoft.Network.Data"
NETWORK = "Microsoft.Network/virtualNetworks"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
NA, UNREAD = Status.NOT_APPLICABLE, Status.NOT_ASSESSED

ADD = "addToNetworkGroup"


def definition(
    group: object = GROUP,
    effect: object = ADD,
    condition: object = None,
    id: str = ID,
    **more: object,
) -> Body:
    rule = {"if": condition, "then": {"effect": effect, "details": {}}}
    if group is not None:
        rule["then"]["details"] = {"networkGroupId": group}  # type: ignore[index]
    return {"id": id, "properties": {"mode": MODE, "policyRule": rule, **more}}


def appending(**properties: object) -> Body:
    details = [{"field": "tags['environment']", "value": "test"}]
    rule = {"if": None, "then": {"effect": "append", "details": details}}
    return {"id": ID, "properties": {"policyRule": rule, **properties}}


def manager(**properties: object) -> Body:
    scopes = {"managementGroups": [ZONES], "subscriptions": []}
    return {"id": MANAGER, "properties": {"networkManagerScopes": scopes, **properties}}


def group(id: str = GROUP) -> Body:
    return {"id": id, "properties": {"memberType": "VirtualNetwork"}}


def member(of: str = GROUP) -> Body:
    network = f"{SUBSCRIPTION}/resourceGroups/rg/providers/{NETWORK}/a"
    return {"id": f"{of}/staticMembers/a", "properties": {"resourceId": network}}


def assignment(at: str = SUBSCRIPTION, of: str = ID, **properties: object) -> Body:
    return {
        "id": f"{at}{PROVIDER}/policyAssignments/join",
        "properties": {"policyDefinitionId": of, "scope": at, **properties},
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (definition(), PASS),
        (definition(mode=MODE.upper()), PASS),
        (definition(mode="All"), FAIL),
        (definition(mode=None), FAIL),
        (definition(mode=3), UNREAD),
        (definition(effect="audit"), WARN),
        (definition(effect=None), WARN),
        (definition(effect="audit", mode="All"), WARN),
        (definition(effect="[if(a, b, c)]", mode="All"), UNREAD),
        (definition(effect="[if(a, b, c)]"), UNREAD),
        (definition(effect="[parameters('effect')]"), UNREAD),
        (definition(effect=7), UNREAD),
        (
            definition(
                effect="[parameters('effect')]",
                parameters={"Effect": {"defaultValue": ADD}},
            ),
            PASS,
        ),
    ],
)
def test_mode_and_effect(verdicts: Verdicts, body: Body, status: Status) -> None:
    assert verdicts(policy_mode, body).only(ID).status is status


@pytest.mark.parametrize(
    ("named", "status"),
    [
        (GROUP, PASS),
        (GROUP.upper(), PASS),
        ("[parameters('group')]", FAIL),
        ("spokes", FAIL),
        (f"{GROUP}/staticMembers/a", FAIL),
        (None, FAIL),
        (["x"], UNREAD),
    ],
)
def test_literal(verdicts: Verdicts, named: object, status: Status) -> None:
    assert verdicts(networkgroup_literal, definition(named)).only(ID).status is status


@pytest.mark.parametrize(
    "check", [*CHECKS, *OF_ASSIGNMENTS], ids=lambda check: check.id
)
@pytest.mark.parametrize(
    "body",
    [
        definition(group=None, effect="audit", mode="Indexed"),
        appending(mode="Indexed"),
        definition(id=f"{PROVIDER}/policyDefinitions/of-azure", mode="All"),
    ],
)
def test_other_definitions_are_left_out(
    verdicts: Verdicts, check: Any, body: Body
) -> None:
    [result] = verdicts(check, body)
    assert result.status is NA
    assert result.target.resource_id == f"/tenants/{TENANT}"


@pytest.mark.parametrize("check", [*CHECKS, *OF_ASSIGNMENTS[:1]], ids=lambda c: c.id)
@pytest.mark.parametrize("group", [None, GROUP])
def test_what_may_be_for_a_group_is_not_judged(
    verdicts: Verdicts, check: Any, group: object
) -> None:
    results = verdicts(check, definition(group, effect=["addToNetworkGroup"]))
    result = results.only(ID)
    assert result.status is UNREAD
    assert "policyRule.then.effect" in result.reason


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([definition(GROUP.upper()), manager(), group()], [], PASS),
        ([definition(), manager()], [], FAIL),
        ([definition()], [], FAIL),
        ([definition(GROUP.replace(SUBSCRIPTION, ELSEWHERE))], [], FAIL),
        ([definition("[parameters('a')]")], [], NA),
        ([definition(None)], [], NA),
        ([definition(4)], [], UNREAD),
        ([definition()], [(NetworkManager, SUBSCRIPTION)], UNREAD),
        ([definition(), manager()], [(NetworkGroup, MANAGER)], UNREAD),
    ],
)
def test_group_exists(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    results = verdicts(networkgroup_exists, *bodies, unread=unread)
    assert results.only(ID).status is status


def test_a_subscription_outside_a_narrow_scan_may_have_the_group(
    verdicts: Verdicts,
) -> None:
    body = definition(GROUP.replace(SUBSCRIPTION, ELSEWHERE))
    result = verdicts(networkgroup_exists, body, whole_tenant=False).only(ID)
    assert result.status is UNREAD
    assert "outside the scan" in result.reason


def by_parameter() -> list[Body]:
    declared = {"effect": {"type": "String", "defaultValue": ADD}}
    return [definition(effect="[parameters('effect')]", parameters=declared)]


ALL = (manager(), group(), *GROUPS)
MEMBERS = [{"policyDefinitionId": ID, "policyDefinitionReferenceId": "join"}]


@pytest.mark.parametrize(
    ("bodies", "unread", "status", "said"),
    [
        ([definition(), assignment()], [], PASS, "join"),
        ([definition(), assignment(enforcementMode="Default")], [], PASS, "join"),
        ([definition(), assignment(scope=None)], [], PASS, "join"),
        ([definition(), assignment(ZONES)], [], PASS, "join"),
        ([definition(), assignment(TOP)], [], PASS, "join"),
        (
            [
                definition(),
                assignment(of=SET),
                {"id": SET, "properties": {"policyDefinitions": MEMBERS}},
            ],
            [],
            PASS,
            "join",
        ),
        (
            [*by_parameter(), assignment(parameters={"effect": {"value": ADD}})],
            [],
            PASS,
            "join",
        ),
        (
            [*by_parameter(), assignment(parameters={"effect": {"value": "Disabled"}})],
            [],
            FAIL,
            "join gives it the effect disabled instead",
        ),
        (
            [definition(effect="[concat('a')]"), assignment()],
            [],
            UNREAD,
            "the effect that join gives it",
        ),
        (
            [definition(), assignment(TOP), assignment(OTHER)],
            [],
            PASS,
            "join",
        ),
        (
            [definition(), assignment(TOP, notScopes=[ZONES.upper()])],
            [],
            WARN,
            "nothing that nm manages",
        ),
        (
            [definition(), assignment(TOP, notScopes=[OTHER, SUBSCRIPTION])],
            [],
            PASS,
            "join",
        ),
        ([definition(), assignment(notScopes=3)], [], UNREAD, "malformed"),
        ([definition()], [], FAIL, "no assignment"),
        ([definition(), assignment(enforcementMode="DoNotEnforce")], [], FAIL, "only"),
        (
            [definition(), assignment(), manager(networkManagerScopes=None)],
            [],
            WARN,
            "nothing that nm manages",
        ),
        ([definition("[parameters('a')]"), assignment()], [], WARN, "no group"),
        ([definition(mode="Indexed"), assignment()], [], WARN, "in the mode Indexed"),
        ([definition(mode=None), assignment()], [], WARN, "no group"),
        ([definition(mode="Indexed")], [], FAIL, "no assignment"),
        ([definition(mode=3), assignment()], [], UNREAD, "malformed"),
        (
            [definition(GROUP.replace("nm", "gone")), assignment()],
            [],
            WARN,
            "not there",
        ),
        ([definition(), assignment(scope=7)], [], UNREAD, "malformed"),
        ([definition()], [(PolicyAssignment, SUBSCRIPTION)], UNREAD, "Failed"),
        (
            [definition(), assignment(of=SET), {"id": SET, "properties": {}}],
            [(PolicySetDefinition, SUBSCRIPTION)],
            UNREAD,
            "Failed",
        ),
        (
            [definition(), assignment(), manager(networkManagerScopes=[])],
            [],
            UNREAD,
            "malformed",
        ),
    ],
)
def test_assigned(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status, said: str
) -> None:
    given = {body["id"]: body for body in (*ALL, *bodies)}.values()
    results = verdicts(policy_assigned, *given, unread=unread, parents=PARENTS)
    assert results.only(ID).status is status
    assert said in results.only(ID).reason


@pytest.mark.parametrize(
    ("wrong", "told_by"),
    [
        (definition(mode="Indexed"), "avnm-policy-mode"),
        (definition("[parameters('a')]"), "avnm-networkgroup-literal"),
        (definition(GROUP.replace("nm", "gone")), "avnm-networkgroup-exists"),
    ],
)
@pytest.mark.parametrize(
    "at", [[], [assignment()], [assignment(enforcementMode="DoNotEnforce")]]
)
def test_what_fills_no_group_is_put_right_before_it_is_assigned(
    verdicts: Verdicts, wrong: Body, told_by: str, at: list[Body]
) -> None:
    for given, said in ((wrong, f"see {told_by}"), (definition(), "")):
        result = verdicts(policy_assigned, *ALL, given, *at, parents=PARENTS).only(ID)
        assert said in result.advice
        assert bool(result.advice) is bool(said)


def test_that_nothing_is_assigned_is_evidence(verdicts: Verdicts) -> None:
    results = verdicts(policy_assigned, *ALL, definition(), parents=PARENTS)
    shown = {each.path: each.value for each in results.only(ID).evidence}
    assert shown[PolicyAssignment.type] == []


def test_a_manager_beside_the_assignment(verdicts: Verdicts) -> None:
    scopes = {"managementGroups": [OTHER]}
    bodies = (definition(), assignment(), group(), *GROUPS)
    beside = manager(networkManagerScopes=scopes)
    known = verdicts(policy_assigned, *bodies, beside, parents=PARENTS).only(ID)
    assert known.status is WARN
    assert verdicts(policy_assigned, *bodies, beside).only(ID).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([definition(), manager(), group()], [], PASS),
        ([definition(mode="Indexed"), manager(), group()], [], WARN),
        ([definition(mode=3), manager(), group()], [], UNREAD),
        ([manager(), group(), member()], [], NA),
        ([manager(), group()], [], WARN),
        ([manager(), group()], [(PolicyDefinition, SUBSCRIPTION)], UNREAD),
        ([manager(), group()], [(StaticMember, GROUP)], UNREAD),
    ],
)
def test_a_group_and_its_definitions(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    results = verdicts(
        one_definition_per_group, *bodies, *GROUPS, unread=unread, parents=PARENTS
    )
    found = results.only(GROUP)
    assert found.status is status
    assert "lower bound" not in found.reason


def test_definitions_above_may_fill_a_group(verdicts: Verdicts) -> None:
    [result] = verdicts(one_definition_per_group, manager(), group())
    assert result.status is WARN
    assert "lower bound" in result.reason


@pytest.mark.parametrize(
    ("named", "status"),
    [(GROUP, PASS), ("[parameters('a')]", WARN), (None, NA), (1, UNREAD)],
)
def test_a_definition_and_its_group(
    verdicts: Verdicts, named: object, status: Status
) -> None:
    body = definition(named)
    assert verdicts(one_definition_per_group, body).only(ID).status is status


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"field": "type", "equals": NETWORK}, PASS),
        ({"allOf": [{"field": "type", "in": [NETWORK]}]}, PASS),
        ({"field": "name", "equals": NETWORK}, WARN),
        (None, WARN),
        ("type", UNREAD),
    ],
)
def test_type(verdicts: Verdicts, condition: object, status: Status) -> None:
    body = definition(condition=condition)
    assert verdicts(type_filter, body).only(ID).status is status


def state(when: object, of: object = "", name: str = "a") -> Body:
    network = f"{SUBSCRIPTION}/resourceGroups/rg/providers/{NETWORK}/{name}"
    named = {"policyAssignmentId": of or assignment()["id"].lower()}
    return {
        "id": f"{network}/providers/Microsoft.PolicyInsights/policyStates/{name}",
        "properties": {"timestamp": when, **named},
    }


EARLY, LATE = "2026-08-30T03:00:00.1234567Z", "2026-08-31T03:00:00Z"
BETWEEN = "2026-08-30T12:00:00Z"


@pytest.mark.parametrize(
    ("changed", "metadata", "states", "status"),
    [
        (EARLY, None, [state(LATE)], PASS),
        (EARLY, None, [state(EARLY)], PASS),
        (EARLY, None, [state(LATE), state("2026-01-01T00:00:00Z", name="b")], PASS),
        (BETWEEN, None, [state(EARLY)], INFO),
        (BETWEEN, None, [], INFO),
        (BETWEEN, None, [state(LATE, of=f"{ID}-other")], INFO),
        (None, {"createdOn": EARLY, "updatedOn": None}, [state(LATE)], PASS),
        (EARLY, {"updatedOn": LATE}, [state(BETWEEN)], INFO),
        (EARLY, None, [state(None)], UNREAD),
        (EARLY, None, [state("yesterday")], UNREAD),
        (EARLY, None, [state(EARLY, of=7, name="b")], UNREAD),
        (None, {}, [state(LATE)], UNREAD),
        (None, None, [state(LATE)], UNREAD),
        ("yesterday", None, [state(LATE)], UNREAD),
    ],
)
def test_pending(
    verdicts: Verdicts,
    changed: object,
    metadata: object,
    states: list[Body],
    status: Status,
) -> None:
    body = assignment(metadata=metadata)
    given = {**body, "systemData": {"lastModifiedAt": changed}}
    results = verdicts(membership_pending, definition(), group(), given, *states)
    found = results.only(body["id"])
    assert found.status is status
    assert status is not PASS or found.evidence


def test_pending_without_system_data(verdicts: Verdicts) -> None:
    results = verdicts(membership_pending, definition(), assignment(), group())
    assert results.only(assignment()["id"]).status is UNREAD


def test_states_that_were_not_read_may_tell_of_an_evaluation(
    verdicts: Verdicts,
) -> None:
    given = {**assignment(), "systemData": {"lastModifiedAt": EARLY}}
    unread = [(PolicyState, f"/tenants/{TENANT}")]
    every = (definition(), group(), given)
    refused = verdicts(membership_pending, *every, unread=unread).only(given["id"])
    assert refused.status is UNREAD
    assert "refused" in refused.reason
    unasked = verdicts(membership_pending, definition(), given).only(given["id"])
    assert unasked.status is UNREAD
    assert "was not asked" in unasked.reason


@pytest.mark.parametrize(
    ("bodies", "status"), [([manager(), group()], UNREAD), ([], NA)]
)
def test_what_cannot_be_told_is_pending_where_there_are_groups(
    verdicts: Verdicts, bodies: list[Body], status: Status
) -> None:
    above = definition(id=f"{ZONES}{PROVIDER}/policyDefinitions/join")
    given = assignment(of=above["id"], metadata={})
    unread = [(PolicyDefinition, ZONES)]
    [result] = verdicts(
        membership_pending,
        *(*GROUPS, *bodies, above, given),
        parents=PARENTS,
        unread=unread,
    )
    assert result.status is status
