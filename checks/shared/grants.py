"""Who holds what: how checks ask it, cite it and say it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.shared.wording import CITED, FIRST, count, some
from scanner.access.answers import Answer, Grant, Kept, Refused, titled
from scanner.access.engine import Access
from scanner.access.facts import (
    Assignment,
    Denial,
    Missing,
    Part,
    Role,
    may_be_group,
)
from scanner.access.gather import access_of
from scanner.model.authorization import (
    DenyAssignment,
    Permission,
    Registration,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
    RoleGrant,
)
from scanner.model.coverage import NotRead
from scanner.model.directory import (
    DirectoryObject,
    GroupMember,
    Named,
    member_id,
    object_id,
)
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

_GRANTORS: dict[str, type[RoleGrant]] = {
    view.type.lower(): view for view in (RoleAssignment, RoleEligibility)
}


def access(tenant: Tenant) -> Access:
    """Return access in the tenant; what a verdict takes from it is to be cited."""
    return tenant.once(access_of)


def who_can(
    tenant: Tenant, action: str, resource: Resource, *, data: bool = False
) -> Answer:
    """Return who can do an action on a resource; grants and denials are evidence."""
    answer = access(tenant).who_can(action, resource.id, data=data)
    cite(tenant, answer.grants, resource, answer.refused)
    return answer


def cite(
    tenant: Tenant,
    grants: Iterable[Grant],
    resource: Resource,
    refused: Iterable[Refused] = (),
) -> None:
    """Note what grants consist of, and what takes others back.

    That a resource has none of either is evidence too.
    """
    cited, lost = tuple(grants)[:CITED], tuple(refused)[:CITED]
    for grant in (*cited, *(each.grant for each in lost)):
        _cite(tenant, grant)
    denials = (denial for each in cited for denial in each.contested_by)
    cite_denials(tenant, (*(each.denial for each in lost), *denials))
    if not cited and not lost:
        version = RoleAssignment.api_version
        tenant.trace.note(resource.id, RoleAssignment.type, [], version)


def cite_denials(tenant: Tenant, denials: Iterable[Denial]) -> None:
    """Note what deny assignments forbid, and to whom; the first few of them."""
    every = {denial.id: denial for denial in denials}
    for denial_id in tuple(every)[:CITED]:
        found = tenant.known(DenyAssignment, denial_id)
        if found:
            found.cite(DenyAssignment.deny_name, DenyAssignment.scope)
            found.cite(DenyAssignment.principals, DenyAssignment.excluded)
            found.cite(DenyAssignment.own_scope_only, DenyAssignment.condition)
            cite_permissions(found.permissions)


def cite_definition(tenant: Tenant, role: Role) -> None:
    """Note what a role is called, and all that it allows and excepts."""
    definition = tenant.known(RoleDefinition, role.id)
    if definition:
        definition.cite(RoleDefinition.role_name)
        cite_permissions(definition.permissions)


def cite_permissions(blocks: Iterable[Permission]) -> None:
    """Note what permission blocks allow, or forbid, and what they except."""
    for block in blocks:
        block.cite(Permission.actions, Permission.not_actions)
        block.cite(Permission.data_actions, Permission.not_data_actions)
        block.cite(Permission.condition)


def kept_from(
    tenant: Tenant,
    principal_id: str,
    action: str,
    resource_ids: Iterable[str],
    *,
    data: bool = False,
) -> Mapping[str, Kept]:
    """Return whether denials keep someone from an action, by the resource.

    What does, or may, is evidence.
    """
    ask = access(tenant).kept_from
    found = {each: ask(principal_id, action, each, data=data) for each in resource_ids}
    cite_denials(tenant, (one for kept in found.values() for one in kept.by))
    return found


def _cite(tenant: Tenant, grant: Grant) -> None:
    cite_assignment(tenant, grant.assignment_id)
    role = tenant.known(RoleDefinition, grant.role.id) if grant.role else None
    if role:
        role.cite(RoleDefinition.role_name)
        _cite_pattern(role, grant)
    _cite_named(tenant.known(DirectoryObject, object_id(tenant.id, grant.principal_id)))
    if grant.via_group:
        name = member_id(tenant.id, grant.via_group, grant.principal_id)
        _cite_named(tenant.known(GroupMember, name))
        _cite_named(
            tenant.known(DirectoryObject, object_id(tenant.id, grant.via_group))
        )


def cite_assignment(tenant: Tenant, assignment_id: str) -> None:
    """Note what an assignment, eligibility or delegation gives, and to whom."""
    kind = ResourceId.parse(assignment_id).type.lower()
    view = _GRANTORS.get(kind)
    found = tenant.known(view, assignment_id) if view else None
    if found:
        found.cite(RoleGrant.scope, RoleGrant.principal_id, RoleGrant.principal_type)
        found.cite(RoleGrant.role_definition_id, RoleGrant.condition)
    if kind == Registration.type.lower():
        delegation = tenant.known(Registration, assignment_id)
        if delegation:
            delegation.cite(Registration.managing_tenant, Registration.authorizations)
            delegation.cite(Registration.eligible_authorizations)


def _cite_named(found: Named | None) -> None:
    if found:
        found.cite(Named.kind, Named.display_name)


def _cite_pattern(role: RoleDefinition, grant: Grant) -> None:
    path = grant.role and grant.pattern and grant.role.path_of(grant.pattern)
    if not path:
        return
    role.note(path, grant.pattern)
    for block in role.permissions:
        if path.startswith(f"{block.base_path}actions"):
            block.cite(Permission.not_actions)
        elif path.startswith(block.base_path):
            block.cite(Permission.not_data_actions)


def principals(grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return who holds some grants, each once, in the order they first appear."""
    return tuple(dict.fromkeys(grant.principal_id.lower() for grant in grants))


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


