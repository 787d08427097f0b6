"""How far an answer can be relied on: what of its grounds was not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from scanner.access.answers import Grant, Result
from scanner.access.deny import Bar, Hit, Subject
from scanner.access.facts import ROOT, Assignment, Facts, Missing, Part, may_be_group
from scanner.access.holdings import Holdings
from scanner.access.restrictions import Ask
from scanner.access.scopes import Ancestry, base_of

OUTSIDE = "it is outside the scan"

_MORE = frozenset({Part.ASSIGNMENTS, Part.ABOVE, Part.DELEGATIONS})
"""Where there may be more grants in force."""


@dataclass(frozen=True, slots=True)
class Case:
    """An action on one resource, and all that bears on it."""

    ask: Ask
    scopes: tuple[str, ...]
    """What the resource is in, from the root down to itself."""
    holders: tuple[Grant, ...]
    """Whoever holds the action there, denied or not."""
    bars: tuple[Bar, ...]


class Bounds:
    """What is missing in a tenant, told for one answer at a time."""

    def __init__(self, facts: Facts, ancestry: Ancestry, holdings: Holdings) -> None:
        self._facts = facts
        self._ancestry = ancestry
        self._holdings = holdings
        self._unread = cache(self._is_unread)
        self._groups: dict[tuple[str, frozenset[str]], tuple[Missing, ...]] = {}

    def of_answer(self, case: Case) -> tuple[Missing, ...]:
        """Return everything that could change who can do something."""
        return (
            *self.of_scopes(case.scopes, case.holders),
            *(self._unread_denials(case.bars) if case.holders else ()),
        )

    def of_scopes(
        self, scopes: tuple[str, ...], holders: Iterable[Grant]
    ) -> tuple[Missing, ...]:
        """Return what could change who holds roles at some scopes."""
        return (
            *self._at(scopes),
            *self._unknown_roles(self._holdings.unknown(scopes)),
            *self._unread_groups(holders),
        )

    def of_decision(
        self, result: Result, case: Case, subject: Subject, hits: Container[Hit]
    ) -> tuple[Missing, ...]:
        """Return what could change a result for one principal.

        Nothing where a denial hits it. A grant stands unless denials are unread; the
        lack of one, or of one without a condition, unless there may be a grant that was
        not seen.
        """
        if Hit.YES in hits:
            return ()
        if result is Result.DENIED:
            return self.of_holding(subject, case.scopes, case.holders)
        open_ = case.bars if result is Result.UNKNOWN else ()
        denials = self.of_denials(case.scopes, open_, [subject])
        if result is not Result.CONDITIONAL or Hit.CONDITIONAL in hits:
            return denials
        return (*denials, *self.of_holding(subject, case.scopes, case.holders))

    def of_denials(
        self,
        scopes: tuple[str, ...],
        bars: Iterable[Bar] = (),
        subjects: Iterable[Subject] = (),
    ) -> tuple[Missing, ...]:
        """Return what leaves open whether denials take back what is held at scopes.

        Denials that were not read; of those that may keep principals from an action,
        who is in the groups that they name. Who is left out of one may be in a group
        whose members were not read.
        """
        every = tuple(bars)
        leaving_out = any(bar.denial.excluded for bar in every)
        groups = (each.id for each in subjects if each.unread and leaving_out)
        return (
            *_of(self._at(scopes), frozenset({Part.DENIALS})),
            *self._unread_denials(every),
            *map(self._unread_group, groups),
        )

    def of_holding(
        self, subject: Subject, scopes: tuple[str, ...], holders: Iterable[Grant]
    ) -> tuple[Missing, ...]:
        """Return why a principal may hold more of what some others hold."""
        local = [each for each in holders if _local_now(each.assignment)]
        return (
            *_of(self._at(scopes), _MORE),
            *self._unread_groups(each for each in local if not _is(subject, each)),
            *self._unknown_roles(self._concerning(subject, scopes)),
        )

    def of_roles(
        self, subject: Subject, scopes: tuple[str, ...], roles: frozenset[str]
    ) -> tuple[Missing, ...]:
        """Return why a principal may hold more that amounts to one of some roles.

        What groups may add is remembered by scope: it is asked for each of many people.
        """
        groups = dict.fromkeys(
            each for scope in scopes for each in self._groups_with(scope, roles)
        )
        return (
            *_of(self._at(scopes), _MORE),
            *(each for each in groups if each.scope != subject.id),
            *self._unknown_roles(self._concerning(subject, scopes)),
        )

    def _groups_with(self, scope: str, roles: frozenset[str]) -> tuple[Missing, ...]:
        """Return the groups at a scope, their members unread, that hold the roles."""
        found = self._groups.get((scope, roles))
        if found is None:
            held = self._holdings.amounting((scope,), roles)
            local = (each for each in held if _local_now(each.assignment))
            found = self._groups[scope, roles] = tuple(self._unread_groups(local))
        return found

    def _concerning(
        self, subject: Subject, scopes: tuple[str, ...]
    ) -> Iterator[Assignment]:
        """Yield unknown roles in force that a principal holds, or may by a group."""
        for assignment in self._holdings.unknown(scopes):
            own = assignment.principal_id.lower() in subject.ids
            by_group = _local_now(assignment) and self._unread(
                assignment.principal_id, assignment.principal_type
            )
            if by_group or (own and not assignment.eligible):
                yield assignment

    def _at(self, scopes: tuple[str, ...]) -> Iterator[Missing]:
        """Yield what was not read at some scopes, and whether there is more above."""
        base = base_of(scopes[-1])
        if base != ROOT and base not in self._facts.scanned:
            yield Missing(Part.ASSIGNMENTS, base, OUTSIDE, self._facts.unlisted)
            yield Missing(Part.DENIALS, base, OUTSIDE, self._facts.unlisted)
        for scope in scopes:
            yield from self._facts.missing.get(scope, ())
        if not self._ancestry.whole(base):
            reason = "the management groups above it are not all known"
            yield Missing(Part.ABOVE, base, reason)

    def _unknown_roles(self, assignments: Iterable[Assignment]) -> Iterator[Missing]:
        roles = Counter(each.role_definition_id for each in assignments)
        for role, count in roles.items():
            times = "an assignment" if count == 1 else f"{count} assignments"
            reason = f"{times} of it, and its definition was not read"
            yield Missing(Part.ROLES, role, reason, self._facts.unread_roles)

    def _unread_groups(self, holders: Iterable[Grant]) -> Iterator[Missing]:
        unread = self._unread
        held = (each.assignment for each in holders)
        names = dict.fromkeys(
            each.principal_id.lower()
            for each in held
            if unread(each.principal_id, each.principal_type)
        )
        yield from map(self._unread_group, names)

    def of_members(self, names: Iterable[str]) -> tuple[Missing, ...]:
        """Return which of some principals may be groups whose members were not read."""
        keys = dict.fromkeys(map(str.lower, names))
        return tuple(self._unread_group(each) for each in keys if self._may_hide(each))

    def _may_hide(self, name: str) -> bool:
        """Whether a principal may have members; who holds no role may be anything."""
        if name in self._facts.members:
            return False
        return self._holdings.subject(name).unread or not self._holdings.knows(name)

    def _unread_group(self, name: str) -> Missing:
        gap = self._facts.unread_members.get(name)
        return Missing(Part.MEMBERS, name, "its members were not read", gap)

    def _unread_denials(self, bars: Iterable[Bar]) -> Iterator[Missing]:
        """Yield whose members were not read, and which conditions cannot be."""
        for bar in bars:
            if bar.unclear:
                reason = "its condition cannot be read"
                yield Missing(Part.DENIALS, bar.denial.id, reason)
            for party in bar.unread(self._facts.members):
                reason = f"its members were not read, and {bar.denial.id} names it"
                name = party.id.lower()
                gap = self._facts.unread_members.get(name)
                yield Missing(Part.MEMBERS, name, reason, gap)

    def _is_unread(self, principal_id: str, principal_type: str) -> bool:
        """Whether others may hold by a principal what is given to it."""
        known = principal_id.lower() in self._facts.members
        return not known and may_be_group(principal_type)


def _of(missing: Iterable[Missing], parts: frozenset[Part]) -> Iterator[Missing]:
    return (each for each in missing if each.part in parts)


def _is(subject: Subject, grant: Grant) -> bool:
    return grant.principal_id.lower() in subject.ids


def _local_now(assignment: Assignment) -> bool:
    """Whether an assignment is in force for the tenant's own principals.

    Groups that Lighthouse names are of another tenant, and so are their members.
    """
    return not assignment.eligible and assignment.managing_tenant is None
