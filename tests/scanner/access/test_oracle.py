"""Random tenants, answered by the engine and by enumeration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.answers import Result
from scanner.access.engine import Access
from scanner.access.facts import (
    EVERYONE,
    Assignment,
    Block,
    Denial,
    Facts,
    Party,
    Role,
)

TENANT = "root-group"
GROUP = "/providers/Microsoft.Management/managementGroups/"
PARENTS = {
    "/subscriptions/s1": f"{GROUP}prod",
    "/subscriptions/s2": f"{GROUP}dev",
    f"{GROUP}prod": f"{GROUP}corp",
    f"{GROUP}dev": f"{GROUP}{TENANT}",
    f"{GROUP}corp": f"{GROUP}{TENANT}",
}
ACCOUNT = "/subscriptions/s1/resourceGroups/rg/providers/Ns.A/accounts/a"
SCOPES = (
    "/",
    f"{GROUP}{TENANT}",
    f"{GROUP}PROD",
    f"{GROUP}corp",
    f"{GROUP}dev",
    "/subscriptions/s1",
    "/subscriptions/S1/",
    "/subscriptions/s",
    "/subscriptions/s2",
    "/subscriptions/s1/resourceGroups/rg",
    "/subscriptions/s1/resourcegroups/RG2",
    ACCOUNT,
    ACCOUNT.upper(),
    f"{ACCOUNT}/projects/p",
)
RESOURCES = (
    ACCOUNT,
    f"{ACCOUNT}/projects/p",
    f"{ACCOUNT}bc",
    "/subscriptions/s1/resourceGroups/rg2/providers/Ns.A/accounts/a",
    "/subscriptions/s2/resourceGroups/rg/providers/Ns.A/accounts/a",
    "/subscriptions/s1",
    f"{GROUP}prod",
)
ACTIONS = ("Ns.A/accounts/read", "Ns.A/accounts/keys/action", "ns.b/x/write")
PEOPLE = ("ann", "Bob", "cid")
GROUPS = ("staff", "ops")

GUARD = "(!(ActionMatches{'Ns.A/accounts/read'}))"
DEMAND = "(@Resource[Ns.A/accounts:name] StringEquals 'a')"
CONDITIONS: dict[str | None, Callable[[str], bool | None]] = {
    None: lambda _: True,
    GUARD: lambda action: action != ACTIONS[0],
    f"({GUARD} OR {DEMAND})": lambda action: True if action != ACTIONS[0] else None,
}
"""Conditions, and whether each lets an action pass; None where it depends."""

patterns = st.lists(
    st.sampled_from(
        ("*", "*/read", "NS.A/*", "Ns.A/accounts/*", "*/keys/*", "Ns.B/x/write", "x")
    ),
    max_size=2,
).map(tuple)
conditions = st.sampled_from(list(CONDITIONS))
blocks = st.lists(
    st.builds(Block, patterns, patterns, patterns, patterns, conditions), max_size=2
).map(tuple)
roles = st.fixed_dictionaries(
    {name: st.builds(Role, st.just(name), st.just(name), blocks) for name in "xyz"}
)
parties = st.lists(
    st.builds(
        Party, st.sampled_from((*PEOPLE, *GROUPS, EVERYONE)), st.just("Group")
    ).map(lambda each: replace(each, type="Group" if each.id in GROUPS else "User")),
    max_size=2,
).map(tuple)


@st.composite
def tenants(draw: st.DrawFn) -> Facts:
    assignments = draw(
        st.lists(
            st.builds(
                Assignment,
                id=st.uuids().map(str),
                scope=st.sampled_from(SCOPES),
                principal_id=st.sampled_from((*PEOPLE, *GROUPS)),
                principal_type=st.just("User"),
                role_definition_id=st.sampled_from(("/a/X", "/b/y", "z")),
                condition=conditions,
                eligible=st.booleans(),
            ),
            max_size=8,
        )
    )
    denials = draw(
        st.lists(
            st.builds(
                Denial,
                id=st.uuids().map(str),
                name=st.just("no"),
                scope=st.sampled_from(SCOPES),
                blocks=blocks,
                principals=parties,
                excluded=parties,
                own_scope_only=st.booleans(),
                condition=conditions,
            ),
            max_size=2,
        )
    )
    inside = st.frozensets(st.sampled_from([each.lower() for each in PEOPLE]))
    return Facts(
        tenant_id=TENANT,
        roles=draw(roles),
        assignments=tuple(assignments),
        denials=tuple(denials),
        parents={k.lower(): v.lower() for k, v in PARENTS.items()},
        members={group: draw(inside) for group in GROUPS},
        scanned=frozenset({"/subscriptions/s1", "/subscriptions/s2"})
        | {each.lower() for each in (*PARENTS, *PARENTS.values())},
    )


# The oracle: no index, no cache, regular expressions, one assignment after the other


def same(one: str, other: str) -> bool:
    return one.strip("/").lower() == other.strip("/").lower()


def holds_below(scope: str, resource: str) -> bool:
    if scope == "/" or same(scope, resource):
        return True
    if re.match(re.escape(scope.rstrip("/")) + "/", resource, re.IGNORECASE):
        return True
    return any(
        holds_below(child, resource)
        for child, parent in PARENTS.items()
        if same(parent, scope)
    )


def matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(
        re.fullmatch(re.escape(each).replace(r"\*", ".*"), action, re.IGNORECASE)
        for each in patterns
    )


def both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def best(truths: Iterator[bool | None]) -> bool | None:
    found = list(truths)
    return True if True in found else None if None in found else False


def allowed_by(
    blocks: tuple[Block, ...], condition: str | None, action: str, data: bool
) -> bool | None:
    def one(block: Block) -> bool | None:
        yes = block.data_actions if data else block.actions
        no = block.not_data_actions if data else block.not_actions
        if not matches(yes, action) or matches(no, action):
            return False
        own = CONDITIONS[block.condition](action)
        return both(own, CONDITIONS[condition](action))

    return best(one(block) for block in blocks)


def names_of(facts: Facts, principal: str) -> set[str]:
    groups = {g for g, inside in facts.members.items() if principal.lower() in inside}
    return {principal.lower(), *groups}


def denied(
    facts: Facts, principal: str, action: str, resource: str, data: bool
) -> bool | None:
    def one(denial: Denial) -> bool | None:
        here = same(denial.scope, resource)
        if denial.own_scope_only and not here:
            return False
        if not holds_below(denial.scope, resource):
            return False
        mine = names_of(facts, principal)
        named = {each.id.lower() for each in denial.principals}
        if not named & (mine | {EVERYONE}):
            return False
        if mine & {each.id.lower() for each in denial.excluded}:
            return False
        return allowed_by(denial.blocks, denial.condition, action, data)

    return best(one(each) for each in facts.denials)


def granted(
    facts: Facts, assignment: Assignment, action: str, resource: str, data: bool
) -> bool | None:
    if not holds_below(assignment.scope, resource):
        return False
    role = facts.roles[assignment.role_definition_id.split("/")[-1].lower()]
    return allowed_by(role.blocks, assignment.condition, action, data)


def holders(assignment: Assignment, facts: Facts) -> set[str]:
    own = assignment.principal_id
    return {own, *facts.members.get(own.lower(), ())}


asked = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), st.booleans())


@settings(max_examples=150, deadline=None)
@given(tenants(), asked)
def test_who_can(facts: Facts, ask: tuple[str, str, bool]) -> None:
    action, resource, data = ask
    answer = Access(facts).who_can(action.upper(), resource, data=data)
    expected = {
        (holder.lower(), assignment.id)
        for assignment in facts.assignments
        if granted(facts, assignment, action, resource, data) is not False
        for holder in holders(assignment, facts)
        if denied(facts, holder, action, resource, data) is not True
    }
    found = {(each.principal_id.lower(), each.assignment_id) for each in answer.grants}
    assert found == expected
    assert answer.complete
    assert [each.eligible for each in answer.grants] == sorted(
        each.eligible for each in answer.grants
    )
    for grant in answer.grants:
        contested = denied(facts, grant.principal_id, action, resource, data) is None
        assert bool(grant.contested_by) is contested
        assert (grant.via_group is None) is any(
            each.id == grant.assignment_id
            and each.principal_id.lower() == grant.principal_id.lower()
            for each in facts.assignments
        )


@settings(max_examples=150, deadline=None)
@given(tenants(), asked, st.sampled_from(PEOPLE))
def test_can(facts: Facts, ask: tuple[str, str, bool], principal: str) -> None:
    action, resource, data = ask
    decision = Access(facts).can(principal.upper(), action, resource, data=data)
    deny = denied(facts, principal, action, resource, data)
    grant = best(
        granted(facts, each, action, resource, data)
        for each in facts.assignments
        if not each.eligible and each.principal_id.lower() in names_of(facts, principal)
    )
    if deny is True or grant is False:
        expected = Result.DENIED
    elif grant is True and deny is False:
        expected = Result.ALLOWED
    else:
        expected = Result.CONDITIONAL
    assert decision.result is expected
    assert bool(decision.denied_by) is (deny is True)


@settings(max_examples=60, deadline=None)
@given(tenants(), st.sampled_from(PEOPLE), st.sampled_from((None, *RESOURCES)))
def test_grants(facts: Facts, principal: str, scope: str | None) -> None:
    found = Access(facts).grants(principal, scope)
    assert sorted(each.assignment_id for each in found) == sorted(
        each.id
        for each in facts.assignments
        if each.principal_id.lower() in names_of(facts, principal)
        and (scope is None or holds_below(each.scope, scope))
    )


@settings(max_examples=60, deadline=None)
@given(tenants(), asked)
def test_near_misses_grant_nothing(facts: Facts, ask: tuple[str, str, bool]) -> None:
    action, resource, data = ask
    access = Access(facts)
    for near in access.near_misses(action, resource, data=data):
        assignment = near.grant.assignment
        missed = granted(facts, assignment, action, resource, data) is False
        holder = near.grant.principal_id
        assert missed or denied(facts, holder, action, resource, data) is True
        assert near.detail
