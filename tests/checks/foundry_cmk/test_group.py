from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_cmk.group import (
    no_deny_assignment,
    policy_exempt,
    rg_lock,
    rg_modified,
    rg_writers,
)
from scanner.model.activity import ActivityEvent
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import Workspace
from scanner.model.policy import (
    Lock,
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
)
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "/tenants/aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/azureml-rg-hub_{'0' * 32}"
OTHER = f"{SUBSCRIPTION}/resourceGroups/other"
HUB = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers"
    "/Microsoft.MachineLearningServices/workspaces/hub"
)
COSMOS = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/db"
SEARCH = f"{GROUP}/providers/Microsoft.Search/searchServices/srch"
AUTHORIZATION = "/providers/Microsoft.Authorization"
DEFINITION = f"{AUTHORIZATION}/policyDefinitions/no-keys"
ASSIGNMENT = f"{SUBSCRIPTION}{AUTHORIZATION}/policyAssignments/no-keys"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def estate(identity: object = None) -> list[Body]:
    hub = body(
        HUB,
        encryption={"status": "Enabled", "cosmosDbResourceId": COSMOS},
        enableServiceSideCMKEncryption=False,
        serviceProvisionedResourceGroup=GROUP,
    )
    return [{**hub, "kind": "Hub", "identity": identity}, body(GROUP), body(COSMOS)]


def lock(level: object, at: str = GROUP) -> Body:
    return body(f"{at}{AUTHORIZATION}/locks/keep", level=level)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, INFO),
        (lock("CanNotDelete"), INFO),
        (lock("ReadOnly"), FAIL),
        (lock("readonly", SUBSCRIPTION), FAIL),
        (lock("ReadOnly", COSMOS), FAIL),
        (lock("ReadOnly", OTHER), INFO),
        (lock("ReadOnly", f"{GROUP}b"), INFO),
        (lock(None), INFO),
        (lock(1), UNREAD),
    ],
)
def test_locks(verdicts: Verdicts, given: Body | None, expected: Status) -> None:
    results = verdicts(rg_lock, *estate(), *([given] if given else []))
    assert results.only(GROUP).status is expected


def test_what_a_lock_keeps(verdicts: Verdicts) -> None:
    told = verdicts(rg_lock, *estate(), lock("CanNotDelete")).only(GROUP)
    assert "lock keep keeps it" in told.reason
    told = verdicts(rg_lock, *estate()).only(GROUP)
    assert told.reason.startswith("no lock")


def denial(at: str, **properties: object) -> Body:
    given = {"denyAssignmentName": "no", "scope": at, **properties}
    return body(f"{at}{AUTHORIZATION}/denyAssignments/no", **given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "no deny assignment"),
        (denial(GROUP), '1 deny assignment at it or above: "no"'),
        (denial(SUBSCRIPTION), "1 deny assignment"),
        (denial(COSMOS, scope=None), "1 deny assignment"),
        (denial(GROUP, doNotApplyToChildScopes=True), "1 deny assignment"),
        (denial(SUBSCRIPTION, doNotApplyToChildScopes=True), "no deny assignment"),
        (denial(OTHER), "no deny assignment"),
    ],
)
def test_deny_assignments(verdicts: Verdicts, given: Body | None, told: str) -> None:
    results = verdicts(no_deny_assignment, *estate(), *([given] if given else []))
    result = results.only(GROUP)
    assert result.status is INFO
    assert told in result.reason


@pytest.mark.parametrize(
    ("check", "view"),
    [
        (rg_lock, Lock),
        (no_deny_assignment, DenyAssignment),
        (rg_writers, RoleAssignment),
        (rg_writers, DenyAssignment),
    ],
)
def test_what_was_not_read(verdicts: Verdicts, check: Check[Any], view: Any) -> None:
    unread = [(view, SUBSCRIPTION)]
    assert verdicts(check, *estate(), unread=unread).only(GROUP).status is UNREAD


