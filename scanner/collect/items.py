"""Items of lists: which resource each is, or what is wrong with it."""

from __future__ import annotations

import msgspec

from scanner.model.ids import id_key


def with_id(raw: msgspec.Raw, resource_id: str) -> msgspec.Raw:
    """Return a resource that was asked for by its id with it, if it came without.

    What cannot be decoded is left as it is, for `identify` to tell.
    """
    try:
        item = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw
    if not isinstance(item, dict) or "id" in item:
        return raw
    return msgspec.Raw(msgspec.json.encode({"id": resource_id, **item}))


def identify(body: bytes, scope: str) -> tuple[str, str]:
    """Return what is wrong with an item, if anything is, and its id.

    An id outside the scope would lead the reads made at it out of the scan.
    """
    try:
        item = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "is no JSON", ""
    if not isinstance(item, dict):
        return "is not an object", ""
    resource_id = item.get("id")
    if not isinstance(resource_id, str) or not resource_id.strip("/"):
        return "has no id", ""
    if not f"{id_key(resource_id)}/".startswith(f"{id_key(scope).rstrip('/')}/"):
        return "has an id outside the scope of its list", ""
    return "", resource_id
