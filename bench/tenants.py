"""Tenants of one kind and as large as they get, as bodies, for measuring judging."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any
from uuid import UUID

from bench.dns import domain
from bench.estates import TENANT, Body, account, group, network, resource, subscription
from scanner.demo import bodies as demo
from scanner.model.ids import ResourceId

__all__ = ["TENANT", "Body", "access", "domains", "network_groups"]

SUBSCRIPTIONS = 40
ACCOUNTS = 50
"""Accounts a subscription."""
ASSIGNMENTS = 100_000
ROLES = 1_000
PRINCIPALS = 20_000
TEXTS = 500
"""How many conditions differ: most are made by the same few templates."""

DOMAINS = 100
"""Domains a list."""
LISTS = 1_000
POLICIES = 20
RULES = 100
"""Rules a policy, each with ten of the lists."""

GROUPS = 1_000
"""Network groups, each filled by a policy of its own."""
NETWORKS = 5_000

_AUTHORIZATION = "/providers/Microsoft.Authorization"
_CONTAINER = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"
_TYPES = ("User", "User", "ServicePrincipal", "Group")
_REGIONS = ("westeurope", "swedencentral", "uksouth", "northeurope")


def access(*, conditioned: float, assignments: int = ASSIGNMENTS) -> Iterator[Body]:
    """Yield accounts, roles and assignments, of which a share has a condition."""
    chance = random.Random(4)  # noqa: S311 - the same tenant every time
    scopes = []
    for number in range(SUBSCRIPTIONS):
        place = subscription(number)
        yield place
        scopes += [place["id"]] * 5
        yield group(place["id"])
        scopes += [f"{place['id']}/resourceGroups/rg"] * 20
        for index in range(ACCOUNTS):
            found = account(place["id"], index)
            yield found
            scopes.append(found["id"])
    roles = []
    for role in _roles(chance):
        yield role
        roles.append(role["id"])
    texts = _conditions()
    for number in range(assignments):
        some = chance.random() < conditioned
        role, text = chance.choice(texts) if some else (chance.choice(roles), None)
        yield _assignment(chance, number, chance.choice(scopes), role, text)


def _roles(chance: random.Random) -> Iterator[Body]:
    """Yield the built-in roles that the demo tenant knows, and many custom ones."""
    built_in = [each for each in _demo("roleDefinitions") if _is_built_in(each)]
    yield from built_in
    every = [action for role in built_in for action in _actions(role)]
    for number in range(ROLES - len(built_in)):
        place = subscription(number % SUBSCRIPTIONS)["id"]
        actions = {"actions": chance.sample(every, 20), "notActions": []}
        yield {
            "id": f"{place}{_AUTHORIZATION}/roleDefinitions/{_guid(1, number)}",
            "name": _guid(1, number),
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": f"Custom {number}",
                "type": "CustomRole",
                "permissions": [{**actions, "dataActions": [], "notDataActions": []}],
                "assignableScopes": [place],
            },
        }


def _is_built_in(role: Body) -> bool:
    return role["properties"].get("type") == "BuiltInRole"


def _actions(role: Body) -> Iterator[str]:
    for block in role["properties"]["permissions"]:
        yield from block.get("actions") or ()


def _conditions() -> list[tuple[str, str]]:
    """Return roles and their conditions as the demo tenant has them, made to differ."""
    found = sorted(
        (each["properties"]["roleDefinitionId"], each["properties"]["condition"])
        for each in _demo("roleAssignments")
        if each["properties"].get("condition")
    )
    return [
        (role, f"({text}) AND {_CONTAINER} StringNotEquals 'c{number}'")
        for number, (role, text) in zip(range(TEXTS), cycle(found), strict=False)
    ]


def _assignment(
    chance: random.Random,
    number: int,
    scope: str,
    role: str,
    condition: str | None,
) -> Body:
    of = chance.randrange(PRINCIPALS)
    more = {"condition": condition, "conditionVersion": "2.0"} if condition else {}
    return {
        "id": f"{scope}{_AUTHORIZATION}/roleAssignments/{_guid(2, number)}",
        "name": _guid(2, number),
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "scope": scope,
            "principalId": _guid(3, of),
            "principalType": _TYPES[of % len(_TYPES)],
            "roleDefinitionId": role,
            **more,
        },
    }


def domains() -> Iterator[Body]:
    """Yield networks, DNS security policies, their rules and the lists they have."""
    chance = random.Random(6)  # noqa: S311 - the same tenant every time
    place = subscription(0)
    yield place
    yield group(place["id"])
    for number in range(500):
        yield _joined(place["id"], number)
    lists = [_list(chance, place["id"], number) for number in range(LISTS)]
    yield from lists
    for number in range(POLICIES):
        region = _REGIONS[number % len(_REGIONS)]
        policy = resource(
            place["id"],
            "Microsoft.Network/dnsResolverPolicies",
            f"policy-{number}",
            {"provisioningState": "Succeeded"},
            location=region,
        )
        yield policy
        own = [each for each in lists if each["location"] == region]
        for position in range(RULES):
            yield _rule(chance, policy, position, own)
        for index in range(number, 400, POLICIES):
            if _REGIONS[index % len(_REGIONS)] == region:
                yield _link(policy, _joined(place["id"], index))


def _joined(scope: str, number: int) -> Body:
    made = network(scope, number)
    region = _REGIONS[number % len(_REGIONS)]
    prefixes = [f"10.{number // 256}.{number % 256}.0/24"]
    space = {"addressSpace": {"addressPrefixes": prefixes}}
    return {**made, "location": region, "properties": space}


def _list(chance: random.Random, scope: str, number: int) -> Body:
    return resource(
        scope,
        "Microsoft.Network/dnsResolverDomainLists",
        f"list-{number}",
        {"domains": [domain(chance) for _ in range(DOMAINS)]},
        location=_REGIONS[number % len(_REGIONS)],
    )


def _rule(
    chance: random.Random, policy: Body, position: int, lists: list[Body]
) -> Body:
    action = chance.choice(("Allow", "Block", "Alert"))
    return _child(
        policy,
        "dnsSecurityRules",
        f"rule-{position}",
        {
            "priority": 100 + position,
            "action": {"actionType": action},
            "dnsResolverDomainLists": [
                {"id": each["id"]} for each in chance.sample(lists, 10)
            ],
            "dnsSecurityRuleState": "Enabled",
            "provisioningState": "Succeeded",
        },
    )


def _link(policy: Body, to: Body) -> Body:
    properties = {"virtualNetwork": {"id": to["id"]}, "provisioningState": "Succeeded"}
    return _child(policy, "virtualNetworkLinks", to["name"], properties)


def network_groups() -> Iterator[Body]:
    """Yield networks, a manager of them, and groups that policies fill by name."""
    chance = random.Random(8)  # noqa: S311 - the same tenant every time
    places = [subscription(number) for number in range(10)]
    yield from places
    for number in range(NETWORKS):
        made = network(places[number % len(places)]["id"], number)
        name = f"vnet-{chance.randrange(GROUPS)}-{number}"
        yield {
            **made,
            "id": made["id"].rpartition("/")[0] + f"/{name}",
            "name": name,
            "tags": {"ring": str(chance.randrange(50))},
        }
    manager = resource(
        places[0]["id"],
        "Microsoft.Network/networkManagers",
        "manager",
        {
            "networkManagerScopes": {
                "subscriptions": [each["id"] for each in places],
                "managementGroups": [],
            },
            "networkManagerScopeAccesses": ["SecurityAdmin", "Connectivity"],
        },
    )
    yield manager
    for number in range(GROUPS):
        properties = {"memberType": "VirtualNetwork", "provisioningState": "Succeeded"}
        made = _child(manager, "networkGroups", f"group-{number}", properties)
        yield made
        yield from _filling(made, places[number % len(places)]["id"], number)


def _filling(filled: Body, scope: str, number: int) -> Iterator[Body]:
    """Yield a policy that takes networks into a group, and its assignment."""
    definition = f"{scope}{_AUTHORIZATION}/policyDefinitions/fill-{number}"
    named = {"field": "name", "like": f"vnet-{number}-*"}
    tagged = {"field": "tags['ring']", "equals": str(number % 50)}
    yield {
        "id": definition,
        "name": f"fill-{number}",
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": f"Fill group {number}",
            "policyType": "Custom",
            "mode": "Microsoft.Network.Data",
            "parameters": {},
            "policyRule": {
                "if": {
                    "allOf": [
                        {
                            "field": "type",
                            "equals": "Microsoft.Network/virtualNetworks",
                        },
                        named if number % 2 else tagged,
                    ]
                },
                "then": {
                    "effect": "addToNetworkGroup",
                    "details": {"networkGroupId": filled["id"]},
                },
            },
        },
    }
    yield {
        "id": f"{scope}{_AUTHORIZATION}/policyAssignments/fill-{number}",
        "name": f"fill-{number}",
        "type": "Microsoft.Authorization/policyAssignments",
        "properties": {
            "displayName": f"Fill group {number}",
            "policyDefinitionId": definition,
            "scope": scope,
            "notScopes": [],
            "parameters": {},
            "enforcementMode": "Default",
        },
    }


def _child(parent: Body, kind: str, name: str, properties: Body) -> Body:
    return {
        "id": f"{parent['id']}/{kind}/{name}",
        "name": name,
        "type": f"{parent['type']}/{kind}",
        "location": parent["location"],
        "properties": properties,
    }


def _demo(kind: str) -> Iterator[Mapping[str, Any]]:
    of = f"Microsoft.Authorization/{kind}".lower()
    return (each for each in demo() if ResourceId.parse(each["id"]).type.lower() == of)


def _guid(kind: int, number: int) -> str:
    return str(UUID(int=kind << 96 | number))
