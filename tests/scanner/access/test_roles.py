"""What roles allow of a pattern's actions, against enumeration."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.facts import Block, Role
from scanner.access.patterns import includes
from scanner.access.roles import allowed_in, allows_all, given_back

ACTIONS = [
    f"{provider}/{kind}/{verb}"
    for provider in ("a", "b")
    for kind in ("x", "y", "x/z")
    for verb in ("read", "write", "keys/action")
]
PATTERNS = st.sampled_from(
    ["*", "*/read", "a/*", "A/*/Read", "a/x/write", "a/x*", "b/*", "*/action", "a/y/*"]
)
LISTS = st.lists(PATTERNS, max_size=3).map(tuple)
BLOCKS = st.builds(Block, actions=LISTS, not_actions=LISTS)
ROLES = st.builds(Role, st.just("r"), st.just("r"), st.lists(BLOCKS, max_size=2))


def means(pattern: str, action: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def any_means(patterns: tuple[str, ...], action: str) -> bool:
    return any(means(each, action) for each in patterns)


def allows(block: Block, action: str) -> bool:
    allowed = any_means(block.actions, action)
    return allowed and not any_means(block.not_actions, action)


@given(ROLES, PATTERNS)
def test_whatever_is_allowed_is_found(role: Role, area: str) -> None:
    inside = [each for each in ACTIONS if means(area, each)]
    found = allowed_in(role, area, data=False)
    if any(allows(block, each) for block in role.blocks for each in inside):
        assert found is not None
    if found is not None:
        assert includes(area, found)
    assert allowed_in(role, area, data=True) is None


@given(ROLES, PATTERNS)
def test_all_means_every_single_action(role: Role, area: str) -> None:
    inside = [each for each in ACTIONS if means(area, each)]
    if allows_all(role, area, data=False):
        assert all(any(allows(b, each) for b in role.blocks) for each in inside)


@given(ROLES, ROLES)
def test_whatever_is_given_back_is_found(role: Role, other: Role) -> None:
    taken = [
        each
        for block in role.blocks
        for each in ACTIONS
        if any_means(block.actions, each) and any_means(block.not_actions, each)
    ]
    found = given_back(role, other, data=False)
    if any(allows(block, each) for block in other.blocks for each in taken):
        assert found is not None
    if found is not None:
        excepted = [each for block in role.blocks for each in block.not_actions]
        assert any(includes(each, found) for each in excepted)


CONTRIBUTOR = Role("c", "c", (Block(("*",), ("Microsoft.Authorization/*/Write",)),))


@pytest.mark.parametrize(
    ("other", "pattern"),
    [
        (Block(("*",)), "Microsoft.Authorization/*/Write"),
        (Block(("Microsoft.Authorization/*",)), "Microsoft.Authorization/*/Write"),
        (
            Block(("Microsoft.Authorization/roleAssignments/*",)),
            "microsoft.authorization/roleassignments/*/write",
        ),
        (
            Block(("Microsoft.Authorization/roleAssignments/write",)),
            "Microsoft.Authorization/roleAssignments/write",
        ),
        (Block(("Microsoft.Authorization/*/read", "Microsoft.Network/*")), None),
        (Block(("*",), ("Microsoft.Authorization/*",)), None),
        (Block(data_actions=("*",)), None),
    ],
)
def test_what_contributor_is_without(other: Block, pattern: str | None) -> None:
    assert given_back(CONTRIBUTOR, Role("o", "o", (other,)), data=False) == pattern
