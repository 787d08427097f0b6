"""Answers about access: who, by which path, and how much of the truth it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from scanner.access.conditions.syntax import Expression
from scanner.access.deny import Hit
from scanner.access.facts import ROOT, Assignment, Denial, Missing, Role
from scanner.access.restrictions import Restriction
from scanner.model.ids import ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role held by a principal, as far as it allows what was asked."""

    principal_id: str
    principal_type: str
    assignment: Assignment
    role: Role | None
    """None where the definition was not read."""
    pattern: str | None = None
    """The pattern that matches; None where no action was asked for."""
    restrictions: tuple[Restriction, ...] = ()
    """What a request must meet besides, all of it."""
    via_group: str | None = None
    principal_name: str = ""
    """Empty where the directory does not say."""
    group_name: str = ""
    """The name of the group it goes through."""
    contested_by: tuple[Denial, ...] = ()
    """Deny assignments that may take it back: by a condition, or unread members."""
    in_doubt: bool = False
    """Whether one of them turns on what was not read, and not on the request."""

    @property
    def role_definition_id(self) -> str:
        """As the assignment names it."""
        return self.assignment.role_definition_id

    @property
    def role_name(self) -> str:
        """The name of the role; empty where its definition was not read."""
        return self.role.name if self.role else ""

    @property
    def scope(self) -> str:
        """Where it was granted."""
        return self.assignment.scope

    @property
    def assignment_id(self) -> str:
        """The assignment, eligibility or delegation that grants."""
        return self.assignment.id

    @property
    def condition(self) -> str | None:
        """The assignment's condition as received, whether or not it bears on this."""
        return self.assignment.condition

    @property
    def eligible(self) -> bool:
        """Whether it must be activated first."""
        return self.assignment.eligible

    @property
    def managing_tenant(self) -> str | None:
        """The foreign tenant that Lighthouse lets in; None for the tenant's own."""
        return self.assignment.managing_tenant

    @property
    def residual(self) -> tuple[Expression, ...]:
        """What is left of the conditions for the action; all of it must hold."""
        return tuple(each.residual for each in self.restrictions if each.residual)

    @property
    def why(self) -> str:
        """The path that grants, in a sentence's worth of words."""
        role = self.role_name or f"role {self.role_definition_id}"
        parts = [role, *([f"by {self.pattern}"] if self.pattern else [])]
        parts.append(f"at {scope_name(self.scope)}")
        if self.via_group:
            parts.append(f"through group {titled(self.group_name, self.via_group)}")
        if self.managing_tenant:
            parts.append(f"through Lighthouse from tenant {self.managing_tenant}")
        if self.eligible:
            parts.append("once activated")
        if self.restrictions:
            parts.append("under a condition")
        return " ".join(parts)


def titled(name: str, principal_id: str) -> str:
    """Return a principal by its name, if that is known, and its id."""
    return f"{name} {principal_id}".strip()


def scope_name(scope: str) -> str:
    """Return a scope as a sentence names it."""
    if scope == ROOT:
        return "the root"
    parts = ResourceId.parse(scope)
    kind = parts.type.rpartition("/")[2]
    return f"{_SCOPES.get(kind.lower(), kind)} {parts.name}".strip()


_SCOPES = {
    "managementgroups": "management group",
    "subscriptions": "subscription",
    "resourcegroups": "resource group",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A grant that a deny assignment takes back."""

    grant: Grant
    denial: Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who can do an action on a resource."""

    action: str
    resource_id: str
    data: bool
    grants: tuple[Grant, ...]
    """Active ones first; a principal has one for each path."""
    refused: tuple[Refused, ...]
    missing: tuple[Missing, ...]
    """Why there may be more, or less: one for each thing that is not known."""

    @property
    def complete(self) -> bool:
        """Whether everything that could change the answer was read."""
        return not self.missing

    @property
    def active(self) -> tuple[Grant, ...]:
        """The grants in force."""
        return tuple(each for each in self.grants if not each.eligible)

    @property
    def eligible(self) -> tuple[Grant, ...]:
        """The grants that their holders may activate."""
        return tuple(each for each in self.grants if each.eligible)


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether denials keep a principal from an action on a resource."""

    hit: Hit
    missing: tuple[Missing, ...] = ()
    """What leaves that open."""
    by: tuple[Denial, ...] = ()
    """The denials that do, or may."""


@unique
class Result(StrEnum):
    """Whether a principal can do something."""

    ALLOWED = "allowed"
    DENIED = "denied"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a principal can do an action on a resource, and by what."""

    result: Result
    grants: tuple[Grant, ...]
    """The grants that count or would: eligible ones too, which do not yet."""
    denied_by: tuple[Denial, ...]
    missing: tuple[Missing, ...]
    """What is not known and could change the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Whether a principal holds a role on a resource, and by which grants."""

    grants: tuple[Grant, ...]
    """Active ones first: of the role, or of one that allows all that it does."""
    missing: tuple[Missing, ...]
    """Why there may be more of them."""

    @property
    def active(self) -> tuple[Grant, ...]:
        """The grants in force."""
        return tuple(each for each in self.grants if not each.eligible)


@unique
class Reason(StrEnum):
    """Why what looks like a grant is none."""

    EXCEPTION = "notActions"
    OTHER_PLANE = "other plane"
    CONDITION = "condition"
    DENIAL = "deny assignment"
    ELSEWHERE = "scope"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A grant that falls short, and why."""

    grant: Grant
    reason: Reason
    detail: str
