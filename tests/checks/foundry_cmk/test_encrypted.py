from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_cmk.encrypted import (
    cmk_cost,
    cmk_method,
    cmk_required,
    hub_private_endpoint,
    managed_rg_found,
)
from checks.shared.encryption import TRIO
from scanner.model.check import Check, Status
from scanner.model.documentdb import CosmosAccount
from scanner.model.machinelearning import Workspace
from scanner.model.resources import ResourceGroup
from scanner.model.results import Result
from scanner.model.search import SearchService
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
WORKSPACES = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers"
    "/Microsoft.MachineLearningServices/workspaces"
)
HUB, PROJECT = f"{WORKSPACES}/hub", f"{WORKSPACES}/project"
GROUP = f"azureml-rg-hub_{'0' * 32}"
GROUP_ID = f"{SUBSCRIPTION}/resourceGroups/{GROUP}"
PARTS = {
    StorageAccount: f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/st",
    SearchService: f"{GROUP_ID}/providers/Microsoft.Search/searchServices/srch",
    CosmosAccount: f"{GROUP_ID}/providers/Microsoft.DocumentDB/databaseAccounts/db",
}
NAMES = {
    "storageAccountResourceId": PARTS[StorageAccount],
    "searchAccountResourceId": PARTS[SearchService],
    "cosmosDbResourceId": PARTS[CosmosAccount],
}
ABSENT = ...

PASS, FAIL, INFO = Status.PASS, Status.FAIL, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def workspace(
    status: object = "Enabled",
    kind: object = "Hub",
    id: str = HUB,
    names: Mapping[str, object] = NAMES,
    **properties: object,
) -> Body:
    given = {
        "enableServiceSideCMKEncryption": False,
        "serviceProvisionedResourceGroup": GROUP_ID,
        "encryption": {"status": status, **names},
        **properties,
    }
    return {"id": id, "kind": kind, "properties": given}


def trio(*left_out: object) -> list[Body]:
    group = {"id": GROUP_ID, "properties": {}}
    found = [view for view in TRIO if view not in left_out]
    parts = [{"id": PARTS[view], "properties": {}} for view in found]
    return ([] if ResourceGroup in left_out else [group]) + parts


@pytest.mark.parametrize(
    ("status", "required", "expected"),
    [
        ("Enabled", True, PASS),
        ("enabled", True, PASS),
        ("Disabled", True, FAIL),
        (None, True, FAIL),
        ("Enabled", False, INFO),
        (None, False, INFO),
        (3, True, UNREAD),
    ],
)
def test_required(
    verdicts: Verdicts, status: object, required: bool, expected: Status
) -> None:
    settings = Settings(require_cmk=required)
    result = verdicts(cmk_required, workspace(status), settings=settings).only(HUB)
    assert result.status is expected


def test_required_without_encryption(verdicts: Verdicts) -> None:
    bare = workspace(encryption=ABSENT)
    results = verdicts(cmk_required, bare, settings=Settings(require_cmk=True))
    assert results.only(HUB).status is FAIL


@pytest.mark.parametrize(
    ("hub", "expected"),
    [
        (workspace(), PASS),
        (workspace(None), FAIL),
        (None, FAIL),
    ],
)
def test_a_project_is_encrypted_as_its_hub(
    verdicts: Verdicts, hub: Body | None, expected: Status
) -> None:
    project = workspace(None, "Project", PROJECT, hubResourceId=HUB)
    bodies = [project, *([hub] if hub else [])]
    results = verdicts(cmk_required, *bodies, settings=Settings(require_cmk=True))
    assert results.only(PROJECT).status is expected


def test_a_hub_outside_the_scan_may_be_encrypted(verdicts: Verdicts) -> None:
    hub_id = HUB.replace(SUBSCRIPTION, ELSEWHERE)
    project = workspace(None, "Project", PROJECT, hubResourceId=hub_id)
    results = verdicts(cmk_required, project, settings=Settings(require_cmk=True))
    assert results.only(PROJECT).status is UNREAD


@pytest.mark.parametrize("check", [cmk_method, cmk_cost, managed_rg_found])
@pytest.mark.parametrize("kind", ["Project", "FeatureStore"])
def test_only_what_is_encrypted_itself_answers(
    verdicts: Verdicts, check: Check[Any], kind: str
) -> None:
    [result] = verdicts(check, workspace(kind=kind))
    assert result.status is NONE
    [result] = verdicts(check, workspace("Disabled"))
    assert result.target.resource_id.startswith("/tenants/")


NOTHING: dict[str, Any] = {"serviceProvisionedResourceGroup": None, "names": {}}


