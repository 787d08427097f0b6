from __future__ import annotations

import json

import pytest
from azure.core.exceptions import AzureError
from hypothesis import given
from hypothesis import strategies as st

from scanner.arm.errors import (
    LONGEST_CODE,
    LONGEST_MESSAGE,
    ReadError,
    broken,
    refused,
    without_password,
)

ARM = {"error": {"code": "AuthorizationFailed", "message": "No right."}}


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (ARM, "AuthorizationFailed", "No right."),
        (
            {
                "odata.error": {
                    "code": "Denied",
                    "message": {"lang": "en", "value": "No."},
                }
            },
            "Denied",
            "No.",
        ),
        ({"code": "Bare", "message": "No."}, "Bare", "No."),
        ({"Code": "Web", "Message": "No."}, "Web", "No."),
        ({"error": "invalid_token"}, "invalid_token", "access was refused"),
        ({"error": {"code": 7, "message": ["a"]}}, None, "access was refused"),
        ({"error": None}, None, "access was refused"),
        ({}, None, "access was refused"),
        ([ARM], None, "access was refused"),
        ("text", None, "access was refused"),
    ],
    ids=str,
)
def test_the_forms_azure_refuses_in(
    body: object, code: str | None, reason: str
) -> None:
    error = refused(403, json.dumps(body).encode())
    assert (error.status, error.code, error.reason) == (403, code, reason)


def test_secrets_that_azure_quotes_are_left_out() -> None:
    code = "Denied;AccountKey=c2VjcmV0"
    message = "No: https://a/c?sv=1&sig=c2VjcmV0 and Bearer eyJ.c2VjcmV0c2VjcmV0.c2V"
    error = refused(403, json.dumps({"code": code, "message": message}).encode())
    assert error.code == "Denied;AccountKey=REDACTED"
    assert error.reason == "No: https://a/c?sv=1&sig=REDACTED and Bearer REDACTED"


def test_a_code_and_a_message_are_short() -> None:
    error = refused(403, json.dumps({"code": "C" * 999, "message": "m" * 999}).encode())
    assert error.code == "C" * LONGEST_CODE
    assert error.reason == "m" * LONGEST_MESSAGE


@pytest.mark.parametrize(
    "body", [b"", b"<html><h1>Forbidden</h1></html>", b"no", b"\xff\xfe", b"[" * 9999]
)
def test_what_is_no_json_says_what_the_status_means(body: bytes) -> None:
    error = refused(403, body)
    assert (error.code, error.reason) == (None, "access was refused")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (418, "the answer has an unexpected status (HTTP 418)"),
        (307, "the answer is a redirect, which no token follows (HTTP 307)"),
    ],
)
def test_an_unusual_status_is_a_refusal(status: int, told: str) -> None:
    assert refused(status, b"").told == told


def test_what_azure_says_is_told_with_its_code() -> None:
    body = b'{"error": {"code": "Denied", "message": "No."}}'
    assert refused(403, body).told == "No. (HTTP 403 Denied)"
    assert ReadError("No.").told == "No."


def test_a_broken_connection_is_told_in_the_words_of_the_system() -> None:
    secret = "http://me:password@proxy"  # noqa: S105 - what must not come out
    error = AzureError(secret)
    assert broken(error) == "AzureError"
    error.__cause__ = ValueError(secret)
    assert broken(error) == "ValueError"
    error.__cause__ = OSError(111, "Connection refused", secret)
    assert broken(error) == "Connection refused"


def test_an_address_is_told_without_its_password() -> None:
    told = "407, url='http://me:p/w@d@proxy:3128' and https://host/path stay"
    assert without_password(told) == (
        "407, url='http://proxy:3128' and https://host/path stay"
    )


def test_a_message_is_one_bounded_line() -> None:
    long = {"error": {"code": "Long", "message": "a\r\n\tb " * 1000}}
    reason = refused(500, json.dumps(long).encode()).reason
    assert reason.startswith("a b a b")
    assert len(reason) == LONGEST_MESSAGE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from([400, 401, 403, 429, 500, 503]), json_values | st.binary())
def test_any_body_is_understood_or_left_alone(status: int, body: object) -> None:
    raw = body if isinstance(body, bytes) else json.dumps({"error": body}).encode()
    error = refused(status, raw)
    assert error.status == status
    assert error.reason
    assert "\n" not in error.reason
