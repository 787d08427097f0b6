from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.dns_security_policies.links import (
    CHECKS,
    link_region_match,
    link_state,
    policy_orphan,
    vnet_single_policy,
)
from scanner.model.check import Status
from scanner.model.dns import PolicyLink, ResolverPolicy, SecurityRule
from scanner.model.network import VirtualNetwork
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
SECOND = "/subscriptions/cccccccc-0000-0000-0000-000000000002"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network"
POLICY = f"{NETWORK}/dnsResolverPolicies/policy"
OTHER = f"{NETWORK}/dnsResolverPolicies/other"
FAR = OTHER.replace(SUBSCRIPTION, SECOND)
LINK = f"{POLICY}/virtualNetworkLinks/link"
VNET = f"{NETWORK}/virtualNetworks/vnet"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

SUBSCRIBED = {"id": SECOND, "subscriptionId": SECOND[-36:], "displayName": "Second"}


def resource(at: str, location: object = "eastus", **properties: object) -> Body:
    return {"id": at, "location": location, "properties": properties}


def policy(at: str = POLICY, location: object = "eastus") -> Body:
    return resource(at, location)


def vnet(location: object = "eastus") -> Body:
    return resource(VNET, location, addressSpace={"addressPrefixes": ["10.0.0.0/16"]})


def link(network: object = VNET, state: object = "Succeeded", at: str = LINK) -> Body:
    return resource(at, virtualNetwork={"id": network}, provisioningState=state)


def rule() -> Body:
    return resource(f"{POLICY}/dnsSecurityRules/rule", priority=100)


def second(of: str) -> Body:
    return link(VNET.upper(), at=f"{of}/virtualNetworkLinks/second")


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "dns-vnet-single-policy",
        "dns-link-region-match",
        "dns-link-state",
        "dns-policy-orphan",
    ]


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((link(),), PASS),
        ((link(), second(POLICY)), PASS),
        ((link(), policy(OTHER), second(OTHER)), FAIL),
        ((link(), SUBSCRIBED, policy(FAR), second(FAR)), UNREAD),
        ((link(), SUBSCRIBED, policy(FAR), second(FAR), second(OTHER)), FAIL),
        ((link(), link(None, at=f"{OTHER}/virtualNetworkLinks/lost")), UNREAD),
        ((link(None),), UNREAD),
        ((link(5),), UNREAD),
    ],
)
def test_policies_of_a_network(
    verdicts: Verdicts, bodies: tuple[Body, ...], status: Status
) -> None:
    more = [policy(OTHER)] if all(each["id"] != OTHER for each in bodies) else []
    results = verdicts(vnet_single_policy, policy(), *bodies, *more)
    assert results.only(LINK).status is status


def test_policies_of_a_network_unread(verdicts: Verdicts) -> None:
    unread: list[Any] = [(PolicyLink, OTHER)]
    bodies = policy(), link(), policy(OTHER)
    results = verdicts(vnet_single_policy, *bodies, unread=unread)
    assert results.only(LINK).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((policy(), vnet(), link()), PASS),
        ((policy(), vnet("East US"), link()), PASS),
        ((policy(), vnet("uksouth"), link()), FAIL),
        ((policy(), vnet(None), link()), UNREAD),
        ((policy(), vnet(5), link()), UNREAD),
        ((policy(location=None), vnet(), link()), UNREAD),
        ((policy(), link()), NONE),
        ((policy(), vnet(), link(VNET.replace(SUBSCRIPTION, SECOND))), UNREAD),
        ((policy(), vnet(), link(None)), UNREAD),
    ],
)
def test_regions(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(link_region_match, *bodies).only(LINK).status is status


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ((vnet(), link()), PASS),
        ((vnet(), link(VNET.upper(), "succeeded")), PASS),
        ((vnet(), link(state="Failed")), WARN),
        ((vnet(), link(state=None)), UNREAD),
        ((vnet(), link(state=5)), UNREAD),
        ((vnet(), link(None)), UNREAD),
        ((link(),), WARN),
        ((link(state=None),), WARN),
        ((vnet(), link(VNET.replace(SUBSCRIPTION, SECOND))), WARN),
    ],
)
def test_states(verdicts: Verdicts, bodies: tuple[Body, ...], status: Status) -> None:
    assert verdicts(link_state, policy(), *bodies).only(LINK).status is status


def test_states_of_a_narrowed_scan(verdicts: Verdicts) -> None:
    far = link(VNET.replace(SUBSCRIPTION, SECOND))
    results = verdicts(link_state, policy(), far, whole_tenant=False)
    assert results.only(LINK).status is UNREAD


@pytest.mark.parametrize("check", [link_region_match, link_state])
def test_networks_unread(verdicts: Verdicts, check: Any) -> None:
    unread = [(VirtualNetwork, SUBSCRIPTION)]
    results = verdicts(check, policy(), vnet(), link(), unread=unread)
    assert results.only(LINK).status is UNREAD


@pytest.mark.parametrize("check", CHECKS[:3], ids=lambda check: check.id)
def test_a_body_without_properties(verdicts: Verdicts, check: Any) -> None:
    bare = {"id": LINK, "location": "eastus"}
    assert verdicts(check, policy(), vnet(), bare).only(LINK).status is UNREAD


@pytest.mark.parametrize(
    ("bodies", "filters", "status"),
    [
        ((link(), rule()), True, PASS),
        ((link(),), True, WARN),
        ((link(),), False, PASS),
        ((rule(),), True, WARN),
        ((rule(),), False, WARN),
        ((), True, WARN),
    ],
)
def test_orphans(
    verdicts: Verdicts, bodies: tuple[Body, ...], filters: bool, status: Status
) -> None:
    settings = Settings(dns_filtering_expected=filters)
    results = verdicts(policy_orphan, policy(), *bodies, settings=settings)
    assert results.only(POLICY).status is status


@pytest.mark.parametrize(
    ("view", "bodies", "status"),
    [
        (PolicyLink, (link(), rule()), UNREAD),
        (PolicyLink, (link(),), WARN),
        (SecurityRule, (link(), rule()), UNREAD),
        (SecurityRule, (rule(),), WARN),
    ],
)
def test_orphans_unread(
    verdicts: Verdicts, view: Any, bodies: tuple[Body, ...], status: Status
) -> None:
    unread = [(view, POLICY)]
    results = verdicts(policy_orphan, policy(), *bodies, unread=unread)
    assert results.only(POLICY).status is status


def test_policies_unread(verdicts: Verdicts) -> None:
    [result] = verdicts(policy_orphan, unread=[(ResolverPolicy, SUBSCRIPTION)])
    assert result.status is UNREAD
