"""Who can reach Azure OpenAI and AI Services accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.shared.perimeters import (
    NARROW_RULES,
    anything,
    guard_of,
    left_to_perimeter,
    let_in,
    way_in,
)
from checks.shared.ranges import is_range, public_range, wider_than
from checks.shared.scanned import so_far
from checks.shared.wording import count, quote, shown, some
from scanner.model import initiatives
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.network import PrivateEndpointConnection
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:NS-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:AC-17",
    "NIST-800-53:SC-7",
    "NIST-800-53:SC-7(3)",
    "ISO-27001-2022:A.8.20",
    "ISO-27001-2022:A.8.22",
    "PCI-DSS-4.0.1:1.4.4",
)


def is_closed(account: CognitiveAccount) -> bool:
    """Whether the public endpoint is switched off."""
    return (account.public_network_access or "").lower() == "disabled"


def has_no_firewall(account: CognitiveAccount) -> bool:
    """Whether the account's own firewall decides nothing."""
    return is_closed(account) or left_to_perimeter(account)


def not_consulted(account: CognitiveAccount) -> Verdict | None:
    """Return why what the firewall says is not to be judged, None where it is.

    Raises NotRead where a perimeter may decide that was not read.
    """
    if has_no_firewall(account):
        public = f"publicNetworkAccess is {shown(account.public_network_access)}"
        return not_applicable(f"{public}, so no firewall decides")
    return superseded(account)


def superseded(account: CognitiveAccount) -> Verdict | None:
    """Return that an enforced perimeter decides instead, None where none does.

    Raises NotRead where one may that was not read.
    """
    guard = guard_of(account)
    return not_applicable(f"{guard}; no firewall decides") if guard else None


def denies_by_default(account: CognitiveAccount) -> bool:
    """Whether the firewall refuses whoever no rule lets in."""
    return (account.network_default_action or "").lower() == "deny"


def lets_services_by(account: CognitiveAccount) -> bool:
    """Whether the bypass lets Azure services by; absent or null means None.

    It does so with the public endpoint off as well: that is how Search comes in then
    (Microsoft Learn, "Network and access configuration for Azure OpenAI On Your Data").
    """
    return (account.network_bypass or "None").lower() != "none"


def lets_in_some(account: CognitiveAccount) -> bool:
    """Whether somebody may get in beside private endpoints.

    By the firewall's rules or bypass, or because access is left to a perimeter that is
    not known; the bypass alone counts where the public endpoint is off. Raises NotRead
    where a perimeter may decide that was not read.
    """
    services = lets_services_by(account)
    if is_closed(account):
        return services and not guard_of(account)
    if guard_of(account):
        return False
    ruled = bool(account.ip_rules) or bool(account.virtual_network_rules)
    return services or ruled or left_to_perimeter(account)


def lets_in_everyone(account: CognitiveAccount) -> bool:
    """Whether public networks get in, by the account's settings or by a perimeter.

    Raises NotRead where that is not known of a perimeter.
    """
    way = way_in(account)
    return way is not None and way.sure


