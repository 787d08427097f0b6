"""Key vaults."""

from __future__ import annotations

from scanner.model.fields import Flag, Parts, Text
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource


class KeyVault(Resource):
    """A key vault."""

    type = "Microsoft.KeyVault/vaults"
    api_version = "2023-07-01"

    rbac_authorization = Flag("properties.enableRbacAuthorization")
    purge_protection = Flag("properties.enablePurgeProtection")
    public_network_access = Text("properties.publicNetworkAccess")
    network_default_action = Text("properties.networkAcls.defaultAction")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    diagnostic_settings = Children(DiagnosticSetting)
