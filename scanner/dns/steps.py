"""The way of a query in words: from the network to the policy, the rule and the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.dns.answers import Answer, Outcome
from scanner.dns.facts import Action, Kind, Network, Rule
from scanner.dns.names import ROOT
from scanner.dns.resolver import Resolver
from scanner.dns.routes import Stop
from scanner.dns.ruleset import Decision, Match
from scanner.model.ids import ResourceId
from scanner.model.network import WIRE_SERVER

_DOES = {
    Action.ALLOW: "allows it",
    Action.BLOCK: "blocks it",
    Action.ALERT: "alerts on it",
    Action.UNKNOWN: "decides it, how is not known",
}
_WOULD = {
    Action.ALLOW: "would allow it",
    Action.BLOCK: "would block it",
    Action.ALERT: "would alert on it",
    Action.UNKNOWN: "would decide it",
}

SEES = {
    Action.ALLOW: "the answer",
    Action.BLOCK: "a CNAME to blockpolicy.azuredns.invalid in place of the answer",
    Action.ALERT: "the answer: an alert leaves a row in the log and no more",
    Action.NONE: "the answer",
    Action.UNKNOWN: "what is not known",
}
"""What a client gets (DNS security policy documentation, and the post's own tests)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way."""

    id: str | None
    """The resource it is about; None where it is about none that is known."""
    what: str


def way(answer: Answer, dns: Resolver) -> tuple[Step, ...]:
    """Return the steps of a query, each once."""
    return tuple(dict.fromkeys(_steps(answer, dns)))


def idle(answer: Answer) -> tuple[str, ...]:
    """Return the rules that match the name and that one before them keeps from it."""
    found = (
        f"{title(match.rule)} {_WOULD[match.rule.action]}: {_entry(match)}"
        for outcome in answer.outcomes
        if outcome.rule
        for match in outcome.matches
        if match.rule != outcome.rule
    )
    return tuple(dict.fromkeys(found))


def logs(answer: Answer) -> tuple[str, ...]:
    """Return where a row of the query goes, or why none does."""
    return tuple(dict.fromkeys(_log(each) for each in answer.outcomes))


def title(rule: Rule) -> str:
    """Return a rule's name with its priority."""
    return f"{rule.name} ({'?' if rule.priority is None else rule.priority})"


def name_of(resource_id: str) -> str:
    """Return the last segment of an id."""
    return ResourceId.parse(resource_id).name


def _log(outcome: Outcome) -> str:
    if outcome.logged is None:
        return "not known"
    if outcome.policy is None:
        return "no: no policy sees it"
    if outcome.logged:
        return f"to {', '.join(map(name_of, outcome.policy.logged_to))}"
    return f"no: {name_of(outcome.policy.id)} sends its query log nowhere"


def _steps(answer: Answer, dns: Resolver) -> Iterator[Step]:
    network = answer.network
    asks = f"{name_of(network.id)} ({network.location}) {_asks(network)}"
    yield Step(network.id, asks)
    for outcome in answer.outcomes:
        yield from _stop(outcome.stop, dns)
        yield from _sight(outcome, dns)
        if outcome.decision:
            yield from _decision(outcome.decision)


def _asks(network: Network) -> str:
    if network.servers_doubt:
        return "names DNS servers that cannot be read"
    if network.servers:
        return f"asks {', '.join(network.servers)}"
    return "names no DNS server"


def _stop(stop: Stop, dns: Resolver) -> Iterator[Step]:
    """Yield where a DNS server leads."""
    if stop.doubt:
        yield Step(None, f"where that leads is not known: {stop.doubt.reason}")
        return
    if stop.network is None:
        yield Step(None, f"{stop.server} is in no known network: no policy sees it")
        return
    network = dns.id_of(stop.network)
    inside = name_of(network)
    asked = f"Azure's resolver in {inside} is asked"
    if stop.server not in {None, WIRE_SERVER}:
        yield _server(stop, network)
        if not stop.host or stop.host.kind is not Kind.ENDPOINT:
            asked = f"it is taken to ask Azure's resolver in {inside}"
    yield Step(network, asked)


def _server(stop: Stop, network: str) -> Step:
    """Return what has the address of a DNS server in a network."""
    inside = name_of(network)
    if stop.host is None:
        return Step(network, f"{stop.server} is in {inside}")
    named = f"{stop.host.kind} {name_of(stop.host.id)}"
    return Step(stop.host.id, f"{stop.server} is {named} in {inside}")


def _sight(outcome: Outcome, dns: Resolver) -> Iterator[Step]:
    """Yield what sees the query."""
    sight = outcome.sight
    if sight is None:
        return
    network = name_of(dns.id_of(sight.network))
    for policy in sight.policies:
        yield Step(policy.id, f"policy {name_of(policy.id)} is linked to {network}")
    if len(sight.policies) > 1:
        yield Step(None, "a network can be linked to one only: which is not known")
    elif sight.seen is None and sight.doubt:
        why = sight.doubt.reason
        yield Step(None, f"no policy is known to be linked to {network}: {why}")
    elif not sight.seen:
        yield Step(None, f"no policy of the region is linked to {network}")


def _entry(match: Match) -> str:
    every = " (every name)" if match.entry == ROOT else ""
    return f"{match.entry}{every} is in {name_of(match.list_id)}"


def _decision(decision: Decision) -> Iterator[Step]:
    """Yield what decides the name, after what may."""
    for rule in decision.unless:
        yield Step(rule.id, f"{title(rule)} {_WOULD[rule.action]}, if it matches")
    for doubt in decision.doubts:
        yield Step(None, f"not known: {doubt.reason}")
    otherwise = "otherwise " if decision.doubts else ""
    if decision.match is None:
        yield Step(None, f"{otherwise}no rule matches it")
    else:
        rule = decision.match.rule
        does = f"{title(rule)} {_DOES[rule.action]}: {_entry(decision.match)}"
        yield Step(rule.id, f"{otherwise}{does}")
