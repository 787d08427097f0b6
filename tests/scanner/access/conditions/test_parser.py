from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.conditions import (
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Condition,
    ConditionError,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Not,
    Operator,
    Or,
    SubOperationMatches,
    ValueSet,
    attributes_of,
    parse,
    to_text,
)
from scanner.access.conditions.cursor import DEEPEST

A = Comparison(
    Attribute("Resource", "a"), Operator("StringEquals"), Constant(Kind.TEXT, "x")
)
TAGS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags"


def said(text: str) -> Expression:
    return parse(text).expression


def parsed(text: str) -> Condition | ConditionError:
    try:
        return parse(text)
    except ConditionError as error:
        return error


def error(text: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "@Resource[a] StringEquals 'x'",
        "(@Resource[a] StringEquals 'x')",
        "@resource [ a ]stringequals'x'",
        "\n\t@RESOURCE[a]\r\nSTRINGEQUALS\u00a0'x'  # why not\n",
        "# first\n@Resource[a] StringEquals 'x'",
    ],
)
def test_layout_and_case_do_not_count(text: str) -> None:
    assert said(text) == A


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("ActionMatches{'a/*'}", ActionMatches("a/*")),
        ("actionmatches { 'a/*' }", ActionMatches("a/*")),
        ("SubOperationMatches{'Blob.List'}", SubOperationMatches("Blob.List")),
        ("Exists @Request[v]", Exists(Attribute("Request", "v"))),
        ("NOT Exists @Request[v]", Not(Exists(Attribute("Request", "v")))),
        ("!exists @Request[v]", Not(Exists(Attribute("Request", "v")))),
        ("!!true", Not(Not(Literal(True)))),
        ("true AND false", And((Literal(True), Literal(False)))),
        ("true && false || true", Or((said("true AND false"), Literal(True)))),
        ("true or false And true", Or((Literal(True), said("false AND true")))),
        ("NOT true AND false", And((Not(Literal(True)), Literal(False)))),
        ("NOT (true AND false)", Not(said("true AND false"))),
        ("(true AND false) AND true", And((said("true AND false"), Literal(True)))),
    ],
)
def test_logic(text: str, expression: Expression) -> None:
    assert said(text) == expression


@pytest.mark.parametrize(
    ("written", "constant"),
    [
        ("'a'", Constant(Kind.TEXT, "a")),
        ("'it\\'s'", Constant(Kind.TEXT, "it\\'s")),
        ("'a # b'", Constant(Kind.TEXT, "a # b")),
        ("12", Constant(Kind.NUMBER, "12")),
        ("-1.5", Constant(Kind.NUMBER, "-1.5")),
        ("TRUE", Constant(Kind.BOOLEAN, "true")),
        (
            "53ca6127-db72-4b80-b1b0-d745d6d5456d",
            Constant(Kind.GUID, "53ca6127-db72-4b80-b1b0-d745d6d5456d"),
        ),
        (
            "12345678901234567890123456789012",
            Constant(Kind.GUID, "12345678901234567890123456789012"),
        ),
        ("2025-06-09T12:00:00.0Z", Constant(Kind.MOMENT, "2025-06-09T12:00:00.0Z")),
    ],
)
def test_constants(written: str, constant: Constant) -> None:
    assert said(f"@Resource[a] StringEquals {written}") == Comparison(
        Attribute("Resource", "a"), Operator("StringEquals"), constant
    )
    assert said(f"@Resource[a] ForAnyOfAnyValues:StringEquals {{{written}, 'b'}}") == (
        Comparison(
            Attribute("Resource", "a"),
            Operator("StringEquals", "ForAnyOfAnyValues"),
            ValueSet((constant, Constant(Kind.TEXT, "b"))),
        )
    )


def test_what_a_constant_stands_for() -> None:
    assert Constant(Kind.TEXT, "it\\'s").value == "it's"
    assert Constant(Kind.NUMBER, "12").value == 12
    assert Constant(Kind.BOOLEAN, "false").value is False


