"""What comparisons of a boolean attribute ask: true or false, one or the other."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.access.conditions.certain import plain
from scanner.access.conditions.documented import (
    IS_CURRENT,
    IS_HIERARCHICAL,
    PRIVATE_LINK,
    is_documented_attribute,
)
from scanner.access.conditions.operators import COMPARATORS
from scanner.access.conditions.syntax import (
    Attribute,
    Comparison,
    Constant,
    Kind,
    Operator,
)
from scanner.access.conditions.values import boolean

BOOLEANS = frozenset({IS_HIERARCHICAL, PRIVATE_LINK, IS_CURRENT})
"""The attributes of that type ("Actions and attributes for Azure role assignment
conditions for Azure Blob Storage")."""


@dataclass(frozen=True, slots=True)
class Asked:
    """That an attribute is one of true and false, or that it is not."""

    attribute: Attribute
    value: bool
    negative: bool

    @property
    def is_true(self) -> Comparison:
        """The question whether the attribute, if it is there, is true."""
        return Asked(self.attribute, value=True, negative=False).question

    @property
    def question(self) -> Comparison:
        """What it asks, written as all do that ask the same."""
        operator = Operator("BoolNotEquals" if self.negative else "BoolEquals")
        to = Constant(Kind.BOOLEAN, str(self.value).lower())
        return Comparison(self.attribute, operator, to)


def asked_by(comparison: Comparison) -> Asked | None:
    """Return what a comparison asks of a boolean attribute; None of anything else.

    Of numbers no such thing is told: only custom security attributes are, and those
    may have several values, of which it is not documented how they compare.
    """
    match comparison:
        case Comparison(Attribute() as attribute, Operator(name, ""), Constant() as to):
            comparator = COMPARATORS.get(name.lower())
        case _:
            return None
    value = boolean(to.value)
    if comparator is None or comparator.read is not boolean or value is None:
        return None
    if not _is_boolean(attribute):
        return None
    return Asked(plain(attribute), value, comparator.negative)


def _is_boolean(attribute: Attribute) -> bool:
    """Return whether an attribute that compares as one has at most one truth value.

    Custom security attributes have a type, and of booleans never several (Microsoft
    Graph, customSecurityAttributeDefinition, `isCollection`).
    """
    is_boolean = attribute.bare.lower() in BOOLEANS or attribute.source == "Principal"
    return is_boolean and is_documented_attribute(attribute)
