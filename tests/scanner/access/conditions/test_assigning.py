"""Random conditions on assigning roles, against every assignment there can be."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.access.conditions import (
    ActionMatches,
    And,
    Attribute,
    Comparison,
    Constant,
    Exists,
    Expression,
    Kind,
    Not,
    Operator,
    Or,
    Request,
    Tri,
    ValueSet,
    assignable_roles,
    evaluate,
    limits_roles,
    parse,
    residual,
    to_text,
)
from scanner.access.conditions.analysis.guards import is_open, may_be_open
from scanner.access.conditions.misread import misread
from scanner.access.conditions.solve import may_hold

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
WRITE, DELETE = f"{ASSIGNMENTS}/write", f"{ASSIGNMENTS}/delete"
IDS = tuple(digit * 32 for digit in "123")
TYPES = ("User", "Group", "ServicePrincipal")
NAMES = {"RoleDefinitionId": IDS, "PrincipalId": IDS, "PrincipalType": TYPES}
EVERY = [dict(zip(NAMES, each, strict=True)) for each in product(*NAMES.values())]
"""Every assignment; of three roles one stands for those that nobody names."""


def called(action: str, assignment: dict[str, str]) -> Request:
    """Return a call, with what it says of an assignment where such a call has it."""
    found = {f"{ASSIGNMENTS}:{name}": value for name, value in assignment.items()}
    if action == WRITE:
        return Request(action, request=found)
    return Request(action, resource=found)


def _attribute(name: str) -> st.SearchStrategy[Attribute]:
    sources = st.sampled_from(("Request", "Resource"))
    return st.builds(Attribute, sources, st.just(f"{ASSIGNMENTS}:{name}"))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    name = draw(st.sampled_from(sorted(NAMES)))
    is_type = name == "PrincipalType"
    kind, how = (Kind.TEXT, "String") if is_type else (Kind.GUID, "Guid")
    suffix = "IgnoreCase" if is_type else ""
    verb = draw(st.sampled_from(("Equals", "NotEquals")))
    cross = draw(st.sampled_from(("ForAnyOfAnyValues", "ForAnyOfAllValues")))
    named = st.sampled_from(NAMES[name][:2]).map(lambda raw: Constant(kind, raw))
    values = draw(st.lists(named, min_size=1, max_size=2))
    operator = Operator(f"{how}{verb}{suffix}", cross)
    return Comparison(draw(_attribute(name)), operator, ValueSet(tuple(values)))


ATOMS: st.SearchStrategy[Expression] = st.one_of(
    comparisons(),
    comparisons().map(Not),
    st.builds(Exists, st.sampled_from(sorted(NAMES)).flatmap(_attribute)),
    st.sampled_from((WRITE, DELETE)).map(ActionMatches),
)


def _joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    terms = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(And, terms), st.builds(Or, terms), st.builds(Not, parts))


EXPRESSIONS = st.recursive(ATOMS, _joined, max_leaves=6)
ACTIONS = st.sampled_from((WRITE, DELETE))
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(EXPRESSIONS, ACTIONS, st.sampled_from(EVERY))
def test_what_is_left_evaluates_as_the_whole(
    expression: Expression, action: str, assignment: dict[str, str]
) -> None:
    request = called(action, assignment)
    left = residual(expression, action)
    assert evaluate(left, request) is evaluate(expression, request)
    assert residual(left, action) == left
    assert parse(to_text(left)).expression == left


@PATIENT
@given(EXPRESSIONS, ACTIONS)
def test_open_is_what_is_true_of_every_assignment(
    expression: Expression, action: str
) -> None:
    found = {evaluate(expression, called(action, each)) for each in EVERY}
    left = residual(expression, action)
    if found == {Tri.TRUE}:
        assert may_hold(left)
    if Tri.FALSE in found:
        assert not is_open(left)
        assert not may_be_open(left)
    if Tri.UNKNOWN not in found:
        assert may_hold(left) is (Tri.TRUE in found)
        assert is_open(left) is (Tri.FALSE not in found)


@PATIENT
@given(EXPRESSIONS)
def test_a_role_can_be_assigned_where_some_assignment_of_it_may(
    expression: Expression,
) -> None:
    allowed = assignable_roles(expression, IDS)
    for role in IDS:
        of_role = [each for each in EVERY if each["RoleDefinitionId"] == role]
        found = {evaluate(expression, called(WRITE, each)) for each in of_role}
        if role in allowed:
            assert found != {Tri.FALSE}
        else:
            assert Tri.TRUE not in found
    assert limits_roles(expression) is (IDS[-1] not in allowed)


@PATIENT
@given(EXPRESSIONS, ACTIONS)
def test_what_reads_only_what_a_call_has_reads_nothing_in_vain(
    expression: Expression, action: str
) -> None:
    own, other = ("@Request[", "@Resource[")[:: 1 if action == WRITE else -1]
    text = to_text(expression).replace(other, own)
    assert misread(parse(text).expression, action) == ()


LIST = f"ForAnyOfAnyValues:GuidEquals {{{IDS[0]}}}"
ROLE = f"{ASSIGNMENTS}:RoleDefinitionId"


@pytest.mark.parametrize(
    ("asked", "created", "removed"),
    [
        (f"@Request[{ROLE}] {LIST}", False, True),
        (f"@Resource[{ROLE}] {LIST}", True, False),
        (f"NOT @Resource[{ROLE}] {LIST}", True, False),
        (f"@Resource[{ROLE}] GuidNotEquals {IDS[0]}", True, False),
        (f"@Principal[{ROLE}] {LIST}", True, True),
        (f"@Context[{ROLE}] {LIST}", False, False),
        (f"@Request[{ROLE}] {LIST} AND NOT @Resource[{ROLE}] {LIST}", True, False),
        (f"@Request[{ROLE}] {LIST} OR @Resource[{ROLE}] {LIST}", False, False),
        (f"NOT @Request[{ROLE}] {LIST} AND NOT @Resource[{ROLE}] {LIST}", False, False),
        (
            f"(NOT Exists @Request[{ROLE}] OR @Request[{ROLE}] {LIST}) AND "
            f"(NOT Exists @Resource[{ROLE}] OR @Resource[{ROLE}] {LIST})",
            False,
            False,
        ),
    ],
)
def test_what_is_read_in_vain(asked: str, created: bool, removed: bool) -> None:
    guard = f"!(ActionMatches{{'{WRITE}'}}) AND !(ActionMatches{{'{DELETE}'}})"
    expression = parse(f"({guard}) OR ({asked})").expression
    assert bool(misread(expression, WRITE)) is created
    assert bool(misread(expression, DELETE)) is removed
    assert misread(expression, f"{ASSIGNMENTS}/read") == ()


def test_a_list_that_names_no_call_may_leave_out_one() -> None:
    """A built-in role lets its holders create by a list, and remove nothing."""
    assert misread(parse(f"@Request[{ROLE}] {LIST}").expression, DELETE) == ()


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (f"@Request[{ROLE}] {LIST}", f"@Request[{ROLE}] {LIST}"),
        (f"@Resource[{ROLE}] {LIST}", "false"),
        (f"NOT @Resource[{ROLE}] {LIST}", "true"),
        (f"Exists @Resource[{ROLE}]", "false"),
        (f"@Request[{ROLE}] GuidEquals @Resource[{ROLE}]", "false"),
        (
            f"@Resource[{ROLE}] GuidNotEquals {IDS[0]}",
            f"Absent(@Resource[{ROLE}]) GuidNotEquals {IDS[0]}",
        ),
        (f"@Context[{ROLE}] {LIST}", f"@Context[{ROLE}] {LIST}"),
        ("@Resource[a] StringEquals 'x'", "@Resource[a] StringEquals 'x'"),
    ],
)
def test_what_is_left_where_an_assignment_is_created(asked: str, left: str) -> None:
    assert to_text(residual(parse(asked).expression, WRITE.upper())) == left
