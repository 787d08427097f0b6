"""What a result and a gap are written as: the columns, and the value of each."""

from __future__ import annotations

import msgspec

from scanner.model.check import Post, Severity, Status, Topic
from scanner.model.evidence import Evidence
from scanner.model.results import GapReport, Result


class ResultRow(msgspec.Struct, frozen=True):
    """A result as results.csv and results.json have it, column by column."""

    check_id: str
    title: str
    topic: Topic
    status: Status
    severity: Severity
    tenant_id: str
    subscription_id: str
    subscription_name: str
    resource_group: str
    resource_type: str
    resource_name: str
    resource_id: str
    location: str
    reason: str
    evidence: tuple[Evidence, ...]
    remediation: str
    guidance: tuple[Post, ...]
    controls: tuple[str, ...]
    exemption: str
    fingerprint: str


class GapRow(msgspec.Struct, frozen=True):
    """A gap as gaps.csv and results.json have it, column by column."""

    scope: str
    resource_type: str
    operation: str
    http_status: int | None
    error_code: str | None
    reason: str
    checks: tuple[str, ...]


def result_row(result: Result) -> ResultRow:
    """Return a result by column."""
    check, target = result.check, result.target
    return ResultRow(
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


def gap_row(report: GapReport) -> GapRow:
    """Return a gap by column."""
    gap = report.gap
    return GapRow(
        gap.scope,
        gap.resource_type,
        gap.operation,
        gap.http_status,
        gap.error_code,
        gap.reason,
        report.checks,
    )
