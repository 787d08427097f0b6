"""The applications that hold roles: given to them, or to a group they are in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checks.authorization.assigned_principals import directory, require_asked
from checks.shared.grants import access
from checks.shared.principals import type_of
from checks.shared.wording import count
from scanner.access.facts import GROUP, Assignment, last_segment
from scanner.model.authorization import RoleAssignment
from scanner.model.directory import DirectoryObject, GroupMember, Named, object_id
from scanner.model.ids import id_key
from scanner.model.listing import Listing
from scanner.model.tenant import Tenant

_APPLICATION = "serviceprincipal"


def held(tenant: Tenant) -> Iterator[Assignment]:
    """Yield the role assignments in force that an application may hold.

    Raises NotRead in the end if there are any and the directory was not asked.
    """
    found = 0
    for each in access(tenant).facts.assignments:
        kind = each.principal_type.lower()
        lasting = not each.eligible and not each.managing_tenant
        if lasting and kind in {_APPLICATION, GROUP.lower(), ""}:
            found += 1
            yield each
    if found:
        many = count(found, "assignment", "assignments")
        require_asked(
            tenant, f"which tenants the holders of {many} are of is not known"
        )


def is_group(tenant: Tenant, principal_id: str, said: str) -> bool:
    """Whether a principal is a group of the tenant, as Azure or the directory says."""
    return type_of(tenant, principal_id, said) == GROUP.lower()


def groups_of(tenant: Tenant, assignments: Iterable[Assignment]) -> tuple[str, ...]:
    """Return the groups that hold some assignments, each once, in lower case."""
    return tuple(
        dict.fromkeys(
            each.principal_id.lower()
            for each in assignments
            if is_group(tenant, each.principal_id, each.principal_type)
        )
    )


def members_of(tenant: Tenant, group: str) -> Listing[GroupMember]:
    """Return who is in a group, directly or not."""
    return tenant.within(GroupMember, object_id(tenant.id, group))


def unread(tenant: Tenant, group: str) -> bool:
    """Whether there may be more in a group than is known."""
    return group.lower() not in access(tenant).facts.members


def within(tenant: Tenant, group: str) -> Iterator[Named]:
    """Yield those known to be in a group that are applications, or may be."""
    for member in _chosen(tenant, members_of(tenant, group)):
        found = tenant.known(DirectoryObject, _own_id(tenant, member))
        named = found or tenant.known(GroupMember, member)
        if named:
            yield named


def applications(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the directory's applications that hold roles, or may.

    One that is in groups alone is told by one membership. Raises NotRead where the
    directory has nobody because roles were not read.
    """
    given = tenant.all(RoleAssignment)
    if given.whole:
        every = tuple(held(tenant))
        found = {each.principal_id.lower() for each in every}
        places = [members_of(tenant, group) for group in groups_of(tenant, every)]
    else:
        found = {last_segment(each) for each in directory(tenant).ids()}
        places = [tenant.all(GroupMember)]
        if not found:
            given.require_whole()
    keys = {each: id_key(object_id(tenant.id, each)) for each in found}
    inside = (member for place in places for member in _chosen(tenant, place))
    for member in sorted(inside, key=id_key):
        own = _own_id(tenant, member)
        is_named = tenant.known(DirectoryObject, own) is not None
        keys.setdefault(last_segment(member), id_key(own if is_named else member))
    return frozenset(keys.values())


def _chosen(tenant: Tenant, members: Listing[GroupMember]) -> Iterator[str]:
    """Yield the ids of those members that are applications, or may be."""
    for member in members.ids():
        if type_of(tenant, last_segment(member), "") in {_APPLICATION, ""}:
            yield member


def _own_id(tenant: Tenant, member: str) -> str:
    return object_id(tenant.id, last_segment(member))
