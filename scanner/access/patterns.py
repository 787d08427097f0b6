"""Action patterns: `*` stands for any characters, `/` among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """An action pattern of a role, ready to match whole actions.

    Wildcards may stand anywhere and casing is ignored (Azure role definitions,
    "Actions format"). What lies between them is looked for from the left, which finds
    a match whenever there is one and, unlike an expression, never goes back.
    """

    text: str
    first: str
    middle: tuple[str, ...]
    last: str | None
    """None where the pattern has no wildcard and is `first` alone."""

    def matches(self, action: str) -> bool:
        """Whether it matches an action in lower case."""
        if self.last is None:
            return action == self.first
        end = len(action) - len(self.last)
        start = len(self.first)
        if end < start or not action.startswith(self.first):
            return False
        if not action.endswith(self.last):
            return False
        return not self.middle or self._finds_middle(action, start, end)

    def _finds_middle(self, action: str, start: int, end: int) -> bool:
        for piece in self.middle:
            found = action.find(piece, start, end)
            if found < 0:
                return False
            start = found + len(piece)
        return True


@lru_cache(maxsize=65_536)
def pattern(text: str) -> Pattern:
    """Return a pattern, each compiled once."""
    first, *rest = text.lower().split(WILDCARD)
    if not rest:
        return Pattern(text, first, (), None)
    return Pattern(text, first, tuple(filter(None, rest[:-1])), rest[-1])


def matches_action(text: str, action: str) -> bool:
    """Whether an action is one that a pattern means, whatever the casing of either."""
    return pattern(text).matches(action.lower())


def includes(text: str, other: str) -> bool:
    """Whether a pattern means every action that another means."""
    return pattern(text).matches(other.lower())


def meet(text: str, other: str) -> str | None:
    """Return a pattern of what two patterns both mean, None where they have nothing.

    It means all of that where neither has more than one wildcard.
    """
    if includes(text, other):
        return other
    if includes(other, text):
        return text
    one, two = pattern(text), pattern(other)
    if one.last is None or two.last is None:
        return None
    (head, first), (tail, last) = (
        sorted((one.first, two.first), key=len),
        sorted((one.last, two.last), key=len),
    )
    if not (first.startswith(head) and last.endswith(tail)):
        return None
    return WILDCARD.join((first, *one.middle, *two.middle, last))


def may_overlap(text: str, other: str) -> bool:
    """Whether some action is meant by both of two patterns."""
    return meet(text, other) is not None


def first_match(patterns: Iterable[str], action: str) -> str | None:
    """Return the first pattern that matches an action in lower case."""
    return next((each for each in patterns if pattern(each).matches(action)), None)
