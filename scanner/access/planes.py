"""Which plane an action is of, told from the roles that name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.access.facts import Role
from scanner.access.patterns import WILDCARD, pattern


def is_data_action(action: str, roles: Iterable[Role]) -> bool | None:
    """Whether an action is of the data plane; None where roles do not tell.

    Nothing in an action says so itself: roles have it among `actions` or among
    `dataActions` (azure-docs, "Understand Azure role definitions"). Where they have it
    in both, the pattern that names it more closely decides, so that a data action is
    one although a role allows `Microsoft.CognitiveServices/*` on the control plane.
    """
    known, key = tuple(roles), action.lower()
    control = max(_closeness(_control(known), key), default=0)
    data = max(_closeness(_data(known), key), default=0)
    return None if control == data else data > control


def _control(roles: Iterable[Role]) -> Iterator[str]:
    return (one for each in roles for block in each.blocks for one in block.actions)


def _data(roles: Iterable[Role]) -> Iterator[str]:
    """Yield the data actions that say more than a provider, as `Microsoft.X/*` does."""
    for each in roles:
        for block in each.blocks:
            yield from filter(_names_a_type, block.data_actions)


def _names_a_type(text: str) -> bool:
    before, wildcard, _ = text.partition(WILDCARD)
    return not wildcard or before.count("/") > 1


def _closeness(patterns: Iterable[str], action: str) -> Iterator[int]:
    """Yield how much of an action each pattern that means it spells out."""
    for text in patterns:
        if pattern(text).matches(action):
            yield len(text.replace(WILDCARD, ""))
