"""An independent rule set (PSRule for Azure) judges its own resources as we do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checks import ALL
from scanner.collect.assemble import assemble
from scanner.collect.reads import READS
from scanner.collect.resources import MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.judge import Judge
from scanner.model.check import Check, Status
from scanner.model.cloud import Suffixes
from scanner.model.ids import id_key
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

Body = dict[str, Any]

TENANT_ID = "c0c0c0c0-0000-4000-8000-000000000002"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
GROUP = f"{SUBSCRIPTION}/resourceGroups/corpus"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/user"
ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/way-in"

CHECKS = {check.id: check for check in ALL}
COLLECTED = {
    read.of.type.lower() for read in (SUBSCRIPTIONS, MANAGEMENT_GROUPS, *READS)
}


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A check that asks what a rule asks, and how their answers correspond."""

    rule: str
    check: str
    passes: frozenset[Status] = frozenset({Status.PASS})
    fails: frozenset[Status] = frozenset({Status.FAIL})
    settings: tuple[tuple[str, Any], ...] = ()
    """What else the check asks, set as it should be, so that the rule decides."""
    beside: str = ""
    """What the resource is judged with: `endpoint` to it, `identity` or `key` user."""


HARDENED = (
    ("publicNetworkAccess", "Disabled"),
    ("allowBlobPublicAccess", False),
    ("minimumTlsVersion", "TLS1_2"),
)

COMPARED = (
    Meaning(rule="Azure.AI.DisableLocalAuth", check="aoai-local-auth-disabled"),
    # The rule takes either lock. Of the closed endpoint the firewall check says that
    # it is not consulted; of the firewall alone the endpoint check warns.
    Meaning(
        rule="Azure.AI.PublicAccess",
        check="aoai-acl-default-deny",
        passes=frozenset({Status.PASS, Status.NOT_APPLICABLE}),
    ),
    Meaning(
        rule="Azure.AI.PublicAccess",
        check="aoai-public-network-disabled",
        passes=frozenset({Status.PASS, Status.WARN}),
    ),
    # Both fail ml-wks-c, which is Disabled: allowPublicAccessWhenBehindVnet is true.
    Meaning(rule="Azure.ML.PublicAccess", check="foundry-hub-public-disabled"),
    # Keys that are left where identities are used warn; keys that are needed and off
    # are what breaks, so there the rule's pass is the check's fail.
    Meaning(
        rule="Azure.Storage.LocalAuth",
        check="foundry-identity-mode-keys-left",
        fails=frozenset({Status.WARN}),
        beside="identity",
    ),
    Meaning(
        rule="Azure.Storage.LocalAuth",
        check="foundry-credential-mode-broken",
        passes=frozenset({Status.FAIL}),
        fails=frozenset({Status.PASS}),
        beside="key",
    ),
    Meaning(
        rule="Azure.Storage.MinTLS",
        check="foundry-storage-hardened",
        settings=HARDENED[:2],
        beside="endpoint",
    ),
    Meaning(
        rule="Azure.Storage.Firewall",
        check="foundry-storage-hardened",
        settings=HARDENED[1:],
        beside="endpoint",
    ),
)

_NO_VAULT_CHECK = "no check judges a vault's own settings"
_NO_STORE_CHECK = "no check judges this setting of a store that a workspace uses"
_RESTORE = "no check judges what can be restored"
_LABELS = "judges how something is described, not what it does"
_OPERATION = "judges how well a service runs, not who gets in"
_NETWORK_DESIGN = "judges the design of networks, not whose queries a DNS policy sees"
_GRANTS = "no check judges who holds which role"

