"""Rules of DNS security policies: in order, complete, and doing what they seem to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.dns_security_policies.controls import FILTERING, LOGGING
from checks.dns_security_policies.fates import cite_order, fate, require_fate
from checks.dns_security_policies.logs import kept, workspaces
from checks.dns_security_policies.platform import needs, services
from checks.shared.wording import count, shown, some
from scanner.dns.facts import Action, Doubt
from scanner.dns.gather import dns_of
from scanner.dns.names import ROOT
from scanner.dns.reading import doubt_of, region_of, require_known
from scanner.dns.ruleset import Decision
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.dns import DomainList, ResolverPolicy, SecurityRule
from scanner.model.ids import ResourceId, id_key
from scanner.model.listing import Listing
from scanner.model.tenant import Tenant

LOWEST, HIGHEST = 100, 65000
"""The priorities a rule may have (DNS security policy documentation)."""


def _siblings(rule: SecurityRule) -> Listing[SecurityRule]:
    """Return all rules of a rule's policy, itself included."""
    return rule.tenant.within(SecurityRule, rule.parts.parent)


def _takes_all(rule: SecurityRule) -> bool:
    """Whether `.` is on a list of a rule; raises NotRead where that is not known."""
    tenant = rule.tenant
    lists = tenant.once(dns_of).facts.lists
    named = rule.list_ids or ()
    known = [lists[key] for key in map(id_key, named) if key in lists]
    for each in known:
        found = tenant.known(DomainList, each.id)
        if found and ROOT in each.entries:
            found.cite(DomainList.domains)
            return True
    require_known(each.doubt for each in known if each.doubt)
    for list_id in named:
        tenant.get(DomainList, list_id)
    return False


def _allows(rule: SecurityRule) -> bool:
    return rule.verb in {Action.ALLOW, Action.ALERT}


def _blocks(rule: SecurityRule) -> bool:
    return rule.verb == Action.BLOCK


def _allows_all(rule: SecurityRule) -> bool:
    return rule.verb == Action.ALLOW and rule.enabled and _takes_all(rule)


