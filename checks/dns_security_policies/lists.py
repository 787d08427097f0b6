"""Domain lists of DNS security policies: what is on them, and who uses them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from heapq import nsmallest
from itertools import chain, islice
from typing import Any

from checks.dns_security_policies.controls import FILTERING
from checks.dns_security_policies.fates import cite_order, fate, require_fate
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import CITED, FIRST, count, shown, some
from scanner.dns.facts import Action, Doubt, Names, Policy, Rule
from scanner.dns.gather import dns_of
from scanner.dns.names import managed, normalise
from scanner.dns.reading import asked, region_of, require_known
from scanner.dns.resolver import Resolver
from scanner.dns.steps import title
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant

THREATS = "AzureDnsThreatIntel"
"""Microsoft's own list of malicious domains."""


@check(
    id="dns-duplicate-entry",
    title="A domain is on a list once, and means one thing in a policy",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=DomainList,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def duplicate_entry(names: DomainList, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.domains` of the list, and the lists and actions of the rules.

    Entries compare without case and trailing dot, in IDNA form. The same entry twice is
    a warning, and so is one that enabled rules of one policy take with different
    actions. Absent, null or empty `properties.domains` are not applicable, as nothing
    can be double; entries behind `domainsUrl` cannot be read and are not assessed.

    ## Why it matters
    Of two rules with the same domain only the first one counts. Whoever removes the
    entry from one list to change what happens may have changed nothing, or the
    opposite.

    ## How to fix
    Keep each domain once, on the list of the rule that should decide it.

    ```sh
    az rest --method put --url "LIST_ID?api-version=2025-05-01" \
      --body '{"location": "REGION", "properties": {"domains": ["contoso.com."]}}'
    ```

    ```bicep
    resource blocked 'Microsoft.Network/dnsResolverDomainLists@2025-05-01' = {
      name: 'block'
      location: location
      properties: { domains: union(domains, []) }
    }
    ```

    The list is written as a whole: name every domain that is to stay on it. Take out
    the entry of the rule that is tried later, and nothing changes for anybody.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    twice = _twice(names)
    if twice:
        return warned(f"on it more than once: {_entries(twice)}")
    against = tenant.once(_contradicted).get(names.key, frozenset())
    if against:
        _cite_users(names)
        _cite_disputing(names, against)
        return warned(f"rules of one policy disagree on {_entries(against)}")
    if not names.filled:
        return not_applicable("it has no entries")
    if names.domains_url:
        raise names.closed()
    _require_settled(names)
    return passed("each of its entries is there once, and means one thing in a policy")


def _twice(names: DomainList) -> list[str]:
    times = Counter(filter(None, map(normalise, names.domains or ())))
    return [name for name, number in times.items() if number > 1]


def _entries(found: Iterable[str]) -> str:
    """Return how many entries there are, and the first few of them."""
    every = list(found)
    first = ", ".join(map(shown, _first(every)))
    more = f" and {len(every) - FIRST} more" if len(every) > FIRST else ""
    return f"{count(len(every), 'entry', 'entries')} ({first}{more})"


def _first(entries: Iterable[str]) -> list[str]:
    """Return the entries that a verdict names."""
    return nsmallest(FIRST, entries)


def _contradicted(tenant: Tenant) -> Mapping[str, frozenset[str]]:
    """Return the entries that rules of one policy disagree on, by the list's key."""
    dns = tenant.once(dns_of)
    found: dict[str, set[str]] = defaultdict(set)
    for policy in dns.facts.policies.values():
        uses = set(_uses(policy))
        if len({action for _, action in uses}) > 1:
            disputed = _disputed(uses, dns)
            for key, _ in uses:
                found[key] |= disputed & dns.facts.lists[key].entries
    return {key: frozenset(entries) for key, entries in found.items()}


def _uses(policy: Policy) -> Iterator[tuple[str, Action]]:
    """Yield the lists of a policy's enabled rules, with what the rules do."""
    return ((key, rule.action) for rule, key in _having(policy))


def _having(policy: Policy) -> Iterator[tuple[Rule, str]]:
    """Yield a policy's enabled rules, each with the lists that it has."""
    for rule in policy.rules:
        if rule.enabled and rule.action is not Action.UNKNOWN:
            yield from ((rule, key) for key in rule.lists)


def _disputed(uses: Iterable[tuple[str, Action]], dns: Resolver) -> set[str]:
    """Return the entries with more than one action."""
    first: dict[str, Action] = {}
    disputed = set()
    for key, action in uses:
        for entry in dns.facts.lists[key].entries:
            if first.setdefault(entry, action) is not action:
                disputed.add(entry)
    return disputed


def _users(tenant: Tenant) -> Mapping[str, tuple[Policy, ...]]:
    """Return the policies with a rule that has a list, by the list's key."""
    found: dict[str, dict[str, Policy]] = defaultdict(dict)
    for policy in tenant.once(dns_of).facts.policies.values():
        for key in {key for rule in policy.rules for key in rule.lists}:
            found[key][policy.id] = policy
    return {key: tuple(policies.values()) for key, policies in found.items()}


def _users_of(names: DomainList) -> tuple[Policy, ...]:
    return names.tenant.once(_users).get(names.key, ())


def _cite_users(names: DomainList) -> None:
    rules, key = chain.from_iterable(each.rules for each in _users_of(names)), names.key
    having = (each for each in rules if key in each.lists)
    for rule in islice(having, CITED):
        _cite_rule(names.tenant.known(SecurityRule, rule.id))


def _cite_rule(rule: SecurityRule | None) -> None:
    """Note what a rule does with which lists; what is malformed is noted as well."""
    if rule is not None:
        with suppress(NotRead):
            rule.cite(SecurityRule.action, SecurityRule.state, SecurityRule.list_ids)


def _cite_disputing(names: DomainList, against: frozenset[str]) -> None:
    """Note the other lists with an entry that the verdict names, and their rules.

    Those of the policies that have the list.
    """
    tenant = names.tenant
    disputing, users = tenant.once(_disputing), tenant.once(_users)
    mine = {each.id for each in _users_of(names)}
    having = dict.fromkeys(key for entry in _first(against) for key in disputing[entry])
    others = (
        key
        for key in having
        if key != names.key and any(each.id in mine for each in users[key])
    )
    for key in islice(others, CITED):
        other = tenant.known(DomainList, key)
        if other is not None:
            other.cite(DomainList.domains)
            _cite_users(other)


def _disputing(tenant: Tenant) -> Mapping[str, list[str]]:
    """Return the lists with an entry that rules of one policy disagree on, by it."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, entries in sorted(tenant.once(_contradicted).items()):
        for entry in entries:
            found[entry].append(key)
    return found


def _require_settled(names: DomainList) -> None:
    """Raise NotRead if some rule may take an entry of a list otherwise."""
    names.tenant.all(SecurityRule).require_whole()
    doubts = names.tenant.once(_doubts)
    for policy in _users_of(names):
        require_known(doubts[policy.id])


def _doubts(tenant: Tenant) -> Mapping[str, tuple[Doubt, ...]]:
    """Return why the rules of each policy may take more than is known."""
    facts = tenant.once(dns_of).facts
    return {
        policy.id: tuple(_doubts_of(policy, facts.lists))
        for policy in facts.policies.values()
    }


def _doubts_of(policy: Policy, lists: Mapping[str, Names]) -> Iterator[Doubt]:
    for rule in policy.rules:
        yield from (each for each in rule.doubts if not each.managed)
        for key in rule.lists if rule.enabled else ():
            doubt = lists[key].doubt
            if doubt:
                yield doubt


@check(
    id="dns-domain-list-empty",
    title="Domain lists have entries",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=DomainList,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def domain_list_empty(names: DomainList, _: Tenant) -> Verdict:
    r"""
    Reads `properties.domains` and `properties.domainsUrl`.

    `domains` is null for a large list, whose entries lie behind `domainsUrl` (DNS
    resolver REST reference). The list is empty when both are absent, null or empty.

    ## Why it matters
    A rule with an empty list never decides anything, while every inventory counts it as
    a control.

    ## How to fix
    Put the domains on the list, or delete it with the rule that has it.

    ```sh
    az rest --method put --url "LIST_ID?api-version=2025-05-01" \
      --body '{"location": "REGION", "properties": {"domains": ["contoso.com."]}}'
    ```

    ```bicep
    resource blocked 'Microsoft.Network/dnsResolverDomainLists@2025-05-01' = {
      name: 'block'
      location: location
      properties: { domains: ['contoso.com.'] }
    }
    ```

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    if names.domains:
        return passed(f"it has {count(len(names.domains), 'entry', 'entries')}")
    if names.domains_url:
        return passed("its entries are behind domainsUrl")
    return warned("it has no entries")


@check(
    id="dns-domain-list-unreferenced",
    title="Domain lists are used by a rule",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=DomainList,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def domain_list_unreferenced(names: DomainList, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.dnsResolverDomainLists[].id` of every rule that was scanned.

    Rules of other subscriptions may name the list as well. Absent or null names none.
    A list that no rule has is told as a fact.

    ## Why it matters
    A list is kept up to date in the belief that it does something. One that no rule has
    is often what a rule lost when somebody swapped its lists.

    ## How to fix
    Give the list to a rule, or delete it.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"dnsResolverDomainLists": [{"id": "LIST_ID"}]}}'
    ```

    The array takes the place of the one that is there: name the rule's other lists as
    well, or it lets go of what they hold.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    rules = tenant.referring(SecurityRule, "list_ids", names.id)
    for rule in rules.known():
        rule.cite(SecurityRule.list_ids)
        return passed(f"rule {shown(rule.name)} has it")
    rules.require_whole()
    tenant.trace.note(names.id, SecurityRule.type, [], SecurityRule.api_version)
    return info("no scanned rule has it")


# Copies

_ENVIRONMENTS = (
    *("prod", "production", "prd", "live", "nonprod"),
    *("dev", "development", "test", "tst", "qa", "uat", "stage", "staging", "sandbox"),
)
_REGIONS = (
    *("weu", "we", "neu", "ne", "uks", "ukw", "frc", "gwc", "gnw", "szn"),
    *("sdc", "swc", "nwe", "plc", "itn", "spc", "eus", "eus2", "cus", "ncus", "scus"),
    *("wus", "wus2", "wus3", "wcus", "cac", "cae", "brs", "sea", "ea", "jpe", "jpw"),
    *("aue", "ause", "krc", "inc", "ins", "uan", "san", "qac", "isc"),
)
"""How names of resources abbreviate regions (Cloud Adoption Framework and habit)."""


def _stem(names: DomainList) -> str:
    """Return a list's name without what tells its copies apart."""
    words = re.split(r"[^a-z0-9]+", names.name.lower())
    apart = {*_ENVIRONMENTS, *_REGIONS, _region(names)}
    return "-".join(word for word in words if word not in apart)


def _region(names: DomainList) -> str:
    """Return where a list lies; empty where it does not say so."""
    return asked([], lambda: names.region) or ""


def _copies(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of block lists and of all that go by the same name, by the name.

    A list is one when a Block rule has it, or one that has the same name.
    """
    blocked = tenant.once(_block_lists)
    found: dict[str, list[DomainList]] = defaultdict(list)
    for names in tenant.all(DomainList).known():
        found[_stem(names)].append(names)
    return {
        stem: tuple(each.id for each in copies)
        for stem, copies in found.items()
        if any(each.key in blocked for each in copies)
    }


def _block_lists(tenant: Tenant) -> frozenset[str]:
    dns = tenant.once(dns_of)
    return frozenset(
        key
        for policy in dns.facts.policies.values()
        for rule in policy.rules
        if rule.action is Action.BLOCK
        for key in rule.lists
    )


def _is_block_list(names: DomainList) -> bool:
    """Whether a list is for blocking; raises NotRead where it may be by a rule."""
    if _stem(names) in names.tenant.once(_copies):
        return True
    names.tenant.all(SecurityRule).require_whole()
    return False


@check(
    id="dns-domain-list-consistency",
    title="Copies of a block list have the same entries",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=DomainList,
    where=_is_block_list,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def domain_list_consistency(names: DomainList, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.domains` of the lists that are used for blocking, and of copies.

    Two lists are copies when their names differ in a region or an environment at most,
    such as `block-weu` and `block-dev-neu`. Entries compare without case, order and
    trailing dot. Absent or null `domains` are no entries; a list behind `domainsUrl`
    is not assessed. One list that several policies share cannot differ and passes; a
    list with neither copies nor a second policy is not applicable.

    ## Why it matters
    Lists are regional, so each region has its copy of what is blocked. The domain that
    was added in a hurry reaches one of them, and the attacker moves to the region or
    environment where it still resolves.

    ## How to fix
    Keep one list per region, in one place, for all environments, and write all of them
    from one file.

    ```sh
    az rest --method put --url "LIST_ID?api-version=2025-05-01" \
      --body '{"location": "REGION", "properties": {"domains": ["contoso.com."]}}'
    ```

    ```bicep
    resource lists 'Microsoft.Network/dnsResolverDomainLists@2025-05-01' = [
      for region in regions: {
        name: 'block-${region}'
        location: region
        properties: { domains: loadJsonContent('block.json') }
      }
    ]
    ```

    Each list is written as a whole: name every domain that is to stay on it.

    ## Exceptions
    An environment that blocks more than another on purpose: name its list differently.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    lists = tenant.once(dns_of).facts.lists
    own = lists[names.key]
    others = [lists[key] for key in _other_copies(names, tenant)]
    require_known(filter(None, [own.doubt]))
    names.cite(DomainList.domains)
    for other in others:
        differ = own.entries ^ other.entries
        if differ and not other.doubt:
            _cite_list(other.id, tenant)
            name = shown(ResourceId.parse(other.id).name)
            return warned(f"it differs from {name} by {_entries(differ)}")
    require_known(each.doubt for each in others if each.doubt)
    if others:
        same = count(len(others), "copy has", "copies have")
        return passed(f"{same} the same entries")
    users = len(_users_of(names))
    _cite_users(names)
    if users > 1:
        return passed(f"{users} policies share it")
    require_all_scanned(tenant, "copies of it")
    return not_applicable("there are no copies of it")


