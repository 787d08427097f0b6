from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_basics.basics import (
    CHECKS,
    hub_public_disabled,
    managed_network_isolation,
    storage_hardened,
)
from scanner.model.check import Check, Status
from scanner.model.machinelearning import Workspace
from scanner.model.network import PrivateEndpoint
from scanner.model.perimeter import Association
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data"
ENDPOINTS = f"{PROVIDERS}/Microsoft.Network/privateEndpoints"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "location": "eastus", "properties": {**properties}, **top}


def workspace(id: str = HUB, kind: object = "Hub", **properties: object) -> Body:
    secure = {
        "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
        "publicNetworkAccess": "Disabled",
        "storageAccount": STORAGE,
    }
    return body(id, {**secure, **properties}, kind=kind)


def storage(id: str = STORAGE, **properties: object) -> Body:
    secure = {
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"},
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "privateEndpointConnections": [],
    }
    return body(id, {**secure, **properties})


def endpoint(group: str, state: str = "Approved", target: str = STORAGE) -> Body:
    connection = {
        "properties": {
            "privateLinkServiceId": target,
            "groupIds": [group],
            "privateLinkServiceConnectionState": {"status": state},
        }
    }
    return body(
        f"{ENDPOINTS}/data-{group}", {"privateLinkServiceConnections": [connection]}
    )


BOTH = (endpoint("blob"), endpoint("file"))


def test_every_check_is_in_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "foundry-managed-network-isolation",
        "foundry-hub-public-disabled",
        "foundry-storage-hardened",
    ]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_documentation_is_whole(check: Check[Any]) -> None:
    page = check.documentation
    assert page.reads.startswith("Reads `properties.")
    assert {"Why it matters", "How to fix", "References"} <= set(page.sections)
    assert page.fix.endswith(".")
    assert all(block in page.sections["How to fix"] for block in ("```sh", "```bicep"))


ISOLATION = "properties.managedNetwork.isolationMode"


@pytest.mark.parametrize(
    ("network", "status"),
    [
        ({"isolationMode": "AllowOnlyApprovedOutbound"}, PASS),
        ({"isolationMode": "allowonlyapprovedoutbound"}, PASS),
        ({"isolationMode": "AllowInternetOutbound"}, WARN),
        ({"isolationMode": "Disabled"}, FAIL),
        ({"isolationMode": "Sideways"}, WARN),
        ({"isolationMode": None}, FAIL),
        ({}, FAIL),
        (None, FAIL),
        (ABSENT, FAIL),
        ({"isolationMode": ["Disabled"]}, UNREAD),
        ("AllowOnlyApprovedOutbound", UNREAD),
    ],
)
def test_isolation(verdicts: Verdicts, network: object, status: Status) -> None:
    hub = workspace(managedNetwork=network)
    assert verdicts(managed_network_isolation, hub).only(HUB).status is status


def test_isolation_evidence(verdicts: Verdicts) -> None:
    results = verdicts(managed_network_isolation, workspace())
    assert results.evidence(HUB)[HUB, ISOLATION] == "AllowOnlyApprovedOutbound"


@pytest.mark.parametrize("kind", ["Project", "Default", "FeatureStore", ABSENT, None])
def test_isolation_is_about_hubs(verdicts: Verdicts, kind: object) -> None:
    [result] = verdicts(managed_network_isolation, workspace(kind=kind))
    assert result.target.resource_id.startswith("/tenants/")


def test_isolation_without_properties(verdicts: Verdicts) -> None:
    hub = {"id": HUB, "kind": "hub"}
    assert verdicts(managed_network_isolation, hub).only(HUB).status is UNREAD


def test_isolation_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(
        managed_network_isolation, workspace(), unread=[(Workspace, SUBSCRIPTION)]
    )
    assert result.status is UNREAD


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"publicNetworkAccess": "disabled"}, PASS),
        ({"publicNetworkAccess": "Enabled"}, FAIL),
        ({"publicNetworkAccess": ABSENT}, FAIL),
        ({"publicNetworkAccess": None}, FAIL),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, WARN),
        ({"publicNetworkAccess": True}, UNREAD),
        ({"allowPublicAccessWhenBehindVnet": True}, FAIL),
        ({"allowPublicAccessWhenBehindVnet": False}, PASS),
        ({"allowPublicAccessWhenBehindVnet": None}, PASS),
        ({"allowPublicAccessWhenBehindVnet": "true"}, UNREAD),
        (
            {
                "publicNetworkAccess": "Enabled",
                "allowPublicAccessWhenBehindVnet": True,
            },
            FAIL,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["Hub", "project"])
def test_public_access(
    verdicts: Verdicts, kind: str, changes: Mapping[str, Any], status: Status
) -> None:
    result = verdicts(hub_public_disabled, workspace(kind=kind, **changes)).only(HUB)
    assert result.status is status


