"""Where the query logs of DNS security policies go."""

from __future__ import annotations

from collections.abc import Iterator

from checks.shared.wording import count, shown
from scanner.dns.gather import logs_queries
from scanner.model.coverage import NotRead
from scanner.model.dns import ResolverPolicy
from scanner.model.ids import ResourceId
from scanner.model.loganalytics import (
    QUERIES,
    DataCollectionRule,
    DataFlow,
    LogTable,
    LogWorkspace,
)
from scanner.model.tenant import Tenant

STREAM = f"microsoft-table-{QUERIES}".lower()
"""What data collection rules call what is sent to the table of queries."""


def workspaces(policy: ResolverPolicy) -> Iterator[str]:
    """Yield the ids of the workspaces that the query log is known to be sent to."""
    for setting in policy.diagnostic_settings.known():
        if logs_queries(setting) and setting.workspace_id:
            yield setting.workspace_id


def kept(workspace_id: str, tenant: Tenant) -> str:
    """Return a workspace's name, with how it keeps queries as far as that was read."""
    name = shown(ResourceId.parse(workspace_id).name)
    table = tenant.known(LogTable, f"{workspace_id}/tables/{QUERIES}")
    if table is None:
        return name
    try:
        days = table.total_retention_days or table.retention_days
        plan = table.plan
    except NotRead:
        return name
    more = transformed(workspace_id, tenant)
    long = "" if days is None else f", kept {count(days, 'day', 'days')}"
    return f"{name} (plan {shown(plan)}{long}{more})"


def transformed(workspace_id: str, tenant: Tenant) -> str:
    """Return what a sentence adds where a workspace transforms the query log.

    Its own data collection rule has a flow for the table then; one that passes on the
    `source` alone changes nothing (Azure Monitor documentation, workspace
    transformations). Empty where it has none, or is not known.
    """
    try:
        workspace = tenant.get(LogWorkspace, workspace_id)
        rule_id = workspace.default_rule_id if workspace else None
        rule = tenant.get(DataCollectionRule, rule_id) if rule_id else None
        flows = rule.flows if rule else ()
        return ", transformed before" if any(map(_transforms, flows)) else ""
    except NotRead:
        return ", transforms not read"


def _transforms(flow: DataFlow) -> bool:
    streams = {each.lower() for each in flow.streams or ()}
    return STREAM in streams and (flow.transform or "source").strip() != "source"
