"""What earlier rules leave to a rule, and what it means that they take it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

from scanner.dns.facts import Action, Doubt, Rule


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
    def of(cls, earlier: Action, later: Action) -> Clash:
        """Return how two actions clash."""
        if earlier is later:
            return cls.REPEATED
        if (earlier, later) == (Action.ALLOW, Action.BLOCK):
            return cls.LET_THROUGH
        return cls.CONTRADICTED


@dataclass(frozen=True, slots=True)
class Shadow:
    """Entries of a rule that an earlier one decides, with all names below them."""

    by: Rule
    entries: frozenset[str]
    clash: Clash
    sure: bool
    """Whether it is this rule that decides them, and how the two clash.

    A rule before it that may match anything could. The entries are lost either way.
    """


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left to a rule by those before it."""

    rule: Rule
    entries: int
    """How many different entries its lists are known to have."""
    shadows: tuple[Shadow, ...]
    """What earlier rules decide, the earliest first; no entry is in two of them."""
    doubts: tuple[Doubt, ...]
    """Why it may have more entries, or keep fewer, than is known.

    One of Microsoft's own lists is one entry, and what is on it counts for nothing.
    """

    @property
    def free(self) -> int:
        """How many of its entries no earlier rule is known to decide."""
        return self.entries - sum(len(shadow.entries) for shadow in self.shadows)

    @property
    def can_decide(self) -> bool | None:
        """Whether it can ever decide a name; None where that is not known."""
        return None if self.doubts else self.free > 0

    @property
    def worst(self) -> tuple[Shadow, ...]:
        """The shadows of the worst clash."""
        grade = max((shadow.clash for shadow in self.shadows), default=None)
        return tuple(shadow for shadow in self.shadows if shadow.clash is grade)
