"""What is written in place of a secret, and where it is found in JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

WITHHELD = "REDACTED"


def rewritten(body: bytes, change: Callable[[Any], bool]) -> bytes:
    """Return JSON as something changes it; as it came where that says it did not.

    What cannot be decoded stays as it came, too.
    """
    try:
        resource = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    return msgspec.json.encode(resource) if change(resource) else body


def objects(resource: Any, wanted: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in JSON that have a name, wherever they are."""
    pending = [resource]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            for name, held in part.items():
                if name.lower() == wanted and isinstance(held, dict):
                    yield held
            pending += part.values()
        elif isinstance(part, list):
            pending += part
