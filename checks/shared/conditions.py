"""Role assignments under a condition: each analysed once a tenant, and picked by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from checks.shared.condition_analysis import About, Analysis
from checks.shared.grants import access
from checks.shared.privileged import privileged
from scanner.access.conditions import ConditionError, lint, parse
from scanner.access.conditions.analysis.catalogue import DELEGATION
from scanner.access.facts import last_segment
from scanner.model.authorization import RoleAssignment
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
