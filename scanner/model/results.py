"""Results: one check's answer on one target, and what a whole run came to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scanner.model.check import FINDINGS, Check, Status
from scanner.model.coverage import Gap
from scanner.model.evidence import Evidence
from scanner.model.exemptions import ExemptionReport
from scanner.model.ids import id_key
from scanner.model.selection import CheckSelection
from scanner.model.totals import Totals

if TYPE_CHECKING:
    from scanner.model.drift import Drift
    from scanner.model.trend import Point

SCHEMA = "posture/1"


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
        return fingerprint_of(
            self.check.id, target.tenant_id, target.resource_id, target.location
        )


def fingerprint_of(
    check_id: str, tenant_id: str, resource_id: str, location: str
) -> str:
    """Return a name for check and resource that is the same in every run."""
    region = location if resource_id.startswith("/tenants/") else ""
    text = "\n".join((check_id, tenant_id, id_key(resource_id), region))
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
    selection: CheckSelection | None = None
    """What narrowed the checks; None where nothing did: all of them judged."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The settings they judged by."""
    cloud: str
    method: str
    """How it signed in: one of `--auth`."""
    signed_in: tuple[SignedIn, ...] = ()
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The options that narrowed the scan, as given."""
    subscriptions: tuple[ScannedSubscription, ...] = ()
    bounded: Mapping[str, tuple[str, ...]] | None = None
    """By tenant, the resource types that were only tried, and not read whole: no gap,
    but there may be more of them. None before the run is judged."""
    notes: tuple[str, ...] = ()
    """What a reader must know and that is no gap, such as a disabled subscription."""
    requests: int = 0


@dataclass(frozen=True, kw_only=True)
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

    @cached_property
    def checks(self) -> tuple[Check[Any], ...]:
        """The checks that answered, in their order."""
        return tuple(dict.fromkeys(each.check for each in self.results))

    @cached_property
    def totals(self) -> Totals:
        """What the results come to."""
        return Totals.of(self.results)
