"""Where to look: Resource Graph says which subscriptions hold nothing to read.

Resource Graph silently leaves out what the caller may not read, and lags behind, for
hours at worst. So it is believed only of a subscription of which it knows nothing at
all, and only for types the caller may read in the whole of it. In any other one ARM
lists every type: that a list or a vault is not there may be what a verdict rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.arm.errors import ReadError
from scanner.arm.session import LARGEST_ANSWER, Session
from scanner.collect.reads import AT_SUBSCRIPTION

TYPES = tuple(sorted(read.of.type.lower() for read in AT_SUBSCRIPTION if read.indexed))
BATCH = LARGEST_ANSWER
"""Subscriptions a query: an answer has a row for each."""

_IN = ", ".join(f"'{name}'" for name in TYPES)
QUERY = f"resources | where type in~ ({_IN}) | distinct subscriptionId"


class Index:
    """Which subscriptions hold anything to read, as Resource Graph has it."""

    def __init__(self, holding: set[str], answered: set[str]) -> None:
        self._holding = holding
        self._answered = answered

    def is_bare(self, subscription_id: str) -> bool:
        """Whether Resource Graph knows of nothing there."""
        key = subscription_id.lower()
        return key in self._answered and key not in self._holding


async def index(session: Session, subscription_ids: Sequence[str]) -> tuple[Index, str]:
    """Return what Resource Graph knows, and a note if it did not answer for all."""
    holding: set[str] = set()
    answered: set[str] = set()
    for start in range(0, len(subscription_ids), BATCH):
        batch = subscription_ids[start : start + BATCH]
        try:
            holding.update(map(_named, await session.query(QUERY, batch)))
        except ReadError as error:
            note = f"Resource Graph did not answer ({error.reason}); ARM was listed"
            return Index(holding, answered), note
        answered.update(each.lower() for each in batch)
    return Index(holding, answered), ""


def _named(row: Mapping[str, Any]) -> str:
    """Return the subscription that a row names; raises ReadError for one without."""
    name = row.get("subscriptionId")
    if not isinstance(name, str):
        raise ReadError("a row names no subscription")
    return name.lower()