@pytest.mark.parametrize(
    "check", [rg_lock, no_deny_assignment, rg_writers, rg_modified]
)
def test_groups_of_ones_own(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, body(OTHER), body(GROUP))
    assert result.status is NONE
    unread = [(Workspace, SUBSCRIPTION)]
    results = verdicts(check, body(OTHER), body(GROUP), unread=unread)
    assert results.only(GROUP).status is UNREAD


@pytest.mark.parametrize(
    ("people", "settings", "expected"),
    [
        ("", Settings(), PASS),
        ("abc", Settings(), PASS),
        ("abcd", Settings(), WARN),
        ("abcd", Settings(managed_group_writer_warning=4), PASS),
        ("abcd", Settings(approved_principals=("A",)), PASS),
        ("abcd", Settings(break_glass_principals=("d",)), PASS),
        ("abcz", Settings(), PASS),
    ],
)
def test_writers(
    verdicts: Verdicts, rbac: Any, people: str, settings: Settings, expected: Status
) -> None:
    identity = {"type": "SystemAssigned", "principalId": "z"}
    grants = [rbac.grant(each, "writer", SUBSCRIPTION) for each in people]
    writer = rbac.role("writer", actions=["Microsoft.Search/*"])
    reader = rbac.role("reader", actions=["*/read"])
    others = [rbac.grant("e", "reader", GROUP), rbac.grant("f", "writer", OTHER)]
    later = rbac.grant("g", "writer", GROUP, eligible=True)
    bodies = [*estate(identity), writer, reader, *grants, *others, later]
    results = verdicts(rg_writers, *bodies, settings=settings)
    assert results.only(GROUP).status is expected


def test_one_writer_may_be_one_too_many(verdicts: Verdicts, rbac: Any) -> None:
    writer = rbac.role("writer", actions=["Microsoft.Search/*"])
    grant = rbac.grant("a", "writer", SUBSCRIPTION)
    settings = Settings(managed_group_writer_warning=0)
    results = verdicts(rg_writers, *estate(), writer, grant, settings=settings)
    assert results.only(GROUP).reason.startswith("1 principal can change")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([lock("readonly")], True),
        ([lock(1, SUBSCRIPTION), lock("ReadOnly")], True),
        ([lock("ReadOnly", SUBSCRIPTION)], True),
        ([lock("CanNotDelete")], False),
        ([lock("ReadOnly", COSMOS)], False),
        ([lock("ReadOnly", f"{GROUP}b")], False),
        ([], False),
    ],
)
@pytest.mark.parametrize(("limit", "status"), [(0, WARN), (1, PASS)])
def test_a_lock_holds_writers_off_for_now(
    verdicts: Verdicts,
    rbac: Any,
    given: list[Body],
    told: bool,
    limit: int,
    status: Status,
) -> None:
    settings = Settings(managed_group_writer_warning=limit)
    bodies = rbac.role("w", actions=["*"]), rbac.grant("ann", "w", GROUP), *given
    result = verdicts(rg_writers, *estate(), *bodies, settings=settings).only(GROUP)
    assert result.status is status
    assert (", once lock keep (ReadOnly) is taken away" in result.reason) is told


def test_writers_that_are_denied_it(verdicts: Verdicts, rbac: Any) -> None:
    writer = rbac.role("writer", actions=["*"])
    grants = [rbac.grant(each, "writer", GROUP) for each in "abcd"]
    denied = rbac.denial(GROUP, "*/write", ("a", "User"))
    results = verdicts(rg_writers, *estate(), writer, *grants, denied)
    assert results.only(GROUP).status is PASS


AZURE = "0736f41a-0425-4b46-bdb5-1563eff02385"
WRITE = "Microsoft.DocumentDB/databaseAccounts/write"


