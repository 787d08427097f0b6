"""Who carries the dangerous permissions, over the built-in roles as published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.access.facts import Block, Role
from scanner.access.restrictions import Ask
from scanner.access.roles import amounts_to, ways_of

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
PUBLISHED = CORPUS / "builtin-roles.jsonl"

COGNITIVE = "Microsoft.CognitiveServices/accounts"
LEARNING = "Microsoft.MachineLearningServices/workspaces"

CARRIERS = {
    f"{COGNITIVE}/listKeys/action": 13,
    f"{COGNITIVE}/regenerateKey/action": 7,
    f"{COGNITIVE}/write": 7,
    f"{COGNITIVE}/deployments/write": 8,
    f"{COGNITIVE}/connections/listsecrets/action": 7,
    f"{COGNITIVE}/projects/connections/listsecrets/action": 8,
    f"{LEARNING}/connections/listsecrets/action": 6,
    f"{LEARNING}/datastores/listsecrets/action": 5,
    f"{LEARNING}/onlineEndpoints/listKeys/action": 5,
    f"{LEARNING}/connections/read": 21,
    "Microsoft.Storage/storageAccounts/listKeys/action": 24,
    "Microsoft.Search/searchServices/listAdminKeys/action": 4,
    "Microsoft.DocumentDB/databaseAccounts/listKeys/action": 5,
    "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action": 5,
    "Microsoft.ContainerRegistry/registries/listCredentials/action": 5,
    "Microsoft.Authorization/roleAssignments/write": 28,
    "Microsoft.Network/networkManagers/ipamPools/associateResourcesToPool/action": 8,
    "Microsoft.Insights/diagnosticSettings/write": 14,
    "Microsoft.Network/dnsResolverPolicies/write": 3,
}

DATA_CARRIERS = {
    f"{COGNITIVE}/OpenAI/deployments/chat/completions/action": 8,
    f"{COGNITIVE}/OpenAI/files/import/action": 7,
}


def _role(body: dict[str, Any]) -> Role:
    properties = body["properties"]
    blocks = (
        Block(
            actions=tuple(each["actions"]),
            not_actions=tuple(each["notActions"]),
            data_actions=tuple(each["dataActions"]),
            not_data_actions=tuple(each["notDataActions"]),
            condition=each.get("condition"),
        )
        for each in properties["permissions"]
    )
    return Role(body["id"], properties["roleName"], tuple(blocks))


@pytest.fixture(scope="module")
def roles() -> list[Role]:
    if not PUBLISHED.exists():
        pytest.skip("the built-in roles are not kept here")
    with PUBLISHED.open(encoding="utf-8") as lines:
        return [_role(json.loads(line)) for line in lines]


def carriers(roles: list[Role], ask: Ask) -> Iterator[str]:
    for role in roles:
        if any(way.open for way in ways_of(role.blocks, ask)):
            yield role.name


@pytest.mark.parametrize(("action", "count"), CARRIERS.items())
def test_carriers(roles: list[Role], action: str, count: int) -> None:
    found = sorted(carriers(roles, Ask.of(action)))
    assert len(found) == count, found


@pytest.mark.parametrize(("action", "count"), DATA_CARRIERS.items())
def test_carriers_of_data_actions(roles: list[Role], action: str, count: int) -> None:
    found = sorted(carriers(roles, Ask.of(action, data=True)))
    assert len(found) == count, found


def test_those_of_list_keys_by_name(roles: list[Role]) -> None:
    found = set(carriers(roles, Ask.of(f"{COGNITIVE}/listKeys/action")))
    assert {"Owner", "Contributor", "Cognitive Services User"} <= found
    assert not found & {"Reader", "Cognitive Services OpenAI User"}


def test_only_three_may_assign_any_role(roles: list[Role]) -> None:
    ask = Ask.of("Microsoft.Authorization/roleAssignments/write")
    free = {
        role.name
        for role in roles
        for way in ways_of(role.blocks, ask)
        if not way.restrictions
    }
    assert free == {
        "Owner",
        "User Access Administrator",
        "Role Based Access Control Administrator",
    }


def test_a_condition_on_assigning_roles_leaves_keys_open(roles: list[Role]) -> None:
    ask = Ask.of(f"{COGNITIVE}/listKeys/action")
    conditioned = [
        role
        for role in roles
        if ways_of(role.blocks, ask) and any(each.condition for each in role.blocks)
    ]
    assert {role.name for role in conditioned} == {
        "Foundry Account Owner",
        "Foundry Owner",
    }
    for role in conditioned:
        assert not any(way.restrictions for way in ways_of(role.blocks, ask))


def test_owner_and_contributor_carry_no_data_action(roles: list[Role]) -> None:
    chat = Ask.of(next(iter(DATA_CARRIERS)), data=True)
    assert not {"Owner", "Contributor"} & set(carriers(roles, chat))


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Owner", set()),
        ("Contributor", {"Owner"}),
        ("Storage Blob Data Owner", set()),
        (
            "Storage Blob Data Contributor",
            {
                "Storage Blob Data Owner",
                "Azure Red Hat OpenShift Image Registry Operator",
            },
        ),
        (
            "Storage Account Contributor",
            {"Owner", "Contributor", "Azure AI Administrator"},
        ),
        ("Search Index Data Reader", {"Search Index Data Contributor"}),
        ("Search Service Contributor", {"Owner", "Contributor"}),
        ("Foundry Account Owner", {"Owner"}),
    ],
)
def test_roles_that_amount_to_another(
    roles: list[Role], name: str, others: set[str]
) -> None:
    [needed] = [role for role in roles if role.name == name]
    found = {role.name for role in roles if amounts_to(role, needed)}
    assert found - {name} == others
