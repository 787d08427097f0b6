"""Microsoft.Network: network managers and what they manage.

What a manager has in force, and on which networks, only actions tell, which Reader
does not include.
"""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.networkmanager import (
    AdminConfiguration,
    AdminRule,
    AdminRuleCollection,
    ConnectivityConfiguration,
    IpamPool,
    ManagerConnection,
    NetworkGroup,
    NetworkManager,
    RoutingConfiguration,
    RoutingRuleCollection,
    ScopeConnection,
    StaticMember,
    UserConfiguration,
    UserRuleCollection,
)
from scanner.model.resource import Resource
from scanner.model.resources import ManagementGroup


def _operation(method: str) -> SdkOperation:
    client = "azure.mgmt.network:NetworkManagementClient"
    return SdkOperation(client=client, method=method)


def _below(at: type[Resource], of: type[Resource], method: str) -> Read:
    return Read(
        of=of,
        at=at,
        operation=_operation(f"{method}.list"),
        action=f"{of.type}/read",
        recent=True,
    )


ABOVE = (
    Read(
        of=ManagerConnection,
        at=ManagementGroup,
        operation=_operation("management_group_network_manager_connections.list"),
        action=f"{ManagerConnection.type}/read",
        context=True,  # made with the hierarchy
        recent=True,
    ),
)
"""What a management group lets the managers of other tenants manage."""

READS = (
    Read(
        of=NetworkManager,
        operation=_operation("network_managers.list_by_subscription"),
        action=f"{NetworkManager.type}/read",
        indexed=True,
        recent=True,
    ),
    _below(NetworkManager, NetworkGroup, "network_groups"),
    _below(NetworkGroup, StaticMember, "static_members"),
    _below(NetworkManager, ConnectivityConfiguration, "connectivity_configurations"),
    _below(NetworkManager, AdminConfiguration, "security_admin_configurations"),
    _below(AdminConfiguration, AdminRuleCollection, "admin_rule_collections"),
    _below(AdminRuleCollection, AdminRule, "admin_rules"),
    _below(
        NetworkManager, RoutingConfiguration, "network_manager_routing_configurations"
    ),
    _below(RoutingConfiguration, RoutingRuleCollection, "routing_rule_collections"),
    _below(NetworkManager, UserConfiguration, "security_user_configurations"),
    _below(UserConfiguration, UserRuleCollection, "security_user_rule_collections"),
    _below(NetworkManager, ScopeConnection, "scope_connections"),
    _below(NetworkManager, IpamPool, "ipam_pools"),
    Read(
        of=ManagerConnection,
        operation=_operation("subscription_network_manager_connections.list"),
        action=f"{ManagerConnection.type}/read",
        recent=True,
    ),
)
