"""The requests of the SDK's own operations, caught before they are sent.

An operation is called with placeholders, on a transport that keeps the request and
sends nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any, NoReturn

import msgspec
from azure.core.pipeline.transport import HttpTransport

from scanner.collect.operations import call_of
from scanner.collect.reads import READS
from scanner.collect.resources import HIERARCHY
from scanner.collect.teller import Call


def captured(call: Call) -> str:
    """Return the URL that a call asks for; raises TypeError where it asks for none."""
    module, _, name = call.client.partition(":")
    method: Any = _client(getattr(import_module(module), name), call.subscription)
    for attribute in call.method.split("."):
        method = getattr(method, attribute)
    filters = {"filter": call.filter} if call.filter else {}
    try:
        for _ in method(*call.arguments, **filters):
            break
    except _Captured as request:
        return request.url
    raise TypeError(f"{call.method} sends no request")


def main() -> None:
    """Print every call that a scan makes with its URL, what is asked first first."""
    for call in dict.fromkeys(filter(None, map(call_of, (*HIERARCHY, *READS)))):
        sys.stdout.buffer.write(msgspec.json.encode((call, captured(call))) + b"\n")
        sys.stdout.buffer.flush()


def _client(factory: Callable[..., Any], subscription: str) -> Any:
    """Return a client that sends nothing, so that it needs no real credential."""
    needs_subscription = "subscription_id" in signature(factory).parameters
    return factory(
        credential=object(),
        **({"subscription_id": subscription} if needs_subscription else {}),
        policies=[],
        transport=_Capture(),
        base_url="https://management.invalid",
    )


class _Captured(Exception):  # noqa: N818 - the way the request gets out
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class _Capture(HttpTransport[Any, Any]):
    """A transport that raises the request instead of sending it."""

    def send(self, request: Any, **_: object) -> NoReturn:
        raise _Captured(request.url)

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    main()
