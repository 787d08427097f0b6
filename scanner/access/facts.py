"""What access is decided on: grants, roles, denials, hierarchy, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique

from scanner.model.coverage import Gap

ROOT = "/"
EVERYONE = "00000000-0000-0000-0000-000000000000"
"""All principals, as deny assignments name them (azure-docs, "Deny assignments")."""
GROUP = "Group"
"""What Azure calls the type of a principal that has members."""

_NO_GROUPS = frozenset({"user", "serviceprincipal", "device", "systemdefined"})


@dataclass(frozen=True, slots=True)
class Block:
    """A permission block: notActions subtract from its own actions only."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None

    def plane(self, *, data: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the patterns that allow and those that except, of one plane."""
        if data:
            return self.data_actions, self.not_data_actions
        return self.actions, self.not_actions


@dataclass(frozen=True, slots=True)
class Role:
    """A role definition."""

    id: str
    name: str
    blocks: tuple[Block, ...]

    def path_of(self, pattern: str) -> str | None:
        """Return where a pattern first stands in the definition, None if nowhere."""
        for position, block in enumerate(self.blocks):
            start = f"properties.permissions[{position}]"
            if pattern in block.actions:
                return f"{start}.actions[{block.actions.index(pattern)}]"
            if pattern in block.data_actions:
                return f"{start}.dataActions[{block.data_actions.index(pattern)}]"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role given to a principal at a scope, now or to be activated."""

    id: str
    scope: str
    principal_id: str
    principal_type: str
    """As received; empty where Azure does not say."""
    role_definition_id: str
    condition: str | None = None
    eligible: bool = False
    managing_tenant: str | None = None
    """The tenant the principal is of, where Lighthouse gives the role."""
    delegated_identity: str | None = None
    """The managed identity it is for, where another tenant's directory has that."""
    delegable: tuple[str, ...] = ()
    """The only roles it may assign in turn, where Lighthouse gives the role."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone, as the directory has it."""

    name: str = ""
    """Empty where it does not say."""
    type: str = ""
    """As role assignments have it; empty where the directory does not say."""


@dataclass(frozen=True, slots=True)
class Party:
    """Someone a deny assignment names."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A deny assignment."""

    id: str
    name: str
    scope: str
    blocks: tuple[Block, ...]
    principals: tuple[Party, ...]
    excluded: tuple[Party, ...] = ()
    own_scope_only: bool = False
    condition: str | None = None


@unique
class Part(StrEnum):
    """What an answer is put together from, and may lack."""

    ASSIGNMENTS = "role assignments"
    ABOVE = "role assignments above the subscription"
    ROLES = "role definitions"
    DENIALS = "deny assignments"
    ELIGIBILITIES = "eligible role assignments"
    DELEGATIONS = "Lighthouse delegations"
    MEMBERS = "group members"


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not known, and so makes an answer a bound."""

    part: Part
    scope: str
    """Where it is missing: a scope, or the id of a group or role."""
    reason: str
    gap: Gap | None = None
    """The gap it is, where the scan asked for it and did not get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that bears on access in one tenant; keys are ids in lower case."""

    tenant_id: str
    roles: Mapping[str, Role]
    """By the last segment of the id, which is unique in a tenant."""
    unread_roles: Gap | None = None
    """The first gap in role definitions: it may hide any role that is not known."""
    assignments: tuple[Assignment, ...]
    denials: tuple[Denial, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    """The management group that each group and subscription is in."""
    seen_above: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The management groups that a subscription's own lists show above it.

    They are known so where the hierarchy was not to be read.
    """
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The transitive members of those groups whose members were read.

    Who is known to be no group has none.
    """
    unread_members: Mapping[str, Gap] = field(default_factory=dict)
    """The gaps of groups whose members were asked for and not to be had."""
    principals: Mapping[str, Principal] = field(default_factory=dict)
    """Everyone whom the directory names."""
    unlisted: Gap | None = None
    """The gap in the list of subscriptions: it may hide what others lie in."""
    scanned: frozenset[str] = frozenset()
    """The subscriptions and management groups whose lists were asked for."""
    missing: Mapping[str, tuple[Missing, ...]] = field(default_factory=dict)
    """What is not known at a scope, and so below it too."""


def last_segment(resource_id: str) -> str:
    """Return what a role is told apart by: ids of it come with any scope, or none."""
    return resource_id.rpartition("/")[2].lower()


def may_be_group(principal_type: str) -> bool:
    """Whether a principal may have members; true too where its type is not known."""
    return principal_type.lower() not in _NO_GROUPS
