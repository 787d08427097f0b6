"""Answers before they are sent, and the error bodies Azure sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec

from scanner.model.coverage import Gap

JSON = "application/json; charset=utf-8"

encode = msgspec.json.Encoder().encode


class Delivery(Enum):
    """How an answer reaches the client."""

    WHOLE = auto()
    RESET = auto()
    """The connection breaks instead."""
    CUT = auto()
    """The connection closes in the middle of the body."""
    TRICKLE = auto()
    """The body comes in small pieces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: what is sent, and how."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = Delivery.WHOLE
    seconds: float = 0.0
    """How long it takes: before the answer, or over a body that trickles."""


def json_reply(content: Any, status: int = 200) -> Reply:
    """Return an answer with any JSON."""
    return Reply(status=status, body=encode(content))


def arm_error(status: int, code: str | None, message: str, **headers: str) -> Reply:
    """Return an error in ARM's form, as its gateway marks what it answers itself."""
    error = {"message": message} if code is None else {"code": code, "message": message}
    own = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(
        status=status,
        body=encode({"error": error}),
        headers=(("x-ms-failure-cause", "gateway"), *own),
    )


def refusal(gap: Gap) -> Reply:
    """Return the answer that a scan records as this gap.

    One without a status was no answer: the connection breaks. One with a good status
    was a body that could not be read.
    """
    if gap.http_status is None:
        return Reply(delivery=Delivery.RESET)
    if gap.http_status < 400:
        return Reply(status=200, body=b'{"value": [')
    wait = {"Retry_After": "1"} if gap.http_status == 429 else {}
    return arm_error(gap.http_status, gap.error_code, gap.reason, **wait)


@dataclass(frozen=True, slots=True)
class Form:
    """What stands around the items of a list."""

    link: str
    """The name of the link to the next page."""
    count: int | None = None
    """How many items are on all pages, where that is told."""


ARM = Form("nextLink")
ODATA = Form("@odata.nextLink")
"""Of Microsoft Graph."""


def page_body(items: tuple[bytes, ...], next_link: str = "", form: Form = ARM) -> bytes:
    """Return a page of a list, around items that are JSON already."""
    count = b"" if form.count is None else b'"@odata.count":%d,' % form.count
    link = b",%b:%b" % (encode(form.link), encode(next_link)) if next_link else b""
    return b"{" + count + b'"value":[' + b",".join(items) + b"]" + link + b"}"