@check(
    id="aoai-public-network-disabled",
    title="Azure OpenAI accounts are not reachable from the Internet",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.OUTBOUND_ACCESS, Post.API_KEYS),
    mapped=(initiatives.ACCOUNT_NETWORK,),
    controls=CONTROLS,
    aliases=("fdp-inbound",),
)
def public_network_disabled(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.publicNetworkAccess` and `properties.networkAcls.defaultAction`.

    Absent or null `publicNetworkAccess` means Enabled (built-in policy 037eea7a), and
    absent or null `networkAcls` means that there is no firewall, which is Allow (Azure
    AI services virtual networks page). `properties.accessMode` of the account's
    associations with perimeters, and the inbound rules of an enforced one, go first;
    where the account keeps the Internet out itself, those of a perimeter in transition
    mode count too.

    ## Why it matters
    With the public endpoint on and no firewall, a leaked key or token works from any
    place in the world. A private endpoint makes a caller get into your network first,
    where it can be seen and stopped.

    ## How to fix
    Create a private endpoint for the account and set `publicNetworkAccess` to Disabled;
    where callers on the Internet remain, keep it on and make the firewall deny by
    default, with the few addresses it lets in.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"publicNetworkAccess": "Disabled"}
    }'
    ```

    ```bicep
    properties: {
      publicNetworkAccess: 'Disabled'
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      public_network_access_enabled = false
    }
    ```

    Every caller that comes in over the Internet is cut off at once, the portal's
    playgrounds included: have the private endpoint and its DNS zones in use first.

    ## Exceptions
    Inside a network security perimeter in enforced mode the perimeter's rules apply
    instead, whatever the setting says: an account passes there unless one of the
    inbound rules is too wide. `SecuredByPerimeter` without such a perimeter is a
    warning.
    Perimeters outside a narrowed scan are not seen: the account is judged by its own
    settings then, and the reason says that it is a lower bound.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    public = f"publicNetworkAccess is {shown(account.public_network_access)}"
    if is_closed(account):
        opening = let_in(account)
        if opening:
            return failed(f"{public}, but {opening}", NARROW_RULES)
        return passed(so_far(tenant, public))
    guard = guard_of(account)
    if guard is not None:
        if guard.holds:
            return passed(f"{guard}; {public}")
        return failed(f"{guard}; {public}", NARROW_RULES)
    if left_to_perimeter(account):
        reason = f"{public}, and no enforced perimeter is known"
        return warned(so_far(tenant, reason))
    action = f"the firewall's default action is {shown(account.network_default_action)}"
    if denies_by_default(account):
        opening = let_in(account)
        if opening:
            return failed(f"{public}; {action}, but {opening}", NARROW_RULES)
        return warned(f"{public}, though {action}")
    return failed(so_far(tenant, f"{public} and {action}"))


@check(
    id="aoai-acl-default-deny",
    title="The firewall of Azure OpenAI accounts denies by default",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    mapped=(initiatives.ACCOUNT_NETWORK,),
    controls=CONTROLS,
)
def acl_default_deny(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.networkAcls.defaultAction` and `properties.publicNetworkAccess`.

    Absent or null `networkAcls` means that there is no firewall, which is Allow (Azure
    AI services virtual networks page). With `publicNetworkAccess` Disabled or
    SecuredByPerimeter the firewall is not consulted, and the check does not apply;
    absent or null means Enabled (built-in policy 037eea7a). A network security
    perimeter in enforced mode decides instead of the firewall, whatever that says: an
    account in one passes unless an inbound rule there is too wide.

    ## Why it matters
    Rules for addresses and subnets only mean something when whoever matches none of
    them is refused. With Allow the rules are decoration, and the account answers to
    every address on the Internet that presents a key or token.

    ## How to fix
    Set `networkAcls.defaultAction` to Deny, together with rules for the addresses and
    subnets that have to get in.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {
        "networkAcls": {
          "defaultAction": "Deny",
          "ipRules": [{"value": "198.51.100.24"}]
        }
      }
    }'
    ```

    ```bicep
    properties: {
      networkAcls: {
        defaultAction: 'Deny'
        ipRules: [{ value: '198.51.100.24' }]
      }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      network_acls {
        default_action = "Deny"
        ip_rules       = ["198.51.100.24"]
      }
    }
    ```

    Callers without a rule are refused from then on. Search and other Azure services
    that call the account with a managed identity need `bypass: 'AzureServices'`, or a
    private path.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    guard = None if is_closed(account) else guard_of(account)
    if guard is not None:
        return passed(str(guard)) if guard.holds else failed(str(guard), NARROW_RULES)
    aside = not_consulted(account)
    if aside is not None:
        return aside
    if denies_by_default(account):
        return passed("networkAcls.defaultAction is Deny")
    action = shown(account.network_default_action)
    reason = f"networkAcls.defaultAction is {action}: every address gets in"
    return failed(so_far(tenant, reason))


WIDEST_PREFIX = 16
NARROW_PREFIX = 24


@check(
    id="aoai-ip-rules-narrow",
    title="IP rules of Azure OpenAI accounts are narrow",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def ip_rules_narrow(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.networkAcls.ipRules[].value` and `properties.publicNetworkAccess`.

    Absent, null or empty `ipRules` lets no address in, so there is nothing to judge; a
    rule without a value is not assessed. With `publicNetworkAccess` Disabled or
    SecuredByPerimeter the rules are not consulted (Azure AI services virtual networks
    page), and the check does not apply; absent or null means Enabled (built-in policy
    037eea7a). Nor are they where the account is in a network security perimeter in
    enforced mode.

    ## Why it matters
    A rule for a whole provider's range lets in every machine that somebody rents there,
    so a stolen key works from a server next door. An allow-list protects only as far as
    the addresses on it are yours alone.

    ## How to fix
    Replace wide ranges with the public addresses your callers really come from, such
    as the ones of your NAT gateways, and drop entries for private ranges, which never
    match.

    ```sh
    az cognitiveservices account network-rule add --resource-group "$GROUP" \
      --name "$ACCOUNT" --ip-address 198.51.100.24
    az cognitiveservices account network-rule remove --resource-group "$GROUP" \
      --name "$ACCOUNT" --ip-address 198.51.0.0/16
    ```

    ```bicep
    properties: {
      networkAcls: {
        defaultAction: 'Deny'
        ipRules: [{ value: '198.51.100.24' }]
      }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      network_acls {
        default_action = "Deny"
        ip_rules       = ["198.51.100.24"]
      }
    }
    ```

    Add the narrow rules before removing the wide ones; callers in between are refused.
    Callers inside your networks come in through a private endpoint or a subnet rule.

    ## Exceptions
    A rule wider than /16 fails; wider than /24, private (RFC 1918) or IPv6, which the
    firewall does not match, is a warning, and so are more than `ip_rule_warning` rules
    (`posture.toml`).

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    rules = account.ip_rules
    if not rules:
        return not_applicable("networkAcls.ipRules is empty")
    aside = not_consulted(account)
    if aside is not None:
        return aside
    return _of_rules(account, rules, tenant.settings.ip_rule_warning)


def _of_rules(account: CognitiveAccount, rules: Sequence[str], limit: int) -> Verdict:
    if wide := wider_than(WIDEST_PREFIX, rules):
        reason = f"IP rules wider than /{WIDEST_PREFIX}: {some(map(quote, wide))}"
        return failed(so_far(account.tenant, reason))
    if odd := [rule for rule in rules if not is_range(rule)]:
        path = CognitiveAccount.ip_rules.path
        raise account.malformed(path, "an IP address or range", odd[0])
    return _of_limited_rules(rules, limit)


def _of_limited_rules(rules: Sequence[str], limit: int) -> Verdict:
    """Return the verdict on well-formed rules none of which is far too wide."""
    if wide := wider_than(NARROW_PREFIX, rules):
        return warned(f"IP rules wider than /{NARROW_PREFIX}: {some(map(quote, wide))}")
    if len(rules) > limit:
        return warned(f"networkAcls has {len(rules)} IP rules, more than {limit}")
    if useless := [rule for rule in rules if public_range(rule) is None]:
        return warned(f"IP rules without effect: {some(map(quote, useless))}")
    ruled = count(len(rules), "IP rule", "IP rules")
    return passed(f"networkAcls has {ruled}, none wider than /{NARROW_PREFIX}")


SUB_RESOURCE = "account"
"""What a private endpoint to an account leads to."""


def leads_in(connection: PrivateEndpointConnection) -> bool:
    """Whether a private endpoint connection carries traffic to the account.

    Without `groupIds` it does: an account has no other sub-resource.
    """
    groups = connection.group_ids
    return connection.approved and (
        not groups or SUB_RESOURCE in [group.lower() for group in groups]
    )


@check(
    id="aoai-pe-approved",
    title="Azure OpenAI accounts have an approved private endpoint",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=(Post.OUTBOUND_ACCESS, Post.API_KEYS),
    mapped=(initiatives.ACCOUNT_PRIVATE_LINK,),
    controls=(
        *CONTROLS,
        "NIST-800-53:AC-17(1)",
        "PCI-DSS-4.0.1:1.2.1",
        "EU-AI-Act:15.5",
        "EU-AI-Act:55.1d",
    ),
)
def pe_approved(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.privateEndpointConnections` of the account.

    Of each connection `properties.privateLinkServiceConnectionState.status` and
    `properties.groupIds` count; a connection that is not Approved carries no traffic.
    An absent, null or empty list means that there is no private endpoint (built-in
    policy d6759c02). `properties.publicNetworkAccess` decides how bad that is; absent
    or null means Enabled (built-in policy 037eea7a). Disabled puts the account out of
    reach, unless an inbound rule of its network security perimeter lets somebody in.

    ## Why it matters
    A private endpoint is the way in that does not depend on the Internet. Without one,
    callers need the public endpoint open; with the public endpoint closed as well, the
    account cannot be reached at all and somebody will open it again in a hurry.

    ## How to fix
    Create a private endpoint with the sub-resource `account` in a network your callers
    can reach, link the private DNS zones to that network, and approve the connection.

    ```sh
    az network private-endpoint create --resource-group "$GROUP" --name "$ENDPOINT" \
      --vnet-name "$NETWORK" --subnet "$SUBNET" --connection-name "$ENDPOINT" \
      --private-connection-resource-id "$ACCOUNT_ID" --group-id account
    ```

    ```bicep
    resource endpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
      name: 'pe-openai'
      location: location
      properties: {
        subnet: { id: subnet.id }
        privateLinkServiceConnections: [
          {
            name: 'openai'
            properties: { privateLinkServiceId: account.id, groupIds: ['account'] }
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_private_endpoint" "openai" {
      # ...
      private_service_connection {
        name                           = "openai"
        private_connection_resource_id = azurerm_cognitive_account.this.id
        subresource_names              = ["account"]
        is_manual_connection           = false
      }
    }
    ```

    The account needs a custom subdomain first. Once the DNS zones are linked, names of
    other accounts in these zones no longer resolve from that network unless they have
    records there too.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Configure virtual networks for Azure AI services
    """
    connections = account.private_endpoint_connections
    approved = sum(leads_in(connection) for connection in connections)
    if approved:
        ways = count(approved, "private endpoint is", "private endpoints are")
        return passed(f"{ways} approved")
    states = some(shown(connection.status) for connection in connections)
    found = f"no private endpoint is approved ({states or 'there is none'})"
    if is_closed(account):
        reason = f"{found} and publicNetworkAccess is Disabled"
        opening = let_in(account, anything)
        if opening:
            return warned(f"{reason}: reached over public networks alone, as {opening}")
        return failed(so_far(tenant, f"{reason}: out of reach"))
    public = shown(account.public_network_access)
    return warned(f"{found}; publicNetworkAccess is {public}")


@check(
    id="aoai-custom-subdomain",
    title="Azure OpenAI accounts have a custom subdomain",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=("MCSB:IM-1", "MCSB:NS-2", "NIST-800-53:IA-2", "ISO-27001-2022:A.8.5"),
)
def custom_subdomain(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.customSubDomainName` and `properties.endpoint`.

    Absent, null or empty `customSubDomainName` means that the account answers at the
    endpoint its region shares, which takes keys only (Azure AI services virtual
    networks page).

    ## Why it matters
    At the shared regional endpoint only a key says whose account is meant: Entra tokens
    are refused and private endpoints cannot be made. The account is tied to its keys,
    which name nobody and never expire.

    ## How to fix
    Give the account a custom subdomain, which must be globally unique, and move clients
    to the new endpoint.

    ```sh
    az cognitiveservices account update --resource-group "$GROUP" --name "$ACCOUNT" \
      --custom-domain contoso-openai
    ```

    ```bicep
    properties: {
      customSubDomainName: 'contoso-openai'
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      custom_subdomain_name = "contoso-openai"
    }
    ```

    The subdomain cannot be changed once it is set, and clients that use the regional
    endpoint have to change their configuration. Look at the plan before applying it:
    Terraform may want to replace the account.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Custom subdomain names for Azure AI services
    """
    name = (account.custom_subdomain or "").strip()
    if name:
        return passed(f"customSubDomainName is {shown(name)}")
    return failed(
        f"customSubDomainName is not set; the endpoint is {shown(account.endpoint)}"
    )


@check(
    id="aoai-managed-identity",
    title="Azure OpenAI accounts have a managed identity",
    topic=Topic.AOAI_INBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    mapped=(initiatives.ACCOUNT_IDENTITY,),
    controls=(
        "MCSB:IM-3",
        "NIST-800-53:IA-9",
        "ISO-27001-2022:A.5.16",
        "PCI-DSS-4.0.1:8.6.1",
    ),
)
def managed_identity(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `identity.type` of the account.

    An absent or null `identity`, or the type None, means that the account has no
    identity (Microsoft.CognitiveServices 2025-09-01; built-in policy fe3fd216).

    ## Why it matters
    Without an identity the account can only use keys and shared signatures for what it
    calls, such as Search and storage for chat on your own data. Those secrets get
    copied, cannot be told apart in logs, and keep key access open on the other side.

    ## How to fix
    Turn on the system-assigned identity of the account, and grant it the roles it needs
    on the services it calls.

    ```sh
    az cognitiveservices account identity assign --resource-group "$GROUP" \
      --name "$ACCOUNT"
    ```

    ```bicep
    resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
      // ...
      identity: { type: 'SystemAssigned' }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      identity {
        type = "SystemAssigned"
      }
    }
    ```

    An identity alone breaks nothing and grants nothing.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Use Azure OpenAI On Your Data securely
    """
    kind = f"identity.type is {shown(account.identity_type)}"
    return passed(kind) if account.has_identity else warned(kind)


CHECKS: tuple[Check[Any], ...] = (
    public_network_disabled,
    acl_default_deny,
    ip_rules_narrow,
    pe_approved,
    custom_subdomain,
    managed_identity,
)
