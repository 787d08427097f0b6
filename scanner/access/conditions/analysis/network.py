"""Where a call has to come from: private endpoints and subnets that a condition names.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob
Storage", environment attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.documented import PRIVATE_LINK
from scanner.access.conditions.partial import Fact, assume
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import (
    And,
    Attribute,
    Comparison,
    Constant,
    Expression,
    Not,
    Operator,
    Or,
)
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import constants_of

PRIVATE_ENDPOINTS = "microsoft.network/privateendpoints"
SUBNETS = "microsoft.network/virtualnetworks/subnets"
ORIGINS = frozenset({PRIVATE_ENDPOINTS, SUBNETS, PRIVATE_LINK})
"""The attributes that say where a call comes from, in lower case."""

_GROUP = r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/"
_SHAPES = {
    PRIVATE_ENDPOINTS: re.compile(
        _GROUP + r"Microsoft\.Network/privateEndpoints/[^/]+", re.IGNORECASE
    ),
    SUBNETS: re.compile(
        _GROUP + r"Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+",
        re.IGNORECASE,
    ),
}


_EQUALS = frozenset({"stringequals", "stringnotequals"})


@dataclass(frozen=True, slots=True)
class NetworkReference:
    """A private endpoint or subnet that a condition names, and where."""

    path: str
    resource_id: str
    operator: Operator
    start: int
    negated: bool = False
    """Whether a NOT before it turns it round."""

    @property
    def is_well_formed(self) -> bool:
        """Whether its id is one of what the attribute holds."""
        return _SHAPES[self.path].fullmatch(self.resource_id) is not None

    @property
    def is_whole(self) -> bool:
        """Whether it has to be an id, rather than a pattern or the start of one."""
        return self.operator.name.lower().removesuffix("ignorecase") in _EQUALS

    @property
    def is_asked_for(self) -> bool:
        """Whether calls have to come from there, rather than from elsewhere."""
        return ("not" in self.operator.name.lower()) is self.negated

    @property
    def ignores_case(self) -> bool:
        """Whether it compares as ids do."""
        return self.operator.name.endswith("IgnoreCase")


def network_references(expression: Expression) -> tuple[NetworkReference, ...]:
    """Return the private endpoints and subnets that an expression names."""
    return tuple(
        NetworkReference(path, str(constant.value), operator, constant.start, negated)
        for node, negated in _comparisons(expression)
        for attribute, operator, constant in _pairs(node)
        if (path := attribute.path) in _SHAPES
    )


def _comparisons(expression: Expression) -> Iterator[tuple[Comparison, bool]]:
    """Yield every comparison as it is written, and whether a NOT turns it round."""
    waiting = [(expression, False)]
    while waiting:
        node, negated = waiting.pop()
        match node:
            case Not(term=term):
                waiting.append((term, not negated))
            case And(terms=terms) | Or(terms=terms):
                waiting.extend((each, negated) for each in reversed(terms))
            case Comparison():
                yield node, negated


def _pairs(node: Comparison) -> Iterator[tuple[Attribute, Operator, Constant]]:
    """Yield the environment attribute of a comparison with what it compares to."""
    match node:
        case Comparison(Attribute("Environment") as one, operator, other):
            yield from ((one, operator, constant) for constant in constants_of(other))
        case Comparison(other, operator, Attribute("Environment") as one):
            yield from ((one, operator, constant) for constant in constants_of(other))


def networks(subject: Subject) -> Iterator[Fault]:
    """Find networks that no call can come from, or only public calls can."""
    for reference in network_references(subject.expression):
        if reference.is_whole and not reference.is_well_formed:
            yield subject.fault(
                "abac-env-network",
                reference.start,
                "this is not the id of a private endpoint or subnet: it never matches",
                fails=reference.is_asked_for,
            )
        elif not reference.ignores_case:
            yield subject.fault(
                "abac-env-network",
                reference.start,
                f"resource ids compare without case, {reference.operator.name} does "
                "not: use its IgnoreCase form",
            )
    yield from _public_only(subject)


def _public_only(subject: Subject) -> Iterator[Fault]:
    """Find a condition that shuts out calls over a private link."""
    for start in _private_link_tests(subject.expression):
        for action in subject.actions:
            left = subject.residual(action)
            if not may_hold(assume(left, _private)) and may_hold(left):
                message = f"{action} is refused to calls over a private endpoint"
                yield subject.fault("abac-env-network", start, message, fails=True)
                return


def _private_link_tests(expression: Expression) -> Iterator[int]:
    for node, _ in _comparisons(expression):
        for attribute, _, _ in _pairs(node):
            if attribute.bare.lower() == PRIVATE_LINK:
                yield attribute.start


def _private(attribute: Attribute) -> Values | Fact:
    is_link = attribute.source == "Environment" and (
        attribute.bare.lower() == PRIVATE_LINK
    )
    return (True,) if is_link else Fact.FREE