def event(operation: object = WRITE, number: int = 1, **content: object) -> Body:
    return {
        "id": f"{COSMOS}/events/{number}/ticks/1",
        "operationName": {"value": operation},
        "status": {"value": "Succeeded"},
        "caller": f"caller{number}",
        "correlationId": f"c{number}",
        "resourceId": COSMOS,
        **content,
    }


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], PASS),
        ([event()], WARN),
        ([event(WRITE.upper())], WARN),
        ([event("Microsoft.DocumentDB/databaseAccounts/delete")], WARN),
        ([event(claims={"appid": "another"})], WARN),
        ([event(claims={"appid": AZURE.upper()})], PASS),
        ([event(claims={"appid": AZURE}), event(number=2)], WARN),
        ([event("Microsoft.Insights/diagnosticSettings/write")], PASS),
        ([event("microsoft.authorization/locks/write")], PASS),
        ([event("Microsoft.DocumentDB/databaseAccounts/listKeys/action")], PASS),
        ([event(status={"value": "Failed"})], PASS),
        ([event(status=None)], PASS),
        ([event(None)], PASS),
        ([event(status="Succeeded")], UNREAD),
        ([event(7)], UNREAD),
    ],
)
def test_changes(verdicts: Verdicts, events: list[Body], expected: Status) -> None:
    assert verdicts(rg_modified, *estate(), *events).only(GROUP).status is expected


def test_changes_are_told_once(verdicts: Verdicts) -> None:
    twice = [event(), {**event(), "id": f"{COSMOS}/events/1b/ticks/2"}]
    results = verdicts(rg_modified, *estate(), *twice, event(number=2))
    told = results.only(GROUP).reason
    assert told == '2 changes by others: caller1 on "db", caller2 on "db"'


def test_that_there_is_no_change_or_lock_is_evidence(verdicts: Verdicts) -> None:
    for check in (rg_modified, rg_lock):
        result = verdicts(check, *estate()).only(GROUP)
        assert [each.value for each in result.evidence if not each.value] == [[]]


def test_changes_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(ActivityEvent, GROUP)]
    assert verdicts(rg_modified, *estate(), unread=unread).only(GROUP).status is UNREAD


def definition(
    id: str = DEFINITION, alias: str = "databaseAccounts/disableLocalAuth"
) -> Body:
    rule = {
        "if": {"field": f"Microsoft.DocumentDB/{alias}", "notEquals": True},
        "then": {"effect": "[parameters('effect')]"},
    }
    return body(id, policyRule=rule, parameters={"effect": {"type": "String"}})


def assignment(effect: str = "Modify", id: str = ASSIGNMENT, **more: object) -> Body:
    given = {
        "policyDefinitionId": DEFINITION,
        "parameters": {"effect": {"value": effect}},
        "scope": id.partition(AUTHORIZATION)[0],
        **more,
    }
    return body(id, **given)


def exemption(at: str = GROUP, **more: object) -> Body:
    given = {"policyAssignmentId": ASSIGNMENT, **more}
    return body(f"{at}{AUTHORIZATION}/policyExemptions/leave", **given)


OVER, LATER = "2026-08-01T00:00:00Z", "2027-08-01T00:00:00Z"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([assignment("Modify")], FAIL),
        ([assignment("deployIfNotExists")], FAIL),
        ([assignment("Append")], FAIL),
        ([assignment("Deny")], WARN),
        ([assignment("Audit")], WARN),
        ([assignment("AuditIfNotExists")], WARN),
        ([assignment("Disabled")], PASS),
        ([assignment(enforcementMode="DoNotEnforce")], PASS),
        ([assignment(enforcementMode=None)], FAIL),
        ([assignment(notScopes=[GROUP.upper()])], PASS),
        ([assignment(notScopes=[OTHER])], FAIL),
        ([assignment(notScopes=None)], FAIL),
        ([assignment(notScopes="none")], UNREAD),
        ([assignment(parameters={})], UNREAD),
        ([assignment(), exemption()], PASS),
        ([assignment(), exemption(COSMOS, expiresOn=LATER)], PASS),
        ([assignment(), exemption(OTHER)], FAIL),
        ([assignment(), exemption(expiresOn=OVER)], FAIL),
        ([assignment("Deny"), exemption(expiresOn=OVER)], FAIL),
        ([assignment("Deny"), exemption(OTHER, expiresOn=OVER)], WARN),
        ([assignment("Disabled"), exemption(expiresOn=OVER)], PASS),
    ],
)
def test_policies(verdicts: Verdicts, given: list[Body], expected: Status) -> None:
    results = verdicts(policy_exempt, *estate(), definition(), *given)
    assert results.only(ASSIGNMENT).status is expected


