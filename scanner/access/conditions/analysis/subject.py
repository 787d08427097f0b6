"""What is judged: a condition, the role it narrows, and the time it is judged at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from scanner.access.conditions.analysis.catalogue import sub_operations
from scanner.access.conditions.documented import calls_of
from scanner.access.conditions.partial import residual
from scanner.access.conditions.syntax import (
    ActionMatches,
    Condition,
    Expression,
)
from scanner.access.conditions.times import as_of
from scanner.access.conditions.walk import nodes
from scanner.access.facts import Block
from scanner.access.patterns import matches_action


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a condition, where, and by which check."""

    check_id: str
    line: int
    column: int
    message: str
    fails: bool = False
    """Whether its check fails for it; for a weakness it only warns."""
    unclear: bool = False
    """Whether it is there or not depends on what is not documented."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A condition with what it has to be judged by."""

    condition: Condition
    actions: tuple[str, ...]
    """The actions it is judged for: those of its role, or the usual ones."""
    role: tuple[Block, ...]
    """What its role grants; nothing where that is not known."""
    privileged: frozenset[str]
    """Roles that must not be handed out, as the digits of their ids."""
    now: datetime

    @property
    def role_known(self) -> bool:
        """Whether it is known what its role grants."""
        return any(block.actions or block.data_actions for block in self.role)

    @property
    def expression(self) -> Expression:
        """What the condition says."""
        return self.condition.expression

    def has(self, action: str) -> bool:
        """Return whether an action is among those it is judged for."""
        return any(action.lower() == one.lower() for one in self.actions)

    @cached_property
    def left(self) -> Expression:
        """What is left of it at the time it is judged at."""
        return as_of(self.expression, self.now)

    def residual(self, action: str, sub_operation: str | None = None) -> Expression:
        """Return what the condition still asks of an action."""
        return residual(self.left, action, sub_operation)

    def residuals(self, *actions: str) -> tuple[Expression, ...]:
        """Return what it still asks of them, with each suboperation too, each once."""
        return residuals(self.left, actions)

    def fault(
        self, check_id: str, start: int, message: str, *, fails: bool = False
    ) -> Fault:
        """Return a fault at an offset."""
        return Fault(check_id, *self.condition.position(start), message, fails)

    def guard_of(self, action: str = "") -> int:
        """Return where an action is first named; of none, where any first is."""
        return next(
            (
                node.start
                for node in nodes(self.expression)
                if isinstance(node, ActionMatches)
                and (not action or matches_action(node.pattern, action))
            ),
            self.expression.start,
        )


def residuals(expression: Expression, actions: Iterable[str]) -> tuple[Expression, ...]:
    """Return what is asked of actions, with each suboperation too, each once.

    Those that are documented and those that the expression names.
    """
    named = sub_operations(expression)
    calls = ((each, call) for each in actions for call in calls_of(each, named))
    return tuple(dict.fromkeys(residual(expression, *call) for call in calls))
