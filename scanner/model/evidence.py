"""What a verdict read, recorded by the act of reading."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

LONGEST_LIST = 100
LONGEST_OBJECT = 4000
"""Characters of an object's JSON."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One ARM value a verdict was decided on; `value` is JSON as received."""

    resource_id: str
    path: str
    value: Any
    api_version: str


class Trace:
    """The evidence of one verdict, in the order it was read, each value once."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Evidence] = {}

    def note(self, resource_id: str, path: str, value: Any, api_version: str) -> None:
        """Add a value that was just read."""
        key = (resource_id, path)
        if key not in self._seen:
            self._seen[key] = Evidence(resource_id, path, _bounded(value), api_version)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Everything read so far."""
        return tuple(self._seen.values())


class Silence(Trace):
    """Keeps nothing: what is made once for all verdicts is evidence of none."""

    __slots__ = ()

    def note(self, resource_id: str, path: str, value: Any, api_version: str) -> None:
        """Let a value go by."""


def _bounded(value: Any) -> Any:
    """Keep values readable: a domain list may hold 100,000 entries, a policy pages.

    Texts are kept once each: many checks read the same condition.
    """
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, list) and len(value) > LONGEST_LIST:
        return [*value[:LONGEST_LIST], f"... and {len(value) - LONGEST_LIST} more"]
    if isinstance(value, dict) and len(text := plain(value)) > LONGEST_OBJECT:
        return f"{text[:LONGEST_OBJECT]}..."
    return value


def plain(value: Any) -> str:
    """Return a value as a sentence may quote it."""
    return json.dumps(value, ensure_ascii=False)
