"""Log Analytics: workspaces, and how long tables keep what they are sent."""

from __future__ import annotations

from scanner.model.fields import Number, Part, Parts, Text, Texts
from scanner.model.resource import Resource

API_VERSION = "2022-10-01"

QUERIES = "DNSQueryLogs"
"""The table of what DNS security policies log."""


class DataFlow(Part):
    """What a rule does with some streams on their way to tables."""

    streams = Texts("streams")
    transform = Text("transformKql")


class DataCollectionRule(Resource):
    """A data collection rule; a workspace's own transforms what tables are sent."""

    type = "Microsoft.Insights/dataCollectionRules"
    api_version = "2023-03-11"
    found_by = (
        (
            "Microsoft.OperationalInsights/workspaces",
            "Microsoft.Resources/subscriptions",
        ),
    )

    flows = Parts("properties.dataFlows", DataFlow)


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
