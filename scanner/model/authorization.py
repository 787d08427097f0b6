"""Role assignments and definitions."""

from __future__ import annotations

from scanner.model.fields import Part, Parts, Text, Texts
from scanner.model.resource import Resource

API_VERSION = "2022-04-01"


class RoleAssignment(Resource):
    """A grant of a role to a principal at a scope."""

    type = "Microsoft.Authorization/roleAssignments"
    api_version = API_VERSION

    scope = Text("properties.scope")
    role_definition_id = Text("properties.roleDefinitionId")
    principal_id = Text("properties.principalId")
    principal_type = Text("properties.principalType")
    condition = Text("properties.condition")
    condition_version = Text("properties.conditionVersion")


class Permission(Part):
    """One block of what a role allows."""

    actions = Texts("actions")
    not_actions = Texts("notActions")
    data_actions = Texts("dataActions")
    not_data_actions = Texts("notDataActions")
    condition = Text("condition")


class RoleDefinition(Resource):
    """A role."""

    type = "Microsoft.Authorization/roleDefinitions"
    api_version = API_VERSION

    role_name = Text("properties.roleName")
    role_type = Text("properties.type")
    permissions = Parts("properties.permissions", Permission)
    assignable_scopes = Texts("properties.assignableScopes")
