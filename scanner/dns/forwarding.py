"""Where forwarding rulesets send queries for the private names of Azure's services.

Azure's resolver in a network answers from the private zones linked to it, then goes by
the rulesets linked to it, and then asks public DNS. Of the enabled rules whose domain
a name ends with, the longest counts (DNS Private Resolver overview; Azure DNS Private
Resolver endpoints and rulesets). The wildcard rule is none of them: Azure ignores it
for the domains of its own services.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto, unique

from scanner.dns.facts import Doubt
from scanner.dns.forwards import Forward, Forwards, forwards_of
from scanner.dns.gather import dns_of
from scanner.dns.reading import asked, require_known, unread
from scanner.model.coverage import NotRead
from scanner.model.dns import ForwardingLink, ForwardingRuleset
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant


@unique
class Turn(Enum):
    """Why it takes a person to tell where a name is looked up."""

    OUTSIDE = auto()
    """A rule sends queries to servers outside Azure."""
    BACK = auto()
    """A rule sends queries to where it applies itself."""
    ALIAS = auto()
    """A rule is for the private alias alone, which nobody asks for by itself."""
    BELOW = auto()
    """A rule is for some of the names only."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where queries for the names of a private zone are answered."""

    networks: frozenset[str]
    """The keys of the networks whose private zones are asked in the end."""
    rules: tuple[str, ...]
    """The ids of the rules that lead there, and of those that leave it open."""
    links: tuple[str, ...]
    """The ids of the links by which those rules apply."""
    turns: tuple[Turn, ...]
    """Why more or others may be asked."""


@dataclass(slots=True)
class _Trail:
    """What is met on the way."""

    networks: set[str] = field(default_factory=set)
    rules: dict[str, None] = field(default_factory=dict)
    links: dict[str, None] = field(default_factory=dict)
    turns: dict[Turn, None] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)


class Forwarding:
    """The rulesets of a tenant, by the networks they are linked to."""

    def __init__(
        self,
        rulesets: Mapping[str, Forwards],
        links: Mapping[str, tuple[str, ...]],
        doubts: Iterable[Doubt],
    ) -> None:
        self._rulesets = rulesets
        self._links = links
        self._doubts = tuple(doubts)

    def way(self, zone: str, networks: Iterable[str]) -> Way:
        """Return where names of a private zone are answered that networks ask for.

        Networks are given by their keys. Raises NotRead where that is not known.
        """
        require_known(self._doubts)
        trail = _Trail()
        for each in networks:
            self._follow(zone, each, (), trail)
        return Way(
            frozenset(trail.networks),
            tuple(trail.rules),
            tuple(trail.links),
            tuple(trail.turns),
        )

    def _follow(
        self, zone: str, network: str, path: tuple[str, ...], trail: _Trail
    ) -> None:
        """Note where names are answered that the resolver of a network is asked for."""
        if network in path:
            trail.turns[Turn.BACK] = None
        if network in trail.followed:
            return
        trail.followed.add(network)
        link, rules = self._linked(network)
        name = public_name(zone)
        if rules.below.get(name, frozenset()) - {zone}:
            trail.links[link] = trail.turns[Turn.BELOW] = None
        taken, alias = rules.longest(name), rules.longest(zone)
        for rule in filter(None, [taken or alias]):
            trail.rules[rule.id] = trail.links[link] = None
        if taken:
            for each in _onward(taken, trail):
                self._follow(zone, each, (*path, network), trail)
            return
        trail.networks.add(network)
        if alias:
            trail.turns[Turn.ALIAS] = None

    def _linked(self, network: str) -> tuple[str, Forwards]:
        """Return the link by which rules apply in a network, and the rules."""
        links = self._links.get(network, ())
        if not links:
            return "", Forwards()
        if len(links) > 1:
            raise NotRead(f"{network} is linked to {len(links)} forwarding rulesets")
        [link] = links
        rules = self._rulesets.get(id_key(ResourceId.parse(link).parent))
        if rules is None:
            raise NotRead(f"the ruleset of {link} was not read")
        require_known(rules.doubts)
        return link, rules


def public_name(zone: str) -> str:
    """Return the domain of the names that clients ask for, which lead to a zone.

    They are aliases of names in it (Azure private endpoint private DNS zone values).
    """
    domain = zone.removeprefix("privatelink.")
    if domain.startswith("vaultcore."):
        return domain.replace("vaultcore.", "vault.", 1)
    return domain


def forwarding_of(tenant: Tenant) -> Forwarding:
    """Return how queries are forwarded in a tenant, as far as that was read.

    It reads every ruleset: a check has it by `tenant.once(forwarding_of)`.
    """
    dns = tenant.once(dns_of)
    every = tenant.all(ForwardingRuleset).known()
    rulesets = {each.key: forwards_of(each, dns) for each in every}
    links: dict[str, list[str]] = defaultdict(list)
    doubts: list[Doubt] = []
    listed = tenant.all(ForwardingLink)
    for link in listed.known():
        network = asked(doubts, lambda each: each.leads_to, link)
        if network is not None:
            links[id_key(network)].append(link.id)
    missing = unread(listed)
    return Forwarding(
        rulesets,
        {network: tuple(each) for network, each in links.items()},
        [missing, *doubts] if missing else doubts,
    )


def _onward(rule: Forward, trail: _Trail) -> Iterable[str]:
    """Return the networks whose resolvers a rule leads to, each once."""
    require_known(each.doubt for each in rule.stops if each.doubt)
    networks = dict.fromkeys(each.network for each in rule.stops if each.network)
    if not networks:
        trail.turns[Turn.OUTSIDE] = None
    return networks
