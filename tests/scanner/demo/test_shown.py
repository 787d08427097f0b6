"""Verdicts show what they were decided on: a value that turns one is in its evidence.

One value of the demo is changed at a time, and whatever is judged otherwise must cite
it, before or after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, reduce
from operator import getitem

import pytest

import checks
from scanner import demo
from scanner.collect.assemble import assemble
from scanner.judge import Judge
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

Read = tuple[Sequence[Record], Sequence[Reading]]
Results = Mapping[str, Result]

BY_ID = {check.id: check for check in checks.ALL}
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")

BACKEND = "service/apim-tarnholm-ai/backends/claims-models"
API = "service/apim-tarnholm-lab/apis/lab-chat"
HOST, SERVICE = "properties.url", "properties.serviceUrl"
ELSEWHERE = "https://nobody.example"
SPOKE = "virtualNetworks/vnet-ai-prod-sdc"
DNS_HUB = "virtualNetworks/vnet-hub-weu"
NOTEBOOKS = "virtualNetworks/vnet-sandbox-notebooks-weu"
SERVERS = "properties.dhcpOptions.dnsServers"
MODELS = "workspaces/hub-claims-prod/connections/claims-models"
TARGET = "properties.metadata.ResourceId"
OTHER = (
    "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb/resourceGroups/rg-sandbox-ai"
    "/providers/Microsoft.CognitiveServices/accounts/aif-tarnholm-sandbox"
)
HUB = "properties.hubResourceId"
SCOPES = "properties.networkManagerScopes"
STORAGE = "properties.storageAccount"
CLEAN = "dnsResolverPolicies/dnspol-clean-room-weu/dnsSecurityRules"
LISTS = "properties.dnsResolverDomainLists"
DNS_LISTS = "providers/Microsoft.Network/dnsResolverDomainLists"
LOOKALIKES = {
    "id": "/subscriptions/c24d1fe3-5721-4222-a303-10a1260d399a/resourceGroups"
    f"/rg-dns-policies/{DNS_LISTS}/dl-lookalikes-weu"
}
MINERS = {
    "id": "/subscriptions/70f7b743-38f0-4298-b584-19bf9ce69cfb/resourceGroups"
    f"/rg-sandbox-network/{DNS_LISTS}/dl-miners"
}

CHANGES: tuple[tuple[str, str, str, object], ...] = (
    ("aoai-apim-front", BACKEND, HOST, ELSEWHERE),
    ("aoai-requestresponse-gap", BACKEND, HOST, ELSEWHERE),
    ("aoai-locked-to-front", BACKEND, HOST, ELSEWHERE),
    ("aoai-locked-to-front", API, SERVICE, ELSEWHERE),
    ("aoai-only-apim-reaches", BACKEND, HOST, ELSEWHERE),
    ("aoai-apim-loss-accepted", API, SERVICE, ELSEWHERE),
    ("foundry-private-dns", SPOKE, f"{SERVERS}[0]", "10.40.0.4"),
    ("aoai-private-dns-linked", SPOKE, f"{SERVERS}[0]", "10.40.0.4"),
    ("foundry-missing-rbac", MODELS, TARGET, OTHER),
    ("foundry-compute-connection-roles", MODELS, TARGET, OTHER),
    ("foundry-openai-mi-search", MODELS, TARGET, OTHER),
    ("foundry-search-mi-openai", MODELS, TARGET, OTHER),
    ("foundry-compute-connection-roles", "workspaces/prj-pricing-notes", HUB, None),
    ("foundry-openai-mi-search", "workspaces/prj-claims-fraud", HUB, None),
    ("aoai-disable-readiness", MODELS, TARGET, OTHER),
    (
        "dns-external-dns-unlogged",
        "networkInterfaces/nic-lab-vm",
        "properties.ipConfigurations",
        [],
    ),
    ("dns-vnet-linked", NOTEBOOKS, "location", "swedencentral"),
    (
        "dns-centralized-hub-linked",
        DNS_HUB,
        "location",
        "swedencentral",
    ),
    ("dns-centralized-hub-linked", SPOKE, SERVERS, []),
    ("dns-byodns-review", SPOKE, SERVERS, ["10.40.0.4"]),
    ("dns-wildcard-block", f"{CLEAN}/allow-corporate", LISTS, []),
    ("dns-alert-no-op", f"{CLEAN}/block-known-bad", LISTS, [LOOKALIKES]),
    ("dns-duplicate-entry", "dl-allow-corporate-weu", "properties.domains[1]", "."),
    ("avnm-vnet-uncovered", "networkManagers/nm-hubs", f"{SCOPES}.subscriptions", []),
    ("avnm-multi-group", "networkManagers/nm-hubs", f"{SCOPES}.subscriptions", []),
    (
        "avnm-multi-group",
        "policyAssignments/ng-regulated",
        "properties.policyDefinitionId",
        "/providers/Microsoft.Management/managementGroups/tarnholm"
        "/providers/Microsoft.Authorization/policyDefinitions/other",
    ),
    (
        "avnm-multi-group",
        "policyDefinitions/ng-regulated",
        "properties.policyRule.then.details.networkGroupId",
        None,
    ),
    ("foundry-user-storage-roles", "workspaces/hub-claims-prod", STORAGE, None),
    (
        "foundry-user-storage-roles",
        "workspaces/hub-sandbox-open",
        "properties.systemDatastoresAuthMode",
        "Identity",
    ),
    ("abac-opportunity", "workspaces/hub-underwriting-prod", STORAGE, None),
    (
        "aoai-bypass-reviewed",
        "searchServices/srch-tarnholm-claims",
        "identity.type",
        "None",
    ),
    (
        "dns-domain-list-consistency",
        "dnspol-draft-weu/dnsSecurityRules/block-the-rest",
        LISTS,
        [MINERS],
    ),
)


def judged(read: Read, check: str) -> Results:
    inventory = Inventory(
        demo.TENANT_ID,
        *read,
        read_at=datetime(2026, 9, 1, tzinfo=UTC),
        suffixes=Suffixes(),
        whole_tenant=True,
    )
    results = Judge(inventory, Settings()).results([BY_ID[check]])
    return {each.target.resource_id: each for each in results}


def changed(record: Record, path: str, value: object) -> Record:
    """Return a record with another value at a path, or without it for None."""
    *outer, last = (int(at) if at else key for at, key in STEP.findall(path))
    body = json.loads(record.body)
    holder = reduce(getitem, outer, body)
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return replace(record, body=json.dumps(body).encode())


def tells(result: Result, resource_id: str, path: str) -> bool:
    """Whether the evidence has a value, a part of it or what it is a part of."""
    asked = re.sub(r"\[\d*\]", "", path)
    cited = [
        re.sub(r"\[\d*\]", "", each.path)
        for each in result.evidence
        if id_key(each.resource_id) == id_key(resource_id)
    ]
    return any(
        f"{one}.".startswith(f"{two}.")
        for each in cited
        for one, two in ((asked, each), (each, asked))
    )


@cache
def read() -> Read:
    return assemble(demo.bodies(), demo.TENANT_ID, demo.parents())


@cache
def unchanged(check: str) -> Results:
    return judged(read(), check)


@pytest.mark.parametrize(("check", "where", "path", "value"), CHANGES)
def test_a_value_that_turns_a_verdict_is_in_its_evidence(
    check: str, where: str, path: str, value: object
) -> None:
    records, readings = read()
    end = f"/{where}".lower()
    [one] = {each.id for each in records if each.id.lower().endswith(end)}
    other = [changed(each, path, value) if each.id == one else each for each in records]
    before, after = unchanged(check), judged((other, readings), check)
    turned = [
        (before[key], after[key])
        for key in before.keys() & after.keys()
        if said(before[key]) != said(after[key])
    ]
    assert turned
    for pair in turned:
        assert any(tells(each, one, path) for each in pair), pair[0].target


def said(result: Result) -> tuple[str, str]:
    return result.status, result.reason
