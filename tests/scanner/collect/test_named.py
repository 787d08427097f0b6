"""What one resource names and another read answers alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from checks import ALL
from scanner.collect.plan import never_made
from scanner.collect.reads import READS
from scanner.model.cognitive import ManagedNetwork
from scanner.model.coverage import Outcome
from scanner.model.ids import id_key
from scanner.model.resource import Record

Scan = Callable[..., Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
ONE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
TWO = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
THREE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000003"
GROUP = f"{ONE}/resourceGroups/rg/providers"
KEYS = "Microsoft.KeyVault/vaults/keys"
SUBSCRIPTIONS = "microsoft.resources/subscriptions"


def vault(subscription: str) -> str:
    return f"{subscription}/resourceGroups/kv/providers/Microsoft.KeyVault/vaults/own"


def workspace(vault_id: object, key: object = "https://own.vault/keys/cmk/1") -> Any:
    used = {"keyVaultArmId": vault_id, "keyIdentifier": key}
    encryption = {"status": "Enabled", "keyVaultProperties": used}
    return {
        "id": f"{GROUP}/Microsoft.MachineLearningServices/workspaces/hub",
        "kind": "Hub",
        "properties": {"encryption": encryption},
    }


def test_the_key_of_a_workspace_is_read_in_another_subscription(
    scan_estate: Scan,
) -> None:
    key = f"{vault(TWO)}/keys/cmk"
    found = {"id": key, "properties": {"keyUriWithVersion": "https://own.vault/2"}}
    done = scan_estate(bodies=(workspace(vault(TWO)), found))
    (reading,) = (each for each in done.readings if each.resource_type == KEYS)
    assert (id_key(reading.scope), reading.count) == (id_key(key), 1)
    assert never_made(done.records, done.readings, TENANT) == []


@pytest.mark.parametrize(
    ("vault_id", "key"),
    [
        (vault(THREE), "https://own.vault/keys/cmk/1"),
        (
            vault("/subscriptions/bbbbbbbb-0000-4000-8000-000000000009"),
            "https://v/keys/k",
        ),
        (f"{vault(ONE)}/../../x", "https://own.vault/keys/cmk/1"),
        (f"{vault(ONE)}/keys/a/listSecrets", "https://own.vault/keys/cmk/1"),
        (f"{vault(ONE)}?x", "https://own.vault/keys/cmk/1"),
        (vault(ONE), "https://own.vault/keys/../secrets/1"),
        (vault(ONE), "https://own.vault/secrets/cmk"),
        (vault(ONE), None),
        (None, None),
        (7, []),
    ],
)
def test_nothing_else_is_read(scan_estate: Scan, vault_id: object, key: object) -> None:
    done = scan_estate(bodies=(workspace(vault_id, key),))
    assert KEYS not in {each.resource_type for each in done.readings}
    assert done.gaps == []
    assert never_made(done.records, done.readings, TENANT) == []


def test_a_key_that_is_gone_is_known_to_be(scan_estate: Scan) -> None:
    done = scan_estate(bodies=(workspace(vault(ONE)),))
    (reading,) = (each for each in done.readings if each.resource_type == KEYS)
    assert reading.outcome is Outcome.EMPTY
    assert done.gaps == []


def test_a_resource_that_comes_without_an_id_gets_its_own(scan_estate: Scan) -> None:
    account = f"{GROUP}/Microsoft.CognitiveServices/accounts/agents"
    network = f"{account}/managedNetworks/default"
    injected = {"networkInjections": [{"useMicrosoftManagedNetwork": True}]}
    body = {"id": account, "kind": "AIServices", "properties": injected}
    bare = Record(
        id=network,
        type=ManagedNetwork.type,
        scope=account,
        api_version="",
        operation="",
        body=b'{"properties": {"managedNetwork": {}}}',
    )
    done = scan_estate(bodies=(body,), more=(bare,))
    (record,) = (each for each in done.records if each.type == ManagedNetwork.type)
    assert json.loads(record.body) == {
        "id": network,
        "properties": {"managedNetwork": {}},
    }
    assert done.gaps == []


def test_the_categories_of_an_account_are_read_once_and_where_they_matter(
    scan_estate: Scan,
) -> None:
    settings = "providers/microsoft.insights/diagnosticSettings"
    one, vault_id = f"{GROUP}/Microsoft.CognitiveServices/accounts/one", vault(ONE)
    bodies = (
        {"id": vault_id, "properties": {}},
        *(
            {"id": f"{at}/{settings}/{name}".lower(), "properties": {}}
            for at, name in ((one, "a"), (one, "b"), (vault_id, "c"))
        ),
    )
    done = scan_estate(bodies=bodies)
    kind = "Microsoft.Insights/diagnosticSettingsCategories"
    made = [id_key(each.scope) for each in done.readings if each.resource_type == kind]
    assert made == [id_key(one)]


def test_what_others_call_for_says_so() -> None:
    """A gap in what names a resource hides it as one in what it lies in does."""
    judged = {view for check in ALL for view in check.on}
    for read in READS:
        lies_in = read.of.type.rpartition("/")[0].lower()
        if read.of in judged and read.at.type.lower() not in {lies_in, SUBSCRIPTIONS}:
            assert read.at.type in {kind for kind, _ in read.of.found_by}, read.of
