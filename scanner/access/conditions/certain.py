"""What comparisons of one attribute say of each other.

An attribute with one value does not equal two, and what begins with `hr` does not begin
with `fin`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, unique
from functools import partial

from scanner.access.conditions import values, wildcards
from scanner.access.conditions.documented import ALWAYS_THERE, TAGS
from scanner.access.conditions.evaluate import is_understood
from scanner.access.conditions.operators import COMPARATORS, CROSSES, Comparator, Read
from scanner.access.conditions.syntax import (
    CASE_SENSITIVE,
    Attribute,
    Comparison,
    Operator,
)
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Scalar
from scanner.access.conditions.walk import constants_of


@unique
class Rest(Enum):
    """What may follow how a value begins."""

    NOTHING = "nothing"
    ANYTHING = "anything"
    PATTERN = "pattern"
    """What a pattern with a wildcard says."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That an attribute is there and its value is of some form."""

    attribute: Attribute
    read: Read
    """In which form it compares: with case, without, or as an id."""
    written: str
    """The value, or the pattern of one."""
    begin: str
    rest: Rest

    @property
    def is_any(self) -> bool:
        """Whether every value is of that form."""
        return self.rest is Rest.ANYTHING and not self.begin

    def holds(self, value: str) -> bool:
        """Return whether a value, in the form that compares, is what is claimed."""
        match self.rest:
            case Rest.NOTHING:
                return value == self.begin
            case Rest.ANYTHING:
                return value.startswith(self.begin)
            case Rest.PATTERN:
                return wildcards.like(self.written).matches(value)

    def folded(self) -> Claim:
        """Return the claim that is made without case."""
        if self.read is not values.text:
            return self
        written, begin = self.written.lower(), self.begin.lower()
        return replace(self, read=values.folded, written=written, begin=begin)


@dataclass(frozen=True, slots=True)
class Claims:
    """A comparison as claims: each is denied if negative, and all or one must hold."""

    claims: tuple[Claim, ...]
    negative: bool
    every: bool


def is_always_there(attribute: Attribute) -> bool:
    """Return whether every call has a value of an attribute that may have one.

    Of calls that never have it nothing is to be asked: `partial.residual` leaves it
    out.
    """
    return (attribute.source, attribute.bare.lower()) in ALWAYS_THERE


def claims_of(
    comparison: Comparison, there: Callable[[Attribute], bool] = is_always_there
) -> Claims | None:
    """Return what a comparison claims, None where that cannot be told.

    What is absent makes no claim true; only of what is `there` a denial is one of its
    value.
    """
    match comparison:
        case Comparison(left=Attribute() as attribute, operator=how, right=right):
            found = tuple(each.value for each in constants_of(right))
        case _:
            return None
    comparator = COMPARATORS.get(how.name.lower())
    if comparator is None or not found or not is_understood(comparison):
        return None
    is_open = comparator.negative or not is_tag_value(attribute)
    if is_open and not there(attribute):
        return None
    return _claims(plain(attribute), comparator, how, found)


def is_tag_value(attribute: Attribute) -> bool:
    """Return whether an attribute is one index tag of a blob: it has one value."""
    return attribute.path == TAGS and not attribute.is_keys


def plain(attribute: Attribute) -> Attribute:
    """Return an attribute written as all are that mean the same."""
    name = attribute.bare.lower()
    if attribute.is_case_sensitive and attribute.key:
        name = f"{attribute.path}:{attribute.key}{CASE_SENSITIVE}"
    return Attribute(attribute.source, name)


def _claims(
    attribute: Attribute,
    comparator: Comparator,
    how: Operator,
    found: tuple[Scalar, ...],
) -> Claims | None:
    cross = CROSSES.get(how.cross.lower())
    if cross is None and (how.cross or len(found) > 1):
        return None
    claims = [_claim(attribute, comparator, value) for value in found]
    known = tuple(each for each in claims if each is not None)
    if len(known) < len(claims):
        return None
    every = cross is not None and cross.all_right
    return Claims(known, comparator.negative, every)


def _claim(attribute: Attribute, comparator: Comparator, value: Scalar) -> Claim | None:
    written = comparator.read(value)
    if comparator.read not in (values.text, values.folded, values.guid):
        return None
    if written is None:
        return None
    claim = partial(Claim, attribute, comparator.read, written)
    verb = comparator.name.lower().removesuffix("ignorecase")
    if verb.endswith("startswith"):
        return claim(written, Rest.ANYTHING)
    if not verb.endswith("like"):
        return claim(written, Rest.NOTHING)
    return claim(*_pattern(written))


def _pattern(written: str) -> tuple[str, Rest]:
    """Return how all begin that a pattern means, and what may follow."""
    begin, rest = wildcards.beginning(written)
    if not rest:
        return begin, Rest.NOTHING
    return begin, Rest.PATTERN if rest.strip("*") else Rest.ANYTHING


def says(known: Claim, other: Claim) -> Tri:
    """Return what a claim that holds says of another."""
    if known.attribute != other.attribute or not _are_comparable(known, other):
        return Tri.UNKNOWN
    if known.read is other.read:
        return _says(known, other)
    found = _says(known.folded(), other.folded())
    # Of a value that is known without case alone, none with case can be told.
    tells = found is Tri.FALSE or known.read is values.text
    return found if tells else Tri.UNKNOWN


def _are_comparable(known: Claim, other: Claim) -> bool:
    return (known.read is values.guid) is (other.read is values.guid)


def _says(known: Claim, other: Claim) -> Tri:
    if known == other:
        return Tri.TRUE
    if known.rest is Rest.NOTHING:
        return Tri.of(other.holds(known.begin))
    if other.rest is Rest.NOTHING:
        return Tri.UNKNOWN if known.holds(other.begin) else Tri.FALSE
    if known.begin.startswith(other.begin):
        return Tri.TRUE if other.rest is Rest.ANYTHING else Tri.UNKNOWN
    return Tri.UNKNOWN if other.begin.startswith(known.begin) else Tri.FALSE
