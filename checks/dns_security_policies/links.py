"""Links of DNS security policies to networks, and whether they hold."""

from __future__ import annotations

from typing import Any, TypeVar

from checks.dns_security_policies.controls import FILTERING, LOGGING, REACH
from checks.shared.wording import shown, some
from scanner.dns.facts import Doubt
from scanner.dns.reading import asked, region_of, require_known
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
from scanner.model.dns import PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.fields import Field
from scanner.model.ids import ResourceId, id_key
from scanner.model.listing import Listing
from scanner.model.network import VirtualNetwork
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

C = TypeVar("C", bound=Resource)


@check(
    id="dns-vnet-single-policy",
    title="A virtual network is linked to one DNS security policy",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=PolicyLink,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def vnet_single_policy(link: PolicyLink, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.virtualNetwork.id` of every link that was scanned.

    Azure lets a network have one policy (DNS security policy documentation), so two
    links of different policies to one network contradict each other. Within one
    subscription that fails. Across subscriptions it more likely means that one of the
    answers was stale, and the link is not assessed. A link that names no network (Azure
    always returns one) may be to any: it is not assessed, and nothing passes beside it.

    ## Why it matters
    With two policies on paper nobody can say which one blocks. People edit the list of
    the one that is not in force and wonder why nothing changes.

    ## How to fix
    Keep the link to the policy that should decide and delete the other one; scan again
    if Azure shows only one.

    ```sh
    az dns-resolver policy vnet-link list --resource-group RG --policy-name POLICY
    az dns-resolver policy vnet-link delete --resource-group RG --policy-name POLICY \
      --name LINK
    ```

    Between deleting a link and making the next one the network has no policy.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    links = tenant.referring(PolicyLink, "leads_to", link.leads_to)
    own = id_key(link.parts.parent)
    others = [each for each in links.known() if id_key(each.parts.parent) != own]
    if others:
        return _several(link, others)
    links.require_whole()
    return passed("no other policy is linked to the network")


def _several(link: PolicyLink, others: list[PolicyLink]) -> Verdict:
    for each in others:
        each.cite(PolicyLink.network_id)
    named = some(shown(_policy_name(each)) for each in others)
    near = id_key(link.parts.subscription)
    if not any(id_key(each.parts.subscription) == near for each in others):
        raise NotRead(f"another subscription's policy has the network too: {named}")
    return failed(f"the network is linked to another policy too: {named}")


def _policy_name(link: PolicyLink) -> str:
    return ResourceId.parse(link.parts.parent).name


@check(
    id="dns-link-region-match",
    title="Linked networks lie in the region of their DNS security policy",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=PolicyLink,
    guidance=Post.DNS_POLICIES,
    controls=REACH,
)
def link_region_match(link: PolicyLink, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.virtualNetwork.id`, and `location` of the network and the policy.

    Regions compare without case and spaces. A location that is absent or null is not
    assessed (Azure always returns it); a network that does not exist any more is not
    applicable, and what `dns-link-state` is about.

    ## Why it matters
    A policy works in its own region. Azure refuses links across regions, so one that
    exists is left over, for example from a network that was made anew elsewhere under
    its old name, and its queries are most likely not seen.

    ## How to fix
    Link the network to a policy of its own region, and delete the link that is left.

    ```sh
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name VNET --location REGION --virtual-network "{id:VNET_ID}"
    ```

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    network = tenant.get(VirtualNetwork, link.leads_to)
    if network is None:
        return not_applicable("the network does not exist")
    policy = tenant.get(ResolverPolicy, link.parts.parent)
    if policy is None:
        raise NotRead(f"the policy of {link.id} was not read")
    where, here = shown(region_of(network)), shown(region_of(policy))
    if where != here:
        return failed(f"the network lies in {where}, the policy in {here}")
    return passed(f"network and policy lie in {here}")


@check(
    id="dns-link-state",
    title="Links of DNS security policies work and lead to a network",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=PolicyLink,
    guidance=Post.DNS_POLICIES,
    controls=REACH,
)
def link_state(link: PolicyLink, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.provisioningState` and whether the linked network exists.

    Azure returns a state for every link (recorded responses, 2025-05-01): one that is
    absent or null is not assessed. A network in a subscription that a scan of the whole
    tenant does not have counts as missing.

    ## Why it matters
    A link that failed, or whose network is gone, makes the policy look used. The
    network that came in its place has no policy at all.

    ## How to fix
    Delete the link, and make it anew for the network that is there now.

    ```sh
    az dns-resolver policy vnet-link delete --resource-group RG --policy-name POLICY \
      --name LINK
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name LINK --location REGION --virtual-network "{id:VNET_ID}"
    ```

    A link that is just being made or changed says so in its state: scan again before
    deleting it.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    state = link.provisioning_state
    if state is not None and state.lower() != "succeeded":
        return warned(f"its provisioningState is {shown(state)}")
    network_id = link.leads_to
    named = shown(ResourceId.parse(network_id).name)
    if tenant.is_foreign(network_id):
        return warned(f"{named} is in no subscription of this tenant")
    if tenant.get(VirtualNetwork, network_id) is None:
        return warned(f"its network {named} does not exist")
    if state is None:
        raise link.unread("properties.provisioningState", "says nothing")
    return passed(f"it leads to {named}")


@check(
    id="dns-policy-orphan",
    title="DNS security policies have networks and rules",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=ResolverPolicy,
    guidance=Post.DNS_POLICIES,
    controls=LOGGING,
)
def policy_orphan(policy: ResolverPolicy, tenant: Tenant) -> Verdict:
    r"""
    Reads `virtualNetworkLinks` and `dnsSecurityRules`, the children of the policy.

    None of either is a warning: without links the policy sees no query, without rules
    it decides none. It then still logs, so with `dns_filtering_expected` off a policy
    without rules passes.

    ## Why it matters
    A policy that nobody uses is mistaken for protection in every inventory, and it is
    the one that gets edited in an emergency, to no effect.

    ## How to fix
    Link the networks of its region and give it rules, or delete it.

    ```sh
    az dns-resolver policy vnet-link create --resource-group RG --policy-name POLICY \
      --name VNET --location REGION --virtual-network "{id:VNET_ID}"
    az dns-resolver policy delete --resource-group RG --name POLICY
    ```

    ## Settings
    `dns_filtering_expected`: off where policies are kept for their log alone.

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    doubts: list[Doubt] = []
    linked = asked(doubts, lambda: _has_any(policy.links, PolicyLink.network_id))
    ruled = asked(doubts, lambda: _has_any(policy.rules, SecurityRule.priority))
    expected = tenant.settings.dns_filtering_expected
    if linked is False:
        return warned("no network is linked to it: it sees no query")
    if ruled is False and expected:
        return warned("it has no rules: it logs at best, and decides nothing")
    require_known(doubts)
    return passed("networks are linked to it, and it has what it is for")


def _has_any(children: Listing[C], field: Field[Any]) -> bool:
    """Whether there is a child; the first is evidence, by one of its fields."""
    for child in children:
        child.cite(field)
        return True
    return False


CHECKS: tuple[Check[Any], ...] = (
    vnet_single_policy,
    link_region_match,
    link_state,
    policy_orphan,
)
