"""Network groups: what they are for, who is in them, and who can leave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from checks.avnm.network_groups import (
    assigned_at,
    cite_given,
    membership,
    require_known,
)
from checks.avnm.policies import CONTROLS
from checks.shared.grants import access
from checks.shared.scanned import require_all_scanned, so_far
from checks.shared.wording import CITED, count, shown, some
from scanner.avnm.clashes import AdminRule, clashing
from scanner.avnm.membership import Standing
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.fields import Field, Texts
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import VirtualNetwork
from scanner.model.networkmanager import AdminRule as AdminRuleView
from scanner.model.networkmanager import (
    AdminRuleCollection,
    ConnectivityConfiguration,
    NetworkGroup,
    NetworkManager,
    RoutingRuleCollection,
    StaticMember,
    UserRuleCollection,
)
from scanner.model.policy import PolicyAssignment, PolicyDefinition
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

_APPLIED: tuple[tuple[type[Resource], Texts, str], ...] = (
    (ConnectivityConfiguration, ConnectivityConfiguration.group_ids, "connectivity"),
    (AdminRuleCollection, AdminRuleCollection.group_ids, "security admin"),
    (RoutingRuleCollection, RoutingRuleCollection.group_ids, "routing"),
    (UserRuleCollection, UserRuleCollection.group_ids, "security user"),
)
"""What names groups, by which field, and the kind of configuration that is."""

_RULES = {
    True: "security admin rules apply once deployed",
    False: "security admin rules do not apply",
    None: "whether security admin rules apply is not known",
}

_SUBNETS = f"{VirtualNetwork.type}/subnets".lower()


@check(
    id="avnm-group-in-config",
    title="Network groups are part of a configuration",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=NetworkGroup,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "PCI-DSS-4.0.1:1.2.7"),
)
def group_in_config(group: NetworkGroup, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.appliesToGroups[].networkGroupId` of its manager's configurations.

    Of connectivity configurations and of the rule collections of security admin and
    security user configurations; of routing rule collections it is
    `properties.appliesTo[]`. Absent, null and empty mean no group (Network REST,
    2024-05-01).

    ## Why it matters
    A group by itself changes nothing for the networks in it: connections and security
    admin rules come with the configuration. A group that none applies to gives its
    members the look of being managed.

    ## How to fix
    Add the group to the configuration it was made for, and deploy it, or delete the
    group.

    ```sh
    az network manager connect-config update --resource-group RG \
      --network-manager-name NM --configuration-name CONFIGURATION \
      --applies-to-groups group-connectivity=None network-group-id=GROUP_ID
    az network manager security-admin-config rule-collection update \
      --resource-group RG --network-manager-name NM --configuration-name CONFIGURATION \
      --rule-collection-name COLLECTION --applies-to-groups network-group-id=GROUP_ID
    ```

    ```bicep
    properties: {
      connectivityTopology: 'HubAndSpoke'
      hubs: [{ resourceId: hub.id, resourceType: 'Microsoft.Network/virtualNetworks' }]
      appliesToGroups: [{ networkGroupId: group.id, groupConnectivity: 'None' }]
    }
    ```

    ```terraform
    applies_to_group {
      network_group_id   = azurerm_network_manager_network_group.spokes.id
      group_connectivity = "None"
    }
    ```

    The list of groups takes the place of the one that is there: name those that the
    configuration applies to already as well. Deploying a connectivity configuration may
    delete peerings that were made by hand, if it is set to, and a deployment takes the
    place of the one before (`avnm-config-deployed`). Networks of a group that is
    deleted may be in none from then on (`avnm-vnet-uncovered`).

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Network groups in Azure Virtual Network Manager
    """
    for view, field, kind in _APPLIED:
        for found in tenant.referring(view, "group_ids", group.id).known():
            found.cite(field)
            name = ResourceId.parse(_configuration(found)).name
            return passed(f"{kind} configuration {shown(name)} applies to it")
    manager = tenant.known(NetworkManager, group.parts.parent)
    if manager:
        _require_configurations(manager)
    members = len(membership(tenant).members(group.key))
    what = count(members, "network is", "networks are")
    advice = f"{what} in it: {_KEPT}" if members else ""
    return warned("no configuration applies to it", advice)


_KEPT = (
    "add the group to the configuration it was made for, and deploy that with all that "
    "has to stay in force (see avnm-config-deployed). Delete the group only where its "
    "networks are in another one, or need none."
)


def _configuration(found: Resource) -> str:
    """Return the id of a configuration from its own or its rule collection's."""
    is_collection = found.type.lower().endswith("/rulecollections")
    return found.parts.parent if is_collection else found.id


