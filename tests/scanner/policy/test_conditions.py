"""Which resources a policy's condition holds for, against a naive reading of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.policy.conditions import DEEPEST, Subject, evaluate

NETWORK = "Microsoft.Network/virtualNetworks"
ID = f"/subscriptions/5EC/resourceGroups/rg-Hub/providers/{NETWORK}/vnet-Prod-weu"
SUBJECT = Subject(ID, "West Europe", {"Env": "Prod", "it's": "x", "empty": ""})


def name(**comparison: object) -> dict[str, object]:
    return {"field": "Name", **comparison}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (name(equals="VNET-prod-WEU"), True),
        (name(notEquals="vnet-prod-weu"), False),
        (name(contains="-PROD-"), True),
        (name(notcontains="test"), True),
        (name(like="vnet-*-weu"), True),
        (name(like="vnet-prod-weu*weu"), False),
        (name(like="vnet-prod-weu"), True),
        (name(notLike="*-sdc"), True),
        (name(**{"in": ["a", "VNet-prod-weu"]}), True),
        (name(notin=["a", "b"]), True),
        (name(**{"in": []}), False),
        ({"field": "fullName", "like": "vnet*"}, True),
        ({"field": "id", "contains": "/resourceGroups/RG-HUB/"}, True),
        ({"field": "type", "equals": NETWORK.lower()}, True),
        ({"field": "type", "equals": "Microsoft.Compute/virtualMachines"}, False),
        ({"field": "location", "equals": "westeurope"}, True),
        ({"field": "location", "in": ["North Europe", "WEST EUROPE"]}, True),
        ({"field": "tags['env']", "equals": "prod"}, True),
        ({"field": "tags[env]", "equals": "prod"}, True),
        ({"field": "tags.Env", "equals": "prod"}, True),
        ({"field": "tags['it''s']", "equals": "x"}, True),
        ({"field": "tags['env']", "exists": True}, True),
        ({"field": "tags['env']", "exists": "False"}, False),
        ({"field": "tags['other']", "exists": "false"}, True),
        ({"field": "tags['empty']", "exists": "true"}, True),
        ({"field": "tags['empty']", "equals": ""}, True),
        ({"field": "tags['other']", "equals": "prod"}, False),
        ({"field": "tags['other']", "notEquals": "prod"}, True),
        ({"field": "tags['other']", "notIn": ["prod"]}, True),
        ({"field": "tags['other']", "like": "p*"}, False),
        ({"value": "[resourceGroup().Name]", "equals": "rg-hub"}, True),
        ({"value": "[ subscription().subscriptionId ]", "equals": "5ec"}, True),
        ({"value": "[resourceGroup().id]", "contains": "/resourcegroups/rg"}, True),
        ({"value": "[field('tags[''env'']')]", "equals": "prod"}, True),
        (name(equals="[[vnet]"), False),
        ({"ALLOF": [name(contains="prod"), name(contains="vnet")]}, True),
        ({"anyOf": [name(contains="x"), name(contains="vnet")]}, True),
        ({"not": name(contains="x")}, True),
        ({"allOf": [{"field": "odd", "equals": "x"}, name(equals="x")]}, False),
        ({"anyOf": [{"field": "odd", "equals": "x"}, name(like="v*")]}, True),
    ],
)
def test_what_is_documented_is_told(condition: Any, holds: bool) -> None:
    assert evaluate(condition, SUBJECT).holds is holds


FLAG = "Microsoft.CognitiveServices/accounts/disableLocalAuth"


@pytest.mark.parametrize(
    ("comparison", "where_true", "where_false", "where_absent"),
    [
        ({"equals": True}, True, False, False),
        ({"equals": "TRUE"}, True, False, False),
        ({"notEquals": True}, False, True, True),
        ({"notEquals": "true"}, False, True, True),
        ({"equals": False}, False, True, False),
        ({"in": [False, "x"]}, False, True, False),
        ({"exists": False}, False, False, True),
        ({"equals": ""}, False, False, None),
    ],
)
def test_fields_that_the_asker_tells(
    comparison: Any, where_true: bool, where_false: bool, where_absent: bool | None
) -> None:
    for own, holds in {"true": where_true, "False": where_false}.items():
        subject = Subject(ID, others={FLAG.lower(): own})
        assert evaluate({"field": FLAG, **comparison}, subject).holds is holds
    subject = Subject(ID, others={FLAG.lower(): None})
    assert evaluate({"field": FLAG, **comparison}, subject).holds is where_absent


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (None, "nothing"),
        ([], "nothing"),
        ({}, "nothing"),
        ({"allOf": []}, "without"),
        ({"allOf": "x"}, "without"),
        ({"anyOf": [], "not": {}}, "anyof, not"),
        ({"field": "name"}, "field"),
        ({"field": "name", "equals": "a", "like": "b"}, "equals, field, like"),
        ({"field": "name", "value": "a", "like": "b"}, "value"),
        ({"field": 3, "equals": "a"}, "no text"),
        ({"field": f"{NETWORK}/enableDdosProtection", "equals": "true"}, "the field"),
        ({"field": "tags", "containsKey": "env"}, "the operator containskey"),
        ({"field": "tags", "equals": "env"}, "the field tags"),
        ({"field": "name", "match": "vnet-???"}, "the operator match"),
        ({"field": "name", "equals": 7.5}, "no text"),
        ({"field": "name", "equals": None}, "no text"),
        ({"field": "kind", "equals": "x"}, "the field kind"),
        ({"field": "name", "in": "vnet"}, "no list"),
        ({"field": "name", "in": ["a", "[parameters('b')]"]}, "parameters"),
        ({"field": "name", "like": "*vnet*"}, "more than one"),
        ({"field": "name", "contains": "v*"}, "wildcard"),
        ({"field": "name", "exists": 1}, "exists"),
        ({"field": "tags['other']", "equals": ""}, "empty"),
        ({"field": "tags['other']", "notLike": "*"}, "empty"),
        ({"value": "[subscription().displayName]", "equals": "x"}, "displayName"),
        ({"value": "a", "exists": "true"}, "exists"),
        ({"count": {"value": ["a"]}, "equals": 1}, "count"),
        ({"not": {"field": "odd", "equals": "x"}}, "the field odd"),
    ],
)
def test_anything_else_is_open_and_said(condition: Any, said: str) -> None:
    answer = evaluate(condition, SUBJECT)
    assert answer.holds is None
    assert said in " ".join(answer.open)


def test_tags_that_are_not_known_leave_open_what_they_decide() -> None:
    untold = replace(SUBJECT, knows_tags=False)
    by_tag = {"field": "tags['env']", "exists": "true"}
    assert evaluate(by_tag, untold).holds is None
    assert evaluate({"anyOf": [by_tag, {"value": "a", "in": ["a"]}]}, untold).holds


def test_depth_is_bounded() -> None:
    condition: Any = name(like="*")
    for _ in range(DEEPEST * 40):
        condition = {"not": condition}
    assert evaluate(condition, SUBJECT).open == (f"more than {DEEPEST} levels",)


# Against a naive reading

TEXTS = st.text(alphabet="aB", max_size=3)
FIELDS = st.sampled_from(["name", "tags['t']", "TAGS['Gone']", "odd", "location"])


def leaf(field: str, operator: str, text: str, texts: list[str]) -> dict[str, Any]:
    if operator.lower().endswith("in"):
        return {"field": field, operator: texts}
    if operator == "exists":
        return {"field": field, operator: len(text) > 1}
    ending = "*" if operator.lower().endswith("like") else ""
    return {"field": field, operator: text + ending}


OPERATORS = st.sampled_from(
    [
        *("equals", "notEquals", "like", "notLike", "contains", "notContains"),
        *("in", "notIn", "exists", "less"),
    ]
)
CONDITIONS = st.recursive(
    st.builds(leaf, FIELDS, OPERATORS, TEXTS, st.lists(TEXTS, max_size=2)),
    lambda inner: st.one_of(
        st.builds(lambda each: {"not": each}, inner),
        st.builds(lambda each: {"allOf": each}, st.lists(inner, min_size=1)),
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1)),
    ),
    max_leaves=8,
)


def possible(condition: Any, values: dict[str, str | None]) -> set[bool]:
    """Return all that a condition may come to, taking what is not told both ways."""
    ((key, inner),) = [item for item in condition.items() if item[0] != "field"]
    if key == "not":
        return {not each for each in possible(inner, values)}
    if key in ("allOf", "anyOf"):
        fold = all if key == "allOf" else any
        sums: set[tuple[bool, ...]] = {()}
        for each in inner:
            told = possible(each, values)
            sums = {(*one, truth) for one in sums for truth in told}
        return {fold(one) for one in sums}
    field = condition["field"].lower()
    if field == "odd" or key == "less":
        return {True, False}
    value = values[field]
    if key == "exists":
        return {(value is not None) == inner}
    wanted = inner if isinstance(inner, list) else [inner]
    shapes = {
        "equals": "{}",
        "in": "{}",
        "contains": ".*{}.*",
        "like": "{}.*",
    }
    shape = shapes[key.lower().removeprefix("not")]
    fits = any(
        re.fullmatch(shape.format(each.rstrip("*")), value or "", re.IGNORECASE)
        for each in wanted
    )
    if value is None and fits:
        return {True, False}
    return {fits != key.startswith("not")}


@given(condition=CONDITIONS, own=TEXTS.filter(bool), tag=TEXTS)
def test_the_answer_is_that_of_a_naive_reading(
    condition: Any, own: str, tag: str
) -> None:
    subject = Subject(f"/subscriptions/s/providers/{NETWORK}/{own}", own, {"T": tag})
    values = {"name": own, "tags['t']": tag, "tags['gone']": None, "location": own}
    told = possible(condition, values)
    answer = evaluate(condition, subject)
    assert told == ({True, False} if answer.holds is None else {answer.holds})
    assert bool(answer.open) is (answer.holds is None)
