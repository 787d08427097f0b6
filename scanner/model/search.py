"""AI Search: services that keep what models look up."""

from __future__ import annotations

from scanner.model.fields import Flag, Keys, Parts, Text, Texts
from scanner.model.identity import Identified
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children


class SearchService(Identified):
    """A Search service.

    `authOptions` holds one of two objects: `apiKeyOnly`, or `aadOrApiKey` where
    tokens are accepted beside keys. It is null where keys are off (recorded).
    """

    type = "Microsoft.Search/searchServices"
    api_version = "2025-05-01"

    sku = Text("sku.name")
    local_auth_disabled = Flag("properties.disableLocalAuth")
    keys_only = Keys("properties.authOptions.apiKeyOnly")
    keys_or_tokens = Keys("properties.authOptions.aadOrApiKey")
    public_network_access = Text("properties.publicNetworkAccess")
    network_bypass = Text("properties.networkRuleSet.bypass")
    ip_rules = Texts("properties.networkRuleSet.ipRules[].value")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    diagnostic_settings = Children(DiagnosticSetting)
