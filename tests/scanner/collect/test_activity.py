"""Events of the Activity Log: few are asked for, and fewer are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scanner.collect.plan import never_made
from scanner.emulator.faults import Status
from scanner.model.activity import OBJECT_ID, ActivityEvent
from scanner.model.coverage import Reading
from scanner.model.ids import id_key

Scan = Callable[..., Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
ONE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
ACCOUNT = f"{ONE}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/one"
NAME = "azureml-rg-hub_5aa6e48d-8691-4f20-93d0-1f2c1e9b4a55"
MANAGED = f"{ONE}/resourceGroups/{NAME}"
DATABASE = f"{MANAGED}/providers/Microsoft.DocumentDB/databaseAccounts/kept"
KEYS = "Microsoft.CognitiveServices/accounts"
BASES = "Microsoft.DocumentDB/databaseAccounts"


def event(at: str, operation: object, number: int) -> dict[str, Any]:
    """Return an event as Azure lists it: it has no type, and its own id."""
    own = f"{at}/events/0b7c{number:04}-0000-4000-8000-00000000000a/ticks/{number}"
    return {"id": own, "operationName": operation, "eventTimestamp": "2026-01-02"}


def events(at: str, *operations: str) -> list[dict[str, Any]]:
    return [event(at, {"value": each}, n) for n, each in enumerate(operations)]


BODIES = (
    {"id": MANAGED, "location": "westeurope"},
    {"id": f"{ONE}/resourceGroups/other", "managedBy": ACCOUNT},
    *events(
        ACCOUNT,
        f"{KEYS}/listKeys/action",
        f"{KEYS.upper()}/WRITE",
        f"{KEYS}/deployments/write",
        f"{KEYS}/listUsages/action",
    ),
    event(ACCOUNT, None, 7),
    *events(DATABASE, f"{BASES}/write", f"{BASES}/delete", f"{BASES}/listKeys/action"),
)


def made(done: Any) -> dict[str, Reading]:
    """Return what became of the reads of events, by scope."""
    found = [each for each in done.readings if each.resource_type == ActivityEvent.type]
    return {id_key(each.scope): each for each in found}


def test_events_of_accounts_and_of_managed_groups(scan_estate: Scan) -> None:
    done = scan_estate(bodies=BODIES)
    counts = {scope: each.count for scope, each in made(done).items()}
    assert counts == {ONE: 2, id_key(MANAGED): 2}
    assert done.asked("eventtypes/management/values") == 2
    assert not done.gaps
    assert never_made(done.records, done.readings, TENANT) == []


def test_only_what_is_read_of_an_event_is_kept(scan_estate: Scan) -> None:
    told: dict[str, Any] = {
        "id": event(ACCOUNT, None, 9)["id"],
        "caller": "someone@a.example",
        "operationName": {"value": f"{KEYS}/listKeys/action"},
        "claims": {"appid": "app", OBJECT_ID: "someone"},
        "httpRequest": {"clientIpAddress": "192.0.2.7"},
    }
    more = {
        "claims": {**told["claims"], "name": "Some One"},
        "operationName": {"value": f"{KEYS}/listKeys/action", "localizedValue": "x"},
        "authorization": {"action": "x"},
        "properties": {"eventCategory": "x"},
        "status": None,
    }
    done = scan_estate(bodies=({**told, **more},))
    (record,) = (each for each in done.records if each.type == ActivityEvent.type)
    assert json.loads(record.body) == {**told, "properties": {}}


def test_a_managed_group_may_have_any_name(scan_estate: Scan) -> None:
    hub = f"{ONE}/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
    group = {"id": f"{ONE}/resourceGroups/own", "managedBy": f"{hub}/workspaces/hub"}
    assert id_key(group["id"]) in made(scan_estate(bodies=(group,)))


def test_refused_events_are_a_gap(scan_estate: Scan) -> None:
    refused = Status(path="*/eventtypes/*", status=403, code="AuthorizationFailed")
    assert [each.resource_type for each in scan_estate(refused).gaps] == [
        ActivityEvent.type
    ]
