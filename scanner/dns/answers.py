"""What becomes of a name that is asked for in a network, and on which way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from scanner.dns.coverage import Sight
from scanner.dns.facts import Action, Network, Policy, Rule
from scanner.dns.routes import Stop, Where
from scanner.dns.ruleset import Decision, Match

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a query that one of the network's DNS servers is asked."""

    stop: Stop
    sight: Sight | None = None
    """What sees it; None where no network's Azure resolver is known to be asked."""
    decision: Decision | None = None
    """What is decided; None where no policy is known to see it."""
    matches: tuple[Match, ...] = ()
    """Every rule known to match the name, in the order tried."""

    @property
    def reaches_wire_server(self) -> bool | None:
        """Whether Azure's resolver is asked anywhere; None where that is not known."""
        return None if self.stop.where is Where.UNKNOWN else self.sight is not None

    @property
    def policy(self) -> Policy | None:
        """The policy that sees it."""
        return self.sight.policy if self.sight else None

    @property
    def rule(self) -> Rule | None:
        """The rule that decides it."""
        return self.decision.decider if self.decision else None

    @property
    def action(self) -> Action:
        """What becomes of it."""
        if self.decision:
            return self.decision.action
        return Action.NONE if self._unseen else Action.UNKNOWN

    @property
    def logged(self) -> bool | None:
        """Whether it leaves a row in a log, as all that a policy sees and logs does."""
        return self.policy.logged if self.policy else False if self._unseen else None

    @property
    def _unseen(self) -> bool:
        """Whether it is known that no policy sees it."""
        if self.sight is None:
            return self.stop.where is Where.OUTSIDE
        return self.sight.seen is False


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a name in a network: what all its DNS servers agree on."""

    name: str
    network: Network
    outcomes: tuple[Outcome, ...]
    """One for each DNS server of the network, in order."""

    @property
    def reaches_wire_server(self) -> bool | None:
        """Whether Azure's resolver is asked; None where not known or by some alone."""
        return _same((each.reaches_wire_server for each in self.outcomes), None)

    @property
    def policy(self) -> Policy | None:
        """The policy that sees the query."""
        return _same((each.policy for each in self.outcomes), None)

    @property
    def rule(self) -> Rule | None:
        """The rule that decides it."""
        return _same((each.rule for each in self.outcomes), None)

    @property
    def action(self) -> Action:
        """What becomes of it; unknown too where it depends on the server."""
        return _same((each.action for each in self.outcomes), Action.UNKNOWN)

    @property
    def logged(self) -> bool | None:
        """Whether it leaves a row in a log."""
        return _same((each.logged for each in self.outcomes), None)


def _same(values: Iterable[T], otherwise: T) -> T:
    """Return the value that all are."""
    first, *rest = values
    return first if all(each == first for each in rest) else otherwise
