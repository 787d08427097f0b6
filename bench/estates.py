"""Invented estates of any size, for measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.collect.assemble import assemble
from scanner.emulator import Estate
from scanner.emulator.estate import Tenant

TENANT = "5b0f5f8c-6c1e-4a53-9d0c-000000000001"

Body = Mapping[str, Any]

MIX = {
    "storage": 30,
    "vault": 20,
    "account": 15,
    "endpoint": 15,
    "network": 8,
    "workspace": 8,
    "list": 2,
    "policy": 2,
}
"""Resources of a subscription, a hundred in all."""


def accounts_only(subscriptions: int, accounts: int) -> Estate:
    """Return subscriptions that hold nothing but Azure OpenAI accounts."""
    bodies = []
    for number in range(subscriptions):
        scope = _scope(number)
        bodies += [subscription(number), group(scope)]
        bodies += [account(scope, index) for index in range(accounts)]
    return _served(bodies)


def mixed(subscriptions: int) -> Estate:
    """Return subscriptions of a hundred resources each, of all collected types."""
    bodies = []
    for number in range(subscriptions):
        scope = _scope(number)
        bodies += [subscription(number), group(scope)]
        for kind, count in MIX.items():
            bodies += [_MAKERS[kind](scope, index) for index in range(count)]
    return _served(bodies)


def _served(bodies: list[Body]) -> Estate:
    records, readings = assemble(bodies, TENANT)
    return Estate((Tenant.of(TENANT, records, readings),))


def _scope(number: int) -> str:
    return f"/subscriptions/{number:08d}-0000-4000-8000-000000000000"


def subscription(number: int) -> Body:
    """Return an enabled subscription."""
    scope = _scope(number)
    return {
        "id": scope,
        "subscriptionId": scope.rpartition("/")[2],
        "tenantId": TENANT,
        "displayName": f"Subscription {number}",
        "state": "Enabled",
    }


def group(scope: str) -> Body:
    """Return the one resource group of a subscription."""
    return {"id": f"{scope}/resourceGroups/rg", "name": "rg", "location": "westeurope"}


def resource(scope: str, of: str, name: str, properties: Body, **more: Any) -> Body:
    """Return a resource as ARM returns it, with tags and all."""
    return {
        "id": f"{scope}/resourceGroups/rg/providers/{of}/{name}",
        "name": name,
        "type": of,
        "location": "westeurope",
        "tags": {"environment": "prod", "owner": "platform", "costCenter": "4711"},
        "systemData": {"createdAt": "2025-04-01T09:00:00Z", "createdByType": "User"},
        "properties": properties,
        **more,
    }


def account(scope: str, index: int) -> Body:
    """Return an Azure OpenAI account; every other one is public."""
    name = f"oai-{scope[15:23]}-{index}"
    return resource(
        scope,
        "Microsoft.CognitiveServices/accounts",
        name,
        {
            "endpoint": f"https://{name}.openai.azure.com/",
            "customSubDomainName": name,
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Disabled" if index % 2 else "Enabled",
            "disableLocalAuth": True,
            "capabilities": [{"name": f"capability-{n}"} for n in range(12)],
            "privateEndpointConnections": [],
        },
        kind="OpenAI",
        sku={"name": "S0"},
    )


def _storage(scope: str, index: int) -> Body:
    return resource(
        scope,
        "Microsoft.Storage/storageAccounts",
        f"st{scope[15:23]}{index}",
        {
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_2",
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny"},
            "primaryEndpoints": {"blob": "https://x.blob.core.windows.net/"},
        },
        kind="StorageV2",
    )


def _vault(scope: str, index: int) -> Body:
    properties = {"enableRbacAuthorization": True, "sku": {"name": "standard"}}
    return resource(scope, "Microsoft.KeyVault/vaults", f"kv-{index}", properties)


def network(scope: str, index: int) -> Body:
    """Return a virtual network."""
    properties = {"addressSpace": {"addressPrefixes": [f"10.{index}.0.0/16"]}}
    return resource(
        scope, "Microsoft.Network/virtualNetworks", f"vnet-{index}", properties
    )


def _endpoint(scope: str, index: int) -> Body:
    target = _storage(scope, index)["id"]
    connection = {"privateLinkServiceId": target, "groupIds": ["blob"]}
    return resource(
        scope,
        "Microsoft.Network/privateEndpoints",
        f"pe-{index}",
        {"privateLinkServiceConnections": [{"properties": connection}]},
    )


def _workspace(scope: str, index: int) -> Body:
    return resource(
        scope,
        "Microsoft.MachineLearningServices/workspaces",
        f"hub-{index}",
        {
            "systemDatastoresAuthMode": "identity",
            "storageAccount": _storage(scope, index)["id"],
            "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
            "publicNetworkAccess": "Disabled",
        },
        kind="Hub",
    )


def _policy(scope: str, index: int) -> Body:
    properties = {"provisioningState": "Succeeded"}
    return resource(
        scope, "Microsoft.Network/dnsResolverPolicies", f"policy-{index}", properties
    )


def _list(scope: str, index: int) -> Body:
    properties = {"domains": [f"bad-{n}.example." for n in range(20)]}
    return resource(
        scope, "Microsoft.Network/dnsResolverDomainLists", f"list-{index}", properties
    )


_MAKERS = {
    "storage": _storage,
    "vault": _vault,
    "account": account,
    "endpoint": _endpoint,
    "network": network,
    "workspace": _workspace,
    "list": _list,
    "policy": _policy,
}
