"""Container registries."""

from __future__ import annotations

from scanner.model.fields import Flag, Parts, Text, Texts
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource


class Registry(Resource):
    """A container registry."""

    type = "Microsoft.ContainerRegistry/registries"
    api_version = "2025-11-01"

    sku = Text("sku.name")
    login_server = Text("properties.loginServer")
    data_hosts = Texts("properties.dataEndpointHostNames")
    admin_user_enabled = Flag("properties.adminUserEnabled")
    role_assignment_mode = Text("properties.roleAssignmentMode")
    public_network_access = Text("properties.publicNetworkAccess")
    network_default_action = Text("properties.networkRuleSet.defaultAction")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    diagnostic_settings = Children(DiagnosticSetting)
