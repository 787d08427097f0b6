"""The demo tenant: as real as one nobody has can be, and a story for every check."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

import checks
from scanner import demo
from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.check import FINDINGS, Check, Status
from scanner.model.cloud import Suffixes
from scanner.model.directory import DirectoryObject, GroupMember
from scanner.model.ids import ResourceId, id_key
from scanner.model.resources import Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

Body = Mapping[str, Any]

BODIES: tuple[Body, ...] = tuple(demo.bodies())
IDS = {id_key(body["id"]) for body in BODIES}
SUBSCRIPTIONS = {
    body["id"]
    for body in BODIES
    if ResourceId.parse(body["id"]).type == Subscription.type
}
TEXT = json.dumps(BODIES)

GUID = re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
ADDRESS = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
REFERENCE = re.compile(r"(?i)/subscriptions/[^/]+/resourcegroups/[^/]+/providers/.+")

AZURE_OWN = {
    "00000000-0000-0000-0000-000000000000",  # everyone, in deny assignments
    "00000000-0000-0000-0000-000000000002",  # Cosmos DB's data contributor role
}

REFERRED = (
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.Network/dnsResolverDomainLists",
    "Microsoft.Network/networkManagers",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/networkSecurityPerimeters",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Search/searchServices",
    "Microsoft.Storage/storageAccounts",
)
"""Top-level types that the demo tenant has whole: what names one must find it."""

ELSEWHERE = (
    "/workspaces/log-lab-2023",
    "/dnsresolverdomainlists/dl-block-2024",
    "/networkmanagers/nm-partner",
    "/privateendpoints/pe-partner-lab",
    "/virtualnetworks/vnet-pricing-2024",
    "/workspaces/hub-sandbox-2023",
)
"""What is another tenant's, or gone: the demo tenant names it for checks to find."""

DRAFT = "dnspol-draft-weu"
"""The DNS security policy that nobody finished."""

LINKED_TWICE = {"vnet-pricing-weu"}
"""Networks that were made anew elsewhere while a link of the old one stayed."""

NEVER_PASS = {
    "aoai-disable-readiness": Status.INFO,
    "avnm-security-admin-present": Status.INFO,
    "dns-alert-no-op": Status.INFO,
    "foundry-cmk-cosmos-public": Status.INFO,
    "foundry-cmk-rg-lock": Status.INFO,
}
"""Checks whose best answer is a fact."""

NEVER_FIND = {
    "aoai-apim-front",
    "aoai-outbound-empty-list",
    "aoai-outbound-fqdn-dangling",
    "aoai-outbound-policy-guardrail",
    "aoai-outbound-vnet-not-substitute",
    "avnm-membership-pending",
    "delegation-builtin-conditioned",
    "delegation-not-used",
    "dns-domain-list-unreferenced",
    "dns-rule-count",
    "fdp-hub-legacy",
    "nsp-associated",
    "xt-vnet-foreign-pool",
}
"""Checks that find nothing: at worst they tell a fact, or ask."""

ON_REQUEST = {"abac-hand-written"}
"""Checks that are not applicable unless a setting says so."""


@pytest.fixture(scope="module")
def results() -> dict[str, list[Result]]:
    records, readings = assemble(BODIES, demo.TENANT_ID, demo.parents())
    assert all(reading.whole for reading in readings)
    inventory = Inventory(
        demo.TENANT_ID,
        records,
        readings,
        read_at=READ_AT,
        suffixes=Suffixes(),
        whole_tenant=True,
    )
    by_check = defaultdict(list)
    for result in Judge(inventory, Settings()).results(checks.ALL):
        by_check[result.check.id].append(result)
    return by_check


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.id)
def test_every_check_has_something_to_praise_and_something_to_find(
    check: Check[Any], results: dict[str, list[Result]]
) -> None:
    statuses = Counter(result.status for result in results[check.id])
    if check.id in ON_REQUEST:
        assert statuses.keys() == {Status.NOT_APPLICABLE}
        return
    if statuses.keys() <= {Status.INFO, Status.MANUAL, Status.NOT_APPLICABLE}:
        assert statuses[Status.INFO] + statuses[Status.MANUAL], dict(statuses)
        return
    best = NEVER_PASS.get(check.id, Status.PASS)
    assert statuses[best], dict(statuses)
    found = sum(statuses[status] for status in FINDINGS)
    assert bool(found) is (check.id not in NEVER_FIND), dict(statuses)


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.id)
def test_everything_is_assessed(
    check: Check[Any], results: dict[str, list[Result]]
) -> None:
    for result in results[check.id]:
        assert result.status is not Status.NOT_ASSESSED, result.reason
        assert "internal error" not in result.reason