NOT_COMPARED = {
    "Azure.Alert.HighFrequencyQuery": _OPERATION,
    "Azure.Log.ReplicaLocation": "no check has a list of allowed regions",
    "Azure.Log.Replication": _OPERATION,
    "Azure.ACR.AdminUser": _NO_STORE_CHECK,
    "Azure.ACR.AnonymousAccess": _NO_STORE_CHECK,
    "Azure.ACR.AuditLogs": "no check judges the logs of registries",
    "Azure.ACR.ContentTrust": _OPERATION,
    "Azure.ACR.ImageHealth": _OPERATION,
    "Azure.ACR.MinSku": _NO_STORE_CHECK,
    "Azure.ACR.ReplicaLocation": "no check has a list of allowed regions",
    "Azure.ACR.SoftDelete": _RESTORE,
    "Azure.ACR.Usage": _OPERATION,
    "Azure.Cosmos.AvailabilityZone": _OPERATION,
    "Azure.Cosmos.MinTLS": _NO_STORE_CHECK,
    "Azure.Cosmos.NoSQLLocalAuth": _NO_STORE_CHECK,
    "Azure.Cosmos.PublicAccess": _NO_STORE_CHECK,
    "Azure.KeyVault.AutoRotationPolicy": "keys of vaults are not collected",
    "Azure.KeyVault.Firewall": _NO_VAULT_CHECK,
    "Azure.KeyVault.RBAC": _NO_VAULT_CHECK,
    "Azure.KeyVault.SoftDelete": _NO_VAULT_CHECK,
    "Azure.Storage.BlobAccessType": "containers are not collected; the account's flag "
    "is a part of foundry-storage-hardened, which the rule does not read",
    "Azure.Storage.Defender.MalwareScan": "Defender settings are not collected",
    "Azure.ML.ComputeIdleShutdown": _OPERATION,
    "Azure.ML.DisableLocalAuth": "no check judges how one signs in to compute",
    "Azure.Search.IndexSLA": _OPERATION,
    "Azure.Search.ManagedIdentity": _NO_STORE_CHECK,
    "Azure.Search.QuerySLA": _OPERATION,
    "Azure.Storage.FileShareSoftDelete": _RESTORE,
    "Azure.Storage.SoftDelete": _RESTORE,
    "Azure.Firewall.Mode": _NETWORK_DESIGN,
    "Azure.NIC.Attached": _NETWORK_DESIGN,
    "Azure.NIC.UniqueDns": _NETWORK_DESIGN,
    "Azure.NSG.AKSRules": _NETWORK_DESIGN,
    "Azure.NSG.AnyInboundSource": _NETWORK_DESIGN,
    "Azure.NSG.Associated": _NETWORK_DESIGN,
    "Azure.VNET.FirewallSubnet": _NETWORK_DESIGN,
    "Azure.VNET.FirewallSubnetNAT": _NETWORK_DESIGN,
    "Azure.VNET.LocalDNS": _NETWORK_DESIGN,
    "Azure.VNET.PrivateSubnet": _NETWORK_DESIGN,
    "Azure.VNET.SingleDNS": _NETWORK_DESIGN,
    "Azure.VNET.SubnetName": _NETWORK_DESIGN,
    "Azure.Monitor.ServiceHealth": "asks for alerts on the health of services; "
    "listkeys-alert asks for alerts on key reads",
    "Azure.Policy.AssignmentAssignedBy": _LABELS,
    "Azure.Policy.AssignmentDescriptors": _LABELS,
    "Azure.Policy.WaiverExpiry": "an exemption may be for ever; one that is over is "
    "what the checks that need it find",
    "Azure.RBAC.CoAdministrator": "classic administrators are not collected",
    "Azure.RBAC.LimitOwner": _GRANTS,
    "Azure.RBAC.UseGroups": _GRANTS,
    "Azure.Resource.AllowedRegions": "no check has a list of allowed regions",
}
"""Rules on collected types, or on a subscription, that mean what no check means."""


@pytest.fixture(scope="module")
def rules(corpus: Path) -> list[Body]:
    oracle = json.loads((corpus / "psrule" / "oracle.json").read_bytes())
    every: list[Body] = oracle["rules"]
    return every


