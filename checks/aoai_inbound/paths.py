"""The private ways into Azure OpenAI accounts: subnets, endpoints, names, filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.aoai_inbound.network import (
    denies_by_default,
    has_no_firewall,
    is_closed,
    leads_in,
    lets_in_everyone,
    lets_in_some,
    lets_services_by,
    not_consulted,
    superseded,
)
from checks.shared.data_access import cited_data_users, held_now
from checks.shared.grants import named, require_settled
from checks.shared.past_gateway import FILTERED, ways_beside
from checks.shared.perimeters import anything, let_in, way_in
from checks.shared.principals import cite_platform, platform_identities
from checks.shared.subnets import subnet_of
from checks.shared.wording import FIRST, count, named_by, shown, some
from checks.shared.zones import found_by_name
from scanner.access.answers import Grant
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId
from scanner.model.network import PrivateEndpoint, PrivateEndpointConnection
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:NS-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:SC-7",
    "ISO-27001-2022:A.8.20",
)


@check(
    id="aoai-vnet-rules",
    title="Subnets that account firewalls let in exist and work",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=(*CONTROLS, "MCSB:NS-1"),
)
def vnet_rules(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.networkAcls.virtualNetworkRules`, and looks the subnets up.

    No rules mean that no subnet is let in by service endpoint. With
    `properties.publicNetworkAccess` Disabled or SecuredByPerimeter, and in a network
    security perimeter in enforced mode, the rules are not consulted, and the check does
    not apply. A subnet of another tenant is told as such where the whole tenant was
    scanned.

    ## Why it matters
    A rule for a subnet that is gone lets nobody in, until somebody makes a subnet of
    that name again. One of a foreign network lets strangers in who no one here manages.

    ## How to fix
    Remove rules of subnets that are gone or foreign, and prefer a private endpoint,
    which also works from peered networks and from on premises.

    ```sh
    az cognitiveservices account network-rule remove --resource-group RG \
      --name ACCOUNT --subnet "$SUBNET_ID"
    ```

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    rules = account.virtual_network_rules
    if not rules:
        return not_applicable("no subnet is let in by a service endpoint")
    aside = not_consulted(account)
    if aside is not None:
        return aside
    faults: list[str] = []
    unclear = Unclear()
    for rule in rules:
        with unclear:
            faults.append(_fault(rule.id, rule.state, tenant))
    if any(faults):
        return warned(some(filter(None, faults)))
    unclear.settle()
    return passed(f"{count(len(rules), 'subnet', 'subnets')} let in, all of them there")


def _fault(subnet_id: str | None, state: str | None, tenant: Tenant) -> str:
    """Return what is wrong with a rule; empty if nothing is."""
    name = shown((subnet_id or "").rpartition("/")[2])
    if state and state.lower() != "succeeded":
        return f"the rule of {name} is {shown(state)}"
    if not subnet_id:
        return "a rule names no subnet"
    if tenant.is_foreign(subnet_id):
        return f"{name} lies in another tenant"
    return "" if subnet_of(tenant, subnet_id) else f"{name} is gone"


@check(
    id="aoai-pe-not-pending",
    title="No private endpoint request waits at an account",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.OUTBOUND_ACCESS, Post.API_KEYS),
    controls=CONTROLS,
)
def pe_not_pending(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.privateEndpointConnections`.

    A connection's status is that of its `privateLinkServiceConnectionState`, which
    Azure returns for each: where one has none, it is not assessed.

    ## Why it matters
    A pending request is somebody asking for a private way in. Whoever approves all
    requests without looking lets in a network of a stranger, which needs no more than
    the account's id to ask.

    ## How to fix
    Find out who asked, then approve or reject the request.

    ```sh
    az network private-endpoint-connection reject --id "$CONNECTION_ID" \
      --description "nobody here asked for it"
    ```

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Manage private endpoint connections
    """
    connections = account.private_endpoint_connections
    states = [(each.status or "").lower() for each in connections]
    if not states:
        return not_applicable("no private endpoint was asked for")
    if waiting := states.count("pending"):
        return warned(
            f"{count(waiting, 'request waits', 'requests wait')} for an answer"
        )
    for each in connections:
        if not each.status:
            raise each.unread(PrivateEndpointConnection.status.path, "says nothing")
    ended = sum(state in {"rejected", "disconnected"} for state in states)
    if ended:
        return info(f"{count(ended, 'connection', 'connections')} rejected or gone")
    return passed("every request was answered")


