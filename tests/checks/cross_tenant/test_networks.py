from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.cross_tenant.access import (
    foreign_principal,
    ipam_role_scope,
    subscription_tenant,
)
from checks.cross_tenant.applications import stub_inventory, stub_least
from checks.cross_tenant.networks import (
    avnm_scopes,
    ipam_region,
    no_cross_tenant_template,
    scope_connection,
    vnet_foreign_pool,
)
from scanner.model.authorization import Registration, RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import DirectoryObject, GroupMember
from scanner.model.networkmanager import IpamPool
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
PARTNER = "aaaaaaaa-0000-0000-0000-000000000009"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/spoke"
MANAGER = f"{GROUP}/providers/Microsoft.Network/networkManagers/nm"
POOL = f"{MANAGER}/ipamPools/weu"
FOREIGN_MANAGER = MANAGER.replace(SUBSCRIPTION, ELSEWHERE)
FOREIGN_POOL = POOL.replace(SUBSCRIPTION, ELSEWHERE)
REQUEST = f"{MANAGER}/scopeConnections/partner"
CONSENT = f"{SUBSCRIPTION}/providers/Microsoft.Network/networkManagerConnections/nm"
DELEGATION = (
    f"{SUBSCRIPTION}/providers/Microsoft.ManagedServices/registrationAssignments/one"
)
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
POOL_USER = "7b3e853f-ad5d-4fb5-a7b8-56a3581c7037"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
INFO, UNREAD, NONE = Status.INFO, Status.NOT_ASSESSED, Status.NOT_APPLICABLE

NOBODY = Settings()
LISTED = Settings(
    approved_tenants=(PARTNER.upper(),),
    approved_network_managers=(FOREIGN_MANAGER.upper(),),
)
OTHERS = Settings(
    approved_tenants=("dddddddd-0000-0000-0000-000000000001",),
    approved_network_managers=(f"{FOREIGN_MANAGER}2",),
)


