"""What a fault makes of an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from scanner.emulator import faults
from scanner.emulator.ask import Ask
from scanner.emulator.bodies import error_body
from scanner.emulator.entra import oauth_error
from scanner.emulator.microsoft_graph import is_graph
from scanner.emulator.reply import ARM, ODATA, Delivery, Reply, encode


def damage(fault: faults.Fault, reply: Reply, ask: Ask) -> Reply:
    """Return what a fault makes of an answer; a token's end is not for here."""
    match fault:
        case faults.Status():
            return _refusal(fault)
        case faults.Reset():
            return replace(reply, delivery=Delivery.RESET)
        case faults.Hang():
            return replace(reply, seconds=fault.seconds)
        case faults.Slow():
            return replace(reply, delivery=Delivery.TRICKLE, seconds=fault.seconds)
        case faults.Truncate():
            return replace(reply, delivery=Delivery.CUT)
        case faults.Malformed():
            return replace(reply, body=_malformed(fault, reply.body))
        case faults.Redirect():
            where = f"{fault.to}{ask.path}?{ask.raw_query}"
            return Reply(status=307, headers=(("Location", where),))
        case faults.TokenRefused():
            return oauth_error(fault.status, fault.error, fault.code, fault.message)
        case faults.ExpiredToken():
            return reply
        case _:
            return replace(reply, body=_linked(reply.body, ask, _next_link(fault, ask)))


def _refusal(fault: faults.Status) -> Reply:
    content_type, body = error_body(fault.body, fault.code, fault.message)
    wait = (("Retry-After", str(fault.retry_after)),) if fault.retry_after != "" else ()
    return Reply(
        status=fault.status,
        body=body,
        content_type=content_type,
        headers=(*wait, *fault.headers.items()),
    )


def _next_link(fault: faults.Fault, ask: Ask) -> str:
    """Return where the next page is said to be."""
    onward = f"{ask.path}?{ask.raw_query}&$skiptoken={ask.page + 1}"
    match fault:
        case faults.ForeignNextLink():
            return fault.to + onward
        case faults.HttpNextLink():
            return ask.origin.replace("https:", "http:") + onward
        case _:
            return ask.url


def _linked(body: bytes, ask: Ask, link: str) -> bytes:
    form = ODATA if is_graph(ask.key) else ARM
    return encode({**_content(body), form.link: link})


def _content(body: bytes) -> dict[str, Any]:
    """Return a body's object; what was refused may have a body that is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _malformed(fault: faults.Malformed, body: bytes) -> bytes:
    match fault.form:
        case "json":
            return b'{"value": [{"id": \'/subscriptions\', }]}'
        case "cut":
            return body[: len(body) // 2]
        case "empty":
            return b""
        case "object":
            return encode([_content(body)])
        case _:
            return encode(_mutated(fault, _content(body)))


def _mutated(fault: faults.Malformed, content: dict[str, Any]) -> dict[str, Any]:
    items = content.get("value", [])
    match fault.form:
        case "value":
            content.pop("value", None)
        case "list":
            content["value"] = fault.to
        case _ if not fault.field:
            items[fault.item : fault.item + 1] = [] if fault.drop else [fault.to]
        case _ if isinstance(item := next(iter(items[fault.item :]), None), dict):
            _set(item, fault.field.split("."), fault)
    return content


def _set(item: dict[str, Any], keys: list[str], fault: faults.Malformed) -> None:
    """Put a value at a path, making the objects on the way; drop it if asked to."""
    *outer, last = keys
    for key in outer:
        if not isinstance(item.get(key), dict):
            item[key] = {}
        item = item[key]
    if fault.drop:
        item.pop(last, None)
    else:
        item[last] = fault.to