@check(
    id="aoai-pe-foreign",
    title="Private endpoints of accounts lie in networks of the tenant",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=CONTROLS,
)
def pe_foreign(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.privateEndpointConnections`: where each endpoint lies.

    A subscription that the scan of a whole tenant does not know is foreign. Azure makes
    endpoints in subscriptions of its own, for managed networks and shared private
    links, and nothing tells those apart: so this warns, and fails only for
    subscriptions that are listed as denied.

    ## Why it matters
    An approved endpoint in a foreign network is a way in that nobody here can filter,
    log or close but at the account. A few, known ways in are what makes the rest of the
    controls hold.

    ## How to fix
    Find out whose endpoint it is. Reject those that nobody here can explain.

    ```sh
    az network private-endpoint-connection reject --id "$CONNECTION_ID"
    ```

    ## Settings
    `denied_subscriptions` lists subscriptions whose endpoints are never acceptable.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Manage private endpoint connections
    """
    approved = [each for each in account.private_endpoint_connections if each.approved]
    ids = [each.endpoint_id or "" for each in approved]
    if not ids:
        return not_applicable("no private endpoint is approved")
    denied = {each.lower() for each in tenant.settings.denied_subscriptions}
    whose = {each: ResourceId.parse(each).subscription.lower() for each in ids}
    if bad := [each for each in ids if whose[each] in denied]:
        return failed(f"endpoints in denied subscriptions: {named_by(bad)}")
    if foreign := [each for each in ids if tenant.is_foreign(each)]:
        return warned(f"endpoints in subscriptions of others: {named_by(foreign)}")
    if not all(whose.values()):
        raise NotRead("a private endpoint connection does not say whose it is")
    if not all(map(tenant.scanned, whose.values())):
        raise NotRead("an endpoint lies outside the scan: it may be foreign")
    return passed(f"{count(len(ids), 'endpoint', 'endpoints')}, all of this tenant")


@check(
    id="aoai-bypass-reviewed",
    title="Account firewalls let no Azure service by unasked",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def bypass_reviewed(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.networkAcls.bypass` and `properties.networkAcls.defaultAction`.

    Absent or null means None: nobody is let by. The setting counts where
    `properties.publicNetworkAccess` is Disabled too: it is how Search comes in then
    (Microsoft's page on networks for Azure OpenAI On Your Data). Where the public
    endpoint is on and no firewall denies by default it does nothing, and nor does it in
    a network security perimeter in enforced mode. Whether a service is meant to come
    that way is told by the data roles at the account: those of the identities of Search
    services, workspaces, their endpoints and computes, and Foundry projects; one whose
    time is over by its condition does not count. `AzureServices` is a fact where one of
    them has such a role, and a warning where none has; None is a warning where one has,
    and no private endpoint is approved that it could use.

    ## Why it matters
    `AzureServices` lets Cognitive Services, Machine Learning and Search past the
    firewall when they sign in with a managed identity. That is what chat on your own
    data needs, and more than an account needs that nothing of the kind uses.

    ## How to fix
    Set it to None where no Search service or hub calls the account, or give those a
    private endpoint first.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"networkAcls": {"bypass": "None", "defaultAction": "Deny"}}
    }'
    ```

    Calls of Search indexers and of hubs without a private way stop at once.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure virtual networks for Azure AI services
    - Microsoft Learn: Network and access configuration for Azure OpenAI On Your Data
    """
    if not is_closed(account) and not denies_by_default(account):
        return not_applicable("no firewall denies by default, so nothing is bypassed")
    aside = superseded(account) if is_closed(account) else not_consulted(account)
    if aside is not None:
        return aside
    bypass = account.network_bypass or "None"
    closed = not lets_services_by(account)
    if closed and any(map(leads_in, account.private_endpoint_connections)):
        return passed("no service is let by")
    users = cited_data_users(tenant, account)
    services = tenant.once(platform_identities)
    calling = [each for each in held_now(tenant, users) if _id(each) in services.known]
    if calling:
        cite_platform(tenant, map(_id, calling))
        said = f"bypass is {shown(bypass)}, and {named(calling)} may call it"
        return warned(f"{said} but gets no way in") if closed else info(said)
    require_settled(users.missing)
    services.unclear.settle()
    if closed:
        return passed("no service is let by")
    return warned(f"bypass is {shown(bypass)}: is any service meant to come that way?")


def _id(grant: Grant) -> str:
    return grant.principal_id.lower()


def _leads_to_models(endpoint: PrivateEndpoint) -> bool:
    return any(True for _ in _accounts_of(endpoint))


def _accounts_of(endpoint: PrivateEndpoint) -> Iterator[CognitiveAccount]:
    """Yield the model accounts that an endpoint leads to.

    Raises NotRead in the end if it leads to an account that was not read.
    """
    unclear = Unclear()
    for connection in (*endpoint.connections, *endpoint.manual_connections):
        target = connection.target_id or ""
        if ResourceId.parse(target).type.lower() != CognitiveAccount.type.lower():
            continue
        with unclear:
            account = endpoint.tenant.get(CognitiveAccount, target)
            if account and hosts_models(account):
                yield account
    unclear.settle()


@check(
    id="aoai-private-dns-linked",
    title="Private endpoints of accounts are found by their names",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=PrivateEndpoint,
    where=_leads_to_models,
    guidance=(Post.OUTBOUND_ACCESS, Post.FOUNDRY_BASICS),
    controls=("MCSB:NS-2", "NIST-800-53:SC-20", "NIST-800-53:SC-7"),
)
def private_dns_linked(endpoint: PrivateEndpoint, tenant: Tenant) -> Verdict:
    """
    Reads `properties.privateDnsZoneConfigs` of the endpoint's zone groups.

    It is about endpoints of Azure OpenAI and AI Services accounts: where the account
    lies outside the scan it is not assessed. Where zones are linked is read too. An
    Azure OpenAI account needs the privatelink zone of its own domain, an AI Services
    account also those of Cognitive Services and of AI services. A zone counts when it
    is linked to the network whose resolver the endpoint's network asks: its own, or
    that of a hub it sends DNS to. It has to be the one that a group names, for only
    that has the records; without a group any zone of the name will do. Where queries
    leave Azure, only a person can tell.

    DNS forwarding rulesets that are linked to a network whose resolver is asked are
    followed: the longest enabled rule for the account's public domain leads to the
    network of the servers it names. The wildcard rule is ignored, as Azure does for its
    own domains (DNS Private Resolver endpoints and rulesets). It is not documented what
    becomes of an alias, so where only the private domain has a rule, or a rule and a
    zone that is linked to the network itself lead to different answers, a person has to
    try it.

    ## Why it matters
    Clients know the account by its public name. If the private zone is not linked where
    they ask, the name leads to the public address: closed, calls fail; open, they go
    past the endpoint and everything that watches it.

    ## How to fix
    Create the zones, link them to the networks whose resolvers are asked, and keep the
    endpoint's records in them by a zone group.

    ```sh
    az network private-dns link vnet create --resource-group RG --name hub \
      --zone-name privatelink.openai.azure.com --virtual-network "$HUB" \
      --registration-enabled false
    az network private-endpoint dns-zone-group create --resource-group RG \
      --endpoint-name PE --name default --zone-name openai \
      --private-dns-zone privatelink.openai.azure.com
    ```

    A ruleset does as well: a rule for each public domain, such as `openai.azure.com.`,
    that leads to an inbound endpoint in a network with the zones. Do not link it to
    that network itself.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - AI Foundry - The Basics
    - Microsoft Learn: Azure private endpoint private DNS zone values
    - Microsoft Learn: Azure DNS Private Resolver endpoints and rulesets
    """
    needed = {zone for each in _accounts_of(endpoint) for zone in _zones(each, tenant)}
    return found_by_name(endpoint, needed, kept=True)


def _zones(account: CognitiveAccount, tenant: Tenant) -> Iterator[str]:
    """Yield the names of the zones that an account's names are looked up in."""
    yield f"privatelink.{tenant.suffixes.openai}"
    if (account.kind or "").lower() == "aiservices":
        yield f"privatelink.{tenant.suffixes.cognitive}"
        yield f"privatelink.{tenant.suffixes.ai_services}"


@check(
    id="aoai-pe-nsg-effective",
    title="Security groups apply to the private endpoints of accounts",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=PrivateEndpoint,
    where=_leads_to_models,
    guidance=Post.API_KEYS,
    controls=(*CONTROLS, "MCSB:NS-1"),
)
def pe_nsg_effective(endpoint: PrivateEndpoint, tenant: Tenant) -> Verdict:
    """
    Reads `properties.privateEndpointNetworkPolicies` of the endpoint's subnet.

    Also the subnet's `properties.networkSecurityGroup.id`. Endpoints whose account lies
    outside the scan are not assessed: it may host no models. An absent policy setting
    means Disabled: security groups are not applied to endpoints (Network REST
    reference).

    ## Why it matters
    A security group on the subnet looks as if it decided who reaches the account. With
    the policies off, the default of many templates, it is ignored for the endpoint, and
    every machine in every peered network gets through.

    ## How to fix
    Put a security group on the subnet that lets in only the gateway, and switch its
    policies on.

    ```sh
    az network vnet subnet update --resource-group RG --vnet-name VNET --name SUBNET \
      --private-endpoint-network-policies NetworkSecurityGroupEnabled \
      --network-security-group NSG
    ```

    ```bicep
    properties: {
      privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
      networkSecurityGroup: { id: nsg.id }
    }
    ```

    ```terraform
    resource "azurerm_subnet" "endpoints" {
      private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
    }
    ```

    Rules that were never applied begin to be: look at them first.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Manage network policies for private endpoints
    """
    if not endpoint.subnet_id:
        raise NotRead("the endpoint does not say in which subnet it is")
    subnet = subnet_of(tenant, endpoint.subnet_id)
    if subnet is None:
        raise NotRead("the subnet of the endpoint is not in its network")
    policies = subnet.endpoint_policies or "Disabled"
    if policies.lower() not in FILTERED:
        return failed(f"policies for endpoints are {shown(policies)} in its subnet")
    if not subnet.security_group_id:
        return failed("its subnet has no security group")
    return passed("a security group applies to it")


@check(
    id="aoai-only-apim-reaches",
    title="Only the gateway reaches an account",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(*CONTROLS, "MCSB:NS-1"),
)
def only_apim_reaches(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.publicNetworkAccess`, and the way to each private endpoint.

    On that way count the subnet's `privateEndpointNetworkPolicies` (absent or null:
    Disabled) and `networkSecurityGroup`, the inbound rules of the group on port 443 in
    their order, and last the default rule that lets in every network. A rule that
    denies some source ports only denies nobody: who sends chooses the port. What passes
    has to come from the subnets, one a region, of the expected API Management services,
    or else of the one whose backend or API leads to the account; with several endpoints
    all have to hold. Who is behind a firewall, an appliance, an application security
    group or an IP rule, and which gateway it is where none is known, a person has to
    say; so too which services come in by `networkAcls.bypass`, which lets them in with
    public access off as well. An enforced network security perimeter decides in place
    of the account's settings, and one in transition mode lets in beside them: neither
    may have an inbound rule that is too wide, and who comes in by another a person has
    to say.

    ## Why it matters
    A gateway that checks tokens, counts and logs is worth what its only way in is
    worth: whoever reaches the account beside it needs a key or a role and is seen by
    nothing.

    ## How to fix
    Close public access, keep one private endpoint for the gateway's network, and let
    its security group take traffic on port 443 from the gateway's subnet alone.

    ```sh
    az network nsg rule create --resource-group RG --nsg-name NSG --name gateway \
      --priority 100 --source-address-prefixes GATEWAY_SUBNET \
      --destination-port-ranges 443 --access Allow --protocol Tcp
    az network nsg rule create --resource-group RG --nsg-name NSG --name others \
      --priority 200 --source-address-prefixes VirtualNetwork \
      --destination-port-ranges '*' --access Deny
    ```

    The second rule refuses everybody else, at every endpoint of the subnet: put the
    account's endpoint in a subnet of its own first.

    ## Settings
    `expected_gateways` lists the API Management services that accounts are to be used
    through (none).

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Network security groups
    """
    unclear = Unclear()
    with unclear:
        way = way_in(account)
        if way is not None and way.sure:
            reason = "everyone on the Internet reaches it beside any gateway"
            return warned(reason, way.advice)
    ways = ways_beside(account)
    if ways.open:
        return warned(f"not only the gateway reaches it: {some(ways.open)}")
    unclear.settle()
    ways.unclear.settle()
    if lets_in_some(account):
        ways.asked.append("who is let in beside the gateway by a rule or bypass?")
    if ways.asked:
        return manual(
            "; ".join(ways.asked[:FIRST]),
            "Evidence: the effective security rules and routes of each endpoint's "
            "subnet, and who is behind each address.",
        )
    if not any(each.approved for each in account.private_endpoint_connections):
        return not_applicable("nobody reaches it over the network")
    return passed("nothing but the gateway's subnet gets to its private endpoints")


@check(
    id="aoai-studio-direct-path",
    title="Direct ways for people to an account are known",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(*CONTROLS, "NIST-800-53:AC-17"),
)
def studio_direct_path(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.networkAcls.ipRules` and the account's private endpoints.

    Endpoints count that are approved. Where public access is off, where no rule or
    bypass of a firewall that denies lets anybody in, and where a network security
    perimeter decides, the inbound rules of the account's perimeter are the way in that
    is left, in transition mode as well.

    ## Why it matters
    The portal's playground calls the account from the user's own machine. Every network
    that is let in for it is a way past the gateway, for whatever else runs there.

    ## How to fix
    Offer a shared machine for the exceptional case and close the other ways.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    approved = sum(each.approved for each in account.private_endpoint_connections)
    account.cite(CognitiveAccount.ip_rules)
    if not approved and not _is_open(account) and not let_in(account, anything):
        return not_applicable("no way in is open")
    return manual(
        "which people reach it directly, from where, and who agreed?",
        "Evidence: the networks behind each IP rule and endpoint, and the decision.",
    )


def _is_open(account: CognitiveAccount) -> bool:
    """Whether the account's own settings let anybody in over public networks."""
    if has_no_firewall(account):
        return False
    return lets_in_everyone(account) or lets_in_some(account)


@check(
    id="aoai-jump-host",
    title="People who need an account directly share one machine",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(*CONTROLS, "NIST-800-53:AC-17"),
)
def jump_host(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `kind`: that the account is there. No setting tells of a jump host.

    ## Why it matters
    A few people need the portal's playground now and then. One shared, watched machine
    for them keeps the account closed to everybody else's.

    ## How to fix
    Name the machine, let only it and the gateway through the security group, and watch
    who signs in to it.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: What is Azure Bastion
    """
    account.cite(CognitiveAccount.kind)
    return manual(
        "is there a shared jump host for people, and is it the only one let in?",
        "Evidence: its name, its subnet in the security group, and its sign-in log.",
    )


CHECKS: tuple[Check[Any], ...] = (
    vnet_rules,
    pe_not_pending,
    pe_foreign,
    bypass_reviewed,
    private_dns_linked,
    only_apim_reaches,
    pe_nsg_effective,
    studio_direct_path,
    jump_host,
)
