"""Measure access: who can list the keys of each of many accounts."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from scanner.access.engine import Access
from scanner.access.facts import Assignment, Block, Facts, Role

TENANT = "5b0f5f8c-6c1e-4a53-9d0c-000000000001"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"

SUBSCRIPTIONS = 40
GROUPS = 25
"""Resource groups a subscription."""
ACCOUNTS = 2
"""Accounts a resource group."""
ASSIGNMENTS = 100_000
ROLES = 1_000

_ACCOUNT = "/providers/Microsoft.CognitiveServices/accounts/oai-"
_PARENT = "/providers/microsoft.management/managementgroups/"
_NAMESPACES = ("Network", "Storage", "Compute", "KeyVault", "Web", "CognitiveServices")
_TYPES = tuple(f"type{number}" for number in range(40))
_VERBS = ("read", "write", "delete", "*", "listKeys/action", "*/read")


def main() -> None:
    """Print the figures."""
    print(who_can_list_keys())


def who_can_list_keys() -> str:
    """Return seconds and counts of one estate's worth of answers, in one line."""
    facts = invented(random.Random(4))  # noqa: S311 - the same estate every time
    accounts = [f"{group}{_ACCOUNT}{n}" for group in _groups() for n in range(ACCOUNTS)]
    began = time.perf_counter()
    access = Access(facts)
    indexed = time.perf_counter() - began
    holders = sum(len(access.who_can(LIST_KEYS, each).grants) for each in accounts)
    answered = time.perf_counter() - began - indexed
    return (
        f"{len(facts.assignments):,} assignments x {len(facts.roles):,} roles: "
        f"indexed in {indexed:.2f} s, who can list the keys of {len(accounts):,} "
        f"accounts in {answered:.2f} s ({holders:,} grants)"
    )


def invented(chance: random.Random) -> Facts:
    """Return an estate: its roles, what is granted at every level, and hierarchy."""
    roles = {role.id: role for role in _roles(chance)}
    names = tuple(roles)
    scopes = tuple(_scopes())
    return Facts(
        tenant_id=TENANT,
        roles=roles,
        assignments=tuple(
            Assignment(
                id=f"assignment-{number}",
                scope=chance.choice(scopes),
                principal_id=f"principal-{chance.randrange(20_000)}",
                principal_type=chance.choice(("User", "Group", "ServicePrincipal")),
                role_definition_id=f"/roleDefinitions/{chance.choice(names)}",
            )
            for number in range(ASSIGNMENTS)
        ),
        parents={
            **dict.fromkeys(_subscriptions(), f"{_PARENT}landing"),
            f"{_PARENT}landing": f"{_PARENT}{TENANT}",
        },
        scanned=frozenset(_subscriptions()),
    )


def _roles(chance: random.Random) -> Iterator[Role]:
    """Yield roles of some forty patterns, as large as the built-in ones get."""
    for number in range(ROLES):
        actions = tuple(_pattern(chance) for _ in range(40))
        excepted = tuple(_pattern(chance) for _ in range(5))
        yield Role(f"role-{number}", f"Role {number}", (Block(actions, excepted),))


def _pattern(chance: random.Random) -> str:
    namespace = f"Microsoft.{chance.choice(_NAMESPACES)}"
    kind = chance.choice((*_TYPES, "accounts"))
    return f"{namespace}/{kind}/{chance.choice(_VERBS)}"


def _subscriptions() -> Iterator[str]:
    return (f"/subscriptions/{number:08d}" for number in range(SUBSCRIPTIONS))


def _groups() -> Iterator[str]:
    for subscription in _subscriptions():
        yield from (f"{subscription}/resourceGroups/rg-{n}" for n in range(GROUPS))


def _scopes() -> Iterator[str]:
    """Yield where roles are granted: everywhere, and more often near the top."""
    yield from ("/", f"{_PARENT}landing") * 20
    for subscription in _subscriptions():
        yield from (subscription,) * 5
    for group in _groups():
        yield group
        yield from (f"{group}{_ACCOUNT}{number}" for number in range(ACCOUNTS))


if __name__ == "__main__":
    main()