def concerns_us(rule: Body) -> bool:
    """Whether a rule is on a type we collect; without a type it is on subscriptions."""
    types = rule.get("resourceType") or ""
    return not types or bool({each.lower() for each in types.split(",")} & COLLECTED)


def test_every_rule_on_a_collected_type_is_compared_or_explained(
    rules: list[Body],
) -> None:
    compared = {meaning.rule for meaning in COMPARED}
    assert not compared & set(NOT_COMPARED)
    assert {each["rule"] for each in rules if concerns_us(each)} == {
        *compared,
        *NOT_COMPARED,
    }


@pytest.mark.parametrize("meaning", COMPARED, ids=lambda m: f"{m.rule}~{m.check}")
def test_rule_and_check_agree(
    corpus: Path, rules: list[Body], meaning: Meaning
) -> None:
    answers: dict[str, tuple[Status, frozenset[Status]]] = {}
    for rule in (each for each in rules if each["rule"] == meaning.rule):
        assert rule["exact"]
        resources = by_name(corpus, rule)
        for outcome, allowed in (("pass", meaning.passes), ("fail", meaning.fails)):
            for each in rule[outcome]:
                body = resources[each["name"].lower()]
                answers[each["name"]] = judged(meaning, body), allowed
    assert answers
    assert not {
        name: status for name, (status, ok) in answers.items() if status not in ok
    }


def by_name(corpus: Path, rule: Body) -> Mapping[str, Body]:
    """Return the resources a rule was tried on, by name; some have no id."""
    file = corpus / "psrule" / "resources" / Path(rule["normalised"]).name
    types = rule["resourceType"].lower().split(",")
    return {
        body["name"].lower(): {"id": made_up_id(body)} | body
        for body in json.loads(file.read_bytes())
        if body["type"].lower() in types
    }


def made_up_id(body: Body) -> str:
    return f"{GROUP}/providers/{body['type']}/{body['name']}"


def judged(meaning: Meaning, body: Body) -> Status:
    """Return what a check says of a resource, be it of a kind it covers or not.

    Recorded are LUIS accounts and plain workspaces. The rule knows no kinds, and what
    the check decides does not depend on them.
    """
    check = replace(CHECKS[meaning.check], where=lambda _: True)
    properties = {**body["properties"], **dict(meaning.settings)}
    resource = {**body, "properties": properties}
    beside = list(companions(meaning.beside, body["id"]))
    own = any(view.type.lower() in body["id"].lower() for view in check.on)
    target = "" if own else beside[0]["id"]
    return status_of(check, [resource, *beside], target or body["id"])


def companions(kind: str, resource_id: str) -> Iterator[Body]:
    match kind:
        case "endpoint":
            yield endpoint(resource_id)
        case "identity" | "key":
            mode = {"identity": "identity", "key": None}[kind]
            properties = {
                "storageAccount": resource_id,
                "systemDatastoresAuthMode": mode,
            }
            yield {"id": WORKSPACE, "kind": "Hub", "properties": properties}


def endpoint(resource_id: str) -> Body:
    """Return an approved private endpoint for blob and file."""
    state = {"status": "Approved"}
    connection = {
        "privateLinkServiceId": resource_id,
        "groupIds": ["blob", "file"],
        "privateLinkServiceConnectionState": state,
    }
    connections = [{"name": "way-in", "properties": connection}]
    return {
        "id": ENDPOINT,
        "properties": {"privateLinkServiceConnections": connections},
    }


def status_of(check: Check[Any], bodies: list[Body], resource_id: str) -> Status:
    subscription = {"id": SUBSCRIPTION, "displayName": "corpus", "state": "Enabled"}
    records, readings = assemble([subscription, *bodies], TENANT_ID)
    inventory = Inventory(
        TENANT_ID,
        records,
        readings,
        read_at=READ_AT,
        suffixes=Suffixes(),
        whole_tenant=True,
    )
    results = Judge(inventory, Settings()).results([check])
    (status,) = (
        result.status
        for result in results
        if id_key(result.target.resource_id) == id_key(resource_id)
    )
    return status
