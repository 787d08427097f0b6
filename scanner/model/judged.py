"""What a run answered, as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.model.check import FINDINGS, Severity, Status
from scanner.model.evidence import Evidence
from scanner.model.results import Result, Run

Fingerprint = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A result as a run recorded it; its check may be gone since."""

    check_id: str
    title: str
    severity: Severity
    status: Status
    tenant_id: str
    subscription_id: str
    resource_type: str
    resource_name: str
    resource_id: str
    reason: str
    evidence: tuple[Evidence, ...]
    exemption: str
    fingerprint: Fingerprint

    @classmethod
    def of(cls, result: Result) -> Row:
        """Return a result as it will be recorded."""
        target = result.target
        return cls(
            check_id=result.check.id,
            title=result.check.title,
            severity=result.check.severity,
            status=result.status,
            tenant_id=target.tenant_id,
            subscription_id=target.subscription_id,
            resource_type=target.resource_type,
            resource_name=target.resource_name,
            resource_id=target.resource_id,
            reason=result.reason,
            evidence=result.evidence,
            exemption=result.exemption,
            fingerprint=result.fingerprint,
        )

    @property
    def is_finding(self) -> bool:
        """Whether something is to be done about it."""
        return self.status in FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run and what it answered."""

    run: Run
    rows: tuple[Row, ...]
