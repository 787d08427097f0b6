"""What the directory adds to access: members, names and kinds."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.access.answers import Result
from scanner.access.facts import EVERYONE, Part, Principal
from scanner.model.authorization import (
    DenyAssignment,
    Registration,
    RoleAssignment,
    RoleDefinition,
)
from scanner.model.directory import (
    DirectoryObject,
    GroupMember,
    member_id,
    object_id,
)
from scanner.model.resource import Resource

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ACCOUNT = f"{SUB}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"


def body(view: type[Resource], name: str, **properties: Any) -> Any:
    return {"id": f"{SUB}/providers/{view.type}/{name}", "properties": properties}


OWNER = {
    "id": f"/providers/{RoleDefinition.type}/owner",
    "properties": {
        "roleName": "Owner",
        "type": "BuiltInRole",
        "permissions": [{"actions": ["*"]}],
    },
}


def assignment(who: str, kind: str | None = "Group") -> Any:
    return body(
        RoleAssignment,
        f"to-{who}",
        scope=SUB,
        principalId=who,
        principalType=kind,
        roleDefinitionId=f"{SUB}/providers/{RoleDefinition.type}/owner",
    )


def named(name: str, kind: str = "user", title: str | None = None) -> Any:
    inside = {"displayName": title, "userPrincipalName": None}
    return {"id": object_id(TENANT, name), "kind": kind, "properties": inside}


def member(group: str, name: str, kind: str = "user", **inside: Any) -> Any:
    own = member_id(TENANT, group, name)
    return {"id": own, "kind": kind, "properties": inside}


STAFF = (OWNER, assignment("STAFF"), named("staff", "group", "Staff"))


def told(access: Any) -> list[tuple[str, str, str | None]]:
    return [
        (each.principal_id, each.principal_type, each.via_group)
        for each in access.who_can(LIST_KEYS, ACCOUNT).grants
    ]


def missing(access: Any) -> list[Part]:
    return [each.part for each in access.who_can(LIST_KEYS, ACCOUNT).missing]


def test_members_hold_what_their_group_holds(access_to: Any) -> None:
    access = access_to(
        *STAFF,
        member("staff", "Ann", displayName="Ann Example"),
        member("staff", "app", "servicePrincipal", displayName="app"),
    )
    assert told(access) == [
        ("STAFF", "Group", None),
        ("ann", "User", "STAFF"),
        ("app", "ServicePrincipal", "STAFF"),
    ]
    assert missing(access) == []
    _, ann, _ = access.who_can(LIST_KEYS, ACCOUNT).grants
    assert (ann.principal_name, ann.group_name) == ("Ann Example", "Staff")
    assert "through group Staff STAFF" in ann.why
    assert access.can("ANN", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert access.can("bob", LIST_KEYS, ACCOUNT).result is Result.DENIED


def test_a_group_in_the_group_is_no_holder_beside_its_members(access_to: Any) -> None:
    access = access_to(
        *STAFF, member("staff", "inner", "group"), member("staff", "ann")
    )
    assert [who for who, _, _ in told(access)] == ["STAFF", "ann"]
    assert access.can("inner", LIST_KEYS, ACCOUNT).result is Result.ALLOWED


def test_a_group_without_members_lets_nobody_in(access_to: Any) -> None:
    access = access_to(*STAFF)
    assert told(access) == [("STAFF", "Group", None)]
    assert missing(access) == []


def test_a_group_whose_members_were_refused_is_a_gap(access_to: Any) -> None:
    unread = [(GroupMember, object_id(TENANT, "staff"))]
    access = access_to(*STAFF, unread=unread)
    (gone,) = access.who_can(LIST_KEYS, ACCOUNT).missing
    assert (gone.part, gone.scope) == (Part.MEMBERS, "staff")
    assert gone.gap is not None
    assert gone.gap.resource_type == GroupMember.type
    assert access.can("bob", LIST_KEYS, ACCOUNT).result is Result.UNKNOWN


def test_nobody_is_in_a_group_that_is_gone(access_to: Any) -> None:
    gone = (OWNER, assignment("staff"), named("ann"))
    assert missing(access_to(*gone)) == []
    # It may be there where the directory did not tell all, or is another tenant's.
    unread = [(DirectoryObject, f"/tenants/{TENANT}")]
    (hidden,) = access_to(*gone, unread=unread).who_can(LIST_KEYS, ACCOUNT).missing
    assert hidden.part is Part.MEMBERS
    assert hidden.gap is not None
    for kind in ("ForeignGroup", None):
        access = access_to(OWNER, assignment("staff", kind), named("ann"))
        assert missing(access) == [Part.MEMBERS]


def test_without_a_directory_every_group_is(access_to: Any) -> None:
    access = access_to(OWNER, assignment("staff"), assignment("old", None))
    assert missing(access) == [Part.MEMBERS, Part.MEMBERS]
    assert dict(access.facts.members) == {}


@pytest.mark.parametrize(
    ("kind", "type"),
    [("user", "User"), ("servicePrincipal", "ServicePrincipal"), ("device", "Device")],
)
def test_the_directory_knows_who_is_no_group(
    access_to: Any, kind: str, type: str
) -> None:
    access = access_to(OWNER, assignment("old", None), named("old", kind))
    assert told(access) == [("old", type, None)]
    assert missing(access) == []


@pytest.mark.parametrize("kind", ["orgContact", "", None, 7])
def test_a_kind_that_is_not_known_may_be_a_group(access_to: Any, kind: Any) -> None:
    access = access_to(OWNER, assignment("old", None), named("old", kind))
    assert told(access) == [("old", "", None)]
    assert missing(access) == [Part.MEMBERS]


def test_what_azure_says_of_a_type_stays(access_to: Any) -> None:
    access = access_to(OWNER, assignment("far", "ForeignGroup"), named("far", "group"))
    assert told(access)[0][1] == "ForeignGroup"


def test_a_denial_of_a_group_reaches_its_members(access_to: Any) -> None:
    denial = body(
        DenyAssignment,
        "deny",
        scope=SUB,
        permissions=[{"actions": ["*"]}],
        principals=[{"id": "Staff", "type": "Group"}],
        excludePrincipals=[{"id": "crew", "type": "Group"}, {"id": EVERYONE}],
    )
    access = access_to(
        OWNER,
        denial,
        assignment("ann", "User"),
        assignment("bob", "User"),
        named("staff", "group"),
        named("crew", "group"),
        member("staff", "ann"),
        member("staff", "bob"),
        member("crew", "bob"),
    )
    assert access.can("ann", LIST_KEYS, ACCOUNT).result is Result.DENIED
    assert access.can("bob", LIST_KEYS, ACCOUNT).result is Result.ALLOWED
    assert [who for who, _, _ in told(access)] == ["bob"]
    assert missing(access) == []


def test_a_group_of_another_tenant_is_not_looked_for_here(access_to: Any) -> None:
    given = {"principalId": "staff", "roleDefinitionId": "owner"}
    lighthouse = body(
        Registration,
        "lighthouse",
        registrationDefinition={
            "properties": {"managedByTenantId": "far", "authorizations": [given]}
        },
    )
    access = access_to(OWNER, lighthouse, named("staff", "group"))
    assert dict(access.facts.members) == {}
    assert missing(access) == [Part.MEMBERS]


def test_a_group_that_the_directory_has_malformed_is_no_deleted_one(
    access_to: Any,
) -> None:
    group = {**named("staff", "group"), "kind": 7}
    access = access_to(*STAFF[:-1], group)
    assert missing(access) == [Part.MEMBERS]


def test_names_come_from_wherever_there_is_one(access_to: Any) -> None:
    access = access_to(
        *STAFF,
        named("ann"),
        member("staff", "ann", displayName="Ann Example"),
        member("staff", "bob", userPrincipalName="bob@example.com"),
        member("staff", "cat", displayName=7),
    )
    assert access.facts.principals == {
        "staff": Principal("Staff", "Group"),
        "ann": Principal("Ann Example", "User"),
        "bob": Principal("bob@example.com", "User"),
    }
    assert "cat" in access.facts.members["staff"]


def test_names_that_were_refused_leave_the_members(access_to: Any) -> None:
    unread = [(DirectoryObject, f"/tenants/{TENANT}")]
    access = access_to(*STAFF, member("staff", "ann"), unread=unread)
    assert [who for who, _, _ in told(access)] == ["STAFF", "ann"]
    assert missing(access) == []