def body(id: str, properties: Body, **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def request(tenant: object = PARTNER, state: object = "Connected") -> Body:
    properties = {"tenantId": tenant, "resourceId": ELSEWHERE, "connectionState": state}
    return body(REQUEST, properties)


def consent(manager: object = FOREIGN_MANAGER, state: object = "Connected") -> Body:
    return body(CONSENT, {"networkManagerId": manager, "connectionState": state})


BASE = (body(MANAGER, {}), {**body(NETWORK, {}), "location": "westeurope"})
STATES = ("Pending", "Conflict", "Revoked", "Rejected", "Odd")


@pytest.mark.parametrize(
    ("judged", "settings", "status"),
    [
        (request(), NOBODY, WARN),
        (request(), LISTED, PASS),
        (request(), OTHERS, FAIL),
        (request(TENANT.upper()), NOBODY, PASS),
        *((request(state=state), LISTED, WARN) for state in STATES),
        (request(state="pending"), OTHERS, FAIL),
        (request(state=ABSENT), OTHERS, FAIL),
        (request(state=ABSENT), LISTED, UNREAD),
        (request(state=None), NOBODY, UNREAD),
        (request(state=1), LISTED, UNREAD),
        (request(ABSENT), LISTED, UNREAD),
        (request(None), NOBODY, UNREAD),
        (request([]), NOBODY, UNREAD),
        (consent(), NOBODY, WARN),
        (consent(), LISTED, PASS),
        (consent(), OTHERS, FAIL),
        (consent(MANAGER), OTHERS, PASS),
        (consent(state="Revoked"), LISTED, WARN),
        (consent(ABSENT), LISTED, UNREAD),
        (consent(None), LISTED, UNREAD),
        (consent({}), LISTED, UNREAD),
    ],
)
def test_connections(
    verdicts: Verdicts, judged: Body, settings: Settings, status: Status
) -> None:
    results = verdicts(scope_connection, *BASE, judged, settings=settings)
    assert results.only(judged["id"]).status is status


@pytest.mark.parametrize(
    "scan",
    [{"whole_tenant": False}, {"left_out": [ELSEWHERE.rpartition("/")[2].upper()]}],
    ids=["narrowed", "disabled"],
)
def test_a_manager_that_was_left_out_may_be_our_own(
    verdicts: Verdicts, scan: dict[str, Any]
) -> None:
    results = verdicts(scope_connection, *BASE, consent(), **scan)
    result = results.only(CONSENT)
    assert result.status is UNREAD
    assert "outside the scan" in result.reason


def manager(*tenants: object) -> Body:
    scopes = [{"tenantId": each, "subscriptions": [ELSEWHERE]} for each in tenants]
    return body(MANAGER, {"networkManagerScopes": {"crossTenantScopes": scopes}})


@pytest.mark.parametrize(
    ("judged", "settings", "status"),
    [
        (manager(), OTHERS, PASS),
        (body(MANAGER, {}), OTHERS, PASS),
        (body(MANAGER, {"networkManagerScopes": None}), OTHERS, PASS),
        (manager(PARTNER), NOBODY, WARN),
        (manager(PARTNER), LISTED, PASS),
        (manager(PARTNER, TENANT), OTHERS, FAIL),
        (manager(PARTNER, ABSENT), OTHERS, FAIL),
        (manager(PARTNER, None), LISTED, UNREAD),
        (manager(ABSENT), NOBODY, UNREAD),
        (manager(7), NOBODY, UNREAD),
        (body(MANAGER, {"networkManagerScopes": []}), NOBODY, UNREAD),
    ],
)
def test_scopes(
    verdicts: Verdicts, judged: Body, settings: Settings, status: Status
) -> None:
    result = verdicts(avnm_scopes, judged, settings=settings).only(MANAGER)
    assert result.status is status


def test_scopes_cite_what_is_managed(verdicts: Verdicts) -> None:
    path = "properties.networkManagerScopes.crossTenantScopes[0].subscriptions"
    seen = verdicts(avnm_scopes, manager(PARTNER)).evidence(MANAGER)
    assert seen[MANAGER, path] == [ELSEWHERE]


def network(*pools: object, space: object = ABSENT) -> Body:
    drawn = {"ipamPoolPrefixAllocations": [{"pool": {"id": pool}} for pool in pools]}
    own = body(NETWORK, {"addressSpace": drawn if space is ABSENT else space})
    return {**own, "location": "westeurope"}


def pool(location: object = "West Europe") -> Body:
    return body(POOL, {}, location=location)


GONE = f"{POOL}2"


@pytest.mark.parametrize(
    ("judged", "settings", "status"),
    [
        (network(), NOBODY, NONE),
        (network(space=None), NOBODY, NONE),
        (network(space={"ipamPoolPrefixAllocations": None}), NOBODY, NONE),
        (network(POOL), OTHERS, PASS),
        (network(POOL, FOREIGN_POOL), NOBODY, INFO),
        (network(POOL, FOREIGN_POOL), LISTED, PASS),
        (network(POOL, FOREIGN_POOL), OTHERS, WARN),
        (network(7), NOBODY, UNREAD),
        (network(space="10.0.0.0/8"), NOBODY, UNREAD),
    ],
)
def test_foreign_pools(
    verdicts: Verdicts, judged: Body, settings: Settings, status: Status
) -> None:
    results = verdicts(vnet_foreign_pool, BASE[0], pool(), judged, settings=settings)
    assert results.only(NETWORK).status is status


@pytest.mark.parametrize("check", [vnet_foreign_pool, no_cross_tenant_template])
def test_a_pool_that_was_left_out_may_be_our_own(
    verdicts: Verdicts, check: Check[Any]
) -> None:
    judged = (BASE[0], pool(), network(POOL, FOREIGN_POOL))
    results = verdicts(check, *judged, whole_tenant=False)
    assert results.only(NETWORK).status is UNREAD


@pytest.mark.parametrize(
    ("pools", "status"),
    [((), NONE), ((POOL,), NONE), ((POOL, FOREIGN_POOL), Status.MANUAL)],
)
def test_who_deploys_is_asked_where_another_tenant_is_named(
    verdicts: Verdicts, pools: tuple[str, ...], status: Status
) -> None:
    judged = (BASE[0], pool(), network(*pools))
    result = verdicts(no_cross_tenant_template, *judged).only(NETWORK)
    assert result.status is status
    assert ("which code" in result.remediation) is (status is Status.MANUAL)


@pytest.mark.parametrize(
    ("pools", "location", "status"),
    [
        ((), "westeurope", NONE),
        ((POOL,), "West Europe", PASS),
        ((POOL,), "northeurope", WARN),
        ((POOL,), ABSENT, UNREAD),
        ((POOL,), None, UNREAD),
        ((POOL,), 7, UNREAD),
        ((FOREIGN_POOL,), "westeurope", UNREAD),
        ((FOREIGN_POOL, POOL), "westeurope", UNREAD),
        ((FOREIGN_POOL, POOL), "northeurope", WARN),
        ((GONE,), "westeurope", UNREAD),
    ],
)
def test_regions(
    verdicts: Verdicts, pools: tuple[str, ...], location: object, status: Status
) -> None:
    judged = (BASE[0], pool(location), network(*pools))
    assert verdicts(ipam_region, *judged).only(NETWORK).status is status


def test_pools_that_were_not_read(verdicts: Verdicts) -> None:
    judged = (BASE[0], pool(), network(POOL))
    results = verdicts(ipam_region, *judged, unread=[(IpamPool, MANAGER)])
    assert results.only(NETWORK).status is UNREAD


def subscribed(*tenants: object, managing: object = ABSENT) -> Body:
    managed = [{"tenantId": each} for each in tenants]
    said = managed if managing is ABSENT else managing
    return {"id": SUBSCRIPTION, "tenantId": TENANT, "managedByTenants": said}


def delegation(tenant: object) -> Body:
    definition = {"properties": {"managedByTenantId": tenant}}
    return body(DELEGATION, {"registrationDefinition": definition})


@pytest.mark.parametrize(
    ("bodies", "settings", "status"),
    [
        ((subscribed(),), NOBODY, PASS),
        ((subscribed(managing=None),), OTHERS, PASS),
        ((subscribed(TENANT),), OTHERS, PASS),
        ((subscribed(PARTNER),), NOBODY, WARN),
        ((subscribed(PARTNER),), LISTED, PASS),
        ((subscribed(PARTNER),), OTHERS, FAIL),
        ((subscribed(), delegation(PARTNER)), NOBODY, WARN),
        ((subscribed(), delegation(PARTNER)), LISTED, PASS),
        ((subscribed(), delegation(PARTNER)), OTHERS, FAIL),
        ((subscribed(), delegation(ABSENT)), NOBODY, UNREAD),
        ((subscribed(), delegation(7)), NOBODY, UNREAD),
        ((subscribed(PARTNER), delegation(None)), OTHERS, FAIL),
        ((subscribed(managing="none"),), NOBODY, UNREAD),
    ],
)
def test_subscriptions(
    verdicts: Verdicts, bodies: tuple[Body, ...], settings: Settings, status: Status
) -> None:
    results = verdicts(subscription_tenant, *bodies, settings=settings)
    assert results.only(SUBSCRIPTION).status is status


def test_delegations_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(Registration, SUBSCRIPTION)]
    for managing, status in (((), UNREAD), ((PARTNER,), WARN)):
        judged = subscribed(*managing)
        results = verdicts(subscription_tenant, judged, unread=unread)
        assert results.only(SUBSCRIPTION).status is status


