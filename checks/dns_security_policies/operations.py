"""Running DNS security policies: their log, who may change them, what they replace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from checks.dns_security_policies.controls import FILTERING, LOGGING
from checks.dns_security_policies.logs import transformed, workspaces
from checks.shared.dns_routes import cite_askers
from checks.shared.grants import (
    actors,
    bounded,
    named,
    principals,
    require_settled,
    who_can,
)
from checks.shared.tenancy import is_gone
from checks.shared.wording import count, shown, some
from scanner.dns.coverage import Row
from scanner.dns.facts import Action, Host, Kind
from scanner.dns.gather import dns_of
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.dns import DomainList, ResolverPolicy
from scanner.model.ids import ResourceId, id_key
from scanner.model.loganalytics import QUERIES, LogTable, LogWorkspace
from scanner.model.network import VirtualNetwork
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant
from scanner.model.traffic import Firewall, NetworkInterface


def _holds_queries(table: LogTable) -> bool:
    return table.name.lower() == QUERIES.lower()


@check(
    id="dns-log-retention",
    title="DNS query logs are kept as long as needed and no longer",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=LogTable,
    where=_holds_queries,
    guidance=Post.DNS_POLICIES,
    controls=(*LOGGING, "NIST-800-53:AU-11"),
)
def log_retention(table: LogTable, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.totalRetentionInDays`, `retentionInDays` and `plan`.

    Of the table DNSQueryLogs, in workspaces that a DNS security policy logs to. Without
    a total (absent or null) the rows are gone after `retentionInDays`; where that is
    absent or null too the check is not assessed, as Azure returns it (Log Analytics
    REST reference). Both bounds are settings. Where the workspace's own data collection
    rule has `properties.dataFlows[].transformKql` for the table, the reason says so: it
    decides which rows there are to keep.

    ## Why it matters
    An attack is often found months after the first query that gave it away. On the
    other hand queries are many: keeping them all for years costs more than the rest of
    the log, and they tell what people look at.

    ## How to fix
    Set the table's total retention; what is past the interactive retention is kept
    cheaply and can be searched by a job.

    ```sh
    az monitor log-analytics workspace table update --resource-group RG \
      --workspace-name WORKSPACE --name DNSQueryLogs \
      --retention-time 30 --total-retention-time 180
    ```

    ```bicep
    resource queries 'Microsoft.OperationalInsights/workspaces/tables@2022-10-01' = {
      parent: workspace
      name: 'DNSQueryLogs'
      properties: { retentionInDays: 30, totalRetentionInDays: 180 }
    }
    ```

    ```terraform
    resource "azurerm_log_analytics_workspace_table" "queries" {
      workspace_id            = azurerm_log_analytics_workspace.logs.id
      name                    = "DNSQueryLogs"
      retention_in_days       = 30
      total_retention_in_days = 180
    }
    ```

    Shortening the retention deletes what is older after 30 days.

    ## Settings
    `dns_log_min_days` (90) and `dns_log_max_days` (730): how long rows are to be kept.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Manage data retention in a Log Analytics workspace
    """
    days = table.total_retention_days
    if days is None:
        days = table.retention_days
    if days is None:
        raise table.unread("properties.retentionInDays", "says nothing")
    least, most = tenant.settings.dns_log_min_days, tenant.settings.dns_log_max_days
    more = transformed(table.parts.parent, tenant)
    kept_for = count(days, "day", "days")
    told = f"rows are kept for {kept_for} (plan {shown(table.plan)}{more})"
    if days < least:
        return warned(f"{told}, which is less than {least}")
    if days > most:
        return warned(f"{told}, which is more than {most}")
    return passed(told)


