"""Where to look: Resource Graph says which subscriptions hold which types.

Resource Graph silently leaves out what the caller may not read, and lags behind. So
it is only ever believed that there is *nothing* of a type where the caller may read
that type in the whole subscription; every verdict is made on what ARM returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scanner.arm.errors import ReadError
from scanner.arm.session import LARGEST_ANSWER, Session
from scanner.collect.reads import AT_SUBSCRIPTION

TYPES = tuple(sorted(read.of.type.lower() for read in AT_SUBSCRIPTION if read.indexed))
BATCH = LARGEST_ANSWER
"""Subscriptions a query: an answer has a row for each."""

_IN = ", ".join(f"'{name}'" for name in TYPES)
QUERY = (
    f"resources | where type in~ ({_IN}) "
    "| summarize types=make_set(type) by subscriptionId"
)


class Index:
    """Which types each subscription holds, as Resource Graph has it."""

    def __init__(self, held: set[tuple[str, str]], answered: set[str]) -> None:
        self._held = held
        self._answered = answered

    def lacks(self, subscription_id: str, resource_type: str) -> bool:
        """Whether Resource Graph knows of nothing of the type there."""
        key = (subscription_id.lower(), resource_type.lower())
        return key[0] in self._answered and key not in self._held


async def index(session: Session, subscription_ids: Sequence[str]) -> tuple[Index, str]:
    """Return what Resource Graph knows, and a note if it did not answer for all."""
    held: set[tuple[str, str]] = set()
    answered: set[str] = set()
    for start in range(0, len(subscription_ids), BATCH):
        batch = subscription_ids[start : start + BATCH]
        try:
            rows = await session.query(QUERY, batch)
        except ReadError as error:
            note = f"Resource Graph did not answer ({error.reason}); ARM was listed"
            return Index(held, answered), note
        held.update(_pairs(rows))
        answered.update(each.lower() for each in batch)
    return Index(held, answered), ""


def _pairs(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        types = row.get("types")
        for kind in types if isinstance(types, list) else ():
            yield str(row.get("subscriptionId")).lower(), str(kind).lower()