@pytest.mark.parametrize(
    ("scope", "status"),
    [(POOL, PASS), (MANAGER, PASS), (GROUP, WARN), (SUBSCRIPTION, WARN)],
)
@pytest.mark.parametrize("said", [True, False])
def test_pool_users(
    verdicts: Verdicts, rbac: Any, scope: str, status: Status, said: bool
) -> None:
    granted = rbac.grant("app", POOL_USER, scope, "ServicePrincipal")
    if not said:
        granted["properties"]["scope"] = None
    [result] = verdicts(ipam_role_scope, rbac.role(POOL_USER), granted)
    assert result.target.resource_id == granted["id"]
    assert result.status is status


def test_other_roles_are_no_pool_users(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION)
    [result] = verdicts(ipam_role_scope, rbac.role(rbac.OWNER), granted)
    assert result.target.resource_id == f"/tenants/{TENANT}"


IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"


def known(who: str) -> Body:
    named = f"/tenants/{TENANT}/providers/Microsoft.Graph/directoryObjects/{who}"
    return body(named, {"id": who, "displayName": "Fixer"}, kind="servicePrincipal")


@pytest.mark.parametrize(
    ("kind", "identity", "directory", "status"),
    [
        ("ForeignGroup", None, (), WARN),
        ("foreigngroup", None, (known("app"),), WARN),
        ("ServicePrincipal", IDENTITY, (known("app"),), PASS),
        ("ServicePrincipal", IDENTITY, (known("other"),), WARN),
        ("ServicePrincipal", IDENTITY, (), UNREAD),
    ],
)
def test_foreign_principals(
    verdicts: Verdicts,
    rbac: Any,
    kind: str,
    identity: str | None,
    directory: tuple[Body, ...],
    status: Status,
) -> None:
    given = {"delegatedManagedIdentityResourceId": identity}
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, kind, **given)
    result = verdicts(foreign_principal, granted, *directory).only(granted["id"])
    assert result.status is status
    if status is UNREAD:
        assert "directory was not asked" in result.reason


