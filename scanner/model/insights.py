"""Azure Monitor: diagnostic settings and activity log alerts."""

from __future__ import annotations

from scanner.model.fields import Flag, Part, Parts, Text, Texts
from scanner.model.resource import Resource


class LogCategory(Part):
    """One log category, or group of categories, of a diagnostic setting."""

    category = Text("category")
    group = Text("categoryGroup")
    enabled = Flag("enabled")


class MetricCategory(Part):
    """One category of metrics of a diagnostic setting."""

    enabled = Flag("enabled")


class DiagnosticSetting(Resource):
    """Where the logs of a resource or subscription go (extension resource).

    An element of `logs` names either a `category` or a `categoryGroup`; the other
    is null (recorded responses, 2021-05-01-preview).
    """

    type = "Microsoft.Insights/diagnosticSettings"
    api_version = "2021-05-01-preview"

    logs = Parts("properties.logs", LogCategory)
    metrics = Parts("properties.metrics", MetricCategory)
    table_kind = Text("properties.logAnalyticsDestinationType")
    workspace_id = Text("properties.workspaceId")
    storage_account_id = Text("properties.storageAccountId")
    event_hub_rule_id = Text("properties.eventHubAuthorizationRuleId")
    service_bus_rule_id = Text("properties.serviceBusRuleId")
    partner_id = Text("properties.marketplacePartnerId")

    @property
    def has_destination(self) -> bool:
        """Whether the setting sends anywhere."""
        return any(
            (
                self.workspace_id,
                self.storage_account_id,
                self.event_hub_rule_id,
                self.service_bus_rule_id,
                self.partner_id,
            )
        )


class AlertClause(Part):
    """One condition of an activity log alert."""

    field = Text("field")
    equals = Text("equals")
    contains_any = Texts("containsAny")


class AlertClauseGroup(Part):
    """Alternatives of a condition: `anyOf` holds clauses, or the clause itself."""

    field = Text("field")
    equals = Text("equals")
    contains_any = Texts("containsAny")
    any_of = Parts("anyOf", AlertClause)


class ActionGroup(Part):
    """Whom an alert tells."""

    id = Text("actionGroupId")


class ActivityLogAlert(Resource):
    """An alert on events of the Activity Log (2020-10-01)."""

    type = "Microsoft.Insights/activityLogAlerts"
    api_version = "2020-10-01"

    enabled = Flag("properties.enabled")
    scopes = Texts("properties.scopes")
    all_of = Parts("properties.condition.allOf", AlertClauseGroup)
    action_groups = Parts("properties.actions.actionGroups", ActionGroup)


class DiagnosticCategory(Resource):
    """A category that diagnostic settings of a resource can choose, and its groups."""

    type = "Microsoft.Insights/diagnosticSettingsCategories"
    api_version = "2021-05-01-preview"

    groups = Texts("properties.categoryGroups")


class QueryRule(Resource):
    """An alert on what a query of logs finds."""

    type = "Microsoft.Insights/scheduledQueryRules"
    api_version = "2021-08-01"

    enabled = Flag("properties.enabled")
    scopes = Texts("properties.scopes")
    queries = Texts("properties.criteria.allOf[].query", sparse=True)
    """A condition on a metric has none (scheduledQueryRules, kind LogToMetric)."""
    action_group_ids = Texts("properties.actions.actionGroups")
