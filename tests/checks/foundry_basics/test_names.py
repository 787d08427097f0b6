"""Private names: whether hubs and what they work with are found by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_basics.names import CHECKS
from scanner.model.check import Status
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.network import VirtualNetwork
from scanner.model.privatedns import PrivateZone, ZoneGroup

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
NETWORK = f"{PROVIDERS}/Microsoft.Network/virtualNetworks/net"
ENDPOINT = f"{PROVIDERS}/Microsoft.Network/privateEndpoints/pe"
ZONES = f"{PROVIDERS}/Microsoft.Network/privateDnsZones"
ML = ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")

PASS, WARN, ASKED = Status.PASS, Status.WARN, Status.MANUAL
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
[CHECK] = CHECKS


def hub(**properties: object) -> Body:
    return {"id": HUB, "kind": "Hub", "properties": properties}


def endpoint(to: object = HUB, *groups: str, net: str = NETWORK) -> Body:
    lead = {"privateLinkServiceId": to, "groupIds": list(groups) or None}
    return {
        "id": ENDPOINT,
        "properties": {
            "subnet": {"id": f"{net}/subnets/s"},
            "privateLinkServiceConnections": [{"properties": lead}],
        },
    }


def network(servers: object = None) -> Body:
    return {
        "id": NETWORK,
        "location": "eastus",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "dhcpOptions": {"dnsServers": servers},
        },
    }


def zone(name: str, to: str = NETWORK) -> list[Body]:
    link = {"virtualNetwork": {"id": to}, "virtualNetworkLinkState": "Completed"}
    return [
        {"id": f"{ZONES}/{name}", "name": name, "properties": {}},
        {"id": f"{ZONES}/{name}/virtualNetworkLinks/one", "properties": link},
    ]


def group(*names: str) -> Body:
    configs = [
        {"properties": {"privateDnsZoneId": f"{ZONES}/{name}"}} for name in names
    ]
    properties = {"privateDnsZoneConfigs": configs}
    return {"id": f"{ENDPOINT}/privateDnsZoneGroups/g", "properties": properties}


def status_of(verdicts: Verdicts, *bodies: Body, **options: Any) -> Status:
    found = verdicts(CHECK, *bodies, **options)
    for result in found:
        assert "internal error" not in result.reason
        if result.target.resource_id == ENDPOINT:
            return result.status
    [result] = found
    return result.status


LINKED = [body for name in ML for body in zone(name)]


def test_a_hub_is_found_by_its_names(verdicts: Verdicts) -> None:
    given = (endpoint(), hub(), network())
    assert status_of(verdicts, *given, *LINKED) is PASS
    assert status_of(verdicts, *given, *LINKED, group(*ML)) is PASS
    assert status_of(verdicts, *given, *LINKED, group(ML[0])) is WARN
    elsewhere = [f"x/privateDnsZones/{name}" for name in ML]
    assert status_of(verdicts, *given, *LINKED, group(*elsewhere)) is WARN
    assert status_of(verdicts, *given, *zone(ML[0])) is WARN
    assert status_of(verdicts, *given, *zone(ML[0]), *zone(ML[1], "/else")) is WARN
    assert status_of(verdicts, *given) is WARN
    away = (endpoint(), hub(), network(["192.0.2.1"]))
    assert status_of(verdicts, *away, *LINKED) is ASKED


@pytest.mark.parametrize(
    ("to", "groups", "named", "zone_name"),
    [
        (STORAGE, ["File"], {"storageAccount": STORAGE}, "file.core.windows.net"),
        (STORAGE, ["blob"], {"storageAccount": STORAGE}, "blob.core.windows.net"),
        (
            STORAGE,
            ["blob_Secondary"],
            {"storageAccount": STORAGE},
            "blob.core.windows.net",
        ),
        (VAULT, ["vault"], {"keyVault": VAULT}, "vaultcore.azure.net"),
        (REGISTRY, ["registry"], {"containerRegistry": REGISTRY}, "azurecr.io"),
        (SEARCH, ["searchService"], {}, "search.windows.net"),
    ],
)
def test_each_part_is_found_by_its_name(
    to: str, groups: list[str], named: Body, zone_name: str, verdicts: Verdicts
) -> None:
    kept = {"authType": "AAD", "metadata": {"ResourceId": SEARCH}}
    connection = {"id": f"{HUB}/connections/c", "properties": kept}
    part = {"id": to, "properties": {}}
    given = (endpoint(to, *groups), hub(**named), connection, part, network())
    assert status_of(verdicts, *given) is WARN
    linked = zone(f"privatelink.{zone_name}")
    assert status_of(verdicts, *given, *linked) is PASS


def test_endpoints_of_others_are_left_out(verdicts: Verdicts) -> None:
    part = {"id": STORAGE, "properties": {}}
    given = (endpoint(STORAGE, "blob"), hub(), part, network())
    assert status_of(verdicts, *given) is NONE
    outside = endpoint(HUB.replace("bbbbbbbb", "dddddddd"))
    assert status_of(verdicts, outside, network()) is NONE
    plain = {**hub(), "kind": "Default"}
    assert status_of(verdicts, endpoint(), plain, network()) is NONE


def test_what_was_not_read_leaves_it_open(verdicts: Verdicts) -> None:
    given = (endpoint(), hub(), network())
    for view in (Workspace, VirtualNetwork, PrivateZone):
        lists = [(view, SUBSCRIPTION)]
        assert status_of(verdicts, *given, unread=lists) is UNREAD
    groups = [(ZoneGroup, ENDPOINT)]
    assert status_of(verdicts, *given, *LINKED, unread=groups) is UNREAD
    part = {"id": SEARCH, "properties": {}}
    searched = (endpoint(SEARCH, "searchService"), hub(), part, network())
    connections = [(WorkspaceConnection, HUB)]
    assert status_of(verdicts, *searched, unread=connections) is UNREAD


def test_malformed_endpoints_are_not_judged(verdicts: Verdicts) -> None:
    part = {"id": STORAGE, "properties": {}}
    silent = (endpoint(STORAGE), hub(storageAccount=STORAGE), part, network())
    assert status_of(verdicts, *silent) is UNREAD
    assert status_of(verdicts, endpoint(7), hub(), network()) is UNREAD
    nowhere = endpoint(net="")
    assert status_of(verdicts, nowhere, hub(), network()) is UNREAD


@pytest.mark.parametrize(
    ("domain", "status"),
    [("vault.azure.net.", PASS), ("vaultcore.azure.net.", ASKED), ("test.", WARN)],
)
def test_a_rule_forwards_the_name_that_clients_ask_for(
    verdicts: Verdicts, domain: str, status: Status
) -> None:
    at = f"{PROVIDERS}/Microsoft.Network"
    far, ruleset = f"{at}/virtualNetworks/far", f"{at}/dnsForwardingRulesets/one"
    resolver = f"{at}/dnsResolvers/one"
    rule = {
        "domainName": domain,
        "forwardingRuleState": "Enabled",
        "targetDnsServers": [{"ipAddress": "10.2.0.4", "port": 53}],
    }
    space = {"addressPrefixes": ["10.2.0.0/16"]}
    out = [{"id": f"{resolver}/outboundEndpoints/out"}]
    links = f"{ruleset}/virtualNetworkLinks"
    found = status_of(
        verdicts,
        endpoint(VAULT, "vault"),
        {"id": VAULT, "properties": {}},
        hub(keyVault=VAULT),
        network(),
        {"id": far, "location": "eastus", "properties": {"addressSpace": space}},
        {"id": resolver, "properties": {"virtualNetwork": {"id": far}}},
        {"id": ruleset, "properties": {"dnsResolverOutboundEndpoints": out}},
        {"id": f"{ruleset}/forwardingRules/one", "properties": rule},
        {"id": f"{links}/one", "properties": {"virtualNetwork": {"id": NETWORK}}},
        *zone("privatelink.vaultcore.azure.net", far),
    )
    assert found is status
