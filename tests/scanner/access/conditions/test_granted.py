"""What roles grant and conditions let assign, against oracles written another way."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from scanner.access.conditions import (
    Request,
    Tri,
    assignable_roles,
    evaluate,
    granted_actions,
    limits_roles,
    parse,
)
from scanner.access.conditions.analysis.catalogue import FAMILIES
from scanner.access.facts import Block

DATA = [one for family in FAMILIES if family.on_data for one in family.actions]
CONTROL = [one for family in FAMILIES if not family.on_data for one in family.actions]
PIECES = sorted({piece for one in (*DATA, *CONTROL) for piece in one.split("/")})
ROLES = tuple(f"{digit * 8}-1111-4111-8111-{digit * 12}" for digit in "abc")
OTHER = "99999999-9999-4999-8999-999999999999"
ASSIGN = "Microsoft.Authorization/roleAssignments"

patterns = st.one_of(
    st.sampled_from((*DATA, *CONTROL)),
    st.sampled_from((*DATA, *CONTROL)).map(str.upper),
    st.sampled_from(PIECES).map(lambda piece: f"*/{piece}"),
    st.sampled_from(PIECES).map(lambda piece: f"*{piece}*"),
    st.sampled_from((*DATA, *CONTROL)).map(lambda one: one.rpartition("/")[0] + "/*"),
    st.just("*"),
)
lists = st.lists(patterns, max_size=3).map(tuple)
blocks = st.builds(Block, lists, lists, lists, lists)


def means(pattern: str, action: str) -> bool:
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), action, re.IGNORECASE) is not None


def allows(block: Block, action: str, allowed: str, excepted: str) -> bool:
    def any_of(field: str) -> bool:
        return any(means(pattern, action) for pattern in getattr(block, field))

    return any_of(allowed) and not any_of(excepted)


@given(st.lists(blocks, max_size=3))
def test_what_a_role_grants(role: list[Block]) -> None:
    planes = (
        (CONTROL, "actions", "not_actions"),
        (DATA, "data_actions", "not_data_actions"),
    )
    expected = {
        action.lower()
        for catalogue, *fields in planes
        for action in catalogue
        if any(allows(block, action, *fields) for block in role)
    }
    found = {one.lower() for one in granted_actions(parse("true").expression, role)}
    documented = {one.lower() for one in (*DATA, *CONTROL)}
    assert found & documented == expected


@st.composite
def limits(draw: st.DrawFn) -> str:
    ids = ", ".join(draw(st.lists(st.sampled_from(ROLES), min_size=1, unique=True)))
    operator = draw(
        st.sampled_from(
            ("ForAnyOfAnyValues:GuidEquals", "ForAnyOfAllValues:GuidNotEquals")
        )
    )
    return f"@Request[{ASSIGN}:RoleDefinitionId] {operator} {{{ids}}}"


expressions = st.recursive(
    st.one_of(
        limits(),
        st.just(f"ActionMatches{{'{ASSIGN}/write'}}"),
        st.just(f"ActionMatches{{'{ASSIGN}/delete'}}"),
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) AND ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) OR ({two[1]})"),
    ),
    max_leaves=6,
)


def assigned(text: str, roles: Iterable[str]) -> list[str]:
    """Return the roles for which the request itself is let through."""
    name = f"{ASSIGN}:RoleDefinitionId"
    whole = parse(text).expression
    return [
        role
        for role in roles
        if evaluate(whole, Request(f"{ASSIGN}/write", request={name: role})) is Tri.TRUE
    ]


@given(expressions)
def test_the_roles_that_can_be_assigned(text: str) -> None:
    whole = parse(text).expression
    assert list(assignable_roles(whole, ROLES)) == assigned(text, ROLES)
    assert limits_roles(whole) is (assigned(text, [OTHER]) == [])


def test_what_a_condition_names_is_granted_of_data_alone() -> None:
    text = "ActionMatches{'Else/things/read'}"
    both = [Block(actions=("*", "Else/things/read")), Block(data_actions=("Else/*",))]
    granted = [granted_actions(parse(text).expression, (one,)) for one in both]
    assert "Else/things/read" not in granted[0]
    assert granted[1] == ("Else/things/read",)