def test_every_body_is_one_resource() -> None:
    counts = Counter(id_key(body["id"]) for body in BODIES)
    assert [one for one, count in counts.items() if count > 1] == []


def test_every_body_is_of_a_collected_type() -> None:
    records, _ = assemble(BODIES, demo.TENANT_ID, demo.parents())
    assert {id_key(record.id) for record in records} == IDS


def test_every_body_is_in_a_group_and_subscription_that_exist() -> None:
    for body in BODIES:
        parts = ResourceId.parse(body["id"])
        if parts.subscription:
            scope = f"/subscriptions/{parts.subscription}"
            assert scope in SUBSCRIPTIONS, body["id"]
            if parts.resource_group:
                group = id_key(f"{scope}/resourceGroups/{parts.resource_group}")
                assert group in IDS, body["id"]


def test_children_and_extensions_have_their_parents() -> None:
    for body in BODIES:
        parts = ResourceId.parse(body["id"])
        if parts.type.endswith("/events/ticks"):
            assert id_key(body["resourceId"]) in IDS, body["id"]
        elif parts.type.count("/") > 1 or "/diagnosticSettings" in parts.type:
            assert id_key(parts.parent) in IDS, body["id"]


def test_a_body_says_of_what_type_it_is_or_nothing() -> None:
    for body in BODIES:
        said = body.get("type")
        if said is not None:
            assert said.lower() == ResourceId.parse(body["id"]).type.lower()


def test_what_bodies_refer_to_exists() -> None:
    known = {one.lower() for one in REFERRED}
    for body in BODIES:
        for value in _texts(body):
            target, kind = _top_level(value)
            if not REFERENCE.fullmatch(value) or target.endswith(ELSEWHERE):
                continue
            if kind in known:
                assert target in IDS, f"{body['id']} refers to {value}"


def test_private_endpoints_are_in_subnets_that_exist() -> None:
    networks = {id_key(body["id"]): body for body in BODIES}
    for body in _of_type("Microsoft.Network/privateEndpoints"):
        subnet = body["properties"]["subnet"]["id"]
        network = networks[id_key(subnet.rpartition("/subnets/")[0])]
        subnets = {id_key(one["id"]) for one in network["properties"]["subnets"]}
        assert id_key(subnet) in subnets


def test_both_ends_of_a_private_endpoint_agree() -> None:
    made = {id_key(body["id"]): body for body in BODIES}
    for body in BODIES:
        connections = body.get("properties", {}).get("privateEndpointConnections")
        for connection in connections or ():
            key = id_key(connection["properties"]["privateEndpoint"]["id"])
            if key.endswith(ELSEWHERE):
                continue
            endpoint = made[key]
            lead = endpoint["properties"]
            targets = {
                id_key(one["properties"]["privateLinkServiceId"])
                for one in [
                    *lead["privateLinkServiceConnections"],
                    *lead["manualPrivateLinkServiceConnections"],
                ]
            }
            assert id_key(body["id"]) in targets


def test_peerings_have_two_ends() -> None:
    peerings = {
        (id_key(body["id"]), id_key(one["properties"]["remoteVirtualNetwork"]["id"]))
        for body in _of_type("Microsoft.Network/virtualNetworks")
        for one in body["properties"]["virtualNetworkPeerings"]
    }
    assert peerings == {(remote, own) for own, remote in peerings}


def test_roles_that_are_assigned_are_defined() -> None:
    defined = {
        body["name"] for body in _of_type("Microsoft.Authorization/roleDefinitions")
    }
    for body in _of_type("Microsoft.Authorization/roleAssignments"):
        assert body["properties"]["roleDefinitionId"].rpartition("/")[2] in defined


