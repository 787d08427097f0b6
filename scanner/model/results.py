"""Results: one check's answer on one target, and what a whole run came to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanner.model.check import Check, Severity, Status
from scanner.model.coverage import Gap
from scanner.model.evidence import Evidence
from scanner.model.exemptions import ExemptionReport
from scanner.model.ids import id_key

if TYPE_CHECKING:
    from scanner.model.drift import Drift
    from scanner.model.trend import Point

SCHEMA = "posture/1"
FINDINGS = (Status.FAIL, Status.WARN)
"""The statuses that are findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a result is about."""

    tenant_id: str
    subscription_id: str = ""
    subscription_name: str = ""
    resource_group: str = ""
    resource_type: str
    resource_name: str
    resource_id: str
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check's answer on one target."""

    check: Check[Any]
    target: Target
    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""
    exemption: str = ""

    @property
    def is_finding(self) -> bool:
        """Whether something is to be done about it."""
        return self.status in FINDINGS

    @property
    def remediation(self) -> str:
        """What to do; empty where there is nothing to do."""
        if self.status not in (*FINDINGS, Status.MANUAL):
            return ""
        return self.advice or self.check.documentation.fix

    @property
    def fingerprint(self) -> str:
        """A name for check and resource that is the same in every run."""
        target = self.target
        region = target.location if target.resource_id.startswith("/tenants/") else ""
        text = "\n".join(
            (self.check.id, target.tenant_id, id_key(target.resource_id), region)
        )
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapReport:
    """A gap, and the checks that could not answer because of it."""

    gap: Gap
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who read a tenant: from the token's claims, never the token itself."""

    tenant_id: str
    principal_id: str = ""
    principal_name: str = ""
    principal_type: str = ""
    application_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedSubscription:
    """A subscription that was in scope."""

    id: str
    name: str
    tenant_id: str
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Who read what, when, with what, over which scope."""

    started: str
    """UTC, RFC 3339."""
    finished: str = ""
    complete: bool = False
    """Whether collection came to its end (an interrupted one did not)."""
    version: str
    catalogue: str = ""
    """Hash of the checks that judged."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings they judged by."""
    cloud: str
    method: str
    """How it signed in: one of `--auth`."""
    signed_in: tuple[SignedIn, ...] = ()
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The options that narrowed the scan, as given."""
    subscriptions: tuple[ScannedSubscription, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader must know and that is no gap, such as a disabled subscription."""
    requests: int = 0


_WON = {Status.PASS: 1.0, Status.WARN: 0.5, Status.FAIL: 0.0}
"""How much of its weight a verdict is worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """100 x passed weight / assessed weight, and the coverage that goes with it."""

    value: float | None
    """0 to 100; None where nothing of any weight was assessed."""
    coverage: float | None
    """0 to 1: assessed / (assessed + not assessed); None where there was neither."""

    @classmethod
    def of(cls, results: Iterable[Result]) -> Score:
        """Return the score of some results; a warn loses half of its weight."""
        return cls.counted(
            Counter((each.check.severity, each.status) for each in results)
        )

    @classmethod
    def counted(cls, counts: Mapping[tuple[Severity, Status], int]) -> Score:
        """Return the score of so many results of each severity and status."""
        won = lost = 0.0
        assessed = missed = 0
        for (severity, status), number in counts.items():
            if status is Status.NOT_ASSESSED:
                missed += number
            elif status in _WON:
                assessed += number
                won += number * severity.weight * _WON[status]
                lost += number * severity.weight * (1 - _WON[status])
        total, asked = won + lost, assessed + missed
        return cls(
            value=round(100 * won / total, 1) if total else None,
            coverage=round(assessed / asked, 4) if asked else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything a report needs: the run, its results and its gaps."""

    run: Run
    results: tuple[Result, ...]
    gaps: tuple[GapReport, ...]
    exemptions: tuple[ExemptionReport, ...] = ()
    """What became of each exemption that was given."""
    drift: Drift | None = None
    """What changed since the baseline; None without one."""
    trend: tuple[Point, ...] = ()
    """The runs of the baseline's folder and this one, the oldest first."""

    def findings_at(self, threshold: Severity) -> int:
        """Return how many failed at or above a severity, exempted ones left out."""
        return sum(
            result.status is Status.FAIL
            and not result.exemption
            and result.check.severity.reaches(threshold)
            for result in self.results
        )
