"""DNS security policies, private resolvers, and the rulesets they forward by."""

from __future__ import annotations

from typing import Any

from scanner.model.coverage import NotRead
from scanner.model.fields import Number, Text, Texts, View
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import is_address
from scanner.model.privatedns import NetworkLink
from scanner.model.resource import Children, Resource

API_VERSION = "2025-05-01"


class Url(Text):
    """A URL without its query, which may carry a signature."""

    def convert(self, view: View, value: Any) -> str:
        """Return the URL as it may be shown."""
        shown = value.partition("?")[0] if isinstance(value, str) else value
        return super().convert(view, shown)


class DomainList(Resource):
    """A list of domains that traffic rules name; a large one is a URL, not a list."""

    type = "Microsoft.Network/dnsResolverDomainLists"
    api_version = API_VERSION

    domains = Texts("properties.domains")
    domains_url = Url("properties.domainsUrl")

    @property
    def filled(self) -> bool:
        """Whether it names any domain, here or behind its URL."""
        return bool(self.domains) or bool(self.domains_url)

    def closed(self) -> NotRead:
        """Return the refusal to judge entries that cannot be read."""
        why = f"of {self.name} is behind a URL and cannot be expanded"
        return self.unread("properties.domains", why)


class SecurityRule(Resource):
    """A traffic rule: what happens to queries for the domains of its lists.

    Azure always returns priority, action and state; a rule that says nothing of one
    of them is not judged.
    """

    type = "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules"
    api_version = API_VERSION

    priority = Number("properties.priority")
    action = Text("properties.action.actionType")
    state = Text("properties.dnsSecurityRuleState")
    list_ids = Texts("properties.dnsResolverDomainLists[].id")
    managed_lists = Texts("properties.managedDomainLists")

    @property
    def order(self) -> int:
        """The number that rules are tried by, the lowest first."""
        if self.priority is None:
            raise self.unread(f"properties.priority of {self.name}", "says nothing")
        return self.priority

    @property
    def verb(self) -> str:
        """Its action in lower case."""
        if self.action is None:
            raise self.unread(f"properties.action of {self.name}", "says nothing")
        return self.action.lower()

    @property
    def enabled(self) -> bool:
        """Whether it is tried at all."""
        if self.state is None:
            raise self.unread(
                f"properties.dnsSecurityRuleState of {self.name}", "says nothing"
            )
        return self.state.lower() == "enabled"


class PolicyLink(NetworkLink):
    """A link of a policy to the virtual network whose queries it judges."""

    type = "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks"
    api_version = API_VERSION

    provisioning_state = Text("properties.provisioningState")


class ResolverPolicy(Resource):
    """A DNS security policy: regional, in front of Azure's own resolver."""

    type = "Microsoft.Network/dnsResolverPolicies"
    api_version = API_VERSION

    rules = Children(SecurityRule)
    links = Children(PolicyLink)
    diagnostic_settings = Children(DiagnosticSetting)


class InboundEndpoint(Resource):
    """An address at which a private resolver takes queries."""

    type = "Microsoft.Network/dnsResolvers/inboundEndpoints"
    api_version = API_VERSION

    addresses = Texts("properties.ipConfigurations[].privateIpAddress")
    subnet_ids = Texts("properties.ipConfigurations[].subnet.id")


class PrivateResolver(Resource):
    """A DNS private resolver, which asks Azure's own from its network."""

    type = "Microsoft.Network/dnsResolvers"
    api_version = API_VERSION

    network_id = Text("properties.virtualNetwork.id")

    inbound_endpoints = Children(InboundEndpoint)


class ForwardingRule(Resource):
    """A rule of a ruleset: the servers that queries below a domain are sent to."""

    type = "Microsoft.Network/dnsForwardingRulesets/forwardingRules"
    api_version = API_VERSION

    domain = Text("properties.domainName")
    state = Text("properties.forwardingRuleState")
    servers = Texts("properties.targetDnsServers[].ipAddress")

    @property
    def applies_to(self) -> str:
        """The domain it is for; Azure always returns one."""
        if not self.domain:
            raise self.unread(f"properties.domainName of {self.name}", "says nothing")
        return self.domain

    @property
    def enabled(self) -> bool:
        """Whether it counts; Azure always returns its state."""
        if not self.state:
            path = f"properties.forwardingRuleState of {self.name}"
            raise self.unread(path, "says nothing")
        return self.state.lower() == "enabled"

    @property
    def targets(self) -> tuple[str, ...]:
        """The addresses it sends queries to; Azure always returns one."""
        path = "properties.targetDnsServers"
        if not self.servers:
            raise self.unread(f"{path} of {self.name}", "says nothing")
        if not all(map(is_address, self.servers)):
            raise self.malformed(path, "IP addresses", list(self.servers))
        return self.servers


class ForwardingLink(NetworkLink):
    """A link of a ruleset to a virtual network whose queries it forwards."""

    type = "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks"
    api_version = API_VERSION


class ForwardingRuleset(Resource):
    """Where a private resolver sends queries, from its outbound endpoints."""

    type = "Microsoft.Network/dnsForwardingRulesets"
    api_version = API_VERSION

    endpoint_ids = Texts("properties.dnsResolverOutboundEndpoints[].id")

    rules = Children(ForwardingRule)
    links = Children(ForwardingLink)
