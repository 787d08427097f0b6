"""Facts about DNS, from what was read of a tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from itertools import chain

from scanner.dns.facts import Action, Doubt, Facts, Names, Network, Policy, Rule
from scanner.dns.hosts import hosts_of
from scanner.dns.names import managed, normalised
from scanner.dns.reading import asked, doubt_of, region_of, unread
from scanner.dns.resolver import Resolver
from scanner.model.dns import DomainList, PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.ids import id_key
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import VirtualNetwork
from scanner.model.tenant import Tenant

_ACTIONS = {each.value: each for each in (Action.ALLOW, Action.BLOCK, Action.ALERT)}


def dns_of(tenant: Tenant) -> Resolver:
    """Return DNS in a tenant, as far as it was read.

    It reads every network, policy and list: a check has it by `tenant.once(dns_of)`,
    and cites what it takes from it.
    """
    lists = {each.key: _names(each) for each in tenant.all(DomainList).known()}
    lists |= _managed_lists(tenant)
    every = tenant.all(ResolverPolicy).known()
    policies = {each.key: _policy(each, lists) for each in every}
    networks, networks_doubt = _networks(tenant)
    links = _links(tenant, policies, networks)
    hosts, hubs_doubt = hosts_of(tenant, networks.values())
    return Resolver(
        Facts(
            networks=networks,
            policies=policies,
            lists=lists,
            links=links.policies,
            hosts=hosts,
            link_doubts=links.doubts,
            links_doubt=links.doubt,
            hubs_doubt=hubs_doubt,
            networks_doubt=networks_doubt,
            policies_doubt=_policies_doubt(tenant, policies.values()),
            whole=tenant.whole,
        )
    )


def dns_so_far(tenant: Tenant) -> Resolver:
    """Return DNS in a tenant, in doubt of what may lie where a scan did not look.

    Checks take `dns_of` and say themselves how far they can be relied on; what is
    answered without a word on it takes this.
    """
    dns = tenant.once(dns_of)
    if tenant.whole:
        return dns
    facts, outside = dns.facts, Doubt("policies and links may lie outside the scan")
    return Resolver(
        replace(
            facts,
            links_doubt=facts.links_doubt or outside,
            policies_doubt=facts.policies_doubt or outside,
        )
    )


def logs_queries(setting: DiagnosticSetting) -> bool:
    """Whether a setting takes the query log, by its category or with all logs.

    A log without `enabled` is off (Azure Monitor REST reference).
    """
    return any(
        log.enabled
        and (
            (log.category or "").lower() == "dnsresponse"
            or (log.group or "").lower() == "alllogs"
        )
        for log in setting.logs
    )


# Policies


def _names(found: DomainList) -> Names:
    """Return the entries of a list as far as they were read.

    A large list has a URL in the place of its entries; having both, it may have more.
    """
    doubts: list[Doubt] = []
    entries = asked(doubts, lambda: found.domains) or ()
    if asked(doubts, lambda: found.domains_url):
        doubts.append(doubt_of(found.closed()))
    return Names(found.id, normalised(entries), next(iter(doubts), None))


def _managed_lists(tenant: Tenant) -> dict[str, Names]:
    """Return Microsoft's own lists that rules take, by their one entry.

    Nobody can read what is on them, and it is the same for every rule.
    """
    rules = tenant.all(SecurityRule).known()
    named = (asked([], lambda it: it.managed_lists, each) or () for each in rules)
    entries = dict.fromkeys(map(managed, chain.from_iterable(named)))
    return {each: Names(each, frozenset({each})) for each in entries}


def _policy(policy: ResolverPolicy, lists: Mapping[str, Names]) -> Policy:
    logs: list[Doubt] = []
    places: list[Doubt] = []
    settings = policy.diagnostic_settings
    sent = [asked(logs, _destinations, each) or () for each in settings.known()]
    return Policy(
        id=policy.id,
        location=asked(places, region_of, policy) or "",
        rules=tuple(_rule(each, lists) for each in policy.rules.known()),
        logged_to=tuple(dict.fromkeys(chain.from_iterable(sent))),
        doubts=tuple(filter(None, [unread(policy.rules)])),
        log_doubt=next(iter(logs), unread(settings)),
        location_doubt=next(iter(places), None),
    )


def _policies_doubt(tenant: Tenant, policies: Iterable[Policy]) -> Doubt | None:
    """Return why a region may have more policies: one that is nowhere may be there."""
    lost = (each.location_doubt for each in policies if each.location_doubt)
    return unread(tenant.all(ResolverPolicy)) or next(lost, None)


def _destinations(setting: DiagnosticSetting) -> tuple[str, ...]:
    """Return where a setting sends the query log."""
    if not logs_queries(setting):
        return ()
    every = (
        setting.workspace_id,
        setting.storage_account_id,
        setting.event_hub_rule_id,
        setting.service_bus_rule_id,
        setting.partner_id,
    )
    return tuple(filter(None, every))


def _rule(rule: SecurityRule, lists: Mapping[str, Names]) -> Rule:
    doubts: list[Doubt] = []
    order = asked(doubts, lambda: rule.order)
    enabled = asked(doubts, lambda: rule.enabled)
    verb = asked(doubts, lambda: rule.verb)
    if verb is not None and verb not in _ACTIONS:
        doubts.append(Doubt(f"what {rule.name} does by {verb} is not known"))
    named = asked(doubts, lambda: rule.list_ids) or ()
    keys = [key for key in map(id_key, named) if _exists(rule, key, lists, doubts)]
    for each in asked(doubts, lambda: rule.managed_lists) or ():
        why = f"{rule.name} takes {each}, which nobody can read"
        doubts.append(Doubt(why, managed=True))
        keys.append(managed(each))
    return Rule(
        id=rule.id,
        priority=order,
        action=_ACTIONS.get(verb or "", Action.UNKNOWN),
        enabled=enabled,
        lists=tuple(dict.fromkeys(keys)),
        doubts=tuple(doubts),
    )


def _exists(
    rule: SecurityRule, key: str, lists: Mapping[str, Names], doubts: list[Doubt]
) -> bool:
    """Whether a list is there; notes a doubt where that was not read."""
    if key not in lists:
        asked(doubts, rule.tenant.get, DomainList, key)
    return key in lists


@dataclass(slots=True)
class _Links:
    """Which networks are linked to which policies, by their keys."""

    policies: Mapping[str, tuple[str, ...]]
    doubts: Mapping[str, Doubt]
    """Why a network may be linked to more of them."""
    doubt: Doubt | None
    """Why any network may be."""


def _links(
    tenant: Tenant, policies: Mapping[str, Policy], networks: Mapping[str, Network]
) -> _Links:
    """Return the links that can be in force: those within a region.

    A policy sees queries of its own region alone (DNS security policy documentation),
    so a link across regions is left over, and none.
    """
    links: dict[str, dict[str, None]] = defaultdict(dict)
    doubts: dict[str, Doubt] = {}
    lost: list[Doubt] = []
    every = tenant.all(PolicyLink)
    for link in every.known():
        network_id = asked(lost, lambda each: each.leads_to, link)
        if network_id is None:
            continue
        key = id_key(network_id)
        policy, network = policies.get(id_key(link.parts.parent)), networks.get(key)
        unclear = _unplaced(link, policy, network)
        if unclear:
            doubts.setdefault(key, unclear)
        elif policy and network and policy.location == network.location:
            links[key][id_key(policy.id)] = None
    found = {key: tuple(each) for key, each in links.items()}
    return _Links(found, doubts, unread(every) or next(iter(lost), None))


def _unplaced(
    link: PolicyLink, policy: Policy | None, network: Network | None
) -> Doubt | None:
    """Return why it is not known whether both ends of a link lie in one region."""
    if policy is None or network is None:
        missing = "network" if policy else "policy"
        return Doubt(f"the {missing} of {link.id} was not read")
    return policy.location_doubt or network.location_doubt


# Networks


def _networks(tenant: Tenant) -> tuple[Mapping[str, Network], Doubt | None]:
    """Return the networks, and why there may be more of them or of their addresses."""
    doubts: list[Doubt] = []
    every = tenant.all(VirtualNetwork)
    found = {each.key: _network(each, doubts) for each in every.known()}
    return found, unread(every) or next(iter(doubts), None)


def _network(network: VirtualNetwork, doubts: list[Doubt]) -> Network:
    servers: list[Doubt] = []
    peers: list[Doubt] = []
    places: list[Doubt] = []
    named = asked(servers, network.resolvers) or ()
    near = asked(peers, lambda: network.peers) or frozenset()
    for peer in sorted(near):
        # A virtual WAN's own network lies in a subscription of Microsoft's.
        if not network.tenant.is_foreign(peer):
            asked(peers, network.tenant.get, VirtualNetwork, peer)
    return Network(
        id=network.id,
        location=asked(places, region_of, network) or "",
        prefixes=tuple(_prefixes(network, doubts)),
        servers=tuple(str(ip_address(each)) for each in named),
        peers=near,
        servers_doubt=next(iter(servers), None),
        peers_doubt=next(iter(peers), None),
        location_doubt=next(iter(places), None),
    )


def _prefixes(network: VirtualNetwork, doubts: list[Doubt]) -> Iterator[str]:
    for prefix in asked(doubts, lambda: network.address_prefixes) or ():
        try:
            yield str(ip_network(prefix, strict=False))
        except ValueError:
            path = "properties.addressSpace.addressPrefixes"
            doubts.append(doubt_of(network.malformed(path, "a prefix", prefix)))