def test_a_network_has_one_policy_and_a_priority_one_rule() -> None:
    networks = Counter(
        id_key(body["properties"]["virtualNetwork"]["id"])
        for body in _of_type(
            "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks"
        )
    )
    rules = Counter(
        (id_key(ResourceId.parse(body["id"]).parent), body["properties"]["priority"])
        for body in _of_type("Microsoft.Network/dnsResolverPolicies/dnsSecurityRules")
    )
    twice = {network for network, links in networks.items() if links > 1}
    assert {network.rpartition("/")[2] for network in twice} == LINKED_TWICE
    assert [policy for (policy, _), each in rules.items() if each > 1] == [
        id_key(policy["id"])
        for policy in _of_type("Microsoft.Network/dnsResolverPolicies")
        if policy["name"] == DRAFT
    ]


def test_a_condition_names_the_workspace_it_is_for() -> None:
    workspaces = {
        body["properties"]["workspaceId"]
        for body in _of_type("Microsoft.MachineLearningServices/workspaces")
    }
    projects = {
        str(UUID(body["properties"]["internalId"]))
        for body in _of_type("Microsoft.CognitiveServices/accounts/projects")
    }
    named = {
        guid
        for body in _of_type("Microsoft.Authorization/roleAssignments")
        if "containers:name" in (body["properties"]["condition"] or "")
        for guid in GUID.findall(body["properties"]["condition"])
    }
    assert named
    assert named <= workspaces | projects


def test_the_directory_names_whom_roles_are_given_to() -> None:
    given: dict[str, str] = {}
    for kind in ("roleAssignments", "roleEligibilityScheduleInstances"):
        for body in _of_type(f"Microsoft.Authorization/{kind}"):
            grant = body["properties"]
            given[grant["principalId"]] = grant["principalType"]
    named = {body["name"]: body for body in _of_type(DirectoryObject.type)}
    assert set(named) <= set(given)
    gone = {given[principal] for principal in set(given) - set(named)}
    assert gone >= {"User", "Group"}
    for name, body in named.items():
        assert body["kind"].lower() == given[name].lower()
        assert body["properties"]["id"] == name


def test_groups_have_people_applications_and_groups_in_them() -> None:
    groups = {
        body["id"] for body in _of_type(DirectoryObject.type) if body["kind"] == "group"
    }
    members = list(_of_type(GroupMember.type))
    assert {ResourceId.parse(body["id"]).parent for body in members} == groups
    kinds = {body["kind"] for body in members}
    assert kinds == {"user", "group", "servicePrincipal"}


def test_nobody_real_is_named() -> None:
    domains = set(ADDRESS.findall(TEXT))
    assert all(domain.endswith(".example") for domain in domains), domains


def test_ids_are_invented_and_not_filled_in() -> None:
    guids = GUID.findall(TEXT)
    assert demo.TENANT_ID in guids
    assert {guid for guid in guids if len(set(guid)) < 6} == AZURE_OWN


def test_the_oddities_of_the_live_api_are_there() -> None:
    accounts = list(_of_type("Microsoft.CognitiveServices/accounts"))
    settings = list(_of_type("Microsoft.Insights/diagnosticSettings"))
    alerts = list(_of_type("Microsoft.Insights/activityLogAlerts"))
    logs = [log for one in settings for log in one["properties"]["logs"]]
    assert not any(
        one["properties"].get("disableLocalAuth") is False for one in accounts
    )
    assert any("publicNetworkAccess" not in one["properties"] for one in accounts)
    assert any(not one["id"].startswith("/") for one in settings)
    assert any(one["type"] is None for one in settings)
    assert {log["category"] is None for log in logs} == {True, False}
    assert all(
        (log["category"] is None) != (log["categoryGroup"] is None) for log in logs
    )
    assert {one["type"] for one in alerts} == {"Microsoft.Insights/ActivityLogAlerts"}


def _of_type(resource_type: str) -> Iterator[Body]:
    for body in BODIES:
        if ResourceId.parse(body["id"]).type.lower() == resource_type.lower():
            yield body


def _top_level(text: str) -> tuple[str, str]:
    """Return the top-level resource an id is of or under: its key and its type."""
    segments = id_key(text).split("/")[:9]
    return "/".join(segments), "/".join(segments[6:8])


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in a body."""
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
