"""Where a call has to come from: private endpoints and subnets that a condition names.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob
Storage", environment attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanner.access.conditions.analysis.subject import Fault, Subject
from scanner.access.conditions.partial import Fact, assume
from scanner.access.conditions.solve import may_hold
from scanner.access.conditions.syntax import (
    Attribute,
    Comparison,
    Constant,
    Expression,
    Operand,
    Operator,
    ValueSet,
)
from scanner.access.conditions.values import Values
from scanner.access.conditions.walk import nodes

PRIVATE_ENDPOINTS = "microsoft.network/privateendpoints"
SUBNETS = "microsoft.network/virtualnetworks/subnets"
PRIVATE_LINK = "isprivatelink"
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


@dataclass(frozen=True, slots=True)
class NetworkReference:
    """A private endpoint or subnet that a condition names, and where."""

    path: str
    resource_id: str
    operator: Operator
    start: int

    @property
    def is_well_formed(self) -> bool:
        """Whether its id is one of what the attribute holds."""
        return _SHAPES[self.path].fullmatch(self.resource_id) is not None

    @property
    def ignores_case(self) -> bool:
        """Whether it compares as ids do."""
        return self.operator.name.endswith("IgnoreCase")


def network_references(expression: Expression) -> tuple[NetworkReference, ...]:
    """Return the private endpoints and subnets that an expression names."""
    return tuple(
        NetworkReference(attribute.path, str(constant.value), operator, constant.start)
        for attribute, operator, constant in _pairs(expression)
        if attribute.path in _SHAPES
    )


def _pairs(
    expression: Expression,
) -> Iterator[tuple[Attribute, Operator, Constant]]:
    """Yield the environment attributes of an expression with what they compare to."""
    for node in nodes(expression):
        match node:
            case Comparison(Attribute("Environment") as one, operator, other):
                yield from ((one, operator, constant) for constant in _constants(other))
            case Comparison(other, operator, Attribute("Environment") as one):
                yield from ((one, operator, constant) for constant in _constants(other))


def _constants(operand: Operand) -> tuple[Constant, ...]:
    match operand:
        case Constant():
            return (operand,)
        case ValueSet(members=members):
            return members
        case _:
            return ()


def networks(subject: Subject) -> Iterator[Fault]:
    """Find networks that no call can come from, or only public calls can."""
    for reference in network_references(subject.expression):
        if not reference.is_well_formed and "Like" not in reference.operator.name:
            yield subject.fault(
                "abac-env-network",
                reference.start,
                "this is not the id of a private endpoint or subnet: it never matches",
                fails=True,
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
    for attribute, _, _ in _pairs(expression):
        if attribute.bare.lower() == PRIVATE_LINK:
            yield attribute.start


def _private(attribute: Attribute) -> Values | Fact:
    is_link = attribute.source == "Environment" and (
        attribute.bare.lower() == PRIVATE_LINK
    )
    return (True,) if is_link else Fact.FREE