def actors(tenant: Tenant, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return the grants of whoever may act by them.

    For a group whose members are known that is they alone: nobody, if it is empty.
    """
    known = access(tenant).facts.members
    return tuple(
        each
        for each in grants
        if each.via_group
        or each.principal_id.lower() not in known
        or not may_be_group(each.principal_type)
    )


def unread_members(
    tenant: Tenant, assignment: Assignment, scope: str
) -> tuple[Missing, ...]:
    """Return why members of the group that holds an assignment may hold more.

    At the scope, otherwise than by the group; nothing where it is no group.
    """
    known, name = access(tenant), assignment.principal_id
    if not may_be_group(assignment.principal_type):
        return ()
    if name.lower() not in known.facts.members:
        gap = known.facts.unread_members.get(name.lower())
        return (Missing(Part.MEMBERS, name.lower(), "its members were not read", gap),)
    roles = (
        each.role_definition_id
        for each in known.of_members(name, scope)
        if each.role is None and not each.eligible
    )
    reason, gap = "a member has it, undefined", known.facts.unread_roles
    return tuple(
        Missing(Part.ROLES, each, reason, gap) for each in dict.fromkeys(roles)
    )


def named(grants: Iterable[Grant]) -> str:
    """Return who holds some grants and by which path, the first few of them."""
    every = one_each(grants)
    first = some(f"{who(grant)} ({grant.why})" for grant in every[:FIRST])
    more = len(every) - FIRST
    return f"{first} and {more} more" if more > 0 else first


def one_each(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return the first grant of each principal, in their order."""
    first: dict[str, Grant] = {}
    for grant in grants:
        first.setdefault(grant.principal_id.lower(), grant)
    return tuple(first.values())


def who(grant: Grant) -> str:
    """Return a principal as a sentence names it."""
    kind = _KINDS.get(grant.principal_type.lower(), "principal")
    return f"{kind} {titled(grant.principal_name, grant.principal_id)}"


_KINDS = {
    "user": "user",
    "group": "group",
    "serviceprincipal": "service principal",
    "foreigngroup": "foreign group",
    "device": "device",
}


def is_listed(principal_id: str, approved: Iterable[str]) -> bool:
    """Whether a principal is in a list of the settings."""
    return principal_id.lower() in {each.lower() for each in approved}


def is_approved(tenant: Tenant, *principal_ids: str | None) -> bool:
    """Whether a setting lets one of some principals hold keys and privileged roles.

    Emergency accounts do so on purpose, so they are approved too.
    """
    settings = tenant.settings
    approved = (*settings.approved_principals, *settings.break_glass_principals)
    return any(is_listed(each, approved) for each in principal_ids if each)


def unapproved(tenant: Tenant, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return the grants that no setting approves of, directly or by way of a group."""
    return tuple(
        grant
        for grant in grants
        if not is_approved(tenant, grant.principal_id, grant.via_group)
    )


def require_settled(missing: Iterable[Missing]) -> None:
    """Raise NotRead if something the scan asked for could change the answer."""
    for each in missing:
        if each.gap:
            raise NotRead.from_gap(each.gap)


def require_denials(missing: Iterable[Missing]) -> None:
    """Raise NotRead if deny assignments that were not read may take grants back."""
    require_settled(each for each in missing if each.part is Part.DENIALS)


def bounded(reason: str, missing: Iterable[Missing]) -> str:
    """Return a reason that says how far it can be relied on."""
    limits = "; ".join(_limits(tuple(missing)))
    return f"{reason} (lower bound: {limits})" if limits else reason


def _limits(missing: tuple[Missing, ...]) -> Iterator[str]:
    groups = {each.scope for each in missing if each.part is Part.MEMBERS}
    if groups:
        yield f"the members of {count(len(groups), 'group', 'groups')} were not read"
    others = (each.part.value for each in missing if each.part is not Part.MEMBERS)
    for part in dict.fromkeys(others):
        yield f"{part} were not all read"
