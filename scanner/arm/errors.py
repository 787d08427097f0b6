"""What Azure says when it refuses, in its several spellings."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST_MESSAGE = 300


class ReadError(Exception):
    """A request came to nothing; becomes a gap."""

    def __init__(
        self, reason: str, *, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code


class SignInError(Exception):
    """No token could be had; the message names the cause and the next step."""


def refused(status: int, body: bytes) -> ReadError:
    """Return what an error response says.

    The forms met in recorded responses: ARM's `{"error": {code, message}}`, OData's
    `odata.error`, bare `{code, message}`, `{Code, Message}` (Microsoft.Web), HTML,
    plain text, and nothing.
    """
    code, message = _code_and_message(body)
    reason = " ".join((message or _PLAIN.get(status, "refused")).split())
    return ReadError(reason[:LONGEST_MESSAGE], status=status, code=code)


_PLAIN = {
    401: "the token was not accepted",
    403: "access was refused",
    404: "not found",
    429: "throttled",
    500: "the service failed",
    502: "the gateway failed",
    503: "the service is not available",
    504: "the service did not answer in time",
}


def _code_and_message(body: bytes) -> tuple[str | None, str | None]:
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    if not isinstance(parsed, dict):
        return None, None
    error = parsed.get("error") or parsed.get("odata.error") or parsed
    if not isinstance(error, dict):
        return (error if isinstance(error, str) else None), None
    return _text(error, "code"), _text(error, "message")


def _text(error: dict[str, Any], key: str) -> str | None:
    value = error.get(key, error.get(key.capitalize()))
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) and value else None
