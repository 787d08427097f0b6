"""Checks: executable requirements, and the verdicts they return."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cached_property
from typing import Generic, TypeVar

from scanner.model.controls import Setting, Support, supported
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

R = TypeVar("R", bound=Resource)


@unique
class Status(StrEnum):
    """What a check answers."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    INFO = "info"
    MANUAL = "manual"
    NOT_APPLICABLE = "not-applicable"
    NOT_ASSESSED = "not-assessed"


FINDINGS = (Status.FAIL, Status.WARN)
"""The statuses that are findings."""


@unique
class Severity(StrEnum):
    """How much a check matters; the check's, never decided inside it."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"

    @property
    def weight(self) -> int:
        """Its weight in scores."""
        return _WEIGHTS[self]

    def reaches(self, threshold: Severity) -> bool:
        """Whether it is at or above another."""
        order = list(Severity)
        return order.index(self) <= order.index(threshold)


_WEIGHTS = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 6,
    Severity.MEDIUM: 3,
    Severity.LOW: 1,
    Severity.INFORMATIONAL: 0,
}


@unique
class Topic(StrEnum):
    """A chapter of the guidance; each is a module of `checks`."""

    AOAI_OUTBOUND = "aoai-outbound"
    AOAI_INBOUND = "aoai-inbound"
    API_KEYS = "api-keys"
    AUTHORIZATION = "authorization"
    LOGGING = "logging"
    FOUNDRY_BASICS = "foundry-basics"
    FOUNDRY_STORES = "foundry-stores"
    FOUNDRY_IDENTITY = "foundry-identity"
    FOUNDRY_CMK = "foundry-cmk"
    FOUNDRY_ACCOUNTS = "foundry-accounts"
    ABAC = "abac"
    RBAC_DELEGATION = "rbac-delegation"
    CROSS_TENANT = "cross-tenant"
    AVNM = "avnm"
    DNS = "dns-security-policies"
    NSP = "nsp"


@unique
class Post(StrEnum):
    """The field guidance a check comes from, by title."""

    OUTBOUND_ACCESS = "Azure OpenAI Service - Controlling Outbound Access"
    FOUNDRY_CMK = "AI Foundry - Encryption with CMK"
    FOUNDRY_IDENTITY = "AI Foundry - Identity, Authentication and Authorization"
    DATA_STORES = "AI Foundry - Credential vs Identity Data Stores"
    ABAC = "Azure Authorization - Azure ABAC"
    CROSS_TENANT = "Deploying Resources Across Multiple Azure tenants"
    AVNM = "AVNM - Dynamic Network Group Membership"
    API_KEYS = "Blocking API Key Access in Azure OpenAI Service"
    LOGGING = "Logging in Azure OpenAI Service"
    AUTHORIZATION = "Authorization in Azure OpenAI Service"
    DNS_POLICIES = "DNS Security Policies"
    FOUNDRY_BASICS = "AI Foundry - The Basics"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check concludes about one resource, and why, in one sentence."""

    status: Status
    reason: str
    advice: str = ""
    """What to do here, where it differs from the check's own `How to fix`."""


def passed(reason: str) -> Verdict:
    """Return that the requirement is met."""
    return Verdict(Status.PASS, reason)


def failed(reason: str, advice: str = "") -> Verdict:
    """Return that the requirement is not met."""
    return Verdict(Status.FAIL, reason, advice)


def warned(reason: str, advice: str = "") -> Verdict:
    """Return that there is a weakness or a likely breakage."""
    return Verdict(Status.WARN, reason, advice)


def info(reason: str) -> Verdict:
    """Return a fact worth a line in the report."""
    return Verdict(Status.INFO, reason)


def manual(reason: str, advice: str = "") -> Verdict:
    """Return a question that only a person can answer."""
    return Verdict(Status.MANUAL, reason, advice)


def not_applicable(reason: str) -> Verdict:
    """Return that the requirement means nothing for this resource."""
    return Verdict(Status.NOT_APPLICABLE, reason)


@dataclass(frozen=True)
class Documentation:
    """A check's docstring: its first paragraph, and its `##` sections by heading."""

    reads: str
    sections: dict[str, str]

    @classmethod
    def parse(cls, docstring: str) -> Documentation:
        """Return the parts of a docstring."""
        first, *rest = re.split(r"^## +", inspect.cleandoc(docstring), flags=re.M)
        sections = {}
        for chunk in rest:
            heading, _, text = chunk.partition("\n")
            sections[heading.strip()] = text.strip()
        return cls(reads=first.strip(), sections=sections)

    @cached_property
    def fix(self) -> str:
        """How to fix, in one paragraph: the text before any command."""
        text = self.sections.get("How to fix", "").partition("```")[0]
        return " ".join(text.partition("\n\n")[0].split())


@dataclass(frozen=True, kw_only=True, eq=False)
class Check(Generic[R]):
    """An executable requirement with an id; equal to itself alone."""

    id: str
    title: str
    topic: Topic
    severity: Severity
    on: tuple[type[R], ...]
    """The types it judges."""
    where: Callable[[R], bool]
    among: Callable[[Tenant], Container[str]] | None
    """Makes an index, once for a tenant: the keys of the resources it may be about.

    For what lies in masses; those it leaves out are not so much as opened. Where it
    raises NotRead, the check answers once, for the tenant.
    """
    by_region: bool
    """Whether it answers once for each region where such resources lie.

    It is asked about one of them there; the tenant carries the answer.
    """
    guidance: tuple[Post, ...]
    supports: tuple[Support, ...]
    """The controls it supports: of which version, and on whose word."""
    aliases: tuple[str, ...]
    decide: Callable[[R, Tenant], Verdict]

    @property
    def resource_type(self) -> str:
        """The ARM types it judges, as text."""
        return ", ".join(view.type for view in self.on)

    @cached_property
    def controls(self) -> tuple[str, ...]:
        """The ids of the controls it supports."""
        return tuple(each.control for each in self.supports)

    @cached_property
    def documentation(self) -> Documentation:
        """The documentation page, which is the function's docstring."""
        return Documentation.parse(self.decide.__doc__ or "")


def everything(_: Resource) -> bool:
    """Whether a check is about a resource, where it is about all of its types."""
    return True


def check(
    *,
    id: str,
    title: str,
    topic: Topic,
    severity: Severity,
    on: type[R] | tuple[type[R], ...],
    guidance: Post | tuple[Post, ...],
    where: Callable[[R], bool] = everything,
    among: Callable[[Tenant], Container[str]] | None = None,
    by_region: bool = False,
    controls: tuple[str, ...] = (),
    mapped: tuple[Setting, ...] = (),
    aliases: tuple[str, ...] = (),
) -> Callable[[Callable[[R, Tenant], Verdict]], Check[R]]:
    """Make a check of a function that judges one resource.

    It supports the `controls` on its authors' word, and on Microsoft's those of the
    settings that its built-in policies ask for too, in `mapped`.
    """

    def decorate(decide: Callable[[R, Tenant], Verdict]) -> Check[R]:
        return Check(
            id=id,
            title=title,
            topic=topic,
            severity=severity,
            on=on if isinstance(on, tuple) else (on,),
            where=where,
            among=among,
            by_region=by_region,
            guidance=guidance if isinstance(guidance, tuple) else (guidance,),
            supports=supported(controls, mapped),
            aliases=aliases,
            decide=decide,
        )

    return decorate