def test_most_principals_are_of_the_tenant(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    [result] = verdicts(foreign_principal, granted)
    assert result.status is NONE
    unread = [(RoleAssignment, SUBSCRIPTION)]
    [result] = verdicts(foreign_principal, granted, unread=unread)
    assert result.status is UNREAD


def application(owner: object, who: str = "app") -> Body:
    return body(
        f"/tenants/{TENANT}/providers/Microsoft.Graph/directoryObjects/{who}",
        {"id": who, "displayName": "Deployer", "appOwnerOrganizationId": owner},
        kind="servicePrincipal",
    )


APPLICATION = application(TENANT)["id"]
MICROSOFT = "F8CDEF31-a31e-4b4a-93e4-5f571e91255a"


@pytest.mark.parametrize(
    ("owner", "settings", "status"),
    [
        (TENANT.upper(), OTHERS, PASS),
        (None, OTHERS, PASS),
        (MICROSOFT, OTHERS, PASS),
        (PARTNER, NOBODY, WARN),
        (PARTNER, LISTED, PASS),
        (PARTNER, OTHERS, WARN),
        (ABSENT, NOBODY, UNREAD),
        (7, NOBODY, UNREAD),
    ],
)
def test_stubs(
    verdicts: Verdicts, rbac: Any, owner: object, settings: Settings, status: Status
) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    judged = (granted, application(owner))
    results = verdicts(stub_inventory, *judged, settings=settings)
    assert results.only(APPLICATION).status is status


@pytest.mark.parametrize(
    ("owner", "role", "allowed", "status"),
    [
        (PARTNER, POOL_USER, (), PASS),
        (PARTNER, OWNER, (), FAIL),
        (PARTNER, OWNER, (f"/roles/{OWNER}",), PASS),
        (ABSENT, POOL_USER, (), UNREAD),
    ],
)
def test_what_stubs_hold(
    verdicts: Verdicts,
    rbac: Any,
    owner: object,
    role: str,
    allowed: tuple[str, ...],
    status: Status,
) -> None:
    granted = rbac.grant("app", role, POOL, "ServicePrincipal")
    settings = Settings(foreign_application_roles=allowed)
    judged = (rbac.role(role), granted, application(owner))
    result = verdicts(stub_least, *judged, settings=settings).only(granted["id"])
    assert result.status is status


def test_a_role_of_a_stub_is_named_wherever_it_was_read(
    verdicts: Verdicts, rbac: Any
) -> None:
    """Built-in roles are read once; assignments name them by their own scope."""
    role = rbac.role(rbac.OWNER, actions=["*"])
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    own = granted["properties"]["roleDefinitionId"].replace("bbbb", "cccc")
    granted["properties"]["roleDefinitionId"] = own
    result = verdicts(stub_least, role, granted, application(PARTNER))
    name = role["properties"]["roleName"]
    assert f"holds {name} at" in result.only(granted["id"]).reason
    assert result.evidence()[role["id"], "properties.roleName"] == name


@pytest.mark.parametrize("owner", [TENANT, None, MICROSOFT])
def test_others_than_stubs_may_hold_anything(
    verdicts: Verdicts, rbac: Any, owner: object
) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    [result] = verdicts(stub_least, granted, application(owner))
    assert result.status is NONE


def membership(owner: object, who: str = "app", of: str = "team") -> Body:
    return {**application(owner, who), "id": f"{team(of)['id']}/members/{who}"}


def team(name: str = "team") -> Body:
    return {**application(ABSENT, name), "kind": "group"}


@pytest.mark.parametrize("named", [True, False], ids=["named", "in groups alone"])
@pytest.mark.parametrize(
    ("owner", "inventory", "least"),
    [
        (PARTNER, WARN, FAIL),
        (TENANT, PASS, None),
        (None, PASS, None),
        (MICROSOFT, PASS, None),
        (ABSENT, UNREAD, UNREAD),
    ],
)
def test_a_group_hands_its_role_to_stubs(
    verdicts: Verdicts,
    rbac: Any,
    owner: object,
    named: bool,
    inventory: Status,
    least: Status | None,
) -> None:
    role, given = rbac.role(OWNER), rbac.grant("team", OWNER, SUBSCRIPTION, "Group")
    inside = [membership(owner), membership(owner, of="more")]
    more = rbac.grant("more", OWNER, SUBSCRIPTION, "Group")
    bodies = (role, given, more, team(), team("more"), *inside)
    if named:
        bodies = (*bodies, application(owner))
    [result] = verdicts(stub_inventory, *bodies)
    assert result.status is inventory
    if named:
        assert result.target.resource_id == APPLICATION
    found = [each.status for each in verdicts(stub_least, *bodies)]
    assert found == ([least] * 2 if least else [NONE])


def test_a_member_of_unknown_kind_may_be_a_stub(verdicts: Verdicts, rbac: Any) -> None:
    given = rbac.grant("team", OWNER, SUBSCRIPTION, "Group")
    for kind, status in ((7, UNREAD), ("orgContact", NONE)):
        odd = {**membership(PARTNER), "kind": kind}
        for check in (stub_inventory, stub_least):
            [result] = verdicts(check, given, team(), odd)
            assert result.status is status


def test_who_a_group_has_in_it_is_told(verdicts: Verdicts, rbac: Any) -> None:
    given = rbac.grant("team", OWNER, SUBSCRIPTION, "Group")
    person = {**membership(ABSENT, "ann"), "kind": "user"}
    unknown = membership(ABSENT, "old")
    bodies = (rbac.role(OWNER), given, team(), person, unknown, membership(PARTNER))
    [result] = verdicts(stub_least, *bodies)
    assert result.status is FAIL
    assert f"of tenant {PARTNER} in it, holds {OWNER} at" in result.reason
    narrow = rbac.grant("team", POOL_USER, POOL, "Group")
    [result] = verdicts(stub_least, narrow, team(), membership(PARTNER))
    assert result.status is PASS


def test_groups_whose_members_were_not_read(verdicts: Verdicts, rbac: Any) -> None:
    given = rbac.grant("team", OWNER, SUBSCRIPTION, "Group")
    direct = rbac.grant("app", OWNER, SUBSCRIPTION, "ServicePrincipal")
    unread = [(GroupMember, team()["id"])]
    for check in (stub_inventory, stub_least):
        [result] = verdicts(check, given, team(), unread=unread)
        assert result.status is UNREAD
    whole = (rbac.role(OWNER), given, direct, team(), application(PARTNER))
    both = verdicts(stub_least, *whole, unread=unread)
    assert both.only(given["id"]).status is UNREAD
    assert both.only(direct["id"]).status is FAIL


def test_stubs_where_roles_were_not_read(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    unread = [(RoleAssignment, SUBSCRIPTION)]
    for named, status in (((application(PARTNER),), WARN), ((), UNREAD)):
        [result] = verdicts(stub_inventory, granted, *named, unread=unread)
        assert result.status is status


def test_a_directory_that_was_not_read_whole(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    unread = [(DirectoryObject, f"/tenants/{TENANT}")]
    for check in (stub_inventory, stub_least):
        [result] = verdicts(check, granted, application(PARTNER), unread=unread)
        assert result.status is UNREAD
        assert "AuthorizationFailed" in result.reason


@pytest.mark.parametrize("check", [stub_inventory, stub_least])
def test_stubs_in_a_directory_that_was_not_asked(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    granted = rbac.grant("app", rbac.OWNER, SUBSCRIPTION, "ServicePrincipal")
    [result] = verdicts(check, granted)
    assert result.status is UNREAD
    assert "directory was not asked" in result.reason
    [result] = verdicts(check, rbac.grant("team", rbac.OWNER, SUBSCRIPTION, "Group"))
    assert result.status is UNREAD
    [result] = verdicts(check, rbac.grant("her", rbac.OWNER, SUBSCRIPTION))
    assert result.status is NONE
