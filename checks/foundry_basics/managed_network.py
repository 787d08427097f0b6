"""The managed network of Foundry hubs: what its outbound rules let through."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from checks.shared.hostnames import host_name, is_anyone_s, misshapen
from checks.shared.public_suffixes import is_public_suffix
from checks.shared.ranges import public_range
from checks.shared.wording import count, quote, shown, some
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
from scanner.model.coverage import Unclear
from scanner.model.machinelearning import OutboundRule, Workspace, is_hub
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:NS-2",
    "NIST-800-53:SC-7",
    "NIST-800-53:AC-4",
    "ISO-27001-2022:A.8.20",
)
APPROVED_ONLY = "allowonlyapprovedoutbound"

_MADE_BY_AZURE = {"required", "recommended", "dependency"}
_UNSCOPED_TAGS = {"internet", "azurecloud"}
_WIDEST, _WIDEST_V6 = 8, 32
"""The shortest prefixes that do not stand for a good part of the Internet."""
_NARROW = 16
"""The shortest prefix of a range that one owner may well have."""


@check(
    id="foundry-managed-network-provisioned",
    title="Managed networks of Foundry hubs are built",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=CONTROLS,
)
def managed_network_provisioned(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.managedNetwork.status.status`.

    Azure builds the network when the first compute starts, so `Inactive` is what a new
    hub has; a hub without isolation has no network to build. An absent status leaves
    the question open (workspace REST reference, 2025-12-01).

    ## Why it matters
    Until the network is built its rules stop nothing, and the first person who starts
    a compute waits half an hour for it. What was never built was never tested either:
    private endpoints that wait for an approval come to light only then.

    ## How to fix
    Build the network now instead of with the first compute.

    ```sh
    az ml workspace provision-network --resource-group RG --name HUB
    ```

    With an FQDN rule this creates a firewall, which is billed from then on.

    ## Exceptions
    A hub that has not been put to use yet may wait.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    """
    if (hub.isolation_mode or "disabled").lower() == "disabled":
        return not_applicable("the hub has no managed network isolation")
    status = hub.network_status
    if status is None:
        raise hub.unread("properties.managedNetwork.status.status", "says nothing")
    if status.lower() == "active":
        return passed("the managed network is active")
    return warned(f"the managed network is {quote(status)}: it was not built yet")


