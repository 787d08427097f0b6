"""Conditions, as far as they bear on one action."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scanner.access.conditions.analysis.guards import is_open
from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.evaluate import evaluate
from scanner.access.conditions.parser import parse
from scanner.access.conditions.partial import residual
from scanner.access.conditions.request import Request
from scanner.access.conditions.syntax import Expression, Literal
from scanner.access.conditions.tri import Tri


@dataclass(frozen=True, slots=True)
class Ask:
    """One action, and on which plane; what answers are remembered by."""

    action: str
    """In lower case."""
    data: bool = False
    sub_operation: str | None = None

    @classmethod
    def of(
        cls, action: str, *, data: bool = False, request: Request | None = None
    ) -> Ask:
        """Return what is asked for, with the suboperation of a request."""
        return cls(action.lower(), data, request.sub_operation if request else None)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a condition demands of one action."""

    condition: str
    """As received, whole."""
    residual: Expression | None
    """What is left of it for the action; None where it cannot be read."""
    fault: str = ""
    """Why it cannot be read."""

    @property
    def never(self) -> bool:
        """Whether no request for the action can meet it."""
        return self.residual == Literal(False)

    def met(self, request: Request | None) -> Tri:
        """Whether a request meets it; unknown where none is given."""
        if self.never:
            return Tri.FALSE
        if self.residual is None or request is None:
            return Tri.UNKNOWN
        return evaluate(self.residual, request)


@lru_cache(maxsize=65_536)
def restriction(condition: str | None, ask: Ask) -> Restriction | None:
    """Return what a condition demands of an action; None where that is nothing.

    A condition that guards other actions leaves this one as it is (azure-docs,
    "Conditions format", ActionMatches), and one that always holds, all of them.
    """
    if not condition or not condition.strip():
        return None
    try:
        expression = parse(condition).expression
    except ConditionError as error:
        return Restriction(condition, None, error.message)
    left = residual(expression, ask.action, ask.sub_operation)
    if is_open(left):
        return None
    return Restriction(condition, left)


def all_met(demands: tuple[Restriction, ...], request: Request | None) -> Tri:
    """Whether a request meets every restriction."""
    states = {each.met(request) for each in demands}
    if Tri.FALSE in states:
        return Tri.FALSE
    return Tri.UNKNOWN if Tri.UNKNOWN in states else Tri.TRUE
