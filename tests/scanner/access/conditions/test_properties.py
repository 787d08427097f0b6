"""Random conditions, against an evaluator that is written in another way."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.access.conditions import (
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Not,
    Operand,
    Operator,
    Or,
    Request,
    SubOperationMatches,
    Tri,
    Value,
    ValueSet,
    evaluate,
    explain,
    parse,
    residual,
    to_text,
)
from scanner.access.conditions.cursor import DEEPEST
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import Condition

Truths = frozenset[bool]
"""What something may be: one truth, or both where it cannot be told."""

TRUE, FALSE, EITHER = (frozenset(truths) for truths in ({True}, {False}, {True, False}))

ACTIONS = ("a/read", "a/b/read", "a/write")
PATTERNS = ("a/read", "A/*", "*/read", "*", "a/b/read", "b/*")
SUBS = ("List", "Tier")
NAMES = ("n", "m", "t:K<$key_case_sensitive$>", "t:k", "t&$keys$&")
MOMENTS = (
    "2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00.0000001Z",
    "2026-01-01T00:00:00Z",
)
GUIDS = ("11111111-1111-1111-1111-111111111111", "2" * 32, "A" * 32)
FAMILIES = {
    "String": ("Equals", "NotEquals", "StartsWith", "NotStartsWith", "Like", "NotLike"),
    "Numeric": ("Equals", "NotEquals", "LessThan", "GreaterThanEquals"),
    "DateTime": ("Equals", "NotEquals", "LessThanEquals", "GreaterThan"),
    "Bool": ("Equals", "NotEquals"),
    "Guid": ("Equals", "NotEquals"),
}
CROSSES = (
    "",
    *("ForAnyOfAnyValues", "ForAllOfAnyValues"),
    *("ForAnyOfAllValues", "ForAllOfAllValues"),
)
CONSTANTS = {
    "String": st.sampled_from(("a", "A", "ab", "a*", "?b", r"\*")).map(
        lambda raw: Constant(Kind.TEXT, raw)
    ),
    "Numeric": st.integers(-2, 3).map(lambda one: Constant(Kind.NUMBER, str(one))),
    "DateTime": st.sampled_from(MOMENTS).map(lambda raw: Constant(Kind.TEXT, raw)),
    "Bool": st.booleans().map(lambda one: Constant(Kind.BOOLEAN, str(one).lower())),
    "Guid": st.sampled_from(GUIDS).map(lambda raw: Constant(Kind.GUID, raw)),
}
SCALARS = st.one_of(
    st.sampled_from(("a", "A", "ab", "AB", "*", *MOMENTS, *GUIDS)),
    st.integers(-2, 3),
    st.booleans(),
)
VALUES: st.SearchStrategy[Value] = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3).map(tuple)
)
ATTRIBUTES = st.builds(
    Attribute,
    st.sampled_from(("Request", "Resource", "Principal", "Environment", "Context")),
    st.sampled_from(NAMES),
)


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    family = draw(st.sampled_from(sorted(FAMILIES)))
    constants = CONSTANTS[family]
    sets = st.lists(constants, min_size=1, max_size=3).map(tuple).map(ValueSet)
    operands: st.SearchStrategy[Operand] = st.one_of(ATTRIBUTES, constants, sets)
    name = family + draw(st.sampled_from(FAMILIES[family]))
    if family == "String" and draw(st.booleans()):
        name += "IgnoreCase"
    operator = Operator(name, draw(st.sampled_from(CROSSES)))
    left = draw(st.one_of(ATTRIBUTES, operands))
    return Comparison(left, operator, draw(operands))


ATOMS: st.SearchStrategy[Expression] = st.one_of(
    comparisons(),
    st.builds(ActionMatches, st.sampled_from(PATTERNS)),
    st.builds(SubOperationMatches, st.sampled_from((*SUBS, "*"))),
    st.builds(Exists, ATTRIBUTES),
    st.builds(Literal, st.booleans()),
    st.just(Call("Unheard", (), braces=False)),
    st.just(
        Comparison(
            Attribute("Request", "subOperation"),
            Operator("StringEqualsIgnoreCase", "ForAnyOfAnyValues"),
            ValueSet((Constant(Kind.TEXT, "list"),)),
        )
    ),
)


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    terms = st.lists(parts, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, terms), st.builds(Or, terms), st.builds(Not, parts))


EXPRESSIONS = st.recursive(ATOMS, _joined, max_leaves=12)
KNOWN = st.dictionaries(st.sampled_from(("n", "m", "t:K", "T:k", "t&$keys$&")), VALUES)
REQUESTS = st.builds(
    Request,
    st.sampled_from(ACTIONS),
    st.sampled_from((None, *SUBS)),
    *(KNOWN, KNOWN, KNOWN, KNOWN),
)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def naive(expression: Expression, request: Request) -> Truths:
    """What an expression may come to: every way its parts may turn out, tried."""
    match expression:
        case And(terms=terms) | Or(terms=terms):
            rule = all if isinstance(expression, And) else any
            ways = product(*(naive(term, request) for term in terms))
            return frozenset(rule(way) for way in ways)
        case Not(term=term):
            return frozenset(not one for one in naive(term, request))
        case Literal(value=value):
            return frozenset({value})
        case ActionMatches(pattern=pattern):
            return frozenset({_globbed(pattern, request.action)})
        case SubOperationMatches(pattern=pattern):
            sub = request.sub_operation
            return frozenset({sub is not None and _globbed(pattern, sub)})
        case Exists(attribute=attribute):
            if attribute.source == "Context":
                return EITHER
            return frozenset({_look_up(attribute, request) is not None})
        case Comparison():
            return _compared(expression, request)
        case _:
            return EITHER


def _globbed(pattern: str, value: str) -> bool:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, value, re.IGNORECASE) is not None


def _look_up(attribute: Attribute, request: Request) -> list[Any] | None:
    if attribute.source == "Request" and attribute.name == "subOperation":
        return [request.sub_operation] if request.sub_operation else None
    values = getattr(request, attribute.source.lower())
    wanted = attribute.name.replace("<$key_case_sensitive$>", "")
    same = {name: value for name, value in values.items() if name == wanted}
    if "<$key_case_sensitive$>" not in attribute.name:
        low = {name: one for name, one in values.items() if name.lower() == wanted}
        same = same or low
    elif not same:
        low = {n: one for n, one in values.items() if n[2:] == wanted[2:]}
        same = {n: one for n, one in low.items() if n.lower() == wanted.lower()}
    for value in same.values():
        return list(value) if isinstance(value, tuple) else [value]
    return None


def _compared(comparison: Comparison, request: Request) -> Truths:
    sides: list[list[Any] | None] = []
    for operand in (comparison.left, comparison.right):
        match operand:
            case Attribute(source="Context") | Call():
                return EITHER
            case Attribute():
                sides.append(_look_up(operand, request))
            case Constant(value=value):
                sides.append([value])
            case ValueSet(members=members):
                sides.append([member.value for member in members])
    name, cross = comparison.operator.name, comparison.operator.cross
    reads = [isinstance(one, Attribute) for one in (comparison.left, comparison.right)]
    if reads == [False, True] or (cross and re.search("StartsWith|Bool|Date", name)):
        return EITHER
    negative = "Not" in name
    left, right = sides
    outer, inner = (all if part == "All" else any for part in _quantities(cross))
    if (outer is all and not left) or (inner is all and not right):
        return EITHER
    if left is None or right is None or (not cross and not (left and right)):
        return EITHER if negative else FALSE
    if not cross:
        return _one(name, left[0], right[0]) if len(left + right) == 2 else EITHER
    table = [[_one(name, one, other) for other in right] for one in left]
    cells = [cell for row in table for cell in row]
    found = set[bool]()
    for way in product(*cells):
        rows = [way[at : at + len(right)] for at in range(0, len(way), len(right) or 1)]
        found.add(outer(inner(row) for row in (rows if right else [()] * len(left))))
    return frozenset(found)


def _quantities(cross: str) -> list[str]:
    return re.findall("Any|All", cross.removesuffix("Values")) or ["Any", "Any"]


def _one(name: str, left: Any, right: Any) -> Truths:
    family = next(family for family in FAMILIES if name.startswith(family))
    verb = name.removeprefix(family).replace("Not", "")
    pair = [_typed(family, one) for one in (left, right)]
    if None in pair:
        return EITHER
    if verb.endswith("IgnoreCase"):
        pair = [one.lower() for one in pair]
        verb = verb.removesuffix("IgnoreCase")
    a, b = pair
    tests: dict[str, Callable[[], bool]] = {
        "Equals": lambda: bool(a == b),
        "StartsWith": lambda: bool(a[: len(b)] == b),
        "Like": lambda: re.fullmatch(_as_expression(b), a) is not None,
        "LessThan": lambda: bool(a < b),
        "LessThanEquals": lambda: bool(a <= b),
        "GreaterThan": lambda: bool(a > b),
        "GreaterThanEquals": lambda: bool(a >= b),
    }
    return TRUE if tests[verb]() != ("Not" in name) else FALSE


def _typed(family: str, value: Any) -> Any:
    is_text = isinstance(value, str)
    match family:
        case "String":
            return value if is_text else None
        case "Numeric":
            if is_text:
                return (
                    int(value)
                    if re.fullmatch("[0-9]+", value) and len(value) < 31
                    else None
                )
            return None if isinstance(value, bool) else value
        case "Bool":
            return value if isinstance(value, bool) else None
        case "Guid":
            bare = value.replace("-", "").lower() if is_text else ""
            return bare if re.fullmatch("[0-9a-f]{32}", bare) else None
        case _:
            # All moments here have one layout up to the fraction, and order as text.
            known = is_text and value in MOMENTS
            return value[:19] + value[20:-1].ljust(7, "0") if known else None


def _as_expression(pattern: str) -> str:
    parts = re.findall(r"\\[*?]|.", pattern)
    special = {"*": ".*", "?": "."}
    return "".join(special.get(part) or re.escape(part[-1]) for part in parts)


def _tri(truths: Truths) -> Tri:
    return Tri.UNKNOWN if len(truths) == 2 else Tri.of(True in truths)


@PATIENT
@given(EXPRESSIONS, REQUESTS)
def test_evaluation_agrees_with_trying_everything(
    expression: Expression, request: Request
) -> None:
    """Kleene's logic forgets that two atoms may be the same: it may know less."""
    found = evaluate(expression, request)
    assert found is _tri(naive(expression, request))


