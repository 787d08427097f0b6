"""Which roles allow an action, and by which of their permission blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scanner.access.facts import Assignment, Block, Role, last_segment
from scanner.access.patterns import first_match, includes, may_overlap, meet
from scanner.access.restrictions import Ask, Restriction, restriction


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which blocks or a role allow an action."""

    pattern: str
    restrictions: tuple[Restriction, ...] = ()
    """All of them must hold."""

    @property
    def open(self) -> bool:
        """Whether some request can go this way."""
        return not any(each.never for each in self.restrictions)


class Roles:
    """The roles of a tenant, each asked about an action once."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._roles = roles
        self._ways: dict[Ask, dict[str, tuple[Way, ...]]] = {}
        self._amounting: dict[frozenset[str], frozenset[str]] = {}

    def get(self, assignment: Assignment) -> Role | None:
        """Return the role of an assignment, None if it was not read."""
        return self._roles.get(last_segment(assignment.role_definition_id))

    def amounting(self, roles: frozenset[str]) -> frozenset[str]:
        """Return some roles with those that allow all that one of them does.

        By the last segment of their ids, in lower case.
        """
        found = self._amounting.get(roles)
        if found is None:
            needed = [self._roles[each] for each in roles if each in self._roles]
            more = (
                key
                for key, role in self._roles.items()
                if any(amounts_to(role, each) for each in needed)
            )
            found = self._amounting[roles] = roles.union(more)
        return found

    def uses(self, role: str) -> tuple[Ask, ...]:
        """Return what a role is for: its data actions, or else all of its actions.

        As it puts them; nothing where its definition was not read.
        """
        found = self._roles.get(role)
        blocks = found.blocks if found else ()
        data = any(block.data_actions for block in blocks)
        return tuple(
            Ask.of(pattern, data=data)
            for block in blocks
            for pattern in block.plane(data=data)[0]
        )

    def ways(self, role: Role, ask: Ask) -> tuple[Way, ...]:
        """Return how a role allows an action; empty where it does not."""
        remembered = self._ways.setdefault(ask, {})
        found = remembered.get(role.id)
        if found is None:
            found = remembered[role.id] = ways_of(role.blocks, ask)
        return found


def ways_of(blocks: Iterable[Block], ask: Ask) -> tuple[Way, ...]:
    """Return how blocks match an action: any of them does, each by itself.

    Where one does so without a condition, the others add nothing.
    """
    found = tuple(_matching(blocks, ask))
    free = [way for way in found if not way.restrictions]
    return (free[0],) if free else found


def _matching(blocks: Iterable[Block], ask: Ask) -> Iterator[Way]:
    for block in blocks:
        allowed, excepted = block.plane(data=ask.data)
        pattern = first_match(allowed, ask.action)
        if pattern is not None and first_match(excepted, ask.action) is None:
            demand = restriction(block.condition, ask)
            yield Way(pattern, (demand,) if demand else ())


def narrowed(ways: tuple[Way, ...], condition: str | None, ask: Ask) -> tuple[Way, ...]:
    """Return ways with the condition of the assignment on top: both must hold."""
    demand = restriction(condition, ask) if condition else None
    if demand is None:
        return ways
    return tuple(Way(way.pattern, (*way.restrictions, demand)) for way in ways)


def amounts_to(role: Role, needed: Role) -> bool:
    """Whether a role allows all that another does, each action by one of its blocks.

    Blocks under a condition do not count.
    """
    return next(lacking(role, needed), None) is None


def lacking(role: Role, needed: Role) -> Iterator[str]:
    """Yield the patterns of another role that no block of a role allows whole."""
    for part in needed.blocks:
        for data in (False, True):
            allowed, taken = part.plane(data=data)
            for each in allowed:
                if not any(
                    _includes(one, each, taken, data=data) for one in role.blocks
                ):
                    yield each


def _includes(
    block: Block, pattern: str, taken: tuple[str, ...], *, data: bool
) -> bool:
    """Whether a block allows all a pattern means but what is taken from it anyway."""
    allowed, excepted = block.plane(data=data)
    kept = (each for each in excepted if not any(includes(one, each) for one in taken))
    return (
        not block.condition
        and any(includes(each, pattern) for each in allowed)
        and not any(may_overlap(each, pattern) for each in kept)
    )


def allowed_in(role: Role, area: str, *, data: bool) -> str | None:
    """Return what a role allows of the actions that a pattern means, None if nothing.

    The first of `all_allowed_in`.
    """
    return next(all_allowed_in(role, area, data=data), None)


def all_allowed_in(role: Role, area: str, *, data: bool) -> Iterator[str]:
    """Yield all that a role allows of the actions that a pattern means.

    As patterns in turn. What blocks except counts where it takes all of one back;
    conditions are left to be looked at.
    """
    for block in role.blocks:
        allowed, excepted = block.plane(data=data)
        for each in allowed:
            shared = meet(each, area)
            if shared and not any(includes(one, shared) for one in excepted):
                yield shared


def allows_all(role: Role, area: str, *, data: bool) -> bool:
    """Whether one block of a role allows every action that a pattern means."""
    return any(_includes(block, area, (), data=data) for block in role.blocks)


def given_back(role: Role, other: Role, *, data: bool) -> str | None:
    """Return what a block of a role excepts and another role allows, None if nothing.

    As a pattern. Exceptions take from their own block alone, so that whoever holds
    both roles can do it (azure-docs, "Understand Azure role definitions", NotActions).
    """
    for block in role.blocks:
        allowed, excepted = block.plane(data=data)
        for one in excepted:
            for taken in filter(None, (meet(each, one) for each in allowed)):
                found = allowed_in(other, taken, data=data)
                if found:
                    return found
    return None


def exception(role: Role, ask: Ask) -> tuple[str, str] | None:
    """Return the pattern of a block that allows and the one that takes it back."""
    for block in role.blocks:
        allowed, excepted = block.plane(data=ask.data)
        pattern = first_match(allowed, ask.action)
        taken = first_match(excepted, ask.action)
        if pattern is not None and taken is not None:
            return pattern, taken
    return None


def other_plane(role: Role, ask: Ask) -> str | None:
    """Return the pattern by which a role would allow it if it were of the other plane.

    Owner's `*` is of the control plane alone, so it calls no model once keys are off.
    """
    for block in role.blocks:
        allowed, excepted = block.plane(data=not ask.data)
        pattern = first_match(allowed, ask.action)
        if pattern is not None and first_match(excepted, ask.action) is None:
            return pattern
    return None
