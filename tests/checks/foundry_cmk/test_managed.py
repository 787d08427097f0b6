from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_cmk.managed import (
    CHECKS,
    cosmos_local_auth,
    cosmos_public,
    managed_diag,
    search_local_auth,
    search_public_open,
    storage_shared_key,
    storage_trusted,
)
from scanner.model.check import Check, Status
from scanner.model.insights import DiagnosticSetting
from scanner.model.machinelearning import Workspace
from scanner.model.perimeter import Association
from scanner.model.results import Result
from scanner.model.storage import BlobService

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"azureml-rg-hub_{'0' * 32}"
GROUP_ID = f"{SUBSCRIPTION}/resourceGroups/{GROUP}"
HUB = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers"
    "/Microsoft.MachineLearningServices/workspaces/hub"
)
STORAGE = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/st"
BLOBS = f"{STORAGE}/blobServices/default"
SEARCH = f"{GROUP_ID}/providers/Microsoft.Search/searchServices/srch"
COSMOS = f"{GROUP_ID}/providers/Microsoft.DocumentDB/databaseAccounts/db"
PERIMETER = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers"
    "/Microsoft.Network/networkSecurityPerimeters/ring"
)
ABOUT = {
    search_public_open.id: SEARCH,
    cosmos_public.id: COSMOS,
    storage_trusted.id: STORAGE,
    cosmos_local_auth.id: COSMOS,
    search_local_auth.id: SEARCH,
    storage_shared_key.id: STORAGE,
}
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, **properties: object) -> Body:
    return {"id": id, "properties": properties}


def hub(**properties: object) -> Body:
    given = {"serviceProvisionedResourceGroup": GROUP_ID, **properties}
    encryption = {"status": "Enabled", "storageAccountResourceId": STORAGE}
    return {"kind": "Hub", **body(HUB, encryption=encryption, **given)}


def judge(
    verdicts: Verdicts, check: Check[Any], *others: Body, **properties: object
) -> Result:
    about = ABOUT[check.id]
    return verdicts(check, hub(), body(about, **properties), *others).only(about)


@pytest.mark.parametrize("group", [ABSENT, GROUP_ID])
def test_what_encryption_on_the_service_side_left_behind(
    verdicts: Verdicts, group: object
) -> None:
    served = hub(
        enableServiceSideCMKEncryption=True, serviceProvisionedResourceGroup=group
    )
    for check, about in ABOUT.items():
        [each] = [one for one in CHECKS if one.id == check]
        found = verdicts(each, served, body(about, publicNetworkAccess="Disabled"))
        assert found.only().status is NONE


ACCESS = "publicNetworkAccess"


@pytest.mark.parametrize(
    ("check", "setting", "value", "expected"),
    [
        *(
            (search_public_open, ACCESS, value, expected)
            for value, expected in (
                ("Enabled", PASS),
                ("enabled", PASS),
                (None, PASS),
                (ABSENT, PASS),
                ("Disabled", FAIL),
                ("securedByPerimeter", FAIL),
                (False, UNREAD),
            )
        ),
        *(
            (cosmos_public, ACCESS, value, expected)
            for value, expected in (
                ("Enabled", INFO),
                (None, INFO),
                (ABSENT, INFO),
                ("disabled", WARN),
                ("SecuredByPerimeter", WARN),
                (0, UNREAD),
            )
        ),
        *(
            (check, "disableLocalAuth", value, expected)
            for check in (cosmos_local_auth, search_local_auth)
            for value, expected in (
                (False, PASS),
                (None, PASS),
                (ABSENT, PASS),
                (True, FAIL),
                ("true", UNREAD),
            )
        ),
        *(
            (storage_shared_key, "allowSharedKeyAccess", value, expected)
            for value, expected in (
                (True, PASS),
                (None, PASS),
                (ABSENT, PASS),
                (False, FAIL),
                ("false", UNREAD),
            )
        ),
    ],
)
def test_settings(
    verdicts: Verdicts,
    check: Check[Any],
    setting: str,
    value: object,
    expected: Status,
) -> None:
    result = judge(verdicts, check, **{setting: value})
    assert result.status is expected
    assert f"properties.{setting}" in [each.path for each in result.evidence]


