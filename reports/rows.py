"""What a result and a gap are written as: the columns, and the value of each."""

from __future__ import annotations

from typing import Any

from scanner.model.results import GapReport, Result

COLUMNS = (
    "check_id",
    "title",
    "topic",
    "status",
    "severity",
    "tenant_id",
    "subscription_id",
    "subscription_name",
    "resource_group",
    "resource_type",
    "resource_name",
    "resource_id",
    "location",
    "reason",
    "evidence",
    "remediation",
    "guidance",
    "controls",
    "exemption",
    "fingerprint",
)
"""The columns of results.csv and the keys of a result in results.json."""

GAP_COLUMNS = (
    "scope",
    "resource_type",
    "operation",
    "http_status",
    "error_code",
    "reason",
    "checks",
)
"""The columns of gaps.csv and the keys of a gap in results.json."""


def result_row(result: Result) -> dict[str, Any]:
    """Return a result by column; evidence, guidance and controls are sequences."""
    check, target = result.check, result.target
    values = (
        check.id,
        check.title,
        check.topic,
        result.status,
        check.severity,
        target.tenant_id,
        target.subscription_id,
        target.subscription_name,
        target.resource_group,
        target.resource_type,
        target.resource_name,
        target.resource_id,
        target.location,
        result.reason,
        result.evidence,
        result.remediation,
        check.guidance,
        check.controls,
        result.exemption,
        result.fingerprint,
    )
    return dict(zip(COLUMNS, values, strict=True))


def gap_row(report: GapReport) -> dict[str, Any]:
    """Return a gap by column; checks is a sequence."""
    gap = report.gap
    values = (
        gap.scope,
        gap.resource_type,
        gap.operation,
        gap.http_status,
        gap.error_code,
        gap.reason,
        report.checks,
    )
    return dict(zip(GAP_COLUMNS, values, strict=True))
