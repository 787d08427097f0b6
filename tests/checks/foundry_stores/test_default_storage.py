from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_stores.default_storage import (
    default_storage_policy_conflict,
    default_storage_shared_hubs,
)
from scanner.model.check import Status
from scanner.model.machinelearning import Workspace
from scanner.model.policy import (
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
)
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
PROJECT = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/project"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
PROVIDER = "/providers/Microsoft.Authorization"
BUILT_IN = f"{PROVIDER}/policyDefinitions/8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54"
CUSTOM = f"{SUBSCRIPTION}{PROVIDER}/policyDefinitions/no-keys"
ASSIGNMENT = f"{SUBSCRIPTION}{PROVIDER}/policyAssignments/no-keys"
ABSENT = ...

PASS, WARN = Status.PASS, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def workspace(
    id: str = HUB, kind: object = "Hub", mode: object = "accesskey", **changes: object
) -> Body:
    tags = changes.pop("tags", ABSENT)
    properties = {"systemDatastoresAuthMode": mode, "storageAccount": STORAGE}
    return body(id, {**properties, **changes}, kind=kind, tags=tags)


def project(**changes: object) -> Body:
    return workspace(PROJECT, "Project", **changes)


def storage(tags: object = ABSENT) -> Body:
    return body(STORAGE, {}, tags=tags)


@pytest.mark.parametrize(
    ("other", "status"),
    [
        (workspace(f"{HUB}2"), WARN),
        (workspace(f"{HUB}2", "Default", storageAccount=STORAGE.upper()), WARN),
        (workspace(f"{HUB}2", ABSENT), WARN),
        (workspace(f"{HUB}2", "FeatureStore"), PASS),
        (workspace(f"{HUB}2", storageAccount=f"{STORAGE}2"), PASS),
        (project(), PASS),
    ],
)
def test_storage_of_two_hubs(verdicts: Verdicts, other: Body, status: Status) -> None:
    result = verdicts(default_storage_shared_hubs, workspace(), other).only(HUB)
    assert result.status is status
    assert ("hub2" in result.reason) is (status is WARN)


@pytest.mark.parametrize(
    ("storage", "status"), [(None, NONE), (ABSENT, NONE), ("", NONE), (7, UNREAD)]
)
def test_storage_that_is_not_named(
    verdicts: Verdicts, storage: object, status: Status
) -> None:
    hub = workspace(storageAccount=storage)
    assert verdicts(default_storage_shared_hubs, hub).only(HUB).status is status


def test_hubs_elsewhere_unread(verdicts: Verdicts) -> None:
    vague = workspace(f"{HUB}2", storageAccount=[STORAGE])
    result = verdicts(default_storage_shared_hubs, workspace(), vague).only(HUB)
    assert result.status is UNREAD
    third = workspace(f"{HUB}3")
    results = verdicts(default_storage_shared_hubs, workspace(), vague, third)
    assert results.only(HUB).status is WARN


@pytest.mark.parametrize(
    ("own", "other", "status"),
    [
        ({"businessUnit": "Claims"}, {"Cost-Center": "claims"}, PASS),
        ({"businessUnit": "Claims"}, {"bu": "Marine"}, WARN),
        ({"businessUnit": "Claims"}, {"team": "Marine"}, PASS),
        ({"businessUnit": "Claims"}, {}, PASS),
        ({"businessUnit": "Claims"}, None, PASS),
        (ABSENT, {"Department": "Marine"}, PASS),
        ({"businessUnit": "Claims"}, "Marine", UNREAD),
    ],
)
def test_storage_of_another_business_unit(
    verdicts: Verdicts, own: object, other: object, status: Status
) -> None:
    bodies = workspace(tags=own), storage(other)
    result = verdicts(default_storage_shared_hubs, *bodies).only(HUB)
    assert result.status is status


def test_which_tags_name_a_business_unit(verdicts: Verdicts) -> None:
    bodies = workspace(tags={"team": "a"}), storage({"Te_am": "b"})
    settings = Settings(business_unit_tags=("TEAM",))
    results = verdicts(default_storage_shared_hubs, *bodies, settings=settings)
    assert results.only(HUB).status is WARN
    assert verdicts(default_storage_shared_hubs, *bodies).only(HUB).status is PASS


