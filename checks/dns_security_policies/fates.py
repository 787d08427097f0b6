"""What rules make of a name, as far as lists that can be read decide it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from scanner.dns.facts import Action, Doubt
from scanner.dns.reading import require_known
from scanner.dns.ruleset import Decision
from scanner.model.coverage import NotRead
from scanner.model.dns import SecurityRule


def fate(decision: Decision) -> Action:
    """Return what becomes of a name, if none of Microsoft's own lists has it."""
    if decision.match is None or any(_serious(decision.doubts)):
        return decision.action
    return decision.match.rule.action


def require_fate(decision: Decision) -> None:
    """Raise NotRead if it is not known what becomes of a name."""
    if fate(decision) is Action.UNKNOWN:
        deciding = decision.match.rule.doubts if decision.match else ()
        require_known(_serious((*decision.doubts, *deciding)))


def _serious(doubts: Iterable[Doubt]) -> Iterator[Doubt]:
    return (each for each in doubts if not each.managed)


def cite_order(rules: Iterable[SecurityRule]) -> None:
    """Note when rules are tried, what they do, and which lists they have."""
    for each in rules:
        each.cite(SecurityRule.priority, SecurityRule.state, SecurityRule.action)
        with suppress(NotRead):
            each.cite(SecurityRule.list_ids, SecurityRule.managed_lists)
