"""Which containers a condition keeps an action to.

Foundry names a project's containers by its workspace id, and conditions its identity
on that prefix.
"""

from __future__ import annotations

import re

from scanner.access.conditions.analysis.storage import CONTAINERS
from scanner.access.conditions.evaluate import is_understood
from scanner.access.conditions.syntax import (
    And,
    Attribute,
    Comparison,
    Constant,
    Expression,
    Operand,
    Or,
    ValueSet,
)

_CONTAINER_NAME = f"{CONTAINERS}:name"
_WILDCARD = re.compile(r"[*?\\]")


def container_prefixes(expression: Expression) -> tuple[str, ...]:
    """Return the prefixes of which one starts the name of every allowed container.

    Empty where the expression lets containers of any name through.
    """
    match expression:
        case And(terms=terms):
            found = [
                prefixes for term in terms if (prefixes := container_prefixes(term))
            ]
            return min(found, key=len, default=())
        case Or(terms=terms):
            parts = [container_prefixes(term) for term in terms]
            every = [prefix for prefixes in parts for prefix in prefixes]
            return tuple(dict.fromkeys(every)) if all(parts) else ()
        case Comparison(Attribute("Resource") as attribute, operator, other):
            if (
                not is_understood(expression)
                or attribute.bare.lower() != _CONTAINER_NAME
            ):
                return ()
            texts = _texts(other, operator.cross.lower())
            return _prefixes(operator.name.lower().removesuffix("ignorecase"), texts)
        case _:
            return ()


def _texts(operand: Operand, cross: str) -> tuple[str, ...]:
    """Return the values of which a container's name has to match one."""
    match operand:
        case Constant(value=value) if not cross:
            return (str(value),)
        case ValueSet(members=(only,)):
            return (str(only.value),)
        case ValueSet(members=members) if cross in ("foranyofanyvalues", _ALL_OF_ANY):
            return tuple(str(member.value) for member in members)
        case _:
            return ()


_ALL_OF_ANY = "forallofanyvalues"


def _prefixes(operator: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    match operator:
        case "stringstartswith" | "stringequals":
            found = texts
        case "stringlike":
            found = tuple(_WILDCARD.split(text, maxsplit=1)[0] for text in texts)
        case _:
            found = ()
    return tuple(dict.fromkeys(found)) if all(found) else ()