def _require_configurations(manager: NetworkManager) -> None:
    """Raise NotRead if some configuration of a manager may apply to any group."""
    for connectivity in manager.connectivity_configurations:
        connectivity.cite(ConnectivityConfiguration.group_ids)
    for admin in manager.admin_configurations:
        for collection in admin.rule_collections:
            collection.cite(AdminRuleCollection.group_ids)
    for routing in manager.routing_configurations:
        for routes in routing.rule_collections:
            routes.cite(RoutingRuleCollection.group_ids)
    for user in manager.user_configurations:
        for rules in user.rule_collections:
            rules.cite(UserRuleCollection.group_ids)


@check(
    id="avnm-static-stale",
    title="Static members of network groups exist",
    topic=Topic.AVNM,
    severity=Severity.LOW,
    on=StaticMember,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "PCI-DSS-4.0.1:1.2.7"),
)
def static_stale(member: StaticMember, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.resourceId` of the member, and the networks of the tenant.

    It names a virtual network or one of its subnets. An absent or null id names
    nothing. With the whole tenant scanned, a subscription that is not in it is
    another tenant's; where the manager has cross-tenant scopes the member may be there,
    which is not assessed.

    ## Why it matters
    Members by hand stay when their network goes. A network made later under the same
    name joins the group, and gets its connections, without anybody deciding so; and
    the list of members says more than is guarded.

    ## How to fix
    Take the member out of the group, and delete a group that this leaves empty.

    ```sh
    az network manager group static-member delete --resource-group RG \
      --network-manager-name NM --network-group-name GROUP --static-member-name MEMBER
    ```

    ```terraform
    # take this out
    resource "azurerm_network_manager_static_member" "spoke" {
      name                      = "spoke"
      network_group_id          = azurerm_network_manager_network_group.spokes.id
      target_virtual_network_id = azurerm_virtual_network.spoke.id
    }
    ```

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Network groups in Azure Virtual Network Manager
    """
    named = member.resource_id
    if not named:
        return warned("it names no network")
    parts = ResourceId.parse(named)
    subnet = parts.name if parts.type.lower() == _SUBNETS else ""
    network_id = parts.parent if subnet else named
    if tenant.is_foreign(network_id):
        _require_no_guests(member, tenant)
        return warned(f"{shown(_name(named))} is in no subscription of the tenant")
    network = tenant.get(VirtualNetwork, network_id)
    if network is None:
        return warned(f"the network {shown(_name(network_id))} does not exist")
    network.cite(VirtualNetwork.address_prefixes)
    if subnet and id_key(named) not in (id_key(s.id or "") for s in network.subnets):
        return warned(f"{shown(network.name)} has no subnet {shown(subnet)}")
    return passed(f"{shown(_name(named))} exists")


def _name(resource_id: str) -> str:
    return ResourceId.parse(resource_id).name


def _require_no_guests(member: StaticMember, tenant: Tenant) -> None:
    """Raise NotRead if networks of other tenants may be members."""
    manager_id = ResourceId.parse(member.parts.parent).parent
    manager = tenant.known(NetworkManager, manager_id)
    if manager and manager.cross_tenant_scopes:
        raise member.unread("properties.resourceId", "may be in another tenant")


@check(
    id="avnm-vnet-uncovered",
    title="Virtual networks that a network manager manages are in a group",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=VirtualNetwork,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def vnet_uncovered(network: VirtualNetwork, tenant: Tenant) -> Verdict:
    r"""
    Reads `tags`, name, id and location of the network, and who is in network groups.

    A network is in a group as a static member, or because the condition of a policy
    holds for it that is assigned above it, enforced, without an exemption, and has the
    `properties.mode` Microsoft.Network.Data, in which alone a policy takes networks
    into groups (Azure Policy documentation, definition structure). Conditions
    on name, id, type, location, tags, resource group and subscription id are evaluated,
    with the values that assignment, initiative or default give to parameters; with any
    other the network is not assessed, unless it is in a group for certain.
    Whether security admin rules are for its groups is told beside it, as far as the
    configurations of their managers were read.
    Absent or null tags are none. A network in the scope of no manager is not
    applicable, nor is one where the managers have no features: absent, null or empty
    `properties.networkManagerScopeAccesses` let a manager manage nothing (they are
    optional, Network REST 2024-05-01). Groups of a manager that does not manage the
    network do not count.

    ## Why it matters
    The groups carry the connections and the security admin rules. A network that the
    manager could manage and no group takes in has neither: it is the one place of the
    estate where a forgotten rule can open remote desktop to the Internet.

    ## How to fix
    Give the network the tag or name that the policy asks for, or add it to a group, or
    widen the condition.

    ```sh
    az network manager group static-member create --resource-group RG \
      --network-manager-name NM --network-group-name GROUP --static-member-name MEMBER \
      --resource-id VNET_ID
    ```

    ```bicep
    // KIND is Microsoft.Network/networkManagers/networkGroups/staticMembers
    resource member 'KIND@2024-05-01' = {
      parent: group
      name: 'spoke'
      properties: { resourceId: network.id }
    }
    ```

    ```terraform
    resource "azurerm_network_manager_static_member" "spoke" {
      name                      = "spoke"
      network_group_id          = azurerm_network_manager_network_group.spokes.id
      target_virtual_network_id = azurerm_virtual_network.spoke.id
    }
    ```

    What is deployed to the group reaches the network at once: look at its security
    admin rules and connections first. Where a tag puts it there, whoever may write the
    tag takes it out again (`avnm-tag-tamper`).

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    groups = membership(tenant)
    standing = groups.standings[network.key]
    network.cite(VirtualNetwork.tags)
    if standing.groups:
        _cite_ways(network, standing)
        names = some(shown(_name(groups.facts.groups[g].id)) for g in standing.groups)
        return passed(f"is in {names}; {_RULES[groups.guarded(network.key)]}")
    require_known(doubt for _, doubt in standing.open)
    if not standing.managers:
        for key in islice(groups.facts.managers, CITED):
            _cite_manager(tenant.known(NetworkManager, key))
        require_all_scanned(tenant, "network managers with it in their scope")
        able = " with features" if groups.facts.managers else ""
        return not_applicable(f"in the scope of no network manager{able}")
    named = []
    for key in standing.managers:
        named.append(shown(_name(groups.facts.managers[key].id)))
        _cite_manager(tenant.known(NetworkManager, key))
    for rule in groups.facts.networks[network.key].rules[:CITED]:
        cite_condition(tenant.known(PolicyDefinition, rule.definition_id), network)
    return warned(so_far(tenant, f"in the scope of {some(named)}, and in no group"))


def _cite_ways(network: VirtualNetwork, standing: Standing) -> None:
    """Note by what a network is in its groups."""
    tenant = network.tenant
    for group, definitions in standing.groups.items():
        _cite_manager(tenant.known(NetworkManager, ResourceId.parse(group).parent))
        for key in definitions:
            cite_condition(tenant.known(PolicyDefinition, key), network)
        if not definitions:
            for member in tenant.referring(
                StaticMember, "resource_id", network.id
            ).known():
                if id_key(member.parts.parent) == group:
                    member.cite(StaticMember.resource_id)


def cite_condition(
    definition: PolicyDefinition | None, network: VirtualNetwork
) -> None:
    """Note whom a definition takes into which group, and what puts it in force.

    With the parameters that are given where it is assigned.
    """
    if definition is None:
        return
    definition.cite(PolicyDefinition.condition, PolicyDefinition.mode)
    with suppress(NotRead):
        definition.cite(PolicyDefinition.effect, PolicyDefinition.network_group_id)
    tenant = network.tenant
    at, scopes = tenant.once(assigned_at), access(tenant).scopes(network.id)
    every = chain.from_iterable(at.get((definition.key, each), ()) for each in scopes)
    for key in islice(every, CITED):
        assignment = tenant.known(PolicyAssignment, key)
        if assignment is not None:
            with suppress(NotRead):
                assignment.cite(*_IN_FORCE)
            cite_given(definition, key)


_IN_FORCE: tuple[Field[Any], ...] = (
    PolicyAssignment.definition_id,
    PolicyAssignment.scope,
    PolicyAssignment.not_scopes,
    PolicyAssignment.enforcement_mode,
)
"""What says of an assignment what it puts in force, and where."""


def _cite_manager(manager: NetworkManager | None) -> None:
    if manager:
        manager.cite(NetworkManager.management_groups, NetworkManager.subscriptions)
        manager.cite(NetworkManager.features)


@check(
    id="avnm-multi-group",
    title="Networks in several groups meet no conflicting security admin rules",
    topic=Topic.AVNM,
    severity=Severity.INFORMATIONAL,
    on=NetworkGroup,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def multi_group(group: NetworkGroup, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.access` of rules for the group, and who is in it and in others.

    A network may be in several groups, which is told as a fact. It is a warning when
    security admin rules for one group deny what rules of another collection for the
    other group allow: with the same direction, a common protocol, a common source port
    and destination port, and sources and destinations of the same text or one of them
    anything. Rules of one collection are made to go together: an exception has the
    lower priority number. A network is in a group only where the manager of the group
    has it in its scope, and has features. Absent and null ports, sources or
    destinations are all of them (Network REST, 2024-05-01). A group without networks is
    not applicable, or not assessed in a narrowed scan, which may have left them out.

    ## Why it matters
    Which of two rules wins depends on their priorities, which nobody compares across
    configurations. A rule made for a migration then opens, for the networks that are
    in both groups, what the guard rails close.

    ## How to fix
    Decide which rule is meant to win. Delete the other, or take the group out of its
    rule collection, and deploy the configuration again. Another priority alone changes
    who wins and leaves the contradiction.

    ```sh
    az network manager security-admin-config rule-collection rule delete \
      --resource-group RG --network-manager-name NM --configuration-name CONFIGURATION \
      --rule-collection-name COLLECTION --rule-name RULE
    az network manager security-admin-config rule-collection update \
      --resource-group RG --network-manager-name NM --configuration-name CONFIGURATION \
      --rule-collection-name COLLECTION --applies-to-groups \
      network-group-id=GROUP_THAT_STAYS
    ```

    ```terraform
    resource "azurerm_network_manager_admin_rule_collection" "exceptions" {
      name                            = "exceptions"
      security_admin_configuration_id = var.configuration_id
      network_group_ids               = [var.group_that_stays]
    }
    ```

    Whoever relies on an AlwaysAllow that goes, in spite of a network security group, is
    cut off; what a Deny kept out gets in where a network security group lets it. The
    list of groups takes the place of the one that is there. Delete a collection or
    configuration that is left without rules or groups too
    (`avnm-security-admin-present`), and see that the group is in some configuration
    still (`avnm-group-in-config`).

    ## Exceptions
    Where the rules are a ban and an exception from it for one group, with the lower
    priority number, both are meant: accept the finding with an owner and an expiry.

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Security admin rules in Azure Virtual Network Manager
    """
    groups = membership(tenant)
    members = groups.members(group.key)
    if id_key(group.parts.parent) in groups.facts.managers:
        _cite_manager(tenant.known(NetworkManager, group.parts.parent))
    for member in islice(members, CITED):
        network = tenant.known(VirtualNetwork, member)
        if network:
            _cite_ways(network, groups.standings[member])
    shared = {
        other: key
        for key in members
        for other in groups.standings[key].groups
        if other != group.key
    }
    clashes = [*_clashes(group.key, shared, tenant)]
    if clashes:
        return warned(f"rules for networks in both conflict: {some(clashes)}")
    if shared:
        names = some(shown(_name(groups.facts.groups[each].id)) for each in shared)
        return info(f"shares networks with {names}; no rules were found to conflict")
    require_known(groups.doubts(group.key))
    require_known(doubt for key in members for _, doubt in groups.standings[key].open)
    tenant.all(VirtualNetwork).require_whole()
    if not members:
        for stale in islice(tenant.children(group, StaticMember), CITED):
            stale.cite(StaticMember.resource_id)
        require_all_scanned(tenant, "networks in it")
        return not_applicable("no network that its manager manages is in it")
    what = count(len(members), "network", "networks")
    return passed(f"{what} in it, and in no other group")


def _clashes(group: str, others: Iterable[str], tenant: Tenant) -> Iterator[str]:
    """Yield the rules for a group that are at odds with those for another, once."""
    own = [*_rules(group, tenant)]
    told = set[frozenset[str]]()
    for other in others:
        for one, two in clashing(own, _rules(other, tenant)):
            pair = frozenset({one.id, two.id})
            if _collection(one) != _collection(two) and pair not in told:
                told.add(pair)
                yield f"{shown(_name(one.id))} and {shown(_name(two.id))}"


def _collection(rule: AdminRule) -> str:
    return id_key(ResourceId.parse(rule.id).parent)


def _rules(group: str, tenant: Tenant) -> Iterator[AdminRule]:
    """Yield the security admin rules that apply to a group; raises NotRead."""
    for collection in tenant.referring(AdminRuleCollection, "group_ids", group):
        for rule in collection.rules:
            yield _rule(rule)


def _rule(rule: AdminRuleView) -> AdminRule:
    return AdminRule(
        id=rule.id,
        access=_said(rule, rule.access),
        direction=_said(rule, rule.direction),
        protocol=rule.protocol or "Any",
        ports=rule.ports or (),
        sources=rule.sources or (),
        destinations=rule.destinations or (),
        source_ports=rule.source_ports or (),
    )


def _said(rule: AdminRuleView, value: str | None) -> str:
    """Return what a rule has to say; raises NotRead where it does not."""
    if not value:
        raise rule.unread("properties.access or direction", "says nothing")
    return value


CHECKS: tuple[Check[Any], ...] = (
    group_in_config,
    static_stale,
    vnet_uncovered,
    multi_group,
)
