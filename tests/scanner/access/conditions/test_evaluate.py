"""The documentation's truth tables, and what happens where they say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from scanner.access.conditions import Request, Tri, Value, evaluate, lint, parse

T, F, U = Tri.TRUE, Tri.FALSE, Tri.UNKNOWN
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
READ = f"{BLOBS}/read"
MOMENT = "2026-01-01T00:00:00Z"


def of(text: str, action: str = READ, sub: str | None = None, **values: Value) -> Tri:
    """Evaluate with the given attributes of the resource."""
    return evaluate(parse(text).expression, Request(action, sub, resource=values))


def with_(text: str, resource: Mapping[str, Value]) -> Tri:
    return evaluate(parse(text).expression, Request(READ, resource=resource))


@pytest.mark.parametrize("left", Tri)
@pytest.mark.parametrize("right", Tri)
def test_logic_is_kleenes(left: Tri, right: Tri) -> None:
    order = [F, U, T]
    assert left.and_(right) is min(left, right, key=order.index)
    assert left.or_(right) is max(left, right, key=order.index)
    assert left.not_() is order[2 - order.index(left)]


# "Azure role assignment condition format and syntax", operator examples
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}", T),
        ("{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}", F),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", T),
        ("{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}", F),
        ("{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}", T),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}", F),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}", T),
        ("{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}", F),
        ("{'a', 'z'} ForAnyOfAnyValues:StringEquals {'a', 'b'}", T),
        ("{'z'} ForAnyOfAnyValues:StringEquals {'a', 'b'}", F),
        ("{'a', 'b'} ForAllOfAnyValues:StringEquals {'a', 'b', 'c'}", T),
        ("{'a', 'z'} ForAllOfAnyValues:StringEquals {'a', 'b', 'c'}", F),
        ("'x' ForAnyOfAllValues:StringNotEquals {'a', 'b'}", T),
        ("'a' ForAnyOfAllValues:StringNotEquals {'a', 'b'}", F),
        ("{'x', 'y'} ForAllOfAllValues:StringNotEquals {'a', 'b'}", T),
        ("{'x', 'a'} ForAllOfAllValues:StringNotEquals {'a', 'b'}", F),
    ],
)
def test_cross_products(text: str, expected: Tri) -> None:
    assert of(text) is expected


GUID = "53ca6127-db72-4b80-b1b0-d745d6d5456d"
MOMENT = "2025-06-09T12:00:00.0000000Z"


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("StringEquals 'Ab'", "Ab", ["Ab"]),
        ("StringEqualsIgnoreCase 'Ab'", "Ab", ["Ab", "ab", "AB"]),
        ("StringNotEquals 'Ab'", "ab", ["ab", "AB", "xAb", "Abx"]),
        ("StringNotEqualsIgnoreCase 'Ab'", "x", ["xAb", "Abx"]),
        ("StringStartsWith 'Ab'", "Ab", ["Ab", "Abx"]),
        ("StringStartsWithIgnoreCase 'Ab'", "Ab", ["Ab", "ab", "AB", "Abx"]),
        ("StringNotStartsWith 'Ab'", "ab", ["ab", "AB", "xAb"]),
        ("StringNotStartsWithIgnoreCase 'Ab'", "x", ["xAb"]),
        ("StringLike '*A?'", "Ab", ["Ab", "AB", "xAb"]),
        ("StringLikeIgnoreCase '*A?'", "Ab", ["Ab", "ab", "AB", "xAb"]),
        ("StringNotLike '*A?'", "ab", ["ab", "Abx"]),
        ("StringNotLikeIgnoreCase '*A?'", "x", ["Abx"]),
    ],
)
def test_strings(operator: str, value: str, holds: list[str]) -> None:
    every = ["Ab", "ab", "AB", "xAb", "Abx"]
    assert [one for one in every if of(f"@Resource[a] {operator}", a=one) is T] == holds
    assert of(f"@Resource[a] {operator}", a=value) is T
    assert of(f"@Resource[a] {operator}", a=7) is U


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("Equals", [2]),
        ("NotEquals", [1, 3]),
        ("LessThan", [1]),
        ("LessThanEquals", [1, 2]),
        ("GreaterThan", [3]),
        ("GreaterThanEquals", [2, 3]),
    ],
)
def test_numbers_and_moments(operator: str, holds: list[int]) -> None:
    text = f"@Resource[a] Numeric{operator} 2"
    assert [one for one in (1, 2, 3) if of(text, a=one) is T] == holds
    assert of(text, a="many") is of(text, a=True) is U
    text = f"@Resource[a] DateTime{operator} '2025-06-09T12:00:00.0000002Z'"
    moments = {one: f"2025-06-09T14:00:00.000000{one}+02:00" for one in (1, 2, 3)}
    assert [one for one, at in moments.items() if of(text, a=at) is T] == holds
    assert of(text, a="tomorrow") is U


def test_truths_and_ids() -> None:
    assert of("@Resource[a] BoolEquals true", a=True) is T
    assert of("@Resource[a] boolequals TRUE", a="true") is T
    assert of("@Resource[a] BoolNotEquals true", a=True) is F
    assert of("@Resource[a] BoolEquals 'true'", a=1) is U
    assert of(f"@Resource[a] GuidEquals {GUID}", a=GUID.upper()) is T
    assert of(f"@Resource[a] GuidEquals {GUID.replace('-', '')}", a=GUID) is T
    assert of(f"@Resource[a] GuidNotEquals '{GUID}'", a=GUID) is F
    assert of(f"@Resource[a] GuidEquals {GUID}", a="nobody") is U


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Resource[a] StringEquals 'x'", F),
        ("@Resource[a] StringLike '*'", F),
        ("@Resource[a] NumericLessThan 5", F),
        ("@Resource[a] BoolEquals false", F),
        ("@Resource[a] ForAnyOfAnyValues:StringEquals {'x'}", F),
        ("NOT @Resource[a] StringEquals 'x'", T),
        ("NOT @Resource[a] ForAnyOfAnyValues:StringEquals {'x'}", T),
        ("@Resource[a] StringNotEquals 'x'", U),
        ("@Resource[a] StringNotLike 'x'", U),
        ("@Resource[a] BoolNotEquals false", U),
        (f"@Resource[a] ForAnyOfAllValues:GuidNotEquals {{{GUID}}}", U),
        ("@Resource[a] ForAllOfAnyValues:StringEquals {'x'}", U),
        ("@Resource[a] ForAnyOfAllValues:StringEquals {'x'}", F),
        ("NOT @Resource[a] ForAllOfAllValues:StringEquals {'x'}", U),
        ("NOT @Resource[a] StringNotEquals 'x'", U),
        ("'x' StringEquals @Resource[a]", U),
        ("Exists @Resource[a]", F),
        ("NOT Exists @Resource[a]", T),
    ],
)
def test_an_absent_attribute(text: str, expected: Tri) -> None:
    assert of(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Resource[a] ForAllOfAnyValues:StringEquals {'x'}", U),
        ("@Resource[a] ForAllOfAllValues:StringNotEquals {'x'}", U),
        ("@Resource[a] ForAnyOfAnyValues:StringEquals {'x'}", F),
        ("'x' ForAnyOfAllValues:StringEquals @Resource[a]", U),
        ("'x' ForAnyOfAnyValues:StringEquals @Resource[a]", U),
        ("@Resource[a] StringEquals 'x'", F),
        ("@Resource[a] StringNotEquals 'x'", U),
        ("Exists @Resource[a]", T),
    ],
)
def test_an_empty_set(text: str, expected: Tri) -> None:
    assert of(text, a=()) is expected


def test_one_value_against_several_is_not_documented() -> None:
    assert of("@Resource[a] StringEquals 'x'", a=("x",)) is T
    assert of("@Resource[a] StringEquals {'x'}", a="x") is T
    assert of("@Resource[a] StringEquals {'x', 'y'}", a="x") is U
    assert of("@Resource[a] StringEquals 'x'", a=("x", "y")) is U


@pytest.mark.parametrize(
    "text",
    [
        "@Context[a] StringEquals 'x'",
        "Exists @Context[a]",
        "@Resource[a] StringContains 'x'",
        "@Resource[a] ForSomeValues:StringEquals {'x'}",
        "@Resource[a] ForAnyOfAnyValues {'x'}",
        "@Environment[UtcNow] TimeOfDayInRange {'09:00', '17:00'}",
        "ToLower(@Resource[a]) StringEquals 'x'",
        "IpMatch('10.0.0.0/8')",
        "ActionMatches{'a', 'b'}",
    ],
)
def test_what_is_not_documented_is_unknown(text: str) -> None:
    assert of(text, a="x") is U
    assert of(f"({text}) OR true", a="x") is T
    assert of(f"({text}) AND false", a="x") is F


@pytest.mark.parametrize(
    ("action", "sub", "expected"),
    [
        (READ, None, F),
        (READ, "Blob.List", T),
        (READ.upper(), "blob.list", T),
        (f"{BLOBS}/write", None, T),
        (f"{BLOBS}/write", "Blob.Write.Tier", T),
    ],
)
def test_the_guard_of_a_block(action: str, sub: str | None, expected: Tri) -> None:
    guard = f"!(ActionMatches{{'{READ}'}} AND NOT SubOperationMatches{{'Blob.List'}})"
    assert of(guard, action, sub) is expected
    of_preview = guard.replace(
        "SubOperationMatches{'Blob.List'}",
        "@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'Blob.List'}",
    )
    assert of(of_preview, action, sub) is expected


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ("tags:Level<$key_case_sensitive$>", "tags:Level<$key_case_sensitive$>", T),
        ("tags:Level<$key_case_sensitive$>", "tags:Level", T),
        ("tags:Level<$key_case_sensitive$>", "tags:level", F),
        ("tags:Level<$key_case_sensitive$>", "TAGS:Level", T),
        ("tags:Level", "tags:level", T),
        ("tags:Level", "tags:level<$key_case_sensitive$>", T),
        ("containers:Name", "containers:name", T),
        ("containers:name", "containers:metadata", F),
        ("tags&$keys$&", "tags:keys", F),
        ("tags&$keys$&", "Tags&$Keys$&", T),
    ],
)
def test_which_attribute_a_name_means(written: str, given: str, expected: Tri) -> None:
    assert with_(f"@Resource[{written}] StringEquals 'x'", {given: "x"}) is expected


def test_the_key_as_it_is_written_comes_first() -> None:
    values: dict[str, Value] = {"tags:level": "low", "tags:LEVEL": "high"}
    assert with_("@Resource[tags:LEVEL] StringEquals 'high'", values) is T
    assert with_("@Resource[tags:level] StringEquals 'low'", values) is T


def test_each_source_has_its_own_attributes() -> None:
    request = Request(
        READ,
        request={"a": "1"},
        resource={"a": "2"},
        principal={"a": "3"},
        environment={"a": "4"},
    )
    sources = enumerate(("Request", "Resource", "Principal", "Environment"), start=1)
    for value, source in sources:
        expression = parse(f"@{source}[a] StringEquals '{value}'").expression
        assert evaluate(expression, request) is T


def test_a_principal_and_a_resource_are_compared() -> None:
    text = "@Principal[p] ForAnyOfAnyValues:StringEquals @Resource[r]"
    request = Request(READ, resource={"r": "x"}, principal={"p": ("w", "x")})
    assert evaluate(parse(text).expression, request) is T


@pytest.mark.parametrize(
    "text",
    [
        "'x' StringEquals @Resource[a]",
        "{'x'} ForAnyOfAnyValues:StringEquals @Resource[a]",
        "@Resource[a] ForAnyOfAnyValues:StringStartsWith {'x'}",
        "@Resource[a] ForAnyOfAnyValues:StringNotStartsWithIgnoreCase {'x'}",
        "@Environment[isPrivateLink] ForAnyOfAnyValues:BoolEquals {true}",
        f"@Environment[UtcNow] DateTimeEquals '{MOMENT}'",
        f"@Environment[UtcNow] DateTimeGreaterThanEquals '{MOMENT}'",
        f"@Environment[utcNow] ForAnyOfAnyValues:DateTimeLessThan {{'{MOMENT}'}}",
        f"@Resource[a] ForAnyOfAnyValues:DateTimeEquals {{'{MOMENT}'}}",
    ],
)
def test_what_is_used_in_other_ways_than_documented_is_unknown(text: str) -> None:
    request = Request(
        "a/read",
        resource={"a": "x"},
        environment={"UtcNow": MOMENT, "isPrivateLink": True},
    )
    assert evaluate(parse(text).expression, request) is U
    faults = lint(text, now=datetime(2026, 11, 1, tzinfo=UTC))
    assert "abac-parse" in {each.check_id for each in faults}