@PATIENT
@given(EXPRESSIONS)
def test_printing_and_parsing_give_the_same(expression: Expression) -> None:
    text = to_text(expression)
    assert parse(text).expression == expression
    assert to_text(parse(text).expression) == text
    assert parse(text).notes == ()


@PATIENT
@given(EXPRESSIONS, REQUESTS)
def test_what_is_left_for_an_action_evaluates_as_the_whole(
    expression: Expression, request: Request
) -> None:
    left = residual(expression, request.action, request.sub_operation)
    assert evaluate(left, request) is evaluate(expression, request)
    assert parse(to_text(left)).expression == left
    assert residual(left, request.action, request.sub_operation) == left


@PATIENT
@given(EXPRESSIONS, REQUESTS)
def test_what_is_true_may_hold(expression: Expression, request: Request) -> None:
    left = residual(expression, request.action, request.sub_operation)
    if evaluate(left, request) is Tri.TRUE:
        assert may_hold(left)


@PATIENT
@given(EXPRESSIONS)
def test_everything_can_be_explained(expression: Expression) -> None:
    sentences = explain(Condition("", expression))
    assert sentences
    assert all(one.endswith(".") for one in sentences)


def test_the_deepest_conditions_recurse_safely() -> None:
    text = "NOT (true AND (false OR " * (DEEPEST // 3) + "true" + "))" * (DEEPEST // 3)
    condition = parse(text)
    request = Request("a/read")
    assert evaluate(condition.expression, request) in (Tri.TRUE, Tri.FALSE)
    assert residual(condition.expression, "a/read") in (Literal(True), Literal(False))
    assert to_text(condition.expression)
    assert explain(condition)
    assert repr(condition)
    assert hash(condition) == hash(parse(text))
