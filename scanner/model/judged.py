"""What a run answered, as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scanner.model.check import FINDINGS, Severity, Status
from scanner.model.evidence import Evidence
from scanner.model.results import Result, Run, fingerprint_of

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
    location: str = ""

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
            location=target.location,
        )

    def of_check(self, check_id: str) -> Row:
        """Return it as the same check recorded it under another id."""
        name = fingerprint_of(check_id, self.tenant_id, self.resource_id, self.location)
        return replace(self, check_id=check_id, fingerprint=name)

    @property
    def is_finding(self) -> bool:
        """Whether something is to be done about it."""
        return self.status in FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run and what it answered."""

    run: Run
    rows: tuple[Row, ...]
