"""The managed network of Foundry hubs: what its outbound rules let through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.shared.hosts import WELL_KNOWN_SUFFIXES, bare_suffixes, host_name
from checks.shared.wording import count, quote, some
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
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "org"}
"""Second labels below which a country's registry gives out names, as in `co.uk`."""


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
    controls=CONTROLS,
)
def outbound_fqdn_review(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `properties.type`, `properties.category` and `properties.destination`.

    They are of each of the hub's outbound rules. Rules that Azure makes itself
    (category Required, Recommended or Dependency) are left out. A wildcard directly
    below a public suffix fails, one below a suffix where anyone can get a name warns,
    and one below a domain with one owner is told as a fact.

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
    hosts = [host_name(rule.fqdn or "") for rule in _own(hub, "fqdn")]
    if not hosts:
        return not_applicable("the hub has no FQDN rules of its own")
    if open_ := [host for host in hosts if _is_open(host)]:
        return failed(f"rules for anything: {some(map(quote, open_))}")
    if shared := [host for host in hosts if _is_shared(host, tenant)]:
        names = some(map(quote, shared))
        return warned(f"rules for all of a service where anyone gets a name: {names}")
    if wide := [host for host in hosts if "*" in host]:
        return info(f"rules for all of a domain: {some(map(quote, wide))}")
    return passed(f"{count(len(hosts), 'FQDN rule', 'FQDN rules')}, each for one host")


def _rules(hub: Workspace) -> Iterator[OutboundRule]:
    """Yield the rules of a hub; one without a managed network has none.

    Raises NotRead if there may be more.
    """
    if hub.isolation_mode is not None:
        yield from hub.outbound_rules


def _own(hub: Workspace, kind: str) -> Iterator[OutboundRule]:
    """Yield the rules of a type that people made."""
    for rule in _rules(hub):
        made = (rule.category or "").lower() in _MADE_BY_AZURE
        if (rule.rule_type or "").lower() == kind and not made:
            yield rule


def _is_open(host: str) -> bool:
    """Whether a host stands for everything below a public suffix, or for everything."""
    base = host.removeprefix("*").removeprefix(".")
    labels = base.split(".") if base else []
    if not host.startswith("*"):
        return False
    return len(labels) < 2 or (
        len(labels) == 2 and labels[0] in _SECOND_LEVEL and len(labels[1]) == 2
    )


def _is_shared(host: str, tenant: Tenant) -> bool:
    base = host.removeprefix("*.")
    return base != host and base in {
        *bare_suffixes(tenant.suffixes),
        *WELL_KNOWN_SUFFIXES,
        *tenant.settings.blocked_fqdn_suffixes,
    }


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
    `serviceTag` and `action`, and an absent action is Allow. Rules that Azure makes
    itself are left out.

    ## Why it matters
    `Internet` and `AzureCloud` are not services: they let traffic to every address, or
    to every virtual machine and storage account that anyone rents in Azure. `Storage`
    without a region reaches every storage account there is, those of strangers too.

    ## How to fix
    Replace the tag by that of the service and region which projects need, or better by
    a private endpoint rule for the one resource.

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
    tags = [
        rule.service_tag or ""
        for rule in _own(hub, "servicetag")
        if (rule.tag_action or "allow").lower() == "allow"
    ]
    if not tags:
        return not_applicable("the hub allows no service tags of its own")
    if open_ := [tag for tag in tags if tag.lower() in _UNSCOPED_TAGS]:
        return failed(f"rules for no service in particular: {some(map(quote, open_))}")
    if any(tag.lower() == "storage" for tag in tags):
        return warned("a rule for Storage in every region: anyone's accounts are in it")
    return passed(f"{count(len(tags), 'rule', 'rules')}, each for one service")


@check(
    id="foundry-firewall-sku",
    title="Firewalls of Foundry hubs are of the Standard tier",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=CONTROLS,
)
def firewall_sku(hub: Workspace, _: Tenant) -> Verdict:
    """
    Reads `properties.managedNetwork.firewallSku` and the hub's FQDN rules.

    Azure makes the firewall only where an FQDN rule exists and only approved traffic is
    allowed; an absent tier is Standard (workspace REST reference).

    ## Why it matters
    The firewall is Azure's to run, but its tier is yours to choose. Basic is slower and
    knows no threat intelligence, which is little for what stands between model training
    and the Internet.

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
    if tier.lower() == "standard":
        return passed("the firewall is of the Standard tier")
    return warned(f"the firewall is of the {quote(tier)} tier")


def _has_firewall(hub: Workspace) -> bool:
    approved = (hub.isolation_mode or "").lower() == APPROVED_ONLY
    return approved and any(
        (rule.rule_type or "").lower() == "fqdn" for rule in _rules(hub)
    )


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
        return info("an Azure Firewall runs for this hub and is billed by the hour")
    return not_applicable("no FQDN rule calls for a firewall")


CHECKS: tuple[Check[Any], ...] = (
    managed_network_provisioned,
    outbound_fqdn_review,
    outbound_servicetag_review,
    firewall_sku,
    firewall_cost,
)