@pytest.mark.parametrize("kind", ["Default", "FeatureStore", ABSENT])
def test_public_access_is_about_hubs_and_projects(
    verdicts: Verdicts, kind: object
) -> None:
    [result] = verdicts(hub_public_disabled, workspace(kind=kind))
    assert result.target.resource_id.startswith("/tenants/")


def test_public_access_evidence(verdicts: Verdicts) -> None:
    hub = workspace(publicNetworkAccess=ABSENT)
    seen = verdicts(hub_public_disabled, hub).evidence(HUB)
    assert seen[HUB, "properties.publicNetworkAccess"] is None
    assert seen[HUB, "properties.allowPublicAccessWhenBehindVnet"] is None


OPEN = {"defaultAction": "Allow"}


def behind(*addresses: str) -> Body:
    rules = [{"value": each, "action": "Allow"} for each in addresses]
    firewall = {"defaultAction": "Deny", "ipRules": rules}
    return {"publicNetworkAccess": "Enabled", "networkAcls": firewall}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, PASS, ()),
        ({"publicNetworkAccess": "Enabled"}, PASS, ()),
        ({"networkAcls": OPEN}, PASS, ()),
        (
            {"publicNetworkAccess": "Enabled", "networkAcls": OPEN},
            FAIL,
            ("networkAcls",),
        ),
        (
            {"publicNetworkAccess": ABSENT, "networkAcls": ABSENT},
            FAIL,
            ("publicNetworkAccess",),
        ),
        ({"publicNetworkAccess": None, "networkAcls": None}, FAIL, ("networkAcls",)),
        (
            {"networkAcls": {"defaultAction": "Deny", "bypass": "Logging, Metrics"}},
            PASS,
            (),
        ),
        (
            {
                "publicNetworkAccess": "Enabled",
                "networkAcls": {
                    "defaultAction": "Deny",
                    "bypass": "Logging, AzureServices",
                },
            },
            PASS,
            (),
        ),
        (behind("0.0.0.0/1", "128.0.0.0/1"), FAIL, ("ipRules let in 0.0.0.0/1",)),
        ({**behind("0.0.0.0/0"), "publicNetworkAccess": "Disabled"}, PASS, ()),
        (behind("198.51.100.7"), PASS, ("closed to public networks but for 1",)),
        (behind("somewhere"), UNREAD, ()),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, WARN, ("perimeter",)),
        ({"allowBlobPublicAccess": True}, FAIL, ("allowBlobPublicAccess",)),
        ({"allowBlobPublicAccess": ABSENT}, FAIL, ("allowBlobPublicAccess",)),
        ({"allowBlobPublicAccess": None}, FAIL, ("allowBlobPublicAccess",)),
        ({"minimumTlsVersion": "TLS1_3"}, PASS, ()),
        ({"minimumTlsVersion": "TLS1_1"}, FAIL, ("TLS1_1",)),
        ({"minimumTlsVersion": ABSENT}, FAIL, ("TLS1_0",)),
        (
            {
                "publicNetworkAccess": "Enabled",
                "networkAcls": OPEN,
                "allowBlobPublicAccess": True,
                "minimumTlsVersion": "TLS1_0",
            },
            FAIL,
            ("networkAcls", "allowBlobPublicAccess", "TLS1_0"),
        ),
        ({"allowBlobPublicAccess": "false"}, UNREAD, ()),
        ({"networkAcls": "Deny"}, UNREAD, ()),
        ({"privateEndpointConnections": "none"}, UNREAD, ()),
        ({"privateEndpointConnections": ABSENT}, PASS, ()),
    ],
)
def test_storage(
    verdicts: Verdicts,
    changes: Mapping[str, Any],
    status: Status,
    words: tuple[str, ...],
) -> None:
    results = verdicts(storage_hardened, workspace(), storage(**changes), *BOTH)
    result = results.only(STORAGE)
    assert result.status is status
    assert all(word in result.reason for word in words)


OTHERS = "99999999-0000-0000-0000-000000000009"
ANY = "providers/Microsoft.MachineLearningServices/workspaces/*"


