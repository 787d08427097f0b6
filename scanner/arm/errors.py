"""What Azure says when it refuses, in its several spellings, and what to do then."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.model.coverage import UNKNOWN_TYPE
from scanner.redact.bodies import redacted

LONGEST_MESSAGE = 300
LONGEST_CODE = 100

TRUST = (
    "name who signed its certificate: `ca_bundle` in the file for --cloud, or "
    "SSL_CERT_FILE"
)
"""What to do where a host's certificate is not trusted."""

ASSIGN = "assign Reader, or name another tenant by --tenant"
"""What to do where nothing may be read."""

_UNKNOWN_VERSION = frozenset(
    {"NoRegisteredProviderFound", "InvalidApiVersionParameter"}
)
"""The codes (400) of an api-version that a cloud does not have."""

_REACH = "check the network, the proxy and, in the file for --cloud, `resource_manager`"


class ReadError(Exception):
    """A request came to nothing; becomes a gap."""

    def __init__(
        self, reason: str, *, status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code

    @property
    def tells_of_nothing(self) -> bool:
        """Whether what was asked for by its id is not there.

        A 404 of another code, or of none, may be of a proxy or of our api-version.
        """
        return self.status == 404 and (self.code or "").lower().endswith("notfound")

    @property
    def tells_of_no_such_type(self) -> bool:
        """Whether the cloud has no such type, at whatever api-version.

        Where it has it, only not at ours, the message lists the versions it has.
        """
        versions = "supported api-versions" in self.reason.lower()
        return self.code == UNKNOWN_TYPE and not versions

    @property
    def tells_of_other_versions(self) -> bool:
        """Whether it is our api-version that is refused, and others may not be."""
        if self.code == UNKNOWN_TYPE:
            return not self.tells_of_no_such_type
        return self.code in _UNKNOWN_VERSION

    @property
    def told(self) -> str:
        """The reason, with the status and code that Azure gave."""
        status = f"HTTP {self.status}" if self.status else ""
        given = " ".join(filter(None, (status, self.code)))
        return f"{self.reason} ({given})" if given else self.reason


class SignInError(Exception):
    """No token could be had; the message names the cause and the next step."""


def refused(status: int, body: bytes) -> ReadError:
    """Return what an error response says.

    The forms met in recorded responses: ARM's `{"error": {code, message}}`, OData's
    `odata.error`, bare `{code, message}`, `{Code, Message}` (Microsoft.Web), HTML,
    plain text, and nothing. Any may quote what was asked with; secrets are left out.
    """
    code, message = _code_and_message(redacted(body))
    reason = " ".join((message or _plain(status)).split())
    short = code[:LONGEST_CODE] if code else None
    return ReadError(reason[:LONGEST_MESSAGE], status=status, code=short)


def next_step(status: int | None) -> str:
    """Return what to do about a request that nothing could be read without."""
    return ASSIGN if status in {401, 403, 404} else _REACH


def broken(error: BaseException) -> str:
    """Return why a connection failed, and what to do where we know it.

    In the words of the system: others may quote an address with a proxy's password.
    """
    every = list(_causes(error))
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in every):
        return f"its certificate is not trusted; {TRUST}"
    said = [each.strerror for each in every if isinstance(each, OSError)]
    known = [each for each in said if each]
    return known[-1] if known else type(every[:2][-1]).__name__


def without_password(text: str) -> str:
    """Return a text of others without the user and password of an address in it."""
    return re.sub(r"//[^\s'\"]*@", "//", text)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


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


def _plain(status: int) -> str:
    if 300 <= status < 400:
        return "the answer is a redirect, which no token follows"
    return _PLAIN.get(status, "the answer has an unexpected status")


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
