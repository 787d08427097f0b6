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

    def tells(self, value: Any, api_version: str) -> bool:
        """Whether it is of this value; to Python 1 is True, and here it is not."""
        return (
            type(self.value) is type(value)
            and self.value == value
            and self.api_version == api_version
        )


Known = dict[tuple[str, str], Evidence]
"""Values that verdicts read, by the resource's id and the path: many read the same."""


class Trace:
    """The evidence of one verdict, in the order it was read, each value once."""

    __slots__ = ("_known", "_seen")

    def __init__(self, known: Known | None = None) -> None:
        self._seen: Known = {}
        self._known: Known = {} if known is None else known

    def note(self, resource_id: str, path: str, value: Any, api_version: str) -> None:
        """Add a value that was just read."""
        key = (resource_id, path)
        if key in self._seen:
            return
        bounded, known = _bounded(value), self._known.get(key)
        if known is None or not known.tells(bounded, api_version):
            known = Evidence(resource_id, path, bounded, api_version)
            self._known[key] = known
        self._seen[key] = known

    def add(self, evidence: Evidence) -> None:
        """Add what was noted once for several verdicts."""
        self._seen.setdefault((evidence.resource_id, evidence.path), evidence)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Everything read so far."""
        return tuple(self._seen.values())


class Silence(Trace):
    """Keeps nothing: what is made once for all verdicts is evidence of none."""

    __slots__ = ()

    def note(self, resource_id: str, path: str, value: Any, api_version: str) -> None:
        """Let a value go by."""

    def add(self, evidence: Evidence) -> None:
        """Let it go by."""


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