@pytest.mark.parametrize(
    ("rule", "status", "told"),
    [
        ({}, PASS, "but for 1 resource rule"),
        ({"tenantId": TENANT.upper(), "resourceId": HUB.upper()}, PASS, ""),
        ({"resourceId": f"{SUBSCRIPTION}/resourcegroups/RG/{ANY}"}, PASS, ""),
        ({"resourceId": f"{SUBSCRIPTION}/resourcegroups/two/{ANY}"}, WARN, "every "),
        ({"resourceId": f"{SUBSCRIPTION}/resourcegroups/*/{ANY}"}, WARN, "every "),
        ({"resourceId": f"/subscriptions/*/resourcegroups/*/{ANY}"}, WARN, "every "),
        ({"tenantId": OTHERS}, WARN, f"of tenant {OTHERS}"),
        ({"tenantId": None}, UNREAD, ""),
        ({"resourceId": None}, UNREAD, ""),
    ],
)
@pytest.mark.parametrize("access", ["Enabled", "Disabled"])
def test_resources_that_storage_lets_in(
    verdicts: Verdicts, access: str, rule: Body, status: Status, told: str
) -> None:
    rules = [{"tenantId": TENANT, "resourceId": HUB, **rule}]
    acls = {"defaultAction": "Deny", "resourceAccessRules": rules}
    account = storage(publicNetworkAccess=access, networkAcls=acls)
    result = verdicts(storage_hardened, workspace(), account, *BOTH).only(STORAGE)
    assert result.status is status
    assert told in result.reason
    inside = verdicts(storage_hardened, workspace(), account, *BOTH, *perimeter())
    assert inside.only(STORAGE).status is PASS


@pytest.mark.parametrize(
    ("endpoints", "lacking"),
    [
        ((), "blob or file"),
        ((endpoint("blob"),), "for file"),
        ((endpoint("blob"), endpoint("file", "Pending")), "for file"),
        ((endpoint("Blob"), endpoint("dfs")), "for file"),
    ],
)
def test_storage_names_every_fault(
    verdicts: Verdicts, endpoints: tuple[Body, ...], lacking: str
) -> None:
    account = storage(minimumTlsVersion="TLS1_0")
    results = verdicts(storage_hardened, workspace(), account, *endpoints)
    result = results.only(STORAGE)
    assert result.status is FAIL
    assert "TLS1_0" in result.reason
    assert lacking in result.reason
    assert result.advice == ""


def test_storage_without_files_needs_no_endpoint_for_them(verdicts: Verdicts) -> None:
    account = {**storage(), "kind": "BlockBlobStorage"}
    results = verdicts(storage_hardened, workspace(), account, endpoint("blob"))
    assert results.only(STORAGE).status is PASS


def test_storage_is_not_to_be_closed_before_it_has_endpoints(
    verdicts: Verdicts,
) -> None:
    account = storage(publicNetworkAccess="Enabled", networkAcls=OPEN)
    results = verdicts(storage_hardened, workspace(), account, endpoint("blob"))
    assert "before closing" in results.only(STORAGE).remediation


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/edge"
PROFILE = f"{PERIMETER}/profiles/ai"


def perimeter(prefix: str = "198.51.100.0/28") -> tuple[Body, ...]:
    inside = {
        "privateLinkResource": {"id": STORAGE},
        "profile": {"id": PROFILE},
        "accessMode": "Enforced",
        "hasProvisioningIssues": "no",
    }
    rule = {"direction": "Inbound", "addressPrefixes": [prefix]}
    return (
        {"id": PERIMETER, "properties": {}},
        {"id": PROFILE, "properties": {}},
        {"id": f"{PROFILE}/accessRules/in", "properties": rule},
        {"id": f"{PERIMETER}/resourceAssociations/data", "properties": inside},
    )


@pytest.mark.parametrize(
    ("public", "edge", "status"),
    [
        ("Enabled", perimeter(), PASS),
        ("SecuredByPerimeter", perimeter(), PASS),
        ("Enabled", perimeter("0.0.0.0/0"), FAIL),
        ("SecuredByPerimeter", perimeter("0.0.0.0/0"), FAIL),
        ("Disabled", perimeter("0.0.0.0/0"), FAIL),
        ("Disabled", perimeter(), PASS),
    ],
)
def test_storage_in_a_perimeter(
    verdicts: Verdicts, public: str, edge: tuple[Body, ...], status: Status
) -> None:
    account = storage(publicNetworkAccess=public, networkAcls=OPEN)
    results = verdicts(storage_hardened, workspace(), account, *BOTH, *edge)
    assert results.only(STORAGE).status is status
    by_rules = "perimeter" in results.only(STORAGE).reason and status is FAIL
    narrow = results.only(STORAGE).advice.startswith("Narrow the inbound rules")
    assert narrow is by_rules


def test_storage_whose_perimeter_was_not_read(verdicts: Verdicts) -> None:
    unread = [(Association, PERIMETER)]
    opened: Body = {"publicNetworkAccess": "Enabled", "networkAcls": OPEN}
    for more, ways, status in (
        (opened, BOTH, UNREAD),
        ({}, BOTH, UNREAD),
        (opened, BOTH[:1], FAIL),
        ({**opened, "minimumTlsVersion": "TLS1_0"}, BOTH, FAIL),
    ):
        account = storage(**more)
        judged = (workspace(), account, *ways, *perimeter())
        results = verdicts(storage_hardened, *judged, unread=unread)
        assert results.only(STORAGE).status is status


