"""DNS security policies: whose queries they see, what they log and what they block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain, islice, takewhile
from typing import Any

from checks.dns_security_policies.controls import FILTERING, LOGGING
from checks.shared.wording import CITED, FIRST, count, shown, some
from scanner.dns.facts import Action
from scanner.dns.gather import dns_of, logs_queries
from scanner.dns.reading import require_known
from scanner.dns.shadows import Clash, Shadow, Standing
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
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant


@check(
    id="dns-diag-enabled",
    title="DNS security policies log the queries they see",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=(*LOGGING, "MCSB:AI-6"),
)
def diag_enabled(policy: ResolverPolicy, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs[]` of the policy's diagnostic settings.

    Of each element it reads `category`, `categoryGroup` and `enabled` (absent or null:
    off, Azure Monitor REST reference), and of the setting its destinations. A policy
    without any diagnostic setting logs nothing.

    ## Why it matters
    Name resolution shows what a workload is about to talk to: a command server, a
    tunnel, a bucket that takes the data. Without the query log an incident cannot be
    traced back to the machine that asked, and exfiltration through DNS itself leaves no
    mark.

    ## How to fix
    Add a diagnostic setting on the DNS security policy (not on the virtual network)
    that sends the category `DnsResponse` to a Log Analytics workspace, storage or event
    hub.

    ```sh
    az monitor diagnostic-settings create --name dns-queries --resource POLICY_ID \
      --workspace WORKSPACE_ID --logs '[{"category": "DnsResponse", "enabled": true}]'
    ```

    ```bicep
    resource queries 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      name: 'dns-queries'
      scope: policy
      properties: {
        workspaceId: workspace.id
        logs: [{ category: 'DnsResponse', enabled: true }]
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "dns_queries" {
      name                       = "dns-queries"
      target_resource_id         = azapi_resource.policy.id
      log_analytics_workspace_id = azurerm_log_analytics_workspace.logs.id
      enabled_log { category = "DnsResponse" }
    }
    ```

    Busy networks ask a great deal: set the plan and retention of the table DNSQueryLogs
    before the first bill does.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Secure and view DNS traffic
    """
    unsent = 0
    for setting in policy.diagnostic_settings:
        if logs_queries(setting):
            if setting.has_destination:
                return passed(f"queries are logged by {shown(setting.name)}")
            unsent += 1
    if unsent:
        return failed("the setting that logs queries has no destination")
    return failed("no diagnostic setting logs DnsResponse")


