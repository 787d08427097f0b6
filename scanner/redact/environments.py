"""Take the values out of environment variables: people put keys into them.

An online deployment has them by name; an application on a compute instance has an
object for each, with its `value` (Machine Learning REST reference). Names stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

HINT = b'"environmentvariables"'

WITHHELD = "REDACTED"


def withheld(body: bytes) -> bytes:
    """Return the JSON of a resource without the values of environment variables."""
    try:
        resource = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    found = [held for held in objects(resource, "environmentvariables") if held]
    for held in found:
        held.update({name: _hidden(held[name]) for name in held})
    return msgspec.json.encode(resource) if found else body


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


def _hidden(variable: Any) -> Any:
    if isinstance(variable, dict) and isinstance(variable.get("value"), str):
        return {**variable, "value": WITHHELD}
    return WITHHELD if isinstance(variable, str) else variable
