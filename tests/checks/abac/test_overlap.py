"""Conditions of role assignments beside other grants, accounts and networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.abac.overlap import tag_self_escalation, unconditioned_overlap
from checks.abac.reach import env_network, hns_tags, key_bypass, opportunity
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import Workspace
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

ID = "aaaaaaaa-0000-0000-0000-000000000001"
TENANT = f"/tenants/{ID}"
TOP = "/providers/Microsoft.Management/managementGroups/top"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
FOREIGN = "/subscriptions/cccccccc-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
LAKE, POND = f"{STORAGE}/lake", f"{STORAGE}/pond"
CONTAINER = f"{LAKE}/blobServices/default/containers/in"

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
BLOBS = f"{CONTAINERS}/blobs"
READ, WRITE, TAGS_WRITE = (
    f"{BLOBS}/{name}" for name in ("read", "write", "tags/write")
)
NAME = f"@Resource[{CONTAINERS}:name] StringEquals 'public'"
LEVEL = f"@Resource[{BLOBS}/tags:Level<$key_case_sensitive$>]"
SENT = f"@Request[{BLOBS}/tags:Level<$key_case_sensitive$>] StringEquals 'low'"
LOW = f"{LEVEL} StringEquals 'low'"
KEPT = f"{SENT} AND {LOW}"
ACCOUNT = "@Resource[Microsoft.Storage/storageAccounts"
SENT_ELSE = SENT.replace("Level", "Project")


def block(rest: str, *actions: str) -> str:
    guards = [f"!(ActionMatches{{'{action}'}})" for action in actions]
    return f"(({' AND '.join(guards)}) OR ({rest}))"


NAMED = block(NAME, READ)
TAGGED = block(f"{LEVEL} StringEquals 'low'", READ)


@pytest.fixture
def roles(rbac: Any) -> list[Body]:
    return [
        rbac.role("reader", dataActions=[READ]),
        rbac.role("editor", dataActions=[READ, WRITE]),
        rbac.role("tagger", dataActions=[TAGS_WRITE]),
        rbac.role("owner", dataActions=[f"{BLOBS}/*"]),
        rbac.role("keys", actions=["Microsoft.Storage/*/listKeys/action"]),
        rbac.role("admin", actions=["*"]),
    ]


@pytest.fixture
def judge(verdicts: Verdicts, roles: list[Body]) -> Callable[..., Result]:
    """Return a function that judges one assignment among others."""

    def one(check: Check[Any], judged: Body, *bodies: Body, **more: Any) -> Result:
        results = verdicts(check, judged, *bodies, *roles, **more)
        for result in results:
            assert "internal error" not in result.reason
        return results.only(judged["id"])

    return one


def team(group: str, *members: str) -> list[Body]:
    ids = [object_id(ID, group), *(member_id(ID, group, each) for each in members)]
    kinds = ["group", *("user" for _ in members)]
    return [
        {"id": each, "kind": kind, "properties": {}}
        for each, kind in zip(ids, kinds, strict=True)
    ]


def cited(result: Result) -> set[str]:
    return {each.resource_id.rpartition("/")[2] for each in result.evidence}


class TestOverlap:
    @pytest.mark.parametrize(
        ("role", "at", "status"),
        [
            ("reader", GROUP, Status.FAIL),
            ("owner", SUBSCRIPTION, Status.FAIL),
            ("editor", LAKE, Status.FAIL),
            ("reader", CONTAINER, Status.PASS),
            ("reader", POND, Status.PASS),
            ("admin", GROUP, Status.PASS),
            ("tagger", GROUP, Status.PASS),
        ],
    )
    def test_another_grant(
        self, judge: Any, rbac: Any, role: str, at: str, status: Status
    ) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        other = rbac.grant("ANN", role, at)
        if id_of(narrow) == id_of(other):
            other = rbac.grant("ann", "editor", LAKE)
        result = judge(unconditioned_overlap, narrow, other)
        assert result.status is status
        if status is Status.FAIL:
            assert "read is also held without a condition" in result.reason
            assert {f"ANN-{role}", role} <= cited(result)

    def test_what_else_is_held_is_evidence(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=TAGGED)
        both = f"{TAGGED} AND {block(KEPT, WRITE)}"
        other = rbac.grant("ann", "editor", GROUP, condition=both)
        idle = rbac.grant("ann", "admin", GROUP)
        for check in (unconditioned_overlap, tag_self_escalation):
            result = judge(check, narrow, other, idle)
            assert result.status is Status.PASS
            assert "ann-editor" in cited(result)
            assert "ann-admin" not in cited(result)

    def test_somebody_else(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        result = judge(unconditioned_overlap, narrow, rbac.grant("bob", "owner", GROUP))
        assert (result.status, "members" in result.reason) == (Status.PASS, False)

    @pytest.mark.parametrize("condition", [NAMED, block(NAME, READ, WRITE)])
    def test_another_condition(self, judge: Any, rbac: Any, condition: str) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        other = rbac.grant("ann", "editor", GROUP, condition=condition)
        assert judge(unconditioned_overlap, narrow, other).status is Status.PASS
        other = rbac.grant("ann", "editor", GROUP, condition=block(NAME, WRITE))
        assert judge(unconditioned_overlap, narrow, other).status is Status.FAIL

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ("@Environment[UtcNow] DateTimeGreaterThan '2020-01-01T00:00Z'", "fail"),
            ("@Environment[UtcNow] DateTimeGreaterThan '2099-01-01T00:00Z'", "pass"),
            (f"@Resource[{CONTAINERS}:name] StringNotEquals 'a' OR !({NAME})", "fail"),
        ],
    )
    def test_another_condition_that_asks_nothing(
        self, judge: Any, rbac: Any, asked: str, status: str
    ) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        other = rbac.grant("ann", "editor", GROUP, condition=block(asked, READ))
        assert judge(unconditioned_overlap, narrow, other).status.value == status

    def test_what_has_to_be_activated_first(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        other = rbac.grant("ann", "owner", GROUP, eligible=True)
        result = judge(unconditioned_overlap, narrow, other)
        assert result.status is Status.WARN
        assert "once activated" in result.reason

    def test_groups_that_were_not_read(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        crew = rbac.grant("crew", "reader", GROUP, "Group")
        result = judge(unconditioned_overlap, narrow, crew)
        assert result.status is Status.PASS
        assert "the members of 1 group were not read" in result.reason
        same = rbac.grant("crew", "reader", GROUP, "Group", condition=NAMED)
        assert "members" not in judge(unconditioned_overlap, narrow, same).reason

    @pytest.mark.parametrize("check", [unconditioned_overlap, tag_self_escalation])
    def test_what_a_member_of_the_group_holds(
        self, judge: Any, rbac: Any, check: Check[Any]
    ) -> None:
        narrow = rbac.grant("crew", "reader", LAKE, "Group", condition=TAGGED)
        other = rbac.grant("bob", "owner", GROUP)
        result = judge(check, narrow, other)
        assert result.status is Status.PASS
        assert "the members of 1 group were not read" in result.reason
        result = judge(check, narrow, other, *team("crew", "ann", "bob"))
        assert result.status is Status.FAIL
        assert "of its member user bob" in result.reason
        assert "bob-owner" in cited(result)
        later = rbac.grant("bob", "owner", GROUP, eligible=True)
        assert judge(check, narrow, later, *team("crew", "bob")).status is Status.WARN
        result = judge(check, narrow, other, *team("crew", "ann"))
        assert (result.status, "members" in result.reason) == (Status.PASS, False)

    def test_a_principal_of_no_known_type(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, 5, condition=NAMED)
        result = judge(unconditioned_overlap, narrow)
        assert result.status is Status.NOT_ASSESSED

    def test_what_is_restricted_by_exception_only(self, judge: Any, rbac: Any) -> None:
        both = block(NAME, READ) + " OR " + block(NAME, WRITE)
        narrow = rbac.grant("ann", "editor", LAKE, condition=both)
        result = judge(unconditioned_overlap, narrow, rbac.grant("ann", "owner", GROUP))
        assert result.status is Status.NOT_APPLICABLE

    @pytest.mark.parametrize("principal", [None, 5])
    def test_a_principal_that_is_not_there(
        self, judge: Any, rbac: Any, principal: object
    ) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        narrow["properties"]["principalId"] = principal
        result = judge(unconditioned_overlap, narrow)
        assert result.status is Status.NOT_ASSESSED


def id_of(body: Body) -> str:
    return str(body["id"]).lower()


class TestSelfEscalation:
    @pytest.mark.parametrize(
        ("role", "condition", "status", "word"),
        [
            ("reader", TAGGED, Status.PASS, "cannot set the tags"),
            ("editor", TAGGED, Status.FAIL, "blobs/write of the same role"),
            (
                "editor",
                f"{TAGGED} AND {block(SENT, WRITE)}",
                Status.WARN,
                "may replace the tags",
            ),
            (
                "editor",
                f"{TAGGED} AND {block(KEPT, WRITE)}",
                Status.PASS,
                "cannot set the tags",
            ),
            ("owner", TAGGED, Status.FAIL, "tags/write and Microsoft.Storage"),
            ("tagger", TAGGED, Status.NOT_APPLICABLE, "does not read"),
            (
                "editor",
                block(f"{LEVEL} StringEquals 'low'", WRITE),
                Status.NOT_APPLICABLE,
                "does not depend on their tags",
            ),
        ],
    )
    def test_its_own_role(
        self,
        judge: Any,
        rbac: Any,
        role: str,
        condition: str,
        status: Status,
        word: str,
    ) -> None:
        narrow = rbac.grant("ann", role, LAKE, condition=condition)
        result = judge(tag_self_escalation, narrow)
        assert result.status is status
        assert word in result.reason

    @pytest.mark.parametrize(
        ("role", "at", "more", "status"),
        [
            ("tagger", LAKE, {}, Status.FAIL),
            ("editor", GROUP, {}, Status.FAIL),
            ("editor", GROUP, {"condition": NAMED}, Status.FAIL),
            ("editor", GROUP, {"condition": block(SENT, WRITE)}, Status.WARN),
            ("editor", GROUP, {"condition": block(KEPT, WRITE)}, Status.PASS),
            ("editor", GROUP, {"condition": block(SENT_ELSE, WRITE)}, Status.FAIL),
            ("editor", GROUP, {"condition": block("false", WRITE)}, Status.PASS),
            ("editor", GROUP, {"eligible": True}, Status.WARN),
            ("tagger", CONTAINER, {}, Status.FAIL),
            ("tagger", CONTAINER, {"eligible": True}, Status.WARN),
            ("tagger", POND, {}, Status.PASS),
            ("tagger", f"{LAKE}2", {}, Status.PASS),
            ("admin", GROUP, {}, Status.PASS),
        ],
    )
    def test_another_assignment(
        self,
        judge: Any,
        rbac: Any,
        role: str,
        at: str,
        more: dict[str, Any],
        status: Status,
    ) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=TAGGED)
        result = judge(tag_self_escalation, narrow, rbac.grant("ann", role, at, **more))
        assert result.status is status
        if status is not Status.PASS:
            assert "by another grant" in result.reason
            assert f"ann-{role}" in cited(result)

    def test_the_worse_of_two_ways_is_told(self, judge: Any, rbac: Any) -> None:
        sent = f"{TAGGED} AND {block(SENT, WRITE)}"
        narrow = rbac.grant("ann", "editor", LAKE, condition=sent)
        result = judge(tag_self_escalation, narrow, rbac.grant("ann", "tagger", LAKE))
        assert result.status is Status.FAIL
        narrow = rbac.grant("ann", "reader", LAKE, condition=TAGGED)
        some = rbac.grant("ann", "editor", GROUP, condition=block(SENT, WRITE))
        result = judge(tag_self_escalation, narrow, some)
        assert "may relabel blobs it must not read" in result.reason
        soon = rbac.grant("ann", "tagger", LAKE, eligible=True)
        result = judge(tag_self_escalation, narrow, some, soon)
        assert (result.status, "can set tags" in result.reason) == (Status.WARN, True)
        result = judge(
            tag_self_escalation, narrow, some, rbac.grant("ann", "tagger", LAKE)
        )
        assert result.status is Status.FAIL

    def test_another_condition_that_cannot_be_read(self, judge: Any, rbac: Any) -> None:
        narrow = rbac.grant("ann", "reader", LAKE, condition=TAGGED)
        other = rbac.grant("ann", "tagger", LAKE, condition="(")
        result = judge(tag_self_escalation, narrow, other)
        assert result.status is Status.NOT_ASSESSED
        assert "cannot be read" in result.reason
        unknown = block("@Request[a] StringNearly 'low'", WRITE)
        vague = rbac.grant("ann", "editor", LAKE, condition=unknown)
        result = judge(tag_self_escalation, narrow, vague)
        assert result.status is Status.NOT_ASSESSED
        sure = rbac.grant("ann", "editor", GROUP)
        result = judge(tag_self_escalation, narrow, other, sure)
        assert result.status is Status.FAIL

    def test_more_may_be_held_below(
        self, verdicts: Verdicts, rbac: Any, roles: list[Body]
    ) -> None:
        narrow = rbac.grant("ann", "reader", TOP, condition=TAGGED)
        group = {"id": TOP, "properties": {}}
        unread = [(RoleAssignment, SUBSCRIPTION)]
        bodies = (narrow, group, *roles)
        parents = {SUBSCRIPTION: TOP}
        results = verdicts(tag_self_escalation, *bodies, parents=parents, unread=unread)
        found = {each.target.resource_id: each.status for each in results}
        assert found.get(narrow["id"]) is Status.NOT_ASSESSED


# Networks

ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{NETWORK}/subnets/apps"
GONE = f"{ENDPOINT}2"


def from_endpoint(named: str = ENDPOINT, how: str = "StringEqualsIgnoreCase") -> str:
    path = "@Environment[Microsoft.Network/privateEndpoints]"
    return block(f"{path} {how} '{named}'", READ)


def from_subnet(named: str = SUBNET) -> str:
    path = "@Environment[Microsoft.Network/virtualNetworks/subnets]"
    return block(f"{path} StringEqualsIgnoreCase '{named}'", READ)


THERE: tuple[Body, ...] = (
    {"id": ENDPOINT, "properties": {}},
    {"id": NETWORK, "properties": {"subnets": [{"id": SUBNET}]}},
)


class TestNetwork:
    @pytest.mark.parametrize(
        ("condition", "status", "word"),
        [
            (
                block("@Environment[isPrivateLink] BoolEquals true", READ),
                "pass",
                "no single network",
            ),
            (
                block("@Environment[isPrivateLink] BoolEquals false", READ),
                "fail",
                "refused",
            ),
            (from_endpoint(), "pass", "1 network by id"),
            (from_endpoint(ENDPOINT.upper()), "pass", "1 network by id"),
            (from_endpoint(how="StringEquals"), "warn", "IgnoreCase"),
            (
                from_endpoint(f"{ENDPOINT}2"),
                "fail",
                "does not exist: privateEndpoints pe2",
            ),
            (from_endpoint("pe"), "fail", "not the id"),
            (
                from_endpoint(f"{GROUP}/*", "StringLikeIgnoreCase"),
                "pass",
                "no single network",
            ),
            (
                from_endpoint(f"{GONE}*", "StringLikeIgnoreCase"),
                "pass",
                "no single network",
            ),
            (
                from_endpoint(GONE, "StringStartsWithIgnoreCase"),
                "pass",
                "no single network",
            ),
            (
                from_endpoint(GROUP, "StringStartsWithIgnoreCase"),
                "pass",
                "no single network",
            ),
            (
                from_endpoint(GONE, "StringNotEqualsIgnoreCase"),
                "pass",
                "no single network",
            ),
            (
                f"{block(NAME, READ)} AND !({from_endpoint(GONE)})",
                "pass",
                "no single network",
            ),
            (from_endpoint("pe", "StringNotEqualsIgnoreCase"), "warn", "not the id"),
            (from_subnet(), "pass", "1 network by id"),
            (from_subnet(f"{NETWORK}/subnets/gone"), "fail", "subnets gone"),
            (from_subnet(f"{NETWORK}2/subnets/apps"), "fail", "subnets apps"),
            (
                from_endpoint(
                    f"{FOREIGN}/resourceGroups/r{ENDPOINT.partition('/rg')[2]}"
                ),
                "fail",
                "pe",
            ),
        ],
    )
    def test_what_is_named(
        self, judge: Any, rbac: Any, condition: str, status: str, word: str
    ) -> None:
        result = judge(
            env_network, rbac.grant("a", "reader", LAKE, condition=condition), *THERE
        )
        assert result.status == status
        assert word in result.reason

    def test_an_endpoint_of_others_that_is_connected(
        self, judge: Any, rbac: Any
    ) -> None:
        named = ENDPOINT.replace(SUBSCRIPTION, FOREIGN)
        connection = {"properties": {"privateEndpoint": {"id": named}}}
        lake = account(privateEndpointConnections=[connection])
        grant = rbac.grant("a", "reader", LAKE, condition=from_endpoint(named))
        assert judge(env_network, grant, lake).status is Status.PASS
        assert judge(env_network, grant, account()).status is Status.FAIL
        unread = [(StorageAccount, SUBSCRIPTION)]
        result = judge(env_network, grant, lake, unread=unread)
        assert result.status is Status.NOT_ASSESSED
        odd = account(privateEndpointConnections="none")
        assert judge(env_network, grant, odd).status is Status.NOT_ASSESSED

    @pytest.mark.parametrize(
        ("state", "status"),
        [
            ("Approved", Status.PASS),
            ("Pending", Status.PASS),
            (None, Status.PASS),
            ("disconnected", Status.FAIL),
            ("Rejected", Status.FAIL),
            (5, Status.NOT_ASSESSED),
        ],
    )
    def test_an_endpoint_whose_connection_was_cut(
        self, judge: Any, rbac: Any, state: object, status: Status
    ) -> None:
        named = ENDPOINT.replace(SUBSCRIPTION, FOREIGN)
        properties = {
            "privateEndpoint": {"id": named},
            "privateLinkServiceConnectionState": {"status": state},
        }
        lake = account(privateEndpointConnections=[{"properties": properties}])
        grant = rbac.grant("a", "reader", LAKE, condition=from_endpoint(named))
        assert judge(env_network, grant, lake).status is status

    def test_outside_the_scan(self, judge: Any, rbac: Any) -> None:
        named = ENDPOINT.replace(SUBSCRIPTION, FOREIGN)
        grant = rbac.grant("a", "reader", LAKE, condition=from_endpoint(named))
        for scan in ({"whole_tenant": False}, {"left_out": [FOREIGN[15:]]}):
            result = judge(env_network, grant, *THERE, **scan)
            assert result.status is Status.NOT_ASSESSED
            assert "outside the scan" in result.reason
        both = f"{from_endpoint(named)} AND {from_endpoint(f'{ENDPOINT}2')}"
        grant = rbac.grant("a", "reader", LAKE, condition=both)
        result = judge(env_network, grant, *THERE, whole_tenant=False)
        assert result.status is Status.FAIL

    @pytest.mark.parametrize(
        ("view", "condition"),
        [(PrivateEndpoint, from_endpoint()), (VirtualNetwork, from_subnet())],
    )
    def test_refused(self, judge: Any, rbac: Any, view: Any, condition: str) -> None:
        grant = rbac.grant("a", "reader", LAKE, condition=condition)
        unread = [(view, SUBSCRIPTION)]
        result = judge(env_network, grant, *THERE, unread=unread)
        assert result.status is Status.NOT_ASSESSED
        assert "AuthorizationFailed" in result.reason


# Accounts


def account(at: str = LAKE, /, tags: object = None, **properties: Any) -> Body:
    return {"id": at, "kind": "StorageV2", "tags": tags, "properties": properties}


ACCOUNTS = [
    (key_bypass, NAMED, "allowSharedKeyAccess", False),
    (hns_tags, TAGGED, "isHnsEnabled", True),
]


@pytest.mark.parametrize(("check", "condition", "field", "value"), ACCOUNTS)
class TestAccounts:
    def test_by_scope(
        self,
        judge: Any,
        rbac: Any,
        check: Check[Any],
        condition: str,
        field: str,
        value: bool,
    ) -> None:
        bad = value if check is hns_tags else not value
        lakes = (account(**{field: not bad}), account(POND, **{field: bad}))
        for at, status in (
            (LAKE, Status.PASS),
            (CONTAINER, Status.PASS),
            (POND, Status.FAIL),
            (f"{POND}/blobServices/default/containers/in", Status.FAIL),
            (GROUP, Status.FAIL),
            (SUBSCRIPTION, Status.FAIL),
            ("/", Status.FAIL),
            (f"{STORAGE}/gone", Status.NOT_APPLICABLE),
            (f"{SUBSCRIPTION}/resourceGroups/empty", Status.NOT_APPLICABLE),
        ):
            grant = rbac.grant("ann", "reader", at, condition=condition)
            grant["id"] = grant["id"].replace("//", "/")
            result = judge(check, grant, *lakes)
            assert result.status is status, at
            if status is Status.FAIL:
                assert "pond" in result.reason
                assert "lake" not in result.reason
                assert {each.path for each in result.evidence} >= {
                    f"properties.{field}"
                }

    @pytest.mark.parametrize("written", [None, ..., True, False, "true", 1])
    def test_values(
        self,
        judge: Any,
        rbac: Any,
        check: Check[Any],
        condition: str,
        field: str,
        value: bool,
        written: object,
    ) -> None:
        properties = {} if written is ... else {field: written}
        grant = rbac.grant("ann", "reader", LAKE, condition=condition)
        result = judge(check, grant, account(**properties))
        if isinstance(written, str | int) and not isinstance(written, bool):
            assert result.status is Status.NOT_ASSESSED
            assert f"malformed: properties.{field}" in result.reason
            return
        is_set = written is value
        fails = is_set if check is hns_tags else not is_set
        assert result.status is (Status.FAIL if fails else Status.PASS)

    def test_gaps(
        self,
        judge: Any,
        rbac: Any,
        check: Check[Any],
        condition: str,
        field: str,
        value: bool,
    ) -> None:
        unread = [(StorageAccount, SUBSCRIPTION)]
        for at in (LAKE, GROUP, "/"):
            grant = rbac.grant("ann", "reader", at, condition=condition)
            grant["id"] = grant["id"].replace("//", "/")
            result = judge(check, grant, unread=unread)
            assert result.status is Status.NOT_ASSESSED
            assert "AuthorizationFailed" in result.reason

    def test_a_narrowed_scan(
        self,
        judge: Any,
        rbac: Any,
        check: Check[Any],
        condition: str,
        field: str,
        value: bool,
    ) -> None:
        good = account(allowSharedKeyAccess=False, isHnsEnabled=False)
        grant = rbac.grant("ann", "reader", "/", condition=condition)
        grant["id"] = grant["id"].replace("//", "/")
        result = judge(check, grant, good, whole_tenant=False)
        assert result.status is Status.PASS
        assert "(lower bound: not all was scanned)" in result.reason


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (f"{ACCOUNT}:name] StringEquals 'pond' AND {LOW}", Status.PASS),
        (f"{ACCOUNT}:name] StringNotEqualsIgnoreCase 'LAKE' AND {LOW}", Status.PASS),
        (f"{ACCOUNT}:isHnsEnabled] BoolEquals false AND {LOW}", Status.PASS),
        (f"{ACCOUNT}:isHnsEnabled] BoolEquals true OR {LOW}", Status.PASS),
        (f"{ACCOUNT}:isHnsEnabled] BoolEquals true AND {LOW}", Status.FAIL),
        (f"{ACCOUNT}:name] StringEquals 'lake' AND {LOW}", Status.FAIL),
        (f"{ACCOUNT}:name] StringEquals 'pond' OR {LOW}", Status.FAIL),
        (LOW, Status.FAIL),
    ],
)
@pytest.mark.parametrize("role", ["reader", "unknown"])
def test_hierarchical_accounts_that_a_condition_leaves_out(
    judge: Any, rbac: Any, role: str, asked: str, status: Status
) -> None:
    grant = rbac.grant("ann", role, GROUP, condition=block(asked, READ))
    stores = account(isHnsEnabled=True), account(POND, isHnsEnabled=False)
    assert judge(hns_tags, grant, *stores).status is status


class TestKeyBypass:
    def test_who_lists_the_keys_itself(self, judge: Any, rbac: Any) -> None:
        grant = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        keys = rbac.grant("ann", "keys", GROUP)
        result = judge(key_bypass, grant, keys, account())
        assert "its principal lists the keys by keys" in result.reason
        assert "ann-keys" in cited(result)
        result = judge(key_bypass, grant, keys, account(allowSharedKeyAccess=False))
        assert result.status is Status.PASS

    def test_the_advice_where_workspaces_need_the_keys(
        self, judge: Any, rbac: Any
    ) -> None:
        provider = "Microsoft.MachineLearningServices/workspaces"
        properties = {"storageAccount": LAKE, "systemDatastoresAuthMode": "accesskey"}
        hub = {"id": f"{GROUP}/providers/{provider}/hub", "properties": properties}
        grant = rbac.grant("ann", "reader", LAKE, condition=NAMED)
        result = judge(key_bypass, grant, hub, account())
        assert result.remediation.startswith("Leave the keys of lake on for now: ")
        assert Workspace.type == provider
        result = judge(key_bypass, grant, account())
        assert "Set `allowSharedKeyAccess` to false" in result.remediation

    def test_the_advice_where_encryption_needs_the_keys(
        self, judge: Any, rbac: Any
    ) -> None:
        provider = "Microsoft.MachineLearningServices/workspaces"
        encryption = {"status": "Enabled", "storageAccountResourceId": POND}
        properties = {"encryption": encryption, "enableServiceSideCMKEncryption": False}
        hub = {"id": f"{GROUP}/providers/{provider}/hub", "properties": properties}
        grant = rbac.grant("ann", "reader", POND, condition=NAMED)
        advice = judge(key_bypass, grant, hub, account(POND)).advice
        assert advice.startswith("Leave the keys of pond on: ")
        assert advice.endswith("(foundry-cmk-storage-shared-key).")
        grant = rbac.grant("ann", "reader", GROUP, condition=NAMED)
        advice = judge(key_bypass, grant, hub, account(POND), account(LAKE)).advice
        assert "Set allowSharedKeyAccess of the others to false" in advice

    def test_accounts_for_files_alone_are_left_out(self, judge: Any, rbac: Any) -> None:
        files = account(f"{LAKE}files", {"classification": "secret"})
        files["kind"] = "FileStorage"
        lake = account(allowSharedKeyAccess=False)
        grant = rbac.grant("ann", "reader", GROUP, condition=NAMED)
        assert judge(key_bypass, grant, files, lake).status is Status.PASS
        assert judge(key_bypass, grant, files).status is Status.NOT_APPLICABLE
        free = rbac.grant("ann", "reader", GROUP)
        assert judge(opportunity, free, files, lake).status is Status.PASS

    def test_other_services_are_left_out(self, verdicts: Verdicts, rbac: Any) -> None:
        secrets = "Microsoft.KeyVault/vaults/secrets"
        condition = block(
            f"@Resource[{secrets}:name] StringEquals 'a'", f"{secrets}/getSecret/action"
        )
        grant = rbac.grant("ann", "reader", LAKE, condition=condition)
        [result] = verdicts(key_bypass, grant, account())
        assert result.target.resource_id == TENANT


class TestOpportunity:
    @pytest.mark.parametrize(
        ("tags", "users", "status", "word"),
        [
            ({"dataClassification": "confidential"}, 1, Status.INFO, "lake is marked"),
            ({"Data-Classification": ""}, 0, Status.INFO, "lake is marked"),
            ({"env": "prod"}, 2, Status.INFO, "several workspaces keep data in lake"),
            ({"env": "prod"}, 1, Status.PASS, "no account"),
            ({}, 0, Status.PASS, "no account"),
            (None, 0, Status.PASS, "no account"),
        ],
    )
    def test_accounts(
        self,
        judge: Any,
        rbac: Any,
        tags: object,
        users: int,
        status: Status,
        word: str,
    ) -> None:
        provider = "Microsoft.MachineLearningServices/workspaces"
        hubs = [
            {
                "id": f"{GROUP}/providers/{provider}/hub{number}",
                "properties": {"storageAccount": LAKE},
            }
            for number in range(users)
        ]
        grant = rbac.grant("ann", "reader", GROUP, condition=None)
        result = judge(opportunity, grant, account(tags=tags), *hubs)
        assert result.status is status
        assert word in result.reason

    def test_the_tags_that_count(self, judge: Any, rbac: Any) -> None:
        grant = rbac.grant("ann", "owner", LAKE)
        marked = account(tags={"secrecy level": "3"})
        settings = Settings(sensitivity_tags=("Secrecy-Level",))
        assert judge(opportunity, grant, marked, settings=settings).status == "info"
        assert judge(opportunity, grant, marked).status == "pass"

    @pytest.mark.parametrize(
        ("role", "at", "more"),
        [
            ("reader", LAKE, {"condition": NAMED}),
            ("reader", CONTAINER, {}),
            ("tagger", LAKE, {}),
            ("admin", LAKE, {}),
        ],
    )
    def test_what_is_left_out(
        self,
        verdicts: Verdicts,
        roles: list[Body],
        rbac: Any,
        role: str,
        at: str,
        more: dict[str, Any],
    ) -> None:
        grant = rbac.grant("ann", role, at, **more)
        [result] = verdicts(opportunity, grant, account(), *roles)
        assert result.status is Status.NOT_APPLICABLE
        assert result.target.resource_id == TENANT

    def test_where_there_is_no_account(self, judge: Any, rbac: Any) -> None:
        grant = rbac.grant("ann", "reader", f"{SUBSCRIPTION}/resourceGroups/empty")
        assert judge(opportunity, grant, account()).status is Status.NOT_APPLICABLE

    def test_a_role_that_is_not_known(self, judge: Any, rbac: Any) -> None:
        grant = rbac.grant("ann", "unknown", LAKE)
        result = judge(opportunity, grant, account(tags={"sensitivity": "high"}))
        assert result.status is Status.NOT_ASSESSED
        assert "the definition of role unknown was not read" in result.reason

    @pytest.mark.parametrize("view", [StorageAccount, Workspace])
    def test_gaps(self, judge: Any, rbac: Any, view: Any) -> None:
        unread = [(view, SUBSCRIPTION)]
        for at in (LAKE, GROUP, "/"):
            grant = rbac.grant("ann", "reader", at)
            grant["id"] = grant["id"].replace("//", "/")
            result = judge(opportunity, grant, account(), unread=unread)
            assert result.status is Status.NOT_ASSESSED
            assert "AuthorizationFailed" in result.reason

    @pytest.mark.parametrize("field", ["condition", "roleDefinitionId"])
    def test_malformed(self, judge: Any, rbac: Any, field: str) -> None:
        grant = rbac.grant("ann", "reader", LAKE)
        grant["properties"][field] = 5
        result = judge(opportunity, grant, account())
        assert result.status is Status.NOT_ASSESSED
        assert f"malformed: properties.{field}" in result.reason


def test_refused(verdicts: Verdicts, rbac: Any, roles: list[Body]) -> None:
    grant = rbac.grant("ann", "reader", LAKE, condition=TAGGED)
    for check in (unconditioned_overlap, tag_self_escalation, hns_tags, opportunity):
        unread = [(RoleAssignment, SUBSCRIPTION)]
        [result] = verdicts(check, grant, *roles, account(), unread=unread)
        assert result.status is Status.NOT_ASSESSED
        assert result.target.resource_id == SUBSCRIPTION
