"""What rules do to a resource, told by the check that asks who keeps keys off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.guard import local_auth_policy
from scanner.model.check import Status

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
TYPE = "Microsoft.CognitiveServices/accounts"
ALIAS = f"{TYPE}/disableLocalAuth"
PROVIDER = f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
OWN, SET = f"{PROVIDER}/policyDefinitions/own", f"{PROVIDER}/policySetDefinitions/set"
ACCOUNT = {
    "id": f"{SUBSCRIPTION}/resourceGroups/rg/providers/{TYPE}/ai",
    "kind": "OpenAI",
    "location": "westeurope",
    "tags": {"env": "dev"},
    "properties": {"disableLocalAuth": True},
}
KEYS_ON = {"field": ALIAS, "notEquals": True}

PASS, WARN, INFO = Status.PASS, Status.WARN, Status.INFO
UNREAD = Status.NOT_ASSESSED


def definition(
    condition: object, effect: str = "deny", parameters: object = None, **then: object
) -> Body:
    rule = {"if": condition, "then": {"effect": effect, **then}}
    return {"id": OWN, "properties": {"policyRule": rule, "parameters": parameters}}


def assignment(what: str = OWN, **values: object) -> Body:
    parameters = {key: {"value": value} for key, value in values.items()}
    known = {"policyDefinitionId": what, "parameters": parameters}
    return {"id": f"{PROVIDER}/policyAssignments/a", "properties": known}


def keys_on(*others: Body) -> Body:
    return {"allOf": [{"field": "type", "equals": TYPE}, *others, KEYS_ON]}


@pytest.mark.parametrize(
    ("condition", "status", "said"),
    [
        (keys_on(), PASS, "kept off"),
        ({"not": {"field": ALIAS, "equals": "true"}}, PASS, "kept off"),
        ({"value": f"[field('{ALIAS}')]", "notEquals": True}, PASS, "kept off"),
        ({"anyOf": [{"field": ALIAS, "exists": False}, KEYS_ON]}, PASS, "kept off"),
        ({"field": ALIAS, "equals": True}, INFO, "keeps the keys off"),
        ({"field": ALIAS, "equals": False}, INFO, "not for both"),
        ({"field": ALIAS, "exists": "false"}, INFO, "not for both"),
        (keys_on({"field": "kind", "equals": "Face"}), INFO, "keeps the keys off"),
        (keys_on({"field": "kind", "in": ["openai", "x"]}), PASS, "kept off"),
        (keys_on({"field": "location", "equals": "eastus"}), INFO, "keys off"),
        (keys_on({"field": "location", "equals": "West Europe"}), PASS, "kept off"),
        (keys_on({"field": "tags['env']", "equals": "prod"}), INFO, "keys off"),
        (keys_on({"field": "tags['ENV']", "equals": "Dev"}), PASS, "kept off"),
        (keys_on({"field": "sku.name", "equals": "S0"}), INFO, "the field sku.name"),
        (keys_on({"field": "kind", "match": "?"}), INFO, "the operator match"),
        (None, INFO, "keeps the keys off"),
    ],
)
def test_whom_a_rule_is_for(
    verdicts: Verdicts, condition: object, status: Status, said: str
) -> None:
    result = verdicts(
        local_auth_policy, ACCOUNT, definition(condition), assignment()
    ).only()
    assert (result.status, said in result.reason) == (status, True), result.reason


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (KEYS_ON, WARN),
        ({"field": ALIAS, "equals": False}, WARN),
        ({"field": ALIAS, "equals": True}, INFO),
        (keys_on({"field": "sku.name", "equals": "S0"}), INFO),
    ],
)
def test_rules_that_report(
    verdicts: Verdicts, condition: object, status: Status
) -> None:
    bodies = definition(condition, "audit"), assignment()
    assert verdicts(local_auth_policy, ACCOUNT, *bodies).only().status is status


def change(field: str = ALIAS, value: object = True, **more: object) -> Body:
    return {"operation": "addOrReplace", "field": field, "value": value, **more}


@pytest.mark.parametrize(
    ("details", "status", "said"),
    [
        ({"operations": [change()]}, PASS, ""),
        ({"operations": [change("tags['a']", "b"), change(value="True")]}, PASS, ""),
        ([{"field": ALIAS.upper(), "value": True}], PASS, ""),
        ({"operations": [change(value=False)]}, INFO, ""),
        ({"operations": [change("tags['keys']", "on")]}, INFO, ""),
        ({"operations": [change(value="[parameters('off')]")]}, INFO, "parameters"),
        ({"operations": [change(condition="[equals(1, 2)]")]}, INFO, "equals(1, 2)"),
        ({"operations": "none"}, INFO, ""),
        ({}, INFO, ""),
    ],
)
def test_what_a_rule_sets(
    verdicts: Verdicts, details: object, status: Status, said: str
) -> None:
    effect = "append" if isinstance(details, list) else "modify"
    bodies = definition(KEYS_ON, effect, details=details), assignment()
    result = verdicts(local_auth_policy, ACCOUNT, *bodies).only()
    assert (result.status, said in result.reason) == (status, True), result.reason


IN_PLACES = keys_on({"field": "location", "in": "[parameters('places')]"})
HERE, THERE = ["westeurope"], ["eastus"]


def initiative(passed_on: object, **defaults: object) -> Body:
    member = {
        "policyDefinitionId": OWN,
        "policyDefinitionReferenceId": "keys",
        "parameters": {"places": {"value": passed_on}},
    }
    parameters = {key: {"defaultValue": value} for key, value in defaults.items()}
    known = {"policyDefinitions": [member], "parameters": parameters}
    return {"id": SET, "properties": known}


@pytest.mark.parametrize(
    ("default", "bodies", "status"),
    [
        (HERE, [assignment()], PASS),
        (THERE, [assignment()], INFO),
        (THERE, [assignment(PLACES=HERE)], PASS),
        (HERE, [assignment(places=THERE)], INFO),
        (None, [assignment()], INFO),
        (THERE, [initiative(HERE), assignment(SET)], PASS),
        (HERE, [initiative(THERE), assignment(SET)], INFO),
        (THERE, [initiative("[parameters('p')]", p=HERE), assignment(SET)], PASS),
        (
            THERE,
            [initiative("[parameters('p')]", p=THERE), assignment(SET, p=HERE)],
            PASS,
        ),
        (THERE, [initiative("[parameters('p')]"), assignment(SET)], INFO),
    ],
)
def test_parameters(
    verdicts: Verdicts, default: object, bodies: list[Body], status: Status
) -> None:
    own = definition(IN_PLACES, parameters={"places": {"defaultValue": default}})
    assert verdicts(local_auth_policy, ACCOUNT, own, *bodies).only().status is status


def test_what_an_exemption_leaves_out_must_be_about_keys(verdicts: Verdicts) -> None:
    leave = {
        "id": f"{PROVIDER}/policyExemptions/e",
        "properties": {"policyAssignmentId": assignment()["id"]},
    }
    for condition, exempt in ((KEYS_ON, True), ({"field": ALIAS, "equals": 1}, False)):
        bodies = definition(condition), assignment(), leave
        result = verdicts(local_auth_policy, ACCOUNT, *bodies).only()
        assert (result.status, "exempt" in result.reason) == (INFO, exempt)


@pytest.mark.parametrize("broken", [{"tags": [1]}, {"location": 7}])
def test_a_malformed_account(verdicts: Verdicts, broken: Body) -> None:
    bodies = {**ACCOUNT, **broken}, definition(KEYS_ON), assignment()
    assert verdicts(local_auth_policy, *bodies).only().status is UNREAD
