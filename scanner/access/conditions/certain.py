"""Comparisons that come out alike whatever their attribute holds."""

from __future__ import annotations

import operator as compare

from scanner.access.conditions.operators import COMPARATORS, CROSSES
from scanner.access.conditions.syntax import Atom, Attribute, Comparison, Operator
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import constants_of

_STORAGE = "microsoft.storage/storageaccounts"
_ASSIGNMENTS = "microsoft.authorization/roleassignments"

ALWAYS_THERE = frozenset(
    {
        f"{_ASSIGNMENTS}:roledefinitionid",
        f"{_ASSIGNMENTS}:principalid",
        f"{_ASSIGNMENTS}:principaltype",
        f"{_STORAGE}:name",
        f"{_STORAGE}/blobservices/containers:name",
        f"{_STORAGE}/queueservices/queues:name",
    }
)
"""Attributes that every call has a value of ("Actions and attributes for Azure role
assignment conditions"): of others it is not documented how they compare when absent."""


def outcome(atom: Atom) -> Tri:
    """Return how an atom comes out for every value of its attribute.

    Each value differs from one of two, and none equals both.
    """
    match atom:
        case Comparison(left=Attribute() as attribute, operator=how, right=right):
            if attribute.bare.lower() in ALWAYS_THERE:
                return _of_any(how, tuple(each.value for each in constants_of(right)))
    return Tri.UNKNOWN


def _of_any(how: Operator, values: Values) -> Tri:
    """Return how any one value compares with several."""
    comparator = COMPARATORS.get(how.name.lower())
    cross = CROSSES.get(how.cross.lower())
    if comparator is None or cross is None or comparator.holds is not compare.eq:
        return Tri.UNKNOWN
    different = {comparator.read(each) for each in values} - {None}
    if len(different) > 1 and comparator.negative is not cross.all_right:
        return Tri.of(comparator.negative)
    return Tri.UNKNOWN
