"""Where the query logs of DNS security policies go."""

from __future__ import annotations

from collections.abc import Iterator

from checks.shared.wording import shown
from scanner.dns.gather import logs_queries
from scanner.model.coverage import NotRead
from scanner.model.dns import ResolverPolicy
from scanner.model.ids import ResourceId
from scanner.model.loganalytics import QUERIES, LogTable
from scanner.model.tenant import Tenant


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
    return f"{name} (plan {shown(plan)}, kept {days} days)"