def _other_copies(names: DomainList, tenant: Tenant) -> Iterator[str]:
    for each in tenant.once(_copies)[_stem(names)]:
        if id_key(each) != names.key:
            yield id_key(each)


def _cite_list(list_id: str, tenant: Tenant) -> None:
    found = tenant.known(DomainList, list_id)
    if found:
        found.cite(DomainList.domains)


@check(
    id="dns-three-lists",
    title="Regions have lists to block, to alert on and to allow",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=DomainList,
    by_region=True,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def three_lists(names: DomainList, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.action.actionType` of the rules that have the lists of a region.

    Lists are regional; the tenant carries one answer for each region that has any. It
    is a fact for the report: which of the three kinds are there, by the rules that take
    them. A rule without action or state is left out.

    ## Why it matters
    Most organisations end up with three lists: what nobody may reach, what is to be
    watched, and what must work whatever else is blocked. A kind that is missing is
    worth a question.

    ## How to fix
    Nothing has to be fixed; add the list that is missing where you want what it does.

    ```sh
    az dns-resolver domain-list create --resource-group RG --name watch \
      --location REGION --domains '["contoso.com."]'
    ```

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    used = tenant.once(_kinds).get(region_of(names), {})
    tenant.all(SecurityRule).require_whole()
    names.cite(DomainList.location)
    _cite_uses(tenant, used.values())
    kinds = (Action.BLOCK, Action.ALERT, Action.ALLOW)
    there = some(each for each in kinds if each in used) or "none"
    lacking = some(each for each in kinds if each not in used) or "none"
    return info(f"kinds of lists in use: {there}; not in use: {lacking}")


def _kinds(tenant: Tenant) -> Mapping[str, Mapping[Action, tuple[str, str]]]:
    """Return what rules do with the lists of each region.

    With the ids of the first rule that does, and of the list.
    """
    dns = tenant.once(dns_of)
    actions: dict[str, dict[Action, str]] = defaultdict(dict)
    for policy in dns.facts.policies.values():
        for rule, key in _having(policy):
            actions[key].setdefault(rule.action, rule.id)
    found: dict[str, dict[Action, tuple[str, str]]] = defaultdict(dict)
    for names in tenant.all(DomainList).known():
        for action, rule_id in actions[names.key].items():
            found[_region(names)].setdefault(action, (rule_id, names.id))
    return found


def _cite_uses(tenant: Tenant, uses: Iterable[tuple[str, str]]) -> None:
    for rule_id, list_id in uses:
        _cite_rule(tenant.known(SecurityRule, rule_id))
        found = tenant.known(DomainList, list_id)
        if found is not None:
            found.cite(DomainList.location)


@check(
    id="dns-threat-intel",
    title="DNS security policies block Microsoft's list of malicious domains",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=(*FILTERING, "PCI-DSS-4.0.1:11.5"),
)
def threat_intel(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.managedDomainLists` of the policy's rules.

    An enabled Block rule with `AzureDnsThreatIntel` is what is wanted, and nothing
    before it that lets the list through: an enabled rule of a lower
    `properties.priority` with another action that has the list too, or `.`, which is
    every name. Absent, null or empty names no list of Microsoft's: older API versions
    had none (REST specification, from 2025-10-01-preview).

    ## Why it matters
    Malware calls home by name, and the names change faster than anybody edits a list.
    Microsoft keeps this one from its own threat intelligence.

    ## How to fix
    Add a rule with the managed list, as Alert first and as Block once the log is calm.

    ```sh
    az rest --method put \
      --url "POLICY_ID/dnsSecurityRules/threats?api-version=2025-10-01-preview" \
      --body '{"location": "REGION", "properties": {"priority": 150,
               "action": {"actionType": "Block"}, "dnsSecurityRuleState": "Enabled",
               "managedDomainLists": ["AzureDnsThreatIntel"]}}'
    ```

    The list is in preview and may not be offered everywhere.

    ## Settings
    `dns_filtering_expected`: off where policies are kept for their log alone.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy threat intelligence
    """
    if not tenant.settings.dns_filtering_expected:
        return not_applicable("dns_filtering_expected is off: policies only log")
    having = [rule for rule in policy.rules if _has_threats(rule)]
    if not having:
        return warned("no rule has the list AzureDnsThreatIntel")
    if not any(rule.enabled and rule.verb == Action.BLOCK for rule in having):
        name = shown(having[-1].name)
        return warned(f"rule {name} has the list and does not block it")
    decision = tenant.once(dns_of).decide(managed(THREATS), policy.id)
    cite_order(policy.rules)
    require_fate(decision)
    first = shown(title(decision.match.rule) if decision.match else None)
    if fate(decision) is Action.BLOCK:
        return passed(f"rule {first} blocks it")
    return warned(f"rule {first} takes it before any rule that blocks it")


def _has_threats(rule: SecurityRule) -> bool:
    return THREATS.lower() in map(str.lower, rule.managed_lists or ())


CHECKS: tuple[Check[Any], ...] = (
    duplicate_entry,
    domain_list_empty,
    domain_list_unreferenced,
    domain_list_consistency,
    three_lists,
    threat_intel,
)
