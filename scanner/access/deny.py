"""Deny assignments: what they forbid, and to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, unique

from scanner.access.conditions.request import Request
from scanner.access.conditions.tri import Tri
from scanner.access.facts import EVERYONE, Denial, Party, may_be_group
from scanner.access.restrictions import Ask, all_met
from scanner.access.roles import Way, narrowed, ways_of
from scanner.model.ids import id_key


@unique
class Hit(IntEnum):
    """Whether a denial keeps someone from an action; the highest of several counts."""

    NO = 0
    CONDITIONAL = 1
    """It depends on the request."""
    UNKNOWN = 2
    """It depends on what was not read: the members of a group."""
    YES = 3


@dataclass(frozen=True, slots=True)
class Subject:
    """A principal, with the groups it is known to be in."""

    id: str
    """In lower case."""
    groups: frozenset[str] = frozenset()
    unread: bool = False
    """Whether it may be a group, and its members were not read."""

    @property
    def ids(self) -> frozenset[str]:
        """Every id that grants or denials may name it by."""
        return self.groups | {self.id}


@dataclass(frozen=True, slots=True)
class Bar:
    """A denial that is in force at a resource and matches an action."""

    denial: Denial
    ways: tuple[Way, ...]

    def hits(
        self,
        subject: Subject,
        members: Mapping[str, frozenset[str]],
        request: Request | None,
    ) -> Hit:
        """Whether it keeps a principal from the action."""
        named = _named(self.denial.principals, subject, members, everyone=True)
        excluded = _named(self.denial.excluded, subject, members, everyone=False)
        if excluded is Tri.FALSE and subject.unread and self.denial.excluded:
            excluded = Tri.UNKNOWN  # who is left out may be in the group
        if named is Tri.FALSE or excluded is Tri.TRUE:
            return Hit.NO
        holds = {all_met(way.restrictions, request) for way in self.ways}
        if holds == {Tri.FALSE}:
            return Hit.NO
        if Tri.UNKNOWN in (named, excluded):
            return Hit.UNKNOWN
        return Hit.YES if Tri.TRUE in holds else self._open(request)

    @property
    def unclear(self) -> bool:
        """Whether a condition of it cannot be read."""
        demands = (demand for way in self.ways for demand in way.restrictions)
        return any(demand.residual is None for demand in demands)

    def unread(self, members: Mapping[str, frozenset[str]]) -> Iterator[Party]:
        """Yield whom it names and may be a group whose members were not read."""
        yield from _unread(self.denial.principals, members)
        yield from _unread(self.denial.excluded, members)

    def _open(self, request: Request | None) -> Hit:
        """Return what an undecided condition is: a matter of the request, or unread."""
        unread = self.unclear or request is not None
        return Hit.UNKNOWN if unread else Hit.CONDITIONAL


class Denials:
    """The deny assignments of a tenant by their scope."""

    def __init__(self, denials: Iterable[Denial]) -> None:
        self._at: dict[str, list[Denial]] = defaultdict(list)
        for denial in denials:
            self._at[id_key(denial.scope)].append(denial)

    def bars(self, scopes: tuple[str, ...], ask: Ask) -> tuple[Bar, ...]:
        """Return the denials that match an action at the last of some nested scopes."""
        return tuple(self._bars(scopes, ask)) if self._at else ()

    def _bars(self, scopes: tuple[str, ...], ask: Ask) -> Iterator[Bar]:
        for scope in scopes:
            for denial in self._at.get(scope, ()):
                if denial.own_scope_only and scope != scopes[-1]:
                    continue
                ways = narrowed(ways_of(denial.blocks, ask), denial.condition, ask)
                if any(way.open for way in ways):
                    yield Bar(denial, ways)


def _named(
    parties: tuple[Party, ...],
    subject: Subject,
    members: Mapping[str, frozenset[str]],
    *,
    everyone: bool,
) -> Tri:
    """Whether a list of principals names someone, by id or through a group."""
    ids = {party.id.lower() for party in parties}
    if ids & subject.ids or (everyone and EVERYONE in ids):
        return Tri.TRUE
    return Tri.UNKNOWN if any(_unread(parties, members)) else Tri.FALSE


def _unread(
    parties: tuple[Party, ...], members: Mapping[str, frozenset[str]]
) -> Iterator[Party]:
    for party in parties:
        key = party.id.lower()
        if may_be_group(party.type) and key not in members and key != EVERYONE:
            yield party
