from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scanner.access.conditions import (
    Request,
    Tri,
    assignable_roles,
    evaluate,
    explain,
    limits_roles,
    lint,
    named_roles,
    parse,
)
from scanner.access.facts import Block

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
USER = "53ca6127-db72-4b80-b1b0-d745d6d5456d"
ONLY_SERVICES = (
    f"@Request[{ASSIGNMENTS}:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'"
)


ALL_TYPES = (
    f"@Request[{ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase "
    "{'User', 'Group', 'ServicePrincipal'}"
)


def roles(
    source: str, *ids: str, operator: str = "ForAnyOfAnyValues:GuidEquals"
) -> str:
    return f"@{source}[{ASSIGNMENTS}:RoleDefinitionId] {operator}{{{', '.join(ids)}}}"


def block(action: str, rest: str) -> str:
    return f"((!(ActionMatches{{'{ASSIGNMENTS}/{action}'}})) OR ({rest}))"


def unless(*ids: str) -> str:
    return roles("Request", *ids, operator="ForAnyOfAllValues:GuidNotEquals")


def unlike_one(source: str, *ids: str) -> str:
    return roles(source, *ids, operator="ForAnyOfAnyValues:GuidNotEquals")


DELETE = block("delete", roles("Resource", READER, USER))
BOUNDED = block("write", roles("Request", READER, USER))


def found(
    text: str, *, privileged: tuple[str, ...] = (), actions: tuple[str, ...] = ()
) -> set[str]:
    role = (Block(actions=actions),)
    faults = lint(text, role=role, privileged=privileged, now=NOW)
    assert len({fault.check_id for fault in faults}) == len(faults)
    return {fault.check_id for fault in faults}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (f"{BOUNDED} AND {DELETE}", set()),
        (BOUNDED, {"delegation-delete-covered"}),
        (f"{block('write', ONLY_SERVICES)} AND {DELETE}", {"delegation-role-bounded"}),
        (
            f"{block('write', unless(OWNER))} AND {DELETE}",
            {"delegation-denylist-style", "delegation-principal-bounded"},
        ),
        (
            f"{block('write', f'{unless(OWNER)} AND {ONLY_SERVICES}')} AND {DELETE}",
            {"delegation-denylist-style"},
        ),
        (
            f"{block('write', f'{unless(OWNER)} AND {ALL_TYPES}')} AND {DELETE}",
            {"delegation-denylist-style", "delegation-principal-bounded"},
        ),
        (
            block("write", f"{roles('Request', READER)} OR {ONLY_SERVICES}")
            + f" AND {DELETE}",
            {"delegation-role-bounded"},
        ),
        (f"{block('write', 'false')} AND {DELETE}", set()),
        (
            f"{roles('Request', READER)} AND {roles('Resource', READER)}",
            set(),
        ),
    ],
)
def test_delegation(text: str, faults: set[str]) -> None:
    assert found(text) == faults


TAUTOLOGY, ROLE, PRINCIPAL, REMOVAL, INSIDE = (
    f"delegation-{name}"
    for name in (
        *("or-tautology", "role-bounded", "principal-bounded"),
        *("delete-covered", "privileged-inside"),
    )
)
NOT_OWNED = f"NOT {roles('Resource', OWNER)}"
NOT_ASKED = f"NOT {roles('Request', OWNER)}"
OF_CALLER = roles("Principal", OWNER)
ON_CREATION = " where an assignment is created: there is none"
ON_REMOVAL = "reads @Request where an assignment is removed: there is none"


