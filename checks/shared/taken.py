"""The assignments that say enough to be understood, and those that do not."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from checks.shared.grants import access
from scanner.access.facts import Assignment
from scanner.model.authorization import RoleAssignment
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant


def taken_in(tenant: Tenant) -> Mapping[str, Assignment]:
    """Return the assignments in force that say enough to be understood, by key."""
    return tenant.once(_taken_in)


def _taken_in(tenant: Tenant) -> Mapping[str, Assignment]:
    return {
        id_key(each.id): each
        for each in access(tenant).facts.assignments
        if not each.eligible and each.managing_tenant is None
    }


def _left_out(tenant: Tenant) -> frozenset[str]:
    """Return the assignments that say too little to be understood, by key."""
    known = {id_key(each.id) for each in access(tenant).facts.assignments}
    return frozenset(map(id_key, tenant.all(RoleAssignment).ids())) - known


def or_unclear(
    pick: Callable[[Tenant], Container[str]],
) -> Callable[[Tenant], Container[str]]:
    """Return an index of assignments with those that it may have left out.

    They could not be understood: a check that uses it has `where=understood`.
    """

    def picked(tenant: Tenant) -> Container[str]:
        found, unclear = pick(tenant), tenant.once(_left_out)
        return _Either(found, unclear) if unclear else found

    return picked


@dataclass(frozen=True, slots=True)
class _Either:
    one: Container[str]
    other: Container[str]

    def __contains__(self, key: object) -> bool:
        return key in self.one or key in self.other


def understood(assignment: RoleAssignment) -> bool:
    """Whether an assignment was understood: true; raises NotRead where it was not."""
    if assignment.key in assignment.tenant.once(_left_out):
        raise unclear(assignment)
    return True


def unclear(assignment: RoleAssignment) -> NotRead:
    """Return why an assignment could not be taken in; raises it where malformed."""
    for needed in (RoleAssignment.principal_id, RoleAssignment.role_definition_id):
        if not needed.__get__(assignment, RoleAssignment):
            return assignment.unread(needed.path, "says nothing")
    assignment.cite(
        RoleAssignment.scope, RoleAssignment.principal_type, RoleAssignment.condition
    )
    return NotRead(f"{assignment.id} was not taken in")
