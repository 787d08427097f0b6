"""Who can take networks out of their group by changing a tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.avnm import CONTROLS
from checks.grants import access, bounded, cite, is_approved, who
from checks.network_groups import membership
from checks.wording import shown, some
from scanner.access.answers import Grant, Result
from scanner.access.facts import Missing
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import VirtualNetwork
from scanner.model.policy import PolicyDefinition
from scanner.model.tenant import Tenant

WRITE_NETWORK = "Microsoft.Network/virtualNetworks/write"
WRITE_TAGS = "Microsoft.Resources/tags/write"
WRITE_GROUP = "Microsoft.Network/networkManagers/networkGroups/write"


@dataclass(frozen=True, slots=True)
class Hold:
    """What an assignment lets its principal do to networks chosen by their tags."""

    grant: Grant
    networks: tuple[str, ...]
    """By key."""


def holds(tenant: Tenant) -> Mapping[str, Hold]:
    """Return the assignments in force that let tags of such networks be written.

    By the key of the assignment; make it once, by `Tenant.once`.
    """
    at = defaultdict[str, list[str]](list)
    for network, standing in membership(tenant).facts.networks.items():
        if membership(tenant).by_tags(network):
            for scope in standing.scopes:
                at[scope].append(network)
    return {
        id_key(grant.assignment_id): Hold(grant, tuple(at[id_key(grant.scope)]))
        for grant in _writing(tenant)
        if id_key(grant.scope) in at
    }


def _writing(tenant: Tenant) -> Iterator[Grant]:
    for action in (WRITE_NETWORK, WRITE_TAGS):
        for grant in access(tenant).giving(action):
            if not grant.eligible and grant.managing_tenant is None:
                yield grant


def tag_writers(tenant: Tenant) -> frozenset[str]:
    """Return the assignments to judge, by key."""
    return frozenset(tenant.once(holds))


@check(
    id="avnm-tag-tamper",
    title="Only who looks after network groups can write the tags that fill them",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=tag_writers,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "NIST-800-53:AC-6"),
)
def tag_tamper(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.if` of policies, and who may write tags of networks.

    Answers for each assignment in force that gives `virtualNetworks/write` or
    `Microsoft.Resources/tags/write` on a network which a policy takes into a group by
    a condition on tags. It passes for principals that may write the network group
    itself, for they look after it, and for those approved of. An assignment whose role
    was not read is left out.

    ## Why it matters
    Where a tag decides, whoever writes the tag decides. A team that finds the security
    admin rules in its way changes one word and its network has left the guard rails at
    the next evaluation, without touching anything that looks like security.

    ## How to fix
    Give teams roles on what is in the network instead of the network itself, or let
    the policy go by what they cannot change, such as the subscription, or deny changes
    of the tag by a second policy.

    ```sh
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```bicep
    if: {
      allOf: [
        { field: 'type', equals: 'Microsoft.Network/virtualNetworks' }
        { value: '[subscription().subscriptionId]', in: productionSubscriptions }
      ]
    }
    ```

    ```terraform
    if = { allOf = [
      { field = "type", equals = "Microsoft.Network/virtualNetworks" },
      { value = "[subscription().subscriptionId]", in = var.production_subscriptions },
    ] }
    ```

    Pipelines that deploy networks write them: list their identities instead.

    ## Settings
    - `approved_principals`, `break_glass_principals`: may write any tag

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    hold = tenant.once(holds)[assignment.key]
    _cite(hold, tenant)
    if is_approved(tenant, hold.grant.principal_id):
        return passed(f"{who(hold.grant)} is approved of")
    unlooked, missing = _not_looked_after(hold, tenant)
    names = some(shown(_name(each)) for each in unlooked or hold.networks)
    if not unlooked:
        return passed(f"{who(hold.grant)} looks after the groups of {names} too")
    reason = f"{who(hold.grant)} can write the tags that keep {names} in a group"
    return warned(bounded(reason, missing))


def _name(resource_id: str) -> str:
    return ResourceId.parse(resource_id).name


def _not_looked_after(
    hold: Hold, tenant: Tenant
) -> tuple[list[str], tuple[Missing, ...]]:
    """Return the networks whose group the principal may not write itself."""
    groups, found = membership(tenant), []
    missing: dict[Missing, None] = {}
    for network in hold.networks:
        for rule in groups.by_tags(network):
            decision = access(tenant).can(
                hold.grant.principal_id, WRITE_GROUP, rule.group
            )
            if decision.result is not Result.ALLOWED:
                found.append(groups.facts.networks[network].subject.id)
                missing.update(dict.fromkeys(decision.missing))
                break
    return found, tuple(missing)


def _cite(hold: Hold, tenant: Tenant) -> None:
    """Note the grant, and a network with the conditions on its tags."""
    network = tenant.known(VirtualNetwork, hold.networks[0])
    if network is None:
        raise NotRead(f"{hold.networks[0]} was not read")
    cite(tenant, (hold.grant,), network)
    network.cite(VirtualNetwork.tags)
    for rule in membership(tenant).by_tags(network.key):
        definition = tenant.known(PolicyDefinition, rule.definition_id)
        if definition:
            definition.cite(PolicyDefinition.condition)


CHECKS: tuple[Check[Any], ...] = (tag_tamper,)