TRUSTED = {"defaultAction": "Deny", "bypass": "AzureServices"}


@pytest.mark.parametrize(
    ("rules", "access", "expected"),
    [
        (TRUSTED, ABSENT, PASS),
        (
            {"defaultAction": "deny", "bypass": "Logging, AzureServices"},
            "Enabled",
            PASS,
        ),
        ({"defaultAction": "Deny"}, ABSENT, PASS),
        ({**TRUSTED, "defaultAction": "Allow"}, ABSENT, WARN),
        ({**TRUSTED, "defaultAction": None}, ABSENT, WARN),
        ({**TRUSTED, "bypass": "None"}, ABSENT, WARN),
        (ABSENT, ABSENT, WARN),
        ({**TRUSTED, "ipRules": [{"value": "198.51.100.7"}]}, ABSENT, WARN),
        ({**TRUSTED, "virtualNetworkRules": [{"id": "/x/subnets/s"}]}, ABSENT, WARN),
        ({**TRUSTED, "ipRules": [], "virtualNetworkRules": None}, ABSENT, PASS),
        ({**TRUSTED, "ipRules": ["198.51.100.7"]}, ABSENT, UNREAD),
        (TRUSTED, "Disabled", WARN),
        (TRUSTED, "SecuredByPerimeter", WARN),
        ("Deny", ABSENT, UNREAD),
        ({**TRUSTED, "bypass": ["AzureServices"]}, ABSENT, UNREAD),
    ],
)
def test_storage_firewall(
    verdicts: Verdicts, rules: object, access: object, expected: Status
) -> None:
    result = judge(
        verdicts, storage_trusted, networkAcls=rules, publicNetworkAccess=access
    )
    assert result.status is expected


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
class TestOthers:
    """What Azure did not make for encryption answers elsewhere."""

    def test_resources_of_ones_own(self, verdicts: Verdicts, check: Check[Any]) -> None:
        own = [
            body(one.replace(GROUP, "rg"), disableLocalAuth=True)
            for one in (STORAGE, SEARCH, COSMOS)
        ]
        [result] = verdicts(check, {**hub(), "kind": "Hub"}, *own)
        assert result.status is NONE
        assert result.target.resource_id.startswith("/tenants/")

    def test_whose_they_are_was_not_read(
        self, verdicts: Verdicts, check: Check[Any]
    ) -> None:
        trio = [body(one) for one in (STORAGE, SEARCH, COSMOS)]
        unread = [(Workspace, SUBSCRIPTION)]
        results = verdicts(check, *trio, unread=unread)
        assert {each.status for each in results} == {UNREAD}


def test_a_database_may_be_closed_beside_a_private_endpoint(verdicts: Verdicts) -> None:
    def told(state: str) -> Status:
        link = {"properties": {"privateLinkServiceConnectionState": {"status": state}}}
        database = body(COSMOS, publicNetworkAccess="Disabled")
        encrypted = hub(privateEndpointConnections=[link])
        return verdicts(cosmos_public, encrypted, database).only(COSMOS).status

    assert told("Approved") is INFO
    assert told("Pending") is WARN