@check(
    id="dns-priority-range",
    title="DNS security rules have a valid priority of their own",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=SecurityRule,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def priority_range(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.priority` of the rule and of the others of its policy.

    It is a whole number from 100 to 65000 (DNS security policy documentation). Azure
    returns it for every rule, so a rule without one is not assessed.

    ## Why it matters
    Rules are tried in the order of their priorities. Two with the same one have no
    order that anybody could rely on, and which of them decides may change.

    ## How to fix
    Give each rule of the policy a number of its own, with room between them.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"priority": 210}}'
    ```

    ```bicep
    resource r 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { priority: 210 }
    }
    ```

    Compare the lists first: the lower number decides the names that both hold.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    priority = rule.order
    if not LOWEST <= priority <= HIGHEST:
        return failed(f"its priority is {priority}, not from {LOWEST} to {HIGHEST}")
    others = tenant.once(_priorities)[id_key(rule.parts.parent)]
    for other_id in others.holders[priority]:
        other = tenant.known(SecurityRule, other_id)
        if other and other.key != rule.key:
            other.cite(SecurityRule.priority)
            return failed(f"rule {shown(other.name)} has the priority {priority} too")
    _siblings(rule).require_whole()
    require_known(others.doubts)
    return passed(f"no other rule of the policy has the priority {priority}")


@dataclass(slots=True)
class _Priorities:
    """The priorities of a policy's rules."""

    holders: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The ids of the rules with each."""
    doubts: list[Doubt] = field(default_factory=list)
    """Why a rule may have any."""


def _priorities(tenant: Tenant) -> Mapping[str, _Priorities]:
    """Return the priorities in each policy, by the policy's key."""
    found: dict[str, _Priorities] = defaultdict(_Priorities)
    for rule in tenant.all(SecurityRule).known():
        policy = found[id_key(rule.parts.parent)]
        try:
            policy.holders[rule.order].append(rule.id)
        except NotRead as problem:
            policy.doubts.append(doubt_of(problem))
    return found


@check(
    id="dns-rule-count",
    title="DNS security policies are not close to their limit of rules",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def rule_count(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.priority` of all rules of the policy, to count them.

    A policy can have 100 rules (Azure subscription limits; it was 10 while the service
    was in preview). From 80 percent of `dns_rule_limit` on, that is told as a fact.

    ## Why it matters
    The rule that does not fit is the one that is needed in an incident. A policy with
    very many rules is also one whose order nobody oversees.

    ## How to fix
    Merge rules that do the same: one rule can have several domain lists.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"dnsResolverDomainLists": [{"id": "A"}, {"id": "B"}]}}'
    ```

    ## Settings
    `dns_rule_limit` (100): how many rules a policy can have.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Azure subscription and service limits
    """
    rules = 0
    for rule in policy.rules.known():
        rule.cite(SecurityRule.priority)
        rules += 1
    limit = tenant.settings.dns_rule_limit
    told = f"{count(rules, 'rule', 'rules')} of {limit}"
    if rules * 5 >= limit * 4:
        return info(f"it has {told}")
    policy.rules.require_whole()
    return passed(f"it has {told}")


@check(
    id="dns-wildcard-allow-cost",
    title="No rule logs every DNS query to a Log Analytics workspace",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=SecurityRule,
    where=_allows,
    guidance=Post.DNS_POLICIES,
    controls=LOGGING,
)
def wildcard_allow_cost(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.domains` of the lists, and the policy's diagnostic settings.

    `.` stands for every name (DNS security policy documentation). An enabled Allow or
    Alert rule with it is a warning while a setting sends `DnsResponse`, or all logs, to
    `properties.workspaceId` (absent or null: to no workspace). The reason tells what
    cuts the cost there: the table's `plan`, and whether the workspace's own data
    collection rule transforms the log.

    ## Why it matters
    Platform services alone ask for names all day. A workspace charges by the gigabyte
    and its default plan is the dearest, so the rule that "just logs the rest" is soon
    most of the bill, and the few rows that matter drown.

    ## How to fix
    Send the log to a storage account, or give the table DNSQueryLogs the Basic plan and
    a short retention; take `.` off the list where unmatched queries are not wanted.

    ```sh
    az monitor log-analytics workspace table update --resource-group RG \
      --workspace-name WORKSPACE --name DNSQueryLogs --plan Basic \
      --total-retention-time 90
    ```

    ```terraform
    resource "azurerm_log_analytics_workspace_table" "queries" {
      workspace_id            = azurerm_log_analytics_workspace.logs.id
      name                    = "DNSQueryLogs"
      plan                    = "Basic"
      total_retention_in_days = 90
    }
    ```

    Of the alert rules of Azure Monitor only simple log search alerts (in preview) can
    query tables of the Basic plan. A transformation in the workspace's data collection
    rule drops what nobody needs before it is paid, where the reference of the table
    says that it takes one: it did not from the start.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Log Analytics table plans
    """
    if not rule.enabled:
        return not_applicable("the rule is not Enabled")
    if not _takes_all(rule):
        return passed("none of its lists holds every name")
    policy = tenant.get(ResolverPolicy, rule.parts.parent)
    if policy is None:
        raise NotRead(f"the policy of {rule.id} was not read")
    sent = [kept(each, tenant) for each in workspaces(policy)]
    if sent:
        return warned(f"every query it allows goes to workspace {some(sent)}")
    policy.diagnostic_settings.require_whole()
    return passed("it takes every name, and its policy logs to no workspace")


@check(
    id="dns-wildcard-block",
    title="Rules that block every name spare the zones of the platform",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=SecurityRule,
    where=_blocks,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def wildcard_block(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.domains` of the lists of the rule and of those before it.

    An enabled Block rule with `.` blocks every name that no earlier rule lets through.
    It fails when that is so for sign-in, or for the names of Azure OpenAI, Cognitive
    Services, Foundry, blob storage or Key Vault, or for their private link zones (those
    of the cloud that was scanned): when no earlier Allow or Alert rule has them, or one
    that blocks them too comes first. The same goes for Search, Cosmos DB, registries,
    machine learning workspaces (which hubs and projects are) and API Management, if
    there is any in the tenant. Rules are tried by `properties.priority`. Microsoft's
    managed lists are taken to hold no such zone.

    ## Why it matters
    Blocking everything but a list is the strongest policy there is, and the one that
    breaks most. Without the zones of the platform no client finds its models, its data
    or its secrets, private endpoints included.

    ## How to fix
    Add an Allow rule with a lower priority number whose list has the zones.

    ```sh
    az rest --method put --url "LIST_ID?api-version=2025-05-01" \
      --body '{"location": "REGION", "properties": {"domains": [
        "openai.azure.com.", "cognitiveservices.azure.com.", "services.ai.azure.com.",
        "blob.core.windows.net.", "vault.azure.net.", "vaultcore.azure.net.",
        "login.microsoftonline.com.", "search.windows.net."]}}'
    ```

    ```bicep
    resource platform 'Microsoft.Network/dnsResolverDomainLists@2025-05-01' = {
      name: 'allow-platform'
      location: location
      properties: { domains: ['openai.azure.com.', 'services.ai.azure.com.'] }
    }
    ```

    Allow the public names as well as their `privatelink` ones: clients ask for the
    public name, and so would they for a stranger's account under it. Whatever deploys
    or scales needs the Resource Manager too (`management.azure.com`).

    ## Exceptions
    A list that names each account of one's own in place of the zones is stricter still:
    exempt the rule, and mind the list whenever an account is made.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Private endpoint DNS zone values
    """
    if not rule.enabled:
        return not_applicable("the rule is not Enabled")
    if not _takes_all(rule):
        return passed("none of its lists holds every name")
    dns, policy = tenant.once(dns_of), rule.parts.parent
    if id_key(policy) not in dns.facts.policies:
        raise NotRead(f"the policy of {rule.id} was not read")
    decided = [
        (dns.decide(name, policy), need)
        for need in needs(tenant)
        for name in need.names
    ]
    cite_order(_siblings(rule).known())
    blocked = [(each, need) for each, need in decided if fate(each) is Action.BLOCK]
    shut = [each.name for each, need in blocked if need.unread is None]
    if shut:
        names = ", ".join(services(shut))
        return failed(f"it blocks every name, and none before it allows {names}")
    for _, need in blocked:
        if need.unread:
            raise need.unread
    for each, _ in decided:
        require_fate(each)
        _cite_match(each, tenant)
    return passed("rules before it let the zones of the platform through")


def _cite_match(decision: Decision, tenant: Tenant) -> None:
    """Note the list by which a rule decides a name."""
    match = decision.match
    found = tenant.known(DomainList, match.list_id) if match else None
    if found:
        found.cite(DomainList.domains)


@check(
    id="dns-allow-final-log",
    title="A last rule that allows every name is there on purpose",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=SecurityRule,
    where=_allows_all,
    guidance=Post.DNS_POLICIES,
    controls=LOGGING,
)
def allow_final_log(rule: SecurityRule, _: Tenant) -> Verdict:
    r"""
    Reads `properties.priority` of enabled rules, where one allows `.` (every name).

    As the last rule of its policy it is a fact for the report: it is meant to log the
    rest, which happens anyway. Queries that no rule matches leave a row with the action
    NoMatch (tests by third parties). Before other rules it is not applicable here, and
    what `dns-list-shadowing` is about.

    ## Why it matters
    The rule hides which queries matched nothing, and it stays when the log has become
    too expensive and everybody looks for the setting that fills it.

    ## How to fix
    Delete the rule if all it should do is log, and see that the log goes on.

    ```sh
    az rest --method delete --url "RULE_ID?api-version=2025-05-01"
    ```

    ## References
    - DNS Security Policies
    - Microsoft Learn: Secure and view DNS traffic
    """
    last = max(each.order for each in _siblings(rule) if each.enabled)
    if rule.order < last:
        return not_applicable("it is not the last rule of its policy")
    return info("it allows and logs the rest; what no rule matches is logged anyway")


@check(
    id="dns-rule-domainlist-exists",
    title="Domain lists of DNS security rules exist, in the region of the rule",
    topic=Topic.DNS,
    severity=Severity.MEDIUM,
    on=SecurityRule,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def rule_domainlist_exists(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.dnsResolverDomainLists[].id`, and `location` of lists and rule.

    A rule needs one list at least (DNS resolver REST reference, 2025-05-01), unless
    `properties.managedDomainLists` names one of Microsoft's (2025-10-01-preview): with
    both absent, null or empty it fails. A list in a subscription that a scan of the
    whole tenant does not have counts as missing.

    ## Why it matters
    A rule without its list decides nothing. A Block rule then blocks nothing, and shows
    as enabled all the while.

    ## How to fix
    Make the list in the rule's region, or have the rule name the one that is there.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"dnsResolverDomainLists": [{"id": "LIST_ID"}]}}'
    ```

    ```bicep
    resource r 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { dnsResolverDomainLists: [{ id: blocked.id }] }
    }
    ```

    The array takes the place of the one that is there: name the rule's other lists as
    well, or it lets go of what they hold.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    named = rule.list_ids or ()
    if not named and not rule.managed_lists:
        return failed("it names no domain list")
    unknown: list[Doubt] = []
    wrong: list[str] = []
    for list_id in named:
        try:
            wrong.extend(_faults(rule, list_id, tenant))
        except NotRead as problem:
            unknown.append(doubt_of(problem))
    if wrong:
        return failed(some(wrong))
    require_known(unknown)
    if not named:
        return passed("it takes lists of Microsoft's alone")
    return passed(f"{count(len(named), 'list exists', 'lists exist')} in its region")


def _faults(rule: SecurityRule, list_id: str, tenant: Tenant) -> Iterator[str]:
    """Yield what is wrong with a list that a rule names."""
    name = shown(ResourceId.parse(list_id).name)
    gone = tenant.is_foreign(list_id)
    found = None if gone else tenant.get(DomainList, list_id)
    if found is None:
        yield f"{name} does not exist"
        return
    where, here = region_of(found), region_of(rule)
    if where != here:
        yield f"{name} lies in {shown(where)}, the rule in {shown(here)}"


CHECKS: tuple[Check[Any], ...] = (
    priority_range,
    rule_count,
    wildcard_allow_cost,
    wildcard_block,
    allow_final_log,
    rule_domainlist_exists,
)
