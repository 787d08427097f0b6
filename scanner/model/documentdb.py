"""Cosmos DB: accounts, and who may reach their data."""

from __future__ import annotations

from scanner.model.fields import Flag, Parts, Text, Texts
from scanner.model.identity import Identified
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource

API_VERSION = "2025-04-15"


class SqlRoleAssignment(Resource):
    """A grant on an account's data, which no list of role assignments shows."""

    type = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"
    api_version = API_VERSION

    role_definition_id = Text("properties.roleDefinitionId")
    principal_id = Text("properties.principalId")
    scope = Text("properties.scope")


class CosmosAccount(Identified):
    """A Cosmos DB account; without an identity its `identity.type` is `None`."""

    type = "Microsoft.DocumentDB/databaseAccounts"
    api_version = API_VERSION

    endpoint = Text("properties.documentEndpoint")
    regional_endpoints = Texts(
        "properties.readLocations[].documentEndpoint", sparse=True
    )
    """A region that is being added has none yet (as recorded)."""
    local_auth_disabled = Flag("properties.disableLocalAuth")
    public_network_access = Text("properties.publicNetworkAccess")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    sql_role_assignments = Children(SqlRoleAssignment)
    diagnostic_settings = Children(DiagnosticSetting)