@check(
    id="dns-block-rule",
    title="DNS security policies block something",
    topic=Topic.DNS,
    severity=Severity.MEDIUM,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def block_rule(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.action.actionType` and the domain lists of the policy's rules.

    A rule counts when `properties.dnsSecurityRuleState` is Enabled, the action is Block
    and a list in `properties.dnsResolverDomainLists[].id` has entries or a
    `domainsUrl`, or `properties.managedDomainLists` names a list of Microsoft's (DNS
    resolver REST reference). A list without either, or one that does not exist, is
    empty. Whether an earlier rule takes it all first is what `dns-list-shadowing` and
    `dns-threat-intel` tell. The setting `dns_filtering_expected` switches this off.

    ## Why it matters
    A policy that only logs tells afterwards which machine asked for the malware domain.
    A Block rule stops the answer, and with it the download or the call home, before any
    connection is made.

    ## How to fix
    Add an enabled rule with the action Block and a domain list of what nobody should
    reach, and set it to Alert first where it is not clear what the list would stop.

    ```sh
    az rest --method put \
      --url "POLICY_ID/dnsSecurityRules/block?api-version=2025-05-01" \
      --body '{"location": "REGION", "properties": {"priority": 200,
               "action": {"actionType": "Block"}, "dnsSecurityRuleState": "Enabled",
               "dnsResolverDomainLists": [{"id": "LIST_ID"}]}}'
    ```

    ```bicep
    resource b 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      parent: policy
      name: 'block'
      location: location
      properties: {
        priority: 200
        action: { actionType: 'Block' }
        dnsResolverDomainLists: [{ id: blocked.id }]
        dnsSecurityRuleState: 'Enabled'
      }
    }
    ```

    A list with `.` blocks every name, Azure's own included: give the zones that the
    workloads need an Allow rule with a lower priority number first.

    ## Exceptions
    Policies kept for logging alone are legitimate: set `dns_filtering_expected` to
    false.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    if not tenant.settings.dns_filtering_expected:
        return not_applicable("dns_filtering_expected is off: policies only log")
    for rule in _blocking(policy.rules.known()):
        if rule.managed_lists:
            return passed(f"rule {shown(rule.name)} blocks a list of Microsoft's")
    for found in _lists(_blocking(policy.rules.known()), tenant):
        if found.filled:
            return passed(f"an enabled rule blocks the domains of {shown(found.name)}")
    rules = sum(1 for _ in policy.rules)
    among = f" among its {count(rules, 'rule', 'rules')}" if rules else ""
    return warned(f"there is no enabled Block rule with domains{among}")


def _blocking(rules: Iterable[SecurityRule]) -> Iterator[SecurityRule]:
    return (rule for rule in rules if rule.enabled and rule.verb == Action.BLOCK)


def _lists(rules: Iterable[SecurityRule], tenant: Tenant) -> Iterator[DomainList]:
    """Yield the lists of rules; raises NotRead in the end if one was not read."""
    known = _known_lists(tenant)
    named = [list_id for rule in rules for list_id in rule.list_ids or ()]
    yield from (known[id_key(each)] for each in named if id_key(each) in known)
    for each in named:
        tenant.get(DomainList, each)


def _known_lists(tenant: Tenant) -> Mapping[str, DomainList]:
    """Return every domain list that was read, by the form of its id that compares."""
    return {found.key: found for found in tenant.all(DomainList).known()}


@check(
    id="dns-rule-enabled",
    title="Block rules of DNS security policies are enabled",
    topic=Topic.DNS,
    severity=Severity.MEDIUM,
    on=SecurityRule,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def rule_enabled(rule: SecurityRule, _: Tenant) -> Verdict:
    r"""
    Reads `properties.dnsSecurityRuleState` and `properties.action.actionType`.

    Azure returns both for every rule (recorded responses, 2025-05-01): a rule without
    one of them is not assessed.

    ## Why it matters
    A Block rule that is switched off looks like protection in every listing and gives
    none. It is often the trace of an outage that was "solved" in a hurry, and nobody
    came back.

    ## How to fix
    Enable the rule, or delete it if it is not wanted any more.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"dnsSecurityRuleState": "Enabled"}}'
    ```

    ```bicep
    resource b 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { dnsSecurityRuleState: 'Enabled' }
    }
    ```

    ```terraform
    resource "azapi_update_resource" "block" {
      type        = "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01"
      resource_id = "RULE_ID"
      body        = { properties = { dnsSecurityRuleState = "Enabled" } }
    }
    ```

    Find out why it was disabled first: names on its list fail to resolve from the
    moment it is on.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    if rule.enabled:
        return passed("dnsSecurityRuleState is Enabled")
    if rule.verb == Action.BLOCK:
        return warned("a Block rule that is not Enabled")
    return info(
        f"not Enabled; its action is {shown(rule.verb)}, so nothing goes unblocked"
    )


