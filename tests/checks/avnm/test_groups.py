"""Network groups and managers: members, configurations, scopes and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.avnm.groups import (
    group_in_config,
    multi_group,
    static_stale,
    vnet_uncovered,
)
from checks.avnm.managers import config_deployed, scope_single, security_admin_present
from checks.avnm.tags import tag_tamper
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Status
from scanner.model.network import VirtualNetwork
from scanner.model.networkmanager import (
    AdminConfiguration,
    AdminRule,
    AdminRuleCollection,
    ConnectivityConfiguration,
    NetworkGroup,
    NetworkManager,
    StaticMember,
    UserConfiguration,
    UserRuleCollection,
)
from scanner.model.policy import PolicyAssignment, PolicyExemption
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000001"
MANAGED = "/providers/Microsoft.Management/managementGroups"
TOP, ZONES = f"{MANAGED}/{TENANT}", f"{MANAGED}/zones"
PARENTS = {SUBSCRIPTION: ZONES, ZONES: TOP}
GROUPS = tuple({"id": each, "properties": {}} for each in (TOP, ZONES))
RG = f"{SUBSCRIPTION}/resourceGroups/rg"
MANAGER = f"{RG}/providers/Microsoft.Network/networkManagers/nm"
SECOND = f"{RG}/providers/Microsoft.Network/networkManagers/second"
GROUP, OTHER = f"{MANAGER}/networkGroups/spokes", f"{MANAGER}/networkGroups/other"
NETWORK = f"{RG}/providers/Microsoft.Network/virtualNetworks/net"
ADMIN = f"{MANAGER}/securityAdminConfigurations/guard"
PROVIDER = "/providers/Microsoft.Authorization"
POLICY = f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/join"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
NA, UNREAD, MANUAL = Status.NOT_APPLICABLE, Status.NOT_ASSESSED, Status.MANUAL


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def manager(id: str = MANAGER, *, at: object = SUBSCRIPTION, **more: object) -> Body:
    group = isinstance(at, str) and at.startswith(MANAGED)
    scopes = {"managementGroups" if group else "subscriptions": [at]}
    features = {"networkManagerScopeAccesses": ["Connectivity", "SecurityAdmin"]}
    return body(id, **{"networkManagerScopes": scopes, **features, **more})


IDLE = manager(networkManagerScopeAccesses=[])


def group(id: str = GROUP) -> Body:
    return body(id, memberType="VirtualNetwork")


def member(of: str = GROUP, what: object = NETWORK) -> Body:
    return body(f"{of}/staticMembers/m", resourceId=what)


def network(id: str = NETWORK, **more: object) -> Body:
    return {**body(id), "location": "westeurope", "tags": {"env": "prod"}, **more}


BY_ENV = {"field": "tags['env']", "equals": "prod"}
BY_NAME = {"field": "name", "equals": "net"}


def policy(
    condition: object = BY_ENV,
    of: str = GROUP,
    mode: object = "Microsoft.Network.Data",
) -> Body:
    then = {"effect": "addToNetworkGroup", "details": {"networkGroupId": of}}
    rule = {"if": condition, "then": then}
    return body(POLICY, mode=mode, policyRule=rule)


FOR = policy({"field": "tags['env']", "equals": "[parameters('env')]"})
BY_DEFAULT = {
    **FOR,
    "properties": {
        **FOR["properties"],
        "parameters": {"env": {"defaultValue": "prod"}},
    },
}


def assigned(at: str = SUBSCRIPTION, **more: object) -> Body:
    own = f"{at}{PROVIDER}/policyAssignments/join"
    return body(own, **{"policyDefinitionId": POLICY, "scope": at, **more})


def applied(*groups: object, name: str = "c", to: str = "appliesToGroups") -> Body:
    named = [{"networkGroupId": each} for each in groups]
    kinds = {"c": "connectivityConfigurations/c", "r": "routingConfigurations/r"}
    kinds["k"] = "routingConfigurations/r/ruleCollections/k"
    kinds |= {"u": "securityUserConfigurations/u"}
    kinds["s"] = "securityUserConfigurations/u/ruleCollections/s"
    return body(f"{MANAGER}/{kinds[name]}", **{to: named})


def collection(*groups: str, name: str = "rules", **more: object) -> Body:
    named = [{"networkGroupId": each} for each in groups]
    return body(f"{ADMIN}/ruleCollections/{name}", **{"appliesToGroups": named, **more})


def admin_rule(of: str = "rules", access: object = "Deny", **more: object) -> Body:
    said = {"access": access, "direction": "Inbound", "protocol": "Tcp", **more}
    return body(f"{ADMIN}/ruleCollections/{of}/rules/{of}", **said)


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([applied(GROUP.upper())], [], PASS),
        ([body(ADMIN), collection(GROUP)], [], PASS),
        ([applied(name="r"), applied(GROUP, name="k", to="appliesTo")], [], PASS),
        ([applied(name="u"), applied(GROUP, name="s")], [], PASS),
        ([applied(name="u"), applied(OTHER, name="s")], [], WARN),
        ([applied(name="u")], [(UserRuleCollection, applied(name="u")["id"])], UNREAD),
        ([], [(UserConfiguration, MANAGER)], UNREAD),
        ([applied(GROUP)], [(AdminRuleCollection, ADMIN)], PASS),
        ([applied(OTHER)], [], WARN),
        ([applied()], [], WARN),
        ([body(applied()["id"])], [], WARN),
        ([body(applied()["id"], appliesToGroups=None)], [], WARN),
        ([body(applied()["id"], appliesToGroups=1)], [], UNREAD),
        ([], [(ConnectivityConfiguration, MANAGER)], UNREAD),
        ([], [(AdminRuleCollection, ADMIN)], UNREAD),
    ],
)
def test_group_in_config(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    given = (manager(), group(), body(ADMIN), *bodies)
    results = verdicts(group_in_config, *given, unread=unread)
    assert results.only(GROUP).status is status


def test_a_group_with_networks_is_not_to_be_deleted_lightly(verdicts: Verdicts) -> None:
    given = (manager(), group(), network())
    assert verdicts(group_in_config, *given).only(GROUP).advice == ""
    kept = verdicts(group_in_config, *given, member()).only(GROUP)
    assert kept.status is WARN
    assert kept.advice.startswith("1 network is in it: add the group")


SUBNETS = {"subnets": [{"id": f"{NETWORK}/subnets/a"}]}


@pytest.mark.parametrize(
    ("what", "bodies", "unread", "status"),
    [
        (NETWORK, [network()], [], PASS),
        (NETWORK.upper(), [network()], [], PASS),
        (NETWORK, [], [], WARN),
        (None, [network()], [], WARN),
        (7, [network()], [], UNREAD),
        (NETWORK, [network()], [(VirtualNetwork, SUBSCRIPTION)], UNREAD),
        (f"{NETWORK}/subnets/a", [network(properties=SUBNETS)], [], PASS),
        (f"{NETWORK}/Subnets/A", [network(properties=SUBNETS)], [], PASS),
        (f"{NETWORK}/subnets/b", [network(properties=SUBNETS)], [], WARN),
        (NETWORK.replace(SUBSCRIPTION, ELSEWHERE), [], [], WARN),
        (
            NETWORK.replace(SUBSCRIPTION, ELSEWHERE),
            [
                manager(
                    networkManagerScopes={"crossTenantScopes": [{"tenantId": "t"}]},
                )
            ],
            [],
            UNREAD,
        ),
    ],
)
def test_static_members(
    verdicts: Verdicts, what: object, bodies: list[Body], unread: Any, status: Status
) -> None:
    whole = (manager(), group(), member(what=what), *bodies)
    given = {each["id"]: each for each in whole}.values()
    results = verdicts(static_stale, *given, unread=unread)
    assert results.only(member()["id"]).status is status


GUARDING = (body(ADMIN), collection(GROUP))
EXEMPT = body(
    f"{RG}{PROVIDER}/policyExemptions/leave", policyAssignmentId=assigned()["id"]
)


@pytest.mark.parametrize(
    ("bodies", "unread", "status", "said"),
    [
        ([member()], [], PASS, "do not apply"),
        ([member(), body(ADMIN), collection(GROUP), admin_rule()], [], PASS, "once"),
        ([member(), body(ADMIN), collection(GROUP)], [], PASS, "do not apply"),
        ([member()], [(AdminConfiguration, MANAGER)], PASS, "is not known"),
        ([member(), body(ADMIN)], [(AdminRuleCollection, ADMIN)], PASS, "not known"),
        ([member(), *GUARDING], [(AdminRule, GUARDING[1]["id"])], PASS, "not known"),
        (
            [member(), body(ADMIN), collection(appliesToGroups=3), admin_rule()],
            [],
            PASS,
            "not known",
        ),
        (
            [member(), manager(SECOND)],
            [(AdminConfiguration, SECOND)],
            PASS,
            "do not apply",
        ),
        ([policy(), assigned()], [], PASS, "spokes"),
        ([policy(mode="Indexed"), assigned()], [], WARN, "no group"),
        ([policy(mode=None), assigned()], [], WARN, "no group"),
        ([policy(mode=4), assigned()], [], UNREAD, "malformed"),
        ([policy(mode="Indexed"), assigned(), member()], [], PASS, "spokes"),
        ([policy(), assigned(ZONES)], [], PASS, "spokes"),
        ([policy(), assigned(), network(tags={"ENV": "PROD"})], [], PASS, "spokes"),
        ([policy()], [], WARN, "no group"),
        ([FOR, assigned(parameters={"env": {"value": "prod"}})], [], PASS, "spokes"),
        ([FOR, assigned(parameters={"env": {"value": "dev"}})], [], WARN, "no group"),
        ([FOR, assigned()], [], UNREAD, "env"),
        ([BY_DEFAULT, assigned()], [], PASS, "spokes"),
        ([policy(), assigned(enforcementMode="DoNotEnforce")], [], WARN, "no group"),
        ([policy(), assigned(), EXEMPT], [], WARN, "no group"),
        ([policy(), assigned(), network(tags=None)], [], WARN, "no group"),
        (
            [policy(of=f"{MANAGER}/networkGroups/gone"), assigned()],
            [],
            WARN,
            "no group",
        ),
        ([policy(of="[parameters('a')]"), assigned()], [], WARN, "no group"),
        ([manager(at=ELSEWHERE), member()], [], NA, "no network manager"),
        ([manager(networkManagerScopes=None)], [], NA, "no network manager"),
        ([manager(networkManagerScopeAccesses=[])], [], NA, "with features"),
        ([manager(networkManagerScopeAccesses=None)], [], NA, "with features"),
        ([IDLE, member()], [], NA, "with features"),
        ([IDLE, policy(), assigned()], [], NA, "with features"),
        ([IDLE, member(), manager(SECOND)], [], WARN, "no group"),
        ([IDLE, manager(SECOND)], [(StaticMember, GROUP)], WARN, "no group"),
        ([manager(networkManagerScopeAccesses=["Routing"])], [], WARN, "no group"),
        ([manager(networkManagerScopeAccesses=3)], [], UNREAD, "malformed"),
        ([manager(networkManagerScopes=3)], [], UNREAD, "malformed"),
        ([policy({"field": "odd", "equals": 1}), assigned()], [], UNREAD, "odd"),
        ([policy("odd"), assigned()], [], UNREAD, "malformed"),
        ([policy(), assigned(), network(tags=[1])], [], UNREAD, "malformed"),
        ([], [(NetworkManager, SUBSCRIPTION)], UNREAD, "Failed"),
        ([], [(NetworkGroup, MANAGER)], UNREAD, "Failed"),
        ([], [(StaticMember, GROUP)], UNREAD, "Failed"),
        ([policy()], [(PolicyAssignment, SUBSCRIPTION)], UNREAD, "Failed"),
        ([policy(), assigned()], [(PolicyExemption, SUBSCRIPTION)], UNREAD, "Failed"),
        ([member()], [(PolicyAssignment, SUBSCRIPTION)], PASS, "spokes"),
    ],
)
def test_uncovered(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status, said: str
) -> None:
    whole = (manager(), group(), network(), *GROUPS, *bodies)
    given = {each["id"]: each for each in whole}.values()
    results = verdicts(vnet_uncovered, *given, unread=unread, parents=PARENTS)
    result = results.only(NETWORK)
    assert (result.status, said in result.reason) == (status, True), result.reason


BESIDE = f"{NETWORK}-beside"
LEFT_OUT = f"{BESIDE}{PROVIDER}/policyExemptions/e"
REGION = {"kind": "resourceLocation", "in": ["westeurope"]}


@pytest.mark.parametrize(
    ("assignment", "bodies"),
    [
        (assigned(notScopes=[BESIDE]), []),
        (assigned(at=NETWORK), []),
        (assigned(resourceSelectors=[{"selectors": [REGION]}]), []),
        (assigned(), [body(LEFT_OUT, policyAssignmentId=assigned()["id"])]),
    ],
)
def test_networks_of_one_group_may_differ(
    verdicts: Verdicts, assignment: Body, bodies: list[Body]
) -> None:
    beside = network(BESIDE, location="uksouth")
    given = (manager(), group(), policy(), assignment, network(), beside, *bodies)
    results = verdicts(vnet_uncovered, *given, parents=PARENTS)
    assert [results.only(each).status for each in (NETWORK, BESIDE)] == [PASS, WARN]


def test_conditions_that_do_not_hold_are_evidence(verdicts: Verdicts) -> None:
    whole = (manager(), group(), network(tags=None), policy(), assigned(), *GROUPS)
    result = verdicts(vnet_uncovered, *whole, parents=PARENTS).only(NETWORK)
    assert result.status is WARN
    assert policy()["id"] in {each.resource_id for each in result.evidence}


def test_a_manager_of_a_management_group(verdicts: Verdicts) -> None:
    given = (manager(at=ZONES), group(), network(), *GROUPS)
    known = verdicts(vnet_uncovered, *given, parents=PARENTS).only(NETWORK)
    assert known.status is WARN
    unknown = verdicts(vnet_uncovered, *given).only(NETWORK)
    assert unknown.status is UNREAD


BOTH = (member(), member(OTHER))
CLASH = (
    body(ADMIN),
    collection(GROUP),
    collection(OTHER, name="more"),
    admin_rule(),
    admin_rule("more", "AlwaysAllow"),
)


ONE_FOR_BOTH = (
    body(ADMIN),
    collection(GROUP, OTHER),
    admin_rule(),
    body(
        f"{admin_rule()['id']}-but",
        access="Allow",
        direction="Inbound",
        protocol="Tcp",
    ),
)


def _from(one: str, two: str) -> tuple[Body, Body]:
    allow = admin_rule("more", "AlwaysAllow", sourcePortRanges=[two])
    return admin_rule(sourcePortRanges=[one]), allow


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([member()], [], PASS),
        ([], [], NA),
        ([IDLE, *BOTH], [], NA),
        ([*BOTH], [], INFO),
        ([*BOTH, *CLASH], [], WARN),
        ([*BOTH, *CLASH, admin_rule("more", "Deny")], [], INFO),
        ([*BOTH, *CLASH, collection(name="more")], [], INFO),
        ([*BOTH, *ONE_FOR_BOTH], [], INFO),
        ([*BOTH, *CLASH, admin_rule(sourcePortRanges=["1-2"])], [], WARN),
        ([*BOTH, *CLASH, *_from("1-2", "2-9")], [], WARN),
        ([*BOTH, *CLASH, *_from("1-2", "3-4")], [], INFO),
        ([*BOTH, *CLASH, admin_rule(sourcePortRanges="1")], [], UNREAD),
        ([*BOTH, *CLASH, admin_rule("more", None)], [], UNREAD),
        ([*BOTH, *CLASH, admin_rule("more", 4)], [], UNREAD),
        ([*BOTH, *CLASH], [(AdminRule, collection()["id"])], UNREAD),
        ([member(), *CLASH], [], PASS),
        ([member()], [(StaticMember, OTHER)], UNREAD),
        ([], [(StaticMember, GROUP)], UNREAD),
        ([], [(VirtualNetwork, SUBSCRIPTION)], UNREAD),
        ([member()], [(VirtualNetwork, SUBSCRIPTION)], UNREAD),
        ([member(), policy({"field": "odd", "in": []}), assigned()], [], UNREAD),
    ],
)
def test_several_groups(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    whole = (manager(), group(), group(OTHER), network(), *bodies)
    given = {each["id"]: each for each in whole}.values()
    result = verdicts(multi_group, *given, unread=unread).only(GROUP)
    assert result.status is status, result.reason


def test_a_clash_is_told_once(verdicts: Verdicts) -> None:
    wide = collection(GROUP, OTHER), collection(GROUP, OTHER, name="more")
    rules = admin_rule(), admin_rule("more", "Allow")
    whole = (manager(), group(), group(OTHER), network(), *BOTH, body(ADMIN))
    result = verdicts(multi_group, *whole, *wide, *rules).only(GROUP)
    assert result.status is WARN
    assert result.reason.endswith("conflict: more and rules")


def test_the_parameters_of_a_policy_are_evidence(verdicts: Verdicts) -> None:
    given = assigned(parameters={"env": {"value": "prod"}})
    whole = (manager(), group(), network(), FOR, given, *GROUPS)
    evidence = verdicts(vnet_uncovered, *whole, parents=PARENTS).evidence(NETWORK)
    assert (given["id"], "properties.parameters['env'].value") in evidence


@pytest.mark.parametrize(
    "way",
    [(member(),), (member(what=f"{NETWORK}-gone"),), (policy(), assigned())],
    ids=["by hand", "gone", "by policy"],
)
def test_the_ways_into_a_group_are_evidence(
    verdicts: Verdicts, way: tuple[Body, ...]
) -> None:
    whole = (manager(), group(), network(), *way)
    result = verdicts(multi_group, *whole).only(GROUP)
    assert result.status in {PASS, NA}
    assert way[0]["id"] in {each.resource_id for each in result.evidence}


# Managers


@pytest.mark.parametrize(
    ("bodies", "unread", "status", "said"),
    [
        ([], [], PASS, "no other"),
        ([manager(SECOND)], [], FAIL, "second"),
        ([manager(SECOND)], [(NetworkGroup, SECOND)], FAIL, "second"),
        ([manager(SECOND, networkManagerScopeAccesses=["Routing"])], [], PASS, "no"),
        ([manager(SECOND, networkManagerScopeAccesses=[])], [], PASS, "no other"),
        ([manager(SECOND, at=ZONES)], [], INFO, "is above it"),
        ([manager(at=ZONES), manager(SECOND)], [], INFO, "it is above"),
        ([manager(SECOND, at=ELSEWHERE)], [], PASS, "no other"),
        ([manager(networkManagerScopeAccesses=None)], [], NA, "no features"),
        ([manager(networkManagerScopes=None)], [], NA, "no scopes"),
        ([manager(networkManagerScopeAccesses="x")], [], UNREAD, "malformed"),
        ([manager(SECOND, networkManagerScopes=2)], [], UNREAD, "malformed"),
    ],
)
def test_scopes(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status, said: str
) -> None:
    given = {each["id"]: each for each in (manager(), *GROUPS, *bodies)}.values()
    results = verdicts(scope_single, *given, unread=unread, parents=PARENTS)
    result = results.only(MANAGER)
    assert (result.status, said in result.reason) == (status, True), result.reason
    assert "lower bound" not in result.reason


@pytest.mark.parametrize(
    ("unread", "status", "said"),
    [
        ([], PASS, "lower bound: the management groups above"),
        ([(RoleAssignment, SUBSCRIPTION)], UNREAD, "roleAssignments"),
    ],
    ids=["the hierarchy", "and the lists that name its groups"],
)
def test_who_is_above_may_not_be_known(
    verdicts: Verdicts, unread: Any, status: Status, said: str
) -> None:
    result = verdicts(scope_single, manager(), unread=unread).only(MANAGER)
    assert (result.status, said in result.reason) == (status, True), result.reason


def test_a_narrow_scan_may_miss_managers(verdicts: Verdicts) -> None:
    [result] = verdicts(scope_single, manager(), whole_tenant=False)
    assert result.status is PASS
    assert "lower bound" in result.reason


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([applied()], [], MANUAL),
        ([body(ADMIN)], [(ConnectivityConfiguration, MANAGER)], MANUAL),
        ([applied(name="u")], [], MANUAL),
        ([], [], NA),
        ([], [(UserConfiguration, MANAGER)], UNREAD),
        ([], [(ConnectivityConfiguration, MANAGER)], UNREAD),
    ],
)
def test_deployed(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    results = verdicts(config_deployed, manager(), *bodies, unread=unread)
    result = results.only(MANAGER)
    assert result.status is status
    assert ("or more" in result.reason) is (status is MANUAL and bool(unread))


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([collection(GROUP), admin_rule()], [], INFO),
        ([], [], WARN),
        ([collection(GROUP)], [], WARN),
        ([collection(), admin_rule()], [], WARN),
        ([collection(appliesToGroups=None), admin_rule()], [], WARN),
        ([collection(appliesToGroups=3), admin_rule()], [], UNREAD),
        ([], [(AdminRuleCollection, ADMIN)], UNREAD),
        ([collection(GROUP)], [(AdminRule, collection()["id"])], UNREAD),
    ],
)
def test_security_admin(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    given = (manager(), body(ADMIN), *bodies)
    results = verdicts(security_admin_present, *given, unread=unread)
    assert results.only(ADMIN).status is status


# Tags


BY_TAG = (manager(), group(), network(), policy(), assigned())
WRITE = "Microsoft.Network/virtualNetworks/write"


@pytest.mark.parametrize(
    ("actions", "at", "status"),
    [
        ([WRITE], NETWORK, WARN),
        (["Microsoft.Resources/tags/write"], RG, WARN),
        (["*"], NETWORK, WARN),
        (["*"], RG, PASS),
        (["*/read"], RG, None),
        ([WRITE], MANAGER, None),
    ],
)
def test_tag_writers(
    verdicts: Verdicts, rbac: Any, actions: list[str], at: str, status: Status | None
) -> None:
    role, grant = rbac.role("writer", actions=actions), rbac.grant("ann", "writer", at)
    results = verdicts(tag_tamper, *BY_TAG, role, grant)
    found = [each for each in results if each.target.resource_id == grant["id"]]
    assert [each.status for each in found] == ([status] if status else [])


@pytest.mark.parametrize(
    "bodies",
    [
        (network(), policy(BY_NAME), assigned()),
        (network(tags={}), policy(), assigned()),
        (network(), policy()),
        (network(), policy(), assigned(), member()),
        (network(), policy(), assigned(), IDLE),
        (network(), policy({"anyOf": [BY_ENV, BY_NAME]}), assigned()),
    ],
)
def test_networks_that_no_tag_takes_in(
    verdicts: Verdicts, rbac: Any, bodies: tuple[Body, ...]
) -> None:
    role, grant = rbac.role("all", actions=["*"]), rbac.grant("ann", "all", NETWORK)
    whole = (manager(), group(), *bodies, role, grant)
    given = {each["id"]: each for each in whole}.values()
    [result] = verdicts(tag_tamper, *given)
    assert result.status is NA


@pytest.mark.parametrize("condition", [BY_ENV, {"allOf": [BY_ENV, BY_NAME]}])
def test_members_of_another_group_by_hand_are_kept_in_this_one_by_tags(
    verdicts: Verdicts, rbac: Any, condition: object
) -> None:
    role, grant = rbac.role("all", actions=["*"]), rbac.grant("ann", "all", NETWORK)
    others = (group(OTHER), member(OTHER), policy(condition), assigned())
    whole = (manager(), group(), network(), *others, role, grant)
    assert verdicts(tag_tamper, *whole).only(grant["id"]).status is WARN


def test_who_is_approved_of_may_write_tags(verdicts: Verdicts, rbac: Any) -> None:
    role, grant = rbac.role("all", actions=["*"]), rbac.grant("ann", "all", NETWORK)
    settings = Settings(approved_principals=("ANN",))
    [result] = verdicts(tag_tamper, *BY_TAG, role, grant, settings=settings)
    assert result.status is PASS


@pytest.mark.parametrize(
    ("view", "scope"),
    [
        (RoleAssignment, SUBSCRIPTION),
        (NetworkManager, SUBSCRIPTION),
        (PolicyAssignment, SUBSCRIPTION),
        (VirtualNetwork, SUBSCRIPTION),
        (NetworkGroup, MANAGER),
        (StaticMember, GROUP),
    ],
)
def test_tags_where_something_was_refused(
    verdicts: Verdicts, view: Any, scope: str
) -> None:
    [result] = verdicts(tag_tamper, *BY_TAG, unread=[(view, scope)])
    assert result.status is UNREAD
