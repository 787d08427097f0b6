"""Microsoft.Network: DNS security policies, private resolvers, their rulesets."""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.dns import (
    DomainList,
    ForwardingLink,
    ForwardingRule,
    ForwardingRuleset,
    InboundEndpoint,
    PolicyLink,
    PrivateResolver,
    ResolverPolicy,
    SecurityRule,
)
from scanner.model.resource import Resource
from scanner.model.resources import Subscription


def _list(of: type[Resource], method: str, at: type[Resource] = Subscription) -> Read:
    return Read(
        of=of,
        at=at,
        operation=SdkOperation(
            client="azure.mgmt.dnsresolver:DnsResolverManagementClient", method=method
        ),
        action=f"{of.type}/read",
        indexed=at is Subscription,
        recent=True,
    )


READS = (
    _list(ResolverPolicy, "dns_resolver_policies.list"),
    _list(SecurityRule, "dns_security_rules.list", ResolverPolicy),
    _list(PolicyLink, "dns_resolver_policy_virtual_network_links.list", ResolverPolicy),
    _list(DomainList, "dns_resolver_domain_lists.list"),
    _list(PrivateResolver, "dns_resolvers.list"),
    _list(InboundEndpoint, "inbound_endpoints.list", PrivateResolver),
    _list(ForwardingRuleset, "dns_forwarding_rulesets.list"),
    _list(ForwardingRule, "forwarding_rules.list", ForwardingRuleset),
    _list(ForwardingLink, "virtual_network_links.list", ForwardingRuleset),
)
