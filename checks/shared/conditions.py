"""Role assignments under a condition: what each comes to, analysed once a tenant."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from functools import cached_property, partial

from checks.shared.citing import cite_permissions
from checks.shared.grants import access
from checks.shared.privileged import privileged
from checks.shared.wording import printable, shown, some
from scanner.access.conditions import (
    Attribute,
    Condition,
    ConditionError,
    Expression,
    Fault,
    Literal,
    Outcome,
    as_of,
    attributes_of,
    families_of,
    granted_actions,
    guarded_actions,
    lint,
    parse,
    residual,
    residuals,
)
from scanner.access.conditions.analysis.catalogue import (
    BLOBS,
    DELEGATION,
    FAMILIES,
    QUEUES,
    Family,
    families_in,
    usual_actions,
)
from scanner.access.conditions.analysis.guards import may_be_open
from scanner.access.conditions.analysis.network import ORIGINS
from scanner.access.conditions.analysis.storage import (
    BLOB_PATH,
    IS_HIERARCHICAL,
    reads_tags,
)
from scanner.access.conditions.certain import ACCOUNT_NAME, TAGS
from scanner.access.conditions.partial import Fact, assume
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import SOURCES
from scanner.access.conditions.values import Values
from scanner.access.facts import Role, last_segment
from scanner.model.authorization import (
    RoleAssignment,
    RoleDefinition,
    RoleGrant,
)
from scanner.model.check import Verdict, failed, passed, warned
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:PA-7",
    "MCSB:DP-2",
    "NIST-800-53:AC-3(13)",
    "NIST-800-53:AC-6",
    "NIST-800-53:AC-16",
    "ISO-27001-2022:A.5.15",
    "ISO-27001-2022:A.8.3",
    "PCI-DSS-4.0.1:7.2.5",
    "PCI-DSS-4.0.1:7.3.1",
)
"""What conditions are for, by expert mapping."""


class About(Enum):
    """What a condition asks about, by which checks pick those they judge."""

    DATA = auto()
    """Anything but who may assign which roles."""
    BLOBS = auto()
    STORAGE = auto()
    TAGS = auto()
    PATHS = auto()
    TIME = auto()
    NETWORK = auto()
    PRINCIPAL = auto()
    DELEGATION = auto()


@dataclass(frozen=True)
class Analysis:
    """What a condition comes to on its role."""

    role: Role | None
    """None where the definition was not read."""
    condition: Condition | None
    """None where the text is none."""
    faults: tuple[Fault, ...]
    now: datetime
    """The time of the scan, that it is judged at."""
    _free: dict[tuple[str, str | None], bool] = field(
        default_factory=dict, compare=False, repr=False
    )
    _tagged: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def of(self, check_id: str) -> Fault | None:
        """Return the fault that a check is about, the worst if there are several."""
        found = [each for each in self.faults if each.check_id == check_id]
        return next((each for each in found if each.fails), found[0] if found else None)

    @cached_property
    def about(self) -> frozenset[About]:
        """What it asks about; everything where that cannot be told."""
        if self.condition is None:
            return frozenset(About)
        # Whatever its role grants may be what it restricts, so long as that is unread.
        data = [each for each in FAMILIES if each is not DELEGATION]
        families = self.families or (data if self.role is None else ())
        return frozenset(_subjects(self.condition.expression, tuple(families)))

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The data it is on: what it names, and what of its role it restricts."""
        if self.condition is None:
            return ()
        named = families_of(self.condition.expression)
        found = {*named, *families_in(self.restricted)}
        return tuple(each for each in FAMILIES if each in found)

    @cached_property
    def left(self) -> Expression:
        """What it still asks; nothing where it is no condition."""
        if self.condition is None:
            return Literal(True)
        return as_of(self.condition.expression, self.now)

    def may_free(self, action: str, call: str | None) -> bool:
        """Whether it may leave a call free, for all that is told; worked out once."""
        if self.condition is None:
            return False
        asked = action, call
        if asked not in self._free:
            self._free[asked] = may_be_open(residual(self.left, action, call))
        return self._free[asked]

    def asks_tags_of(self, account: str) -> bool:
        """Whether it asks for blob index tags on a hierarchical account of a name."""
        if not self._on_accounts:
            return True
        if account not in self._tagged:
            known = partial(_of_hierarchical, account)
            self._tagged[account] = any(
                may_hold(left) and any(reads_tags(left, each) for each in SOURCES)
                for left in (assume(each, known) for each in self._on_accounts)
            )
        return self._tagged[account]

    @cached_property
    def _on_accounts(self) -> tuple[Expression, ...]:
        """What it asks of the actions, where that differs from account to account."""
        names = {attribute.bare.lower() for attribute in attributes_of(self.left)}
        if names.isdisjoint((ACCOUNT_NAME, IS_HIERARCHICAL)):
            return ()
        return residuals(self.left, self.granted or usual_actions(self.left))

    @cached_property
    def subject(self) -> str:
        """What it is on, in words: whose actions, and the attributes it asks for."""
        if self.condition is None:
            return "what cannot be told"
        whole = self.condition.expression
        services = some(family.about for family in self.families)
        asked = some(dict.fromkeys(map(_name, attributes_of(whole))))
        wanted = f", by {printable(asked)}" if asked else ""
        return (services or "actions of another service") + wanted

    @cached_property
    def granted(self) -> tuple[str, ...]:
        """The actions of its role that conditions may restrict, and this one may."""
        if self.role is None or self.condition is None:
            return ()
        return granted_actions(self.condition.expression, self.role.blocks)

    @cached_property
    def restricted(self) -> tuple[str, ...]:
        """The data actions of its role that it restricts or denies."""
        if self.condition is None:
            return ()
        prefix = DELEGATION.prefix.lower()
        data = [one for one in self.granted if not one.lower().startswith(prefix)]
        return tuple(
            guard.action
            for guard in guarded_actions(self.left, data)
            if guard.outcome is not Outcome.UNRESTRICTED
        )


