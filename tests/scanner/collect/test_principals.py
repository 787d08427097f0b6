"""Who is asked for in the directory, and what becomes of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner.arm.clouds import CLOUDS, CloudError
from scanner.arm.methods import Method
from scanner.collect.directory import APPLICATIONS, OBJECTS
from scanner.collect.order import Order, asks_directory
from scanner.collect.plan import NEVER_MADE, never_made
from scanner.collect.read import Read
from scanner.collect.scan import scan
from scanner.collect.scope import Selection
from scanner.collect.watch import Watch
from scanner.emulator.faults import ForeignNextLink, Malformed, Status, TokenRefused
from scanner.model.authorization import (
    DenyAssignment,
    Registration,
    RoleAssignment,
    RoleEligibility,
)
from scanner.model.coverage import Outcome, Reading
from scanner.model.directory import (
    Application,
    AppRole,
    Consent,
    DirectoryObject,
    GroupMember,
    object_id,
)
from scanner.model.keyvault import KeyVault
from scanner.model.resource import Resource
from scanner.snapshot.reader import Snapshot
from scanner.snapshot.resume import keep_whole

Scan = Callable[..., Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SCOPE = f"/tenants/{TENANT}"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
EVERYONE = "00000000-0000-0000-0000-000000000000"
NAMES = "/graph/v1.0/directoryobjects/getbyids"
MEMBERS = "/graph/*transitivemembers*"


def guid(name: str) -> str:
    """Return an id that is told by its name, of hexadecimal digits."""
    return f"dddddddd-0000-4000-8000-{name:0>12}"


ANN, BOB, CAT, DEE, EVE, APP = map(guid, ("a1", "b2", "c3", "d4", "e4", "e5"))
STAFF, GUESTS = guid("f6"), guid("f7")


def grant(view: type[Resource], name: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{SUB}/providers/{view.type}/{name}", "properties": properties}


def assigned(principal: Any, kind: str = "User") -> dict[str, Any]:
    name = str(principal)[-12:]
    return grant(RoleAssignment, name, principalId=principal, principalType=kind)


def vault(name: str, policies: object) -> dict[str, Any]:
    return {
        "id": f"{SUB}/resourceGroups/rg/providers/{KeyVault.type}/{name}",
        "properties": {"accessPolicies": policies},
    }


def entry(parent: str, collection: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"{parent}/{collection}/{name}",
        "kind": kind,
        "properties": {
            "@odata.type": f"#microsoft.graph.{kind}",
            "id": name,
            "displayName": f"Name of {name[-2:]}",
        },
    }


def known(name: str, kind: str = "user") -> dict[str, Any]:
    """Return what the directory has of someone."""
    return entry(f"{SCOPE}/providers/Microsoft.Graph", "directoryObjects", name, kind)


def member(group: str, name: str, kind: str = "user") -> dict[str, Any]:
    return entry(object_id(TENANT, group), "members", name, kind)


ESTATE = (
    assigned(ANN),
    assigned(STAFF, "Group"),
    known(ANN),
    known(STAFF, "group"),
    member(STAFF, BOB),
    member(STAFF, APP, "servicePrincipal"),
    member(STAFF, GUESTS, "group"),
)


def found(done: Any, view: type[Resource]) -> dict[str, Any]:
    """Return the bodies of a type by the last segment of their ids."""
    return {
        record.id.rpartition("/")[2]: json.loads(record.body)
        for record in done.records
        if record.type == view.type
    }


def reading(done: Any, view: type[Resource], scope: str = SCOPE) -> Reading:
    (only,) = (
        each
        for each in done.readings
        if (each.resource_type, each.scope) == (view.type, scope)
    )
    assert isinstance(only, Reading)
    return only


def asked(done: Any) -> int:
    return int(done.asked("/graph/"))


def test_nothing_is_asked_unless_it_is_wanted(scan_estate: Scan) -> None:
    done = scan_estate(bodies=ESTATE)
    assert asked(done) == 0
    kinds = {each.resource_type for each in done.readings}
    assert kinds.isdisjoint({DirectoryObject.type, GroupMember.type})
    assert done.gaps == []
    assert not asks_directory(done.run.scope)


def test_names_and_members_are_kept_as_resources(scan_estate: Scan) -> None:
    done = scan_estate(bodies=ESTATE, directory=True)
    assert asks_directory(done.run.scope)
    assert done.gaps == []
    assert found(done, DirectoryObject) == {
        ANN: {**known(ANN), "type": DirectoryObject.type, "name": ANN},
        STAFF: {**known(STAFF, "group"), "type": DirectoryObject.type, "name": STAFF},
    }
    inside = found(done, GroupMember)
    assert {name: each["kind"] for name, each in inside.items()} == {
        BOB: "user",
        APP: "servicePrincipal",
        GUESTS: "group",
    }
    assert inside[APP]["id"] == f"{object_id(TENANT, STAFF)}/members/{APP}"
    assert reading(done, DirectoryObject).count == 2
    assert reading(done, GroupMember, object_id(TENANT, STAFF)).count == 3
    # Names, and both lists of the one group: members of members come with them.
    assert asked(done) == 3 + 1  # and the applications


def test_everyone_whom_something_is_given_or_denied_is_asked_for(
    scan_estate: Scan,
) -> None:
    here = (ANN, BOB, CAT, DEE, EVE, STAFF)
    foreign = {
        "registrationDefinition": {
            "properties": {
                "managedByTenantId": guid("9"),
                "authorizations": [{"principalId": GUESTS, "roleDefinitionId": "x"}],
            }
        }
    }
    done = scan_estate(
        bodies=(
            assigned(ANN.upper()),
            grant(RoleEligibility, "one", principalId=BOB, principalType="User"),
            grant(
                DenyAssignment,
                "one",
                principals=[{"id": CAT}, {"id": EVERYONE}, "odd", {}],
                excludePrincipals=[{"id": DEE, "type": "User"}],
            ),
            grant(DenyAssignment, "two", principals="odd"),
            grant(Registration, "one", **foreign),
            assigned("no-guid"),
            assigned(7),
            {"id": f"{SUB}/providers/{RoleAssignment.type}/bare"},
            assigned(STAFF, "ServicePrincipal"),
            vault("one", [{"objectId": EVE.upper()}, {"objectId": 7}, "odd", {}]),
            vault("two", "odd"),
            *(known(each) for each in (*here, APP, GUESTS, EVERYONE)),
        ),
        directory=True,
    )
    assert set(found(done, DirectoryObject)) == set(here)


def test_nobody_is_asked_for_where_nobody_has_a_role(scan_estate: Scan) -> None:
    done = scan_estate(directory=True)
    assert done.asked(NAMES) == 0
    assert reading(done, DirectoryObject).outcome is Outcome.EMPTY


def test_who_is_gone_is_passed_over(scan_estate: Scan) -> None:
    done = scan_estate(
        bodies=(assigned(ANN), assigned(STAFF, "Group"), known(ANN)), directory=True
    )
    assert set(found(done, DirectoryObject)) == {ANN}
    assert done.gaps == []
    assert done.asked("transitivemembers") == 0


# Applications

PARTNER = guid("9a")
GRANT = "F-mgxWQfLUudg-YPexokn"


def stub(owner: object = PARTNER) -> dict[str, Any]:
    body = known(APP, "servicePrincipal")
    body["properties"]["appOwnerOrganizationId"] = owner
    return body


def permitted(view: type[Resource]) -> dict[str, Any]:
    at = f"{object_id(TENANT, APP)}/{view.type.rpartition('/')[2]}/{GRANT}"
    return {"id": at, "properties": {"id": GRANT, "scope": "User.Read"}}


def registered(*secrets: object) -> dict[str, Any]:
    own = {"id": BOB, "appId": ANN, "signInAudience": "AzureADMyOrg"}
    return {
        "id": f"{SCOPE}/providers/{Application.type}/{BOB}",
        "properties": {**own, "passwordCredentials": [*secrets], "keyCredentials": 7},
    }


def test_what_stubs_are_permitted_is_asked_for(scan_estate: Scan) -> None:
    bodies = (assigned(APP, "ServicePrincipal"), stub())
    given = (*bodies, permitted(AppRole), permitted(Consent))
    done = scan_estate(bodies=given, directory=True)
    assert done.gaps == []
    for view in (AppRole, Consent):
        assert found(done, view)[GRANT]["properties"]["scope"] == "User.Read"
        assert reading(done, view, object_id(TENANT, APP)).count == 1
    assert asked(done) == 4


def test_what_stubs_in_groups_are_permitted_is_asked_for_once(
    scan_estate: Scan,
) -> None:
    groups = (assigned(STAFF, "Group"), assigned(GUESTS, "Group"))
    named = (known(STAFF, "group"), known(GUESTS, "group"))
    inside = [member(each, APP, "servicePrincipal") for each in (STAFF, GUESTS)]
    for body in inside:
        body["properties"]["appOwnerOrganizationId"] = PARTNER
    bodies = (*groups, *named, *inside, permitted(AppRole), permitted(Consent))
    done = scan_estate(bodies=bodies, directory=True)
    assert done.gaps == []
    for view in (AppRole, Consent):
        assert reading(done, view, object_id(TENANT, APP)).count == 1
    # Applications, names, two lists of both groups, and what the stub is permitted.
    assert asked(done) == 1 + 1 + 4 + 2
    rest = [each for each in done.readings if each.resource_type != Consent.type]
    lacking = never_made(done.records, rest, TENANT, directory=True)
    assert [each.scope for each in lacking] == [object_id(TENANT, APP)]


@pytest.mark.parametrize(
    "owner", [None, TENANT.upper(), "f8cdef31-a31e-4b4a-93e4-5f571e91255a", 7]
)
def test_what_others_are_permitted_is_nobodys_business(
    scan_estate: Scan, owner: object
) -> None:
    bodies = (assigned(APP, "ServicePrincipal"), stub(owner))
    done = scan_estate(bodies=bodies, directory=True)
    assert done.gaps == []
    assert asked(done) == 2


def test_permissions_that_are_refused_are_a_gap(scan_estate: Scan) -> None:
    path = "/graph/*/oauth2permissiongrants"
    refused = Status(path=path, status=403, code="Authorization_RequestDenied")
    bodies = (assigned(APP, "ServicePrincipal"), stub())
    done = scan_estate(refused, bodies=bodies, directory=True)
    assert done.gaps == [reading(done, Consent, object_id(TENANT, APP))]


def test_applications_are_kept_without_hints_of_their_secrets(
    scan_estate: Scan,
) -> None:
    secret = {"displayName": "x", "hint": "Tn8", "secretText": "Tn8~", "keyId": CAT}
    done = scan_estate(bodies=(registered(secret, 7),), directory=True)
    body = found(done, Application)[BOB]
    assert body["properties"]["passwordCredentials"] == [
        {"displayName": "x", "keyId": CAT},
        7,
    ]
    assert "Tn8" not in json.dumps(body)


@pytest.mark.parametrize("read", [OBJECTS, APPLICATIONS])
def test_what_graph_tells_of_secrets_is_left_out(read: Read) -> None:
    secrets = ("hint", "Hint", "secretText", "key", "customKeyIdentifier")
    held = [{"keyId": CAT, **dict.fromkeys(secrets, "Tn8")}]
    body = {"properties": {"passwordCredentials": held, "keyCredentials": held}}
    kept = [{"keyId": CAT}]
    assert read.keep(body) == {
        "properties": {"passwordCredentials": kept, "keyCredentials": kept}
    }


def test_applications_come_in_pages(scan_estate: Scan) -> None:
    own = f"{SCOPE}/providers/{Application.type}"
    bodies = tuple(
        {"id": f"{own}/{guid(str(n))}", "properties": {"id": guid(str(n))}}
        for n in range(5)
    )
    done = scan_estate(bodies=bodies, directory=True, page_size=2)
    assert reading(done, Application).count == 5


# What is refused


def test_names_that_are_refused_are_a_gap_and_groups_are_known_by_azure(
    scan_estate: Scan,
) -> None:
    refused = Status(path=NAMES, status=403, code="Authorization_RequestDenied")
    done = scan_estate(refused, bodies=ESTATE, directory=True)
    (gap,) = reading(done, DirectoryObject).gaps
    assert (gap.scope, gap.operation, gap.http_status, gap.error_code) == (
        SCOPE,
        "directoryObjects.getByIds",
        403,
        "Authorization_RequestDenied",
    )
    assert done.gaps == [reading(done, DirectoryObject)]
    assert set(found(done, GroupMember)) == {BOB, APP, GUESTS}


def test_members_that_are_refused_are_a_gap(scan_estate: Scan) -> None:
    refused = Status(path=MEMBERS, status=403, code="Authorization_RequestDenied")
    done = scan_estate(refused, bodies=ESTATE, directory=True)
    (missed,) = done.gaps
    assert missed == reading(done, GroupMember, object_id(TENANT, STAFF))
    assert missed.gaps[0].http_status == 403
    assert set(found(done, DirectoryObject)) == {ANN, STAFF}


def test_applications_that_are_refused_are_a_gap_beside_the_people(
    scan_estate: Scan,
) -> None:
    refused = Status(path="/graph/*.serviceprincipal", status=400)
    done = scan_estate(refused, bodies=ESTATE, directory=True)
    (missed,) = done.gaps
    assert missed == reading(done, GroupMember, object_id(TENANT, STAFF))
    assert set(found(done, GroupMember)) == {BOB, GUESTS}


def test_no_token_for_the_directory_is_a_gap_of_the_directory_alone(
    scan_estate: Scan,
) -> None:
    done = scan_estate(TokenRefused(after=1), bodies=ESTATE, directory=True)
    codes = {each.resource_type: each.gaps[0].error_code for each in done.gaps}
    views = (DirectoryObject, GroupMember, Application)
    assert codes == {view.type: "SignInLost" for view in views}
    assert asked(done) == 0


def test_a_link_that_leads_away_is_not_followed(scan_estate: Scan) -> None:
    done = scan_estate(ForeignNextLink(path=MEMBERS), bodies=ESTATE, directory=True)
    (missed,) = done.gaps
    assert "nextLink leads away from the cloud" in missed.gaps[0].reason


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (3, "malformed: item 1 is not an object"),
        ({"displayName": "x"}, "malformed: item 1 has no id"),
        ({"id": 7}, "malformed: item 1 has no id"),
        ({"id": "../x"}, "malformed: item 1 has an id outside the scope of its list"),
    ],
)
@pytest.mark.parametrize("path", [NAMES, "/graph/*transitivemembers"])
def test_odd_items_are_gaps(scan_estate: Scan, path: str, to: Any, reason: str) -> None:
    fault = Malformed(path=path, form="item", to=to)
    done = scan_estate(fault, bodies=ESTATE, directory=True)
    assert [gap.reason for each in done.gaps for gap in each.gaps] == [reason]


# Going on


def test_what_was_never_asked_is_a_gap(scan_estate: Scan) -> None:
    done = scan_estate(bodies=ESTATE, directory=True)
    rest = [
        each for each in done.readings if "Microsoft.Graph" not in each.resource_type
    ]
    lacking = never_made(done.records, rest, TENANT, directory=True)
    assert {(each.resource_type, each.scope) for each in lacking} == {
        (DirectoryObject.type, SCOPE),
        (Application.type, SCOPE),
        (GroupMember.type, object_id(TENANT, STAFF)),
    }
    assert all(each.requested for each in lacking)
    assert {each.gaps[0].reason for each in lacking} == {NEVER_MADE}


def test_going_on_keeps_the_members_and_asks_for_the_names_anew(
    scan_estate: Scan, tmp_path: Path
) -> None:
    refused = Status(
        path=f"{MEMBERS}", scope=f"/graph/v1.0/groups/{GUESTS}", status=403
    )
    more = (
        *ESTATE,
        assigned(GUESTS, "Group"),
        known(GUESTS, "group"),
        member(GUESTS, CAT),
    )
    first = scan_estate(refused, bodies=more, directory=True)
    assert [each.scope for each in first.gaps] == [object_id(TENANT, GUESTS)]
    keep_whole(Snapshot(tmp_path))
    # Somebody was given a role meanwhile, where it had not been read.
    second = scan_estate(bodies=(*more, known(DEE)), directory=True, earlier=True)
    assert second.gaps == []
    assert set(found(second, GroupMember)) == {BOB, APP, GUESTS, CAT}
    assert second.asked(NAMES) == 1
    assert second.asked(f"groups/{STAFF}") == 0
    assert second.asked(f"groups/{GUESTS}") == 2


def test_a_cloud_without_microsoft_graph_is_said_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    order = Order(
        cloud=replace(CLOUDS[0], graph=None),
        method=Method.ENVIRONMENT,
        selection=Selection(),
        directory=True,
    )
    with pytest.raises(CloudError, match="no Microsoft Graph"):
        asyncio.run(scan(order, tmp_path / "snapshot", Watch()))
    assert not (tmp_path / "snapshot").exists()
