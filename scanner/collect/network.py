"""Microsoft.Network: virtual networks, private endpoints, DNS security policies."""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.dns import DomainList, PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.network import PrivateEndpoint, VirtualNetwork

_NETWORK = "azure.mgmt.network:NetworkManagementClient"
_RESOLVER = "azure.mgmt.dnsresolver:DnsResolverManagementClient"
_POLICIES = "Microsoft.Network/dnsResolverPolicies"

READS = (
    Read(
        of=VirtualNetwork,
        operation=SdkOperation(client=_NETWORK, method="virtual_networks.list_all"),
        action="Microsoft.Network/virtualNetworks/read",
        indexed=True,
    ),
    Read(
        of=PrivateEndpoint,
        operation=SdkOperation(
            client=_NETWORK, method="private_endpoints.list_by_subscription"
        ),
        action="Microsoft.Network/privateEndpoints/read",
        indexed=True,
    ),
    Read(
        of=ResolverPolicy,
        operation=SdkOperation(client=_RESOLVER, method="dns_resolver_policies.list"),
        action=f"{_POLICIES}/read",
        indexed=True,
    ),
    Read(
        of=SecurityRule,
        at=ResolverPolicy,
        operation=SdkOperation(client=_RESOLVER, method="dns_security_rules.list"),
        action=f"{_POLICIES}/dnsSecurityRules/read",
    ),
    Read(
        of=PolicyLink,
        at=ResolverPolicy,
        operation=SdkOperation(
            client=_RESOLVER, method="dns_resolver_policy_virtual_network_links.list"
        ),
        action=f"{_POLICIES}/virtualNetworkLinks/read",
    ),
    Read(
        of=DomainList,
        operation=SdkOperation(
            client=_RESOLVER, method="dns_resolver_domain_lists.list"
        ),
        action="Microsoft.Network/dnsResolverDomainLists/read",
        indexed=True,
    ),
)
