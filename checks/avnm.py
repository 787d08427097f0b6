"""Policies that put virtual networks into the groups of network managers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from checks.assigned import gravest
from checks.grants import access
from checks.network_groups import (
    EFFECT,
    MODE,
    assigned,
    by_group,
    effect_of,
    filling,
    group_named,
    in_mode,
    is_group_id,
    knows_definitions,
    manager_of,
    of_networks,
)
from checks.wording import count, shown, some
from scanner.access.answers import scope_name
from scanner.access.scopes import scope_of
from scanner.avnm.conditions import NETWORK_TYPE, asks_for_networks
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
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.networkmanager import NetworkGroup, NetworkManager, StaticMember
from scanner.model.policy import PolicyAssignment, PolicyDefinition
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

EVALUATED_AFTER = timedelta(hours=24)
"""Azure Policy looks at everything once a day (azure-docs, "Get compliance data")."""


def definitions_and_groups(tenant: Tenant) -> frozenset[str]:
    """Return the definitions that fill groups and all groups, by key."""
    groups = map(id_key, tenant.all(NetworkGroup).ids())
    return tenant.once(filling).union(groups)


def filling_assignments(tenant: Tenant) -> frozenset[str]:
    """Return the assignments that fill groups, by key."""
    every = tenant.once(assigned).items()
    return frozenset(key for key, content in every if content.found)


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

    An effect that is a parameter counts as its default. The effect `addToNetworkGroup`
    works in the mode `Microsoft.Network.Data` alone, and needs it said: an absent or
    null mode is another one (Azure Policy documentation, definition structure).

    ## Why it matters
    A definition with only one half of the pair puts no network into a group. Whoever
    reads its name believes that networks are taken in by themselves, while new ones
    stay outside of the rules that the group is for.

    ## How to fix
    Give the definition both halves: the mode `Microsoft.Network.Data` and the effect
    `addToNetworkGroup`. The mode of a definition that is assigned cannot be changed, so
    make a new one and move the assignment over.

    ```sh
    az policy definition create --name join-spokes --mode Microsoft.Network.Data \
      --management-group MG --rules rule.json
    ```

    ```bicep
    resource join 'Microsoft.Authorization/policyDefinitions@2023-04-01' = {
      name: 'join-spokes'
      properties: {
        policyType: 'Custom'
        mode: 'Microsoft.Network.Data'
        policyRule: {
          if: { field: 'name', like: 'vnet-spoke-*' }
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

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    mode, effect = definition.mode, effect_of(definition)
    if effect == EFFECT:
        if in_mode(definition):
            return passed(f"addToNetworkGroup in the mode {MODE}")
        return failed(f"addToNetworkGroup in the mode {shown(mode)}, not {MODE}")
    if in_mode(definition):
        return warned(f"the mode {MODE} with the effect {shown(definition.effect)}")
    if definition.effect and not effect:
        raise NotRead(f"what {shown(definition.effect)} stands for is not known")
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
    az network manager group show --resource-group RG --network-manager NM \
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
      if   = { field = "name", like = "vnet-spoke-*" }
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
    delete it.

    ```sh
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

    A group made anew has no members until the policy is evaluated the next time.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    named = definition.network_group_id
    if not named or not is_group_id(named):
        return not_applicable(f"names no network group by its id: {shown(named)}")
    group = group_named(tenant, named)
    if group:
        group.cite(NetworkGroup.member_type)
        return passed(f"fills {shown(group.name)}, which exists")
    parts = ResourceId.parse(named)
    manager = ResourceId.parse(parts.parent).name
    if tenant.is_foreign(named):
        return failed(f"the group {shown(parts.name)} is in no subscription scanned")
    return failed(f"{shown(manager)} has no network group {shown(parts.name)}")


@check(
    id="avnm-policy-assigned",
    title="Policies that fill network groups are assigned where their manager rules",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=PolicyDefinition,
    among=filling,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def policy_assigned(definition: PolicyDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.scope` and `properties.enforcementMode` of policy assignments.

    Assignments of the definition alone or in an initiative count, if the mode is
    Default, which absent and null mean too (Azure Policy documentation, assignment
    structure). Their scope has to overlap `properties.networkManagerScopes` of the
    manager whose group is filled; an absent scope is the one the assignment lies at.

    ## Why it matters
    A definition does nothing before it is assigned, and an assignment that only
    reports adds no network. Outside of the manager's scope it adds networks that the
    manager may not touch. Either way the group looks dynamic and stays empty.

    ## How to fix
    Assign the definition, enforced, at a scope that the network manager manages.

    ```sh
    az policy assignment create --name join-spokes --policy DEFINITION_ID \
      --scope /providers/Microsoft.Management/managementGroups/MG \
      --enforcement-mode Default
    ```

    ```bicep
    resource join 'Microsoft.Authorization/policyAssignments@2024-04-01' = {
      name: 'join-spokes'
      properties: {
        policyDefinitionId: definition.id
        enforcementMode: 'Default'
      }
    }
    ```

    ```terraform
    resource "azurerm_management_group_policy_assignment" "join" {
      name                 = "join-spokes"
      policy_definition_id = azurerm_policy_definition.join.id
      management_group_id  = data.azurerm_management_group.zones.id
      enforce              = true
    }
    ```

    Networks join as soon as it is evaluated, and configurations that are deployed to
    the group reach them at once: read the condition against your networks first.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    found = [*_assignments(definition, tenant)]
    enforced = [each for each in found if _is_enforced(each)]
    if not enforced:
        _require_every_assignment(tenant)
        if found:
            return failed(f"{_named(found)} only reports: it is not enforced")
        bound = "" if tenant.whole else " (lower bound: not all was scanned)"
        return failed(f"no assignment puts it in force{bound}")
    return _placed(definition, enforced, tenant)


def _is_enforced(assignment: PolicyAssignment) -> bool:
    return (assignment.enforcement_mode or "Default").lower() == "default"


def _named(assignments: list[PolicyAssignment]) -> str:
    return some(shown(each.name) for each in assignments)


def _assignments(
    definition: PolicyDefinition, tenant: Tenant
) -> tuple[PolicyAssignment, ...]:
    keys = tenant.once(_by_definition).get(definition.key, ())
    found = (tenant.known(PolicyAssignment, key) for key in keys)
    return tuple(each for each in found if each)


def _by_definition(tenant: Tenant) -> Mapping[str, tuple[str, ...]]:
    found = defaultdict[str, list[str]](list)
    for key, content in tenant.once(assigned).items():
        for each in content.found:
            found[id_key(each.definition_id)].append(key)
    return {key: tuple(dict.fromkeys(keys)) for key, keys in found.items()}


def _require_every_assignment(tenant: Tenant) -> None:
    """Raise NotRead if some assignment may put anything into groups."""
    tenant.all(PolicyAssignment).require_whole()
    every = tenant.once(assigned).values()
    problem = gravest([each.unread for each in every if each.unread])
    if problem:
        raise problem


def _placed(
    definition: PolicyDefinition, enforced: list[PolicyAssignment], tenant: Tenant
) -> Verdict:
    """Return whether assignments are where the manager of the group has a say."""
    named = definition.network_group_id
    if not named or not is_group_id(named):
        return warned(f"{_named(enforced)} fills no group: none is named by its id")
    group = group_named(tenant, named)
    manager = tenant.get(NetworkManager, group.parts.parent) if group else None
    if manager is None:
        return warned(f"{_named(enforced)} fills no group: the one named is not there")
    told = {each.name: _overlaps(each, manager) for each in enforced}
    inside = [name for name, overlap in told.items() if overlap]
    if inside:
        return passed(f"{some(map(shown, inside))} puts it in force")
    if None in told.values():
        raise NotRead(f"whether {manager.name} manages what it is assigned to")
    places = some(scope_name(_scope(each)) for each in enforced)
    return warned(f"assigned at {places} only, which {shown(manager.name)} manages not")


def _scope(assignment: PolicyAssignment) -> str:
    return assignment.scope or scope_of(assignment.id)


def _overlaps(assignment: PolicyAssignment, manager: NetworkManager) -> bool | None:
    """Return whether an assignment reaches networks of a manager, None if unknown."""
    scope, managed = _scope(assignment), manager_of(manager)
    known = access(assignment.tenant)
    if id_key(scope) in managed.above or managed.scopes.intersection(
        known.scopes(scope)
    ):
        return True
    settled = managed.knows_above and known.knows_above(scope)
    return False if settled else None


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
    names none (absent or null) is not applicable. A group that no definition names
    needs static members to have any.

    ## Why it matters
    The group is part of the rule, so each group needs a definition. Sharing one does
    not work, and a group that has neither a policy nor members looks in every list as
    if somebody cared for it.

    ## How to fix
    Make one definition for each group, and delete groups that nothing fills.

    ```sh
    az network manager group delete --resource-group RG --network-manager NM \
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
    named = definition.network_group_id
    if not named:
        return not_applicable("names no network group")
    if is_group_id(named):
        return passed(f"is for {shown(ResourceId.parse(named).name)} alone")
    return warned(f"leaves the group open: {shown(named)}")


def _filled(group: Resource, tenant: Tenant) -> Verdict:
    keys = tenant.once(by_group).get(group.key, ())
    for key in keys:
        definition = tenant.known(PolicyDefinition, key)
        if definition:
            definition.cite(PolicyDefinition.network_group_id)
    if keys:
        return passed(f"{count(len(keys), 'definition', 'definitions')} for it")
    tenant.all(PolicyDefinition).require_whole()
    if tenant.children(group, StaticMember):
        return not_applicable("its members are put in by hand")
    known = knows_definitions(tenant)
    bound = "" if known else " (lower bound: not all definitions were read)"
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
    if asks_for_networks(definition.condition):
        return passed(f"its condition asks for {NETWORK_TYPE}")
    return warned(f"its condition does not ask for {NETWORK_TYPE}")


@check(
    id="avnm-membership-pending",
    title="Assignments that fill network groups have been evaluated",
    topic=Topic.AVNM,
    severity=Severity.INFORMATIONAL,
    on=PolicyAssignment,
    among=filling_assignments,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def membership_pending(assignment: PolicyAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `systemData.lastModifiedAt` of the assignment and its `metadata`.

    The later of it and `properties.metadata.updatedOn` or `createdOn` counts; where
    Azure returns none of the three, the check is not assessed. Azure Policy evaluates
    everything once in 24 hours (Azure Policy documentation, compliance data).

    ## Why it matters
    Networks join their group at the next evaluation, not with the assignment. Until
    then they are without the connectivity and security admin rules of the group, and
    a change that is tested right away seems not to work.

    ## How to fix
    Wait for the evaluation, or start one and look at the members of the group again.

    ```sh
    az policy state trigger-scan --subscription SUBSCRIPTION
    ```

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Get compliance data of Azure resources
    """
    changed = _changed_on(assignment)
    if tenant.read_at - changed < EVALUATED_AFTER:
        return info(f"changed at {changed:%Y-%m-%d %H:%M} UTC: members may still join")
    return passed(f"last changed at {changed:%Y-%m-%d %H:%M} UTC, evaluated since")


def _changed_on(assignment: PolicyAssignment) -> datetime:
    """Return when an assignment was last changed; raises NotRead if nothing says."""
    told = (assignment.changed_on, assignment.updated_on, assignment.created_on)
    moments = [each for each in told if each]
    if not moments:
        raise assignment.unread("systemData.lastModifiedAt", "says nothing")
    return max(moments)


CHECKS: tuple[Check[Any], ...] = (
    policy_mode,
    networkgroup_literal,
    networkgroup_exists,
    policy_assigned,
    one_definition_per_group,
    type_filter,
    membership_pending,
)
