"""One access request: what is asked for, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scanner.access.conditions.syntax import Attribute
from scanner.access.conditions.values import Value, Values

SUB_OPERATION = "suboperation"
"""The attribute by which conditions of the preview name suboperations."""


@dataclass(frozen=True, slots=True)
class Request:
    """An action on a resource, with attributes by their names between the brackets.

    A key that is missing is an attribute that is absent.
    """

    action: str
    sub_operation: str | None = None
    request: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    principal: Mapping[str, Value] = field(default_factory=dict)
    environment: Mapping[str, Value] = field(default_factory=dict)

    def read(self, attribute: Attribute) -> Values | None:
        """Return the values of an attribute; None where it is absent."""
        if is_sub_operation(attribute):
            return None if self.sub_operation is None else (self.sub_operation,)
        return _values(_find(self._source(attribute.source), attribute))

    def _source(self, source: str) -> Mapping[str, Value]:
        match source:
            case "Request":
                return self.request
            case "Resource":
                return self.resource
            case "Principal":
                return self.principal
            case "Environment":
                return self.environment
            case _:
                return {}


def is_sub_operation(attribute: Attribute) -> bool:
    """Return whether an attribute is the suboperation of the request.

    Conditions written during the preview say `@Request[subOperation]`.
    """
    return attribute.source == "Request" and attribute.name.lower() == SUB_OPERATION


def _find(values: Mapping[str, Value], attribute: Attribute) -> Value | None:
    """Return the value under a name: as it is written, or as it compares."""
    for name in (attribute.name, attribute.bare):
        if values.get(name) is not None:
            return values[name]
    return next(
        (value for name, value in values.items() if same_attribute(attribute, name)),
        None,
    )


def same_attribute(attribute: Attribute, name: str) -> bool:
    """Return whether a name means an attribute.

    Names compare without case; a key marked as case-sensitive compares with it.
    """
    other = Attribute(attribute.source, name)
    if attribute.is_case_sensitive and attribute.key != other.key:
        return False
    return attribute.bare.lower() == other.bare.lower()


def _values(value: Value | None) -> Values | None:
    match value:
        case None:
            return None
        case tuple() | list():
            return tuple(value)
        case _:
            return (value,)
