"""Grants by scope: each assignment is looked at once for an action, then remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scanner.access.answers import Grant
from scanner.access.deny import Subject
from scanner.access.facts import (
    GROUP,
    Assignment,
    Facts,
    Principal,
    last_segment,
    may_be_group,
)
from scanner.access.restrictions import Ask
from scanner.access.roles import Roles, Way, narrowed
from scanner.model.ids import id_key

_UNNAMED = Principal()


class Holdings:
    """The assignments of a tenant, by the scope they are at and by who holds them."""

    def __init__(self, facts: Facts, roles: Roles) -> None:
        self._roles = roles
        self._members = facts.members
        self._principals = facts.principals
        self._at: dict[str, list[Assignment]] = defaultdict(list)
        self._of: dict[str, dict[str, list[Assignment]]] = defaultdict(dict)
        for assignment in facts.assignments:
            scope = id_key(assignment.scope)
            self._at[scope].append(assignment)
            own = self._of[assignment.principal_id.lower()]
            own.setdefault(scope, []).append(assignment)
        self._unknown = {scope: self._unknown_at(scope) for scope in self._at}
        self._groups_of = _groups_of(facts.members)
        self._unread = frozenset(_unread(facts))
        self._grants: dict[tuple[str, Ask], tuple[Grant, ...]] = {}
        self._groups: dict[tuple[str, Ask], tuple[Grant, ...]] = {}
        self._reaching: dict[str, tuple[Grant, ...]] = {}
        self._holders: dict[tuple[str, frozenset[str]], tuple[Grant, ...]] = {}
        self._holders_beside: dict[str, dict[str, Subject]] = {}
        self._who: dict[str, frozenset[str]] = {}

    def subject(self, principal_id: str) -> Subject:
        """Return a principal with the groups it is known to be in."""
        key = principal_id.lower()
        groups = self._groups_of.get(key, frozenset())
        return Subject(key, groups, key in self._unread)

    def knows(self, principal_id: str) -> bool:
        """Whether a principal holds a role, which says of what type it is."""
        return principal_id.lower() in self._of

    def acting(self, principal_id: str) -> tuple[Subject, ...]:
        """Return who may act as a principal: of a group, its members if they are known.

        The group itself where it has none.
        """
        members = self._members.get(principal_id.lower(), frozenset())
        people = [each for each in members if self._known(each).type != GROUP]
        return tuple(map(self.subject, people or [principal_id]))

    @property
    def scopes(self) -> Iterable[str]:
        """The scopes that anything is granted at."""
        return self._at.keys()

    def at(self, scopes: Iterable[str]) -> Iterator[Assignment]:
        """Yield every assignment at some scopes."""
        for scope in scopes:
            yield from self._at.get(scope, ())

    def unknown(self, scopes: Iterable[str]) -> Iterator[Assignment]:
        """Yield the assignments at some scopes whose role was not read."""
        for scope in scopes:
            yield from self._unknown.get(scope, ())

    def _unknown_at(self, scope: str) -> tuple[Assignment, ...]:
        return tuple(each for each in self._at[scope] if not self._roles.get(each))

    def held_by(
        self, subject: Subject, scopes: Iterable[str] | None = None
    ) -> Iterator[Grant]:
        """Yield all that a principal holds, itself or through a group it is in.

        Of some scopes alone where they are given.
        """
        reaching = None if scopes is None else tuple(dict.fromkeys(scopes))
        for holder in (subject.id, *sorted(subject.groups)):
            own = self._of.get(holder, {})
            for scope in own if reaching is None else reaching:
                for assignment in own.get(scope, ()):
                    yield self.held(self.plain(assignment), subject)

    def of_members(
        self, group: str, scopes: Iterable[str] | None = None
    ) -> Iterator[Grant]:
        """Yield what known members of a group hold otherwise than by it.

        Each assignment once, as one of those who hold it does; of some scopes alone
        where they are given.
        """
        holders = self._beside(group.lower())
        if scopes is None:
            reaching = ((each, at) for each in sorted(holders) for at in self._of[each])
        else:
            reaching = (
                (each, scope)
                for scope in (scopes if holders else ())
                for each in sorted(holders.keys() & self._holding_at(scope))
            )
        for holder, scope in reaching:
            for assignment in self._of[holder][scope]:
                yield self.held(self.plain(assignment), holders[holder])

    def _beside(self, group: str) -> Mapping[str, Subject]:
        """Return by whom members of a group hold roles, with one of the members each.

        By themselves, or by other groups that they are in.
        """
        found = self._holders_beside.get(group)
        if found is None:
            found = self._holders_beside[group] = {}
            for member in sorted(self._members.get(group, ())):
                if self._known(member).type != GROUP:
                    subject = self.subject(member)
                    for holder in subject.ids - {group}:
                        if holder in self._of:
                            found.setdefault(holder, subject)
        return found

    def _holding_at(self, scope: str) -> frozenset[str]:
        """Return who holds anything at a scope."""
        found = self._who.get(scope)
        if found is None:
            names = (each.principal_id.lower() for each in self._at.get(scope, ()))
            found = self._who[scope] = frozenset(names)
        return found

    def reaching(self, scopes: Iterable[str]) -> Iterator[Grant]:
        """Yield every assignment at some scopes, as `plain` grants."""
        for scope in scopes:
            found = self._reaching.get(scope)
            if found is None and scope in self._at:
                found = self._reaching[scope] = tuple(map(self.plain, self._at[scope]))
            yield from found or ()

    def amounting(
        self, scopes: Iterable[str], roles: frozenset[str]
    ) -> Iterator[Grant]:
        """Yield the grants at some scopes that `amount` to one of some roles."""
        enough = self._roles.amounting(roles)
        for scope in scopes:
            found = self._holders.get((scope, roles))
            if found is None and scope in self._at:
                found = self._holders[scope, roles] = tuple(
                    self.plain(each) for each in self._at[scope] if _is_of(each, enough)
                )
            yield from found or ()

    def amount(self, grant: Grant, roles: frozenset[str]) -> bool:
        """Whether a grant is of one of some roles, or of a role that amounts to one."""
        return _is_of(grant.assignment, self._roles.amounting(roles))

    def granting(self, scopes: Iterable[str], ask: Ask) -> Iterator[Grant]:
        """Yield the grants of an action at some scopes, one for each way it goes."""
        for scope in scopes:
            found = self._grants.get((scope, ask))
            if found is None and scope in self._at:
                found = self._grants[scope, ask] = tuple(self._granting(scope, ask))
            yield from found or ()

    def _granting(self, scope: str, ask: Ask) -> Iterator[Grant]:
        for assignment in self._at[scope]:
            yield from self.of(assignment, ask)

    def groups(self, scopes: Iterable[str], ask: Ask) -> Iterator[Grant]:
        """Yield the grants of an action at some scopes that a group may hold.

        The conditions of all others, which are many, are not looked at.
        """
        for scope in scopes:
            found = self._groups.get((scope, ask))
            if found is None and scope in self._at:
                found = self._groups[scope, ask] = tuple(
                    grant
                    for each in self._at[scope]
                    if may_be_group(each.principal_type)
                    for grant in self.of(each, ask)
                )
            yield from found or ()

    def of(self, assignment: Assignment, ask: Ask) -> Iterator[Grant]:
        """Yield the grants of an action that an assignment is, one for each way."""
        for way in self.ways(assignment, ask):
            if way.open:
                yield _granted(self.plain(assignment), way)

    def ways(self, assignment: Assignment, ask: Ask) -> tuple[Way, ...]:
        """Return how an assignment allows an action, those never met included."""
        role = self._roles.get(assignment)
        ways = self._roles.ways(role, ask) if role else ()
        return narrowed(ways, assignment.condition, ask) if ways else ()

    def plain(self, assignment: Assignment) -> Grant:
        """Return an assignment as a grant of no action in particular."""
        known = self._known(assignment.principal_id)
        return Grant(
            principal_id=assignment.principal_id,
            principal_type=assignment.principal_type or known.type,
            principal_name=known.name,
            assignment=assignment,
            role=self._roles.get(assignment),
        )

    def held(self, grant: Grant, subject: Subject) -> Grant:
        """Return a grant as a principal holds it, by way of a group if not itself."""
        own = grant.principal_id.lower() == subject.id
        return grant if own else self._through(grant, subject.id)

    def expanded(self, grant: Grant) -> Iterator[Grant]:
        """Yield a grant, and that of each known member of the group that holds it.

        Groups in the group are not told: who is in them is a member as well.
        """
        yield grant
        for member in sorted(self._members.get(grant.principal_id.lower(), ())):
            if self._known(member).type != GROUP:
                yield self._through(grant, member)

    def _through(self, grant: Grant, member: str) -> Grant:
        """Return a group's grant as one of its members holds it."""
        known = self._known(member)
        return replace(
            grant,
            principal_id=member,
            principal_type=known.type,
            principal_name=known.name,
            via_group=grant.principal_id,
            group_name=grant.principal_name,
        )

    def _known(self, principal_id: str) -> Principal:
        return self._principals.get(principal_id.lower(), _UNNAMED)


def _is_of(assignment: Assignment, roles: frozenset[str]) -> bool:
    return last_segment(assignment.role_definition_id) in roles


def _granted(grant: Grant, way: Way) -> Grant:
    return replace(grant, pattern=way.pattern, restrictions=way.restrictions)


def _unread(facts: Facts) -> Iterator[str]:
    """Yield those who hold roles and may be groups of unread members.

    Groups that Lighthouse names are of another tenant, and so are their members.
    """
    for each in facts.assignments:
        key = each.principal_id.lower()
        local = each.managing_tenant is None and may_be_group(each.principal_type)
        if local and key not in facts.members:
            yield key


def _groups_of(
    members: Mapping[str, frozenset[str]],
) -> Mapping[str, frozenset[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for group, inside in members.items():
        for member in inside:
            groups[member].add(group)
    return {member: frozenset(found) for member, found in groups.items()}
