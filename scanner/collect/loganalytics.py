"""Microsoft.OperationalInsights: workspaces, and the table of queries of networks.

A workspace has hundreds of tables; one matters, where a DNS policy logs to it. What is
dropped on the way there, a workspace's own data collection rule says.
"""

from __future__ import annotations

import re

from scanner.collect.read import BY_ITS_ID, Body, Read, RestOperation, properties_of
from scanner.model.dns import ResolverPolicy
from scanner.model.ids import ResourceId
from scanner.model.insights import DiagnosticSetting
from scanner.model.loganalytics import (
    QUERIES,
    DataCollectionRule,
    LogTable,
    LogWorkspace,
)

_WORKSPACE = re.compile(
    r"/subscriptions/[\w-]+/resourceGroups/[^/?#]+/providers"
    r"/Microsoft\.OperationalInsights/workspaces/[\w-]+",
    re.IGNORECASE,
)

_RULE = re.compile(
    r"/subscriptions/[\w-]+/resourceGroups/[^/?#]+/providers"
    r"/Microsoft\.Insights/dataCollectionRules/[\w.-]+",
    re.IGNORECASE,
)


def _table(_: str, setting: Body) -> str:
    """Return the id of the table that a setting fills; empty where it fills none."""
    workspace = _WORKSPACE.fullmatch(str(properties_of(setting).get("workspaceId")))
    return f"{workspace[0]}/tables/{QUERIES}" if workspace else ""


def _rule(_: str, workspace: Body) -> str:
    """Return the id of a workspace's own rule; empty where it has none."""
    named = properties_of(workspace).get("defaultDataCollectionRuleResourceId")
    rule = _RULE.fullmatch(str(named))
    return rule[0] if rule else ""


def _has_rule(workspace: Body) -> bool:
    return bool(_rule("", workspace))


def _logs_queries(setting: Body) -> bool:
    policy = ResourceId.parse(str(setting.get("id"))).parent
    is_policy = ResourceId.parse(policy).type.lower() == ResolverPolicy.type.lower()
    return is_policy and bool(_table("", setting))


READS = (
    Read(
        of=LogWorkspace,
        operation=RestOperation(path=f"providers/{LogWorkspace.type}"),
        action=f"{LogWorkspace.type}/read",
        indexed=True,
    ),
    Read(
        of=LogTable,
        at=DiagnosticSetting,
        operation=BY_ITS_ID,
        action=f"{LogTable.type}/read",
        where=_logs_queries,
        place=_table,
    ),
    Read(
        of=DataCollectionRule,
        at=LogWorkspace,
        operation=BY_ITS_ID,
        action=f"{DataCollectionRule.type}/read",
        where=_has_rule,
        place=_rule,
    ),
)
