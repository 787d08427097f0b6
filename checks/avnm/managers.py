"""Network managers: what they manage, and the configurations they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from checks.avnm.network_groups import manager_of
from checks.avnm.policies import CONTROLS
from checks.shared.grants import access, require_settled
from checks.shared.wording import count, shown, some
from scanner.access.scopes import is_group
from scanner.avnm.membership import Manager, Overlap, overlaps
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
from scanner.model.coverage import Unclear
from scanner.model.ids import ResourceId
from scanner.model.listing import Listing
from scanner.model.networkmanager import (
    AdminConfiguration,
    NetworkManager,
)
from scanner.model.tenant import Tenant


@check(
    id="avnm-scope-single",
    title="One network manager does one thing for one scope",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=NetworkManager,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def scope_single(manager: NetworkManager, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.networkManagerScopes` and `networkManagerScopeAccesses` beside it.

    Two managers collide when they have a management group or subscription in common
    and a feature too, such as Connectivity or SecurityAdmin. One whose features are
    absent, null or empty manages nothing (they are optional, Network REST 2024-05-01),
    nor does one without scopes. Managers of scopes above one another are told as a
    fact.

    ## Why it matters
    Azure lets one manager do one thing for one scope. Where two claim the same, the
    later is refused or the teams undo each other's connections. Where one is above the
    other its rules win, which the team below often learns from an outage.

    ## How to fix
    Take the scope or the feature out of one of the managers, after moving its groups
    and configurations over. Delete one that this leaves without scopes or features.

    ```sh
    az network manager update --resource-group RG --name NM \
      --network-manager-scopes subscriptions=/subscriptions/SUBSCRIPTION_THAT_STAYS
    az network manager delete --resource-group RG --name NM
    ```

    ```bicep
    resource manager 'Microsoft.Network/networkManagers@2024-05-01' = {
      name: 'nm-platform'
      location: location
      properties: {
        networkManagerScopes: { managementGroups: [landingZones.id] }
        networkManagerScopeAccesses: ['Connectivity', 'SecurityAdmin']
      }
    }
    ```

    ```terraform
    resource "azurerm_network_manager" "platform" {
      name                = "nm-platform"
      resource_group_name = azurerm_resource_group.hub.name
      location            = azurerm_resource_group.hub.location
      scope_accesses      = ["Connectivity", "SecurityAdmin"]
      scope {
        management_group_ids = [data.azurerm_management_group.zones.id]
      }
    }
    ```

    What is deployed by a manager goes away with its scope: deploy from the other one
    first.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Azure Virtual Network Manager FAQ
    """
    own = manager_of(manager)
    if not own.features or not own.scopes:
        what = "features" if own.scopes else "scopes"
        return not_applicable(f"it has no {what}, so it manages nothing")
    every = tenant.all(NetworkManager)
    others, unclear = _managers(every)
    found = [*overlaps(own, others)]
    same = [each for each in found if each.same]
    if same:
        return failed(f"the same scope as {_named(same)}")
    unclear.settle()
    every.require_whole()
    limits = _limits(tenant, own, others.values())
    if found:
        return info("; ".join(_above_and_below(found)) + limits)
    return passed(f"no other manager does the same for its scope{limits}")


def _managers(every: Listing[NetworkManager]) -> tuple[dict[str, Manager], Unclear]:
    """Return the managers by key, and why what one of them manages is not known."""
    found, unclear = {}, Unclear()
    for each in every.known():
        with unclear:
            found[each.key] = manager_of(each)
    return found, unclear


def _named(found: Iterable[Overlap]) -> str:
    return some(f"{_name(each)} ({', '.join(sorted(each.features))})" for each in found)


def _name(overlap: Overlap) -> str:
    return shown(ResourceId.parse(overlap.other).name)


def _above_and_below(found: list[Overlap]) -> Iterator[str]:
    higher = [each for each in found if each.higher]
    if higher:
        yield f"{_named(higher)} is above it and wins"
    lower = [each for each in found if not each.higher]
    if lower:
        yield f"it is above {_named(lower)} and wins"


def _limits(tenant: Tenant, own: Manager, others: Iterable[Manager]) -> str:
    """Return how far an answer about all managers can be relied on.

    Raises NotRead where the groups above are not known for want of a list that would
    have named them.
    """
    limits = [] if tenant.whole else ["not all was scanned"]
    below = others if any(map(is_group, own.scopes)) else ()
    adrift = [each for each in (own, *below) if not each.knows_above]
    for scope in (scope for each in adrift for scope in each.scopes):
        require_settled(access(tenant).missing(scope))
    if adrift:
        limits.append("the management groups above are not all known")
    return f" (lower bound: {'; '.join(limits)})" if limits else ""


