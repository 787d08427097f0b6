"""Who may do what: roles, their assignments, denials, eligibility, delegation."""

from __future__ import annotations

from scanner.model.fields import Flag, Moment, Part, Parts, Text, Texts
from scanner.model.resource import Resource

API_VERSION = "2022-04-01"


class RoleGrant(Resource):
    """A role of a principal at a scope, in force or to be activated."""

    scope = Text("properties.scope")
    role_definition_id = Text("properties.roleDefinitionId")
    principal_id = Text("properties.principalId")
    principal_type = Text("properties.principalType")
    condition = Text("properties.condition")


class RoleAssignment(RoleGrant):
    """A role that a principal has at a scope."""

    type = "Microsoft.Authorization/roleAssignments"
    api_version = API_VERSION

    condition_version = Text("properties.conditionVersion")
    created_on = Moment("properties.createdOn")
    delegated_identity_id = Text("properties.delegatedManagedIdentityResourceId")


class Permission(Part):
    """One block of what a role allows, or of what a deny assignment forbids."""

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

    @property
    def is_custom(self) -> bool:
        """Whether the organisation made it; raises NotRead where that is not said."""
        if not self.role_type:
            raise self.unread("properties.type", "says nothing")
        return self.role_type.lower() == "customrole"


class DeniedPrincipal(Part):
    """Whom a deny assignment concerns, or leaves out."""

    principal_id = Text("id")
    principal_type = Text("type")


class DenyAssignment(Resource):
    """A denial of actions to principals at a scope, whatever their roles allow."""

    type = "Microsoft.Authorization/denyAssignments"
    api_version = API_VERSION

    deny_name = Text("properties.denyAssignmentName")
    scope = Text("properties.scope")
    permissions = Parts("properties.permissions", Permission)
    principals = Parts("properties.principals", DeniedPrincipal)
    excluded = Parts("properties.excludePrincipals", DeniedPrincipal)
    own_scope_only = Flag("properties.doNotApplyToChildScopes")
    system_protected = Flag("properties.isSystemProtected")
    condition = Text("properties.condition")


class RoleEligibility(RoleGrant):
    """A role that a principal may activate: Privileged Identity Management."""

    type = "Microsoft.Authorization/roleEligibilityScheduleInstances"
    api_version = "2020-10-01"

    member_type = Text("properties.memberType")
    status = Text("properties.status")


class EligibleAuthorization(Part):
    """What Lighthouse lets a principal of the managing tenant activate."""

    principal_id = Text("principalId")
    principal_name = Text("principalIdDisplayName")
    role_definition_id = Text("roleDefinitionId")


class Authorization(EligibleAuthorization):
    """What Lighthouse gives to a principal of the managing tenant."""

    delegated_role_ids = Texts("delegatedRoleDefinitionIds")


class Registration(Resource):
    """A Lighthouse delegation; its grants show in no list of role assignments."""

    type = "Microsoft.ManagedServices/registrationAssignments"
    api_version = "2022-10-01"

    managing_tenant = Text(
        "properties.registrationDefinition.properties.managedByTenantId"
    )
    authorizations = Parts(
        "properties.registrationDefinition.properties.authorizations", Authorization
    )
    eligible_authorizations = Parts(
        "properties.registrationDefinition.properties.eligibleAuthorizations",
        EligibleAuthorization,
    )
