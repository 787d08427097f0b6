"""The rules of a forwarding ruleset, and where each of them leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from scanner.dns.facts import Doubt, Facts, Network
from scanner.dns.names import ROOT, covers, normalise
from scanner.dns.reading import asked, unread
from scanner.dns.resolver import Resolver
from scanner.dns.routes import Stop, Where
from scanner.model.dns import ForwardingRule, ForwardingRuleset, PrivateResolver
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Forward:
    """An enabled rule, and where it leads."""

    id: str
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Forwards:
    """The enabled rules of a ruleset."""

    by_domain: Mapping[str, Forward] = field(default_factory=dict)
    below: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The domains of rules that are below a domain."""
    doubts: tuple[Doubt, ...] = ()
    """Why there may be others."""

    def longest(self, name: str) -> Forward | None:
        """Return the rule that takes a name, if one does."""
        found = map(self.by_domain.get, covers(name))
        return next(filter(None, found), None)


def forwards_of(ruleset: ForwardingRuleset, dns: Resolver) -> Forwards:
    """Return the enabled rules of a ruleset, as far as they were read."""
    doubts = [*filter(None, [unread(ruleset.rules)])]
    origins, lost = _origins(ruleset, dns.facts)
    rules: dict[str, Forward] = {}
    for each in ruleset.rules.known():
        domain = asked(doubts, _domain, each)
        if domain:
            unclear = list(lost)
            servers = asked(unclear, lambda it: it.targets, each) or ()
            stops = [*_stops(servers, origins, dns), *map(_unknown, unclear)]
            rules[domain] = Forward(each.id, tuple(stops))
    return Forwards(rules, _below(rules), tuple(doubts))


def _domain(rule: ForwardingRule) -> str | None:
    """Return the domain of a rule that counts, None for any other."""
    domain = normalise(rule.applies_to)
    return domain if rule.enabled and domain != ROOT else None


def _below(domains: Iterable[str]) -> Mapping[str, frozenset[str]]:
    below: dict[str, set[str]] = defaultdict(set)
    for domain in domains:
        for each in covers(domain):
            if each != domain:
                below[each].add(domain)
    return {each: frozenset(found) for each, found in below.items()}


def _stops(
    servers: Iterable[str], origins: Iterable[Network], dns: Resolver
) -> Iterator[Stop]:
    """Yield where queries go that leave some networks for some servers."""
    addresses = [str(ip_address(each)) for each in servers]
    for origin in origins:
        yield from dns.routes.via(origin, addresses).stops


def _unknown(doubt: Doubt) -> Stop:
    return Stop(Where.UNKNOWN, doubt=doubt)


def _origins(
    ruleset: ForwardingRuleset, facts: Facts
) -> tuple[Sequence[Network], Sequence[Doubt]]:
    """Return the networks a ruleset's queries leave from, and why others may be."""
    doubts: list[Doubt] = []
    found: dict[str, Network] = {}
    for each in asked(doubts, lambda: ruleset.endpoint_ids) or ():
        key = id_key(asked(doubts, _network_of, ruleset.tenant, each) or "")
        if key in facts.networks:
            found[key] = facts.networks[key]
    if not found:
        doubts.append(Doubt(f"the outbound endpoint of {ruleset.id} was not read"))
    return tuple(found.values()), doubts


def _network_of(tenant: Tenant, endpoint_id: str) -> str:
    """Return the network that an outbound endpoint is in, nothing if it is gone."""
    resolver = tenant.get(PrivateResolver, ResourceId.parse(endpoint_id).parent)
    return (resolver.network_id if resolver else None) or ""
