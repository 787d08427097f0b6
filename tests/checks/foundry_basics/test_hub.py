"""Foundry hubs: their network, what they are made of, what they hold together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_basics import hub_parts as foundry_hub_parts
from checks.foundry_basics import hub_tags as foundry_hub_tags
from checks.foundry_basics import managed_network as foundry_managed_network
from checks.foundry_basics import projects
from scanner.model.check import Check, Status
from scanner.model.machinelearning import OutboundRule, Workspace
from scanner.model.perimeter import Association
from scanner.model.resources import ResourceGroup

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
HUB, PROJECT = f"{WORKSPACES}/hub", f"{WORKSPACES}/project"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/vault"
REGISTRY = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/registry"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE, INFO = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.INFO
ABSENT = ...

CHECKS = {
    check.id: check
    for module in (
        foundry_hub_parts,
        foundry_hub_tags,
        foundry_managed_network,
        projects,
    )
    for check in module.CHECKS
}
APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
PENDING = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "location": "eastus", "properties": {**properties}, **top}


def hub(**properties: object) -> Body:
    usual = {"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}
    return body(HUB, {**usual, **properties}, kind="Hub")


def project(**properties: object) -> Body:
    return body(PROJECT, {"hubResourceId": HUB, **properties}, kind="Project")


def rule(kind: str, destination: object, name: str = "r", **more: object) -> Body:
    properties = {"type": kind, "category": "UserDefined", "destination": destination}
    return body(f"{HUB}/outboundRules/{name}", {**properties, **more})


def status_of(verdicts: Verdicts, check: str, *bodies: Body, **options: Any) -> Status:
    found = verdicts(CHECKS[check], *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.id)
def test_documentation_is_whole(check: Check[Any]) -> None:
    page = check.documentation
    assert page.reads.startswith("Reads `")
    assert {"Why it matters", "How to fix", "References"} <= set(page.sections)
    assert page.fix.endswith(".")


# The managed network


@pytest.mark.parametrize(
    ("network", "status"),
    [
        ({"isolationMode": "X", "status": {"status": "Active"}}, PASS),
        ({"isolationMode": "X", "status": {"status": "Inactive"}}, WARN),
        ({"isolationMode": "X", "status": None}, UNREAD),
        ({"isolationMode": "X"}, UNREAD),
        ({"isolationMode": "X", "status": {"status": 7}}, UNREAD),
        ({"isolationMode": "Disabled"}, NONE),
        (ABSENT, NONE),
    ],
)
def test_the_network_is_built(
    network: object, status: Status, verdicts: Verdicts
) -> None:
    given = hub(managedNetwork=network)
    assert status_of(verdicts, "foundry-managed-network-provisioned", given) is status


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["pypi.org"], PASS),
        (["pypi.org", "*.python.org"], INFO),
        (["*.python.org", "*.blob.core.windows.net"], WARN),
        (["*.azurefd.net"], WARN),
        (["*.windows.net"], WARN),
        (["*.core.windows.net"], WARN),
        (["*.azure.com"], WARN),
        (["*.own.blob.core.windows.net"], INFO),
        (["*blob.core.windows.net"], WARN),
        (["*thon.org"], WARN),
        (["*.eastus.cloudapp.azure.com"], WARN),
        (["*.own.eastus.cloudapp.azure.com"], INFO),
        (["*.z13.web.core.windows.net"], WARN),
        (["*.eastus.azurecontainerapps.io"], WARN),
        (["*.eastus.logic.azure.com"], WARN),
        (["*.privatelink.blob.core.windows.net"], WARN),
        (["*.eu.ngrok.io"], WARN),
        (["*.cloudfront.net"], WARN),
        (["*.ams3.digitaloceanspaces.com"], WARN),
        (["*.orders.herokuapp.com"], INFO),
        (["0.0.0.0/0"], FAIL),
        (["?"], FAIL),
        (["com"], FAIL),
        (["https://*.com"], FAIL),
        (["https://pypi.org/simple"], FAIL),
        (["foo.*.com"], FAIL),
        ([" "], UNREAD),
        (["*.blob.core.windows.net", "*"], FAIL),
        (["*.com"], FAIL),
        (["*.co.uk"], FAIL),
        (["*.me.uk"], FAIL),
        (["*.*.com"], FAIL),
        ([], NONE),
        ([["pypi.org"]], UNREAD),
        ([None], UNREAD),
        ([""], UNREAD),
        ([None, "*"], FAIL),
    ],
)
def test_hosts_of_rules(
    hosts: list[object], status: Status, verdicts: Verdicts
) -> None:
    rules = [rule("FQDN", host, f"r{n}") for n, host in enumerate(hosts)]
    check = "foundry-outbound-fqdn-review"
    assert status_of(verdicts, check, hub(), *rules) is status


@pytest.mark.parametrize(
    "check",
    [
        "foundry-outbound-fqdn-review",
        "foundry-outbound-servicetag-review",
        "foundry-firewall-sku",
        "foundry-firewall-cost",
    ],
)
def test_a_rule_without_a_type_may_be_of_any(check: str, verdicts: Verdicts) -> None:
    odd = rule("FQDN", "*", type=None)
    assert status_of(verdicts, check, hub(), odd) is UNREAD


@pytest.mark.parametrize("kind", ["FQDN", "ServiceTag"])
def test_rules_that_azure_makes_are_left_out(kind: str, verdicts: Verdicts) -> None:
    wide: object = "*" if kind == "FQDN" else {"serviceTag": "Internet"}
    check = f"foundry-outbound-{kind.lower()}-review"
    for category in ("Required", "Recommended"):
        made = rule(kind, wide, category=category)
        assert status_of(verdicts, check, hub(), made) is NONE


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ({"serviceTag": "AzureMonitor"}, PASS),
        ({"serviceTag": "Storage.WestEurope", "action": "Allow"}, PASS),
        ({"serviceTag": "storage"}, WARN),
        ({"serviceTag": "10.0.0.0/33"}, UNREAD),
        ({"serviceTag": "4chan"}, UNREAD),
        ({"serviceTag": "4.0.0.0/6"}, FAIL),
        ({"serviceTag": "Internet"}, FAIL),
        ({"serviceTag": "AzureCloud", "action": None}, FAIL),
        ({"serviceTag": "AzureCloud.westeurope"}, WARN),
        ({"serviceTag": "Sql", "addressPrefixes": []}, PASS),
        ({"serviceTag": "Sql", "addressPrefixes": ["0.0.0.0/0"]}, FAIL),
        ({"serviceTag": "Sql", "addressPrefixes": ["0.0.0.0/1"]}, FAIL),
        ({"addressPrefixes": ["::/0"]}, FAIL),
        ({"addressPrefixes": ["0.0.0.0/00"]}, FAIL),
        ({"addressPrefixes": ["0.0.0.0/0.0.0.0"]}, UNREAD),
        ({"addressPrefixes": ["20.0.0.0/255.0.0.0"]}, UNREAD),
        ({"addressPrefixes": ["0.0.0.0/255.255.255.255"]}, UNREAD),
        ({"addressPrefixes": ["20.0.0.0/12"]}, WARN),
        ({"addressPrefixes": ["198.51.100.0/24", "10.0.0.0/8"]}, PASS),
        ({"serviceTag": "Internet", "addressPrefixes": ["198.51.100.7"]}, PASS),
        ({"addressPrefixes": ["10.0.0.1-10.0.0.9"]}, UNREAD),
        ({"addressPrefixes": "0.0.0.0/0"}, UNREAD),
        ({}, UNREAD),
        ({"serviceTag": ""}, UNREAD),
        ({"serviceTag": "Internet", "action": "Deny"}, NONE),
        ({"serviceTag": ["Internet"]}, UNREAD),
        ("Internet", UNREAD),
    ],
)
def test_tags_of_rules(destination: object, status: Status, verdicts: Verdicts) -> None:
    check = "foundry-outbound-servicetag-review"
    given = rule("ServiceTag", destination)
    assert status_of(verdicts, check, hub(), given) is status


@pytest.mark.parametrize(
    ("sku", "status"),
    [("Standard", PASS), (ABSENT, PASS), (None, PASS), ("Basic", WARN), (3, UNREAD)],
)
def test_the_tier_of_the_firewall(
    sku: object, status: Status, verdicts: Verdicts
) -> None:
    network = {"isolationMode": "AllowOnlyApprovedOutbound", "firewallSku": sku}
    given = hub(managedNetwork=network)
    made = rule("FQDN", "pypi.org")
    assert status_of(verdicts, "foundry-firewall-sku", given, made) is status
    assert status_of(verdicts, "foundry-firewall-cost", given, made) is INFO


@pytest.mark.parametrize(("state", "to_be"), [("Active", False), ("Inactive", True)])
def test_a_firewall_is_built_with_the_network(
    state: str, to_be: bool, verdicts: Verdicts
) -> None:
    mode = "AllowOnlyApprovedOutbound"
    given = hub(managedNetwork={"isolationMode": mode, "status": {"status": state}})
    for check in ("foundry-firewall-sku", "foundry-firewall-cost"):
        [result] = verdicts(CHECKS[check], given, rule("FQDN", "pypi.org"))
        assert ("built" in result.reason) is to_be


def test_a_hub_without_rules_for_hosts_has_no_firewall(verdicts: Verdicts) -> None:
    for check in ("foundry-firewall-sku", "foundry-firewall-cost"):
        assert status_of(verdicts, check, hub()) is NONE
        open_ = hub(managedNetwork={"isolationMode": "AllowInternetOutbound"})
        made = rule("FQDN", "pypi.org")
        assert status_of(verdicts, check, open_, made) is NONE


@pytest.mark.parametrize(
    "check",
    [
        "foundry-outbound-fqdn-review",
        "foundry-outbound-servicetag-review",
        "foundry-firewall-sku",
        "foundry-firewall-cost",
    ],
)
def test_rules_that_were_not_read_decide_nothing(
    check: str, verdicts: Verdicts
) -> None:
    unread = [(OutboundRule, HUB)]
    assert status_of(verdicts, check, hub(), unread=unread) is UNREAD


# What hubs are made of


@pytest.mark.parametrize(
    ("connections", "access", "status"),
    [
        ([APPROVED], "Disabled", PASS),
        ([PENDING], "Disabled", FAIL),
        ([], "Disabled", FAIL),
        (None, "Enabled", WARN),
        (ABSENT, ABSENT, WARN),
        ("none", "Disabled", UNREAD),
    ],
)
def test_the_hub_s_private_endpoint(
    connections: object, access: object, status: Status, verdicts: Verdicts
) -> None:
    given = hub(privateEndpointConnections=connections, publicNetworkAccess=access)
    assert status_of(verdicts, "foundry-hub-private-endpoint", given) is status


def test_a_hub_whose_older_switch_is_on_is_not_called_closed(
    verdicts: Verdicts,
) -> None:
    check = CHECKS["foundry-hub-private-endpoint"]
    for twin in (True, False, None, ABSENT):
        given = hub(
            publicNetworkAccess="Disabled", allowPublicAccessWhenBehindVnet=twin
        )
        [result] = verdicts(check, given)
        assert result.status is FAIL
        assert ("closed to public networks" in result.reason) is (twin is not True)


def test_a_project_has_its_hub(verdicts: Verdicts) -> None:
    check = "foundry-project-hub-exists"
    assert status_of(verdicts, check, project(), hub()) is PASS
    assert status_of(verdicts, check, project()) is FAIL
    [result] = verdicts(CHECKS[check], project())
    assert result.reason == 'the hub is gone: "hub"'
    for nothing in (None, ABSENT):
        assert status_of(verdicts, check, project(hubResourceId=nothing)) is FAIL
    given = project(hubResourceId=HUB.replace("bbbb", "cccc"))
    assert status_of(verdicts, check, given) is FAIL
    assert status_of(verdicts, check, given, whole_tenant=False) is UNREAD
    assert status_of(verdicts, check, project(hubResourceId=7)) is UNREAD


@pytest.mark.parametrize("kind", ["Default", "Project", None, ABSENT])
def test_a_hub_is_of_that_kind(kind: object, verdicts: Verdicts) -> None:
    check = "foundry-project-hub-exists"
    other = body(HUB, {}, kind=kind)
    [result] = [
        each
        for each in verdicts(CHECKS[check], project(), other)
        if each.target.resource_id == PROJECT
    ]
    assert result.status is FAIL
    own = project(hubResourceId=PROJECT)
    assert status_of(verdicts, check, own) is FAIL


@pytest.mark.parametrize("field", ["storageAccount", "keyVault"])
@pytest.mark.parametrize(
    ("own", "given", "status"),
    [
        (VAULT.upper(), VAULT, PASS),
        (None, VAULT, PASS),
        (ABSENT, None, PASS),
        (VAULT, f"{VAULT}2", WARN),
        (VAULT, None, WARN),
        (VAULT, ABSENT, WARN),
        (7, VAULT, UNREAD),
        (VAULT, 7, UNREAD),
    ],
)
def test_a_project_keeps_its_work_where_its_hub_does(
    field: str, own: object, given: object, status: Status, verdicts: Verdicts
) -> None:
    bodies = project(**{field: own}), hub(**{field: given})
    assert status_of(verdicts, "foundry-project-hub-exists", *bodies) is status


def test_a_registry_is_attached(verdicts: Verdicts) -> None:
    check = "foundry-acr-attached"
    assert status_of(verdicts, check, hub(containerRegistry=REGISTRY)) is PASS
    for nothing in (None, ABSENT, ""):
        assert status_of(verdicts, check, hub(containerRegistry=nothing)) is WARN
    assert status_of(verdicts, check, hub(containerRegistry=[REGISTRY])) is UNREAD


HARDENED = {
    "adminUserEnabled": False,
    "publicNetworkAccess": "Disabled",
    "privateEndpointConnections": [APPROVED],
}


@pytest.mark.parametrize(
    ("changes", "sku", "status", "words"),
    [
        ({}, "Premium", PASS, ["Premium"]),
        ({"adminUserEnabled": ABSENT}, "Premium", PASS, []),
        ({"adminUserEnabled": True}, "Standard", FAIL, ["admin user", "Standard"]),
        ({"publicNetworkAccess": None}, "Premium", FAIL, ["public"]),
        (
            {"publicNetworkAccess": None, "networkRuleSet": {"defaultAction": "Deny"}},
            "Premium",
            FAIL,
            ["IP rules"],
        ),
        ({"publicNetworkAccess": "Odd"}, "Premium", FAIL, ["Odd", "not Disabled"]),
        ({"privateEndpointConnections": [PENDING]}, "Premium", FAIL, ["endpoint"]),
        ({"adminUserEnabled": "no"}, "Premium", UNREAD, ["malformed"]),
    ],
)
def test_a_registry_is_hardened(
    changes: Mapping[str, object],
    sku: str,
    status: Status,
    words: list[str],
    verdicts: Verdicts,
) -> None:
    given = body(REGISTRY, {**HARDENED, **changes}, sku={"name": sku})
    check = CHECKS["foundry-acr-hardened"]
    [result] = verdicts(check, given, hub(containerRegistry=REGISTRY))
    assert result.status is status
    assert all(word in result.reason for word in words)


def test_a_registry_of_others_is_left_out(verdicts: Verdicts) -> None:
    given = body(REGISTRY, {"adminUserEnabled": True}, sku={"name": "Basic"})
    [result] = verdicts(CHECKS["foundry-acr-hardened"], given, hub())
    assert result.status is NONE


PROTECTED = {
    "publicNetworkAccess": "Disabled",
    "networkAcls": {"defaultAction": "Deny"},
    "privateEndpointConnections": [APPROVED],
    "enablePurgeProtection": True,
    "enableRbacAuthorization": True,
}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"publicNetworkAccess": "Enabled"}, PASS),
        ({"publicNetworkAccess": ABSENT, "networkAcls": None}, FAIL),
        ({"publicNetworkAccess": "Enabled", "networkAcls": {}}, FAIL),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, WARN),
        ({"publicNetworkAccess": "Odd", "networkAcls": None}, WARN),
        ({"enablePurgeProtection": None}, WARN),
        ({"enableRbacAuthorization": ABSENT}, WARN),
        ({"privateEndpointConnections": ABSENT}, WARN),
        ({"enablePurgeProtection": "yes"}, UNREAD),
    ],
)
def test_a_vault_is_hardened(
    changes: Mapping[str, object], status: Status, verdicts: Verdicts
) -> None:
    given = body(VAULT, {**PROTECTED, **changes})
    check = "foundry-kv-hardened"
    assert status_of(verdicts, check, given, hub(keyVault=VAULT)) is status


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("0.0.0.0/1", FAIL, "networkAcls.ipRules let in 0.0.0.0/1"),
        ("198.51.100.7", PASS, "closed but for 1 IP rule and 1 subnet rule"),
    ],
)
def test_a_vault_is_as_closed_as_its_rules(
    address: str, status: Status, said: str, verdicts: Verdicts
) -> None:
    firewall = {
        "defaultAction": "Deny",
        "ipRules": [{"value": address}],
        "virtualNetworkRules": [{"id": "/subscriptions/x/subnets/s"}],
    }
    open_ = {"publicNetworkAccess": "Enabled", "networkAcls": firewall}
    given = body(VAULT, {**PROTECTED, **open_})
    found = verdicts(CHECKS["foundry-kv-hardened"], given, hub(keyVault=VAULT))
    assert found.only(VAULT).status is status
    assert said in found.only(VAULT).reason


@pytest.mark.parametrize(
    ("changes", "status", "differs"),
    [
        ({"enableRbacAuthorization": False}, WARN, True),
        ({"enablePurgeProtection": False}, WARN, False),
        ({"networkAcls": None, "enableRbacAuthorization": ABSENT}, FAIL, True),
        ({"networkAcls": None, "enableRbacAuthorization": "?"}, FAIL, True),
        ({"networkAcls": None, "enablePurgeProtection": "?"}, FAIL, False),
    ],
)
def test_a_vault_with_an_encryption_key_may_need_its_policies(
    changes: Mapping[str, object], status: Status, differs: bool, verdicts: Verdicts
) -> None:
    check = CHECKS["foundry-kv-hardened"]
    open_ = {"publicNetworkAccess": "Enabled"}
    given = body(VAULT, {**PROTECTED, **open_, **changes})
    used = {"keyVaultArmId": VAULT}
    key = {"status": "Enabled", "keyVaultProperties": used}
    encrypted = verdicts(check, given, hub(keyVault=VAULT, encryption=key)).only(VAULT)
    assert encrypted.status is status
    assert ("leave access policies on" in encrypted.advice) is differs
    assert verdicts(check, given, hub(keyVault=VAULT)).only(VAULT).advice == ""


CLOSED = {
    "publicNetworkAccess": "disabled",
    "disableLocalAuth": True,
    "privateEndpointConnections": [APPROVED],
}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"publicNetworkAccess": "Enabled"}, FAIL),
        ({"publicNetworkAccess": ABSENT}, FAIL),
        ({"publicNetworkAccess": "securedByPerimeter"}, WARN),
        ({"publicNetworkAccess": "odd"}, WARN),
        ({"disableLocalAuth": None}, WARN),
        ({"privateEndpointConnections": []}, WARN),
        ({"publicNetworkAccess": ["disabled"]}, UNREAD),
    ],
)
def test_a_search_service_is_hardened(
    changes: Mapping[str, object], status: Status, verdicts: Verdicts
) -> None:
    given = body(SEARCH, {**CLOSED, **changes}, sku={"name": "basic"})
    assert status_of(verdicts, "foundry-search-hardened", given) is status


def test_a_search_service_is_open_to_its_rules(verdicts: Verdicts) -> None:
    rules = {"ipRules": [{"value": "198.51.100.7"}]}
    open_ = {**CLOSED, "publicNetworkAccess": "enabled", "networkRuleSet": rules}
    given = body(SEARCH, open_, sku={"name": "basic"})
    [result] = verdicts(CHECKS["foundry-search-hardened"], given)
    assert result.status is FAIL
    assert "let in 198.51.100.7" in result.reason


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/edge"


def perimeter(target: str, mode: str, *ranges: str) -> list[Body]:
    profile = f"{PERIMETER}/profiles/p"
    association = {
        "privateLinkResource": {"id": target},
        "profile": {"id": profile},
        "accessMode": mode,
        "hasProvisioningIssues": "no",
    }
    inbound = {"direction": "Inbound", "addressPrefixes": list(ranges)}
    return [
        body(PERIMETER, {}),
        body(profile, {}),
        body(f"{profile}/accessRules/in", inbound),
        body(f"{PERIMETER}/resourceAssociations/a", association),
    ]


@pytest.mark.parametrize(
    ("access", "mode", "range_", "wanted"),
    [
        ("enabled", "Enforced", "198.51.100.0/24", PASS),
        ("enabled", "Enforced", "0.0.0.0/0", FAIL),
        ("enabled", "Learning", "198.51.100.0/24", FAIL),
        ("SecuredByPerimeter", "Enforced", "198.51.100.0/24", PASS),
        ("SecuredByPerimeter", "Enforced", "0.0.0.0/0", FAIL),
        ("SecuredByPerimeter", "Learning", "198.51.100.0/24", WARN),
        ("Disabled", "Enforced", "198.51.100.0/24", PASS),
        ("Disabled", "Enforced", "0.0.0.0/0", FAIL),
        ("Disabled", "Learning", "198.51.100.0/24", PASS),
        ("Disabled", "Learning", "0.0.0.0/0", FAIL),
    ],
)
def test_a_perimeter_decides_for_vaults_and_search(
    access: str, mode: str, range_: str, wanted: Status, verdicts: Verdicts
) -> None:
    changes = {"publicNetworkAccess": access, "networkAcls": None}
    vault = body(VAULT, {**PROTECTED, **changes})
    search = body(SEARCH, {**CLOSED, **changes}, sku={"name": "basic"})
    for check, given in (("kv", vault), ("search", search)):
        around = perimeter(given["id"], mode, range_)
        bodies = (given, hub(keyVault=VAULT), *around)
        name = f"foundry-{check}-hardened"
        assert status_of(verdicts, name, *bodies) is wanted
        advice = verdicts(CHECKS[name], *bodies).only(given["id"]).advice
        by_rules = range_ == "0.0.0.0/0"
        assert advice.startswith("Narrow the inbound rules") is by_rules


def test_a_perimeter_opens_a_vault_whose_firewall_denies(verdicts: Verdicts) -> None:
    firewall = {"publicNetworkAccess": None, "networkAcls": {"defaultAction": "Deny"}}
    vault = body(VAULT, {**PROTECTED, **firewall})
    for mode in ("Enforced", "Learning"):
        for range_, wanted in (("198.51.100.0/24", PASS), ("0.0.0.0/0", FAIL)):
            bodies = vault, hub(keyVault=VAULT), *perimeter(VAULT, mode, range_)
            assert status_of(verdicts, "foundry-kv-hardened", *bodies) is wanted


@pytest.mark.parametrize("access", ["enabled", "disabled"])
def test_a_perimeter_that_was_not_read_may_close_or_open(
    access: str, verdicts: Verdicts
) -> None:
    unread = [(Association, PERIMETER)]
    given = body(SEARCH, {**CLOSED, "publicNetworkAccess": access})
    bodies = ({**given, "sku": {"name": "basic"}}, body(PERIMETER, {}))
    check = "foundry-search-hardened"
    assert status_of(verdicts, check, *bodies, unread=unread) is UNREAD


def test_what_encryption_manages_is_not_to_be_closed(verdicts: Verdicts) -> None:
    encryption = {"status": "Enabled", "searchAccountResourceId": SEARCH}
    given = body(SEARCH, {"publicNetworkAccess": "enabled"}, sku={"name": "basic"})
    [result] = verdicts(
        CHECKS["foundry-search-hardened"], given, hub(encryption=encryption)
    )
    assert result.status is NONE
    assert "foundry-cmk-search-public-open" in result.reason


def test_what_encryption_may_manage_is_not_assessed(verdicts: Verdicts) -> None:
    unread = [(Workspace, SUBSCRIPTION)]
    managed = f"azureml-rg-hub_{'0' * 8}-0000-0000-0000-{'0' * 12}"
    for given in (SEARCH, SEARCH.replace("/rg/", f"/{managed}/")):
        bodies = body(given, {})
        [result] = verdicts(CHECKS["foundry-search-hardened"], bodies, unread=unread)
        assert result.status is UNREAD


def test_what_no_encrypted_workspace_names_is_hardened(verdicts: Verdicts) -> None:
    given = hub(encryption={"status": "Disabled", "searchAccountResourceId": SEARCH})
    bodies = body(SEARCH, {}), given
    assert status_of(verdicts, "foundry-search-hardened", *bodies) is FAIL


@pytest.mark.parametrize(
    ("value", "status"),
    [(True, PASS), (False, FAIL), (None, FAIL), (ABSENT, FAIL), ("true", UNREAD)],
)
def test_data_is_isolated(value: object, status: Status, verdicts: Verdicts) -> None:
    given = hub(enableDataIsolation=value)
    assert status_of(verdicts, "foundry-data-isolation", given) is status


# What is kept together


@pytest.mark.parametrize(
    ("check", "one", "other", "status"),
    [
        ("env", {"Env": "prod"}, {"environment": "Production"}, PASS),
        ("env", {"env": "dev"}, {"env": "test"}, PASS),
        ("env", {"env": "prod"}, {"env": "dev"}, FAIL),
        ("env", {"env": "prod"}, {"env": "prod-eu"}, Status.MANUAL),
        ("env", {"env": "blue"}, {"env": "Blue "}, PASS),
        ("env", {"env": "prod"}, {}, Status.MANUAL),
        ("env", {"env": "prod"}, None, Status.MANUAL),
        ("sensitivity", {"data-classification": "a"}, {"sensitivity": "A"}, PASS),
        ("sensitivity", {"classification": "a"}, {"sensitivity": "b"}, FAIL),
        ("bu", {"BusinessUnit": "a"}, {"cost_center": "a"}, PASS),
        ("bu", {"bu": "a"}, {"bu": "b"}, WARN),
        ("bu", {"bu": "a"}, "odd", UNREAD),
    ],
)
def test_what_tags_tell(
    check: str, one: object, other: object, status: Status, verdicts: Verdicts
) -> None:
    bodies = ({**hub(), "tags": one}, {**project(), "tags": other})
    assert status_of(verdicts, f"foundry-hub-{check}-homogeneous", *bodies) is status


def test_environments_are_those_of_what_is_above(verdicts: Verdicts) -> None:
    group = {"id": f"{SUBSCRIPTION}/resourceGroups/rg", "tags": {"env": "prod"}}
    plain, dev = project(), {**project(), "tags": {"env": "dev"}}
    check = "foundry-hub-env-homogeneous"
    assert status_of(verdicts, check, hub(), plain, group) is PASS
    assert status_of(verdicts, check, hub(), dev, group) is FAIL
    assert status_of(verdicts, check, hub(), plain) is Status.MANUAL
    unread = [(ResourceGroup, SUBSCRIPTION)]
    assert status_of(verdicts, check, hub(), plain, unread=unread) is UNREAD
    tags = {"tags": {"env": "prod"}}
    both = ({**hub(), **tags}, {**plain, **tags})
    assert status_of(verdicts, check, *both, unread=unread) is PASS
    bare = {**plain, "id": f"{WORKSPACES}/bare"}
    assert status_of(verdicts, check, both[0], dev, bare, unread=unread) is FAIL
    other = {**group, "tags": {"bu": "claims"}}
    assert status_of(verdicts, check, hub(), plain, other) is Status.MANUAL
    unit = "foundry-hub-bu-homogeneous"
    assert status_of(verdicts, unit, hub(), plain, other) is Status.MANUAL


def test_environments_without_tags_are_those_of_names(verdicts: Verdicts) -> None:
    prod, dev = ({**project(), "id": f"{PROJECT}-{each}"} for each in ("prod", "dev"))
    check = "foundry-hub-env-homogeneous"
    assert status_of(verdicts, check, hub(), prod, dev) is FAIL
    assert status_of(verdicts, check, hub(), prod) is Status.MANUAL
    tags = {"tags": {"env": "prod"}}
    assert status_of(verdicts, check, {**hub(), **tags}, prod) is PASS
    assert status_of(verdicts, check, {**hub(), **tags}, {**dev, **tags}) is PASS
    found = verdicts(CHECKS[check], hub(), prod, dev).evidence(HUB)
    assert found[dev["id"], "name"] == "project-dev"


def test_projects_of_one_name_are_told_apart(verdicts: Verdicts) -> None:
    elsewhere = PROJECT.replace("/rg/", "/other/")
    tags = ({"env": "prod"}, {"env": "dev"}, {"env": "prod"})
    bodies = (hub(), project(), {**project(), "id": elsewhere})
    given = [{**each, "tags": of} for each, of in zip(bodies, tags, strict=True)]
    assert status_of(verdicts, "foundry-hub-env-homogeneous", *given) is FAIL


def test_the_odd_one_among_many_is_named(verdicts: Verdicts) -> None:
    names = [f"{WORKSPACES}/p{number}" for number in range(6)]
    same = [{**project(), "id": each, "tags": {"env": "prod"}} for each in names]
    odd = {**project(), "id": f"{WORKSPACES}/trial", "tags": {"env": "dev"}}
    given = ({**hub(), "tags": {"env": "prod"}}, *same, odd)
    [result] = verdicts(CHECKS["foundry-hub-env-homogeneous"], *given)
    assert 'trial "dev"' in result.reason


def test_projects_that_differ_decide_whatever_was_not_read(verdicts: Verdicts) -> None:
    mixed = ({**hub(), "tags": {"env": "prod"}}, {**project(), "tags": {"env": "dev"}})
    odd = {**project(hubResourceId=[HUB]), "id": f"{WORKSPACES}/other"}
    assert status_of(verdicts, "foundry-hub-env-homogeneous", *mixed, odd) is FAIL


def test_a_hub_alone_mixes_nothing(verdicts: Verdicts) -> None:
    for check in foundry_hub_tags.CHECKS:
        assert status_of(verdicts, check.id, hub()) is NONE


def test_projects_that_were_not_read_may_be_of_any_kind(verdicts: Verdicts) -> None:
    odd = project(hubResourceId=[HUB])
    given = ({**hub(), "tags": {"env": "prod"}}, {**project(), "tags": {"env": "prod"}})
    other = {**odd, "id": f"{WORKSPACES}/other"}
    check = "foundry-hub-env-homogeneous"
    assert status_of(verdicts, check, *given, other) is UNREAD
    assert Workspace.type
