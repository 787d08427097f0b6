"""Which entries of a rule can never decide a query: an earlier rule always does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique

from scanner.dns.names import covers

ALLOW = "allow"
BLOCK = "block"


@unique
class Clash(IntEnum):
    """What it means that an earlier rule decides, from harmless to worst."""

    REPEATED = 1
    """Both rules do the same."""
    CONTRADICTED = 2
    """The earlier rule does something else."""
    LET_THROUGH = 3
    """The earlier rule allows what the later one is there to block."""

    @classmethod
    def of(cls, earlier: str, later: str) -> Clash:
        """Return how two actions, in lower case, clash."""
        if earlier == later:
            return cls.REPEATED
        if (earlier, later) == (ALLOW, BLOCK):
            return cls.LET_THROUGH
        return cls.CONTRADICTED


@dataclass(frozen=True, slots=True)
class Rule:
    """An enabled rule, its lists expanded and normalised, its action in lower case."""

    name: str
    action: str
    lists: tuple[frozenset[str], ...]

    @property
    def domains(self) -> frozenset[str]:
        """Everything it is for."""
        return frozenset[str]().union(*self.lists)


@dataclass(frozen=True, slots=True)
class Shadow:
    """An entry that an earlier rule decides, for the name and all below it."""

    entry: str
    by: Rule
    clash: Clash


class Precedence:
    """The earliest of some ordered rules that decides a name.

    Each domain is kept once, and a list that several rules share is gone through once:
    a name costs one look-up a label however many rules and entries come before it.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._first: dict[str, tuple[int, Rule]] = {}
        seen = set[frozenset[str]]()
        for position, rule in enumerate(rules):
            for domains in {*rule.lists} - seen:
                for domain in domains:
                    self._first.setdefault(domain, (position, rule))
            seen.update(rule.lists)

    def decider(self, name: str) -> Rule | None:
        """Return the first rule that matches a normalised name and all below it."""
        best: tuple[int, Rule] | None = None
        for entry in covers(name):
            place = self._first.get(entry)
            if place is not None and (best is None or place[0] < best[0]):
                best = place
        return best[1] if best else None


def shadows(rule: Rule, earlier: Iterable[Rule]) -> Iterator[Shadow]:
    """Yield the entries of a rule that rules before it, in their order, decide."""
    order = Precedence(earlier)
    for entry in sorted(rule.domains):
        by = order.decider(entry)
        if by is not None:
            yield Shadow(entry, by, Clash.of(by.action, rule.action))


def worst(found: Sequence[Shadow]) -> tuple[Shadow, ...]:
    """Return the shadows of the worst clash among those found."""
    grade = max((shadow.clash for shadow in found), default=None)
    return tuple(shadow for shadow in found if shadow.clash is grade)