def test_attributes() -> None:
    tag = Attribute("Resource", f"{TAGS}:Project<$key_case_sensitive$>")
    assert (tag.path, tag.key, tag.is_case_sensitive) == (TAGS.lower(), "Project", True)
    keys = Attribute("Resource", f"{TAGS}&$keys$&")
    assert (keys.path, keys.key, keys.is_keys) == (TAGS.lower(), "", True)
    assert Attribute("Resource", "HasObotoken").path == "hasobotoken"


def test_either_side_may_be_an_attribute_or_a_value() -> None:
    text = "@Principal[p] ForAnyOfAnyValues:StringEquals @Resource[r]"
    assert attributes_of(said(text)) == (
        Attribute("Principal", "p"),
        Attribute("Resource", "r"),
    )
    assert to_text(said("{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}")) == (
        "{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "@Environment[UtcNow] TimeOfDayInRange {'09:00', '17:00'}",
        "@Context[a] StringEquals 'x'",
        "ToLower(@Resource[a]) StringEquals 'x'",
        "AddDays(Trim(@Resource[a]), 1) DateTimeLessThan @Environment[UtcNow]",
        "Whatever{'a', 2}",
        "Whatever()",
        "ActionMatches{'a', 'b'}",
        "@Resource[a] ForAnyOfAnyValues @Request[b]",
        "@Resource[a] ForSomeValues:StringEquals {'a'}",
    ],
)
def test_what_is_not_documented_is_read_all_the_same(text: str) -> None:
    expression = said(text)
    assert said(to_text(expression)) == expression


def test_an_unknown_function_keeps_its_arguments() -> None:
    assert said("f('a', @Resource[b])") == Call(
        "f", (Constant(Kind.TEXT, "a"), Attribute("Resource", "b"))
    )
    assert attributes_of(said("f(g(@Resource[b])) StringEquals 'x'")) == (
        Attribute("Resource", "b"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: expected an attribute, a function or '(', found the"),
        (" \n ", "line 2, column 2: expected an attribute, a function or '(', found"),
        (
            "(\n\n  @Resource[a] )",
            "line 3, column 16: expected an operator after the attribute, found ')'",
        ),
        (
            "@Resource[a]\n  StringEquals\n )",
            "line 3, column 2: expected a value or an attribute after StringEquals",
        ),
        ("@Resource[a] StringEquals foo", "expected a value or an attribute after"),
        ("@Resource[a] == 'x'", "expected an operator after the attribute, found '=='"),
        ("@Resource[a] 'x'", "expected an operator after the attribute, found 'x'"),
        ("@Resource[a] ForAnyOfAnyValues: {'x'}", "expected an operator after ForAny"),
        ("(true", "column 6: expected ')' to close the '(' of line 1, column 1"),
        ("true)", "expected AND, OR or the end of the condition, found ')'"),
        ("true true", "column 10: expected a value or an attribute after true"),
        ("true AND", "column 9: expected an attribute, a function or '('"),
        ("AND true", "column 1: expected an attribute, a function or '('"),
        ("@Resource[a] StringEquals 'x", "column 27: expected a closing quote"),
        ('@Resource[a] StringEquals "x"', "column 27: expected text between single"),
        ("@Resource", "expected an attribute such as @Resource[path:name]"),
        ("@Resource[]", "expected the name of an attribute between the brackets"),
        ("true & true", "expected &&, found a single '&'"),
        ("true ; true", "column 6: "),
        ("Exists 'x'", "expected an attribute after Exists, found 'x'"),
        ("ActionMatches{}", "expected a value, found '}'"),
        ("ActionMatches{'a'", "expected ',' or '}' after a value, found the end"),
        ("{@Resource[a]} StringEquals 'x'", "column 2: expected a value, found"),
        ("{'a'}", "expected an operator after the set"),
        ("f('a' 'b')", "expected ',' or ')' after an argument"),
        ("true # AND false\n)", "line 2, column 1: expected AND, OR or the end"),
        ("true \x07", "column 6: "),
    ],
)
def test_an_error_says_what_was_expected_and_where(text: str, message: str) -> None:
    assert message in str(error(text))