def test_a_group_that_is_called_as_managed_ones_tells_the_method(
    verdicts: Verdicts,
) -> None:
    silent = workspace(**NOTHING, enableServiceSideCMKEncryption=ABSENT)
    result = verdicts(cmk_method, silent, *trio()).only(HUB)
    assert "managed resources" in result.reason
    assert verdicts(managed_rg_found, silent, *trio()).only(HUB).status is PASS
    refused = [(ResourceGroup, SUBSCRIPTION)]
    assert verdicts(cmk_method, silent, unread=refused).only(HUB).status is UNREAD


def test_managed_resources_in_another_subscription(verdicts: Verdicts) -> None:
    names = {key: name.replace(SUBSCRIPTION, ELSEWHERE) for key, name in NAMES.items()}
    apart = workspace(names=names, serviceProvisionedResourceGroup=None)
    parts = [
        {**each, "id": str(each["id"]).replace(SUBSCRIPTION, ELSEWHERE)}
        for each in trio()
    ]
    elsewhere = {"id": ELSEWHERE, "subscriptionId": ELSEWHERE.rpartition("/")[2]}
    result = verdicts(managed_rg_found, apart, elsewhere, *parts).only(HUB)
    assert result.status is PASS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "managed resources"),
        ({"enableServiceSideCMKEncryption": True}, "service side"),
        ({"enableServiceSideCMKEncryption": ABSENT}, "managed resources"),
        ({"enableServiceSideCMKEncryption": None, "names": {}}, "managed resources"),
        ({**NOTHING, "enableServiceSideCMKEncryption": None}, None),
        ({"enableServiceSideCMKEncryption": "yes"}, None),
    ],
)
def test_method(
    verdicts: Verdicts, changes: dict[str, Any], expected: str | None
) -> None:
    result = verdicts(cmk_method, workspace(**changes)).only(HUB)
    assert result.status is (INFO if expected else UNREAD)
    assert expected is None or expected in result.reason
    cost = verdicts(cmk_cost, workspace(**changes)).only(HUB)
    assert cost.status is result.status


@pytest.mark.parametrize(
    ("left_out", "changes", "expected"),
    [
        ((), {}, PASS),
        ((), {"kind": ABSENT}, PASS),
        ((), {"serviceProvisionedResourceGroup": GROUP}, PASS),
        ((), {"serviceProvisionedResourceGroup": ABSENT}, PASS),
        ((), {"names": {}}, PASS),
        ((), NOTHING, PASS),
        ((ResourceGroup,), {}, FAIL),
        ((ResourceGroup, *TRIO), NOTHING, FAIL),
        *(((view,), {}, FAIL) for view in TRIO),
        *(((view,), NOTHING, FAIL) for view in TRIO),
        ((ResourceGroup,), {"enableServiceSideCMKEncryption": True}, NONE),
        ((), {"serviceProvisionedResourceGroup": 5}, UNREAD),
    ],
)
def test_managed_group(
    verdicts: Verdicts,
    left_out: tuple[object, ...],
    changes: dict[str, Any],
    expected: Status,
) -> None:
    bodies = [workspace(**changes), *trio(*left_out)]
    assert verdicts(managed_rg_found, *bodies).only(HUB).status is expected


@pytest.mark.parametrize("view", [ResourceGroup, *TRIO])
@pytest.mark.parametrize("changes", [{}, NOTHING])
def test_what_was_not_read_is_not_gone(
    verdicts: Verdicts, view: Any, changes: dict[str, Any]
) -> None:
    bodies, unread = [workspace(**changes), *trio()], [(view, SUBSCRIPTION)]
    result = verdicts(managed_rg_found, *bodies, unread=unread).only(HUB)
    assert result.status is UNREAD


def test_hubs_reach_their_database(verdicts: Verdicts) -> None:
    def told(*states: str, **changes: Any) -> Result:
        connections = [
            {"properties": {"privateLinkServiceConnectionState": {"status": state}}}
            for state in states
        ]
        hub = workspace(privateEndpointConnections=connections or None, **changes)
        return verdicts(hub_private_endpoint, hub).only(HUB)

    assert "one of Azure's own" in told("Pending", "Approved").reason
    assert "public address" in told("Pending").reason
    assert told().status is INFO
    assert told(enableServiceSideCMKEncryption=True).status is NONE


def test_hubs_whose_list_was_not_read(verdicts: Verdicts) -> None:
    unread = [(Workspace, SUBSCRIPTION)]
    for check in (cmk_required, cmk_method, managed_rg_found, hub_private_endpoint):
        [result] = verdicts(check, workspace(), unread=unread)
        assert result.status is UNREAD
