"""Every ARM path that a view relies on exists in what Azure publishes or returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.collect.reads import READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.model.fields import declared_paths
from scanner.model.resource import Resource

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

WITHOUT_A_FILE = {
    "Microsoft.Management/managementGroups/descendants": {
        # specs/managementgroups/2023-04-01/GetDescendants.json
        "properties.parent.id",
    },
    "Microsoft.Authorization/roleEligibilityScheduleInstances": {
        # specs/authorization/2020-10-01/GetRoleEligibilityScheduleInstanceByName.json
        *(
            f"properties.{name}"
            for name in ("scope", "roleDefinitionId", "principalId", "principalType")
        ),
        *(
            f"properties.{name}"
            for name in ("memberType", "status", "endDateTime", "condition")
        ),
    },
    "Microsoft.Authorization/classicAdministrators": {
        # jupiterone-graph-azure/microsoft.authorization.classicadministrators
        "properties.emailAddress",
        "properties.role",
    },
    "Microsoft.ManagedServices/registrationAssignments": {
        # Learn, Registration Assignments - List, 2022-10-01, with the definition
        *(
            f"properties.registrationDefinition.properties.{name}"
            for name in ("managedByTenantId", *_AUTHORIZATIONS)
        ),
    },
}
"""Types of which neither names nor observations are kept, and what examples show."""

GROUP_IDS = "properties.privateEndpointConnections[].properties.groupIds"

EXCEPTIONS = {
    # Only Cognitive Services tells the sub-resources of a connection (recorded; the
    # part that reads them is shared). Elsewhere absent, so the endpoint itself counts.
    "Microsoft.MachineLearningServices/workspaces": {GROUP_IDS},
    "Microsoft.Storage/storageAccounts": {GROUP_IDS},
    "Microsoft.KeyVault/vaults": {GROUP_IDS},
    # 2025-12-01, later than the kept names (2025-09-01); recorded as null on
    # connections of accounts, which have the same properties.
    "Microsoft.MachineLearningServices/workspaces/connections": {"properties.error"},
    # In 31 of the built-in roles of August 2026; the names are of 2022-04-01.
    "Microsoft.Authorization/roleDefinitions": {"properties.permissions[].condition"},
}

NO_LOCATION = {
    "Microsoft.Resources/subscriptions",
    "Microsoft.Management/managementGroups",
    "Microsoft.Management/managementGroups/descendants",
    "Microsoft.CognitiveServices/accounts/deployments",
    "Microsoft.CognitiveServices/accounts/raiPolicies",
    "Microsoft.CognitiveServices/accounts/connections",
    "Microsoft.MachineLearningServices/workspaces/datastores",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/denyAssignments",
    "Microsoft.Authorization/roleEligibilityScheduleInstances",
    "Microsoft.Authorization/classicAdministrators",
    "Microsoft.ManagedServices/registrationAssignments",
}
"""Every view has the field, for the location column; these types lie nowhere."""


def known(corpus: Path, view: type[Resource]) -> Iterator[str]:
    """Yield the paths of a type in published names and in recorded responses."""
    stem = view.type.lower().replace("/", ".")
    stems = {stem, stem.removeprefix("microsoft.resources.")}
    for folder in ("property-names", "observed"):
        for path in sorted((corpus / folder).glob("*.json")):
            if path.stem.lower().partition("@")[0] in stems:
                yield from json.loads(path.read_bytes())["properties"]


def excepted(view: type[Resource]) -> set[str]:
    location = {"location"} if view.type in NO_LOCATION else set[str]()
    return EXCEPTIONS.get(view.type, set()) | location


def test_the_types_without_a_file_are_listed(corpus: Path) -> None:
    without = {view.type for view in VIEWS if not any(known(corpus, view))}
    assert without == set(WITHOUT_A_FILE)


@pytest.mark.parametrize("view", VIEWS, ids=[view.type for view in VIEWS])
def test_every_declared_path_exists(corpus: Path, view: type[Resource]) -> None:
    there = {*known(corpus, view), *WITHOUT_A_FILE.get(view.type, ())}
    assert set(declared_paths(view)) - there == excepted(view)
