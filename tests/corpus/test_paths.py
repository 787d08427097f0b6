"""Every ARM path that a view relies on exists in what Azure publishes or returns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.reads import READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.model.fields import declared_paths
from scanner.model.ids import ResourceId
from scanner.model.resource import Resource

Body = dict[str, Any]

VIEWS = tuple(
    dict.fromkeys(
        read.of for read in (SUBSCRIPTIONS, MANAGEMENT_GROUPS, DESCENDANTS, *READS)
    )
)

_AUTHORIZATION = ("principalId", "principalIdDisplayName", "roleDefinitionId")
_AUTHORIZATIONS = (
    "authorizations[].delegatedRoleDefinitionIds",
    *(
        f"{kind}{field}"
        for kind in ("authorizations", "eligibleAuthorizations")
        for field in ("", *(f"[].{name}" for name in _AUTHORIZATION))
    ),
)

_SERVICE = "Microsoft.ApiManagement/service"
"""Learn, API Management REST API, 2024-05-01: no response of it was recorded."""

DOCUMENTED = {
    _SERVICE: {
        "identity.type",
        "identity.principalId",
        "identity.userAssignedIdentities",
        "identity.userAssignedIdentities.{*}.principalId",
        "properties.gatewayUrl",
        "properties.gatewayRegionalUrl",
        "properties.virtualNetworkType",
        "properties.virtualNetworkConfiguration.subnetResourceId",
        "properties.additionalLocations[].virtualNetworkConfiguration.subnetResourceId",
        "properties.privateIPAddresses",
    },
    f"{_SERVICE}/policies": {"properties.value"},
    f"{_SERVICE}/apis/policies": {"properties.value"},
    f"{_SERVICE}/policyFragments": {"properties.value"},
    f"{_SERVICE}/products/policies": {"properties.value"},
    f"{_SERVICE}/products/apiLinks": {"properties.apiId"},
    f"{_SERVICE}/apis": {"properties.serviceUrl", "properties.isCurrent"},
    f"{_SERVICE}/backends": {
        "properties.url",
        "properties.credentials.header",
        "properties.credentials.query",
        "properties.pool.services[].id",
    },
    f"{_SERVICE}/namedValues": {
        "properties.displayName",
        "properties.secret",
        "properties.keyVault.secretIdentifier",
    },
    f"{_SERVICE}/diagnostics": {
        "properties.loggerId",
        "properties.sampling.percentage",
    },
    "Microsoft.CognitiveServices/accounts/managedNetworks": {
        # Bicep reference, Microsoft.CognitiveServices/accounts/managedNetworks
        "properties.managedNetwork.isolationMode",
    },
    "Microsoft.Insights/eventtypes/values": {
        # Learn, Activity Logs - List, 2015-04-01
        "operationName.value",
        "status.value",
        "caller",
        "claims.appid",
        "httpRequest.clientIpAddress",
        "correlationId",
        "resourceId",
        "eventTimestamp",
        "properties.requestbody",
    },
    "Microsoft.Insights/scheduledQueryRules": {
        # Learn, Scheduled Query Rules - List By Subscription, 2021-08-01
        "properties.actions.actionGroups",
    },
    "Microsoft.Management/managementGroups/descendants": {
        # specs/managementgroups/2023-04-01/GetDescendants.json
        "properties.parent.id",
    },
    "Microsoft.CognitiveServices/accounts/projects/capabilityHosts": {
        # The names kept of those of accounts: one definition in 2025-09-01
        *(
            f"properties.{name}Connections"
            for name in ("threadStorage", "vectorStore", "storage")
        ),
        "properties.capabilityHostKind",
    },
    "Microsoft.ContainerRegistry/registries": {
        # azure-mgmt-containerregistry 15.0.0, RegistryProperties
        "properties.roleAssignmentMode",
    },
    "Microsoft.Network/routeTables": {
        # azure-mgmt-network 33.1.0, RoutePropertiesFormat
        "properties.routes[].properties.nextHopIpAddress",
    },
    "Microsoft.Network/azureFirewalls": {
        # azure-mgmt-network 33.1.0, HubIPAddresses
        "properties.hubIPAddresses.privateIPAddress",
    },
    "Microsoft.MachineLearningServices/workspaces/serverlessEndpoints": {
        # Learn, Serverless Endpoints - List, 2025-12-01
        "properties.authMode",
    },
    "Microsoft.ManagedServices/registrationAssignments": {
        # Learn, Registration Assignments - List, 2022-10-01, with the definition
        *(
            f"properties.registrationDefinition.properties.{name}"
            for name in ("managedByTenantId", *_AUTHORIZATIONS)
        ),
    },
}
"""What is neither in kept names nor in responses, and where it is documented."""

GROUP_IDS = "properties.privateEndpointConnections[].properties.groupIds"

_SELECTOR = ("kind", "in", "notIn")

EXCEPTIONS = {
    # azure-docs, "Azure Policy exemption structure", resource selectors; no recorded
    # exemption has any.
    "Microsoft.Authorization/policyExemptions": {
        f"properties.resourceSelectors{path}"
        for path in (
            "",
            "[].selectors",
            *(f"[].selectors[].{key}" for key in _SELECTOR),
        )
    },
    # Only Cognitive Services tells the sub-resources of a connection (recorded; the
    # part that reads them is shared). Elsewhere absent, so the endpoint itself counts.
    "Microsoft.MachineLearningServices/workspaces": {GROUP_IDS},
    "Microsoft.Storage/storageAccounts": {GROUP_IDS},
    "Microsoft.KeyVault/vaults": {GROUP_IDS},
    "Microsoft.Search/searchServices": {GROUP_IDS},
    "Microsoft.DocumentDB/databaseAccounts": {GROUP_IDS},
    "Microsoft.ContainerRegistry/registries": {GROUP_IDS},
    # 2025-12-01, later than the kept names (2025-09-01); recorded as null on
    # connections of accounts, which have the same properties.
    "Microsoft.MachineLearningServices/workspaces/connections": {"properties.error"},
}


@pytest.fixture(scope="module")
def shown(recorded: list[Body]) -> Mapping[str, set[str]]:
    """Return the paths that are in responses and examples, by type in lower case."""
    paths: dict[str, set[str]] = defaultdict(set)
    for body in recorded:
        paths[ResourceId.parse(body["id"]).type.lower()] |= set(_paths(body))
    return paths


def _paths(value: object, base: str = "") -> Iterator[str]:
    """Yield the paths in a body, each also with one key left open."""
    match value:
        case dict():
            for key, item in value.items():
                open_key = [] if "{*}" in base or not base else [f"{base}.{{*}}"]
                for path in (f"{base}.{key}".lstrip("."), *open_key):
                    yield path
                    yield from _paths(item, path)
        case list():
            for item in value:
                yield from _paths(item, f"{base}[]")


def named(corpus: Path, view: type[Resource]) -> Iterator[str]:
    """Yield the paths of a type in published names and in counted responses."""
    stem = view.type.lower().replace("/", ".")
    stems = {stem, stem.removeprefix("microsoft.resources.")}
    for folder in ("property-names", "observed"):
        for path in sorted((corpus / folder).glob("*.json")):
            if path.stem.lower().partition("@")[0] in stems:
                names = json.loads(path.read_bytes())["properties"]
                # Of some types only the definition of their properties is kept.
                inner = "" if "properties" in names else "properties."
                yield from (f"{inner}{name}" for name in names)


@pytest.mark.parametrize("view", VIEWS, ids=[view.type for view in VIEWS])
def test_every_declared_path_exists(
    corpus: Path, shown: Mapping[str, set[str]], view: type[Resource]
) -> None:
    there = {*named(corpus, view), *shown[view.type.lower()]}
    documented = DOCUMENTED.get(view.type, set())
    assert not there & documented
    # Every view has a location, for a column of reports; not every type lies in one.
    paths = set(declared_paths(view)) - {"location"}
    assert paths - there - documented == EXCEPTIONS.get(view.type, set())
