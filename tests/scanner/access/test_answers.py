"""Cases from the documentation, over facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from scanner.access.answers import Grant, Kept, Reason, Result
from scanner.access.conditions.request import Request
from scanner.access.deny import Hit
from scanner.access.engine import Access
from scanner.access.facts import (
    EVERYONE,
    Assignment,
    Block,
    Denial,
    Facts,
    Missing,
    Part,
    Party,
    Role,
)
from scanner.model.coverage import Gap

TENANT = "tenant"
TOP = f"/providers/microsoft.management/managementgroups/{TENANT}"
SUB = "/subscriptions/s1"
GROUP = f"{SUB}/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/a"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
WRITE = "Microsoft.CognitiveServices/accounts/write"
CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
DELEGATED = (
    f"((!(ActionMatches{{'{ASSIGN}'}})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals{aaaaaaaa-0000-0000-0000-000000000001}))"
)
TAGGED = (
    f"((!(ActionMatches{{'{BLOBS}/read'}})) OR "
    f"(@Resource[{BLOBS}/tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'))"
)
NEVER = f"(!(ActionMatches{{'{LIST_KEYS}'}}))"

ROLES = {
    "owner": Role("owner", "Owner", (Block(actions=("*",)),)),
    "contributor": Role(
        "contributor",
        "Contributor",
        (Block(("*",), ("Microsoft.Authorization/*/Write",)),),
    ),
    "keyless": Role(
        "keyless",
        "Keyless",
        (Block(("Microsoft.CognitiveServices/*",), ("*/listKeys/action",)),),
    ),
    "caller": Role(
        "caller",
        "Caller",
        (Block(("*/read",), (), ("Microsoft.CognitiveServices/accounts/OpenAI/*",)),),
    ),
    "manager": Role(
        "manager",
        "Manager",
        (Block((ASSIGN, "Microsoft.CognitiveServices/*"), condition=DELEGATED),),
    ),
    "blobs": Role("blobs", "Blobs", (Block(data_actions=(f"{BLOBS}/*",)),)),
}


def held(role: str, scope: str = ACCOUNT, by: str = "ann", **more: Any) -> Assignment:
    given: dict[str, Any] = {"principal_type": "User", **more}
    return Assignment(
        id=f"{by}-{role}-{scope}",
        scope=scope,
        principal_id=by,
        role_definition_id=f"{SUB}/roleDefinitions/{role.upper()}",
        **given,
    )


def denial(scope: str = GROUP, **more: Any) -> Denial:
    given: dict[str, Any] = {
        "blocks": (Block(("*/action",)),),
        "principals": (Party(EVERYONE, "SystemDefined"),),
        **more,
    }
    return Denial(id="deny", name="Managed", scope=scope, **given)


def access(*assignments: Assignment, **more: Any) -> Access:
    given: dict[str, Any] = {"roles": ROLES, "parents": {SUB: TOP}, **more}
    scanned = frozenset({SUB, TOP})
    return Access(
        Facts(tenant_id=TENANT, assignments=assignments, scanned=scanned, **given)
    )


def who(grants: Iterable[Grant]) -> list[str]:
    return [each.principal_id for each in grants]


def parts(missing: Iterable[Missing]) -> list[Part]:
    return [each.part for each in missing]


# Grants


def test_inheritance_ends_at_segment_boundaries() -> None:
    found = access(
        held("owner", "/", "root"),
        held("owner", TOP, "top"),
        held("owner", SUB.upper(), "sub"),
        held("owner", f"{SUB}0", "other"),
        held("owner", GROUP, "group"),
        held("owner", f"{GROUP}2", "neighbour"),
        held("owner", ACCOUNT, "account"),
        held("owner", f"{ACCOUNT}/projects/p", "child"),
    )
    assert who(found.who_can(LIST_KEYS, ACCOUNT).grants) == [
        "root",
        "top",
        "sub",
        "group",
        "account",
    ]
    assert who(found.who_can(LIST_KEYS, TOP).grants) == ["root", "top"]
    assert "child" in who(found.who_can(WRITE, f"{ACCOUNT}/projects/p").grants)


def test_not_actions_count_in_their_block_only() -> None:
    # azure-docs, "Understand Azure role definitions", NotActions: no deny rule
    found = access(held("keyless"), held("contributor", SUB))
    assert [g.role_name for g in found.who_can(LIST_KEYS, ACCOUNT).grants] == [
        "Contributor"
    ]
    assert found.can("ANN", LIST_KEYS, ACCOUNT).result is Result.ALLOWED


def test_an_owner_calls_no_model_by_role() -> None:
    found = access(held("owner", "/"), held("caller", by="bob"))
    assert who(found.who_can(CHAT, ACCOUNT, data=True).grants) == ["bob"]
    near = found.near_misses(CHAT, ACCOUNT, data=True)
    assert [(n.grant.role_name, n.reason) for n in near] == [
        ("Owner", Reason.OTHER_PLANE)
    ]


def test_a_grant_tells_its_path() -> None:
    found = access(held("contributor", TOP), held("owner", "/", eligible=True))
    contributor, owner = found.who_can(LIST_KEYS, ACCOUNT).grants
    assert contributor.why == "Contributor by * at management group tenant"
    assert owner.why == "Owner by * at the root once activated"
    assert contributor.assignment_id == f"ann-contributor-{TOP}"
    assert contributor.role_definition_id.endswith("/roleDefinitions/CONTRIBUTOR")
    assert (contributor.condition, contributor.residual) == (None, ())


def test_eligible_grants_are_told_apart_and_allow_nothing_yet() -> None:
    found = access(held("owner", eligible=True), held("contributor", by="bob"))
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert (who(answer.active), who(answer.eligible)) == (["bob"], ["ann"])
    decision = found.can("ann", LIST_KEYS, ACCOUNT)
    assert decision.result is Result.DENIED
    assert who(decision.grants) == ["ann"]


def test_grants_of_a_principal() -> None:
    lighthouse = held("contributor", SUB, managing_tenant="msp")
    found = access(held("owner", "/"), held("caller"), lighthouse, held("owner", SUB))
    assert len(found.grants("ANN")) == 4
    assert [g.scope for g in found.grants("ann", SUB)] == ["/", SUB, SUB]
    assert [g.managing_tenant for g in found.grants("ann", SUB)] == [None, "msp", None]
    assert found.grants("nobody") == ()


def test_members_hold_what_their_group_holds() -> None:
    group = held("owner", by="staff", principal_type="Group")
    found = access(group, members={"staff": frozenset({"ann"})})
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert [(g.principal_id, g.via_group) for g in answer.grants] == [
        ("staff", None),
        ("ann", "staff"),
    ]
    assert answer.complete
    decision = found.can("ann", LIST_KEYS, ACCOUNT)
    assert decision.result is Result.ALLOWED
    assert [g.via_group for g in decision.grants] == ["staff"]
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED


# Roles held


def test_a_role_is_held_where_it_reaches() -> None:
    found = access(
        held("owner", "/", "root"),
        held("contributor", TOP, "ann"),
        held("contributor", f"{GROUP}2", "ann"),
        held("contributor", ACCOUNT, "bob"),
    )
    holding = found.holds("ANN", ["Contributor"], ACCOUNT)
    assert [grant.scope for grant in holding.grants] == [TOP]
    assert holding.missing == ()
    assert found.holds("cid", ["contributor"], ACCOUNT).grants == ()


def test_a_role_that_allows_as_much_is_as_good() -> None:
    found = access(
        held("owner", "/", "root"), held("keyless", by="kim"), held("blobs", by="ben")
    )
    assert found.holds("root", ["contributor"], ACCOUNT).grants
    assert found.holds("root", ["keyless"], ACCOUNT).grants
    assert not found.holds("kim", ["contributor"], ACCOUNT).grants
    assert not found.holds("root", ["blobs"], ACCOUNT).grants
    assert found.holds("ben", ["keyless", "blobs"], ACCOUNT).grants


@pytest.mark.parametrize(
    ("block", "roles", "held_still"),
    [
        (Block(("*",)), ["contributor"], False),
        (Block(("*",)), ["blobs"], True),
        (Block(("*/action",)), ["contributor"], True),
        (Block(data_actions=("*",)), ["contributor"], True),
        (Block(data_actions=("*",)), ["blobs"], False),
        (Block(data_actions=("*",)), ["blobs", "contributor"], True),
    ],
)
def test_a_role_that_a_denial_makes_useless(
    block: Block, roles: list[str], held_still: bool
) -> None:
    for grants in ("owner", "contributor"), ("contributor",):
        every = [held(each, SUB) for each in (*grants, "blobs")]
        found = access(*every, denials=(denial(blocks=(block,)),))
        assert bool(found.holds("ann", roles, ACCOUNT).grants) is held_still
        assert found.holds("ann", roles, f"{SUB}/resourceGroups/other").grants


def test_a_role_under_a_condition_is_held_with_it() -> None:
    found = access(held("blobs", condition=TAGGED), held("blobs", eligible=True))
    conditioned, eligible = found.holds("ann", ["blobs"], ACCOUNT).grants
    assert (conditioned.condition, eligible.eligible) == (TAGGED, True)
    assert found.holds("ann", ["blobs"], ACCOUNT).active == (conditioned,)


def test_what_a_principal_may_hold_besides() -> None:
    group = held("contributor", SUB, "staff", principal_type="Group")
    other = held("caller", SUB, "staff", principal_type="Group")
    unknown = held("lost", by="ann"), held("lost", by="bob")
    found = access(group, other, *unknown)
    missing = found.holds("ann", ["contributor"], ACCOUNT).missing
    assert parts(missing) == [Part.MEMBERS, Part.ROLES]
    known = access(group, members={"staff": frozenset({"ann"})})
    holding = known.holds("ann", ["contributor"], ACCOUNT)
    assert [grant.via_group for grant in holding.grants] == ["staff"]
    assert holding.missing == ()


def test_every_grant_of_an_action_wherever_it_is() -> None:
    found = access(
        held("owner", TOP),
        held("keyless", SUB),
        held("contributor", f"{SUB}0", by="bob", eligible=True),
        held("contributor", SUB, condition=NEVER),
    )
    given = [(g.principal_id, g.role_name) for g in found.giving(LIST_KEYS.upper())]
    assert given == [("ann", "Owner"), ("bob", "Contributor")]
    assert list(found.giving(CHAT, data=True)) == []


# Deny assignments


def test_a_denial_goes_before_every_grant() -> None:
    found = access(held("owner", "/"), denials=(denial(),))
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert answer.grants == ()
    assert who(each.grant for each in answer.refused) == ["ann"]
    decision = found.can("ann", LIST_KEYS, ACCOUNT)
    assert decision.result is Result.DENIED
    assert [each.id for each in decision.denied_by] == ["deny"]
    assert found.can("ann", WRITE, ACCOUNT).result is Result.ALLOWED
    (near,) = found.near_misses(LIST_KEYS, ACCOUNT)
    assert near.reason is Reason.DENIAL
    assert near.detail == "Managed at resource group rg"


def test_one_assignment_by_itself() -> None:
    owner, blobs = held("owner", SUB), held("blobs", SUB)
    guarded = held("owner", SUB, "bob", condition=NEVER)
    found = access(owner, blobs, guarded)
    [grant] = filter(None, (found.by(owner, LIST_KEYS), found.by(blobs, LIST_KEYS)))
    assert (grant.pattern, grant.assignment_id) == ("*", owner.id)
    assert found.by(guarded, LIST_KEYS) is None
    assert found.by(guarded, WRITE) is not None
    assert found.by(blobs, f"{BLOBS}/read", data=True) is not None


def test_one_assignment_and_a_suboperation() -> None:
    sent = f"@Request[{BLOBS}/tags:Project<$key_case_sensitive$>] StringEquals 'C'"
    guard = (
        f"!(ActionMatches{{'{BLOBS}/write'}}"
        " AND SubOperationMatches{'Blob.Write.WithTagHeaders'})"
    )
    given = held("blobs", condition=f"({guard}) OR ({sent})")
    here = access(given)
    [free] = [here.by(given, f"{BLOBS}/write", data=True)]
    assert free
    assert not free.restrictions
    call = "Blob.Write.WithTagHeaders"
    tagging = here.by(given, f"{BLOBS}/write", data=True, sub_operation=call)
    assert tagging
    assert len(tagging.residual) == 1


def test_groups_through_which_a_principal_may_hold_an_action_too() -> None:
    crew = {"principal_type": "Group"}
    grants = (
        held("blobs", by="ann", condition=TAGGED),
        held("blobs", by="crew", **crew),
        held("blobs", SUB, by="staff", condition=TAGGED, **crew),
        held("owner", by="bosses", **crew),
        held("blobs", by="bob"),
    )
    asked = ("ann", [f"{BLOBS}/read"], ACCOUNT)
    some = access(*grants).unsettled(*asked, data=True)
    assert [each.scope for each in some] == ["staff", "crew"]
    free = access(*grants).unsettled(*asked, data=True, unrestricted=True)
    assert [each.scope for each in free] == ["crew"]
    known = access(*grants, members={"crew": frozenset(), "staff": frozenset()})
    assert known.unsettled(*asked, data=True) == ()
    both = ("ann", [f"{BLOBS}/read", f"{BLOBS}/write"], ACCOUNT)
    free = access(*grants).unsettled(*both, data=True, unrestricted=True)
    assert [each.scope for each in free] == ["crew", "staff"]
    itself = access(*grants).unsettled("crew", [f"{BLOBS}/write"], SUB, data=True)
    assert [each.scope for each in itself] == ["staff"]


def test_what_takes_an_action_back_for_certain() -> None:
    excluded = (Party("bob", "User"),)
    found = access(denials=(denial(excluded=excluded),))
    taken = found.kept_from("Ann", LIST_KEYS, ACCOUNT)
    assert taken == Kept(Hit.YES, by=found.facts.denials)
    for who_else, action, where in (
        ("bob", LIST_KEYS, ACCOUNT),
        ("ann", WRITE, ACCOUNT),
        ("ann", LIST_KEYS, SUB),
    ):
        assert found.kept_from(who_else, action, where) == Kept(Hit.NO)
    unread = access(denials=(denial(principals=(Party("staff", "Group"),)),))
    left = unread.kept_from("ann", LIST_KEYS, ACCOUNT)
    assert (left.hit, [each.scope for each in left.missing]) == (Hit.UNKNOWN, ["staff"])
    assert left.by == unread.facts.denials


@pytest.mark.parametrize(
    ("members", "hit"),
    [
        (("ann",), Hit.YES),
        (("ann", "bob"), Hit.NO),
        (("bob",), Hit.NO),
        ((), Hit.YES),
        (None, Hit.UNKNOWN),
    ],
)
def test_a_group_is_denied_what_its_members_are(
    members: tuple[str, ...] | None, hit: Hit
) -> None:
    known = {} if members is None else {"staff": frozenset(members)}
    found = access(
        held("owner", by="staff", principal_type="Group"),
        denials=(denial(excluded=(Party("bob", "User"),)),),
        members=known,
    )
    assert found.kept_from("STAFF", LIST_KEYS, ACCOUNT).hit is hit
    answer, decision = (
        found.who_can(LIST_KEYS, ACCOUNT),
        found.can("staff", LIST_KEYS, ACCOUNT),
    )
    if members is None:
        assert [each.in_doubt for each in answer.grants] == [True]
        assert decision.result is Result.UNKNOWN
        assert [each.scope for each in decision.missing] == ["staff"]
    else:
        assert who(answer.grants) == [each for each in members if each == "bob"]
        assert answer.complete


def test_a_foreign_group_has_no_member_that_is_left_out() -> None:
    foreign = held("owner", SUB, "msp", managing_tenant="far", principal_type="")
    spared = denial(excluded=(Party("bob", "User"),))
    found = access(foreign, denials=(spared,))
    assert found.kept_from("msp", LIST_KEYS, ACCOUNT).hit is Hit.YES


def test_a_denial_whose_condition_cannot_be_read_leaves_it_open() -> None:
    unclear = denial(condition="@Resource[ nonsense")
    found = access(held("owner"), denials=(unclear,))
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert (answer.grants[0].in_doubt, parts(answer.missing)) == (True, [Part.DENIALS])
    assert found.can("ann", LIST_KEYS, ACCOUNT).missing == answer.missing


def test_who_is_excluded_is_not_denied() -> None:
    spared = denial(excluded=(Party("BOB", "ServicePrincipal"),))
    found = access(held("owner"), held("owner", by="bob"), denials=(spared,))
    assert who(found.who_can(LIST_KEYS, ACCOUNT).grants) == ["bob"]


def test_a_denial_may_hold_at_its_own_scope_only() -> None:
    own = denial(own_scope_only=True)
    found = access(held("owner", "/"), denials=(own,))
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert found.can("ann", LIST_KEYS, GROUP).result is Result.DENIED


def test_a_denial_of_a_group_whose_members_were_not_read() -> None:
    named = denial(principals=(Party("staff", "Group"),))
    found = access(held("owner"), denials=(named,))
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN
    (grant,) = found.who_can(LIST_KEYS, ACCOUNT).grants
    assert [each.id for each in grant.contested_by] == ["deny"]
    assert parts(found.who_can(LIST_KEYS, ACCOUNT).missing) == [Part.MEMBERS]
    assert parts(found.can("ann", LIST_KEYS, ACCOUNT).missing) == [Part.MEMBERS]


def test_a_denial_with_a_condition() -> None:
    found = access(
        held("blobs", "/"),
        denials=(denial(blocks=(Block(data_actions=("*",)),), condition=TAGGED),),
    )

    def result(action: str, request: Request | None = None) -> Result:
        return found.can("ann", action, ACCOUNT, data=True, request=request).result

    read = f"{BLOBS}/read"
    tag = f"{BLOBS}/tags:Project<$key_case_sensitive$>"
    assert result(f"{BLOBS}/write") is Result.DENIED
    assert result(read) is Result.CONDITIONAL
    assert result(read, Request(read, resource={tag: "Cascade"})) is Result.DENIED
    assert result(read, Request(read, resource={tag: "Other"})) is Result.ALLOWED


# Conditions


def test_a_condition_bears_on_its_own_action_only() -> None:
    found = access(held("blobs", condition=TAGGED))
    read = found.can("ann", f"{BLOBS}/read", ACCOUNT, data=True)
    assert read.result is Result.CONDITIONAL
    assert len(read.grants[0].residual) == 1
    write = found.can("ann", f"{BLOBS}/write", ACCOUNT, data=True)
    assert write.result is Result.ALLOWED
    assert write.grants[0].condition == TAGGED
    assert write.grants[0].residual == ()


@pytest.mark.parametrize(
    ("value", "result"), [("Cascade", Result.ALLOWED), ("Baker", Result.DENIED)]
)
def test_a_request_decides_a_condition(value: str, result: Result) -> None:
    found = access(held("blobs", condition=TAGGED))
    tag = f"{BLOBS}/tags:Project<$key_case_sensitive$>"
    request = Request(f"{BLOBS}/read", resource={tag: value})
    decision = found.can("ann", request.action, ACCOUNT, data=True, request=request)
    assert decision.result is result


def test_a_weaker_assignment_defeats_a_condition() -> None:
    found = access(held("blobs", condition=TAGGED), held("blobs", SUB))
    decision = found.can("ann", f"{BLOBS}/read", ACCOUNT, data=True)
    assert decision.result is Result.ALLOWED


def test_the_condition_of_a_block_holds_with_that_of_the_assignment() -> None:
    found = access(held("manager"), held("manager", by="bob", condition=NEVER))
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert found.can("ann", ASSIGN, ACCOUNT).result is Result.CONDITIONAL
    assert found.can("bob", ASSIGN, ACCOUNT).result is Result.CONDITIONAL
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED
    (near,) = found.near_misses(LIST_KEYS, ACCOUNT)
    assert (near.grant.principal_id, near.reason) == ("bob", Reason.CONDITION)


def test_neither_condition_makes_up_for_the_other() -> None:
    never = NEVER.replace(LIST_KEYS, ASSIGN)
    blocked = Role("r", "R", (Block(("*",), condition=never),))
    found = access(held("r", condition=DELEGATED), roles={"r": blocked})
    assert found.who_can(ASSIGN, ACCOUNT).grants == ()
    assert found.can("ann", ASSIGN, ACCOUNT).result is Result.DENIED
    (grant,) = found.who_can(LIST_KEYS, ACCOUNT).grants
    assert grant.restrictions == ()


def test_a_block_without_a_condition_frees_the_others() -> None:
    mixed = Role("r", "R", (Block(("*",), condition=DELEGATED), Block((ASSIGN,))))
    (grant,) = access(held("r"), roles={"r": mixed}).who_can(ASSIGN, ACCOUNT).grants
    assert (grant.pattern, grant.restrictions) == (ASSIGN, ())


def test_blocks_with_conditions_are_ways_of_their_own() -> None:
    other = DELEGATED.replace("001}", "002}")
    two = Role("r", "R", tuple(Block(("*",), condition=c) for c in (DELEGATED, other)))
    grants = access(held("r"), roles={"r": two}).who_can(ASSIGN, ACCOUNT).grants
    assert [each.restrictions[0].condition for each in grants] == [DELEGATED, other]


def test_a_condition_that_cannot_be_read_decides_nothing() -> None:
    found = access(held("blobs", condition="@Resource[ nonsense"))
    decision = found.can("ann", f"{BLOBS}/read", ACCOUNT, data=True)
    assert decision.result is Result.UNKNOWN
    assert decision.grants[0].restrictions[0].fault


# Near misses


def test_why_not() -> None:
    found = access(held("keyless"), held("owner", f"{GROUP}2"), held("caller"))
    near = found.near_misses(LIST_KEYS, ACCOUNT, principal_id="Ann")
    assert [(n.reason, n.detail) for n in near] == [
        (
            Reason.EXCEPTION,
            "Microsoft.CognitiveServices/* allows it, and */listKeys/action in the "
            "same block does not",
        ),
        (Reason.ELSEWHERE, "it is granted at resource group rg2, not here"),
    ]
    assert found.near_misses(LIST_KEYS, ACCOUNT, principal_id="bob") == ()


# Bounds


def test_a_complete_answer() -> None:
    found = access(held("owner"))
    assert found.who_can(LIST_KEYS, ACCOUNT).complete
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_groups_that_were_not_expanded_make_a_lower_bound() -> None:
    group = held("contributor", by="staff", principal_type="Group")
    found = access(group, held("owner"))
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert parts(answer.missing) == [Part.MEMBERS]
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN
    assert found.can("staff", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    # no group holds this, so nobody can hold it through one
    assert found.can("bob", CHAT, ACCOUNT, data=True).result is Result.DENIED


def test_a_foreign_group_has_no_members_here() -> None:
    foreign = held("contributor", SUB, "msp", managing_tenant="far", principal_type="")
    found = access(foreign)
    assert parts(found.who_can(LIST_KEYS, ACCOUNT).missing) == [Part.MEMBERS]
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_an_unknown_role_may_allow_anything() -> None:
    found = access(held("unheard-of"), held("owner", by="bob"))
    answer = found.who_can(LIST_KEYS, ACCOUNT)
    assert parts(answer.missing) == [Part.ROLES]
    assert who(answer.grants) == ["bob"]
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert found.can("cid", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_a_hierarchy_that_ends_early_makes_a_lower_bound() -> None:
    found = access(held("owner"), parents={SUB: f"{TOP}-child"})
    assert parts(found.who_can(LIST_KEYS, ACCOUNT).missing) == [Part.ABOVE]
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN


def test_a_hierarchy_that_goes_round_in_circles_ends() -> None:
    found = access(held("owner"), parents={SUB: TOP, TOP: "/x", "/x": TOP})
    assert who(found.who_can(LIST_KEYS, ACCOUNT).grants) == ["ann"]


def test_more_grants_may_lift_a_condition() -> None:
    found = access(
        held("blobs", condition=TAGGED),
        held("blobs", by="staff", principal_type="Group"),
    )
    decision = found.can("ann", f"{BLOBS}/read", ACCOUNT, data=True)
    assert decision.result is Result.UNKNOWN
    assert [each.scope for each in decision.missing] == ["staff"]
    unread = Missing(Part.ASSIGNMENTS, SUB, "refused")
    found = access(held("blobs", condition=TAGGED), missing={SUB: (unread,)})
    decision = found.can("ann", f"{BLOBS}/read", ACCOUNT, data=True)
    assert (decision.result, decision.missing) == (Result.UNKNOWN, (unread,))


def test_more_grants_lift_no_condition_of_a_denial() -> None:
    unread = Missing(Part.ASSIGNMENTS, SUB, "refused")
    found = access(
        held("owner"),
        denials=(denial(condition="@Resource[x] StringEquals 'y'"),),
        missing={SUB: (unread,)},
    )
    assert found.can("ann", LIST_KEYS, ACCOUNT).result is Result.CONDITIONAL


def test_another_subscription_is_outside_the_scan() -> None:
    answer = access().who_can(LIST_KEYS, ACCOUNT.replace("s1", "s2"))
    assert Part.ASSIGNMENTS in parts(answer.missing)


def test_denials_that_were_not_read_leave_a_grant_open() -> None:
    refused = Gap(
        tenant_id=TENANT,
        scope=SUB,
        resource_type="Microsoft.Authorization/denyAssignments",
        operation="list",
        reason="refused",
    )
    unread = Missing(Part.DENIALS, SUB, "refused", gap=refused)
    found = access(held("owner"), missing={SUB: (unread,)})
    decision = found.can("ann", LIST_KEYS, ACCOUNT)
    assert (decision.result, decision.missing) == (Result.UNKNOWN, (unread,))
    assert found.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_every_role_that_reaches_a_resource_is_told_whatever_it_allows() -> None:
    found = access(held("caller"), held("owner", scope=f"{ACCOUNT}/projects/p"))
    assert [each.role_name for each in found.at(ACCOUNT)] == ["Caller"]
    assert len(found.at(f"{ACCOUNT}/projects/p")) == 2


def test_what_may_reach_a_resource_besides_is_told_too() -> None:
    unread = Missing(Part.ASSIGNMENTS, SUB, "refused")
    assert unread in access(held("owner"), missing={SUB: (unread,)}).missing(ACCOUNT)


def test_a_pattern_is_found_in_its_definition() -> None:
    role = Role("r", "R", (Block(("a",), (), ("x", "y")), Block(("b",))))
    assert role.path_of("y") == "properties.permissions[0].dataActions[1]"
    assert role.path_of("b") == "properties.permissions[1].actions[0]"
    assert role.path_of("z") is None
