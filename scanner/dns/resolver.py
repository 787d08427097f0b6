"""DNS in one tenant: which policy sees whose queries, and what becomes of a name."""

from __future__ import annotations

from functools import cached_property, lru_cache

from scanner.dns.answers import Answer, Outcome
from scanner.dns.coverage import Region, Row, Sight, regions
from scanner.dns.facts import Facts, Kind
from scanner.dns.routes import Route, Routes, Stop
from scanner.dns.ruleset import Decision, Ruleset
from scanner.dns.shadows import Standing
from scanner.dns.trie import SuffixTrie
from scanner.model.ids import id_key

REMEMBERED = 16
"""Policies whose shadows are kept: a check goes through one after the other."""


class Resolver:
    """What becomes of the DNS queries of a tenant's networks.

    Ids are taken in any case. Those of networks and policies that are not among the
    facts raise KeyError. Names are normalised ones: see `names.normalise`.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.routes = Routes(facts)
        self._rulesets: dict[str, Ruleset] = {}
        self._standings = lru_cache(maxsize=REMEMBERED)(self._standings_of)

    def route(self, network_id: str) -> Route:
        """Return where the queries of a network go."""
        return self.routes.route(self.facts.networks[id_key(network_id)])

    def sight(self, network_id: str) -> Sight:
        """Return what sees the queries that Azure's resolver in a network is asked."""
        key = id_key(network_id)
        linked = self.facts.links.get(key, ())
        policies = tuple(self.facts.policies[each] for each in linked)
        doubt = self.facts.links_doubt or self.facts.link_doubts.get(key)
        return Sight(key, policies, None if policies else doubt)

    def decide(self, name: str, policy_id: str) -> Decision:
        """Return which rule of a policy decides a name, and what it does."""
        return self._ruleset(policy_id).decide(name)

    def shadowed(self, policy_id: str) -> dict[str, Standing]:
        """Return what is left to each enabled rule of a policy, by the rule's key.

        In the order they are tried.
        """
        return self._standings(id_key(policy_id))

    def covered(self) -> dict[str, Row]:
        """Return what sees the queries of each network, by the network's key."""
        return self._rows

    def regions(self) -> tuple[Region, ...]:
        """Return the regions that have networks, with and without a policy."""
        return tuple(regions(self.facts, self._rows.values()))

    def hubs(self) -> dict[str, tuple[str, ...]]:
        """Return the networks that others ask, each with the keys of those that do.

        One with an inbound endpoint is there to be asked, by nobody as it may be.
        """
        asked: dict[str, list[str]] = {
            host.network: []
            for hosts in self.facts.hosts.values()
            for host in hosts
            if host.kind is Kind.ENDPOINT and host.network
        }
        for key, row in self._rows.items():
            for hub in row.route.asked:
                if hub != key:
                    asked.setdefault(hub, []).append(key)
        return {hub: tuple(asked[hub]) for hub in sorted(asked)}

    def id_of(self, network_key: str) -> str:
        """Return the id of a network as received; its key if it was not read."""
        network = self.facts.networks.get(network_key)
        return network.id if network else network_key

    def resolve(self, name: str, network_id: str) -> Answer:
        """Return what becomes of a name that is asked for in a network."""
        route = self.route(network_id)
        outcomes = (self._outcome(name, each) for each in route.stops)
        return Answer(name, route.network, tuple(outcomes))

    @cached_property
    def _rows(self) -> dict[str, Row]:
        return {each: self._row(each) for each in sorted(self.facts.networks)}

    def _row(self, key: str) -> Row:
        route = self.route(key)
        return Row(route.network, route, tuple(map(self.sight, route.asked)))

    def _outcome(self, name: str, stop: Stop) -> Outcome:
        if stop.network is None:
            return Outcome(stop)
        sight = self.sight(stop.network)
        if sight.policy is None:
            return Outcome(stop, sight)
        rules = self._ruleset(sight.policy.id)
        return Outcome(stop, sight, rules.decide(name), tuple(rules.matching(name)))

    def _ruleset(self, policy_id: str) -> Ruleset:
        key = id_key(policy_id)
        if key not in self._rulesets:
            policy = self.facts.policies[key]
            self._rulesets[key] = Ruleset(policy, self.facts.lists, self._trie)
        return self._rulesets[key]

    def _standings_of(self, policy: str) -> dict[str, Standing]:
        standings = self._ruleset(policy).standings()
        return {id_key(each.rule.id): each for each in standings}

    @cached_property
    def _trie(self) -> SuffixTrie:
        """The entries of all lists: what covers what is the same in every policy."""
        return SuffixTrie(self.facts.lists)
