"""What goes wrong, declared: rules from a TOML file or made in Python.

    [[fault]]
    kind = "status"
    type = "Microsoft.CognitiveServices/accounts"
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    status = 403
    code = "AuthorizationFailed"

The first rule that matches a request and is due decides; each rule counts for itself.
Microsoft Graph is matched by path: `path = "/graph/*"`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

Body = Literal["arm", "bare", "odata", "web", "html", "text", "empty"]
"""The forms of error bodies in recorded responses."""

Form = Literal["json", "cut", "empty", "object", "value", "list", "item"]

OTHER_HOST = "https://elsewhere.invalid"


class FaultsError(Exception):
    """A faults file cannot be used; the message names the file and the place."""


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
):
    """Which requests a fault hits; what is left out matches all."""

    method: str = "*"
    path: str = ""
    """A glob over the path, without regard to case; must be given to hit sign-in."""
    type: str = ""
    """The type of the resource, or of the listed resources."""
    scope: str = ""
    """The id that is asked for, or one that it lies in."""
    api_version: str = ""
    """Only requests for this one."""
    page: int = 0
    """Only this page of a list, from 1."""
    after: int = 0
    """How many matching requests are left alone first."""
    times: int = 0
    """How many are hit then; 0 hits all."""


class Status(Rule, frozen=True, kw_only=True, tag="status"):
    """An error answer."""

    status: int
    code: str = ""
    message: str = "Made to fail."
    retry_after: str | int = ""
    headers: dict[str, str] = {}
    body: Body = "arm"


class Reset(Rule, frozen=True, kw_only=True, tag="reset"):
    """The connection breaks instead of an answer."""


class Hang(Rule, frozen=True, kw_only=True, tag="hang"):
    """The answer comes late."""

    seconds: float = 3600.0


class Slow(Rule, frozen=True, kw_only=True, tag="slow"):
    """The body trickles in."""

    seconds: float = 3600.0


class Truncate(Rule, frozen=True, kw_only=True, tag="truncate"):
    """The connection closes before all of the announced body was sent."""


class Malformed(Rule, frozen=True, kw_only=True, tag="malformed"):
    """A good status with a body that is not what it should be.

    `json` is no JSON, `cut` half of it, `empty` nothing, `object` a list where the
    object belongs; `value` lacks the list, `list` has a string in its place; `item`
    puts `to` in place of an item of a list, or of the `field` in it, or drops it.
    """

    form: Form = "json"
    item: int = 0
    field: str = ""
    """A dotted path inside the item; empty for all of it."""
    to: Any = "not what belongs here"
    drop: bool = False


class ForeignNextLink(Rule, frozen=True, kw_only=True, tag="foreign-next-link"):
    """The list goes on at another host."""

    to: str = OTHER_HOST


class RepeatNextLink(Rule, frozen=True, kw_only=True, tag="repeat-next-link"):
    """The list goes on with the page that was just read."""


class HttpNextLink(Rule, frozen=True, kw_only=True, tag="http-next-link"):
    """The list goes on without TLS."""


class ExpiredToken(Rule, frozen=True, kw_only=True, tag="expired-token"):
    """All tokens of the tenant are expired from now on; new ones are good."""

    times: int = 1


class TokenRefused(Rule, frozen=True, kw_only=True, tag="token"):
    """The token endpoint gives none."""

    status: int = 401
    error: str = "invalid_client"
    code: int = 7000222
    """The number after AADSTS; this one is a client secret that has expired."""
    message: str = "The provided client secret keys are expired."


class Redirect(Rule, frozen=True, kw_only=True, tag="redirect"):
    """A 307 to the same path of another host."""

    to: str = OTHER_HOST


Fault = (
    Status
    | Reset
    | Hang
    | Slow
    | Truncate
    | Malformed
    | ForeignNextLink
    | RepeatNextLink
    | HttpNextLink
    | ExpiredToken
    | TokenRefused
    | Redirect
)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    fault: list[Fault] = []


def read_faults(path: Path) -> tuple[Fault, ...]:
    """Return the rules of a TOML file; raises FaultsError."""
    try:
        return tuple(msgspec.toml.decode(path.read_bytes(), type=_File).fault)
    except OSError as error:
        raise FaultsError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FaultsError(f"{path} is no file of faults: {error}") from error
