"""Every documented operator: what it reads, when it holds, how it crosses sets.

Source: "Azure role assignment condition format and syntax", operators.
"""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

from scanner.access.conditions import values, wildcards
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Scalar, Values

Read: TypeAlias = Callable[[Scalar], Any]
Holds: TypeAlias = Callable[[Any, Any], bool]


_CROSSING = (values.text, values.folded, values.number, values.guid)


@dataclass(frozen=True, slots=True)
class Comparator:
    """An operator; a negative one holds where its opposite does not."""

    name: str
    read: Read
    holds: Holds
    negative: bool = False

    @property
    def crosses(self) -> bool:
        """Whether it may compare sets: equality, patterns, numbers and ids do."""
        return self.read in _CROSSING and "StartsWith" not in self.name

    def compare(self, left: Scalar, right: Scalar) -> Tri:
        """Return how two values compare; unknown where one is of another type."""
        read = self.read(left), self.read(right)
        if None in read:
            return Tri.UNKNOWN
        return Tri.of(self.holds(*read) is not self.negative)


@dataclass(frozen=True, slots=True)
class Cross:
    """How many values of each side have to satisfy the operator."""

    name: str
    all_left: bool
    all_right: bool

    def compare(self, comparator: Comparator, left: Values, right: Values) -> Tri:
        """Return how two sets compare; unknown for all of an empty one.

        What Azure makes of `ForAll` over nothing is not documented.
        """
        if (self.all_left and not left) or (self.all_right and not right):
            return Tri.UNKNOWN
        rows = (
            _over(self.all_right, (comparator.compare(one, other) for other in right))
            for one in left
        )
        return _over(self.all_left, rows)


def _over(every: bool, truths: Iterable[Tri]) -> Tri:
    if every:
        return reduce(Tri.and_, truths, Tri.TRUE)
    return reduce(Tri.or_, truths, Tri.FALSE)


def single(comparator: Comparator, left: Values, right: Values) -> Tri:
    """Return how one value compares with one other; of several it is not documented."""
    if not left or not right:
        return absent(comparator)
    if len(left) > 1 or len(right) > 1:
        return Tri.UNKNOWN
    return comparator.compare(left[0], right[0])


def absent(comparator: Comparator, *, over_all: bool = False) -> Tri:
    """Return how something compares with an attribute that is not there.

    A positive comparison does not match; what a negative one does is not documented,
    nor what one `over_all` values of none comes to.
    """
    return Tri.UNKNOWN if comparator.negative or over_all else Tri.FALSE


def _starts_with(value: str, prefix: str) -> bool:
    return value.startswith(prefix)


def _like(value: str, pattern: str) -> bool:
    return wildcards.like(pattern).matches(value)


def _pair(
    family: str, verb: str, suffix: str, read: Read, holds: Holds
) -> Iterator[Comparator]:
    """Yield an operator and its opposite."""
    yield Comparator(f"{family}{verb}{suffix}", read, holds)
    yield Comparator(f"{family}Not{verb}{suffix}", read, holds, negative=True)


def _strings() -> Iterator[Comparator]:
    for suffix, read in (("", values.text), ("IgnoreCase", values.folded)):
        yield from _pair("String", "Equals", suffix, read, compare.eq)
        yield from _pair("String", "StartsWith", suffix, read, _starts_with)
        yield from _pair("String", "Like", suffix, read, _like)


def _ordered(family: str, read: Read) -> Iterator[Comparator]:
    yield from _pair(family, "Equals", "", read, compare.eq)
    yield Comparator(f"{family}LessThan", read, compare.lt)
    yield Comparator(f"{family}LessThanEquals", read, compare.le)
    yield Comparator(f"{family}GreaterThan", read, compare.gt)
    yield Comparator(f"{family}GreaterThanEquals", read, compare.ge)


COMPARATORS = {
    comparator.name.lower(): comparator
    for comparator in (
        *_strings(),
        *_ordered("Numeric", values.number),
        *_ordered("DateTime", values.instant),
        *_pair("Bool", "Equals", "", values.boolean, compare.eq),
        *_pair("Guid", "Equals", "", values.guid, compare.eq),
    )
}
"""Every operator by its name in lower case."""

CROSSES = {
    cross.name.lower(): cross
    for cross in (
        Cross("ForAnyOfAnyValues", all_left=False, all_right=False),
        Cross("ForAllOfAnyValues", all_left=True, all_right=False),
        Cross("ForAnyOfAllValues", all_left=False, all_right=True),
        Cross("ForAllOfAllValues", all_left=True, all_right=True),
    )
}
"""Every cross product by its name in lower case."""


def spelling(name: str) -> str:
    """Return the documented spelling of an operator or cross product, else as given."""
    known = COMPARATORS.get(name.lower()) or CROSSES.get(name.lower())
    return known.name if known else name
