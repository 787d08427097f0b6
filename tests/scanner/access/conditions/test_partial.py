from __future__ import annotations

import pytest

from scanner.access.conditions import parse, residual, to_text
from scanner.access.conditions.partial import Fact, assume
from scanner.access.conditions.solve import may_differ, may_hold
from scanner.access.conditions.syntax import Attribute, Expression
from scanner.access.conditions.values import Values

A, B = "@Resource[a] StringEquals 'x'", "@Resource[b] StringEquals 'x'"
GUARD = "!(ActionMatches{'data/read'} AND !(SubOperationMatches{'List'}))"


def said(text: str) -> Expression:
    return parse(text).expression


@pytest.mark.parametrize(
    ("text", "action", "sub", "left"),
    [
        (f"{GUARD} OR {A}", "data/read", None, A),
        (f"{GUARD} OR {A}", "DATA/READ", None, A),
        (f"{GUARD} OR {A}", "data/read", "List", "true"),
        (f"{GUARD} OR {A}", "data/read", "Tier", A),
        (f"{GUARD} OR {A}", "data/write", None, "true"),
        (f"({GUARD} OR {A}) AND {B}", "data/read", None, f"{A} AND {B}"),
        (f"({GUARD} OR {A}) AND {B}", "data/write", None, B),
        (f"{GUARD} AND {A}", "data/read", None, "false"),
        (f"({A} OR {A}) AND ({A} AND {B})", "data/read", None, f"{A} AND {B}"),
        (f"NOT NOT {A}", "data/read", None, A),
        ("'a' StringEquals 'a'", "data/read", None, "true"),
        ("1 NumericLessThan 'x'", "data/read", None, "1 NumericLessThan 'x'"),
        ("Exists @Request[subOperation]", "data/read", "List", "true"),
        ("Exists @Request[subOperation]", "data/read", None, "false"),
        (f"{A} OR NOT {A}", "data/read", None, f"{A} OR !({A})"),
    ],
)
def test_what_is_left_for_an_action(
    text: str, action: str, sub: str | None, left: str
) -> None:
    assert to_text(residual(said(text), action, sub)) == left


def test_what_is_left_keeps_its_place() -> None:
    condition = parse(f"{GUARD}\nOR {A}")
    left = residual(condition.expression, "data/read")
    assert condition.position(left.start) == (2, 4)


def absent(attribute: Attribute) -> Values | Fact:
    return Fact.ABSENT if attribute.name == "a" else Fact.FREE


def given(attribute: Attribute) -> Values | Fact:
    return ("x",) if attribute.name == "a" else Fact.FREE


@pytest.mark.parametrize(
    ("text", "without", "with_"),
    [
        (f"{A} OR {B}", B, "true"),
        ("Exists @Resource[a]", "false", "true"),
        ("@Resource[a] StringEquals @Principal[p]", "false", "same"),
        ("@Resource[a] StringNotEquals @Principal[p]", "same", "same"),
        ("@Resource[a] StringNotEquals 'x'", "same", "false"),
        ("@Resource[a] Odd @Principal[p]", "same", "same"),
        ("@Resource[a] StringEquals @Context[p]", "same", "same"),
        ("Odd(@Resource[a])", "same", "same"),
    ],
)
def test_what_is_left_when_an_attribute_is_known(
    text: str, without: str, with_: str
) -> None:
    for facts, left in ((absent, without), (given, with_)):
        expected = text if left == "same" else left
        assert to_text(assume(said(text), facts)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (A, True),
        ("false", False),
        (f"{A} AND NOT {A}", False),
        (f"NOT ({A} OR NOT {A})", False),
        (f"({A} OR {B}) AND NOT {A} AND NOT {B}", False),
        (f"({A} OR {B}) AND NOT {A}", True),
    ],
)
def test_what_may_hold(text: str, expected: bool) -> None:
    assert may_hold(said(text)) is expected


def test_what_may_differ() -> None:
    assert may_differ(said(A), said(f"{A} AND {B}"))
    assert not may_differ(said(f"{A} AND {B}"), said(A))
