from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checks.api_keys import local_auth_disabled
from scanner.model.check import Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.results import Result

Verdicts = Callable[..., list[Result]]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"


def account(properties: object, kind: str = "OpenAI") -> dict[str, Any]:
    return {"id": ACCOUNT, "kind": kind, "properties": properties}


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"disableLocalAuth": True}, Status.PASS),
        ({"disableLocalAuth": False}, Status.FAIL),
        ({"disableLocalAuth": None}, Status.FAIL),
        ({}, Status.FAIL),
        ({"disableLocalAuth": "true"}, Status.NOT_ASSESSED),
        ({"disableLocalAuth": 1}, Status.NOT_ASSESSED),
        ({"disableLocalAuth": []}, Status.NOT_ASSESSED),
        (None, Status.NOT_ASSESSED),
        ([], Status.NOT_ASSESSED),
    ],
)
def test_local_auth(verdicts: Verdicts, properties: object, status: Status) -> None:
    for kind in ("OpenAI", "AIServices", "openai"):
        [result] = verdicts(local_auth_disabled, account(properties, kind))
        assert result.status is status
        assert "internal error" not in result.reason


def test_no_properties_at_all(verdicts: Verdicts) -> None:
    [result] = verdicts(local_auth_disabled, {"id": ACCOUNT, "kind": "OpenAI"})
    assert result.status is Status.NOT_ASSESSED


@pytest.mark.parametrize(
    ("properties", "value", "word"),
    [({}, None, "not set"), ({"disableLocalAuth": False}, False, "false")],
)
def test_says_what_it_read(
    verdicts: Verdicts, properties: object, value: object, word: str
) -> None:
    [result] = verdicts(local_auth_disabled, account(properties))
    [read] = result.evidence
    assert (read.resource_id, read.path) == (ACCOUNT, "properties.disableLocalAuth")
    assert read.value == value
    assert read.api_version == CognitiveAccount.api_version
    assert f"disableLocalAuth is {word}" in result.reason
    assert "Entra role" in result.remediation


@pytest.mark.parametrize("kind", ["Face", "TextAnalytics", ""])
def test_other_kinds_are_left_out(verdicts: Verdicts, kind: str) -> None:
    [result] = verdicts(local_auth_disabled, account({}, kind))
    assert result.status is Status.NOT_APPLICABLE
    assert result.target.resource_id.startswith("/tenants/")


def test_refused(verdicts: Verdicts) -> None:
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    [result] = verdicts(local_auth_disabled, account({}), unread=refused)
    assert result.status is Status.NOT_ASSESSED
    assert result.target.resource_id == SUBSCRIPTION
