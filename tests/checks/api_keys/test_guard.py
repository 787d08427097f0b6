from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.guard import CHECKS, local_auth_toggled
from scanner.model.activity import ActivityEvent
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ACCOUNT = (
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/a"
)
WRITE = "Microsoft.CognitiveServices/accounts/write"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OFF = json.dumps({"properties": {"disableLocalAuth": True}})
ON = json.dumps({"properties": {"disableLocalAuth": False}})
ODD = json.dumps({"Properties": {"DisableLocalAuth": False}})
SAME = {"correlationId": "same"}

PASS, WARN, MANUAL = Status.PASS, Status.WARN, Status.MANUAL
UNREAD = Status.NOT_ASSESSED


def account(kind: str = "OpenAI") -> Body:
    return {"id": ACCOUNT, "kind": kind, "properties": {}}


def event(
    number: int,
    body: object = None,
    *,
    of: str = ACCOUNT,
    operation: str = WRITE,
    status: object = "Succeeded",
    **content: object,
) -> Body:
    return {
        "id": f"{of}/events/{number}-{status}/ticks/{number}",
        "operationName": {"value": operation},
        "status": {"value": status},
        "resourceId": of,
        "correlationId": f"c{number}",
        "eventTimestamp": "2026-08-01T10:00:00Z",
        "caller": f"caller{number}",
        "properties": {} if body is None else {"requestbody": body},
        **content,
    }


def began(number: int, body: str, ended: str = "Succeeded") -> list[Body]:
    """Return the events of a write as they are recorded: the first has the body."""
    return [event(number, body, status="Started"), event(number, status=ended)]


def test_the_catalogue() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == ["aoai-local-auth-toggled", "aoai-local-auth-policy"]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], PASS),
        ([event(1)], PASS),
        ([event(1), event(2)], MANUAL),
        ([event(1), event(2, operation=WRITE.upper())], MANUAL),
        ([event(1), event(2, operation=LIST_KEYS)], PASS),
        ([event(1), event(2, status="Failed")], PASS),
        ([event(1), event(2, status="Started")], PASS),
        ([event(1), event(2, status="Accepted")], MANUAL),
        ([event(1), event(1, status="Accepted")], PASS),
        ([event(1), event(2, of=f"{ACCOUNT}2")], PASS),
        ([event(1), event(2, resourceId=ACCOUNT.upper())], MANUAL),
        ([event(1, OFF), event(2, ON)], WARN),
        ([event(1, OFF), event(2, ON), event(3)], WARN),
        ([event(1, OFF), event(2, ODD)], WARN),
        ([event(1, OFF), event(2, OFF)], MANUAL),
        (began(1, OFF) + began(2, ON), WARN),
        (began(1, OFF) + began(2, ON, "Failed"), PASS),
        ([event(1, OFF, **SAME), event(2, ON, **SAME)], WARN),
        ([event(1, OFF, **SAME), event(2, OFF, **SAME)], PASS),
        ([event(1, OFF), event(2, "not JSON")], MANUAL),
        ([event(1, OFF), event(2, "[]")], MANUAL),
        ([event(1, OFF), event(2, '{"properties": []}')], MANUAL),
        ([event(1, OFF), event(2, '{"properties": {"disableLocalAuth": 0}}')], MANUAL),
        ([event(1, OFF), event(2, {"properties": {}})], UNREAD),
        ([event(1, status=7)], UNREAD),
    ],
)
def test_toggled(verdicts: Verdicts, events: list[Body], status: Status) -> None:
    [result] = verdicts(local_auth_toggled, account(), *events)
    assert result.status is status
    assert "internal error" not in result.reason
    if status in (MANUAL, WARN):
        assert "caller1" in result.reason


def test_no_event_is_evidence_too(verdicts: Verdicts) -> None:
    [result] = verdicts(local_auth_toggled, account())
    [read] = result.evidence
    assert (read.resource_id, read.path, read.value) == (
        ACCOUNT,
        ActivityEvent.type,
        [],
    )


@pytest.mark.parametrize("caller", [None, "\x1b[2J", "=cmd()"])
def test_callers_are_shown_as_text(verdicts: Verdicts, caller: object) -> None:
    events = event(1, caller=caller), event(2, caller=caller)
    [result] = verdicts(local_auth_toggled, account(), *events)
    assert result.reason.isprintable()


@pytest.mark.parametrize(
    ("events", "status"),
    [([], UNREAD), ([event(1)], UNREAD)],
)
def test_events_unread(verdicts: Verdicts, events: list[Body], status: Status) -> None:
    unread = [(ActivityEvent, SUBSCRIPTION)]
    [result] = verdicts(local_auth_toggled, account(), *events, unread=unread)
    assert result.status is status


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_model_accounts_alone(verdicts: Verdicts, check: Check[Any]) -> None:
    [result] = verdicts(check, account("Face"))
    assert result.target.resource_id.startswith("/tenants/")
    unread = [(CognitiveAccount, SUBSCRIPTION)]
    [result] = verdicts(check, account(), unread=unread)
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)