KEYS = "Microsoft.DocumentDB/databaseAccounts/disableLocalAuth"
KEYS_ON = {"field": KEYS, "notEquals": True}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (KEYS_ON, FAIL),
        ({"field": KEYS, "equals": False}, FAIL),
        ({"field": KEYS, "exists": False}, FAIL),
        ({"field": KEYS, "equals": True}, PASS),
        ({"allOf": [KEYS_ON, {"field": "tags['a']", "equals": "b"}]}, PASS),
        ({"allOf": [KEYS_ON, {"field": "kind", "equals": "MongoDB"}]}, FAIL),
    ],
)
def test_whom_a_rule_is_for(
    verdicts: Verdicts, condition: Body, expected: Status
) -> None:
    own = definition()
    own["properties"]["policyRule"]["if"] = condition
    results = verdicts(policy_exempt, *estate(), own, assignment())
    assert results.only(ASSIGNMENT).status is expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (KEYS, True, FAIL),
        (KEYS, "[parameters('off')]", FAIL),
        (KEYS, False, PASS),
        ("tags['env']", "prod", PASS),
    ],
)
def test_what_a_rule_changes(
    verdicts: Verdicts, field: str, value: object, expected: Status
) -> None:
    own = definition()
    change = {"operation": "addOrReplace", "field": field, "value": value}
    own["properties"]["policyRule"]["then"]["details"] = {"operations": [change]}
    results = verdicts(policy_exempt, *estate(), own, assignment())
    assert results.only(ASSIGNMENT).status is expected


@pytest.mark.parametrize(
    "bodies",
    [
        [*estate(), definition(alias="databaseAccounts/minimalTlsVersion")],
        [*estate()[1:], definition()],
        [*estate()[:2], definition()],
        [*estate()],
    ],
)
def test_policies_that_touch_nothing(verdicts: Verdicts, bodies: list[Body]) -> None:
    [result] = verdicts(policy_exempt, *bodies, assignment())
    assert (result.status, result.target.resource_id) == (NONE, TENANT)


def test_policies_beside_the_group(verdicts: Verdicts) -> None:
    beside = assignment(id=ASSIGNMENT.replace(SUBSCRIPTION, OTHER))
    [result] = verdicts(policy_exempt, *estate(), definition(), beside)
    assert result.status is NONE


def test_policies_on_search(verdicts: Verdicts) -> None:
    closing = definition()
    field = "Microsoft.Search/searchServices/publicNetworkAccess"
    closing["properties"]["policyRule"]["if"] = {"field": field, "equals": "Enabled"}
    results = verdicts(policy_exempt, *estate(), body(SEARCH), closing, assignment())
    result = results.only(ASSIGNMENT)
    assert result.status is FAIL
    assert "modify on srch" in result.reason


@pytest.mark.parametrize(
    ("view", "scope"),
    [
        (Workspace, SUBSCRIPTION),
        (CosmosAccount, SUBSCRIPTION),
        (PolicyExemption, SUBSCRIPTION),
        (PolicyDefinition, TENANT),
    ],
)
def test_policies_where_something_was_not_read(
    verdicts: Verdicts, view: Any, scope: str
) -> None:
    bodies = [*estate(), definition(), assignment()]
    results = verdicts(policy_exempt, *bodies, unread=[(view, scope)])
    assert results.only(ASSIGNMENT).status is UNREAD


def test_assignments_that_were_not_read(verdicts: Verdicts) -> None:
    bodies, unread = [*estate(), definition()], [(PolicyAssignment, SUBSCRIPTION)]
    [result] = verdicts(policy_exempt, *bodies, assignment(), unread=unread)
    assert result.status is UNREAD
