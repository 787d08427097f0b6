"""Take secrets out of the credentials of connections and datastores.

What they are called depends on how one signs in (`key`, `pat`, `sas`, and any name in
`keys`, Machine Learning REST reference): all texts are withheld but for those that only
say who signs in, where, when and in which way.
"""

from __future__ import annotations

from typing import Any

from scanner.redact.values import WITHHELD, objects, rewritten

HINT = b'"credentials":{'

_KEPT = ("id", "name", "time", "type", "uri", "url")
"""How the names of what is no secret end."""


def withheld(body: bytes) -> bytes:
    """Return the JSON of a resource without the secrets of its credentials."""
    return rewritten(body, _withhold)


def _withhold(resource: Any) -> bool:
    found = list(objects(resource, "credentials"))
    for held in found:
        held.update({name: _withheld(held[name], name) for name in held})
    return bool(found)


def _withheld(value: Any, name: str) -> Any:
    match value:
        case str():
            return value if name.lower().endswith(_KEPT) else WITHHELD
        case list():
            return [_withheld(each, name) for each in value]
        case dict():
            # The names in `keys` are anybody's.
            return {
                key: _withheld(each, "" if name.lower() == "keys" else key)
                for key, each in value.items()
            }
        case _:
            return value
