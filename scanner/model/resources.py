"""The scopes: tenants, management groups, subscriptions, resource groups."""

from __future__ import annotations

from scanner.model.fields import Text, Texts, Tree
from scanner.model.insights import ActivityLogAlert, DiagnosticSetting
from scanner.model.resource import Children, Resource

TENANT_TYPE = "Microsoft.Resources/tenants"


class ManagementGroup(Resource):
    """A management group."""

    type = "Microsoft.Management/managementGroups"
    api_version = "2020-05-01"

    display_name = Text("properties.displayName")


class Subscription(Resource):
    """A subscription; its body has neither `type` nor `properties`."""

    type = "Microsoft.Resources/subscriptions"
    api_version = "2022-12-01"

    display_name = Text("displayName")
    state = Text("state")
    tenant_id = Text("tenantId")
    tags = Tree("tags")
    managing_tenants = Texts("managedByTenants[].tenantId")

    diagnostic_settings = Children(DiagnosticSetting)
    activity_log_alerts = Children(ActivityLogAlert)


class ResourceGroup(Resource):
    """A resource group."""

    type = "Microsoft.Resources/resourceGroups"
    api_version = "2021-04-01"

    tags = Tree("tags")


class Descendant(Resource):
    """A management group or subscription under a management group."""

    type = "Microsoft.Management/managementGroups/descendants"
    api_version = "2020-05-01"

    parent_id = Text("properties.parent.id")
