"""The people of hubs and projects one by one: also those in groups, as far as known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from checks.shared.foundry_matrix import Need
from checks.shared.grants import access
from checks.shared.principals import is_person, type_of
from checks.shared.shortfall import Case, grants_for, person
from scanner.access.facts import GROUP, Assignment, may_be_group
from scanner.model.tenant import Tenant

CaseOf = Callable[[str, str], Case]
"""What a person must hold, by what a sentence names them and by their id."""

NOBODY = "no person is in the group"


def each_person(
    tenant: Tenant, holder: Assignment, full: tuple[Need, ...], case_of: CaseOf
) -> Iterator[Case]:
    """Yield what those must hold whom an assignment makes users of a project.

    For a group whose members are known that is what each of them must. A group that
    holds all there is to need stands for its members.
    """
    kind = type_of(tenant, holder.principal_id, holder.principal_type)
    whole = case_of(person(kind, holder.principal_id), holder.principal_id)
    members = known_members(tenant, holder)
    if members is None or (members and _is_enough(tenant, whole, full)):
        yield whole
        return
    for member in members:
        yield case_of(person(type_of(tenant, member, ""), member), member)


def known_members(tenant: Tenant, holder: Assignment) -> tuple[str, ...] | None:
    """Return the people in the group that holds an assignment.

    None where it is no group, or its members were not read.
    """
    kind = type_of(tenant, holder.principal_id, holder.principal_type)
    if not may_be_group(kind):
        return None
    return tenant.once(_people).get(holder.principal_id.lower())


def _people(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return the people in each group, worked out once: many may be in many."""
    members = access(tenant).facts.members
    everyone = frozenset[str]().union(*members.values())
    people = {each for each in everyone if _is_single(tenant, each)}
    return {group: tuple(sorted(found & people)) for group, found in members.items()}


def _is_single(tenant: Tenant, member: str) -> bool:
    is_group = type_of(tenant, member, "") == GROUP.lower()
    return not is_group and is_person(tenant, member, "")


def _is_enough(tenant: Tenant, group: Case, full: tuple[Need, ...]) -> bool:
    """Whether a group holds all that any member may need, and none can be denied it."""
    if group.needs != full or access(tenant).facts.denials:
        return False
    return all(grants_for(tenant, group, need)[0] for need in full)
