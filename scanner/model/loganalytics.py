"""Log Analytics: workspaces, and how long tables keep what they are sent."""

from __future__ import annotations

from scanner.model.fields import Number, Text
from scanner.model.resource import Resource

API_VERSION = "2022-10-01"

QUERIES = "DNSQueryLogs"
"""The table of what DNS security policies log."""


class LogTable(Resource):
    """A table of a workspace."""

    type = "Microsoft.OperationalInsights/workspaces/tables"
    api_version = API_VERSION
    found_by = (
        ("Microsoft.Network/dnsResolverPolicies", "Microsoft.Resources/subscriptions"),
        (
            "Microsoft.Insights/diagnosticSettings",
            "Microsoft.Network/dnsResolverPolicies",
        ),
    )

    retention_days = Number("properties.retentionInDays")
    total_retention_days = Number("properties.totalRetentionInDays")
    plan = Text("properties.plan")


class LogWorkspace(Resource):
    """A Log Analytics workspace."""

    type = "Microsoft.OperationalInsights/workspaces"
    api_version = API_VERSION

    retention_days = Number("properties.retentionInDays")
    default_rule_id = Text("properties.defaultDataCollectionRuleResourceId")