@pytest.mark.parametrize(
    ("text", "faults", "unclear"),
    [
        (
            f"{block('write', NOT_OWNED)} AND {DELETE}",
            {TAUTOLOGY, ROLE, PRINCIPAL, INSIDE},
            set(),
        ),
        (f"{block('write', roles('Resource', READER))} AND {DELETE}", {ROLE}, set()),
        (
            f"{block('write', unlike_one('Resource', OWNER))} AND {DELETE}",
            set(),
            {ROLE, PRINCIPAL, INSIDE},
        ),
        (
            block(
                "write",
                f"{roles('Request', READER, USER)} AND {unlike_one('Resource', USER)}",
            )
            + f" AND {DELETE}",
            {ROLE},
            set(),
        ),
        (
            block(
                "write", f"{roles('Request', OWNER)} OR {unlike_one('Resource', USER)}"
            )
            + f" AND {DELETE}",
            {INSIDE},
            {ROLE, PRINCIPAL},
        ),
        (
            block(
                "write",
                f"{roles('Request', READER)} AND "
                f"NOT {ONLY_SERVICES.replace('Request', 'Resource')}",
            )
            + f" AND {DELETE}",
            {PRINCIPAL},
            set(),
        ),
        (
            f"{BOUNDED} AND {block('delete', NOT_ASKED)}",
            {TAUTOLOGY, REMOVAL},
            set(),
        ),
        (
            f"{BOUNDED} AND {block('delete', roles('Request', READER))}",
            {REMOVAL},
            set(),
        ),
        (
            f"{BOUNDED} AND {block('delete', unlike_one('Request', OWNER))}",
            {REMOVAL},
            set(),
        ),
        (block("*", roles("Request", READER)), {REMOVAL}, set()),
        (
            f"{block('write', OF_CALLER)} AND {DELETE}",
            set(),
            {ROLE, PRINCIPAL, INSIDE},
        ),
        (
            f"{block('write', f'NOT {OF_CALLER}')} AND {DELETE}",
            {TAUTOLOGY, ROLE, PRINCIPAL, INSIDE},
            set(),
        ),
    ],
)
def test_what_a_call_does_not_have(
    text: str, faults: set[str], unclear: set[str]
) -> None:
    found = lint(text, privileged=(OWNER,), now=NOW)
    sure = {fault.check_id for fault in found if not fault.unclear}
    assert sure - {"abac-parse"} == faults
    assert {fault.check_id for fault in found if fault.unclear} == unclear
    why = ON_REMOVAL if REMOVAL in faults else ON_CREATION
    assert any(why in fault.message for fault in found)
    assert any(why in sentence for sentence in explain(parse(text)))


def test_an_attribute_read_in_vain_is_pointed_at() -> None:
    text = f"{block('write', NOT_OWNED)} AND\n{block('delete', NOT_ASKED)}"
    faults = {fault.check_id: fault for fault in lint(text, now=NOW)}
    places = [(faults[each].line, faults[each].column) for each in (ROLE, REMOVAL)]
    lines = text.split("\n")
    assert places == [(1, lines[0].index("@") + 1), (2, lines[1].index("@") + 1)]


def test_what_is_misspelt_is_told_from_a_bound() -> None:
    text = f"{BOUNDED} AND {DELETE}".replace("Id] ", "] ", 1)
    unclear = {each.check_id for each in lint(text, now=NOW) if each.unclear}
    assert unclear == {ROLE, PRINCIPAL}


BEGUN = "@Environment[UtcNow] DateTimeGreaterThan '2020-01-01T00:00:00.0Z'"
ENDED = "@Environment[UtcNow] DateTimeLessThan '2025-01-01T00:00:00.0Z'"


def test_what_has_ended_lets_no_role_be_assigned() -> None:
    handed_out = (
        f"{roles('Request', READER)} OR ({ENDED} AND {roles('Request', OWNER)})"
    )
    inside = "delegation-privileged-inside"
    text, power = block("write", handed_out), (OWNER,)
    assert inside not in found(text, privileged=power)
    assert inside in found(text.replace("2025", "2027"), privileged=power)


def test_a_start_that_is_past_bounds_nothing() -> None:
    text = f"{block('write', BEGUN)} AND {block('delete', BEGUN)}"
    assert "delegation-delete-covered" in found(text)
    assert "delegation-delete-covered" not in found(text.replace("2020", "2027"))


def test_blocks_joined_by_or_bound_nothing() -> None:
    text = f"{BOUNDED} OR {DELETE}"
    assert {"delegation-or-tautology", "delegation-role-bounded"} <= found(text)
    assert "abac-or-tautology" not in found(text)


def test_every_role_differs_from_one_of_two() -> None:
    write, delete = (
        block(action, unlike_one(source, OWNER, USER))
        for action, source in (("write", "Request"), ("delete", "Resource"))
    )
    faults = lint(f"{write} AND {delete}", now=NOW)
    assert {fault.check_id for fault in faults} == {
        "delegation-or-tautology",
        "delegation-delete-covered",
        "delegation-role-bounded",
        "delegation-principal-bounded",
    }
    assert any("ForAnyOfAllValues:GuidNotEquals" in each.message for each in faults)
    one = block("write", unlike_one("Request", OWNER, OWNER.upper()))
    assert "delegation-or-tautology" not in found(f"{one} AND {DELETE}")
    either = f"{unlike_one('Request', OWNER)} OR {unlike_one('Request', USER)}"
    assert "delegation-or-tautology" in found(f"{block('write', either)} AND {DELETE}")


