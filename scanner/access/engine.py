"""Effective permissions: who can do what on a resource, and by which path.

The rules are those of Azure RBAC (azure-docs, "What is Azure RBAC", "How Azure RBAC
determines if a user has access to a resource"): what is granted at a scope holds below
it, the grants of all assignments and permission blocks add up, and a deny assignment
goes before any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from scanner.access.answers import (
    Answer,
    Decision,
    Grant,
    Holding,
    Kept,
    NearMiss,
    Refused,
    Result,
)
from scanner.access.bounds import Bounds, Case
from scanner.access.conditions.request import Request
from scanner.access.conditions.tri import Tri
from scanner.access.decide import decided
from scanner.access.deny import Bar, Denials, Hit, Subject
from scanner.access.facts import (
    Assignment,
    Denial,
    Facts,
    Missing,
    Role,
    last_segment,
)
from scanner.access.holdings import Holdings
from scanner.access.near import Near
from scanner.access.restrictions import Ask, all_met
from scanner.access.roles import Roles
from scanner.access.scopes import Ancestry, base_of
from scanner.model.ids import id_key

REMEMBERED = 65_536
"""Holdings that are kept: several checks ask the same of the same people."""


class Access:
    """Access in one tenant, as far as its facts are known."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._ancestry = Ancestry(facts.parents, facts.tenant_id, facts.seen_above)
        self._roles = Roles(facts.roles)
        self._holdings = Holdings(facts, self._roles)
        self._denials = Denials(facts.denials)
        self._bounds = Bounds(facts, self._ancestry, self._holdings)
        self._near = Near(self._holdings)
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._holding)

    def who_can(self, action: str, resource_id: str, *, data: bool = False) -> Answer:
        """Return who can do an action on a resource, and what is not known of it."""
        case = self._case(Ask.of(action, data=data), resource_id)
        kept, refused = self._sorted_out(self._all_of(case.holders), case.bars)
        return Answer(
            action=action,
            resource_id=resource_id,
            data=data,
            grants=kept,
            refused=refused,
            missing=self._bounds.of_answer(case),
        )

    def _case(self, ask: Ask, resource_id: str) -> Case:
        scopes = self._ancestry.scopes(resource_id)
        holders = tuple(self._holdings.granting(scopes, ask))
        return Case(ask, scopes, holders, self._denials.bars(scopes, ask))

    def _all_of(self, holders: tuple[Grant, ...]) -> Iterable[Grant]:
        if not self.facts.members:
            return holders
        return (each for one in holders for each in self._holdings.expanded(one))

    def _sorted_out(
        self, grants: Iterable[Grant], bars: tuple[Bar, ...]
    ) -> tuple[tuple[Grant, ...], tuple[Refused, ...]]:
        """Return the grants in force, active ones first, and those taken back."""
        kept, refused = [], []
        if not bars:
            return _active_first(grants), ()
        for grant in grants:
            hits = self._hits(self._holdings.subject(grant.principal_id), bars, None)
            if hits.get(Hit.YES):
                refused.append(Refused(grant, hits[Hit.YES][0]))
            else:
                kept.append(_contested(grant, hits))
        return _active_first(kept), tuple(refused)

    def _hits(
        self, subject: Subject, bars: tuple[Bar, ...], request: Request | None
    ) -> dict[Hit, list[Denial]]:
        """Return the denials that keep, or may keep, a principal from an action."""
        hits: dict[Hit, list[Denial]] = {}
        for bar in bars:
            hit = bar.hits(subject, self.facts.members, request)
            if hit is not Hit.NO:
                hits.setdefault(hit, []).append(bar.denial)
        return hits

    def giving(self, action: str, *, data: bool = False) -> Iterator[Grant]:
        """Yield every grant of an action, wherever in the tenant it is in force.

        Deny assignments, which bear on a resource, are left out.
        """
        yield from self._holdings.granting(
            self._holdings.scopes, Ask.of(action, data=data)
        )

    def can(
        self,
        principal_id: str,
        action: str,
        resource_id: str,
        *,
        data: bool = False,
        request: Request | None = None,
    ) -> Decision:
        """Return whether a principal can do an action on a resource.

        With a request, conditions are evaluated; without, one that bears on the
        action leaves the result conditional. What is eligible does not count yet.
        """
        case = self._case(Ask.of(action, data=data, request=request), resource_id)
        subject = self._holdings.subject(principal_id)
        hits = self._hits(subject, case.bars, request)
        held = tuple(self._held(case.holders, subject, request))
        result = decided([each for each in held if not each.eligible], hits, request)
        missing = self._bounds.of_decision(result, case, subject, hits)
        return Decision(
            result=Result.UNKNOWN if missing else result,
            grants=tuple(_contested(each, hits) for each in held),
            denied_by=tuple(hits.get(Hit.YES, ())),
            missing=missing,
        )

    def _held(
        self, holders: tuple[Grant, ...], subject: Subject, request: Request | None
    ) -> Iterator[Grant]:
        """Yield the grants a principal holds, but those that the request does not meet.

        Those of groups it is in are its own, by way of the group.
        """
        for grant in holders:
            holder = grant.principal_id.lower()
            if holder not in subject.ids:
                continue
            if all_met(grant.restrictions, request) is not Tri.FALSE:
                yield self._holdings.held(grant, subject)

    def holds(
        self, principal_id: str, roles: Iterable[str], resource_id: str
    ) -> Holding:
        """Return by what a principal holds one of some roles on a resource.

        A role that allows all that one of them does counts as it; conditions are left
        to be looked at. A role does not count where deny assignments keep the principal
        from one of its data actions or, if it has none, from all of its actions, and
        neither does one that allows all that such a role does.
        """
        wanted = frozenset(map(last_segment, roles))
        return self._remembered(principal_id.lower(), wanted, id_key(resource_id))

    def _holding(self, principal: str, wanted: frozenset[str], key: str) -> Holding:
        scopes = self._ancestry.scopes(key)
        subject = self._holdings.subject(principal)
        left = wanted - self._taken_back(wanted, subject, scopes)
        held = (
            each
            for each in self._holdings.held_by(subject, scopes)
            if self._holdings.amount(each, left)
        )
        return Holding(
            grants=_active_first(held),
            missing=self._bounds.of_roles(subject, scopes, wanted),
        )

    def _taken_back(
        self, wanted: frozenset[str], subject: Subject, scopes: tuple[str, ...]
    ) -> frozenset[str]:
        """Return the roles, of some, that denials make of no use to a principal."""
        if not self.facts.denials:
            return frozenset()
        taken = frozenset(
            role for role in wanted if self._is_denied(role, subject, scopes)
        )
        return self._roles.amounting(taken)

    def _is_denied(self, role: str, subject: Subject, scopes: tuple[str, ...]) -> bool:
        uses = self._roles.uses(role)
        denied = [
            Hit.YES in self._hits(subject, self._denials.bars(scopes, use), None)
            for use in uses
        ]
        data = any(use.data for use in uses)
        return any(denied) if data else bool(denied) and all(denied)

    def unread_denials(self, resource_id: str) -> tuple[Missing, ...]:
        """Return the deny assignments that were not read and bear on a resource."""
        return self._bounds.of_denials(self._ancestry.scopes(resource_id))

    def at(self, resource_id: str) -> tuple[Grant, ...]:
        """Return every role that reaches a resource, whatever it allows there.

        Deny assignments, which take back actions and not roles, are left out.
        """
        held = tuple(self._holdings.reaching(self._ancestry.scopes(resource_id)))
        return _active_first(self._all_of(held))

    def missing(self, resource_id: str) -> tuple[Missing, ...]:
        """Return why there may be more roles that reach a resource, or fewer."""
        scopes = self._ancestry.scopes(resource_id)
        return self._bounds.of_scopes(scopes, self._holdings.reaching(scopes))

    def grants(self, principal_id: str, scope: str | None = None) -> tuple[Grant, ...]:
        """Return all that a principal holds: roles, eligibilities, delegations.

        With a scope, what of it is in force there: granted at it or above it.
        """
        scopes = None if scope is None else self._ancestry.scopes(scope)
        subject = self._holdings.subject(principal_id)
        return tuple(self._holdings.held_by(subject, scopes))

    def of_members(self, group_id: str, scope: str | None = None) -> tuple[Grant, ...]:
        """Return what known members of a group hold otherwise than by it.

        Each assignment once, by one of them. With a scope, what is in force there.
        """
        scopes = (
            self._holdings.scopes if scope is None else self._ancestry.scopes(scope)
        )
        return tuple(self._holdings.of_members(group_id, scopes))

    def names(self, principal_id: str) -> frozenset[str]:
        """Return a principal and the groups it is known to be in, in lower case."""
        return self._holdings.subject(principal_id).ids

    def unread_members(self, names: Iterable[str]) -> tuple[Missing, ...]:
        """Return which of some principals may be groups whose members were not read."""
        return self._bounds.of_members(names)

    def more(self, principal_id: str, scope: str) -> tuple[Missing, ...]:
        """Return why a principal may hold more at a scope than is known.

        What groups hold there is left to the caller: it knows which of it matters.
        """
        subject = self._holdings.subject(principal_id)
        return self._bounds.of_holding(subject, self._ancestry.scopes(scope), ())

    def role_of(self, assignment: Assignment) -> Role | None:
        """Return the role of an assignment, None where its definition was not read."""
        return self.facts.roles.get(last_segment(assignment.role_definition_id))

    def scopes(self, resource_id: str) -> tuple[str, ...]:
        """Return every scope that a resource is in, from the root down to itself."""
        return self._ancestry.scopes(resource_id)

    def knows_above(self, resource_id: str) -> bool:
        """Whether all management groups over a resource are known."""
        return self._ancestry.whole(base_of(id_key(resource_id)))

    def by(
        self,
        assignment: Assignment,
        action: str,
        *,
        data: bool = False,
        sub_operation: str | None = None,
    ) -> Grant | None:
        """Return how an assignment allows an action, None where it does not.

        It does at its scope and below, but where a `denial` takes it back.
        """
        ask = Ask(action.lower(), data, sub_operation)
        return next(self._holdings.of(assignment, ask), None)

    def unsettled(
        self,
        principal_id: str,
        actions: Iterable[str],
        resource_id: str,
        *,
        data: bool = False,
        unrestricted: bool = False,
    ) -> tuple[Missing, ...]:
        """Return why a principal may hold one of some actions by more grants.

        Those it holds itself, or through groups it is known to be in, are in `grants`.
        `unrestricted` leaves out groups that hold an action under a condition.
        """
        scopes = self._ancestry.scopes(resource_id)
        groups = [
            each
            for action in actions
            for each in self._holdings.groups(scopes, Ask.of(action, data=data))
            if not (unrestricted and each.restrictions)
        ]
        subject = self._holdings.subject(principal_id)
        return self._bounds.of_holding(subject, scopes, groups)

    def kept_from(
        self, principal_id: str, action: str, resource_id: str, *, data: bool = False
    ) -> Kept:
        """Return whether denials keep a principal from an action on a resource.

        A group is kept from it when everyone in it is, as far as its members are known.
        """
        scopes = self._ancestry.scopes(resource_id)
        bars = self._denials.bars(scopes, Ask.of(action, data=data))
        subjects = self._holdings.acting(principal_id) if bars else ()
        hits = [self._hits(each, bars, None) for each in subjects]
        hit = min((max(each, default=Hit.NO) for each in hits), default=Hit.NO)
        by = {one.id: one for each in hits for some in each.values() for one in some}
        denials = tuple(by.values())
        if hit is Hit.YES:
            return Kept(hit, by=denials)
        open_ = bars if hit is Hit.UNKNOWN else ()
        missing = self._bounds.of_denials(scopes, open_, subjects)
        return Kept(Hit.UNKNOWN if missing else hit, missing, denials)

    def near_misses(
        self,
        action: str,
        resource_id: str,
        *,
        principal_id: str | None = None,
        data: bool = False,
    ) -> tuple[NearMiss, ...]:
        """Return what looks like a grant of an action and is none, with the reason.

        Of everybody whose assignments are in reach of the resource, or of one
        principal, whose grants elsewhere are told too.
        """
        ask = Ask.of(action, data=data)
        scopes = self._ancestry.scopes(resource_id)
        subject = None if principal_id is None else self._holdings.subject(principal_id)
        denied = (
            self._near.denied(each)
            for each in self.who_can(action, resource_id, data=data).refused
            if subject is None or each.grant.principal_id.lower() in subject.ids
        )
        return (*self._near.misses(scopes, ask, subject), *denied)


def _active_first(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=lambda grant: grant.eligible))


def _contested(grant: Grant, hits: dict[Hit, list[Denial]]) -> Grant:
    may = (*hits.get(Hit.CONDITIONAL, ()), *hits.get(Hit.UNKNOWN, ()))
    doubt = Hit.UNKNOWN in hits
    return replace(grant, contested_by=may, in_doubt=doubt) if may else grant
