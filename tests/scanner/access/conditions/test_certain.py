"""What comparisons of one attribute say of each other."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.conditions import (
    Comparison,
    Expression,
    Request,
    Tri,
    evaluate,
    parse,
)
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.certain import claims_of, says
from scanner.access.conditions.solve import may_hold

ACCOUNT = "Microsoft.Storage/storageAccounts:name"
TAG = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:t"
ROLE = "Microsoft.Authorization/roleAssignments:RoleDefinitionId"
TYPE = "Microsoft.Authorization/roleAssignments:PrincipalType"
A, B = (f"{each}-0000-0000-0000-000000000000" for each in ("aaaaaaaa", "bbbbbbbb"))

VALUES = ["".join(each) for size in range(4) for each in product("aAb*", repeat=size)]
"""Every short name, among them one for each way in which those below compare."""
PATTERNS = "", "a", "A", "ab", "aB", "b", "*", "a*", "A*", "*b", "a?", "a*b", "\\*", "?"
SINGLE = [
    f"String{no}{verb}{suffix}"
    for no in ("", "Not")
    for verb in ("Equals", "StartsWith", "Like")
    for suffix in ("", "IgnoreCase")
]
CROSSES = [
    f"For{left}Of{right}Values" for left, right in product(("Any", "All"), repeat=2)
]


def asked(text: str, name: str = ACCOUNT) -> Expression:
    return parse(re.sub(r"@name\b", f"@Resource[{name}]", text)).expression


def truths(expression: Expression) -> set[Tri]:
    requests = (Request("a", resource={ACCOUNT: each}) for each in VALUES)
    return {evaluate(expression, each) for each in requests}


alone = st.builds("@name {} '{}'".format, *map(st.sampled_from, (SINGLE, PATTERNS)))
several = st.builds(
    "@name {}:{} {{{}}}".format,
    *map(st.sampled_from, (CROSSES, [one for one in SINGLE if "Starts" not in one])),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3).map(
        lambda them: ", ".join(f"'{each}'" for each in them)
    ),
)
expressions = st.recursive(
    alone | several,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | inner.map("!({})".format)
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(expressions)
def test_what_cannot_hold_holds_for_no_value_and_what_is_open_for_each(
    text: str,
) -> None:
    expression = asked(text)
    if not may_hold(expression):
        assert Tri.TRUE not in truths(expression)
    if is_open(expression):
        assert truths(expression) == {Tri.TRUE}


@settings(max_examples=400, deadline=None)
@given(alone, alone)
def test_a_comparison_says_of_another_what_every_value_does(
    first: str, second: str
) -> None:
    one, other = asked(first), asked(second)
    assert isinstance(one, Comparison)
    assert isinstance(other, Comparison)
    known, told = claims_of(one), claims_of(other)
    assert known
    assert told
    found = says(known.claims[0], told.claims[0])
    for value in VALUES:
        request = Request("a", resource={ACCOUNT: value})
        holds = (evaluate(one, request) is Tri.TRUE) is not known.negative
        if holds and found is not Tri.UNKNOWN:
            is_true = (evaluate(other, request) is Tri.TRUE) is not told.negative
            assert is_true is (found is Tri.TRUE)


@pytest.mark.parametrize(
    "text",
    [
        "@name StringNotEquals 'a' OR @name StringNotEquals 'b'",
        "@name StringNotStartsWith 'hr' OR @name StringNotStartsWith 'fin'",
        "@name StringNotLike 'hr*' OR @name StringNotEqualsIgnoreCase 'FIN'",
        "@name ForAnyOfAnyValues:StringNotEquals {'a', 'b'}",
        "@name FORALLOFANYVALUES:stringNotEquals {'a', 'A'}",
        "@name StringLike '*'",
        "@name StringLikeIgnoreCase '**'",
        "@name StringStartsWith ''",
        "@name StringEquals 'a' OR @name StringNotStartsWith 'a' OR "
        "@name StringNotEquals 'b'",
        "Exists @name",
    ],
)
def test_what_asks_for_nothing_is_open(text: str) -> None:
    assert is_open(asked(text))
    assert not is_open(asked(text, TAG))
    assert not is_open(asked(text.replace("@name", f"@Stranger[{ACCOUNT}]")))


@pytest.mark.parametrize(
    "text",
    [
        "@name ForAnyOfAnyValues:StringNotEqualsIgnoreCase {'a', 'A'}",
        "@name ForAnyOfAnyValues:StringNotEquals {'a', 'a'}",
        "@name ForAnyOfAllValues:StringNotEquals {'a', 'b'}",
        "@name ForAnyOfAnyValues:StringEquals {'a', 'b'}",
        "@name StringNotEquals 'a' AND @name StringNotEquals 'b'",
        "@name StringNotStartsWith 'h' OR @name StringNotStartsWith 'hr'",
        "@name StringLike 'a\\*' OR @name StringLike '*b'",
    ],
)
def test_what_asks_for_something_is_not_open(text: str) -> None:
    assert not is_open(asked(text))
    assert may_hold(asked(text))


@pytest.mark.parametrize("name", [ACCOUNT, TAG])
def test_one_value_is_not_two(name: str) -> None:
    assert is_open(
        asked("!(@name StringEquals 'a') OR !(@name StringEquals 'b')", name)
    )
    assert not may_hold(
        asked("@name StringEquals 'a' AND @name StringEquals 'b'", name)
    )
    assert not may_hold(asked("@name ForAnyOfAllValues:StringEquals {'a', 'b'}", name))


def test_roles_and_types_of_principal() -> None:
    role, other = f"@name GuidNotEquals {A}", f"@name GuidNotEquals {B}"
    same = f"@name GuidNotEquals {A.replace('-', '').upper()}"
    assert is_open(asked(f"{role} OR {other}", ROLE))
    assert not is_open(asked(f"{role} OR {same}", ROLE))
    user = "@name StringNotEqualsIgnoreCase 'User'"
    group = "@name StringNotEqualsIgnoreCase 'GROUP'"
    assert is_open(asked(f"{user} OR {group}", TYPE))


def test_hostile_conditions_end_soon() -> None:
    many = " AND ".join(
        f"(@name StringNotLike 'a{i}*b' OR @name StringNotLikeIgnoreCase '*{i}c*')"
        for i in range(200)
    )
    sets = ", ".join(f"'{i}'" for i in range(800))
    wide = f"@name ForAnyOfAnyValues:StringNotLike {{{sets}}} AND @name StringLike '?'"
    begin = time.perf_counter()
    for text in (many, wide):
        is_open(asked(text))
        may_hold(asked(text))
    assert time.perf_counter() - begin < 10