@pytest.mark.parametrize(
    ("check", "broken", "fine"),
    [
        (search_public_open, FAIL, PASS),
        (storage_trusted, WARN, PASS),
        (cosmos_public, WARN, INFO),
    ],
)
def test_an_enforced_perimeter_closes_what_it_is_on(
    verdicts: Verdicts, check: Check[Any], broken: Status, fine: Status
) -> None:
    def told(mode: object) -> Result:
        target = {"id": ABOUT[check.id].upper()}
        link = {"privateLinkResource": target, "accessMode": mode}
        inside = body(f"{PERIMETER}/resourceAssociations/one", **link)
        others = (body(PERIMETER), inside)
        return judge(verdicts, check, *others, networkAcls=TRUSTED)

    assert told("Enforced").status is broken
    assert 'perimeter "ring" is enforced' in told("Enforced").reason
    assert told("Learning").status is told("Audit").status is fine
    assert told(ABSENT).status is UNREAD


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (None, PASS),
        ({"ipRules": []}, PASS),
        ({"ipRules": [{"value": "198.51.100.7"}]}, WARN),
        ({"ipRules": "198.51.100.7"}, UNREAD),
    ],
)
def test_a_firewall_may_keep_the_workspace_from_search(
    verdicts: Verdicts, rules: object, expected: Status
) -> None:
    result = judge(verdicts, search_public_open, networkRuleSet=rules)
    assert result.status is expected
    assert ("open to 1 address alone" in result.reason) is (expected is WARN)


@pytest.mark.parametrize("check", [search_public_open, storage_trusted, cosmos_public])
def test_perimeters_that_were_not_read(verdicts: Verdicts, check: Check[Any]) -> None:
    about = ABOUT[check.id]
    bodies = (hub(), body(about, networkAcls=TRUSTED), body(PERIMETER))
    unread = [(Association, PERIMETER)]
    assert verdicts(check, *bodies, unread=unread).only(about).status is UNREAD


def setting(
    at: str, *logs: str, group: str = "", to: object = "/w", **log: object
) -> Body:
    entries: list[Mapping[str, object]] = [
        {"category": each, "enabled": True, **log} for each in logs
    ]
    if group:
        entries = [*entries, {"categoryGroup": group, "enabled": True}]
    central = f"{at}/providers/Microsoft.Insights/diagnosticSettings/central"
    return body(central, logs=entries, workspaceId=to)


ALL_OF_BLOBS = ("StorageRead", "StorageWrite", "StorageDelete")


@pytest.mark.parametrize(
    ("at", "given", "expected"),
    [
        (COSMOS, setting(COSMOS, "DataPlaneRequests", "ControlPlaneRequests"), PASS),
        (COSMOS, setting(COSMOS, group="allLogs"), PASS),
        (COSMOS, setting(COSMOS, group="audit"), FAIL),
        (COSMOS, setting(COSMOS, "DataPlaneRequests"), WARN),
        (COSMOS, None, FAIL),
        (SEARCH, setting(SEARCH, "OperationLogs"), PASS),
        (SEARCH, setting(SEARCH, "OperationLogs", enabled=False), FAIL),
        (SEARCH, setting(SEARCH, "OperationLogs", enabled=None), FAIL),
        (SEARCH, setting(SEARCH, "OperationLogs", to=None), FAIL),
        (SEARCH, setting(SEARCH, "OperationLogs", enabled="yes"), UNREAD),
        (STORAGE, setting(BLOBS, *ALL_OF_BLOBS), PASS),
        (STORAGE, setting(BLOBS, "StorageDelete"), WARN),
        (STORAGE, None, FAIL),
    ],
)
def test_logs(
    verdicts: Verdicts, at: str, given: Body | None, expected: Status
) -> None:
    bodies = [hub(), body(at), *([body(BLOBS)] if at == STORAGE else [])]
    results = verdicts(managed_diag, *bodies, *([given] if given else []))
    assert results.only(at).status is expected


def test_logs_that_were_not_read(verdicts: Verdicts) -> None:
    bodies = (hub(), body(STORAGE), body(BLOBS), body(SEARCH))
    for unread in ((DiagnosticSetting, BLOBS), (BlobService, STORAGE)):
        results = verdicts(managed_diag, *bodies, unread=[unread])
        assert results.only(STORAGE).status is UNREAD
        assert results.only(SEARCH).status is FAIL