@check(
    id="dns-list-shadowing",
    title="No earlier rule decides what a DNS security rule is for",
    topic=Topic.DNS,
    severity=Severity.HIGH,
    on=SecurityRule,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def list_shadowing(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.priority` of the rules and `properties.domains` of their lists.

    Rules are tried by priority, and the first whose list holds the name or a parent of
    it decides; `.` holds every name (DNS security policy documentation). So an entry
    never takes effect when an earlier Enabled rule holds it or a parent. Entries
    compare without case and trailing dot, in IDNA form. A rule without priority, state
    or action is not assessed (Azure returns all three), nor is one that has the
    priority of another with a different action (Azure refuses that), nor one where it
    takes a list whose `properties.domains` is null because it is kept behind
    `domainsUrl`. A list that does not exist adds no entries. What stands on one of
    Microsoft's managed lists nobody can read: it is one entry, which an earlier rule
    takes that has `.` or the same list.

    ## Why it matters
    Allow `contoso.com` at 100, and the Block for `bad.contoso.com` at 110 never fires:
    the portal shows a rule in force, the attacker's host keeps resolving. The log shows
    an allowed query, so nobody looks.

    ## How to fix
    Give the rule with the narrower names the lower priority number, or take the
    covering entry out of the earlier rule's list.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"priority": 110}}'
    ```

    ```bicep
    resource b 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { priority: 100, action: { actionType: 'Block' } }
    }
    resource a 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { priority: 200, action: { actionType: 'Allow' } }
    }
    ```

    ```terraform
    resource "azapi_update_resource" "block" {
      type        = "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01"
      resource_id = "RULE_ID"
      body        = { properties = { priority = 110 } }
    }
    ```

    Moving a broad Block before an Allow cuts off what the Allow was for: compare both
    lists first, and mind that `.` in the earlier list covers everything.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    if not rule.enabled:
        return not_applicable("the rule is not Enabled")
    rules = _standings(rule, tenant)
    standing = rules[rule.key]
    _cite(rule)
    certain = _let_through(standing)
    if certain:
        return _shadowed(certain, tenant)
    require_known(standing.doubts)
    gone = sum(tenant.get(DomainList, each) is None for each in rule.list_ids or ())
    note = f"; {gone} of its lists do not exist" if gone else ""
    if not standing.entries:
        return not_applicable(f"its lists have no entries{note}")
    if standing.shadows:
        return _shadowed(standing.worst, tenant, note)
    before = takewhile(lambda each: each != rule.key, rules)
    for earlier in islice(before, CITED):
        _cite(tenant.known(SecurityRule, earlier))
    return passed(f"no earlier rule covers any of its entries{note}")


def _standings(rule: SecurityRule, tenant: Tenant) -> Mapping[str, Standing]:
    """Return what is left to each rule of a rule's policy; raises NotRead."""
    dns, policy = tenant.once(dns_of), rule.parts.parent
    rules = dns.shadowed(policy) if id_key(policy) in dns.facts.policies else {}
    if rule.key not in rules:
        raise NotRead(f"the policy of {rule.id} was not read")
    return rules


def _cite(rule: SecurityRule | None) -> None:
    """Note when a rule is tried, what it does, and what is on its lists."""
    if rule is None:
        return
    rule.cite(SecurityRule.priority, SecurityRule.state, SecurityRule.action)
    for list_id in islice(rule.list_ids or (), CITED):
        found = rule.tenant.known(DomainList, list_id)
        if found is not None:
            found.cite(DomainList.domains, DomainList.domains_url)


def _let_through(standing: Standing) -> tuple[Shadow, ...]:
    """Return the shadows that are the worst there can be, whatever is not known."""
    return tuple(
        shadow
        for shadow in standing.shadows
        if shadow.sure and shadow.clash is Clash.LET_THROUGH
    )


def _shadowed(found: Sequence[Shadow], tenant: Tenant, note: str = "") -> Verdict:
    """Return what the worst shadows over a rule come to; the rules named are cited."""
    for shadow in found[:FIRST]:
        _cite(tenant.known(SecurityRule, shadow.by.id))
    by = some(f"{shown(each.by.name)} ({each.by.priority})" for each in found)
    what = _entries(found)
    match found[0].clash:
        case Clash.LET_THROUGH:
            return failed(f"rule {by} already allows {what}{note}")
        case Clash.CONTRADICTED:
            return warned(f"rule {by} already decides otherwise on {what}{note}")
        case Clash.REPEATED:
            return info(f"rule {by} already does the same with {what}{note}")


def _entries(found: Sequence[Shadow]) -> str:
    """Return how many entries lie in shadow, and the first few of them."""
    total = sum(len(shadow.entries) for shadow in found)
    first = nsmallest(FIRST, chain.from_iterable(each.entries for each in found))
    more = f" and {total - FIRST} more" if total > FIRST else ""
    named = ", ".join(map(shown, first))
    return f"{count(total, 'entry', 'entries')} ({named}{more})"


CHECKS: tuple[Check[Any], ...] = (
    diag_enabled,
    block_rule,
    rule_enabled,
    list_shadowing,
)