def _of_hierarchical(account: str, attribute: Attribute) -> Values | Fact:
    """Return what is known of an attribute on a hierarchical account."""
    match attribute.source, attribute.bare.lower():
        case "Resource", name if name == ACCOUNT_NAME:
            return (account,)
        case "Resource", name if name == IS_HIERARCHICAL:
            return (True,)
        case _:
            return Fact.FREE


def _name(attribute: Attribute) -> str:
    """Return an attribute as people name it: its source and the end of its path."""
    return f"@{attribute.source}[{attribute.bare.rpartition('/')[2]}]"


def _subjects(expression: Expression, families: tuple[Family, ...]) -> Iterator[About]:
    if families != (DELEGATION,):
        yield About.DATA
    if DELEGATION in families:
        yield About.DELEGATION
    if BLOBS in families:
        yield About.BLOBS
    if BLOBS in families or QUEUES in families:
        yield About.STORAGE
    for attribute in attributes_of(expression):
        name = attribute.bare.lower()
        match attribute.source:
            case "Principal":
                yield About.PRINCIPAL
            case "Environment" if name == "utcnow":
                yield About.TIME
            case "Environment" if name in ORIGINS:
                yield About.NETWORK
            case "Resource" | "Request" if attribute.path == TAGS:
                yield About.TAGS
            case "Resource" if name == BLOB_PATH:
                yield About.PATHS