def _asked(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    """Return which networks ask each firewall and interface, by its key.

    Raises NotRead if there are none and it was not all networks that were read.
    """
    dns = tenant.once(dns_of)
    found: dict[str, list[str]] = defaultdict(list)
    for key, row in dns.covered().items():
        for host in _hosts(row, dns.facts.hosts):
            found[id_key(host.id)].append(key)
    if not found:
        tenant.all(VirtualNetwork).require_whole()
    return {host: tuple(networks) for host, networks in found.items()}


def _hosts(row: Row, hosts: Mapping[str, Sequence[Host]]) -> Iterator[Host]:
    """Yield the servers of one's own that a network asks."""
    for server in row.network.servers:
        for host in hosts.get(server, ()):
            near = host.network is None or host.network in row.route.asked
            if near and host.kind is not Kind.ENDPOINT:
                yield host


@check(
    id="dns-byodns-review",
    title="DNS servers of one's own are still worth running",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=(Firewall, NetworkInterface),
    among=_asked,
    guidance=Post.DNS_POLICIES,
    controls=LOGGING,
)
def byodns_review(host: Resource, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.dhcpOptions.dnsServers` of networks, and who has the addresses.

    Firewalls and network interfaces that a scanned network has as its DNS server are
    asked about, one by one. Nothing in Azure says what they are run for.

    ## Why it matters
    For years the only way to log or filter DNS queries in Azure was a server or proxy
    of one's own in their way. A DNS security policy does both where Azure answers
    anyway, without machines to patch and without an outage when they fail.

    ## How to fix
    Find out what the server does besides logging and blocking: conditional forwarding,
    zones of its own, names for on-premises. If nothing is left, use the Private
    Resolver or Azure's own resolver with a policy.

    ```sh
    az network vnet update --ids VNET_ID --dns-servers null
    ```

    Azure Firewall logs queries itself (AZFWDnsQuery) while its DNS proxy is on, and
    needs the proxy for FQDNs in network rules: there it stays.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Azure DNS Private Resolver
    """
    if isinstance(host, Firewall | NetworkInterface):
        host.cite(type(host).addresses)
    networks = tenant.once(_asked)[host.key]
    cite_askers(tenant, networks)
    asking = count(len(networks), "network asks", "networks ask")
    return manual(f"{asking} it for names: is it there for more than logging?")


@check(
    id="dns-block-response",
    title="What DNS security policies deny is looked at",
    topic=Topic.DNS,
    severity=Severity.INFORMATIONAL,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=(*LOGGING, "MCSB:AI-6"),
)
def block_response(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.workspaceId` of the policy's diagnostic settings, and its rules.

    What was denied is sent to the table DNSQueryLogs of that workspace, which is not
    read: whoever may query it is to say. That the workspace is gone is told. Without an
    enabled Block rule, and without a workspace (absent or null), the check is not
    applicable.

    ## Why it matters
    A denied query is a machine that tried. The client gets no NXDOMAIN but a CNAME to
    `blockpolicy.azuredns.invalid`, so people report odd certificate or connection
    errors, and nobody thinks of DNS.

    ## How to fix
    Query the log, look into who asks for what is blocked, and make the query an alert.

    ```kusto
    DNSQueryLogs
    | where ResolverPolicyRuleAction in ("Deny", "Block")
    | summarize queries = count() by QueryName, SourceIpAddress
    | top 20 by queries
    ```

    Alerted queries have the action `None`, allowed ones `Allow`, and those that no rule
    matched `NoMatch`.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNSQueryLogs table reference
    """
    if not any(rule.enabled and rule.verb == Action.BLOCK for rule in policy.rules):
        return not_applicable("no enabled rule of it blocks")
    names = [_named(tenant, each) for each in workspaces(policy)]
    if not names:
        policy.diagnostic_settings.require_whole()
        return not_applicable("its log goes to no workspace")
    return manual(f"what it denies is sent to {QUERIES} of {some(names)}: who looks?")


def _named(tenant: Tenant, workspace_id: str) -> str:
    """Return a workspace's name, and that it is gone where that is known."""
    name = shown(ResourceId.parse(workspace_id).name)
    gone = is_gone(tenant, LogWorkspace, workspace_id)
    return f"{name}, which is gone" if gone else name


_NETWORK = "Microsoft.Network"
_CHANGING = (
    f"{_NETWORK}/dnsResolverPolicies/write",
    f"{_NETWORK}/dnsResolverPolicies/virtualNetworkLinks/delete",
)
_REWRITING = f"{_NETWORK}/dnsResolverDomainLists/write"


@check(
    id="dns-policy-writers",
    title="Few principals can change DNS security policies",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=(*FILTERING, "MCSB:PA-7", "NIST-800-53:AC-6"),
)
def policy_writers(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `Microsoft.Authorization/roleAssignments` that reach the policy and its lists.

    Counted is each principal whose active roles allow
    `Microsoft.Network/dnsResolverPolicies/write` or its `virtualNetworkLinks/delete` on
    the policy, or `Microsoft.Network/dnsResolverDomainLists/write` on a list that one
    of its rules names in `properties.dnsResolverDomainLists[].id` (absent or null:
    none), wherever the list lies; less those a deny assignment stops. Owner,
    Contributor and Network Contributor do; DNS Resolver Contributor does not cover
    policies.

    ## Why it matters
    The worth of the log is that whoever it is about cannot switch it off. With
    Contributor on the hub's subscription a developer takes the link away, does what he
    likes, and puts it back.

    ## How to fix
    Keep policies and lists in a subscription of the platform team, and let others use
    them by the link alone.

    ```sh
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    ```terraform
    resource "azurerm_role_assignment" "dns" {
      scope                = azurerm_resource_group.dns.id
      role_definition_name = "Network Contributor"
      principal_id         = var.platform_team_group_id
    }
    ```

    A pipeline that deploys networks needs to make links: give it a custom role for
    them, not Contributor.

    ## Settings
    `dns_writer_warning` (4): how many principals are not yet too many.

    ## References
    - DNS Security Policies
    - Microsoft Learn: Azure built-in roles for networking
    """
    unclear = Unclear()
    answers = [who_can(tenant, action, policy) for action in _CHANGING]
    answers += [
        who_can(tenant, _REWRITING, names) for names in _lists_of(policy, unclear)
    ]
    grants = [
        grant
        for answer in answers
        for grant in actors(tenant, answer.grants)
        if not grant.eligible
    ]
    missing = tuple(dict.fromkeys(chain.from_iterable(a.missing for a in answers)))
    holders = len(principals(grants))
    told = f"{count(holders, 'principal', 'principals')} can change it or its lists"
    if holders > tenant.settings.dns_writer_warning:
        limit = tenant.settings.dns_writer_warning
        return warned(bounded(f"{told}, more than {limit}: {named(grants)}", missing))
    unclear.settle()
    require_settled(missing)
    return passed(bounded(told, missing))


def _lists_of(policy: ResolverPolicy, unclear: Unclear) -> Iterator[DomainList]:
    """Yield the lists that rules of a policy name; why there may be more is kept."""
    tenant, named = policy.tenant, dict[str, str]()
    unclear.add(policy.rules.missing)
    for rule in policy.rules.known():
        with unclear:
            named |= {id_key(each): each for each in rule.list_ids or ()}
    for list_id in named.values():
        with unclear:
            if not tenant.is_foreign(list_id):
                found = tenant.get(DomainList, list_id)
                if found:
                    yield found


CHECKS: tuple[Check[Any], ...] = (
    log_retention,
    byodns_review,
    block_response,
    policy_writers,
)
