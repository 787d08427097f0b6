"""Which policies hold for a resource, told by the check that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.guard import local_auth_policy
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.policy import (
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
    PolicySetDefinition,
)

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/ai"
MANAGED = "/providers/Microsoft.Management/managementGroups"
TOP, MIDDLE, BESIDE = f"{MANAGED}/{TENANT}", f"{MANAGED}/middle", f"{MANAGED}/beside"
PARENTS = {SUBSCRIPTION: MIDDLE, MIDDLE: TOP, BESIDE: TOP}
GROUPS = tuple({"id": each, "properties": {}} for each in (TOP, MIDDLE, BESIDE))
PROVIDER = "/providers/Microsoft.Authorization"
BUILT_IN = f"{PROVIDER}/policyDefinitions/71ef260a-8f18-47b7-abcb-62d0673d94dc"
SET = f"{PROVIDER}/policySetDefinitions/1f3afdf9"
ALIAS = "Microsoft.CognitiveServices/accounts/disableLocalAuth"
PARAMETER = "[parameters('effect')]"

PASS, WARN, INFO = Status.PASS, Status.WARN, Status.INFO
UNREAD = Status.NOT_ASSESSED


def account(**properties: object) -> Body:
    return {
        "id": ACCOUNT,
        "kind": "OpenAI",
        "location": "West Europe",
        "properties": properties,
    }


def definition(
    id: str = BUILT_IN, effect: str = PARAMETER, field: str = ALIAS, **more: object
) -> Body:
    parameters = {"Effect": {"type": "String", "defaultValue": "Audit"}}
    rule = {"if": {"field": field, "notEquals": True}, "then": {"effect": effect}}
    return {
        "id": id,
        "properties": {"parameters": parameters, "policyRule": rule, **more},
    }


def assignment(
    what: str = BUILT_IN,
    effect: str | None = "Deny",
    at: str = SUBSCRIPTION,
    **properties: object,
) -> Body:
    known: dict[str, object] = {"policyDefinitionId": what, "scope": at}
    if effect:
        known["parameters"] = {"effect": {"value": effect}}
    return {
        "id": f"{at}{PROVIDER}/policyAssignments/guard",
        "properties": {**known, **properties},
    }


def initiative(
    id: str = SET, given: object = None, of: str = BUILT_IN, **more: object
) -> Body:
    member: Body = {"policyDefinitionId": of, "policyDefinitionReferenceId": "keys"}
    if given is not None:
        member = {**member, "parameters": {"effect": {"value": given}}}
    other = {"policyDefinitionId": f"{PROVIDER}/policyDefinitions/other"}
    return {"id": id, "properties": {"policyDefinitions": [other, member], **more}}


def exemption(at: str = GROUP, **properties: object) -> Body:
    whole = {"policyAssignmentId": assignment()["id"].upper(), **properties}
    return {"id": f"{at}{PROVIDER}/policyExemptions/leave", "properties": whole}


def test_no_policy(verdicts: Verdicts) -> None:
    [result] = verdicts(local_auth_policy, account())
    assert (result.status, result.reason) == (
        INFO,
        "no assigned policy keeps the keys off",
    )


@pytest.mark.parametrize(
    ("effect", "mode", "status"),
    [
        ("Deny", "Default", PASS),
        ("deny", None, PASS),
        ("Modify", "Default", PASS),
        ("Audit", "Default", WARN),
        ("AuditIfNotExists", "Default", WARN),
        ("DeployIfNotExists", "Default", WARN),
        (None, "Default", WARN),
        ("Deny", "DoNotEnforce", WARN),
        ("Deny", "Enroll", WARN),
        ("Disabled", "Default", INFO),
        ("Manual", "Default", INFO),
    ],
)
def test_effects(
    verdicts: Verdicts, effect: str | None, mode: object, status: Status
) -> None:
    given = assignment(effect=effect, enforcementMode=mode)
    [result] = verdicts(local_auth_policy, account(), definition(), given)
    assert result.status is status
    if status is not INFO:
        assert f"guard ({(effect or 'Audit').lower()}" in result.reason


@pytest.mark.parametrize(
    ("body", "effect", "status"),
    [
        (definition(effect="deny"), None, PASS),
        (definition(effect="[if(true(), 'deny', 'audit')]"), None, INFO),
        (definition(effect="[PARAMETERS( 'EFFECT' )]"), "Deny", PASS),
        (definition(parameters={}), None, INFO),
        (definition(parameters={}), "Deny", PASS),
        (definition(policyRule=None), "Deny", INFO),
    ],
)
def test_where_the_effect_comes_from(
    verdicts: Verdicts, body: Body, effect: str | None, status: Status
) -> None:
    given = assignment(effect=effect)
    [result] = verdicts(local_auth_policy, account(), body, given)
    assert result.status is status
    if status is INFO:
        assert "the effect of guard is not known" in result.reason


@pytest.mark.parametrize(
    ("whole", "effect", "status"),
    [
        (initiative(given="Deny"), None, PASS),
        (initiative(), None, WARN),
        (initiative(), "Deny", WARN),
        (initiative(given="[parameters('keys')]"), None, INFO),
        (
            initiative(
                given="[parameters('keys')]",
                parameters={"keys": {"defaultValue": "Deny"}},
            ),
            None,
            PASS,
        ),
        (initiative(given=PARAMETER), "Deny", PASS),
        (initiative(given=PARAMETER, id=f"{SUBSCRIPTION}{SET}"), "Deny", PASS),
        (initiative(of=f"{PROVIDER}/policyDefinitions/else"), "Deny", INFO),
    ],
)
def test_initiatives(
    verdicts: Verdicts, whole: Body, effect: str | None, status: Status
) -> None:
    bodies = account(), definition(), whole, assignment(whole["id"], effect)
    [result] = verdicts(local_auth_policy, *bodies)
    assert result.status is status


@pytest.mark.parametrize(
    ("id", "field", "status"),
    [
        (f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/own", ALIAS, PASS),
        (f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/own", ALIAS.upper(), PASS),
        (f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/own", f"{ALIAS}2", INFO),
        (f"{MIDDLE}{PROVIDER}/policyDefinitions/own", ALIAS, PASS),
        (
            f"{PROVIDER}/policyDefinitions/14de9e63-1b31-492e-a5a3-c3f7fd57f555",
            "",
            PASS,
        ),
        (f"{PROVIDER}/policyDefinitions/another", ALIAS, INFO),
    ],
)
def test_which_definitions_count(
    verdicts: Verdicts, id: str, field: str, status: Status
) -> None:
    bodies = account(), *GROUPS, definition(id, field=field), assignment(id)
    [result] = verdicts(local_auth_policy, *bodies, parents=PARENTS)
    assert result.status is status


@pytest.mark.parametrize(
    ("at", "excluded", "status"),
    [
        (TOP, [], PASS),
        (MIDDLE, [], PASS),
        (SUBSCRIPTION, [], PASS),
        (GROUP.upper(), [], PASS),
        (ACCOUNT, [], PASS),
        (BESIDE, [], INFO),
        (f"{GROUP}2", [], INFO),
        (f"{ACCOUNT}2", [], INFO),
        (TOP, [MIDDLE], INFO),
        (TOP, [BESIDE], PASS),
        (TOP, [SUBSCRIPTION.upper()], INFO),
        (SUBSCRIPTION, [GROUP], INFO),
        (SUBSCRIPTION, [f"{GROUP}2", ACCOUNT], INFO),
        (SUBSCRIPTION, [f"{GROUP}2"], PASS),
    ],
)
def test_scopes(
    verdicts: Verdicts, at: str, excluded: list[str], status: Status
) -> None:
    given = assignment(at=at, notScopes=excluded)
    bodies = account(), *GROUPS, definition(), given
    [result] = verdicts(local_auth_policy, *bodies, parents=PARENTS)
    assert result.status is status


def test_a_group_that_may_be_above_leaves_it_open(verdicts: Verdicts) -> None:
    given = assignment(at=TOP, notScopes=[MIDDLE])
    [result] = verdicts(local_auth_policy, account(), definition(), given)
    assert (result.status, "lower bound" in result.reason) == (INFO, True)


def selector(kind: str, key: str, *values: str) -> Body:
    return {"selectors": [{"kind": kind, key: list(values)}]}


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (selector("resourceLocation", "in", "westeurope", "eastus"), True),
        (selector("resourceLocation", "in", "eastus"), False),
        (selector("resourceLocation", "notIn", "WestEurope"), False),
        (selector("resourceLocation", "notIn", "eastus"), True),
        (selector("resourceType", "in", "microsoft.cognitiveservices/Accounts"), True),
        (selector("resourceType", "in", "Microsoft.Storage/storageAccounts"), False),
        (
            selector("resourceWithoutLocation", "in", "subscriptionLevelResources"),
            False,
        ),
        (selector("userPrincipalId", "in", "ann"), False),
        ({"selectors": []}, True),
    ],
)
def test_selectors(verdicts: Verdicts, selection: Body, selected: bool) -> None:
    given = assignment(resourceSelectors=[selection])
    [result] = verdicts(local_auth_policy, account(), definition(), given)
    assert result.status is (PASS if selected else INFO)
    change = {"kind": "policyEffect", "value": "Audit", **selection}
    given = assignment(overrides=[change])
    [result] = verdicts(local_auth_policy, account(), definition(), given)
    assert result.status is (WARN if selected else PASS)


def test_an_override_of_a_member(verdicts: Verdicts) -> None:
    for name, status in {"KEYS": WARN, "others": PASS}.items():
        change = selector("policyDefinitionReferenceId", "in", name)
        given = assignment(
            SET, overrides=[{"kind": "policyEffect", "value": "audit", **change}]
        )
        bodies = account(), definition(), initiative(given=PARAMETER), given
        [result] = verdicts(local_auth_policy, *bodies)
        assert result.status is status


@pytest.mark.parametrize(
    ("leave", "status"),
    [
        (exemption(), INFO),
        (exemption(ACCOUNT), INFO),
        (exemption(SUBSCRIPTION), INFO),
        (exemption(MIDDLE), INFO),
        (exemption(f"{GROUP}2"), PASS),
        (exemption(policyAssignmentId=f"{assignment()['id']}2"), PASS),
        (exemption(expiresOn="2026-08-31T23:59:59.1234567Z"), PASS),
        (exemption(expiresOn="2026-09-01T00:00:01"), INFO),
        (exemption(expiresOn=None), INFO),
        (exemption(expiresOn="some day"), UNREAD),
        (exemption(expiresOn=7), UNREAD),
        (exemption(policyDefinitionReferenceIds=[]), INFO),
        (exemption(policyDefinitionReferenceIds=["Keys"]), INFO),
        (exemption(policyDefinitionReferenceIds=["others"]), PASS),
        (
            exemption(resourceSelectors=[selector("resourceLocation", "in", "eastus")]),
            PASS,
        ),
    ],
)
def test_exemptions(verdicts: Verdicts, leave: Body, status: Status) -> None:
    given = assignment(SET)
    bodies = account(), *GROUPS, definition(), initiative(given=PARAMETER), given
    [result] = verdicts(local_auth_policy, *bodies, leave, parents=PARENTS)
    assert result.status is status
    assert ("exempt from guard" in result.reason) is (status is INFO)


@pytest.mark.parametrize(
    ("refused", "effect", "status"),
    [
        ((PolicyAssignment, SUBSCRIPTION), "Deny", UNREAD),
        ((PolicyExemption, SUBSCRIPTION), "Deny", UNREAD),
        ((PolicyExemption, SUBSCRIPTION), "Audit", UNREAD),
        ((PolicySetDefinition, SET), "Deny", UNREAD),
        ((PolicyDefinition, f"/tenants/{TENANT}"), "Deny", UNREAD),
        ((RoleAssignment, SUBSCRIPTION), "Deny", PASS),
    ],
)
def test_unread(verdicts: Verdicts, refused: Any, effect: str, status: Status) -> None:
    whole = initiative(given=PARAMETER)
    bodies = account(), definition(), whole, assignment(SET, effect)
    [result] = verdicts(local_auth_policy, *bodies, unread=[refused])
    assert result.status is status


def test_what_management_groups_define_is_no_gap(verdicts: Verdicts) -> None:
    own = definition(f"{MIDDLE}{PROVIDER}/policyDefinitions/own")
    bodies = account(), *GROUPS, own, assignment(own["id"])
    unread = [(PolicyDefinition, MIDDLE)]
    [result] = verdicts(local_auth_policy, *bodies, parents=PARENTS, unread=unread)
    assert (result.status, "lower bound" in result.reason) == (INFO, True)


def test_one_policy_that_denies_is_enough(verdicts: Verdicts) -> None:
    unknown = assignment(f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/own", at=GROUP)
    bodies = account(), definition(), assignment(), unknown
    unread = [(PolicyDefinition, SUBSCRIPTION)]
    [result] = verdicts(local_auth_policy, *bodies, unread=unread)
    assert result.status is PASS
    [result] = verdicts(
        local_auth_policy, account(), definition(), unknown, unread=unread
    )
    assert result.status is UNREAD


@pytest.mark.parametrize(
    "broken",
    [
        [definition(), assignment(policyDefinitionId=None)],
        [definition(), assignment(policyDefinitionId=7)],
        [definition(), assignment(notScopes="none")],
        [definition(), assignment(enforcementMode=True)],
        [definition(parameters={"effect": {"defaultValue": 7}}), assignment(effect="")],
    ],
)
def test_malformed(verdicts: Verdicts, broken: list[Body]) -> None:
    [result] = verdicts(local_auth_policy, account(), *broken)
    assert (result.status, "malformed" in result.reason) == (UNREAD, True)


def test_evidence(verdicts: Verdicts) -> None:
    given = assignment(enforcementMode="Default")
    read = verdicts(local_auth_policy, account(), definition(), given).evidence()
    assert read[given["id"], "properties.policyDefinitionId"] == BUILT_IN
    assert read[given["id"], "properties.enforcementMode"] == "Default"


def test_what_a_policy_says_is_evidence(verdicts: Verdicts) -> None:
    given = assignment(SET, "Deny")
    declared = {"Effect": {"defaultValue": "Disabled"}}
    whole = initiative(given=PARAMETER, parameters=declared)
    policy = definition()
    read = verdicts(local_auth_policy, account(), policy, whole, given).evidence()
    member = "properties.policyDefinitions[1]"
    rule = policy["properties"]["policyRule"]
    for where, path, value in (
        (BUILT_IN, "properties.policyRule.if", rule["if"]),
        (BUILT_IN, "properties.policyRule.then.effect", PARAMETER),
        (BUILT_IN, "properties.parameters['Effect'].defaultValue", "Audit"),
        (SET, f"{member}.policyDefinitionReferenceId", "keys"),
        (SET, f"{member}.parameters['effect'].value", PARAMETER),
        (SET, "properties.parameters['Effect'].defaultValue", "Disabled"),
        (given["id"], "properties.parameters['effect'].value", "Deny"),
    ):
        assert read[where, path] == value


def test_that_a_parameter_is_not_given_is_evidence(verdicts: Verdicts) -> None:
    given = assignment(effect=None)
    read = verdicts(local_auth_policy, account(), definition(), given).evidence()
    assert read[given["id"], "properties.parameters['effect']"] is None
