"""Near misses: what looks like a grant of an action, and why it is none."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.answers import Grant, NearMiss, Reason, Refused, scope_name
from scanner.access.deny import Subject
from scanner.access.facts import Assignment
from scanner.access.holdings import Holdings
from scanner.access.restrictions import Ask
from scanner.access.roles import exception, other_plane
from scanner.model.ids import id_key


class Near:
    """Why assignments do not grant an action."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def misses(
        self, scopes: tuple[str, ...], ask: Ask, subject: Subject | None
    ) -> Iterator[NearMiss]:
        """Yield the near misses at some scopes; of one principal, elsewhere too."""
        for assignment in self._holdings.at(scopes):
            if _concerns(assignment, subject):
                grant = self._holdings.plain(assignment)
                held = self._holdings.held(grant, subject) if subject else grant
                yield from self._here(held, ask)
        if subject is not None:
            yield from self._elsewhere(scopes, ask, subject)

    def _here(self, grant: Grant, ask: Ask) -> Iterator[NearMiss]:
        role = grant.role
        if role is None:
            return
        ways = self._holdings.ways(grant.assignment, ask)
        if ways and not any(way.open for way in ways):
            detail = "its condition is false for this action"
            yield NearMiss(grant, Reason.CONDITION, detail)
        elif not ways and (taken := exception(role, ask)):
            detail = f"{taken[0]} allows it, and {taken[1]} in the same block does not"
            yield NearMiss(grant, Reason.EXCEPTION, detail)
        elif not ways and (pattern := other_plane(role, ask)):
            yield NearMiss(grant, Reason.OTHER_PLANE, _plane_detail(pattern, ask))

    def _elsewhere(
        self, scopes: tuple[str, ...], ask: Ask, subject: Subject
    ) -> Iterator[NearMiss]:
        here = frozenset(scopes)
        for grant in self._holdings.held_by(subject):
            if id_key(grant.scope) in here:
                continue
            if any(way.open for way in self._holdings.ways(grant.assignment, ask)):
                detail = f"it is granted at {scope_name(grant.scope)}, not here"
                yield NearMiss(grant, Reason.ELSEWHERE, detail)

    @staticmethod
    def denied(refused: Refused) -> NearMiss:
        """Return a grant that a deny assignment takes back as a near miss."""
        denial = refused.denial
        name = denial.name or denial.id
        detail = f"{name} at {scope_name(denial.scope)}"
        return NearMiss(refused.grant, Reason.DENIAL, detail)


def _concerns(assignment: Assignment, subject: Subject | None) -> bool:
    return subject is None or assignment.principal_id.lower() in subject.ids


def _plane_detail(pattern: str, ask: Ask) -> str:
    allowed, wanted = "control", "data"
    if not ask.data:
        allowed, wanted = wanted, allowed
    return (
        f"{pattern} allows it on the {allowed} plane, and it is of the {wanted} plane"
    )