@check(
    id="avnm-config-deployed",
    title="Configurations of network managers are deployed",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=NetworkManager,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "PCI-DSS-4.0.1:1.2.7"),
)
def config_deployed(manager: NetworkManager, _: Tenant) -> Verdict:
    r"""
    Reads `type` of connectivity, security admin, routing and user configurations.

    What of them is deployed, to which regions and with what success, only the action
    `listDeploymentStatus` tells, which Reader does not include. So this is a question
    to whoever may ask it. A manager without configurations is not applicable.

    ## Why it matters
    A configuration does nothing before it is deployed, and nothing in a region it was
    not deployed to. One that failed or was changed since looks the same in every
    list, so networks are thought to be connected and guarded that are not.

    ## How to fix
    Ask the network team for the deployment status of every region, and deploy what is
    missing or older than its configuration.

    ```sh
    az network manager list-deploy-status --resource-group RG \
      --network-manager-name NM --regions REGION
    az network manager post-commit --resource-group RG --network-manager-name NM \
      --commit-type SecurityAdmin --target-locations REGION \
      --configuration-ids CONFIGURATION_ID
    ```

    ```terraform
    resource "azurerm_network_manager_deployment" "guard_rails" {
      network_manager_id = azurerm_network_manager.platform.id
      location           = "westeurope"
      scope_access       = "SecurityAdmin"
      configuration_ids  = [azurerm_network_manager_security_admin_configuration.g.id]
      triggers           = { rules = sha256(jsonencode(var.rules)) }
    }
    ```

    Without `triggers`, Terraform deploys no configuration again whose rules changed. A
    deployment takes the place of what was deployed of its kind in the region: name
    every configuration that is to be in force. Of security admin configurations a
    manager can have one in force in a region: what has to hold together belongs into
    rule collections of that one.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuration deployments in Azure Virtual Network Manager
    """
    listings: tuple[Listing[Any], ...] = (
        manager.connectivity_configurations,
        manager.admin_configurations,
        manager.routing_configurations,
        manager.user_configurations,
    )
    total = sum(1 for listing in listings for _ in listing.ids())
    if not total:
        for listing in listings:
            listing.require_whole()
        return not_applicable("it has no configurations")
    whole = all(listing.whole for listing in listings)
    what = count(total, "configuration", "configurations")
    what = what if whole else f"{total} or more configurations"
    return manual(
        f"whether its {what} took effect only listDeploymentStatus tells",
        "Ask for the output of az network manager list-deploy-status for all regions.",
    )


@check(
    id="avnm-security-admin-present",
    title="Security admin configurations have rules that apply to groups",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=AdminConfiguration,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "PCI-DSS-4.0.1:1.2.7"),
)
def security_admin_present(configuration: AdminConfiguration, _: Tenant) -> Verdict:
    r"""
    Reads `properties.appliesToGroups` of the rule collections, and their rules.

    A collection counts when it has a rule and a group; absent, null and empty mean
    that it applies to none (Network REST, 2024-05-01). Whether the configuration is
    deployed Reader cannot tell, so there is no pass.

    ## Why it matters
    Security admin rules are evaluated before network security groups, and who owns a
    network cannot undo them: one rule keeps remote desktop closed everywhere. A
    configuration without rules or groups only looks like that.

    ## How to fix
    Add a rule collection that applies to the groups to be guarded, and rules to it,
    and deploy the configuration. Delete one that nobody needs.

    ```sh
    az network manager security-admin-config rule-collection create \
      --resource-group RG --network-manager-name NM --configuration-name CONFIGURATION \
      --rule-collection-name COLLECTION --applies-to-groups network-group-id=GROUP_ID
    az network manager security-admin-config rule-collection rule create \
      --resource-group RG --network-manager-name NM --configuration-name CONFIGURATION \
      --rule-collection-name COLLECTION --rule-name from-internet --access Deny \
      --direction Inbound --priority 10 --protocol Tcp --dest-port-ranges 22 3389 \
      --sources address-prefix=Internet address-prefix-type=ServiceTag
    ```

    ```bicep
    resource nm 'Microsoft.Network/networkManagers@2024-05-01' existing = {
      name: 'NM'
      resource guard 'securityAdminConfigurations' existing = {
        name: 'CONFIGURATION'
        resource closed 'ruleCollections' = {
          name: 'no-remote-desktop'
          properties: { appliesToGroups: [{ networkGroupId: group.id }] }
          resource fromInternet 'rules' = {
            name: 'from-internet'
            kind: 'Custom'
            properties: {
              access: 'Deny'
              direction: 'Inbound'
              priority: 10
              protocol: 'Tcp'
              destinationPortRanges: ['22', '3389']
              sources: [
                { addressPrefix: 'Internet', addressPrefixType: 'ServiceTag' }
              ]
            }
          }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_network_manager_admin_rule_collection" "closed" {
      name                            = "no-remote-desktop"
      security_admin_configuration_id = var.configuration_id
      network_group_ids               = [azurerm_network_manager_network_group.g.id]
    }
    resource "azurerm_network_manager_admin_rule" "from_internet" {
      name                     = "from-internet"
      admin_rule_collection_id = azurerm_network_manager_admin_rule_collection.closed.id
      action                   = "Deny"
      direction                = "Inbound"
      priority                 = 10
      protocol                 = "Tcp"
      destination_port_ranges  = ["22", "3389"]
      source {
        address_prefix_type = "ServiceTag"
        address_prefix      = "Internet"
      }
    }
    ```

    A Deny rule takes effect at once where it is deployed, over every Allow of a
    network security group: try it on one group first. Each rule of a collection needs a
    priority of its own. Deploying the configuration takes the one out of force that is
    deployed in the region (`avnm-config-deployed`).

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Security admin rules in Azure Virtual Network Manager
    """
    rules, collections, groups = 0, 0, set[str]()
    for collection in configuration.rule_collections:
        found = sum(1 for _ in collection.rules)
        named = collection.group_ids or ()
        if found and named:
            rules, collections = rules + found, collections + 1
            groups.update(each.lower() for each in named)
    if not rules:
        return warned("none of its rule collections has both rules and a group")
    what = count(rules, "rule", "rules")
    return info(
        f"{what} in {count(collections, 'collection', 'collections')} for "
        f"{count(len(groups), 'group', 'groups')}, if it is deployed"
    )


CHECKS: tuple[Check[Any], ...] = (
    scope_single,
    config_deployed,
    security_admin_present,
)