@check(
    id="foundry-outbound-fqdn-review",
    title="FQDN rules of Foundry hubs name single hosts",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=(*CONTROLS, "MCSB:NS-3"),
)
def outbound_fqdn_review(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `properties.type`, `properties.category` and `properties.destination`.

    They are of each of the hub's outbound rules. Rules that Azure makes itself
    (category Required, Recommended or Dependency) are left out; a rule that names no
    host, as absent and null have it, is not assessed. A wildcard directly below a
    public suffix fails, and so does what is no host name, such as an address or a URL;
    a wildcard that covers names which anyone can get warns, also those of one region of
    a hosting service; one below a domain with one owner is told as a fact. A rule
    without a type is not assessed.

    ## Why it matters
    The outbound rules are the only way to steer the hub's firewall. A rule for `*` or
    `*.com` opens it, and one for all of a hosting service lets code carry data to an
    account that an attacker opened there a minute ago.

    ## How to fix
    Replace the wildcard by the hosts that projects need. Reach Azure services by
    private endpoint rules instead: storage by FQDN does not work in a hub that allows
    only approved outbound traffic.

    ```sh
    az ml workspace outbound-rule remove --resource-group RG --workspace-name HUB \
      --rule RULE
    az ml workspace outbound-rule set --resource-group RG --workspace-name HUB \
      --rule pypi --type fqdn --destination pypi.org
    ```

    ```bicep
    // Microsoft.MachineLearningServices/workspaces/outboundRules@2025-06-01
    resource rule '...' = {
      parent: hub
      name: 'pypi'
      properties: { type: 'FQDN', category: 'UserDefined', destination: 'pypi.org' }
    }
    ```

    ```terraform
    resource "azurerm_machine_learning_workspace_network_outbound_rule_fqdn" "pypi" {
      name             = "pypi"
      workspace_id     = azurerm_ai_foundry.hub.id
      destination_fqdn = "pypi.org"
    }
    ```

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    """
    hosts, unclear = _own(hub, "fqdn", _host)
    faults = [f"{quote(host)} ({why})" for host in hosts if (why := _fault(host))]
    if faults:
        return failed(f"rules that name no host or domain: {some(faults)}")
    unclear.settle()
    if not hosts:
        return not_applicable("the hub has no FQDN rules of its own")
    if shared := [host for host in hosts if _is_shared(host, tenant)]:
        names = some(map(quote, shared))
        return warned(f"rules for names that anyone can get: {names}")
    if wide := [host for host in hosts if "*" in host]:
        return info(f"rules for all of a domain: {some(map(quote, wide))}")
    return passed(f"{count(len(hosts), 'FQDN rule', 'FQDN rules')}, each for one host")


def _fault(host: str) -> str:
    """Return why a rule's host is neither one host nor below a domain; or empty."""
    return "anything" if _is_open(host) else misshapen(_base(host))


def _own(
    hub: Workspace, kind: str, read: Callable[[OutboundRule], tuple[str, ...]]
) -> tuple[list[str], Unclear]:
    """Return where the rules lead that people made, and why there may be more.

    The rules of one type. A hub without a managed network has none.
    """
    found, unclear = list[str](), Unclear()
    if hub.isolation_mode is None:
        return found, unclear
    unclear.add(hub.outbound_rules.missing)
    for rule in hub.outbound_rules.known():
        with unclear:
            made = (rule.category or "").lower() in _MADE_BY_AZURE
            if not made and rule.kind == kind:
                found += read(rule)
    return found, unclear


def _host(rule: OutboundRule) -> tuple[str, ...]:
    host = host_name(rule.fqdn or "")
    if not host:
        raise rule.unread(OutboundRule.fqdn.path, "names no host")
    return (host,)


def _is_open(host: str) -> bool:
    """Whether a host stands for everything below a public suffix, or for everything."""
    labels = [each for each in host.split(".") if each.strip("*")]
    return host.startswith("*") and is_public_suffix(".".join(labels))


def _base(host: str) -> str:
    """Return what a rule's host ends in: without a wildcard, the host itself."""
    return host.removeprefix("*").removeprefix(".")


def _is_shared(host: str, tenant: Tenant) -> bool:
    """Whether a wildcard covers names that anyone can get.

    Without a dot after it, it covers every domain whose name ends in the same letters.
    """
    if not host.startswith("*"):
        return False
    return not host.startswith("*.") or is_anyone_s(_base(host), tenant)


@check(
    id="foundry-outbound-servicetag-review",
    title="Service tag rules of Foundry hubs are for single services",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.HIGH,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=CONTROLS,
)
def outbound_servicetag_review(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.type`, `properties.category` and `properties.destination`.

    They are of each of the hub's outbound rules; of the destination it reads
    `serviceTag`, `addressPrefixes` and `action`. Prefixes, where there are any, count
    in place of the tag (azure-ai-ml); an absent action is Allow; a rule that has
    neither, or prefixes that are not in CIDR notation, is not assessed. A prefix
    shorter than /8 fails like `Internet`, one shorter than /16 warns; private ranges do
    not count. Rules that Azure makes itself are left out.

    ## Why it matters
    `Internet` and `AzureCloud` are not services: they let traffic to every address, or
    to every virtual machine and storage account that anyone rents in Azure, and a
    region of the latter to all that anyone rents there. `Storage` without a region
    reaches every storage account there is, those of strangers too. A rule may also
    carry address ranges of its own, under a tag that then means nothing.

    ## How to fix
    Replace the tag or the ranges by the tag of the service and region which projects
    need, or better by a private endpoint rule for the one resource.

    ```sh
    az ml workspace outbound-rule remove --resource-group RG --workspace-name HUB \
      --rule RULE
    az ml workspace outbound-rule set --resource-group RG --workspace-name HUB \
      --rule data --type private_endpoint --service-resource-id "$STORAGE_ID" \
      --subresource-target blob
    ```

    ```bicep
    // Microsoft.MachineLearningServices/workspaces/outboundRules@2025-06-01
    resource rule '...' = {
      parent: hub
      name: 'data'
      properties: {
        type: 'PrivateEndpoint'
        category: 'UserDefined'
        destination: { serviceResourceId: storage.id, subresourceTarget: 'blob' }
      }
    }
    ```

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Virtual network service tags
    """
    tags, unclear = _own(hub, "servicetag", _allowed)
    if open_ := [tag for tag in tags if _is_unscoped(tag)]:
        return failed(f"rules for no service in particular: {some(map(quote, open_))}")
    unclear.settle()
    if not tags:
        return not_applicable("the hub allows no service tags of its own")
    if wide := [tag for tag in tags if _is_rented(tag)]:
        names = some(map(quote, wide))
        return warned(f"rules for what anyone rents as well: {names}")
    return passed(f"{some(map(shown, tags))}: one service or narrow range each")


def _allowed(rule: OutboundRule) -> tuple[str, ...]:
    """Return the tag or the ranges that a rule allows."""
    if (rule.tag_action or "allow").lower() != "allow":
        return ()
    if not all(map(_is_cidr, rule.prefixes or ())):
        raise rule.unread(OutboundRule.prefixes.path, "is not in CIDR notation")
    tag = (rule.service_tag or "").strip()
    if rule.prefixes:
        return tuple(each.strip() for each in rule.prefixes)
    if not tag or (_is_range(tag) and not _is_cidr(tag)):
        raise rule.unread(OutboundRule.service_tag.path, "names no service")
    return (tag,)


def _is_cidr(prefix: str) -> bool:
    """Whether it is a range or an address; a netmask is neither to Azure."""
    try:
        ip_network(prefix.strip(), strict=False)
    except ValueError:
        return False
    return "." not in prefix.partition("/")[2]


def _is_range(tag: str) -> bool:
    return "/" in tag or tag[:1].isdigit() or ":" in tag


def _is_unscoped(tag: str) -> bool:
    if not _is_range(tag):
        return tag.lower() in _UNSCOPED_TAGS
    return _is_wide(tag, _WIDEST, _WIDEST_V6)


def _is_wide(prefix: str, widest: int, widest_v6: int = 0) -> bool:
    """Whether a range is shorter than a length, and not private."""
    network = ip_network(prefix, strict=False)
    if network.version == 6:
        return network.prefixlen < widest_v6 and not network.is_private
    public = public_range(str(network))
    return public is not None and public.prefixlen < widest


def _is_rented(tag: str) -> bool:
    if _is_range(tag):
        return _is_wide(tag, _NARROW)
    return tag.lower() == "storage" or tag.lower().startswith("azurecloud.")


@check(
    id="foundry-firewall-sku",
    title="Firewalls of Foundry hubs are of the Standard tier",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=(*CONTROLS, "MCSB:NS-3"),
)
def firewall_sku(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.managedNetwork.firewallSku` and the hub's FQDN rules.

    Azure makes the firewall only where an FQDN rule exists and only approved traffic is
    allowed, and builds it with the network: until `managedNetwork.status.status` is
    Active the tier is that of a firewall to be. An absent tier is Standard (workspace
    REST reference), but with 2024-07-01-preview, which clouds that are behind are read
    with and which returns none, it is not assessed.

    ## Why it matters
    The firewall is Azure's to run, but its tier is yours to choose. Basic is slower,
    and traffic to hosts that are known to be malicious it reports but does not stop,
    which is little for what stands between model training and the Internet.

    ## How to fix
    Choose Standard for the hub's managed network.

    ```sh
    az rest --method patch --url "$HUB_ID?api-version=2025-06-01" --body '{
      "properties": {"managedNetwork": {"firewallSku": "Standard"}}
    }'
    ```

    ```bicep
    properties: {
      managedNetwork: {
        isolationMode: 'AllowOnlyApprovedOutbound'
        firewallSku: 'Standard'
      }
    }
    ```

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    """
    if not _has_firewall(hub):
        return not_applicable("no firewall: no FQDN rule, or not only approved traffic")
    tier = hub.firewall_sku or "Standard"
    said = "the firewall is" if _is_built(hub) else "once it is built, the firewall is"
    if tier.lower() == "standard":
        return passed(f"{said} of the Standard tier")
    return warned(f"{said} of the {quote(tier)} tier")


def _is_built(hub: Workspace) -> bool:
    """Whether a managed network is known to be there, and not only to be wanted."""
    return (hub.network_status or "").lower() == "active"


def _has_firewall(hub: Workspace) -> bool:
    """Whether a hub's managed network has a firewall, or gets one."""
    approved = (hub.isolation_mode or "").lower() == APPROVED_ONLY
    return approved and _has_fqdn_rule(hub)


def _has_fqdn_rule(hub: Workspace) -> bool:
    """Whether a hub has one, whoever made it; raises NotRead if it may."""
    unclear = Unclear()
    for rule in hub.outbound_rules.known():
        with unclear:
            if rule.kind == "fqdn":
                return True
    unclear.add(hub.outbound_rules.missing)
    unclear.settle()
    return False


@check(
    id="foundry-firewall-cost",
    title="Firewalls of Foundry hubs are known to be billed",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.INFORMATIONAL,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AM-2",),
)
def firewall_cost(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.managedNetwork.isolationMode` and the hub's FQDN rules.

    Also `properties.managedNetwork.status.status`: the firewall is built with the
    network, and billed from then on.

    ## Why it matters
    The first FQDN rule of a hub that allows only approved traffic brings an Azure
    Firewall, billed by the hour to your subscription though it shows in none of your
    resource groups. People wonder about it on the invoice.

    ## How to fix
    Nothing is to be fixed. Without FQDN rules there is no firewall and no charge:
    private endpoint and service tag rules need none.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: How to set up a managed network for Foundry hubs
    """
    if _has_firewall(hub):
        since = "" if _is_built(hub) else ", once its network is built,"
        return info(
            f"an Azure Firewall runs for this hub{since} and is billed by the hour"
        )
    return not_applicable("no FQDN rule calls for a firewall")


CHECKS: tuple[Check[Any], ...] = (
    managed_network_provisioned,
    outbound_fqdn_review,
    outbound_servicetag_review,
    firewall_sku,
    firewall_cost,
)