def test_storage_endpoints_unread(verdicts: Verdicts) -> None:
    unread = [(PrivateEndpoint, SUBSCRIPTION)]
    clean = verdicts(storage_hardened, workspace(), storage(), unread=unread)
    assert clean.only(STORAGE).status is UNREAD
    weak = storage(allowBlobPublicAccess=True)
    faulty = verdicts(storage_hardened, workspace(), weak, unread=unread)
    assert faulty.only(STORAGE).status is FAIL


def test_storage_endpoint_of_another_subscription(verdicts: Verdicts) -> None:
    connection = {
        "properties": {
            "privateEndpoint": {"id": f"{ELSEWHERE}/x/privateEndpoints/managed"},
            "privateLinkServiceConnectionState": {"status": "Approved"},
        }
    }
    account = storage(privateEndpointConnections=[connection])
    results = verdicts(storage_hardened, workspace(), account)
    assert results.only(STORAGE).status is UNREAD


def test_storage_evidence(verdicts: Verdicts) -> None:
    account = storage(minimumTlsVersion=ABSENT)
    results = verdicts(storage_hardened, workspace(), account, *BOTH)
    seen = results.evidence(STORAGE)
    assert seen[STORAGE, "properties.minimumTlsVersion"] is None
    assert seen[STORAGE, "properties.networkAcls.defaultAction"] == "Deny"


@pytest.mark.parametrize(
    ("kind", "properties", "covered"),
    [
        ("Hub", {}, True),
        ("project", {"storageAccount": STORAGE.upper()}, True),
        (
            "Hub",
            {
                "storageAccount": ABSENT,
                "workspaceHubConfig": {"additionalWorkspaceStorageAccounts": [STORAGE]},
            },
            True,
        ),
        ("Hub", {"storageAccount": f"{STORAGE}2"}, False),
        ("Hub", {"storageAccount": None}, False),
        ("Default", {}, False),
        ("FeatureStore", {}, False),
    ],
)
def test_which_storage(
    verdicts: Verdicts, kind: str, properties: Mapping[str, Any], covered: bool
) -> None:
    hub = workspace(kind=kind, **properties)
    results = verdicts(storage_hardened, hub, storage(), *BOTH)
    assert [each.target.resource_id == STORAGE for each in results] == [covered]


def test_storage_of_unread_workspaces(verdicts: Verdicts) -> None:
    results = verdicts(
        storage_hardened, storage(), *BOTH, unread=[(Workspace, SUBSCRIPTION)]
    )
    assert results.only(STORAGE).status is UNREAD


def test_storage_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(
        storage_hardened, workspace(), unread=[(StorageAccount, SUBSCRIPTION)]
    )
    assert result.status is UNREAD


GUID = "0f0e0d0c-1111-2222-3333-444455556666"
MANAGED = (
    f"{SUBSCRIPTION}/resourceGroups/azureml-rg-other_{GUID}"
    "/providers/Microsoft.Storage/storageAccounts/managed"
)


NAMED = {"storageAccountResourceId": MANAGED.lower()}
GROUPED = {"serviceProvisionedResourceGroup": f"AzureML-rg-other_{GUID}"}
BY_ID = f"{SUBSCRIPTION}/resourceGroups/azureml-rg-other_{GUID}"


@pytest.mark.parametrize("kind", ["Hub", "default", None, "Project", "FeatureStore"])
@pytest.mark.parametrize("status", ["Enabled", "Disabled", None])
@pytest.mark.parametrize(
    ("named", "properties"),
    [(NAMED, {}), ({}, GROUPED), ({}, {"serviceProvisionedResourceGroup": BY_ID})],
)
def test_managed_storage_is_exempt(
    verdicts: Verdicts,
    kind: str | None,
    status: str | None,
    named: Mapping[str, Any],
    properties: Mapping[str, Any],
) -> None:
    encryption = {"status": status, **named}
    hub = workspace(kind=kind, encryption=encryption, **properties)
    covered = status == "Enabled" and kind in {"Hub", "default", None}
    account = storage(MANAGED, publicNetworkAccess="Enabled", networkAcls=OPEN)
    results = [
        each
        for each in verdicts(storage_hardened, hub, account)
        if each.target.resource_id == MANAGED
    ]
    assert [each.status for each in results] == ([NONE] if covered else [])
    assert all("foundry-cmk-storage-shared-key" in each.reason for each in results)


def test_managed_group_of_another_subscription_is_no_exemption(
    verdicts: Verdicts,
) -> None:
    far = workspace(
        HUB.replace(SUBSCRIPTION, ELSEWHERE),
        serviceProvisionedResourceGroup="rg",
        storageAccount=ABSENT,
    )
    results = verdicts(storage_hardened, workspace(), far, storage(), *BOTH)
    assert results.only(STORAGE).status is PASS
