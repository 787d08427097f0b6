"""Azure Virtual Network Manager: who is in which group, and what applies to groups."""

from __future__ import annotations

from scanner.model.fields import Number, Part, Parts, Text, Texts
from scanner.model.resource import Children, Resource

API_VERSION = "2024-05-01"

_MANAGERS = "Microsoft.Network/networkManagers"


class StaticMember(Resource):
    """A network that somebody put into a group."""

    type = f"{_MANAGERS}/networkGroups/staticMembers"
    api_version = API_VERSION

    resource_id = Text("properties.resourceId")


class NetworkGroup(Resource):
    """A group of networks; who else is in it, policies say."""

    type = f"{_MANAGERS}/networkGroups"
    api_version = API_VERSION

    member_type = Text("properties.memberType")

    static_members = Children(StaticMember)


class ConnectivityConfiguration(Resource):
    """How the networks of groups are connected."""

    type = f"{_MANAGERS}/connectivityConfigurations"
    api_version = API_VERSION

    group_ids = Texts("properties.appliesToGroups[].networkGroupId")


class AdminRule(Resource):
    """A security admin rule, which goes before network security groups."""

    type = f"{_MANAGERS}/securityAdminConfigurations/ruleCollections/rules"
    api_version = API_VERSION

    access = Text("properties.access")
    direction = Text("properties.direction")
    priority = Number("properties.priority")
    protocol = Text("properties.protocol")
    ports = Texts("properties.destinationPortRanges")
    source_ports = Texts("properties.sourcePortRanges")
    sources = Texts("properties.sources[].addressPrefix")
    destinations = Texts("properties.destinations[].addressPrefix")


class AdminRuleCollection(Resource):
    """Security admin rules that apply to the same groups."""

    type = f"{_MANAGERS}/securityAdminConfigurations/ruleCollections"
    api_version = API_VERSION

    group_ids = Texts("properties.appliesToGroups[].networkGroupId")

    rules = Children(AdminRule)


class AdminConfiguration(Resource):
    """A security admin configuration."""

    type = f"{_MANAGERS}/securityAdminConfigurations"
    api_version = API_VERSION

    rule_collections = Children(AdminRuleCollection)


class RoutingRuleCollection(Resource):
    """Routes that apply to the same groups."""

    type = f"{_MANAGERS}/routingConfigurations/ruleCollections"
    api_version = API_VERSION

    group_ids = Texts("properties.appliesTo[].networkGroupId")


class RoutingConfiguration(Resource):
    """A routing configuration."""

    type = f"{_MANAGERS}/routingConfigurations"
    api_version = API_VERSION

    rule_collections = Children(RoutingRuleCollection)


class UserRuleCollection(Resource):
    """Security user rules that apply to the same groups."""

    type = f"{_MANAGERS}/securityUserConfigurations/ruleCollections"
    api_version = API_VERSION

    group_ids = Texts("properties.appliesToGroups[].networkGroupId")


class UserConfiguration(Resource):
    """A security user configuration."""

    type = f"{_MANAGERS}/securityUserConfigurations"
    api_version = API_VERSION

    rule_collections = Children(UserRuleCollection)


class Consent(Resource):
    """One half of what lets a manager manage a scope of another tenant."""

    state = Text("properties.connectionState")


class ScopeConnection(Consent):
    """A manager's request to manage a scope of another tenant."""

    type = f"{_MANAGERS}/scopeConnections"
    api_version = API_VERSION

    tenant_id = Text("properties.tenantId")
    resource_id = Text("properties.resourceId")


class ManagerConnection(Consent):
    """A scope's consent to be managed by a manager of another tenant."""

    type = "Microsoft.Network/networkManagerConnections"
    api_version = API_VERSION

    manager_id = Text("properties.networkManagerId")


class IpamPool(Resource):
    """A pool from which networks of its region draw their addresses."""

    type = f"{_MANAGERS}/ipamPools"
    api_version = API_VERSION


class CrossTenantScope(Part):
    """What a manager manages in another tenant."""

    tenant_id = Text("tenantId")
    management_groups = Texts("managementGroups")
    subscriptions = Texts("subscriptions")


class NetworkManager(Resource):
    """A network manager: what it manages, and by which features."""

    type = _MANAGERS
    api_version = API_VERSION

    management_groups = Texts("properties.networkManagerScopes.managementGroups")
    subscriptions = Texts("properties.networkManagerScopes.subscriptions")
    cross_tenant_scopes = Parts(
        "properties.networkManagerScopes.crossTenantScopes", CrossTenantScope
    )
    features = Texts("properties.networkManagerScopeAccesses")

    groups = Children(NetworkGroup)
    connectivity_configurations = Children(ConnectivityConfiguration)
    admin_configurations = Children(AdminConfiguration)
    routing_configurations = Children(RoutingConfiguration)
    user_configurations = Children(UserConfiguration)
    scope_connections = Children(ScopeConnection)
    ipam_pools = Children(IpamPool)
