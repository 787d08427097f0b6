"""Who can take networks out of their group by changing a tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from checks.avnm.groups import cite_condition
from checks.avnm.network_groups import membership, require_known
from checks.avnm.policies import CONTROLS
from checks.shared.citing import cite
from checks.shared.grants import (
    access,
    asks_nothing,
    bounded,
    is_approved,
    require_settled,
    who,
)
from checks.shared.model_access import undefined
from checks.shared.reach import of_unknown_role
from checks.shared.taken import or_unclear, understood
from checks.shared.wording import FIRST, shown
from scanner.access.answers import Grant
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
from scanner.model.ids import id_key
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
    networks: Mapping[str, list[str]]
    """By the manager of the groups that tags keep them in; everything by key."""


def by_tags(tenant: Tenant) -> Mapping[str, Mapping[str, list[str]]]:
    """Return the networks that tags alone keep in groups, by the scopes they lie in.

    Of each scope by the manager of the groups. Make it once, by `Tenant.once`.
    """
    groups = membership(tenant)
    found: dict[str, dict[str, list[str]]] = {}
    for network in groups.facts.networks:
        rules = groups.by_tags(network)
        for manager in sorted({groups.facts.groups[r.group].manager for r in rules}):
            for scope in access(tenant).scopes(network):
                found.setdefault(scope, {}).setdefault(manager, []).append(network)
    return found


def holds(tenant: Tenant) -> Mapping[str, Hold]:
    """Return the assignments in force that let tags of such networks be written.

    By the key of the assignment; make it once, by `Tenant.once`.
    """
    at = tenant.once(by_tags)
    return {
        id_key(grant.assignment_id): Hold(grant, at[id_key(grant.scope)])
        for grant in _writing(tenant)
        if id_key(grant.scope) in at
    }


Keepers = tuple[frozenset[str], tuple[Missing, ...]]
"""Who may write all groups of a manager, and why there may be more of them."""


def keepers(tenant: Tenant) -> Mapping[str, Keepers]:
    """Return who looks after the groups of each manager; make it once."""
    managers = membership(tenant).facts.managers
    return {key: _keepers(tenant, each.id) for key, each in managers.items()}


def _keepers(tenant: Tenant, manager: str) -> Keepers:
    answer = access(tenant).who_can(WRITE_GROUP, manager)
    sure = [g for g in answer.active if asks_nothing(tenant, g) and not g.contested_by]
    holders = {
        name.lower() for g in sure for name in (g.principal_id, g.via_group or "")
    }
    return frozenset(holders), answer.missing


def _writing(tenant: Tenant) -> Iterator[Grant]:
    for action in (WRITE_NETWORK, WRITE_TAGS):
        for grant in access(tenant).giving(action):
            if not grant.eligible and grant.managing_tenant is None:
                yield grant


def tag_writers(tenant: Tenant) -> frozenset[str]:
    """Return the assignments to judge, by key, with those whose role was not read.

    Raises NotRead if there are none, but networks may be in groups by their tags.
    """
    at = tenant.once(by_tags)
    if not at:
        _require_no_more(tenant)
    unknown = (key for key, scope in of_unknown_role(tenant) if id_key(scope) in at)
    return frozenset((*tenant.once(holds), *unknown))


def _require_no_more(tenant: Tenant) -> None:
    groups = membership(tenant)
    require_known(groups.facts.doubts)
    if groups.facts.managers:
        tenant.all(VirtualNetwork).require_whole()
        every = groups.standings.values()
        require_known(doubt for each in every for _, doubt in each.open)


@check(
    id="avnm-tag-tamper",
    title="Only who looks after network groups can write the tags that fill them",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=or_unclear(tag_writers),
    where=understood,
    guidance=Post.AVNM,
    controls=(*CONTROLS, "NIST-800-53:AC-6"),
)
def tag_tamper(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.policyRule.if` of policies, and who may write tags of networks.

    Answers for each assignment in force that gives `virtualNetworks/write` or
    `Microsoft.Resources/tags/write` on a network which a policy keeps in a group by a
    condition on tags. A network that is a static member too does not count, nor one
    which the condition or another policy takes in whatever its tags are: no tag takes
    it out. Nor does it count where that is not known. It passes for principals that
    may write all network groups of the manager, for they look after them, and for
    those approved of. An assignment whose role was not read is left out.

    ## Why it matters
    Where a tag decides, whoever writes the tag decides. A team that finds the security
    admin rules in its way changes one word and its network has left the guard rails at
    the next evaluation, without touching anything that looks like security.

    ## How to fix
    Give teams roles on what is in the network instead of the network itself, or let
    the policy go by what they cannot change, such as the subscription.

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

    Another condition may take in other networks, and let some go: compare the members
    of the group first.

    ## Exceptions
    Pipelines that deploy networks have to write them, and a second policy may deny
    changes of the tag, which is not looked at here: accept the finding then. Whom
    `approved_principals` lists passes other checks of who holds what as well.

    ## Settings
    - `approved_principals`, `break_glass_principals`: may write any tag

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    hold = tenant.once(holds).get(assignment.key)
    if hold is None:
        raise undefined(assignment)
    _cite(hold, tenant)
    if is_approved(tenant, hold.grant.principal_id):
        return passed(f"{who(hold.grant)} is approved of")
    strange, missing = _not_looked_after(hold, tenant)
    if not strange:
        names = _names(hold, hold.networks, tenant)
        return passed(f"{who(hold.grant)} looks after the groups of {names} too")
    require_settled(missing)
    names = _names(hold, strange, tenant)
    reason = f"{who(hold.grant)} can write the tags that keep {names} in a group"
    return warned(bounded(reason, missing))


def _names(hold: Hold, managers: Iterable[str], tenant: Tenant) -> str:
    """Return the networks in groups of some managers, the first few by name."""
    keys = list(
        dict.fromkeys(chain.from_iterable(hold.networks[each] for each in managers))
    )
    known = membership(tenant).facts.networks
    first = ", ".join(shown(known[key].subject.parts.name) for key in keys[:FIRST])
    more = len(keys) - FIRST
    return f"{first} and {more} more" if more > 0 else first


def _not_looked_after(
    hold: Hold, tenant: Tenant
) -> tuple[list[str], tuple[Missing, ...]]:
    """Return the managers whose groups the principal may not write."""
    principal, looking_after = hold.grant.principal_id.lower(), tenant.once(keepers)
    found = [each for each in hold.networks if principal not in looking_after[each][0]]
    missing = chain.from_iterable(looking_after[each][1] for each in found)
    return found, tuple(dict.fromkeys(missing))


def _cite(hold: Hold, tenant: Tenant) -> None:
    """Note the grant, and a network with the conditions on its tags."""
    first = next(chain.from_iterable(hold.networks.values()))
    network = tenant.known(VirtualNetwork, first)
    if network is None:
        return
    cite(tenant, (hold.grant,), network)
    network.cite(VirtualNetwork.tags)
    for rule in membership(tenant).by_tags(network.key):
        cite_condition(tenant.known(PolicyDefinition, rule.definition_id), network)


CHECKS: tuple[Check[Any], ...] = (tag_tamper,)
