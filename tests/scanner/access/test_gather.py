"""Access from bare ARM bodies, and how far it is known."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.access.answers import Result
from scanner.access.facts import Part
from scanner.collect.authorization import ASSIGNMENTS_ABOVE, READS
from scanner.collect.operations import path_of
from scanner.model.authorization import (
    DenyAssignment,
    Registration,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
)
from scanner.model.ids import id_key
from scanner.model.resource import Resource

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
MANAGED = "/providers/Microsoft.Management/managementGroups"
TOP = f"{MANAGED}/{TENANT}"
ACCOUNT = f"{SUB}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def body(view: type[Resource], at: str, name: str, /, **properties: Any) -> Any:
    return {"id": f"{at}/providers/{view.type}/{name}", "properties": properties}


def definition(name: str = OWNER, *, kind: str = "BuiltInRole", **block: Any) -> Any:
    return body(
        RoleDefinition,
        "" if kind == "BuiltInRole" else SUB,
        name,
        roleName="Owner",
        type=kind,
        permissions=[{"actions": ["*"], "notActions": [], **block}],
    )


def assignment(scope: str, who: str, role: str = OWNER, **more: Any) -> Any:
    return body(
        RoleAssignment,
        "" if scope == "/" else scope,
        f"to-{who}",
        scope=scope,
        principalId=who,
        principalType="User",
        roleDefinitionId=f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        **more,
    )


def holders(access: Any) -> list[str]:
    return [each.principal_id for each in access.who_can(LIST_KEYS, ACCOUNT).grants]


def missing(access: Any) -> list[tuple[Part, bool]]:
    answer = access.who_can(LIST_KEYS, ACCOUNT)
    return [(each.part, each.gap is not None) for each in answer.missing]


def test_from_the_root_down(access_to: Any) -> None:
    access = access_to(
        definition(),
        assignment("/", "root"),
        assignment(TOP, "top"),
        assignment(SUB.upper(), "sub"),
        assignment(ACCOUNT, "account"),
    )
    assert holders(access) == ["root", "top", "sub", "account"]
    assert access.who_can(LIST_KEYS, ACCOUNT).complete


def test_management_groups_in_between(access_to: Any) -> None:
    middle, beside = f"{MANAGED}/middle", f"{MANAGED}/beside"
    access = access_to(
        definition(),
        {"id": middle, "properties": {}},
        {"id": beside, "properties": {}},
        assignment(middle, "middle"),
        assignment(beside, "beside"),
        parents={SUB: middle, middle: TOP, beside: TOP},
    )
    assert holders(access) == ["middle"]
    assert access.who_can(LIST_KEYS, ACCOUNT).complete


def test_a_management_group_that_only_a_list_shows(access_to: Any) -> None:
    """Who may not read the hierarchy still sees in the list what is inherited."""
    middle, beside = f"{MANAGED}/Middle", f"{MANAGED}/beside"
    bodies = (
        definition(),
        {"id": middle, "properties": {}},
        {"id": beside, "properties": {}},
        assignment(middle, "middle"),
        assignment(beside, "beside"),
    )
    access = access_to(*bodies, parents={SUB: middle}, unseen=True)
    assert holders(access) == ["middle"]
    assert missing(access) == [(Part.ABOVE, False)]


def test_a_custom_wildcard_role(access_to: Any) -> None:
    access = access_to(
        definition("custom", kind="CustomRole", actions=["Microsoft.Cog*/*Keys/*"]),
        assignment(SUB, "ann", "CUSTOM"),
    )
    assert holders(access) == ["ann"]


def test_the_scope_is_that_of_the_id_where_it_is_not_said(access_to: Any) -> None:
    unsaid = assignment(ACCOUNT, "ann")
    del unsaid["properties"]["scope"]
    assert holders(access_to(definition(), unsaid)) == ["ann"]


def test_a_deny_assignment(access_to: Any) -> None:
    deny = body(
        DenyAssignment,
        ACCOUNT,
        "deny",
        denyAssignmentName="Managed",
        scope=ACCOUNT,
        permissions=[{"actions": ["*/listKeys/action"], "notActions": []}],
        principals=[{"id": "00000000-0000-0000-0000-000000000000"}],
        excludePrincipals=[{"id": "bob", "type": "User"}],
        doNotApplyToChildScopes=False,
    )
    access = access_to(
        definition(), deny, assignment(SUB, "ann"), assignment(SUB, "bob")
    )
    assert holders(access) == ["bob"]
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_an_eligible_assignment(access_to: Any) -> None:
    eligible = body(
        RoleEligibility,
        SUB,
        "eligible",
        scope=SUB,
        principalId="ann",
        principalType="User",
        roleDefinitionId=f"/x/{OWNER}",
        memberType="Direct",
    )
    (grant,) = access_to(definition(), eligible).who_can(LIST_KEYS, ACCOUNT).grants
    assert grant.eligible


def lighthouse(**definition: Any) -> Any:
    inner = {"registrationDefinition": {"properties": definition}} if definition else {}
    return body(Registration, SUB, "lighthouse", **inner)


def test_a_lighthouse_delegation(access_to: Any) -> None:
    given = {"principalId": "msp", "roleDefinitionId": OWNER}
    access = access_to(
        definition(),
        lighthouse(
            managedByTenantId="far",
            authorizations=[given],
            eligibleAuthorizations=[{**given, "principalId": "jit"}],
        ),
    )
    active, eligible = access.who_can(LIST_KEYS, ACCOUNT).grants
    assert (active.principal_id, active.managing_tenant) == ("msp", "far")
    assert (eligible.principal_id, eligible.eligible) == ("jit", True)
    assert "Lighthouse from tenant far" in active.why


def test_a_delegation_whose_definition_did_not_come_with_it(access_to: Any) -> None:
    access = access_to(definition(), lighthouse())
    assert missing(access) == [(Part.DELEGATIONS, True)]


# What was not read


def test_lists_that_were_refused(access_to: Any) -> None:
    for view, expected in (
        (RoleAssignment, (Part.ASSIGNMENTS, True)),
        (DenyAssignment, (Part.DENIALS, True)),
        (Registration, (Part.DELEGATIONS, True)),
        (RoleEligibility, (Part.ELIGIBILITIES, False)),
    ):
        access = access_to(definition(), unread=[(view, SUB)])
        assert missing(access) == [expected]


def test_management_groups_that_could_not_be_read(access_to: Any) -> None:
    access = access_to(
        definition(), assignment(SUB, "ann"), unread=[(RoleAssignment, TOP)]
    )
    assert missing(access) == [(Part.ABOVE, False)]
    assert access.can("bob", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.ALLOWED


def test_a_hierarchy_that_was_not_read(access_to: Any) -> None:
    access = access_to(definition(), parents={f"{SUB}0": TOP})
    assert missing(access) == [(Part.ABOVE, False)]


def test_custom_roles_that_were_refused(access_to: Any) -> None:
    access = access_to(
        definition(),
        assignment(SUB, "ann", "custom"),
        assignment(SUB, "bob"),
        unread=[(RoleDefinition, SUB)],
    )
    assert holders(access) == ["bob"]
    assert missing(access) == [(Part.ROLES, True)]


def test_what_is_malformed_is_missing_where_it_lies(access_to: Any) -> None:
    nobody = assignment(ACCOUNT, "ann")
    del nobody["properties"]["principalId"]
    access = access_to(definition(), nobody, assignment(SUB, "bob"))
    assert holders(access) == ["bob"]
    assert missing(access) == [(Part.ASSIGNMENTS, True)]
    assert access.who_can(LIST_KEYS, f"{ACCOUNT}2").complete


def test_a_role_that_is_in_no_list(access_to: Any) -> None:
    access = access_to(definition(), assignment(SUB, "ann", "deleted"))
    assert missing(access) == [(Part.ROLES, False)]


def test_a_malformed_role_is_an_unknown_one(access_to: Any) -> None:
    access = access_to(definition(actions="*"), assignment(SUB, "ann"))
    assert missing(access) == [(Part.ROLES, True)]


@pytest.mark.parametrize("stated", [{}, {"permissions": None}])
def test_a_role_without_permissions_is_an_unknown_one(
    stated: dict[str, Any], access_to: Any
) -> None:
    silent = definition()
    del silent["properties"]["permissions"]
    silent["properties"] |= stated
    access = access_to(silent, assignment(SUB, "ann"))
    assert missing(access) == [(Part.ROLES, True)]
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN
    silent["properties"]["permissions"] = []
    access = access_to(silent, assignment(SUB, "ann"))
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.DENIED


@pytest.mark.parametrize("part", ["permissions", "principals"])
@pytest.mark.parametrize("stated", [False, True])
def test_a_denial_of_nothing_in_particular_is_missing(
    part: str, stated: bool, access_to: Any
) -> None:
    everyone = {"id": "00000000-0000-0000-0000-000000000000"}
    deny = body(
        DenyAssignment,
        ACCOUNT,
        "deny",
        permissions=[{"actions": ["*/delete"]}],
        principals=[everyone],
    )
    del deny["properties"][part]
    deny["properties"] |= {part: None} if stated else {}
    access = access_to(definition(), deny, assignment(SUB, "ann"))
    assert missing(access) == [(Part.DENIALS, True)]
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN


# What is asked of Azure


def test_every_list_is_asked_for_as_documented() -> None:
    authorization = f"{SUB}/providers/Microsoft.Authorization"
    asked = {path_of(read, SUB) for read in READS}
    assert asked >= {
        f"{authorization}/roleAssignments?api-version=2022-04-01",
        f"{authorization}/denyAssignments?api-version=2022-04-01",
        f"{authorization}/roleEligibilityScheduleInstances?api-version=2020-10-01",
        f"{SUB}/providers/Microsoft.ManagedServices/registrationAssignments"
        "?api-version=2022-10-01&$expandRegistrationDefinition=true",
    }
    assert path_of(ASSIGNMENTS_ABOVE, TOP) == (
        f"{TOP}/providers/Microsoft.Authorization/roleAssignments"
        "?$filter=atScope%28%29&api-version=2022-04-01"
    )


def test_only_what_is_tried_for_context_makes_no_gap() -> None:
    context = {id_key(read.of.type) for read in READS if read.context}
    assert context == {"/microsoft.authorization/roleeligibilityscheduleinstances"}
    assert ASSIGNMENTS_ABOVE.context
