"""Policies that put virtual networks into the groups of network managers."""

from __future__ import annotations

from typing import Any

from checks.avnm.network_groups import (
    EFFECT,
    MODE,
    by_group,
    effect_of,
    filling,
    group_named,
    in_mode,
    is_group_id,
    knows_definitions,
    of_networks,
    require_filling,
)
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import count, shown
from scanner.avnm.conditions import NETWORK_TYPE, asks_for_networks
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
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.networkmanager import NetworkGroup, StaticMember
from scanner.model.policy import PolicyDefinition
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:NS-1",
    "MCSB:NS-7",
    "NIST-800-53:SC-7",
    "NIST-800-53:CM-2",
    "NIST-800-53:CM-6",
    "ISO-27001-2022:A.8.9",
    "ISO-27001-2022:A.8.20",
    "PCI-DSS-4.0.1:1.2.1",
)


def definitions_and_groups(tenant: Tenant) -> frozenset[str]:
    """Return the definitions that fill groups and all groups, by key."""
    groups = map(id_key, tenant.all(NetworkGroup).ids())
    return tenant.once(filling).union(groups)


@check(
    id="avnm-policy-mode",
    title="Policies for network groups have the mode and effect that go together",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=PolicyDefinition,
    among=of_networks,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def policy_mode(definition: PolicyDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.mode` and `properties.policyRule.then.effect` of custom policies.

    An effect that is a parameter counts as its default; one without default, or any
    other expression, is not assessed. The effect `addToNetworkGroup`
    works in the mode `Microsoft.Network.Data` alone, and needs it said: an absent or
    null mode is another one (Azure Policy documentation, definition structure).

    ## Why it matters
    A definition with only one half of the pair puts no network into a group. Whoever
    reads its name believes that networks are taken in by themselves, while new ones
    stay outside of the rules that the group is for.

    ## How to fix
    Where the definition is to take networks in, give it the mode
    `Microsoft.Network.Data`, the effect `addToNetworkGroup` and the id of the group in
    `networkGroupId`. One that only reports needs another mode, such as `Indexed`, and
    no group; one that nobody needs can go.

    ```sh
    az policy definition create --name join-spokes --mode Microsoft.Network.Data \
      --management-group MG --rules rule.json
    ```

    ```bicep
    targetScope = 'managementGroup'

    resource join 'Microsoft.Authorization/policyDefinitions@2023-04-01' = {
      name: 'join-spokes'
      properties: {
        policyType: 'Custom'
        mode: 'Microsoft.Network.Data'
        policyRule: {
          if: {
            allOf: [
              { field: 'type', equals: 'Microsoft.Network/virtualNetworks' }
              { field: 'name', like: 'vnet-spoke-*' }
            ]
          }
          then: {
            effect: 'addToNetworkGroup'
            details: { networkGroupId: groupId }
          }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_policy_definition" "join" {
      name         = "join-spokes"
      display_name = "Spokes join their group"
      policy_type  = "Custom"
      mode         = "Microsoft.Network.Data"
      policy_rule  = file("rule.json")
    }
    ```

    The definition does nothing before it is assigned (`avnm-policy-assigned`). Where it
    is, networks join at the next evaluation, and what is deployed to the group reaches
    them: read the condition against your networks first.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    mode, effect = definition.mode, effect_of(definition)
    if effect == EFFECT:
        if in_mode(definition):
            return passed(f"addToNetworkGroup in the mode {MODE}")
        return failed(f"addToNetworkGroup in the mode {shown(mode)}, not {MODE}")
    if definition.effect and not effect:
        raise NotRead(f"what {shown(definition.effect)} stands for is not known")
    if in_mode(definition):
        return warned(f"the mode {MODE} with the effect {shown(definition.effect)}")
    return warned(f"names a network group, with the effect {shown(definition.effect)}")


@check(
    id="avnm-networkgroup-literal",
    title="Policies name their network group by its whole id",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=PolicyDefinition,
    among=filling,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def networkgroup_literal(definition: PolicyDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.then.details.networkGroupId` of custom policies.

    It has to be the whole id of a network group, in any case. An expression such as
    `[parameters('group')]` is not taken there, and an absent or null id names no group
    (virtual network manager documentation, Azure Policy integration).

    ## Why it matters
    The group cannot be a parameter of the policy. A definition that was exported with
    one, or with a shortened id, cannot be deployed again or takes no network in, and
    what should have joined stays without connectivity and security admin rules.

    ## How to fix
    Write the whole id of the group into the rule and keep one definition for each
    group; where code makes them, let the code put the id in.

    ```sh
    az network manager group show --resource-group RG --network-manager-name NM \
      --name GROUP --query id
    ```

    ```bicep
    then: {
      effect: 'addToNetworkGroup'
      details: { networkGroupId: group.id }
    }
    ```

    ```terraform
    policy_rule = jsonencode({
      if = { allOf = [
        { field = "type", equals = "Microsoft.Network/virtualNetworks" },
        { field = "name", like = "vnet-spoke-*" },
      ] }
      then = {
        effect  = "addToNetworkGroup"
        details = { networkGroupId = azurerm_network_manager_network_group.spokes.id }
      }
    })
    ```

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    require_filling(definition)
    named = definition.network_group_id
    if is_group_id(named):
        return passed("networkGroupId is the whole id of a network group")
    if (named or "").startswith("["):
        return failed(f"networkGroupId is the expression {shown(named)}")
    return failed(f"networkGroupId is {shown(named)}, not the id of a network group")


@check(
    id="avnm-networkgroup-exists",
    title="The network groups that policies fill exist",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=PolicyDefinition,
    among=filling,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def networkgroup_exists(definition: PolicyDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.then.details.networkGroupId` and the network groups.

    A definition without a literal id (absent, null or an expression) is not
    applicable. With the whole tenant scanned, a subscription that is not in it belongs
    to somebody else, and policies cannot fill groups there.

    ## Why it matters
    A policy that points at a group that was deleted, or at one of another manager
    before a migration, goes on being assigned and evaluated. The networks it selects
    are in no group, so nothing of the manager reaches them, and nobody is told.

    ## How to fix
    Point the definition at the group that took over, or take its assignments away and
    delete it. Take it out of an initiative that has it; the assignment of that stays.

    ```sh
    az policy definition update --name DEFINITION --management-group MG \
      --rules rule.json
    az policy assignment delete --name ASSIGNMENT --scope SCOPE
    az policy definition delete --name DEFINITION --management-group MG
    ```

    ```bicep
    resource group 'Microsoft.Network/networkManagers/networkGroups@2024-05-01' = {
      parent: manager
      name: 'ng-spokes'
      properties: { memberType: 'VirtualNetwork' }
    }
    ```

    ```terraform
    resource "azurerm_network_manager_network_group" "spokes" {
      name               = "ng-spokes"
      network_manager_id = azurerm_network_manager.this.id
    }
    ```

    A group made anew has no members until the policy is evaluated the next time, and
    no effect on them before a configuration applies to it (`avnm-group-in-config`). At
    a group that took over, what is deployed to it reaches the networks that join.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    require_filling(definition)
    named = definition.network_group_id
    if not named or not is_group_id(named):
        return not_applicable(f"names no network group by its id: {shown(named)}")
    group = group_named(tenant, named)
    if group:
        group.cite(NetworkGroup.member_type)
        return passed(f"names {shown(group.name)}, which exists")
    parts = ResourceId.parse(named)
    manager = ResourceId.parse(parts.parent).name
    if tenant.is_foreign(named):
        return failed(f"the group {shown(parts.name)} is in no subscription scanned")
    return failed(f"{shown(manager)} has no network group {shown(parts.name)}")


@check(
    id="avnm-one-definition-per-group",
    title="Every network group without static members has a policy of its own",
    topic=Topic.AVNM,
    severity=Severity.INFORMATIONAL,
    on=(PolicyDefinition, NetworkGroup),
    among=definitions_and_groups,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def one_definition_per_group(subject: Resource, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.then.details.networkGroupId` and the static members.

    A definition that leaves the group to a parameter is meant for several; one that
    names none (absent or null) is not applicable. A group that no definition names in
    the `properties.mode` Microsoft.Network.Data, in which alone it takes networks in
    (Azure Policy documentation, definition structure), needs static members to have
    any.

    ## Why it matters
    The group is part of the rule, so each group needs a definition. Sharing one does
    not work, and a group that has neither a policy nor members looks in every list as
    if somebody cared for it.

    ## How to fix
    Make one definition for each group, and delete groups that nothing fills.

    ```sh
    az network manager group delete --resource-group RG --network-manager-name NM \
      --name GROUP
    ```

    A group that a configuration applies to can only be deleted after the configuration
    was taken off it.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    if isinstance(subject, PolicyDefinition):
        return _filling_one(subject)
    return _filled(subject, tenant)


def _filling_one(definition: PolicyDefinition) -> Verdict:
    require_filling(definition)
    named = definition.network_group_id
    if not named:
        return not_applicable("names no network group")
    if is_group_id(named):
        return passed(f"is for {shown(ResourceId.parse(named).name)} alone")
    return warned(f"leaves the group open: {shown(named)}")


def _filled(group: Resource, tenant: Tenant) -> Verdict:
    keys = tenant.once(by_group).get(group.key, ())
    named = (tenant.known(PolicyDefinition, key) for key in keys)
    filled_by = [each for each in named if each and in_mode(each)]
    for definition in filled_by:
        definition.cite(PolicyDefinition.network_group_id)
    if filled_by:
        return passed(f"{count(len(filled_by), 'definition', 'definitions')} for it")
    tenant.all(PolicyDefinition).require_whole()
    known = knows_definitions(tenant)
    bound = "" if known else " (lower bound: not all definitions were read)"
    for member in tenant.children(group, StaticMember):
        member.cite(StaticMember.resource_id)
        require_all_scanned(tenant, "definitions that fill it")
        return not_applicable(f"its members are put in by hand{bound}")
    return warned(f"no definition fills it, and it has no members{bound}")


@check(
    id="avnm-type-filter",
    title="Policies that fill network groups ask for virtual networks",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=PolicyDefinition,
    among=filling,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def type_filter(definition: PolicyDefinition, _: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.if` of custom policies that fill network groups.

    It has to compare the field `type` with Microsoft.Network/virtualNetworks, by
    equals, in or like, outside of any `not`. An absent or null condition has no such
    comparison.

    ## Why it matters
    Without the type, the policy is evaluated against every resource below the scope:
    changes take longer to show, and what else has a tag or name like it clutters the
    compliance view. Microsoft recommends the filter for the same reason.

    ## How to fix
    Add the type to the condition, in an `allOf` with what there is.

    ```sh
    az policy definition update --name DEFINITION --management-group MG \
      --rules rule.json
    ```

    ```bicep
    if: {
      allOf: [
        { field: 'type', equals: 'Microsoft.Network/virtualNetworks' }
        { field: 'tags[\'env\']', equals: 'prod' }
      ]
    }
    ```

    ```terraform
    if = { allOf = [
      { field = "type", equals = "Microsoft.Network/virtualNetworks" },
      { field = "tags['env']", equals = "prod" },
    ] }
    ```

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    require_filling(definition)
    if asks_for_networks(definition.condition):
        return passed(f"its condition asks for {NETWORK_TYPE}")
    return warned(f"its condition does not ask for {NETWORK_TYPE}")


CHECKS: tuple[Check[Any], ...] = (
    policy_mode,
    networkgroup_literal,
    networkgroup_exists,
    one_definition_per_group,
    type_filter,
)