def test_an_error_has_its_parts() -> None:
    found = error("(\n@Resource[a] )")
    assert (found.line, found.column) == (2, 14)
    assert found.message == "expected an operator after the attribute, found ')'"
    assert str(found) == f"line 2, column 14: {found.message}"


def test_an_error_shows_no_control_characters_and_no_endless_text() -> None:
    found = error("true OR \x1b[31m" + "y" * 10_000)
    assert "\x1b" not in found.message
    assert len(error("z" * 10_000).message) < 200


def test_notes() -> None:
    condition = parse("# one\ntrue AND false\n  OR true # two")
    assert [(note.kind, note.line, note.column) for note in condition.notes] == [
        ("comment", 1, 1),
        ("comment", 3, 11),
        ("precedence", 3, 3),
    ]
    assert parse("(true AND false) OR true").notes == ()


def test_nodes_know_where_they_start() -> None:
    condition = parse("(\n  !(true)\n  AND @Resource[a] StringEquals 'x')")
    match condition.expression:
        case And(terms=(negation, comparison)):
            assert condition.position(negation.start) == (2, 3)
            assert condition.position(comparison.start) == (3, 7)
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "true" + ")" * 1000,
        "!" * 1000 + "true",
        "NOT (" * 1000 + "true" + ")" * 1000,
        "f(" * 1000,
        "(true AND (false OR " * 500,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_nesting_has_a_limit_with_a_position(text: str) -> None:
    found = error(text)
    assert found.message == f"expected at most {DEEPEST} levels of nesting"
    assert found.column > DEEPEST


def test_nesting_up_to_the_limit_is_read() -> None:
    half = DEEPEST // 2
    text = "NOT (" * half + "true" + ")" * half
    expression = said(text)
    assert said(to_text(expression)) == expression
    assert said("(" * DEEPEST + "true" + ")" * DEEPEST) == Literal(True)
    alternating = "(true AND (false OR " * half + "true" + "))" * half
    assert said(to_text(said(alternating))) == said(alternating)


@pytest.mark.parametrize(
    "text",
    [
        "true OR " * 2000 + "true",
        "@Resource[a] StringEquals 'x' AND " * 500 + "true",
        "@Resource[a] ForAnyOfAnyValues:StringEquals {" + "'x'," * 3000 + "'y'}",
        "@" * 9000,
        "'" + "\\'" * 5000,
        "'" * 9001,
        "@Resource[" * 1000,
        "ActionMatches{" * 1000,
        "#" * 9000,
        "\n" * 9000 + ")",
        "\x00" * 9000,
        "&&" * 5000,
        "\ud800",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_large_and_hostile_texts_end_soon(text: str) -> None:
    begin = time.perf_counter()
    with suppress(ConditionError):
        parse(text)
    assert time.perf_counter() - begin < 2


WORDS = st.sampled_from(
    [
        *("(", ")", "{", "}", ",", "!", "&&", "||", " AND ", " OR ", " NOT ", ":"),
        *("@Resource[a]", "@Context[b]", "'x'", "1", "true", " Exists ", "#", "\n"),
        *(" StringEquals ", "ForAnyOfAnyValues:", "ActionMatches", " f", "@", "'"),
    ]
)


@given(st.lists(WORDS, max_size=30).map("".join) | st.text(max_size=40))
def test_any_text_is_a_condition_or_an_error_with_a_position(text: str) -> None:
    outcome = parsed(text)
    if isinstance(outcome, ConditionError):
        assert 1 <= outcome.line <= text.count("\n") + 1
        assert outcome.column >= 1
    else:
        assert said(to_text(outcome.expression)) == outcome.expression