class Conditions:
    """The conditions of all role assignments in a tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self._now = tenant.read_at
        self._roles = access(tenant).facts.roles
        self._privileged = tuple(privileged(tenant))
        self._analyses: dict[tuple[str, str], Analysis] = {}
        self.malformed: set[str] = set()
        """Assignments of which it cannot be told whether they have a condition."""
        self.versioned: set[str] = set()
        """Assignments without a condition that give it a version."""
        self.by_assignment: dict[str, Analysis] = {}
        for assignment in tenant.all(RoleAssignment).known():
            self._add(assignment)

    def _add(self, assignment: RoleAssignment) -> None:
        try:
            text = assignment.condition or ""
        except NotRead:
            self.malformed.add(assignment.key)
            return
        if text.strip():
            found = self._analysed(text, _role_of(assignment))
            self.by_assignment[assignment.key] = found
        elif _has_version(assignment):
            self.versioned.add(assignment.key)

    def _analysed(self, text: str, role: str) -> Analysis:
        key = (shape(text), role)
        found = self._analyses.get(key)
        if found is None:
            found = self._analyses[key] = self._analysis(*key)
        # An error quotes the text, so it is to be that with its own ids.
        return found if found.condition else self._analysis(text, role)

    def _analysis(self, text: str, role_id: str) -> Analysis:
        role = self._roles.get(role_id)
        try:
            condition = parse(text)
        except ConditionError:
            condition = None
        faults = lint(
            condition or text,
            role=role.blocks if role else (),
            privileged=self._privileged,
            now=self._now,
        )
        return Analysis(role, condition, faults, self._now)


def _role_of(assignment: RoleAssignment) -> str:
    try:
        return last_segment(assignment.role_definition_id or "")
    except NotRead:
        return ""


def _has_version(assignment: RoleAssignment) -> bool:
    try:
        return bool(assignment.condition_version)
    except NotRead:
        return True


_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_GUID = re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def shape(text: str) -> str:
    """Return a condition with other ids in its texts, of the same length.

    Foundry gives each workspace a condition that differs in its id alone, and what is
    wrong with one is wrong with all. Ids of roles mean something and are kept.
    """
    if DELEGATION.service in text.lower():
        return text
    ids: dict[str, str] = {}

    def placeholder(found: re.Match[str]) -> str:
        number = len(ids) + 1
        return ids.setdefault(found[0], f"{number:08x}-0000-4000-8000-{number:012x}")

    changed = _QUOTED.sub(lambda quoted: _GUID.sub(placeholder, quoted[0]), text)
    is_spelt_twice = len({each.lower() for each in ids}) < len(ids)
    return text if is_spelt_twice else changed


# Which assignments


def _asking(*about: About) -> Callable[[Tenant], Container[str]]:
    """Return an index of the assignments whose condition asks about some things."""

    def index(tenant: Tenant) -> Container[str]:
        found = tenant.once(Conditions)
        keys = (
            key
            for key, analysis in found.by_assignment.items()
            if analysis.about.issuperset(about)
        )
        return found.malformed.union(keys)

    return index


def versioned(tenant: Tenant) -> Container[str]:
    """Return the assignments that have a condition or a version of one."""
    found = tenant.once(Conditions)
    return found.malformed.union(found.versioned, found.by_assignment)


conditioned = _asking()
on_data = _asking(About.DATA)
on_blobs = _asking(About.BLOBS)
on_storage = _asking(About.STORAGE)
on_tags = _asking(About.TAGS)
on_paths = _asking(About.PATHS)
on_time = _asking(About.TIME)
on_networks = _asking(About.NETWORK)
on_principals = _asking(About.PRINCIPAL)


# What they come to


def measured(assignment: RoleAssignment) -> Analysis:
    """Return what there is to say of a condition, be it one or not.

    The condition is evidence; raises NotRead where it is malformed.
    """
    assignment.cite(RoleGrant.condition)
    return assignment.tenant.once(Conditions).by_assignment[assignment.key]


def analysed(assignment: RoleAssignment, *, by_role: bool = False) -> Analysis:
    """Return what the condition of an assignment comes to, with it as evidence.

    Raises NotRead where the condition is malformed or cannot be parsed, and for what
    is judged `by_role` where the role was not read.
    """
    found = measured(assignment)
    fault = None if found.condition else found.of("abac-parse")
    if fault:
        raise NotRead(f"the condition cannot be read: {told(fault)}")
    if by_role:
        cite_role(assignment, found.role)
    return found


def require_restricted(found: Analysis, *calls: tuple[str, str | None]) -> None:
    """Raise NotRead if some call may be free, as what is not documented may come to.

    Calls are actions with the suboperation they are called as.
    """
    for action, call in calls:
        if found.may_free(action, call):
            require_documented(found)


def require_documented(found: Analysis) -> None:
    """Raise NotRead if a condition has what nobody can evaluate."""
    fault = found.of("abac-parse")
    if fault:
        raise NotRead(f"what the condition asks cannot be told: {told(fault)}")


def cite_role(assignment: RoleAssignment, role: Role | None) -> None:
    """Note which role an assignment gives and what that grants.

    Raises NotRead where its definition was not read.
    """
    assignment.cite(RoleGrant.role_definition_id)
    tenant = assignment.tenant
    definition = tenant.known(RoleDefinition, role.id) if role else None
    if definition is None:
        gap = access(tenant).facts.unread_roles
        name = shown(last_segment(assignment.role_definition_id or ""))
        reason = f"the definition of role {name} was not read"
        raise NotRead(reason).over(gap)
    definition.cite(RoleDefinition.role_name)
    cite_permissions(definition.permissions)


def told(fault: Fault) -> str:
    """Return a fault as a reason says it, with its place."""
    message = printable(fault.message)
    return f"line {fault.line}, column {fault.column}: {message}"


def judged(fault: Fault | None, otherwise: str) -> Verdict:
    """Return what a fault comes to, and a pass where there is none."""
    if fault is None:
        return passed(otherwise)
    return failed(told(fault)) if fault.fails else warned(told(fault))
