"""What roles except, and who is given it back by another role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from checks.shared.grants import access, unread_members
from scanner.access.answers import Grant
from scanner.access.facts import (
    Assignment,
    Missing,
    Part,
    Role,
    last_segment,
    may_be_group,
)
from scanner.access.roles import given_back
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Restored:
    """What a role excepts and another role of the same principal allows."""

    pattern: str
    data: bool
    grant: Grant

    @property
    def certain(self) -> bool:
        """Whether it is so now and for every request."""
        role = self.grant.role
        blocks = role.blocks if role else ()
        conditional = bool(self.grant.condition) or any(b.condition for b in blocks)
        return not (self.grant.eligible or conditional)


class Regranting:
    """The roles of a tenant, each pair asked once what one gives back of the other."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._access = access(tenant)
        self._found: dict[tuple[str, str], tuple[str, bool] | None] = {}
        self._groups: dict[str, dict[str, set[str]]] = defaultdict(dict)
        for assignment in self._access.facts.assignments:
            self._note(assignment)

    def _note(self, assignment: Assignment) -> None:
        """Keep which groups hold a role at a scope whose members were not read."""
        role = self._access.role_of(assignment)
        name = assignment.principal_id.lower()
        known = name in self._access.facts.members or assignment.eligible
        if role and not known and may_be_group(assignment.principal_type):
            here = self._groups[id_key(assignment.scope)]
            here.setdefault(assignment.role_definition_id, set()).add(name)

    def restored(self, assignment: Assignment, role: Role) -> Iterator[Restored]:
        """Yield what other roles of its principal, here or above, give back.

        Those of a group's known members count: what it excepts they may do.
        """
        principal, scope = assignment.principal_id, assignment.scope
        others = self._access.of_members(principal, scope)
        for grant in (*self._access.grants(principal, scope), *others):
            found = self._given_back(role, grant.role) if grant.role else None
            if found and grant.assignment is not assignment:
                pattern, data = found
                yield Restored(pattern, data, grant)

    def missing(self, assignment: Assignment, role: Role) -> tuple[Missing, ...]:
        """Return why there may be more of it."""
        principal, scope = assignment.principal_id, assignment.scope
        groups = set(self._groups_giving_back(role, self._access.scopes(scope)))
        reason = "its members were not read"
        return (
            *self._access.more(principal, scope),
            *unread_members(self._tenant, assignment, scope),
            *(
                Missing(
                    Part.MEMBERS,
                    each,
                    reason,
                    self._access.facts.unread_members.get(each),
                )
                for each in sorted(groups - {principal.lower()})
            ),
        )

    def _groups_giving_back(self, role: Role, scopes: tuple[str, ...]) -> Iterator[str]:
        for scope in scopes:
            for role_id, names in self._groups.get(scope, {}).items():
                other = self._access.facts.roles[last_segment(role_id)]
                if self._given_back(role, other):
                    yield from names

    def _given_back(self, role: Role, other: Role) -> tuple[str, bool] | None:
        pair = role.id, other.id
        if pair not in self._found:
            self._found[pair] = _compared(role, other)
        return self._found[pair]


def _compared(role: Role, other: Role) -> tuple[str, bool] | None:
    for data in (False, True):
        pattern = given_back(role, other, data=data)
        if pattern:
            return pattern, data
    return None


def excepts(role: Role) -> bool:
    """Whether a role excepts anything from what it allows."""
    return any(each.not_actions or each.not_data_actions for each in role.blocks)