ALIAS = "Microsoft.Storage/storageAccounts/allowSharedKeyAccess"


def definition(
    id: str = BUILT_IN,
    effect: str = "[parameters('effect')]",
    field: str = ALIAS,
    condition: Body | None = None,
    **then: object,
) -> Body:
    known = condition or {"field": field, "notEquals": False}
    rule = {"if": known, "then": {"effect": effect, **then}}
    parameters = {"effect": {"type": "String", "defaultValue": "Audit"}}
    return body(id, {"parameters": parameters, "policyRule": rule})


def assignment(
    effect: str | None = "Deny", what: str = BUILT_IN, **changes: object
) -> Body:
    known: Body = {"policyDefinitionId": what, "scope": SUBSCRIPTION}
    if effect:
        known["parameters"] = {"effect": {"value": effect}}
    return body(ASSIGNMENT, {**known, **changes})


IN_A_VALUE = {"value": f"[field('{ALIAS.lower()}')]", "notEquals": False}


def all_of(condition: Body) -> Body:
    return {"allOf": [condition, {"field": ALIAS, "notEquals": False}]}


def exemption(**changes: object) -> Body:
    own = f"{STORAGE}{PROVIDER}/policyExemptions/later"
    return body(own, {"policyAssignmentId": ASSIGNMENT, **changes})


def judged(verdicts: Verdicts, *bodies: Body, **more: Any) -> Status:
    results = verdicts(default_storage_policy_conflict, *bodies, **more)
    return results.only(ASSIGNMENT).status


@pytest.mark.parametrize(
    ("effect", "status"),
    [
        ("Deny", WARN),
        ("modify", WARN),
        ("DeployIfNotExists", WARN),
        ("Audit", PASS),
        ("Disabled", PASS),
        (None, PASS),
    ],
)
def test_what_policies_do(
    verdicts: Verdicts, effect: str | None, status: Status
) -> None:
    bodies = definition(), assignment(effect), workspace(), storage()
    assert judged(verdicts, *bodies) is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([assignment(enforcementMode="DoNotEnforce"), workspace()], PASS),
        ([assignment(notScopes=[GROUP]), workspace()], PASS),
        ([assignment(), exemption(), workspace()], PASS),
        (
            [assignment(), exemption(expiresOn="2020-01-01T00:00:00Z"), workspace()],
            WARN,
        ),
        ([assignment(), workspace(kind="Project")], WARN),
        ([assignment(), workspace(kind="Default")], WARN),
        ([assignment(), workspace(kind="FeatureStore")], PASS),
        ([assignment(), workspace(mode=None)], WARN),
        ([assignment(), workspace(mode="identity")], PASS),
        ([assignment(), workspace(mode="UserDelegationSAS")], PASS),
        ([assignment(), workspace(mode=ABSENT)], UNREAD),
        ([assignment(), workspace(mode=ABSENT), project()], WARN),
        ([assignment(), workspace(storageAccount=None)], PASS),
        ([assignment(), workspace(storageAccount=f"{STORAGE}2")], PASS),
        ([assignment(), workspace(storageAccount=3)], UNREAD),
        ([assignment()], PASS),
        (
            [assignment(what=CUSTOM), definition(CUSTOM, "[concat('d')]"), workspace()],
            UNREAD,
        ),
        ([assignment(what=CUSTOM), definition(CUSTOM), workspace()], WARN),
        (
            [
                assignment(what=CUSTOM),
                definition(CUSTOM, condition=IN_A_VALUE),
                workspace(),
            ],
            WARN,
        ),
        ([assignment("Audit", CUSTOM), definition(CUSTOM), workspace()], PASS),
        ([assignment(None, CUSTOM), definition(CUSTOM, "deny"), workspace()], WARN),
    ],
)
def test_what_policies_break(
    verdicts: Verdicts, bodies: list[Body], status: Status
) -> None:
    assert judged(verdicts, definition(), *bodies, storage()) is status


