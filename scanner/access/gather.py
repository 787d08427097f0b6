"""Facts about access, from what was read of a tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from scanner.access.engine import Access
from scanner.access.facts import (
    EVERYONE,
    GROUP,
    Assignment,
    Block,
    Denial,
    Facts,
    Missing,
    Part,
    Party,
    Principal,
    Role,
    last_segment,
    may_be_group,
)
from scanner.access.scopes import is_group, scope_at, scope_of
from scanner.model.authorization import (
    DeniedPrincipal,
    DenyAssignment,
    EligibleAuthorization,
    Permission,
    Registration,
    RoleAssignment,
    RoleDefinition,
    RoleEligibility,
)
from scanner.model.coverage import Gap, NotRead, Unclear
from scanner.model.directory import DirectoryObject, GroupMember, object_id
from scanner.model.ids import id_key
from scanner.model.keyvault import KeyVault
from scanner.model.listing import Listing
from scanner.model.resource import Resource
from scanner.model.resources import Descendant, ManagementGroup, Subscription
from scanner.model.tenant import Tenant

R = TypeVar("R", bound=Resource)
T = TypeVar("T")

_LISTS: tuple[tuple[type[Resource], Part], ...] = (
    (RoleAssignment, Part.ASSIGNMENTS),
    (DenyAssignment, Part.DENIALS),
    (RoleEligibility, Part.ELIGIBILITIES),
    (Registration, Part.DELEGATIONS),
)
"""The lists of a subscription that bear on access."""

_TRIED = frozenset({Part.ABOVE, Part.ELIGIBILITIES})
"""What is read where it can be, and makes a lower bound where it cannot."""


_TYPES = {
    "user": "User",
    "group": GROUP,
    "serviceprincipal": "ServicePrincipal",
    "device": "Device",
}
"""What role assignments call the kinds of directory objects."""


def access_of(tenant: Tenant) -> Access:
    """Return access in a tenant, as far as it was read.

    It reads every assignment there is: make it once, by `Tenant.once`.
    """
    return Access(_Gathering(tenant).facts())


def role_of(definition: RoleDefinition) -> Role:
    """Return a role from its definition; raises NotRead where that is malformed.

    What a role without permissions allows is not known. Lists that a permission block
    lacks are empty.
    """
    name = definition.role_name or ""
    permissions = definition.stated(RoleDefinition.permissions)
    return Role(definition.id, name, _blocks(permissions))


class _Gathering:
    """The facts of one tenant under way, with what could not be read."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._missing: dict[str, list[Missing]] = defaultdict(list)
        self._unclear_roles = Unclear()
        self._unread_members: dict[str, Gap] = {}

    def facts(self) -> Facts:
        """Return everything that bears on access."""
        assignments = (
            *self._each(RoleAssignment, Part.ASSIGNMENTS, _assignments),
            *self._each(RoleEligibility, Part.ELIGIBILITIES, _eligibilities),
            *self._each(Registration, Part.DELEGATIONS, _delegations),
        )
        denials = tuple(self._each(DenyAssignment, Part.DENIALS, _denials))
        roles = {last_segment(role.id): role for role in self._roles()}
        scanned = frozenset(self._lists())
        principals = self._principals()
        groups = _perhaps_groups(assignments, denials)
        if principals:
            groups = {**dict.fromkeys(self._let_in(), GROUP), **groups}
        return Facts(
            tenant_id=self._tenant.id,
            roles=roles,
            unread_roles=self._unread_roles(),
            assignments=assignments,
            denials=denials,
            parents=dict(self._parents()),
            seen_above=dict(self._seen_above()),
            members=dict(self._members(groups, principals)),
            unread_members=self._unread_members,
            principals=principals,
            unlisted=self._tenant.all(Subscription).gap,
            scanned=scanned,
            missing={key: tuple(found) for key, found in self._missing.items()},
        )

    def _each(
        self, view: type[R], part: Part, read: Callable[[R], Iterable[T]]
    ) -> Iterator[T]:
        """Yield what is read of each resource; one that is malformed is missing."""
        for resource in self._tenant.all(view).known():
            try:
                yield from read(resource)
            except NotRead as problem:
                self._note(part, scope_of(resource.id), problem)

    def _roles(self) -> Iterator[Role]:
        """Yield the roles that can be read; what holds another says it is unknown."""
        for definition in self._tenant.all(RoleDefinition).known():
            with self._unclear_roles:
                yield role_of(definition)

    def _unread_roles(self) -> Gap | None:
        """Return the first gap in role definitions, once all were gone through."""
        missing = self._tenant.all(RoleDefinition).missing
        problem = missing or self._unclear_roles.problem
        return problem.gap if problem else None

    def _let_in(self) -> Iterator[str]:
        """Yield whom access policies of vaults name: any of them may be a group."""
        for vault in self._tenant.all(KeyVault).known():
            with suppress(NotRead):
                names = [each.object_id for each in vault.access_policies]
                yield from (name.lower() for name in names if name)

    def _principals(self) -> dict[str, Principal]:
        """Return everyone the directory names; it may do so in several places."""
        found: dict[str, Principal] = {}
        for view in (GroupMember, DirectoryObject):
            for each in self._tenant.all(view).known():
                try:
                    name = each.display_name or each.user_name or ""
                    kind = _TYPES.get((each.kind or "").lower(), "")
                except NotRead:
                    continue
                if name or each.name.lower() not in found:
                    found[each.name.lower()] = Principal(name, kind)
        return found

    def _members(
        self, groups: Mapping[str, str], known: Mapping[str, Principal]
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the members of those whose members are all known.

        Nobody is in what is no group, or in a group that the directory, asked for it
        by its id, does not have any more.
        """
        every = self._tenant.within(DirectoryObject, f"/tenants/{self._tenant.id}")
        for group, kind in groups.items():
            if group in known and not may_be_group(known[group].type):
                yield group, frozenset()
                continue
            place = object_id(self._tenant.id, group)
            is_there = group in known or self._tenant.known(DirectoryObject, place)
            if not is_there and kind == GROUP and every.whole:
                yield group, frozenset()
                continue
            listed = self._tenant.within(GroupMember, place)
            if listed.whole:
                yield group, frozenset(map(last_segment, listed.ids()))
            else:
                self._note_group(group, every if every.gap else listed)

    def _note_group(self, group: str, listed: Listing[Any]) -> None:
        """Keep the gap that hides members; there is none if nobody asked for them."""
        if listed.gap:
            self._unread_members[group] = listed.gap

    def _parents(self) -> Iterator[tuple[str, str]]:
        for below in self._tenant.all(Descendant).known():
            try:
                parent = below.parent_id
            except NotRead:
                continue
            if parent:
                yield id_key(below.id), id_key(parent)

    def _seen_above(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the management groups whose grants a subscription's list repeats.

        A list made without a filter holds what is inherited (azure-docs, "List role
        assignments"), so the groups are known without a right to read the hierarchy.
        """
        for subscription in self._tenant.all(Subscription).known():
            listed = self._tenant.within(RoleAssignment, subscription.id).ids()
            groups = frozenset(id_key(each) for each in map(scope_of, listed))
            yield subscription.key, frozenset(filter(is_group, groups))

    def _lists(self) -> Iterator[str]:
        """Yield the scopes whose lists were asked for; note those not read whole."""
        for subscription in self._tenant.all(Subscription).known():
            for view, part in _LISTS:
                self._check(view, part, subscription.key, subscription.id)
            yield subscription.key
        for group in self._tenant.all(ManagementGroup).known():
            self._check(RoleAssignment, Part.ABOVE, group.key, group.id)
            yield group.key

    def _check(self, view: type[Resource], part: Part, key: str, scope: str) -> None:
        missing = self._tenant.within(view, scope).missing
        if missing:
            self._note(part, key, missing)

    def _note(self, part: Part, scope: str, problem: NotRead) -> None:
        gap = None if part in _TRIED else problem.gap
        missing = Missing(part, scope, problem.reason, gap)
        self._missing[id_key(scope)].append(missing)


def _perhaps_groups(
    assignments: Iterable[Assignment], denials: Iterable[Denial]
) -> Mapping[str, str]:
    """Return whom roles are given or denied to and who may be a group, by type.

    Those whom Lighthouse lets in are in another tenant's directory.
    """
    given = (
        (each.principal_id.lower(), each.principal_type)
        for each in assignments
        if each.managing_tenant is None and may_be_group(each.principal_type)
    )
    named = (
        (party.id.lower(), party.type)
        for denial in denials
        for party in (*denial.principals, *denial.excluded)
        if may_be_group(party.type) and party.id != EVERYONE
    )
    return dict((*given, *named))


def _assignments(assignment: RoleAssignment) -> Iterator[Assignment]:
    made = _assignment(assignment, eligible=False)
    identity = assignment.delegated_identity_id
    yield replace(made, delegated_identity=identity) if identity else made


def _eligibilities(eligibility: RoleEligibility) -> Iterator[Assignment]:
    yield _assignment(eligibility, eligible=True)


def _assignment(
    grant: RoleAssignment | RoleEligibility, *, eligible: bool
) -> Assignment:
    return Assignment(
        id=grant.id,
        scope=scope_at(grant),
        principal_id=_required(grant, "principal_id"),
        principal_type=grant.principal_type or "",
        role_definition_id=_required(grant, "role_definition_id"),
        condition=grant.condition,
        eligible=eligible,
    )


def _required(view: Any, field: str) -> str:
    """Return a field without which a grant says nothing; raises NotRead."""
    value: str | None = getattr(view, field)
    if value:
        return value
    reason = f"malformed: {view.owner.id} has no {field}"
    raise NotRead(reason, view.owner.gap(reason))


def _delegations(registration: Registration) -> Iterator[Assignment]:
    """Yield the grants of a Lighthouse delegation.

    The definition comes with it only when asked for (`$expandRegistrationDefinition`).
    """
    tenant = _required(registration, "managing_tenant")
    for each in registration.authorizations:
        given = _delegation(registration, each, tenant)
        yield replace(given, delegable=each.delegated_role_ids or ())
    for eligible in registration.eligible_authorizations:
        given = _delegation(registration, eligible, tenant)
        yield replace(given, eligible=True)


def _delegation(
    registration: Registration, given: EligibleAuthorization, tenant: str
) -> Assignment:
    return Assignment(
        id=registration.id,
        scope=scope_of(registration.id),
        principal_id=_required(given, "principal_id"),
        principal_type="",
        role_definition_id=_required(given, "role_definition_id"),
        managing_tenant=tenant,
    )


def _denials(deny: DenyAssignment) -> Iterator[Denial]:
    """Yield a denial; raises NotRead where it does not say of what, or to whom.

    An absent or null list of those it leaves out is empty.
    """
    yield Denial(
        id=deny.id,
        name=deny.deny_name or "",
        scope=scope_at(deny),
        blocks=_blocks(deny.stated(DenyAssignment.permissions)),
        principals=_parties(deny.stated(DenyAssignment.principals)),
        excluded=_parties(deny.excluded),
        own_scope_only=bool(deny.own_scope_only),
        condition=deny.condition,
    )


def _parties(principals: tuple[DeniedPrincipal, ...]) -> tuple[Party, ...]:
    return tuple(
        Party(_required(each, "principal_id"), each.principal_type or "")
        for each in principals
    )


def _blocks(permissions: tuple[Permission, ...]) -> tuple[Block, ...]:
    return tuple(
        Block(
            actions=each.actions or (),
            not_actions=each.not_actions or (),
            data_actions=each.data_actions or (),
            not_data_actions=each.not_data_actions or (),
            condition=each.condition,
        )
        for each in permissions
    )