@pytest.mark.parametrize(("year", "is_inside"), [("2026", False), ("2027", True)])
def test_what_is_over_assigns_nothing(year: str, is_inside: bool) -> None:
    until = f"@Environment[UtcNow] DateTimeLessThan '{year}-01-01T00:00Z'"
    text = f"{block('write', until)} AND {DELETE}"
    faults = found(text, privileged=(OWNER,))
    assert ("delegation-privileged-inside" in faults) is is_inside
    assert ("delegation-role-bounded" in faults) is is_inside


@pytest.mark.parametrize(
    ("rest", "is_inside"),
    [
        (roles("Request", READER, OWNER), True),
        (roles("Request", READER, OWNER.replace("-", "")), True),
        (f"@Request[{ASSIGNMENTS}:RoleDefinitionId] GuidEquals {OWNER.upper()}", True),
        (unless(READER), True),
        (ONLY_SERVICES, True),
        (roles("Request", READER), False),
        (unless(OWNER), False),
        (f"{roles('Request', READER, OWNER)} AND {unless(OWNER)}", False),
    ],
)
def test_privileged_roles(rest: str, is_inside: bool) -> None:
    faults = found(f"{block('write', rest)} AND {DELETE}", privileged=(OWNER,))
    assert ("delegation-privileged-inside" in faults) is is_inside


def test_only_what_the_role_may_do_is_judged() -> None:
    write = (f"{ASSIGNMENTS}/write",)
    assert found(BOUNDED, actions=write) == set()
    assert found(BOUNDED, actions=("*",)) == {"delegation-delete-covered"}
    elsewhere = found(BOUNDED, actions=("Microsoft.Storage/*",))
    assert elsewhere == {"abac-role-supported"}


def test_what_the_role_excepts_or_restricts_itself_is_not_judged() -> None:
    write = (f"{ASSIGNMENTS}/write",)
    blocks = (
        Block(actions=("*",), not_actions=write),
        Block(actions=("*",), not_actions=("Microsoft.Authorization/*/Write",)),
        Block(actions=("*",), condition=f"{BOUNDED} AND {DELETE}"),
        Block(actions=("*",), condition="(unreadable"),
    )
    for block in blocks:
        assert lint(block_of_types(), role=(block,), now=NOW) == ()
        whole = lint(block_of_types(), role=(block, Block(actions=("*",))), now=NOW)
        assert {fault.check_id for fault in whole} == {"delegation-role-bounded"}


def block_of_types() -> str:
    return f"{block('write', ONLY_SERVICES)} AND {DELETE}"


def test_the_roles_that_can_be_assigned() -> None:
    bounded, open_to_all = (parse(text).expression for text in (BOUNDED, DELETE))
    everyone = (OWNER, READER.upper(), USER, "no id")
    assert assignable_roles(bounded, everyone) == (READER.upper(), USER)
    assert assignable_roles(open_to_all, everyone) == everyone[:3]
    assert limits_roles(bounded)
    assert not limits_roles(open_to_all)
    assert named_roles(bounded) == tuple(one.replace("-", "") for one in (READER, USER))


@pytest.mark.parametrize(
    "text",
    [
        BOUNDED,
        DELETE,
        f"{BOUNDED} AND {DELETE}",
        block("write", f"@Request[{ASSIGNMENTS}:RoleDefinitionId] StringLike '8e*'"),
        block("write", unless(USER)),
    ],
)
def test_a_role_among_many_is_as_one_asked_about_alone(text: str) -> None:
    every = (OWNER, READER, USER, *(f"{number:032x}" for number in range(3)))
    expression = parse(text).expression
    asked = {
        role: Request(
            f"{ASSIGNMENTS}/write", request={f"{ASSIGNMENTS}:RoleDefinitionId": role}
        )
        for role in every
    }
    alone = [role for role in every if evaluate(expression, asked[role]) is Tri.TRUE]
    assert list(assignable_roles(expression, every)) == alone


def test_many_roles_for_anyone() -> None:
    many = [f"{number:032x}" for number in range(11)]
    text = f"{block('write', roles('Request', *many))} AND {DELETE}"
    assert found(text) == {"delegation-principal-bounded"}


def test_a_fault_points_at_the_role() -> None:
    text = f"{BOUNDED} AND\n{DELETE}".replace(USER, OWNER, 1)
    (fault,) = lint(text, privileged=(OWNER,), now=NOW)
    assert (fault.line, fault.column) == (1, text.index(OWNER) + 1)