@pytest.mark.parametrize(
    ("condition", "allowed", "status"),
    [
        ({"field": ALIAS, "equals": False}, None, PASS),
        ({"field": ALIAS, "equals": False}, True, PASS),
        ({"field": ALIAS, "equals": True}, None, PASS),
        ({"field": ALIAS, "equals": "true"}, True, WARN),
        ({"field": ALIAS, "equals": True}, False, WARN),
        ({"field": ALIAS, "notEquals": "false"}, None, WARN),
        (all_of({"field": "location", "equals": "eastus"}), None, PASS),
        (all_of({"field": "identity.type", "exists": True}), None, UNREAD),
        ({"field": ALIAS, "notEquals": False}, 7, UNREAD),
    ],
)
def test_whom_a_rule_is_for(
    verdicts: Verdicts, condition: Body, allowed: object, status: Status
) -> None:
    account = storage()
    account["properties"] = {"allowSharedKeyAccess": allowed}
    own = definition(CUSTOM, "deny", condition=condition)
    bodies = own, assignment(None, CUSTOM), workspace(), account
    assert judged(verdicts, *bodies) is status


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [(ALIAS, False, WARN), (ALIAS, True, PASS), ("tags['env']", "prod", PASS)],
)
def test_what_a_rule_sets(
    verdicts: Verdicts, field: str, value: object, status: Status
) -> None:
    change = {"operation": "addOrReplace", "field": field, "value": value}
    own = definition(CUSTOM, "modify", details={"operations": [change]})
    bodies = own, assignment(None, CUSTOM), workspace(), storage()
    assert judged(verdicts, *bodies) is status


def test_other_policies_are_left_out(verdicts: Verdicts) -> None:
    other = definition(CUSTOM, field="Microsoft.Storage/storageAccounts/sku.name")
    bodies = other, assignment(what=CUSTOM), workspace(), storage()
    [result] = verdicts(default_storage_policy_conflict, *bodies)
    assert result.target.resource_id.startswith("/tenants/")


def test_what_breaks_is_cited(verdicts: Verdicts) -> None:
    bodies = definition(), assignment(), workspace(), storage()
    results = verdicts(default_storage_policy_conflict, *bodies)
    seen = {(each.resource_id, each.path) for each in results.only(ASSIGNMENT).evidence}
    assert (HUB, "properties.systemDatastoresAuthMode") in seen
    assert (ASSIGNMENT, "properties.policyDefinitionId") in seen


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (Workspace, UNREAD),
        (StorageAccount, UNREAD),
        (PolicyExemption, UNREAD),
        (PolicyDefinition, UNREAD),
    ],
)
def test_what_cannot_be_seen(verdicts: Verdicts, view: Any, status: Status) -> None:
    bodies = definition(), assignment(), workspace(), storage()
    unread = [(view, SUBSCRIPTION)]
    if view is PolicyDefinition:
        bodies = definition(), assignment(what=CUSTOM), workspace(), storage()
    assert judged(verdicts, *bodies, unread=unread) is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([workspace()], UNREAD),
        ([workspace(mode=ABSENT)], UNREAD),
        ([workspace(mode="identity")], UNREAD),
        ([], UNREAD),
    ],
)
def test_a_policy_that_cannot_be_told(
    verdicts: Verdicts, bodies: list[Body], status: Status
) -> None:
    given = definition(CUSTOM), assignment(what=CUSTOM), storage(), *bodies
    unread: list[Any] = [(PolicyDefinition, SUBSCRIPTION)]
    results = verdicts(default_storage_policy_conflict, *given, unread=unread)
    assert {each.status for each in results} == {status}
    unread.append((Workspace, SUBSCRIPTION))
    results = verdicts(default_storage_policy_conflict, *given, unread=unread)
    assert {each.status for each in results} == {UNREAD}


def test_assignments_unread(verdicts: Verdicts) -> None:
    unread = [(PolicyAssignment, SUBSCRIPTION)]
    results = verdicts(default_storage_policy_conflict, workspace(), unread=unread)
    assert {each.status for each in results} == {UNREAD}
