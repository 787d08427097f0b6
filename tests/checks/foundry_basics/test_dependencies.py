"""What Foundry hubs work with: private ways to it, and who hosts their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_basics.dependencies import CHECKS
from scanner.model.check import Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.containerregistry import Registry
from scanner.model.machinelearning import OutboundRule, Workspace, WorkspaceConnection

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/store"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/vault"
REGISTRY = f"{PROVIDERS}/Microsoft.ContainerRegistry/registries/registry"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/models"
FOREIGN = ACCOUNT.replace("bbbbbbbb", "dddddddd")

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE, ASKED = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL
WAYS, HOST = CHECKS


def hub(isolation: object = "AllowOnlyApprovedOutbound", **properties: object) -> Body:
    network = {"managedNetwork": {"isolationMode": isolation}}
    return {"id": HUB, "kind": "Hub", "properties": {**network, **properties}}


def resource(id: str, access: object = "Disabled") -> Body:
    return {"id": id, "properties": {"publicNetworkAccess": access}}


def rule(to: str, group: object, status: object = "Active", **more: object) -> Body:
    destination = {"serviceResourceId": to.upper(), "subresourceTarget": group}
    kept = {"type": "PrivateEndpoint", "destination": destination, "status": status}
    name = f"{to.rpartition('/')[2]}-{group}"
    return {"id": f"{HUB}/outboundRules/{name}", "properties": {**kept, **more}}


def connection(
    to: object = None, category: object = "AzureOpenAI", **properties: object
) -> Body:
    kept = {"authType": "AAD", "category": category, "metadata": {"ResourceId": to}}
    return {"id": f"{HUB}/connections/c", "properties": {**kept, **properties}}


def status_of(verdicts: Verdicts, check: Any, *bodies: Body, **options: Any) -> Status:
    found = verdicts(check, *bodies, **options)
    result = found.only(bodies[0]["id"])
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


BLOB, FILE = rule(STORAGE, "blob"), rule(STORAGE, "File")


@pytest.mark.parametrize(
    ("access", "rules", "status"),
    [
        ("Disabled", [BLOB, FILE], PASS),
        ("Disabled", [BLOB], FAIL),
        ("Disabled", [], FAIL),
        ("Enabled", [BLOB, FILE], PASS),
        ("Enabled", [BLOB], WARN),
        (None, [], WARN),
        ("Enabled", [BLOB, rule(STORAGE, "file", "Inactive")], FAIL),
        ("Disabled", [BLOB, rule(STORAGE, "file", "Provisioning")], FAIL),
        ("Disabled", [BLOB, rule(STORAGE, "file", None)], UNREAD),
        ("Disabled", [BLOB, rule(STORAGE, 7)], UNREAD),
        ("Disabled", [BLOB, FILE, rule(STORAGE, None)], PASS),
        ("Disabled", [BLOB, rule(STORAGE, "file", type="FQDN")], FAIL),
        (7, [BLOB], UNREAD),
    ],
)
def test_storage_is_reached_by_two_rules(
    access: object, rules: list[Body], status: Status, verdicts: Verdicts
) -> None:
    given = (hub(storageAccount=STORAGE), resource(STORAGE, access))
    assert status_of(verdicts, WAYS, *given, *rules) is status


def test_a_rule_that_waits_beside_an_active_one_does_not_matter(
    verdicts: Verdicts,
) -> None:
    other = rule(STORAGE, "blob", "Inactive")
    other["id"] += "-too"
    [result] = verdicts(
        WAYS, hub(storageAccount=STORAGE), resource(STORAGE), BLOB, other
    )
    assert result.status is FAIL
    assert "no active rule leads to file" in result.reason


@pytest.mark.parametrize(
    ("named", "id", "rules"),
    [
        (
            {"storageAccount": STORAGE},
            STORAGE,
            {"networkAcls": {"defaultAction": "Deny"}},
        ),
        ({"keyVault": VAULT}, VAULT, {"networkAcls": {"defaultAction": "deny"}}),
        (
            {"containerRegistry": REGISTRY},
            REGISTRY,
            {"networkRuleSet": {"defaultAction": "Deny"}},
        ),
    ],
)
def test_a_firewall_is_told_from_an_open_door(
    named: Body, id: str, rules: Body, verdicts: Verdicts
) -> None:
    limited = {"id": id, "properties": rules}
    for given, words in ((limited, "firewall"), (resource(id, None), "in public")):
        [result] = verdicts(WAYS, hub(**named), given)
        assert result.status is WARN
        assert words in result.reason


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/edge"


def perimeter(mode: object, *ranges: str) -> list[Body]:
    profile = f"{PERIMETER}/profiles/p"
    inside = {
        "privateLinkResource": {"id": VAULT},
        "profile": {"id": profile},
        "accessMode": mode,
        "hasProvisioningIssues": "no",
    }
    lets_in = {"direction": "Inbound", "addressPrefixes": [*ranges]}
    return [
        {"id": PERIMETER, "properties": {}},
        {"id": profile, "properties": {}},
        {"id": f"{PERIMETER}/resourceAssociations/a", "properties": inside},
        *(
            [{"id": f"{profile}/accessRules/r", "properties": lets_in}]
            if ranges
            else []
        ),
    ]


@pytest.mark.parametrize(
    ("access", "others", "status", "words"),
    [
        ("Enabled", perimeter("Enforced"), FAIL, 'perimeter "edge" closes'),
        ("Disabled", perimeter("Enforced"), FAIL, 'perimeter "edge" closes'),
        ("SecuredByPerimeter", perimeter("Enforced"), FAIL, 'perimeter "edge" closes'),
        ("Enabled", perimeter("Enforced", "198.51.100.7"), WARN, "may not let the hub"),
        ("Enabled", perimeter("Enforced", "0.0.0.0/0"), WARN, "in public"),
        ("SecuredByPerimeter", perimeter("Enforced", "::/0"), WARN, "in public"),
        ("Enabled", perimeter("Learning"), WARN, "in public"),
        ("Disabled", perimeter("Learning"), FAIL, "which is closed"),
        ("Disabled", perimeter("Learning", "198.51.100.7"), WARN, "may not let"),
        ("SecuredByPerimeter", [], WARN, "is left to a perimeter"),
        ("SecuredByPerimeter", perimeter("Learning"), WARN, "is left to a perimeter"),
        ("Enabled", perimeter(None), UNREAD, "accessMode"),
    ],
)
def test_an_enforced_perimeter_decides_for_a_dependency(
    access: str, others: list[Body], status: Status, words: str, verdicts: Verdicts
) -> None:
    given = (hub(keyVault=VAULT), resource(VAULT, access))
    result = verdicts(WAYS, *given, *others).only(HUB)
    assert result.status is status
    assert words in result.reason
    active = rule(VAULT, "vault")
    assert status_of(verdicts, WAYS, *given, active, *others) is PASS


def test_storage_without_files_is_reached_by_one_rule(verdicts: Verdicts) -> None:
    premium = {**resource(STORAGE, "Disabled"), "kind": "BlockBlobStorage"}
    given = (hub(storageAccount=STORAGE), premium)
    assert status_of(verdicts, WAYS, *given, BLOB) is PASS
    assert status_of(verdicts, WAYS, *given) is FAIL


@pytest.mark.parametrize(
    ("named", "id", "group"),
    [
        ({"keyVault": VAULT}, VAULT, "vault"),
        ({"containerRegistry": REGISTRY}, REGISTRY, "registry"),
        ({"connection": SEARCH}, SEARCH, "searchService"),
        ({"connection": ACCOUNT}, ACCOUNT, "account"),
    ],
)
def test_each_dependency_is_reached(
    named: dict[str, str], id: str, group: str, verdicts: Verdicts
) -> None:
    to = named.pop("connection", None)
    given = [hub(**named), resource(id), *([connection(to)] if to else [])]
    assert status_of(verdicts, WAYS, *given) is FAIL
    assert status_of(verdicts, WAYS, *given, rule(id, group)) is PASS


@pytest.mark.parametrize("isolation", ["Disabled", None])
def test_without_a_managed_network_there_is_nothing_to_rule(
    isolation: object, verdicts: Verdicts
) -> None:
    given = (hub(isolation, storageAccount=STORAGE), resource(STORAGE))
    assert status_of(verdicts, WAYS, *given) is NONE
    assert status_of(verdicts, WAYS, hub()) is NONE


def test_what_is_gone_needs_no_rule(verdicts: Verdicts) -> None:
    given = hub(storageAccount=STORAGE, keyVault=VAULT)
    kept = (resource(VAULT), rule(VAULT, "vault"))
    assert status_of(verdicts, WAYS, given, *kept) is PASS
    [result] = verdicts(WAYS, given, *kept)
    assert "1 resource" in result.reason
    assert status_of(verdicts, WAYS, given) is NONE


def test_what_was_not_read_may_be_out_of_reach(verdicts: Verdicts) -> None:
    given = hub(containerRegistry=REGISTRY)
    unread = [(Registry, SUBSCRIPTION)]
    assert status_of(verdicts, WAYS, given, unread=unread) is UNREAD
    active = rule(REGISTRY, "registry")
    assert status_of(verdicts, WAYS, given, active, unread=unread) is PASS
    closed = (given, resource(REGISTRY))
    rules = [(OutboundRule, HUB)]
    assert status_of(verdicts, WAYS, *closed, unread=rules) is UNREAD
    links = [(WorkspaceConnection, HUB)]
    assert status_of(verdicts, WAYS, *closed, unread=links) is FAIL
    assert status_of(verdicts, WAYS, *closed, active, unread=links) is UNREAD
    foreign = connection(FOREIGN)
    assert status_of(verdicts, WAYS, hub(), foreign) is UNREAD


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (connection(ACCOUNT), INFO),
        (connection(ACCOUNT, "AIServices"), INFO),
        (connection(target="https://models.openai.azure.com/"), INFO),
        (connection(ACCOUNT.replace("models", "gone")), NONE),
        (connection(SEARCH), NONE),
        (connection(FOREIGN), UNREAD),
        (connection(7), UNREAD),
        (connection(target="https://llm.contoso.example"), ASKED),
        (connection(), ASKED),
    ],
)
def test_who_hosts_models(given: Body, status: Status, verdicts: Verdicts) -> None:
    account = resource(ACCOUNT)
    account["properties"]["customSubDomainName"] = "models"
    assert status_of(verdicts, HOST, given, hub(), account) is status


def test_models_of_accounts_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(CognitiveAccount, SUBSCRIPTION)]
    given = (connection(ACCOUNT), hub())
    assert status_of(verdicts, HOST, *given, unread=unread) is UNREAD
    hubs = [(Workspace, SUBSCRIPTION)]
    assert status_of(verdicts, HOST, connection(ACCOUNT), unread=hubs) is UNREAD


def test_other_connections_host_no_models(verdicts: Verdicts) -> None:
    [result] = verdicts(HOST, connection(SEARCH, "CognitiveSearch"), hub())
    assert result.status is NONE
