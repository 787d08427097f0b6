"""Who holds what: how checks ask it and say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.shared.citing import cite, cite_denials
from checks.shared.wording import FIRST, count, some
from scanner.access.answers import Answer, Grant, Kept, titled
from scanner.access.conditions import as_of
from scanner.access.conditions.analysis.guards import is_open
from scanner.access.engine import Access
from scanner.access.facts import Assignment, Missing, Part, may_be_group
from scanner.access.gather import access_of
from scanner.model.coverage import NotRead
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant


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


def principals(grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return who holds some grants, each once, in the order they first appear."""
    return tuple(dict.fromkeys(grant.principal_id.lower() for grant in grants))


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


def asks_nothing(tenant: Tenant, grant: Grant) -> bool:
    """Return whether no condition keeps any call from a grant, at the time of the scan.

    Nor any more: a start that is past restricts nothing.
    """
    asked = (each.residual for each in grant.restrictions)
    return all(
        left is not None and is_open(as_of(left, tenant.read_at)) for left in asked
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
